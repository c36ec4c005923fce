// SPDX-License-Identifier: GPL-2.0
/*
 * Holes: where lseek(2) finds them, how fallocate(2) makes and fills them, and
 * copy_file_range(2).
 */
#include "testfs.h"

#include <linux/falloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>

#define PAGE	4096L
#define BLOCKS	64

TESTFS_FIXTURE(holes, "size=256k")

static long blocks_free(void)
{
	struct statfs st = { 0 };

	statfs(TESTFS_MOUNT, &st);
	return st.f_bfree;
}

static int make(int dir, const char *name)
{
	return openat(dir, name, O_CREAT | O_RDWR | O_CLOEXEC, 0644);
}

/* Fills pages with a letter. */
static bool fill(int fd, long first, long pages, int letter)
{
	char buf[PAGE];

	memset(buf, letter, sizeof(buf));
	for (; pages; first++, pages--) {
		if (pwrite(fd, buf, PAGE, first * PAGE) != PAGE)
			return false;
	}
	return true;
}

static bool drop_caches(void)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY);
	bool dropped = fd >= 0 && write(fd, "3", 1) == 1;

	close(fd);
	return dropped;
}

/* True if all bytes from start to end, which is not among them, are this. */
static bool all(int fd, off_t start, off_t end, int letter)
{
	char c;

	for (; start < end; start++) {
		if (pread(fd, &c, 1, start) != 1 || c != letter)
			return false;
	}
	return true;
}

static off_t size_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) ? -1 : st.st_size;
}

TEST_ON(holes, seek_exactly)
{
	int fd = make(self->root, "f");
	char buf[PAGE];

	ASSERT_LE(0, fd);
	ASSERT_TRUE(fill(fd, 2, 2, 'd'));
	ASSERT_TRUE(fill(fd, 6, 1, 'd'));
	ASSERT_EQ(0, ftruncate(fd, 9 * PAGE));
	EXPECT_EQ(2 * PAGE, lseek(fd, 0, SEEK_DATA));
	EXPECT_EQ(2 * PAGE, lseek(fd, 0, SEEK_CUR));
	EXPECT_EQ(2 * PAGE + 5, lseek(fd, 2 * PAGE + 5, SEEK_DATA));
	EXPECT_EQ(6 * PAGE, lseek(fd, 4 * PAGE, SEEK_DATA));
	EXPECT_EQ(ENXIO, ERR(lseek(fd, 7 * PAGE, SEEK_DATA)));
	EXPECT_EQ(ENXIO, ERR(lseek(fd, 9 * PAGE, SEEK_HOLE)));
	EXPECT_EQ(ENXIO, ERR(lseek(fd, -1, SEEK_DATA)));
	EXPECT_EQ(0, lseek(fd, 0, SEEK_HOLE));
	EXPECT_EQ(4 * PAGE, lseek(fd, 2 * PAGE + 5, SEEK_HOLE));
	EXPECT_EQ(5 * PAGE, lseek(fd, 5 * PAGE, SEEK_HOLE));
	EXPECT_EQ(7 * PAGE, lseek(fd, 6 * PAGE, SEEK_HOLE));

	/* The end is a hole, also where data go up to it. */
	ASSERT_EQ(0, ftruncate(fd, 6 * PAGE + 100));
	EXPECT_EQ(6 * PAGE + 100, lseek(fd, 6 * PAGE, SEEK_HOLE));
	EXPECT_EQ(ENXIO, ERR(lseek(fd, 6 * PAGE + 100, SEEK_DATA)));

	/* What is a hole stays one when it is read. */
	if (testfs_is_samplefs()) {
		ASSERT_EQ(PAGE, pread(fd, buf, PAGE, 0));
		EXPECT_EQ(2 * PAGE, lseek(fd, 0, SEEK_DATA));
	}
	close(fd);
}

