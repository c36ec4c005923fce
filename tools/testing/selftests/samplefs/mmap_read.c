// SPDX-License-Identifier: GPL-2.0
/*
 * Reads files through mmap(2) and through read(2) and compares.
 *
 * Usage: mmap_read < list of file names, each ended by a NUL
 *
 * Prints how many files and bytes were the same; fails at the first difference.
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static size_t compare(const char *name)
{
	static char buf[65536];
	struct stat st;
	size_t at = 0;
	ssize_t n;
	char *map;
	int fd;

	fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st))
		err(1, "%s", name);
	/* There is nothing to map in an empty file. */
	if (!st.st_size) {
		close(fd);
		return 0;
	}
	map = mmap(NULL, st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		err(1, "%s: mmap", name);
	while ((n = read(fd, buf, sizeof(buf))) > 0) {
		if (n > st.st_size - (off_t)at || memcmp(buf, map + at, n))
			errx(1, "%s: differs from byte %zu on", name, at);
		at += n;
	}
	if (n < 0)
		err(1, "%s: read", name);
	if ((off_t)at != st.st_size)
		errx(1, "%s: %zu bytes read of %lld", name, at, (long long)st.st_size);
	munmap(map, st.st_size);
	close(fd);
	return at;
}

int main(void)
{
	unsigned long files = 0, bytes = 0;
	char *name = NULL;
	size_t size = 0;

	while (getdelim(&name, &size, '\0', stdin) > 0) {
		bytes += compare(name);
		files++;
	}
	free(name);
	printf("%lu files, %lu bytes\n", files, bytes);
	return 0;
}
