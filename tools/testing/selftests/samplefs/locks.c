// SPDX-License-Identifier: GPL-2.0
/*
 * File locks between processes, and leases: POSIX, of open files, flock. How many
 * locks there are is in /proc/self/fdinfo.
 */
#include "testfs.h"

#include <signal.h>
#include <sys/file.h>

TESTFS_FIXTURE(locks, "")

static int make(int dir, const char *name)
{
	return openat(dir, name, O_CREAT | O_RDWR | O_CLOEXEC, 0644);
}

static int posix(int fd, int cmd, int type, off_t start, off_t len)
{
	struct flock lock = {
		.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = len,
	};

	return fcntl(fd, cmd, &lock);
}

/* How many locks there are on the mount, or -1. */
static int count(int fd)
{
	char path[64], line[128];
	int found = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "samplefs-locks: %d", &found) == 1)
			break;
	}
	if (f)
		fclose(f);
	return found;
}

#define EXPECT_COUNT(expected, fd)						\
	do {									\
		if (testfs_is_samplefs())					\
			EXPECT_EQ(expected, count(fd));				\
	} while (0)

/* Runs in a child and says what it returned. */
#define IN_CHILD(expression)							\
	({									\
		pid_t child = fork();						\
										\
		if (!child)							\
			_exit(expression);					\
		child < 0 ? -1 : testfs_wait(child);				\
	})

/*
 * A child that waits for something that its parent holds, and then exits with 0. It
 * closes what holds it, or its parent's close would not be the last.
 */
static pid_t waiter(int fd, int kind, int pipe_fd, int holder)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	close(holder);
	if (write(pipe_fd, "w", 1) != 1)
		_exit(1);
	if (kind == LOCK_EX)
		_exit(flock(fd, LOCK_EX) ? errno : 0);
	_exit(posix(fd, kind, F_WRLCK, 0, 10) ? errno : 0);
}

static bool still_waits(pid_t pid)
{
	usleep(300000);
	return !waitpid(pid, NULL, WNOHANG);
}

TEST_ON(locks, posix)
{
	struct flock test = { .l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = 5, .l_len = 1 };
	int fd = make(self->root, "f"), other, ready[2];
	pid_t parent = getpid(), pid;
	char c;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, pipe(ready));
	ASSERT_EQ(0, posix(fd, F_SETLK, F_WRLCK, 0, 100));
	EXPECT_COUNT(1, fd);
	EXPECT_EQ(EAGAIN, IN_CHILD(ERR(posix(fd, F_SETLK, F_RDLCK, 50, 1))));
	EXPECT_EQ(0, IN_CHILD(ERR(posix(fd, F_SETLK, F_WRLCK, 100, 1))));
	EXPECT_EQ(0, IN_CHILD(fcntl(fd, F_GETLK, &test) || test.l_type != F_WRLCK ||
			      test.l_pid != parent || test.l_start != 0 || test.l_len != 100));

	/* The middle goes: two are left, which are neighbours of the child's. */
	ASSERT_EQ(0, posix(fd, F_SETLK, F_UNLCK, 40, 20));
	EXPECT_COUNT(2, fd);
	EXPECT_EQ(0, IN_CHILD(ERR(posix(fd, F_SETLK, F_WRLCK, 40, 20))));
	EXPECT_EQ(EAGAIN, IN_CHILD(ERR(posix(fd, F_SETLK, F_WRLCK, 39, 20))));
	EXPECT_COUNT(2, fd);
	/* Merged again, and changed into one for reading in its middle: three. */
	ASSERT_EQ(0, posix(fd, F_SETLK, F_WRLCK, 0, 100));
	EXPECT_COUNT(1, fd);
	ASSERT_EQ(0, posix(fd, F_SETLK, F_RDLCK, 10, 10));
	EXPECT_COUNT(3, fd);
	EXPECT_EQ(0, IN_CHILD(ERR(posix(fd, F_SETLK, F_RDLCK, 10, 10))));

	/* Who waits gets it. */
	pid = waiter(fd, F_SETLKW, ready[1], -1);
	ASSERT_LE(0, pid);
	ASSERT_EQ(1, read(ready[0], &c, 1));
	EXPECT_TRUE(still_waits(pid));
	ASSERT_EQ(0, posix(fd, F_SETLK, F_UNLCK, 0, 10));
	EXPECT_EQ(0, testfs_wait(pid));

	/* Any close of the file by the process takes all away. */
	other = make(self->root, "f");
	ASSERT_LE(0, other);
	close(other);
	EXPECT_COUNT(0, fd);
	EXPECT_EQ(0, IN_CHILD(ERR(posix(fd, F_SETLK, F_WRLCK, 0, 0))));
	EXPECT_COUNT(0, fd);
	close(fd);
}