TEST_ON(holes, allocate)
{
	long before = blocks_free();
	int fd = make(self->root, "f");

	ASSERT_LE(0, fd);
	ASSERT_EQ(3, pwrite(fd, "abc", 3, 0));
	ASSERT_EQ(0, fallocate(fd, 0, 0, 4 * PAGE + 1));
	EXPECT_EQ(4 * PAGE + 1, size_of(fd));
	EXPECT_EQ(before - 5, blocks_free());
	EXPECT_TRUE(all(fd, 3, 4 * PAGE + 1, 0));
	EXPECT_TRUE(all(fd, 0, 1, 'a'));

	/* It does not shrink, and takes nothing twice. */
	ASSERT_EQ(0, fallocate(fd, 0, PAGE, PAGE));
	EXPECT_EQ(4 * PAGE + 1, size_of(fd));
	EXPECT_EQ(before - 5, blocks_free());

	EXPECT_EQ(EINVAL, ERR(fallocate(fd, 0, 0, 0)));
	EXPECT_EQ(EINVAL, ERR(fallocate(fd, 0, -1, 5)));
	EXPECT_EQ(EFBIG, ERR(fallocate(fd, 0, LONG_MAX, 5)));
	EXPECT_EQ(EOPNOTSUPP, ERR(fallocate(fd, FALLOC_FL_COLLAPSE_RANGE, 0, PAGE)));
	EXPECT_EQ(EOPNOTSUPP, ERR(fallocate(fd, FALLOC_FL_PUNCH_HOLE, 0, PAGE)));
	close(fd);
	ASSERT_EQ(0, unlinkat(self->root, "f", 0));
	EXPECT_EQ(before, blocks_free());
}

TEST_ON(holes, keep_size)
{
	long before = blocks_free();
	int fd = make(self->root, "f");

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 8 * PAGE));
	EXPECT_EQ(0, size_of(fd));
	EXPECT_EQ(before - 8, blocks_free());

	/* The room is there when it is wanted, and full of zeroes. */
	ASSERT_EQ(1, pwrite(fd, "x", 1, 5 * PAGE));
	EXPECT_EQ(5 * PAGE + 1, size_of(fd));
	EXPECT_TRUE(all(fd, 0, 5 * PAGE, 0));
	/* A truncate gives back what is beyond. */
	ASSERT_EQ(0, ftruncate(fd, PAGE));
	EXPECT_EQ(before - 1, blocks_free());
	close(fd);
	ASSERT_EQ(0, unlinkat(self->root, "f", 0));
	EXPECT_EQ(before, blocks_free());
}

TEST_ON(holes, punch)
{
	long before = blocks_free();
	int fd = make(self->root, "f");
	char *map;

	ASSERT_LE(0, fd);
	ASSERT_TRUE(fill(fd, 0, 8, 'p'));
	map = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, (void *)map);
	map[3 * PAGE] = 'q';
	ASSERT_EQ(0, fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, PAGE + 100,
			       4 * PAGE));
	EXPECT_EQ(8 * PAGE, size_of(fd));
	/* Three whole pages are within. */
	EXPECT_EQ(before - 5, blocks_free());
	EXPECT_TRUE(all(fd, 0, PAGE + 100, 'p'));
	EXPECT_TRUE(all(fd, PAGE + 100, 5 * PAGE + 100, 0));
	EXPECT_TRUE(all(fd, 5 * PAGE + 100, 8 * PAGE, 'p'));
	EXPECT_EQ(2 * PAGE, lseek(fd, 0, SEEK_HOLE));
	EXPECT_EQ(5 * PAGE, lseek(fd, 2 * PAGE, SEEK_DATA));

	/* Who has it mapped sees the zeroes, and can fill the hole again. */
	EXPECT_EQ(0, map[3 * PAGE]);
	map[3 * PAGE + 1] = 'r';
	EXPECT_EQ(before - 6, blocks_free());
	EXPECT_TRUE(all(fd, 3 * PAGE + 1, 3 * PAGE + 2, 'r'));

	/* Beyond the end there is nothing to punch. */
	EXPECT_EQ(0, fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 20 * PAGE, PAGE));
	EXPECT_EQ(8 * PAGE, size_of(fd));
	munmap(map, 8 * PAGE);
	close(fd);
}

