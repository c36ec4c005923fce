// SPDX-License-Identifier: GPL-2.0
/*
 * The page cache and what is below it: data come back when the cache has dropped them,
 * are written back by who should, and are the same for direct and buffered I/O.
 */
#include "testfs.h"

#include <linux/fs.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/swap.h>

#define BLOCK	4096
#define SIZE	(1 << 20)

TESTFS_FIXTURE(pages, "size=16m")

static unsigned char data[SIZE], seen[SIZE];

/* The same bytes for the same seed, and others for another. */
static void fill(unsigned char *buf, size_t size, unsigned int seed)
{
	size_t i;

	for (i = 0; i < size; i++) {
		seed = seed * 1664525 + 1013904223;
		buf[i] = seed >> 24;
	}
}

static int open_new(int dir, const char *name, int flags)
{
	return openat(dir, name, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC | flags, 0644);
}

static bool write_all(int fd, const void *buf, size_t size, off_t at)
{
	return pwrite(fd, buf, size, at) == (ssize_t)size;
}

static bool holds(int fd, const void *buf, size_t size, off_t at)
{
	memset(seen, 0x55, size);
	return pread(fd, seen, size, at) == (ssize_t)size && !memcmp(seen, buf, size);
}

/* 0, or -1 where this may not be done. Clean pages go, dirty ones stay. */
static int drop_caches(void)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY);
	int failed = fd < 0 || write(fd, "3", 1) != 1;

	close(fd);
	return -failed;
}

/* How many pages of the file are in the page cache. */
static long cached(int fd, size_t size)
{
	unsigned char in[SIZE / BLOCK];
	long i, count = 0;
	void *map = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);

	if (map == MAP_FAILED || mincore(map, size, in))
		return -1;
	for (i = 0; i < (long)(size / BLOCK); i++)
		count += in[i] & 1;
	munmap(map, size);
	return count;
}

TEST_ON(pages, come_back_after_a_drop)
{
	int fd = open_new(self->root, "f", 0);
	struct stat st;

	ASSERT_LE(0, fd);
	fill(data, SIZE, 1);
	ASSERT_TRUE(write_all(fd, data, SIZE, 0));
	/* A hole, and an end in the middle of a block. */
	ASSERT_TRUE(write_all(fd, data, 100, 2 * SIZE + 1000));
	sync();
	ASSERT_EQ(0, drop_caches());
	if (testfs_is_samplefs())
		EXPECT_EQ(0, cached(fd, SIZE));
	EXPECT_TRUE(holds(fd, data, SIZE, 0));
	EXPECT_TRUE(holds(fd, data, 100, 2 * SIZE + 1000));
	memset(data, 0, SIZE);
	EXPECT_TRUE(holds(fd, data, SIZE, SIZE));
	ASSERT_EQ(0, fstat(fd, &st));
	EXPECT_EQ(2 * SIZE + 1100, st.st_size);
	EXPECT_EQ(SIZE / 512 + 8, st.st_blocks);
	close(fd);
}

TEST_ON(pages, dirty_ones_stay)
{
	int i, fd = open_new(self->root, "f", 0);

	ASSERT_LE(0, fd);
	for (i = 0; i < 20; i++) {
		fill(data, SIZE, i);
		ASSERT_TRUE(write_all(fd, data, SIZE, 0));
		if (i % 3 == 0)
			ASSERT_EQ(0, fdatasync(fd));
		ASSERT_TRUE(write_all(fd, "changed", 7, i * 10000));
		memcpy(data + i * 10000, "changed", 7);
		ASSERT_EQ(0, drop_caches());
		ASSERT_TRUE(holds(fd, data, SIZE, 0))
			TH_LOG("round %d", i);
	}
	close(fd);
}

/* Each way to have a file written back: then it can be dropped. */
TEST_ON(pages, written_back)
{
	static const char *const ways[] = { "fsync", "fdatasync", "sync", "syncfs", "range",
					    "flusher" };
	int fd = open_new(self->root, "f", 0);
	size_t i;
	int tries;

	if (!testfs_is_samplefs())
		SKIP(return, "it need not write back");
	ASSERT_LE(0, fd);
	for (i = 0; i < ARRAY_SIZE(ways); i++) {
		fill(data, SIZE, i);
		ASSERT_TRUE(write_all(fd, data, SIZE, 0));
		ASSERT_EQ(0, posix_fadvise(fd, 0, 0, POSIX_FADV_NORMAL));
		switch (i) {
		case 0:
			ASSERT_EQ(0, fsync(fd));
			break;
		case 1:
			ASSERT_EQ(0, fdatasync(fd));
			break;
		case 2:
			sync();
			break;
		case 3:
			ASSERT_EQ(0, syncfs(fd));
			break;
		case 4:
			ASSERT_EQ(0, sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE |
						     SYNC_FILE_RANGE_WAIT_AFTER));
			break;
		default:
			/* Nobody asks for it: data of this age are written by themselves. */
			for (tries = 0; tries < 60; tries++) {
				ASSERT_EQ(0, drop_caches());
				if (!cached(fd, SIZE))
					break;
				sleep(1);
			}
		}
		ASSERT_EQ(0, drop_caches());
		EXPECT_EQ(0, cached(fd, SIZE))
			TH_LOG("%s", ways[i]);
		EXPECT_TRUE(holds(fd, data, SIZE, 0))
			TH_LOG("%s", ways[i]);
	}
	close(fd);
}