TEST_ON(locks, interrupted)
{
	int fd = make(self->root, "f"), ready[2];
	pid_t pid;
	char c;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, pipe(ready));
	ASSERT_EQ(0, posix(fd, F_SETLK, F_WRLCK, 0, 0));
	pid = waiter(fd, F_SETLKW, ready[1], -1);
	ASSERT_LE(0, pid);
	ASSERT_EQ(1, read(ready[0], &c, 1));
	EXPECT_TRUE(still_waits(pid));
	EXPECT_COUNT(2, fd);
	ASSERT_EQ(0, kill(pid, SIGKILL));
	EXPECT_EQ(128 + SIGKILL, testfs_wait(pid));
	EXPECT_COUNT(1, fd);
	close(fd);
}

TEST_ON(locks, deadlock)
{
	int fd = make(self->root, "f"), ready[2], status;
	pid_t pid;
	char c;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, pipe(ready));
	ASSERT_EQ(0, posix(fd, F_SETLK, F_WRLCK, 0, 1));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		if (posix(fd, F_SETLK, F_WRLCK, 1, 1) || write(ready[1], "w", 1) != 1)
			_exit(1);
		_exit(posix(fd, F_SETLKW, F_WRLCK, 0, 1) ? 2 : 0);
	}
	ASSERT_EQ(1, read(ready[0], &c, 1));
	EXPECT_TRUE(still_waits(pid));
	EXPECT_EQ(EDEADLK, ERR(posix(fd, F_SETLKW, F_WRLCK, 1, 1)));
	ASSERT_EQ(0, posix(fd, F_SETLK, F_UNLCK, 0, 1));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_COUNT(0, fd);
	close(fd);
}

TEST_ON(locks, of_open_file)
{
	int a = make(self->root, "f"), b = make(self->root, "f");

	ASSERT_LE(0, a);
	ASSERT_LE(0, b);
	ASSERT_EQ(0, posix(a, F_OFD_SETLK, F_WRLCK, 0, 10));
	EXPECT_EQ(EAGAIN, ERR(posix(b, F_OFD_SETLK, F_RDLCK, 9, 1)));
	EXPECT_COUNT(1, b);
	close(a);
	EXPECT_COUNT(0, b);
	EXPECT_EQ(0, posix(b, F_OFD_SETLK, F_WRLCK, 0, 10));
	close(b);
}

