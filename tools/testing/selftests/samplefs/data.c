// SPDX-License-Identifier: GPL-2.0
/*
 * File data: read, write, append, holes, truncate, mmap, splice, locks, exec.
 */
#include "testfs.h"

#include <setjmp.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/uio.h>

TESTFS_FIXTURE(data, "")

static sigjmp_buf bus_jump;

static void on_bus(int sig)
{
	siglongjmp(bus_jump, sig);
}

/* True if touching the byte raises SIGBUS. */
static bool raises_bus(volatile char *byte, bool write)
{
	struct sigaction action = { .sa_handler = on_bus }, old;
	bool raised = true;

	sigaction(SIGBUS, &action, &old);
	if (!sigsetjmp(bus_jump, 1)) {
		if (write)
			*byte = 1;
		else
			(void)*byte;
		raised = false;
	}
	sigaction(SIGBUS, &old, NULL);
	return raised;
}

/* The byte that belongs at this place of a test file. */
static unsigned char pattern(size_t at)
{
	return at * 31 + at / 251;
}

static void fill(unsigned char *buf, size_t at, size_t size)
{
	size_t i;

	for (i = 0; i < size; i++)
		buf[i] = pattern(at + i);
}

static int open_new(int dir, const char *name)
{
	return openat(dir, name, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0644);
}

TEST_ON(data, write_and_read_back)
{
	static const size_t sizes[] = { 1, 2, 511, 512, 4095, 4096, 4097, 65535, 65536, 200001 };
	unsigned char *out, *in;
	size_t i, at = 0;
	int fd = open_new(self->root, "f");

	ASSERT_LE(0, fd);
	out = malloc(200001);
	in = malloc(200001);
	ASSERT_NE(NULL, out);
	ASSERT_NE(NULL, in);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		fill(out, at, sizes[i]);
		ASSERT_EQ((ssize_t)sizes[i], write(fd, out, sizes[i]));
		at += sizes[i];
	}
	ASSERT_EQ((off_t)at, lseek(fd, 0, SEEK_END));
	ASSERT_EQ(0, lseek(fd, 0, SEEK_SET));
	/* Read in other pieces than it was written in. */
	for (at = 0, i = 0; ; i++) {
		ssize_t n = read(fd, in, 1 + i * 777);

		ASSERT_LE(0, n);
		if (!n)
			break;
		fill(out, at, n);
		ASSERT_EQ(0, memcmp(in, out, n))
			TH_LOG("differs after %zu", at);
		at += n;
	}
	EXPECT_EQ(at, (size_t)lseek(fd, 0, SEEK_CUR));
	/* Overwrite in the middle, over a page's end. */
	ASSERT_EQ(100, pwrite(fd, memset(out, 'm', 100), 100, 4050));
	ASSERT_EQ(102, pread(fd, in, 102, 4049));
	EXPECT_EQ(0, memcmp(in + 1, out, 100));
	EXPECT_EQ(pattern(4049), in[0]);
	EXPECT_EQ(pattern(4150), in[101]);
	EXPECT_EQ(0, pread(fd, in, 10, at));
	EXPECT_EQ(0, pread(fd, in, 10, at + 100000));
	EXPECT_EQ(0, fsync(fd));
	EXPECT_EQ(0, fdatasync(fd));
	close(fd);
}

TEST_ON(data, vectors)
{
	char a[3] = "ab", b[5] = "cdef", c[8] = "";
	struct iovec out[] = { { a, 2 }, { b, 4 } };
	struct iovec in[] = { { c, 3 }, { c + 4, 3 } };
	int fd = open_new(self->root, "f");

	ASSERT_LE(0, fd);
	EXPECT_EQ(6, pwritev(fd, out, 2, 4094));
	EXPECT_EQ(6, preadv(fd, in, 2, 4094));
	EXPECT_STREQ("abc", c);
	EXPECT_STREQ("def", c + 4);
	close(fd);
}

