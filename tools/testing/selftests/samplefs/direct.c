// SPDX-License-Identifier: GPL-2.0
/*
 * Other ways to the data than through the page cache: direct I/O, which must be coherent with it,
 * and a device, which there is not. And what is below the cache when it is full.
 */
#include "pages.h"
#include "../lib/fault.h"

#include <linux/fs.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/swap.h>

TESTFS_FIXTURE(direct, "size=16m")

TEST_ON(direct, beside_buffered)
{
	int fd = open_new(self->root, "f", 0), direct;
	void *const nowhere = (void *)BLOCK;
	unsigned char *map, *buf;
	unsigned int state = 1;
	struct stat st;
	int i;

	ASSERT_LE(0, fd);
	direct = openat(self->root, "f", O_RDWR | O_DIRECT | O_CLOEXEC);
	ASSERT_LE(0, direct);
	ASSERT_EQ(0, posix_memalign((void **)&buf, BLOCK, SIZE));
	memset(data, 0, SIZE);
	ASSERT_EQ(0, ftruncate(fd, SIZE));
	map = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, map);
	for (i = 0; i < 200; i++) {
		size_t at, size;

		state = state * 1664525 + 1013904223;
		at = (state >> 8) % (SIZE / BLOCK) * BLOCK;
		size = ((state >> 20) % 16 + 1) * BLOCK;
		if (size > SIZE - at)
			size = SIZE - at;
		fill(buf, size, i);
		switch (i % 4) {
		case 0:
			ASSERT_TRUE(write_all(direct, buf, size, at));
			break;
		case 1:
			ASSERT_TRUE(write_all(fd, buf, size, at));
			break;
		case 2:
			memcpy(map + at, buf, size);
			break;
		default:
			ASSERT_EQ(0, drop_caches());
			size = 0;
		}
		memcpy(data + at, buf, size);
		switch (i % 3) {
		case 0:
			ASSERT_EQ(SIZE, pread(direct, buf, SIZE, 0));
			ASSERT_EQ(0, memcmp(buf, data, SIZE))
				TH_LOG("direct, step %d", i);
			break;
		case 1:
			ASSERT_TRUE(holds(fd, data, SIZE, 0))
				TH_LOG("buffered, step %d", i);
			break;
		default:
			ASSERT_EQ(0, memcmp(map, data, SIZE))
				TH_LOG("mapped, step %d", i);
		}
	}
	/* At the end of the file, and beyond it. */
	EXPECT_EQ(BLOCK, pread(direct, buf, 2 * BLOCK, SIZE - BLOCK));
	EXPECT_EQ(0, pread(direct, buf, BLOCK, SIZE));
	EXPECT_EQ(0, pread(direct, buf, BLOCK, 2 * SIZE));
	EXPECT_EQ(BLOCK, pwrite(direct, buf, BLOCK, 2 * SIZE));
	ASSERT_EQ(0, fstat(fd, &st));
	EXPECT_EQ(2 * SIZE + BLOCK, st.st_size);
	EXPECT_EQ(EFAULT, ERR(pread(direct, nowhere, BLOCK, 0)));
	EXPECT_EQ(EFAULT, ERR(pwrite(direct, nowhere, BLOCK, 0)));
	munmap(map, SIZE);
	close(fd);
	close(direct);
}

static int race_fd;
static volatile bool race_over;

static void *map_writer(void *arg)
{
	volatile unsigned char *map = arg;
	unsigned int i;

	for (i = 0; !race_over; i++)
		map[SIZE / 2 + i % (SIZE / 2)] = i;
	return NULL;
}

static void *dropper(void *arg)
{
	while (!race_over) {
		fsync(race_fd);
		drop_caches();
	}
	return arg;
}

/* One half is written through a mapping, the other directly, while the cache is dropped. */
TEST_ON(direct, beside_a_mapping)
{
	pthread_t threads[2];
	unsigned char *map, *buf;
	int i, direct;

	race_fd = open_new(self->root, "f", 0);
	ASSERT_LE(0, race_fd);
	ASSERT_EQ(0, ftruncate(race_fd, SIZE));
	direct = openat(self->root, "f", O_RDWR | O_DIRECT | O_CLOEXEC);
	ASSERT_LE(0, direct);
	ASSERT_EQ(0, posix_memalign((void **)&buf, BLOCK, SIZE));
	map = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, race_fd, 0);
	ASSERT_NE(MAP_FAILED, map);
	ASSERT_EQ(0, pthread_create(&threads[0], NULL, map_writer, map));
	ASSERT_EQ(0, pthread_create(&threads[1], NULL, dropper, NULL));
	for (i = 0; i < 100; i++) {
		ssize_t n;

		fill(buf, SIZE / 2, i);
		/* Over the middle: folios that the mapping makes dirty are in the way. */
		n = pwrite(direct, buf, SIZE / 2, 0);
		ASSERT_EQ(SIZE / 2, n);
		n = pread(direct, seen, BLOCK, SIZE / 2);
		ASSERT_EQ(BLOCK, n);
		ASSERT_EQ(BLOCK, pwrite(direct, seen, BLOCK, SIZE - BLOCK));
		ASSERT_TRUE(holds(race_fd, buf, SIZE / 2, 0))
			TH_LOG("round %d", i);
	}
	race_over = true;
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	memcpy(data, map, SIZE);
	ASSERT_EQ(0, fsync(race_fd));
	munmap(map, SIZE);
	ASSERT_EQ(0, drop_caches());
	EXPECT_TRUE(holds(race_fd, data, SIZE, 0));
	close(direct);
	close(race_fd);
}

static sigjmp_buf bus_jump;

static void on_bus(int sig)
{
	siglongjmp(bus_jump, sig);
}