TEST_ON(holes, zero_range)
{
	long before = blocks_free();
	int fd = make(self->root, "f");

	if (!testfs_is_samplefs())
		SKIP(return, "tmpfs cannot");
	ASSERT_LE(0, fd);
	ASSERT_TRUE(fill(fd, 0, 2, 'z'));
	ASSERT_EQ(0, ftruncate(fd, 4 * PAGE));
	ASSERT_EQ(0, fallocate(fd, FALLOC_FL_ZERO_RANGE, 100, 3 * PAGE));
	EXPECT_EQ(before - 4, blocks_free());
	EXPECT_TRUE(all(fd, 0, 100, 'z'));
	EXPECT_TRUE(all(fd, 100, 4 * PAGE, 0));
	/* All of it is data. */
	EXPECT_EQ(4 * PAGE, lseek(fd, 0, SEEK_HOLE));

	ASSERT_EQ(0, fallocate(fd, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, 3 * PAGE, 3 * PAGE));
	EXPECT_EQ(4 * PAGE, size_of(fd));
	EXPECT_EQ(before - 6, blocks_free());
	ASSERT_EQ(0, fallocate(fd, FALLOC_FL_ZERO_RANGE, 3 * PAGE, 3 * PAGE));
	EXPECT_EQ(6 * PAGE, size_of(fd));
	close(fd);
}

TEST_ON(holes, no_room)
{
	int fd = make(self->root, "f");

	ASSERT_LE(0, fd);
	ASSERT_EQ(3, pwrite(fd, "abc", 3, 0));
	EXPECT_EQ(ENOSPC, ERR(fallocate(fd, 0, 0, 2 * BLOCKS * PAGE)));
	EXPECT_EQ(ENOSPC, ERR(fallocate(fd, 0, PAGE, BLOCKS * PAGE)));
	EXPECT_EQ(3, size_of(fd));
	EXPECT_EQ(BLOCKS - 1, blocks_free());
	EXPECT_TRUE(testfs_content_is(self->root, "f", "abc"));
	close(fd);
}

/* What is noted about so much room is more than kmalloc() gives. */
TEST_ON(holes, much_room)
{
	const off_t size = 66L << 30;
	struct stat st;
	int fd = make(self->root, "f");

	if (!testfs_is_samplefs())
		SKIP(return, "fallocate(2) of other filesystems may need the memory");
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, mount(NULL, TESTFS_MOUNT, NULL, MS_REMOUNT, "size=100g"));
	ASSERT_EQ(0, fallocate(fd, 0, 0, size));
	ASSERT_EQ(0, fstat(fd, &st));
	EXPECT_EQ(size / 512, st.st_blocks);
	EXPECT_EQ(0, ftruncate(fd, 0));
	ASSERT_EQ(0, fstat(fd, &st));
	EXPECT_EQ(0, st.st_blocks);
	close(fd);
}

static volatile sig_atomic_t ticks;

static void tick(int signal)
{
	(void)signal;
	ticks++;
}

/* Who has a timer gets there, too. */
TEST_ON(holes, signals)
{
	const struct itimerval often = { { 0, 1000 }, { 0, 1000 } }, never = { { 0, 0 }, { 0, 0 } };
	int fd = make(self->root, "f");

	if (!testfs_is_samplefs())
		SKIP(return, "fallocate(2) of other filesystems may need the memory");
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, mount(NULL, TESTFS_MOUNT, NULL, MS_REMOUNT, "size=100g"));
	signal(SIGALRM, tick);
	ASSERT_EQ(0, setitimer(ITIMER_REAL, &often, NULL));
	EXPECT_EQ(0, fallocate(fd, 0, 0, 16L << 30));
	ASSERT_EQ(0, setitimer(ITIMER_REAL, &never, NULL));
	EXPECT_LT(0, ticks);
	close(fd);
}