TEST_ON(data, append_from_processes)
{
	enum { PROCESSES = 4, RECORDS = 100, SIZE = 97 };
	unsigned int seen[PROCESSES] = { 0 };
	char record[SIZE];
	struct stat st;
	pid_t pids[PROCESSES];
	int i, k, fd;

	for (i = 0; i < PROCESSES; i++) {
		pids[i] = fork();
		ASSERT_LE(0, pids[i]);
		if (pids[i])
			continue;
		fd = openat(self->root, "log", O_CREAT | O_WRONLY | O_APPEND, 0644);
		for (k = 0; k < RECORDS; k++) {
			memset(record, 'a' + i, SIZE);
			record[0] = k;
			if (write(fd, record, SIZE) != SIZE)
				_exit(1);
		}
		_exit(0);
	}
	for (i = 0; i < PROCESSES; i++)
		EXPECT_EQ(0, testfs_wait(pids[i]));

	fd = openat(self->root, "log", O_RDONLY);
	ASSERT_EQ(0, fstat(fd, &st));
	EXPECT_EQ(PROCESSES * RECORDS * SIZE, st.st_size);
	while (read(fd, record, SIZE) == SIZE) {
		i = record[1] - 'a';
		ASSERT_LE(0, i);
		ASSERT_GT(PROCESSES, i);
		/* Whole, and in the order of its writer. */
		for (k = 2; k < SIZE; k++)
			ASSERT_EQ(record[1], record[k]);
		ASSERT_EQ(seen[i], (unsigned int)record[0]);
		seen[i]++;
	}
	for (i = 0; i < PROCESSES; i++)
		EXPECT_EQ((unsigned int)RECORDS, seen[i]);
	close(fd);
}

TEST_ON(data, sparse_file)
{
	const off_t far = (off_t)3 << 32;
	char buf[4096], zero[4096] = "";
	struct stat st;
	int fd = open_new(self->root, "f");

	ASSERT_LE(0, fd);
	ASSERT_EQ(4, pwrite(fd, "tail", 4, far));
	ASSERT_EQ(0, fstat(fd, &st));
	EXPECT_EQ(far + 4, st.st_size);
	/* Room for the page of "tail", in units of 512 bytes, not for the hole. */
	EXPECT_GE(65536 / 512, st.st_blocks);
	EXPECT_LE(4096 / 512, st.st_blocks);
	EXPECT_EQ((ssize_t)sizeof(buf), pread(fd, buf, sizeof(buf), far / 2 + 17));
	EXPECT_EQ(0, memcmp(buf, zero, sizeof(buf)));
	EXPECT_EQ(8, pread(fd, buf, 8, far - 4));
	EXPECT_EQ(0, memcmp(buf, "\0\0\0\0tail", 8));
	close(fd);
}

TEST_ON(data, seek)
{
	off_t at;
	int fd = open_new(self->root, "f");

	ASSERT_LE(0, fd);
	ASSERT_EQ(1, pwrite(fd, "x", 1, 1 << 20));
	ASSERT_EQ(1, pwrite(fd, "x", 1, 4 << 20));
	EXPECT_EQ((4 << 20) + 1, lseek(fd, 0, SEEK_END));
	EXPECT_EQ(4 << 20, lseek(fd, -1, SEEK_CUR));
	EXPECT_EQ(8 << 20, lseek(fd, 8 << 20, SEEK_SET));
	EXPECT_EQ(EINVAL, ERR(lseek(fd, -1, SEEK_SET)));
	EXPECT_EQ(8 << 20, lseek(fd, 0, SEEK_CUR));

	/* Data is never called a hole; a hole may be called data. */
	at = lseek(fd, 0, SEEK_DATA);
	EXPECT_LE(0, at);
	EXPECT_GE(1 << 20, at);
	at = lseek(fd, 1 << 20, SEEK_HOLE);
	EXPECT_LT(1 << 20, at);
	EXPECT_GE((4 << 20) + 1, at);
	EXPECT_EQ((4 << 20) + 1, lseek(fd, 4 << 20, SEEK_HOLE));
	EXPECT_EQ(ENXIO, ERR(lseek(fd, (4 << 20) + 1, SEEK_DATA)));
	EXPECT_EQ(ENXIO, ERR(lseek(fd, (4 << 20) + 1, SEEK_HOLE)));
	close(fd);
}

TEST_ON(data, truncate)
{
	char buf[64], zero[64] = "";
	struct stat st;
	int fd = open_new(self->root, "f");

	ASSERT_LE(0, fd);
	memset(buf, 'x', sizeof(buf));
	for (int i = 0; i < 8192; i += sizeof(buf))
		ASSERT_EQ((ssize_t)sizeof(buf), write(fd, buf, sizeof(buf)));
	ASSERT_EQ(0, ftruncate(fd, 5000));
	ASSERT_EQ(0, fstat(fd, &st));
	EXPECT_EQ(5000, st.st_size);
	/* What was cut off does not come back. */
	ASSERT_EQ(0, ftruncate(fd, 20000));
	EXPECT_EQ((ssize_t)sizeof(buf), pread(fd, buf, sizeof(buf), 5000));
	EXPECT_EQ(0, memcmp(buf, zero, sizeof(buf)));
	EXPECT_EQ(1, pread(fd, buf, 1, 4999));
	EXPECT_EQ('x', buf[0]);
	EXPECT_EQ(1, pread(fd, buf, 1, 19999));
	EXPECT_EQ(0, buf[0]);
	ASSERT_EQ(0, ftruncate(fd, 0));
	ASSERT_EQ(0, fstat(fd, &st));
	EXPECT_EQ(0, st.st_size);
	EXPECT_EQ(0, st.st_blocks);
	EXPECT_EQ(EINVAL, ERR(ftruncate(fd, -1)));
	close(fd);

	ASSERT_EQ(0, mkdirat(self->root, "d", 0755));
	EXPECT_EQ(EISDIR, ERR(truncate(TESTFS_MOUNT "/d", 0)));
	fd = openat(self->root, "f", O_RDWR | O_TRUNC);
	ASSERT_LE(0, fd);
	EXPECT_EQ(EINVAL, ERR(pwrite(fd, "x", 1, -1)));
	ASSERT_EQ(0, fstat(fd, &st));
	EXPECT_EQ(0, st.st_size);
	close(fd);
}