TEST_ON(pages, mapped_and_written_back)
{
	int fd = open_new(self->root, "f", 0);
	unsigned char *map;
	int i;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, ftruncate(fd, SIZE));
	map = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, map);
	for (i = 0; i < 4; i++) {
		fill(data, SIZE, 10 + i);
		memcpy(map, data, SIZE);
		switch (i) {
		case 0:
			ASSERT_EQ(0, msync(map, SIZE, MS_SYNC));
			break;
		case 1:
			ASSERT_EQ(0, fsync(fd));
			break;
		default:
			sync();
		}
		ASSERT_EQ(0, madvise(map, SIZE, MADV_DONTNEED));
		ASSERT_EQ(0, drop_caches());
		EXPECT_EQ(0, memcmp(map, data, SIZE));
		EXPECT_TRUE(holds(fd, data, SIZE, 0));
		/* A page that is written to again is written back again. */
		map[i * 5000] ^= 1;
		data[i * 5000] ^= 1;
		sync();
		ASSERT_EQ(0, madvise(map, SIZE, MADV_DONTNEED));
		ASSERT_EQ(0, drop_caches());
		EXPECT_EQ(0, memcmp(map, data, SIZE));
	}
	munmap(map, SIZE);
	close(fd);
}

/* What is cut off does not come back, neither from the cache nor from below it. */
TEST_ON(pages, truncated_is_gone)
{
	static const off_t cuts[] = { 0, 1, 100, BLOCK - 1, BLOCK, BLOCK + 1, 10 * BLOCK + 77,
				      SIZE - 1 };
	int fd = open_new(self->root, "f", 0);
	size_t i, k;

	ASSERT_LE(0, fd);
	for (i = 0; i < ARRAY_SIZE(cuts); i++) {
		for (k = 0; k < 4; k++) {
			fill(data, SIZE, i);
			ASSERT_TRUE(write_all(fd, data, SIZE, 0));
			if (k & 1) {
				ASSERT_EQ(0, fsync(fd));
				ASSERT_EQ(0, drop_caches());
			}
			ASSERT_EQ(0, ftruncate(fd, cuts[i]));
			if (k & 2) {
				ASSERT_EQ(0, fsync(fd));
				ASSERT_EQ(0, drop_caches());
			}
			ASSERT_EQ(0, ftruncate(fd, SIZE));
			memset(data + cuts[i], 0, SIZE - cuts[i]);
			ASSERT_TRUE(holds(fd, data, SIZE, 0))
				TH_LOG("cut at %ld, way %zu", (long)cuts[i], k);
			ASSERT_EQ(0, fsync(fd));
			ASSERT_EQ(0, drop_caches());
			ASSERT_TRUE(holds(fd, data, SIZE, 0))
				TH_LOG("cut at %ld, way %zu, dropped", (long)cuts[i], k);
		}
	}
	close(fd);
}

