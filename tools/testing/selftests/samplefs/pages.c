// SPDX-License-Identifier: GPL-2.0
/*
 * The page cache and what is below it: data come back when the cache has dropped them, and are
 * written back by who should.
 */
#include "pages.h"

#include <sys/mman.h>

TESTFS_FIXTURE(pages, "size=16m")

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
	int dropped, fd = open_new(self->root, "f", 0);
	size_t size;
	ssize_t n;

	ASSERT_LE(0, fd);
	ASSERT_NE(MAP_FAILED, map);
	fill(map, SIZE, 3);
	ASSERT_EQ(0, mprotect(map + SIZE / 2, SIZE / 2, PROT_NONE));
	/* Written back, a folio of which not all blocks are known goes, and is read again. */
	for (size = 1, dropped = 0; size < SIZE / 2; size = dropped ? size : size * 5 + 3) {
		ASSERT_EQ(0, ftruncate(fd, 0));
		n = pwrite(fd, map + SIZE / 2 - size, size + 5000, 777);
		ASSERT_EQ((ssize_t)size, n);
		if (dropped) {
			ASSERT_EQ(0, fsync(fd));
			ASSERT_EQ(0, drop_caches());
		}
		ASSERT_TRUE(holds(fd, map + SIZE / 2 - size, size, 777))
			TH_LOG("size %zu%s", size, dropped ? ", dropped" : "");
		ASSERT_EQ(size + 777, (size_t)lseek(fd, 0, SEEK_END));
		dropped = !dropped;
	}
	EXPECT_EQ(EFAULT, ERR(pwrite(fd, map + SIZE / 2, 5000, 0)));
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

static const char group[] = TESTFS_SCRATCH "/cgroup", child_group[] = TESTFS_SCRATCH "/cgroup/t";

/*
 * A memory cgroup with these limits, as a descriptor, or -1 where that cannot be. Who is above the first is made slower;
 * where that is the last one, too, what is dirty at the moment can be all there is, which kills.
 */
static int begin_group(const char *high, const char *max)
{
	int dir = -1;

	if (mkdir(group, 0755))
		return -1;
	if (mount("none", group, "cgroup2", 0, NULL) ||
	    (dir = open(group, O_RDONLY | O_DIRECTORY)) < 0 ||
	    testfs_write(dir, "cgroup.subtree_control", "+memory", 7) || mkdir(child_group, 0755)) {
		if (dir >= 0)
			close(dir);
		umount(group);
		rmdir(group);
		return -1;
	}
	close(dir);
	dir = open(child_group, O_RDONLY | O_DIRECTORY);
	if (testfs_write(dir, "memory.high", high, strlen(high)) || testfs_write(dir, "memory.max", max, strlen(max)))
		return -1;
	return dir;
}

static bool end_group(int dir)
{
	close(dir);
	return !rmdir(child_group) && !umount(group) && !rmdir(group);
}

/* Writes, or reads, so many MiB from the beginning of the file on. */
static bool write_much(int fd, int count)
{
	int i;

	for (i = 0; i < count; i++) {
		fill(data, SIZE, i);
		if (!write_all(fd, data, SIZE, (off_t)i * SIZE))
			return false;
	}
	return true;
}

static bool holds_much(int fd, int count)
{
	int i;

	for (i = 0; i < count; i++) {
		fill(data, SIZE, i);
		if (!holds(fd, data, SIZE, (off_t)i * SIZE))
			return false;
	}
	return true;
}

/* A file that is larger than the page cache that who rewrites and reads it may have. */
TEST_ON(pages, memory_pressure)
{
	int fd = open_new(self->root, "f", 0), dir = begin_group("6M", "12M");
	pid_t pid;

	if (dir < 0)
		SKIP(return, "no memory controller: %s", strerror(errno));
	/* Where it is below the page cache is not for the group to pay. */
	ASSERT_TRUE(write_much(fd, 15));
	ASSERT_EQ(0, fsync(fd));
	/* An inode is written back for the group of who made it dirty first: only for that one are the shares kept. */
	ASSERT_EQ(0, close(fd));
	ASSERT_EQ(0, drop_caches());
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		if (testfs_write(dir, "cgroup.procs", "0", 1))
			_exit(1);
		fd = openat(self->root, "f", O_RDWR);
		_exit(!write_much(fd, 15) ? 2 : !holds_much(fd, 15) ? 3 : 0);
	}
	EXPECT_EQ(0, testfs_wait(pid));
	EXPECT_TRUE(end_group(dir));
}

/* Who has written a file pays for where it is, whoever writes it back. */
TEST_ON(pages, memory_of_the_writer)
{
	int fd = open_new(self->root, "f", 0), dir = begin_group("max", "64M");
	char current[32] = "";
	pid_t pid;

	if (dir < 0)
		SKIP(return, "no memory controller: %s", strerror(errno));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid)
		_exit(testfs_write(dir, "cgroup.procs", "0", 1) ? 1 : !write_much(fd, 8));
	EXPECT_EQ(0, testfs_wait(pid));
	sync();
	ASSERT_EQ(0, drop_caches());
	pid = openat(dir, "memory.current", O_RDONLY);
	EXPECT_LT(0, read(pid, current, sizeof(current) - 1));
	close(pid);
	EXPECT_LE(8 * SIZE, atol(current));
	close(fd);
	ASSERT_EQ(0, unlinkat(self->root, "f", 0));
	EXPECT_TRUE(end_group(dir));
}

TESTFS_MAIN