TEST_ON(data, mmap_shared)
{
	const size_t size = 8 * 4096;
	char buf[8] = "", *a, *b;
	int i, fd = open_new(self->root, "f");
	pid_t pid;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, ftruncate(fd, size));
	a = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	b = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, a);
	ASSERT_NE(MAP_FAILED, b);
	for (i = 0; i < 8; i++) {
		EXPECT_EQ(0, b[i * 4096]);
		a[i * 4096] = 'A' + i;
		EXPECT_EQ('A' + i, b[i * 4096]);
		EXPECT_EQ(1, pread(fd, buf, 1, i * 4096));
		EXPECT_EQ('A' + i, buf[0]);
	}
	ASSERT_EQ(3, pwrite(fd, "new", 3, 4096));
	EXPECT_EQ(0, memcmp(b + 4096, "new", 3));
	EXPECT_EQ(0, msync(a, size, MS_SYNC));

	/* Another process sees it, and is seen. */
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		bool same = !memcmp(a + 4096, "new", 3);

		a[2 * 4096] = 'c';
		_exit(!same);
	}
	EXPECT_EQ(0, testfs_wait(pid));
	EXPECT_EQ('c', b[2 * 4096]);
	/* The mapping outlives descriptor and name. */
	close(fd);
	ASSERT_EQ(0, unlinkat(self->root, "f", 0));
	a[5] = 'z';
	EXPECT_EQ('z', b[5]);
	munmap(a, size);
	munmap(b, size);
}

TEST_ON(data, mmap_private)
{
	char *map, c;
	int fd = open_new(self->root, "f");

	ASSERT_LE(0, fd);
	ASSERT_EQ(3, write(fd, "abc", 3));
	map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	ASSERT_NE(MAP_FAILED, map);
	EXPECT_EQ(0, memcmp(map, "abc\0", 4));
	map[0] = 'X';
	EXPECT_EQ(1, pread(fd, &c, 1, 0));
	EXPECT_EQ('a', c);
	ASSERT_EQ(1, pwrite(fd, "Y", 1, 0));
	EXPECT_EQ('X', map[0]);
	munmap(map, 4096);
	close(fd);

	fd = openat(self->root, "f", O_RDONLY);
	ASSERT_LE(0, fd);
	map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	EXPECT_EQ(MAP_FAILED, map);
	EXPECT_EQ(EACCES, errno);
	close(fd);
}

TEST_ON(data, mmap_truncate)
{
	char *map;
	int fd = open_new(self->root, "f");

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, ftruncate(fd, 4 * 4096));
	map = mmap(NULL, 4 * 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, map);
	memset(map, 'x', 4 * 4096);
	ASSERT_EQ(0, ftruncate(fd, 4096 + 100));
	EXPECT_EQ('x', map[4096 + 99]);
	/* The rest of the last page is zero, beyond it is nothing. */
	EXPECT_EQ(0, map[4096 + 100]);
	EXPECT_TRUE(raises_bus(map + 2 * 4096, false));
	EXPECT_TRUE(raises_bus(map + 3 * 4096, true));
	ASSERT_EQ(0, ftruncate(fd, 4 * 4096));
	EXPECT_EQ(0, map[4096 + 200]);
	EXPECT_FALSE(raises_bus(map + 2 * 4096, false));
	EXPECT_EQ(0, map[2 * 4096]);
	munmap(map, 4 * 4096);
	close(fd);
}