TEST_ON(locks, flock)
{
	int a = make(self->root, "f"), b = make(self->root, "f"), ready[2];
	pid_t pid;
	char c;

	ASSERT_LE(0, a);
	ASSERT_LE(0, b);
	ASSERT_EQ(0, pipe(ready));
	ASSERT_EQ(0, flock(a, LOCK_SH));
	EXPECT_EQ(0, flock(b, LOCK_SH | LOCK_NB));
	EXPECT_COUNT(2, a);
	EXPECT_EQ(EAGAIN, ERR(flock(b, LOCK_EX | LOCK_NB)));
	/* The kernel takes the old lock away before it tries the new one. */
	EXPECT_COUNT(1, a);
	ASSERT_EQ(0, flock(a, LOCK_EX));
	EXPECT_COUNT(1, a);
	EXPECT_EQ(EAGAIN, ERR(flock(b, LOCK_SH | LOCK_NB)));
	/* They are of the open file, not of the process. */
	EXPECT_EQ(0, IN_CHILD(ERR(flock(a, LOCK_EX | LOCK_NB))));
	/* The two kinds do not know each other. */
	EXPECT_EQ(0, IN_CHILD(ERR(posix(b, F_SETLK, F_WRLCK, 0, 0))));

	pid = waiter(b, LOCK_EX, ready[1], a);
	ASSERT_LE(0, pid);
	ASSERT_EQ(1, read(ready[0], &c, 1));
	EXPECT_TRUE(still_waits(pid));
	close(a);
	EXPECT_EQ(0, testfs_wait(pid));
	/* The child has locked the open file that we have, too. */
	EXPECT_COUNT(1, b);
	ASSERT_EQ(0, flock(b, LOCK_UN));
	EXPECT_COUNT(0, b);
	close(b);
}

static volatile sig_atomic_t broken;

static void on_break(int sig)
{
	broken = sig;
}

TEST_ON(locks, lease)
{
	struct sigaction action = { .sa_handler = on_break, .sa_flags = SA_RESTART };
	int fd = make(self->root, "f"), i;
	pid_t pid;

	ASSERT_LE(0, fd);
	/* For writing: nobody else has it open. */
	ASSERT_EQ(0, fcntl(fd, F_SETLEASE, F_WRLCK));
	EXPECT_EQ(F_WRLCK, fcntl(fd, F_GETLEASE));
	sigaction(SIGIO, &action, NULL);
	EXPECT_EQ(EAGAIN, IN_CHILD(ERR(openat(self->root, "f", O_RDONLY | O_NONBLOCK))));
	EXPECT_EQ(SIGIO, broken);

	/* Who opens it waits until the lease is given back. */
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid)
		_exit(openat(self->root, "f", O_RDONLY) < 0);
	EXPECT_TRUE(still_waits(pid));
	ASSERT_EQ(0, fcntl(fd, F_SETLEASE, F_UNLCK));
	EXPECT_EQ(0, testfs_wait(pid));
	EXPECT_EQ(F_UNLCK, fcntl(fd, F_GETLEASE));
	close(fd);

	/* For reading, and broken by who writes. */
	fd = openat(self->root, "f", O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, fcntl(fd, F_SETLEASE, F_RDLCK));
	EXPECT_EQ(0, IN_CHILD(ERR(openat(self->root, "f", O_RDONLY | O_NONBLOCK))));
	broken = 0;
	EXPECT_EQ(EAGAIN, IN_CHILD(ERR(openat(self->root, "f", O_WRONLY | O_NONBLOCK))));
	for (i = 0; i < 20 && !broken; i++)
		usleep(50000);
	EXPECT_EQ(SIGIO, broken);
	/* A lease goes with its file. */
	close(fd);
	fd = make(self->root, "f");
	EXPECT_LE(0, fd);
	EXPECT_EQ(EAGAIN, ERR(fcntl(fd, F_SETLEASE, F_RDLCK)));
	close(fd);
}

/* What an open directory remembers is its own, and goes with it. */
TEST_ON(locks, private_data)
{
	int fds[64];
	unsigned int round, i;

	for (round = 0; round < 20; round++) {
		for (i = 0; i < 64; i++) {
			fds[i] = openat(self->root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
			ASSERT_LE(0, fds[i]);
		}
		for (i = 0; i < 64; i++)
			ASSERT_EQ(0, close(fds[i]));
	}
	/* One whose open fails never had it. */
	EXPECT_EQ(EINVAL, ERR(openat(self->root, ".", O_RDONLY | O_DIRECTORY | O_DIRECT)));
}

TESTFS_MAIN