/* What a mapping writes beyond the end is never seen in the file. */
TEST_ON(pages, nothing_beyond_the_end)
{
	int fd = open_new(self->root, "f", 0);
	unsigned char *map;
	int i;

	ASSERT_LE(0, fd);
	for (i = 0; i < 6; i++) {
		ASSERT_EQ(0, ftruncate(fd, 0));
		ASSERT_EQ(5, pwrite(fd, "begin", 5, 0));
		map = mmap(NULL, BLOCK, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		ASSERT_NE(MAP_FAILED, map);
		memset(map + 5, 'x', BLOCK - 5);
		if (i & 1) {
			ASSERT_EQ(0, msync(map, BLOCK, MS_SYNC));
			ASSERT_EQ(0, fsync(fd));
		}
		munmap(map, BLOCK);
		switch (i / 2) {
		case 0:
			ASSERT_EQ(0, ftruncate(fd, 2 * BLOCK));
			break;
		case 1:
			ASSERT_EQ(1, pwrite(fd, "", 1, 2 * BLOCK - 1));
			break;
		default:
			ASSERT_EQ(0, fsync(fd));
			ASSERT_EQ(0, drop_caches());
			ASSERT_EQ(0, ftruncate(fd, 2 * BLOCK));
		}
		memset(data, 0, 2 * BLOCK);
		memcpy(data, "begin", 5);
		ASSERT_TRUE(holds(fd, data, 2 * BLOCK, 0))
			TH_LOG("way %d", i);
		ASSERT_EQ(0, fsync(fd));
		ASSERT_EQ(0, drop_caches());
		ASSERT_TRUE(holds(fd, data, 2 * BLOCK, 0))
			TH_LOG("way %d, dropped", i);
	}
	close(fd);
}

TEST_ON(pages, direct_and_buffered)
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
TEST_ON(pages, direct_beside_a_mapping)
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

/* Writes that begin and end anywhere in large folios, new, cached and dropped. */
TEST_ON(pages, odd_writes)
{
	int fd = open_new(self->root, "f", 0);
	unsigned char *buf = malloc(SIZE);
	unsigned int state = 7;
	size_t at, size;
	int i;

	ASSERT_LE(0, fd);
	ASSERT_NE(NULL, buf);
	memset(data, 0, SIZE);
	ASSERT_EQ(0, ftruncate(fd, SIZE));
	for (i = 0; i < 300; i++) {
		state = state * 1664525 + 1013904223;
		at = (state >> 4) % SIZE;
		state = state * 1664525 + 1013904223;
		size = (state >> 4) % (i % 2 ? 300000 : 10000) + 1;
		if (size > SIZE - at)
			size = SIZE - at;
		fill(buf, size, i);
		ASSERT_TRUE(write_all(fd, buf, size, at));
		memcpy(data + at, buf, size);
		if (i % 7 == 0)
			ASSERT_EQ(0, fsync(fd));
		if (i % 5 == 0)
			ASSERT_EQ(0, drop_caches());
		ASSERT_TRUE(holds(fd, data, SIZE, 0))
			TH_LOG("write %d", i);
	}
	close(fd);
}

/* A copy that ends early, in a page that is not there: what is before it counts. */
TEST_ON(pages, short_copies)
{
	unsigned char *map = mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = open_new(self->root, "f", 0);
	size_t size;
	ssize_t n;

	ASSERT_LE(0, fd);
	ASSERT_NE(MAP_FAILED, map);
	fill(map, SIZE, 3);
	ASSERT_EQ(0, mprotect(map + SIZE / 2, SIZE / 2, PROT_NONE));
	for (size = 1; size < SIZE / 2; size = size * 5 + 3) {
		ASSERT_EQ(0, ftruncate(fd, 0));
		n = pwrite(fd, map + SIZE / 2 - size, size + 5000, 777);
		ASSERT_EQ((ssize_t)size, n);
		ASSERT_TRUE(holds(fd, map + SIZE / 2 - size, size, 777))
			TH_LOG("size %zu", size);
		ASSERT_EQ(size + 777, (size_t)lseek(fd, 0, SEEK_END));
	}
	EXPECT_EQ(EFAULT, ERR(pwrite(fd, map + SIZE / 2, 5000, 0)));
	close(fd);
}

static sigjmp_buf bus_jump;

static void on_bus(int sig)
{
	siglongjmp(bus_jump, sig);
}

/* At the limit, everything that was accepted is there after it has been written back. */
TEST_ON(pages, full_and_dropped)
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

TEST_ON(pages, no_device)
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

/* A page whose memory is broken is read again, if it was written back. */
TEST_ON(pages, broken_memory)
{
	int fd = open_new(self->root, "f", 0);
	unsigned char *map;

	if (!testfs_is_samplefs())
		SKIP(return, "the page cache need not be a cache");
	ASSERT_LE(0, fd);
	fill(data, 8 * BLOCK, 5);
	ASSERT_TRUE(write_all(fd, data, 8 * BLOCK, 0));
	ASSERT_EQ(0, fsync(fd));
	map = mmap(NULL, 8 * BLOCK, PROT_READ, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, map);
	EXPECT_EQ(data[3 * BLOCK], *(volatile unsigned char *)(map + 3 * BLOCK));
	if (madvise(map + 3 * BLOCK, BLOCK, MADV_HWPOISON)) {
		ASSERT_EQ(EINVAL, errno);
		SKIP(return, "no CONFIG_MEMORY_FAILURE");
	}
	EXPECT_TRUE(holds(fd, data, 8 * BLOCK, 0));
	munmap(map, 8 * BLOCK);
	close(fd);
}

/* Pages are moved in memory while they are used. */
TEST_ON(pages, migration)
{
	int i, fd = open_new(self->root, "f", 0);
	int compact = open("/proc/sys/vm/compact_memory", O_WRONLY);

	if (compact < 0)
		SKIP(return, "no CONFIG_COMPACTION");
	ASSERT_LE(0, fd);
	fill(data, SIZE, 4);
	ASSERT_TRUE(write_all(fd, data, SIZE, 0));
	for (i = 0; i < 5; i++) {
		data[i * 4097] ^= 0xff;
		ASSERT_TRUE(write_all(fd, data + i * 4097, 1, i * 4097));
		ASSERT_EQ(1, write(compact, "1", 1));
		ASSERT_TRUE(holds(fd, data, SIZE, 0));
		ASSERT_EQ(0, fsync(fd));
		ASSERT_EQ(0, drop_caches());
	}
	close(compact);
	close(fd);
}

TESTFS_MAIN