TEST_ON(data, splice_and_sendfile)
{
	const size_t size = 50000;
	unsigned char *out, *in;
	loff_t at = 0;
	size_t done;
	int pipefd[2], a, b;
	ssize_t n;

	out = malloc(size);
	in = malloc(size);
	ASSERT_NE(NULL, out);
	ASSERT_NE(NULL, in);
	fill(out, 0, size);
	a = open_new(self->root, "a");
	b = open_new(self->root, "b");
	ASSERT_LE(0, a);
	ASSERT_LE(0, b);
	ASSERT_EQ((ssize_t)size, write(a, out, size));

	/* File to pipe to file. */
	ASSERT_EQ(0, pipe(pipefd));
	for (done = 0; done < size; done += n) {
		n = splice(a, &at, pipefd[1], NULL, 7000, 0);
		ASSERT_LT(0, n);
		ASSERT_EQ(n, splice(pipefd[0], NULL, b, NULL, n, 0));
	}
	EXPECT_EQ((ssize_t)size, pread(b, in, size, 0));
	EXPECT_EQ(0, memcmp(in, out, size));

	/* File to file, from the kernel's side. */
	ASSERT_EQ(0, ftruncate(b, 0));
	ASSERT_EQ(0, lseek(b, 0, SEEK_SET));
	for (at = 0; at < (loff_t)size; )
		ASSERT_LT(0, sendfile(b, a, &at, size - at));
	memset(in, 0, size);
	EXPECT_EQ((ssize_t)size, pread(b, in, size, 0));
	EXPECT_EQ(0, memcmp(in, out, size));

	ASSERT_EQ(0, ftruncate(b, 0));
	at = 100;
	ASSERT_EQ(1000, copy_file_range(a, &at, b, &(loff_t){ 50 }, 1000, 0));
	EXPECT_EQ(1000, pread(b, in, 2000, 50));
	EXPECT_EQ(0, memcmp(in, out + 100, 1000));
	close(a);
	close(b);
}

/* There is no other copy of the data than the page cache. */
TEST_ON(data, advice_loses_nothing)
{
	static const int advice[] = { POSIX_FADV_WILLNEED, POSIX_FADV_DONTNEED,
				      POSIX_FADV_NOREUSE };
	char buf[3 * 4096], seen[3 * 4096];
	size_t i;
	int fd = open_new(self->root, "f");

	ASSERT_LE(0, fd);
	memset(buf, 'd', sizeof(buf));
	/* With a hole before and behind. */
	ASSERT_EQ((ssize_t)sizeof(buf), pwrite(fd, buf, sizeof(buf), 40000));
	ASSERT_EQ(0, ftruncate(fd, 100000));
	for (i = 0; i < ARRAY_SIZE(advice); i++) {
		ASSERT_EQ(0, fsync(fd));
		ASSERT_EQ(0, syncfs(fd));
		ASSERT_EQ(0, posix_fadvise(fd, 0, 0, advice[i]));
		ASSERT_EQ((ssize_t)sizeof(seen), pread(fd, seen, sizeof(seen), 40000));
		EXPECT_EQ(0, memcmp(buf, seen, sizeof(buf)));
		ASSERT_EQ(1, pread(fd, seen, 1, 99999));
		EXPECT_EQ(0, seen[0]);
	}
	close(fd);
}

TEST_ON(data, locks)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 10 };
	int fd = open_new(self->root, "f");
	pid_t pid;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, fcntl(fd, F_SETLK, &lock));
	ASSERT_EQ(0, flock(fd, LOCK_EX));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		int other = openat(self->root, "f", O_RDWR);
		struct flock beside = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 10,
					.l_len = 5 };

		if (ERR(fcntl(other, F_SETLK, &lock)) != EAGAIN)
			_exit(1);
		if (fcntl(other, F_SETLK, &beside))
			_exit(2);
		if (ERR(flock(other, LOCK_EX | LOCK_NB)) != EWOULDBLOCK)
			_exit(3);
		_exit(0);
	}
	EXPECT_EQ(0, testfs_wait(pid));
	EXPECT_EQ(0, fcntl(fd, F_SETLEASE, F_WRLCK));
	EXPECT_EQ(F_WRLCK, fcntl(fd, F_GETLEASE));
	EXPECT_EQ(0, fcntl(fd, F_SETLEASE, F_UNLCK));
	close(fd);
}

TEST_ON(data, execute)
{
	const char *const truth[] = { TESTFS_MOUNT "/true", NULL };
	char buf[65536];
	ssize_t n;
	int in = open("/bin/true", O_RDONLY), out;

	if (in < 0)
		SKIP(return, "no /bin/true");
	out = openat(self->root, "true", O_CREAT | O_WRONLY, 0755);
	ASSERT_LE(0, out);
	while ((n = read(in, buf, sizeof(buf))) > 0)
		ASSERT_EQ(n, write(out, buf, n));
	ASSERT_EQ(0, n);
	close(in);
	close(out);
	EXPECT_EQ(0, testfs_run(truth));
	ASSERT_EQ(0, fchmodat(self->root, "true", 0644, 0));
	EXPECT_EQ(127, testfs_run(truth));
}

TESTFS_MAIN
