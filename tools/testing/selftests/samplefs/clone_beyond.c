// SPDX-License-Identifier: GPL-2.0
/*
 * Shares blocks with a part of a file that is beyond its end, after a mapping has written there.
 *
 * Usage: clone_beyond FILE_IN FILE_OUT
 *
 * FILE_OUT is not empty and smaller than a page, FILE_IN has a page. Fails if what comes after the old
 * end of FILE_OUT in its page is not zeroes.
 */
#include <err.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	long page = sysconf(_SC_PAGESIZE);
	struct file_clone_range range = { .src_length = page, .dest_offset = page };
	struct stat st;
	char *map;
	char c;
	int fd;

	if (argc != 3)
		errx(2, "usage: clone_beyond FILE_IN FILE_OUT");
	range.src_fd = open(argv[1], O_RDONLY | O_CLOEXEC);
	if (range.src_fd < 0)
		err(1, "%s", argv[1]);
	fd = open(argv[2], O_RDWR | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st))
		err(1, "%s", argv[2]);
	map = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		err(1, "%s: mmap", argv[2]);
	memset(map + st.st_size, 'x', page - st.st_size);
	if (ioctl(fd, FICLONERANGE, &range))
		err(1, "%s: FICLONERANGE", argv[2]);
	for (off_t at = st.st_size; at < page; at++) {
		if (pread(fd, &c, 1, at) != 1)
			err(1, "%s: read", argv[2]);
		if (c)
			errx(1, "%s: byte %lld is %#x", argv[2], (long long)at, c);
	}
	return 0;
}
