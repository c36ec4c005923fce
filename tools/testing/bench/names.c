// SPDX-License-Identifier: GPL-2.0
/* Operations on names. */

#define _GNU_SOURCE

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench.h"

#define COUNT 500UL
#define FOR_ALL(i) for (unsigned long i = 0; i < COUNT; i++)
/*
 * What RCU frees of removed names is a part of the cost, and comes later, in one go: so many names that it makes no
 * difference whether that of the last ones comes before the end.
 */
#define MANY (20 * COUNT)
#define FOR_MANY(i) for (unsigned long i = 0; i < MANY; i++)
/* So few that they take less than the time from one timer interrupt to the next. */
#define BATCH 200UL

/* Where getdents64() puts entries: as large as that of readdir(3). */
static char entries[32768];

static void create(const char *file)
{
	int fd = open(file, O_CREAT | O_EXCL | O_WRONLY, 0644);

	if (fd < 0 || close(fd))
		die(file);
}

static void remove_one(const char *file)
{
	if (unlink(file))
		die(file);
}

static void look_up(const char *file)
{
	struct stat st;

	if (stat(file, &st))
		die(file);
}

/* Reads the directory as a whole. It has so many entries, `.` and `..` among them. */
static void read_directory(unsigned long expected)
{
	unsigned long found = 0;
	long size;
	int fd = open(".", O_RDONLY | O_DIRECTORY);

	if (fd < 0)
		die(".");
	while ((size = syscall(SYS_getdents64, fd, entries, sizeof(entries))) > 0) {
		for (long at = 0; at < size; found++)
			at += *(unsigned short *)(entries + at + 16);
	}
	if (size < 0 || found != expected)
		die("getdents64");
	close(fd);
}

void names(void)
{
	char target[64];

	make_names('f', COUNT);
	begin();
	FOR_ALL(i)
		create(name(i));
	end();
	sample("create", COUNT);

	begin();
	FOR_ALL(i)
		look_up(name(i));
	end();
	sample("stat", COUNT);

	begin();
	read_directory(COUNT + 2);
	end();
	sample("readdir, an entry", COUNT + 2);

	static char old[COUNT][16];

	FOR_ALL(i)
		strcpy(old[i], name(i));
	make_names('r', COUNT);
	begin();
	FOR_ALL(i)
		if (rename(old[i], name(i)))
			die(name(i));
	end();
	sample("rename", COUNT);

	begin();
	FOR_ALL(i)
		remove_one(name(i));
	end();
	sample("unlink", COUNT);

	make_names('d', COUNT);
	begin();
	FOR_ALL(i)
		if (mkdir(name(i), 0755))
			die(name(i));
	end();
	sample("mkdir", COUNT);
	FOR_ALL(i)
		if (rmdir(name(i)))
			die(name(i));

	make_names('s', COUNT);
	begin();
	FOR_ALL(i)
		if (symlink("a target of usual length", name(i)) ||
		    readlink(name(i), target, sizeof(target)) != 24)
			die(name(i));
	end();
	sample("symlink and readlink", COUNT);
	FOR_ALL(i)
		remove_one(name(i));
}

/* What programs do that unpack, build and clean up. */
void mixed(void)
{
	static char temporary[MANY][16];

	make_names('t', MANY);
	FOR_MANY(i)
		strcpy(temporary[i], name(i));
	make_names('f', MANY);
	begin();
	FOR_MANY(i)
		create(temporary[i]);
	FOR_MANY(i)
		look_up(temporary[i]);
	FOR_MANY(i)
		if (rename(temporary[i], name(i)))
			die(name(i));
	read_directory(MANY + 2);
	FOR_MANY(i)
		remove_one(name(i));
	end();
	sample("create, stat, rename, readdir, unlink", MANY);
}

static int compare(const void *a, const void *b)
{
	const double *left = a, *right = b;

	return (*left > *right) - (*left < *right);
}

/*
 * Does that to many names: what it takes in most batches. What interrupts do, and RCU after them, is in few. That
 * is as much as what is looked for here, which is a small part of an operation.
 */
static void in_batches(const char *what, void (*operation)(const char *file))
{
	double batches[MANY / BATCH];

	settle();
	for (unsigned long batch = 0; batch < MANY / BATCH; batch++) {
		begin_now();
		for (unsigned long i = batch * BATCH; i < (batch + 1) * BATCH; i++)
			operation(name(i));
		end();
		batches[batch] = instructions(BATCH);
	}
	qsort(batches, MANY / BATCH, sizeof(*batches), compare);
	sample_of(what, "instructions", batches[MANY / BATCH / 2]);
}

/* Removes names of one file, so that only ->unlink() is called, and no inode goes. */
void links(void)
{
	make_names('l', MANY);
	create("linked");
	FOR_MANY(i)
		if (link("linked", name(i)))
			die(name(i));
	in_batches("stat of a link", look_up);
	in_batches("unlink of a link", remove_one);
	remove_one("linked");
}

/* Has a module break a rule so often, in one write. */
void violations(const char *parameter, const char *directory, unsigned long count)
{
	int fd = open(parameter, O_WRONLY);

	if (fd < 0)
		die(parameter);
	begin();
	if (write(fd, directory, strlen(directory)) < 0)
		die(parameter);
	end();
	sample("call that breaks a rule", count);
	close(fd);
}

/* What the kernel uses for objects of its own, in bytes. */
static double slab(void)
{
	char line[128];
	double kib = -1;
	FILE *file;

	/* Names that nobody uses, and objects of files that have gone. */
	file = fopen("/proc/sys/vm/drop_caches", "w");
	if (!file || fputs("2\n", file) < 0 || fclose(file))
		die("/proc/sys/vm/drop_caches");
	settle();
	file = fopen("/proc/meminfo", "r");
	if (!file)
		die("/proc/meminfo");
	while (fgets(line, sizeof(line), file))
		sscanf(line, "Slab: %lf", &kib);
	fclose(file);
	if (kib < 0)
		die("Slab");
	return kib * 1024;
}

/* An empty file, with its name. There must be far more of them than fit into a slab. */
void memory(void)
{
	const unsigned long files = 20000;
	double before;

	make_names('m', files);
	before = slab();
	for (unsigned long i = 0; i < files; i++)
		create(name(i));
	sample_of("memory of an empty file", "bytes", (slab() - before) / files);
	for (unsigned long i = 0; i < files; i++)
		remove_one(name(i));
}

/* What depends on the size of the directory; its files stay. */
void directory(unsigned long files, unsigned long rounds)
{
	/* Spread over all: this is prime, and no divisor of a round number. */
	const unsigned long step = 7919;

	if (files < COUNT)
		die("too few files");
	make_names('f', files);
	for (unsigned long i = 0; i < files; i++)
		if (mknod(name(i), S_IFREG | 0644, 0))
			die(name(i));
	for (unsigned long round = 0; round < rounds; round++) {
		const unsigned long first = round * COUNT;
		const char *some[COUNT];

		FOR_ALL(i)
			some[i] = name((first + i) * step % files);
		begin();
		FOR_ALL(i)
			look_up(some[i]);
		end();
		sample("lookup in a large directory", COUNT);

		begin();
		FOR_ALL(i)
			remove_one(some[i]);
		end();
		sample("unlink in a large directory", COUNT);

		begin();
		FOR_ALL(i)
			create(some[i]);
		end();
		sample("create in a large directory", COUNT);

		begin();
		read_directory(files + 2);
		end();
		sample("readdir of a large directory, an entry", files + 2);
	}
}
