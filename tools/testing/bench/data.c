// SPDX-License-Identifier: GPL-2.0
/* Operations on data. */

#define _GNU_SOURCE

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench.h"

#define PAGE 4096UL
#define MIB (1UL << 20)
/* What programs like cp(1) read and write at a time, or a bit less. */
#define CHUNK (64 * 1024UL)
/* As much as the kernel maps around a page for which there was a fault. */
#define AROUND (64 * 1024UL)
#define SIZE (4 * MIB)
#define TIMES 4UL

static char *buffer;

static int open_file(const char *file, int flags)
{
	int fd = open(file, flags, 0644);

	if (fd < 0)
		die(file);
	return fd;
}

/* Writes it as a whole. */
static void fill(int fd, unsigned long size)
{
	for (unsigned long at = 0; at < size; at += CHUNK)
		if (write(fd, buffer, CHUNK) != (long)CHUNK)
			die("write");
}

/* Maps the file, and touches a byte every `step` bytes. */
static void touch(const char *what, int fd, int protection, unsigned long step)
{
	volatile char *map = mmap(NULL, SIZE, protection, MAP_SHARED, fd, 0);

	if (map == MAP_FAILED)
		die("mmap");
	begin();
	for (unsigned long at = 0; at < SIZE; at += step) {
		if (protection & PROT_WRITE)
			map[at] = 1;
		else
			(void)map[at];
	}
	end();
	sample(what, SIZE / step);
	munmap((void *)map, SIZE);
}

void data(void)
{
	int fd;

	buffer = aligned_alloc(PAGE, CHUNK);
	if (!buffer)
		die("memory");
	/* It must be there: these faults are not the filesystem's. */
	for (unsigned long i = 0; i < CHUNK; i++)
		buffer[i] = i;

	begin();
	for (unsigned long i = 0; i < TIMES; i++) {
		const char file[] = { 'w', 'a' + i, 0 };

		fd = open_file(file, O_CREAT | O_EXCL | O_WRONLY);
		fill(fd, MIB);
		close(fd);
	}
	end();
	sample("write of 1 MiB into a new file", TIMES);

	begin();
	for (unsigned long i = 0; i < TIMES; i++) {
		const char file[] = { 'w', 'a' + i, 0 };

		fd = open_file(file, O_RDONLY);
		for (unsigned long at = 0; at < MIB; at += CHUNK)
			if (read(fd, buffer, CHUNK) != (long)CHUNK)
				die("read");
		close(fd);
	}
	end();
	sample("read of 1 MiB", TIMES);
	for (unsigned long i = 0; i < TIMES; i++) {
		const char file[] = { 'w', 'a' + i, 0 };

		if (unlink(file))
			die(file);
	}

	fd = open_file("data", O_CREAT | O_EXCL | O_RDWR);
	fill(fd, SIZE);
	begin();
	for (unsigned long at = 0; at < SIZE; at += PAGE)
		if (pread(fd, buffer, PAGE, at) != (long)PAGE)
			die("pread");
	end();
	sample("read of 4 KiB, cached", SIZE / PAGE);

	begin();
	for (unsigned long at = 0; at < SIZE; at += PAGE)
		if (pwrite(fd, buffer, PAGE, at) != (long)PAGE)
			die("pwrite");
	end();
	sample("write of 4 KiB, cached", SIZE / PAGE);

	touch("fault of a mapping, read", fd, PROT_READ, AROUND);
	touch("fault of a mapping, first write", fd, PROT_READ | PROT_WRITE, PAGE);
	close(fd);
	if (unlink("data"))
		die("data");
}