TEST_ON(holes, limit_of_the_task)
{
	struct rlimit limit = { 4 * PAGE, RLIM_INFINITY };
	int fd = make(self->root, "f");

	ASSERT_LE(0, fd);
	signal(SIGXFSZ, SIG_IGN);
	ASSERT_EQ(0, setrlimit(RLIMIT_FSIZE, &limit));
	EXPECT_EQ(EFBIG, ERR(fallocate(fd, 0, 0, 5 * PAGE)));
	EXPECT_EQ(0, fallocate(fd, 0, 0, 4 * PAGE));
	close(fd);
}

TEST_ON(holes, changes_times_and_mode)
{
	struct stat before, after;
	int fd = make(self->root, "f");

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, fchown(fd, 1000, 1000));
	ASSERT_EQ(0, fchmod(fd, 04777));
	ASSERT_EQ(0, fstat(fd, &before));
	usleep(20000);
	ASSERT_EQ(0, seteuid(1000));
	ASSERT_EQ(0, fallocate(fd, 0, 0, PAGE));
	ASSERT_EQ(0, seteuid(0));
	ASSERT_EQ(0, fstat(fd, &after));
	EXPECT_TRUE(after.st_mtim.tv_sec > before.st_mtim.tv_sec ||
		    after.st_mtim.tv_nsec != before.st_mtim.tv_nsec);
	EXPECT_EQ(0777, after.st_mode & 07777);
	close(fd);
}

/* Against faults and reads that bring pages in at the same time. */
TEST_ON(holes, punch_while_mapped)
{
	int fd = make(self->root, "f"), i;
	volatile char *map;
	pid_t pid;

	ASSERT_LE(0, fd);
	ASSERT_TRUE(fill(fd, 0, 8, 'm'));
	map = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, (void *)map);
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		for (i = 0; i < 3000; i++)
			map[(i % 8) * PAGE] = 'c';
		_exit(0);
	}
	for (i = 0; i < 300; i++)
		ASSERT_EQ(0, fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				       (i % 7) * PAGE, 2 * PAGE));
	EXPECT_EQ(0, testfs_wait(pid));
	munmap((void *)map, 8 * PAGE);
	ASSERT_EQ(0, ftruncate(fd, 0));
	EXPECT_EQ(BLOCKS, blocks_free());
	close(fd);
}

/* A hole that ends within a large folio, which cannot be split: somebody has its pages. */
#define AT	(8 << 20)
#define FOLIO	(16 * PAGE)
#define WITHIN	(8 * PAGE)
#define HOLE	(AT + WITHIN)

struct race {
	volatile char *map;
	atomic_bool ends;
};

/* Writes into the last pages of the hole. */
static void *writer(void *arg)
{
	struct race *race = arg;
	long page;

	while (!atomic_load(&race->ends)) {
		for (page = 0; page < WITHIN; page += PAGE)
			race->map[page] = 'w';
	}
	return NULL;
}