/* At the limit, everything that was accepted is there after it has been written back. */
TEST_ON(direct, full_and_dropped)
{
	struct sigaction action = { .sa_handler = on_bus };
	static char block[BLOCK];
	volatile unsigned int stored = 0;
	volatile unsigned char *map;
	unsigned char *copy;
	struct statfs st;
	volatile ssize_t done = 0;
	unsigned int i;
	int fd, holes;
	ssize_t n;

	ASSERT_EQ(0, umount2(TESTFS_MOUNT, MNT_DETACH));
	close(self->root);
	self->root = testfs_mount("size=1m");
	ASSERT_LE(0, self->root);
	/* In large folios, which is not cached, with pages of a hole in between. */
	holes = open_new(self->root, "holes", 0);
	fd = open_new(self->root, "f", 0);
	ASSERT_LE(0, holes);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, ftruncate(holes, SIZE));
	ASSERT_TRUE(pread(holes, seen, SIZE, 0) == SIZE);
	map = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, holes, 0);
	ASSERT_NE(MAP_FAILED, (void *)map);
	for (i = 0; i < 100; i++)
		map[i * 2 * BLOCK] = i + 1;
	fill(data, SIZE, 9);
	while ((n = pwrite(fd, data + done, 100000, done)) > 0)
		done += n;
	EXPECT_EQ(ENOSPC, errno);
	EXPECT_LT(0, done);
	ASSERT_EQ(0, statfs(TESTFS_MOUNT, &st));
	EXPECT_EQ(0, (long)st.f_bfree);
	sigaction(SIGBUS, &action, NULL);
	if (!sigsetjmp(bus_jump, 1)) {
		/* None of these may be lost, and one of them must fail. */
		for (i = 0; i < SIZE / BLOCK; i++) {
			map[i * BLOCK + 1] = 'b';
			stored++;
		}
	}
	signal(SIGBUS, SIG_DFL);
	EXPECT_GT(SIZE / BLOCK, stored);
	/* There is room again, which the mapping gets, down to the last block. */
	ASSERT_EQ(0, ftruncate(fd, done - 3 * BLOCK));
	done -= 3 * BLOCK;
	sigaction(SIGBUS, &action, NULL);
	if (!sigsetjmp(bus_jump, 1)) {
		for (; stored < SIZE / BLOCK; stored++)
			map[stored * BLOCK + 1] = 'b';
	}
	signal(SIGBUS, SIG_DFL);
	ASSERT_EQ(0, statfs(TESTFS_MOUNT, &st));
	EXPECT_EQ(0, (long)st.f_bfree);
	copy = malloc(SIZE);
	ASSERT_NE(NULL, copy);
	memcpy(copy, (void *)map, SIZE);
	for (i = 0; i < stored; i++)
		ASSERT_EQ('b', copy[i * BLOCK + 1]);
	munmap((void *)map, SIZE);
	ASSERT_EQ(0, fsync(fd));
	ASSERT_EQ(0, fsync(holes));
	ASSERT_EQ(0, drop_caches());
	EXPECT_TRUE(holds(fd, data, done, 0));
	EXPECT_TRUE(holds(holes, copy, SIZE, 0));
	/* Nor directly is there more. */
	close(fd);
	fd = openat(self->root, "f", O_RDWR | O_DIRECT);
	ASSERT_LE(0, fd);
	EXPECT_EQ(ENOSPC, ERR(pwrite(fd, block, BLOCK, 8 * SIZE)));
	EXPECT_EQ(BLOCK, pwrite(fd, block, BLOCK, 0));
	close(holes);
	close(fd);
}

/* A write beyond the end that fails for want of memory leaves no room charged there. */
TEST_ON(direct, no_memory_beyond_the_end)
{
	int fd = open_new(self->root, "f", O_DIRECT);
	struct statfs before, after;
	unsigned int n, failed = 0;
	static char block[BLOCK];
	ssize_t done;

	if (!fault_only("failslab"))
		SKIP(return, "%s", FAULT_MISSING);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, fstatfs(fd, &before));
	for (n = 1; ; n++) {
		fault_arm(n);
		done = pwrite(fd, block, BLOCK, 100 * BLOCK);
		if (!fault_disarm())
			break;
		if (done < 0) {
			failed++;
			ASSERT_EQ(0, fstatfs(fd, &after));
			EXPECT_EQ(before.f_bfree, after.f_bfree) TH_LOG("allocation %u", n);
		}
		ASSERT_EQ(0, ftruncate(fd, 0));
	}
	EXPECT_EQ(BLOCK, done);
	EXPECT_LT(0, failed);
	close(fd);
}

TEST_ON(direct, no_device)
{
	static unsigned char header[BLOCK];
	int fd = open_new(self->root, "swap", 0);
	int block = 0;

	ASSERT_LE(0, fd);
	/* What mkswap(8) writes. */
	*(unsigned int *)(header + 1024) = 1;
	*(unsigned int *)(header + 1028) = 255;
	memcpy(header + BLOCK - 10, "SWAPSPACE2", 10);
	memset(data, 0, SIZE);
	ASSERT_TRUE(write_all(fd, data, SIZE, 0));
	ASSERT_TRUE(write_all(fd, header, BLOCK, 0));
	ASSERT_EQ(0, fchmod(fd, 0600));
	ASSERT_EQ(0, fsync(fd));
	EXPECT_EQ(EINVAL, ERR(swapon(TESTFS_MOUNT "/swap", 0)));
	EXPECT_EQ(EINVAL, ERR(ioctl(fd, FIBMAP, &block)));
	/* It is still an ordinary file. */
	EXPECT_TRUE(write_all(fd, "x", 1, 0));
	close(fd);
}

TESTFS_MAIN
