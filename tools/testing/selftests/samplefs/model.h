/* SPDX-License-Identifier: GPL-2.0 */
/* The model of the files in model.c: what has to be in them, and the comparison with it. */
#ifndef MODEL_H
#define MODEL_H

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK		4096
#define MAX		(1 << 20)
#define FILES		2
#define LINES		24

struct file {
	char name[16];
	/* Through the page cache, and past it: -1 where the filesystem cannot. */
	int fd, direct;
	unsigned char *map;
	off_t size;
	/* What is in the file, zeroes beyond its end; and which operation wrote it. */
	unsigned char bytes[MAX];
	uint32_t writer[MAX];
};

static struct file files[FILES];
/* The part of the files that is this process's, and whether it may change their size. */
static off_t begin, end = MAX;
static bool resize = true;
static uint64_t seed, state;
static uint32_t operation;
static int dir, process = -1;
static bool verbose;
/* For direct I/O, which wants whole blocks, and to compare. */
static unsigned char *buffer;
/* The last operations. */
static char lines[LINES][160];

static inline uint32_t below(uint32_t n)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (state * 0x2545f4914f6cdd1dull >> 33) % n;
}

static inline void __attribute__((format(printf, 1, 2))) note(const char *format, ...)
{
	char *line = lines[operation % LINES];
	int length = snprintf(line, sizeof(lines[0]), "%u: ", operation);
	va_list args;

	va_start(args, format);
	vsnprintf(line + length, sizeof(lines[0]) - length, format, args);
	va_end(args);
	if (verbose)
		puts(line);
}

static inline void __attribute__((noreturn, format(printf, 1, 2))) fail(const char *format, ...)
{
	uint32_t i;
	va_list args;

	flockfile(stdout);
	for (i = operation < LINES ? 1 : operation - LINES + 1; i <= operation && !verbose; i++)
		if (lines[i % LINES][0])
			puts(lines[i % LINES]);
	printf("model: FAILED in operation %u with seed %llu", operation, (unsigned long long)seed);
	if (process >= 0)
		printf(", process %d", process);
	printf(": ");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
	_exit(1);
}

/* Fails unless `done` is as much as was wanted. */
static inline void whole(ssize_t done, size_t wanted, const char *call)
{
	if (done < 0)
		fail("%s: %s", call, strerror(errno));
	if ((size_t)done != wanted)
		fail("%s: %zd of %zu bytes", call, done, wanted);
}

/* What `count` bytes at `at` are from this operation on; never zero. */
static inline void put(struct file *f, off_t at, size_t count)
{
	size_t i;

	for (i = at; i < at + count; i++) {
		f->bytes[i] = (operation * 2654435761u + i * 40503u) >> 9 | 1;
		f->writer[i] = operation;
	}
	if (f->size < at + (off_t)count)
		f->size = at + count;
}

static inline void clear(struct file *f, off_t at, size_t count)
{
	size_t i;

	memset(f->bytes + at, 0, count);
	for (i = at; i < at + count; i++)
		f->writer[i] = operation;
}

static inline void compare(struct file *f, const unsigned char *found, off_t at, size_t count,
		    const char *how)
{
	size_t i;

	if (!memcmp(found, f->bytes + at, count))
		return;
	for (i = 0; found[i] == f->bytes[at + i]; i++)
		;
	fail("%s: byte 0x%llx is %02x by %s, not %02x from operation %u", f->name,
	     (unsigned long long)at + i, found[i], how, f->bytes[at + i], f->writer[at + i]);
}

enum way { READ, MAPPED, DIRECT, SPLICED, WAYS };

/* Compares what is there with the model, as far as the file reaches and the bytes are ours. */
static inline void check(struct file *f, off_t at, size_t count, enum way way)
{
	off_t first = at < begin ? begin : at, last = at + count, limit;
	int pipes[2];

	limit = end < f->size ? end : f->size;
	if (last > limit)
		last = limit;
	if (first >= last)
		return;
	count = last - first;
	if (way == MAPPED) {
		compare(f, f->map + first, first, count, "mmap");
	} else if (way == DIRECT && f->direct >= 0) {
		off_t from = first / BLOCK * BLOCK;
		size_t wanted = (last + BLOCK - 1) / BLOCK * BLOCK - from;
		ssize_t done = pread(f->direct, buffer, wanted, from);

		whole(done, from + (off_t)wanted > f->size ? (size_t)(f->size - from) : wanted,
		      "direct pread");
		compare(f, buffer + (first - from), first, count, "direct pread");
	} else if (way == SPLICED) {
		ssize_t done;

		if (pipe(pipes))
			fail("pipe: %s", strerror(errno));
		for (; count; count -= done, first += done) {
			off_t from = first;

			done = splice(f->fd, &from, pipes[1], NULL, count, 0);
			if (done <= 0)
				fail("splice from the file: %zd, %s", done, strerror(errno));
			whole(read(pipes[0], buffer, done), done, "read from a pipe");
			compare(f, buffer, first, done, "splice");
		}
		close(pipes[0]);
		close(pipes[1]);
	} else {
		whole(pread(f->fd, buffer, count, first), count, "pread");
		compare(f, buffer, first, count, "pread");
	}
}

static inline void check_size(struct file *f)
{
	struct stat st;

	if (fstat(f->fd, &st))
		fail("fstat: %s", strerror(errno));
	if (st.st_size != f->size)
		fail("%s: the size is %lld, not %lld", f->name, (long long)st.st_size,
		     (long long)f->size);
}

/* A hole has no data, and neither end is beyond the file's. */
static inline void check_holes(struct file *f)
{
	off_t at = begin, limit = end < f->size ? end : f->size;

	while (at < limit) {
		off_t data = lseek(f->fd, at, SEEK_DATA), hole;

		if (data < 0 && errno != ENXIO)
			fail("SEEK_DATA: %s", strerror(errno));
		if (data < 0)
			data = f->size;
		if (data < at || data > f->size)
			fail("SEEK_DATA from 0x%llx: 0x%llx", (long long)at, (long long)data);
		memset(buffer, 0, MAX);
		compare(f, buffer, at, (data < limit ? data : limit) - at, "SEEK_DATA");
		if (data >= limit)
			break;
		hole = lseek(f->fd, data, SEEK_HOLE);
		/* Another process may have punched what was data. */
		if (hole < data || (hole == data && resize) || hole > f->size)
			fail("SEEK_HOLE from 0x%llx: 0x%llx", (long long)data, (long long)hole);
		at = hole;
	}
}

#endif /* MODEL_H */
