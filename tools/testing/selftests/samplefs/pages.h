/* SPDX-License-Identifier: GPL-2.0 */
/* What the tests of the page cache share. */
#ifndef PAGES_H
#define PAGES_H

#include "testfs.h"

#define BLOCK	4096
#define SIZE	(1 << 20)

static unsigned char data[SIZE], seen[SIZE];

/* The same bytes for the same seed, and others for another. */
static inline void fill(unsigned char *buf, size_t size, unsigned int seed)
{
	size_t i;

	for (i = 0; i < size; i++) {
		seed = seed * 1664525 + 1013904223;
		buf[i] = seed >> 24;
	}
}

static inline int open_new(int dir, const char *name, int flags)
{
	return openat(dir, name, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC | flags, 0644);
}

static inline bool write_all(int fd, const void *buf, size_t size, off_t at)
{
	return pwrite(fd, buf, size, at) == (ssize_t)size;
}

static inline bool holds(int fd, const void *buf, size_t size, off_t at)
{
	memset(seen, 0x55, size);
	return pread(fd, seen, size, at) == (ssize_t)size && !memcmp(seen, buf, size);
}

/* 0, or -1 where this may not be done. Clean pages go, dirty ones stay. */
static inline int drop_caches(void)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY);
	int failed = fd < 0 || write(fd, "3", 1) != 1;

	close(fd);
	return -failed;
}

#endif /* PAGES_H */