/* What was written while the hole was made is in it or is not, but does not go later. */
TEST_ON(holes, punch_while_written)
{
	char before[FOLIO], after[FOLIO];
	int fd = make(self->root, "f"), pipes[2];
	struct race race = { 0 };
	pthread_t thread;
	loff_t at = AT;
	char *map;
	long i;

	if (!testfs_is_samplefs())
		SKIP(return, "tmpfs has only the page cache");
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, mount(NULL, TESTFS_MOUNT, NULL, MS_REMOUNT, "size=64m"));
	memset(before, 'o', FOLIO);
	for (i = 0; i <= AT; i += FOLIO)
		ASSERT_EQ(FOLIO, pwrite(fd, before, FOLIO, i));
	/* What is below the page cache takes a while to free. */
	ASSERT_EQ(0, fsync(fd));
	ASSERT_EQ(0, pipe(pipes));
	ASSERT_EQ(PAGE, splice(fd, &at, pipes[1], NULL, PAGE, 0));
	map = mmap(NULL, FOLIO, PROT_READ | PROT_WRITE, MAP_SHARED, fd, AT);
	ASSERT_NE(MAP_FAILED, (void *)map);
	race.map = map;
	ASSERT_EQ(0, pthread_create(&thread, NULL, writer, &race));
	ASSERT_EQ(0, fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, HOLE));
	atomic_store(&race.ends, true);
	ASSERT_EQ(0, pthread_join(thread, NULL));
	ASSERT_EQ(0, munmap(map, FOLIO));
	ASSERT_EQ(FOLIO, pread(fd, before, FOLIO, AT));
	close(pipes[0]);
	close(pipes[1]);
	ASSERT_EQ(0, fsync(fd));
	ASSERT_TRUE(drop_caches());
	ASSERT_EQ(FOLIO, pread(fd, after, FOLIO, AT));
	for (i = 0; i < FOLIO; i += PAGE)
		EXPECT_EQ(before[i], after[i]);
	close(fd);
}

static ssize_t copy(int in, off_t from, int out, off_t to, size_t size)
{
	return syscall(SYS_copy_file_range, in, &from, out, &to, size, 0);
}

TEST_ON(holes, copy_file_range)
{
	int a = make(self->root, "a"), b = make(self->root, "b");

	ASSERT_LE(0, a);
	ASSERT_LE(0, b);
	ASSERT_TRUE(fill(a, 0, 3, 'a'));
	EXPECT_EQ(2 * PAGE + 7, copy(a, 100, b, PAGE, 2 * PAGE + 7));
	EXPECT_EQ(3 * PAGE + 7, size_of(b));
	EXPECT_TRUE(all(b, 0, PAGE, 0));
	EXPECT_TRUE(all(b, PAGE, 3 * PAGE + 7, 'a'));
	/* As far as there is something, and not onto itself. */
	EXPECT_EQ(PAGE, copy(a, 2 * PAGE, b, 0, 9 * PAGE));
	EXPECT_EQ(0, copy(a, 3 * PAGE, b, 0, PAGE));
	EXPECT_EQ(EINVAL, ERR(copy(a, 0, a, 100, PAGE)));
	EXPECT_EQ(PAGE, copy(a, 0, a, 5 * PAGE, PAGE));
	close(a);
	close(b);
}

/* From one mount to another of the same filesystem; others are EXDEV. */
TEST_ON(holes, copy_between_mounts)
{
	int a = make(self->root, "a"), b, other;

	if (!testfs_is_samplefs())
		SKIP(return, "tmpfs cannot");
	ASSERT_LE(0, a);
	ASSERT_TRUE(fill(a, 0, 2, 'm'));
	ASSERT_EQ(0, mkdir(TESTFS_SCRATCH "/other", 0755));
	ASSERT_EQ(0, mount("other", TESTFS_SCRATCH "/other", testfs_type(), 0, ""));
	b = open(TESTFS_SCRATCH "/other/b", O_CREAT | O_RDWR | O_CLOEXEC, 0644);
	ASSERT_LE(0, b);
	EXPECT_EQ(2 * PAGE, copy(a, 0, b, 0, 2 * PAGE));
	EXPECT_TRUE(all(b, 0, 2 * PAGE, 'm'));
	other = open(TESTFS_SCRATCH "/c", O_CREAT | O_RDWR | O_CLOEXEC, 0644);
	ASSERT_LE(0, other);
	EXPECT_EQ(EXDEV, ERR(copy(a, 0, other, 0, PAGE)));
	close(other);
	close(b);
	EXPECT_EQ(0, umount(TESTFS_SCRATCH "/other"));
	EXPECT_EQ(0, rmdir(TESTFS_SCRATCH "/other"));
	close(a);
}

TESTFS_MAIN
