// SPDX-License-Identifier: GPL-2.0
/*
 * Reading directories: complete, without repetition, while names come and go.
 */
#include "testfs.h"

#include <dirent.h>
#include <signal.h>

TESTFS_FIXTURE(dir, "")

/* Names that exist throughout are "s000" and so on; all others come and go. */
#define STABLE	150

struct entry {
	unsigned long d_ino;
	long d_off;
	unsigned short d_reclen;
	unsigned char d_type;
	char d_name[];
};

struct seen {
	unsigned int stable[STABLE];
	unsigned int dot, dotdot, other;
	bool malformed;
};

static int make_stable(int dir)
{
	char name[16];
	int i;

	for (i = 0; i < STABLE; i++) {
		snprintf(name, sizeof(name), "s%03d", i);
		if (testfs_touch(dir, name))
			return -1;
	}
	return 0;
}

static void note(struct seen *seen, const char *name)
{
	int i;

	if (!strcmp(name, "."))
		seen->dot++;
	else if (!strcmp(name, ".."))
		seen->dotdot++;
	else if (sscanf(name, "s%d", &i) == 1 && i >= 0 && i < STABLE && strlen(name) == 4)
		seen->stable[i]++;
	else
		seen->other++;
}

/* Reads on from where the descriptor stands, through a buffer of this size. */
static int read_all(int fd, size_t size, struct seen *seen)
{
	char buf[4096] __attribute__((aligned(8)));
	long n, at;

	while ((n = syscall(SYS_getdents64, fd, buf, size)) > 0) {
		for (at = 0; at < n; ) {
			struct entry *e = (struct entry *)(buf + at);

			if (!e->d_ino || !e->d_reclen || e->d_reclen > n - at)
				seen->malformed = true;
			note(seen, e->d_name);
			at += e->d_reclen;
		}
	}
	return n;
}

static int count_wrong(const struct seen *seen)
{
	int i, wrong = seen->dot != 1 || seen->dotdot != 1 || seen->malformed;

	for (i = 0; i < STABLE; i++)
		wrong += seen->stable[i] != 1;
	return wrong;
}

/* Runs in a child until it is killed. */
static pid_t churn(int dir, void (*step)(int dir, unsigned int round))
{
	pid_t pid = fork();
	unsigned int round;

	if (pid)
		return pid;
	for (round = 0; ; round++)
		step(dir, round);
}

static void end_churn(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void create_and_unlink(int dir, unsigned int round)
{
	char name[32];

	snprintf(name, sizeof(name), "t%u", round % 40);
	testfs_touch(dir, name);
	snprintf(name, sizeof(name), "t%u", (round + 20) % 40);
	unlinkat(dir, name, 0);
}

static void rename_around(int dir, unsigned int round)
{
	char old[32], new[32];

	snprintf(old, sizeof(old), "r%u", round % 60);
	snprintf(new, sizeof(new), "r%u", (round + 30) % 60);
	if (renameat(dir, old, dir, new))
		testfs_touch(dir, old);
}

TEST_ON(dir, lists_everything_once)
{
	static const size_t sizes[] = { 24, 32, 48, 100, 280, 1024, 4096 };
	size_t i;
	int fd;

	ASSERT_EQ(0, make_stable(self->root));
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct seen seen = { 0 };

		fd = openat(self->root, ".", O_RDONLY | O_DIRECTORY);
		ASSERT_LE(0, fd);
		EXPECT_EQ(0, read_all(fd, sizes[i], &seen));
		EXPECT_EQ(0, count_wrong(&seen))
			TH_LOG("buffer of %zu bytes", sizes[i]);
		EXPECT_EQ(0U, seen.other);
		/* At the end it stays at the end. */
		EXPECT_EQ(0, read_all(fd, sizes[i], &seen));
		EXPECT_EQ(0, count_wrong(&seen));
		close(fd);
	}
	fd = openat(self->root, ".", O_RDONLY | O_DIRECTORY);
	EXPECT_EQ(EINVAL, ERR(syscall(SYS_getdents64, fd, (char[16]){ 0 }, 16)));
	close(fd);
}

TEST_ON(dir, types_and_inodes)
{
	struct dirent *e;
	struct stat st;
	int count = 0;
	DIR *d;

	ASSERT_EQ(0, mkdirat(self->root, "d", 0755));
	ASSERT_EQ(0, testfs_touch(self->root, "d/file"));
	ASSERT_EQ(0, mkdirat(self->root, "d/dir", 0755));
	ASSERT_EQ(0, symlinkat("x", self->root, "d/link"));
	ASSERT_EQ(0, mknodat(self->root, "d/fifo", S_IFIFO | 0644, 0));
	ASSERT_EQ(0, mknodat(self->root, "d/sock", S_IFSOCK | 0644, 0));
	d = fdopendir(openat(self->root, "d", O_RDONLY | O_DIRECTORY));
	ASSERT_NE(NULL, d);
	while ((e = readdir(d))) {
		ASSERT_EQ(0, fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW));
		EXPECT_EQ(st.st_ino, e->d_ino)
			TH_LOG("inode of %s", e->d_name);
		EXPECT_EQ(IFTODT(st.st_mode), e->d_type)
			TH_LOG("type of %s", e->d_name);
		count++;
	}
	EXPECT_EQ(7, count);
	closedir(d);
}

TEST_ON(dir, seek_to_any_entry)
{
	struct {
		long off;
		char name[8];
	} place[STABLE + 2];
	struct dirent *e;
	int i, n = 0;
	DIR *d;

	ASSERT_EQ(0, make_stable(self->root));
	d = fdopendir(openat(self->root, ".", O_RDONLY | O_DIRECTORY));
	ASSERT_NE(NULL, d);
	for (;;) {
		long off = telldir(d);

		e = readdir(d);
		if (!e)
			break;
		ASSERT_GT(STABLE + 2, n);
		place[n].off = off;
		snprintf(place[n].name, sizeof(place[n].name), "%.7s", e->d_name);
		n++;
	}
	ASSERT_EQ(STABLE + 2, n);
	for (i = n - 1; i >= 0; i -= 7) {
		seekdir(d, place[i].off);
		e = readdir(d);
		ASSERT_NE(NULL, e);
		EXPECT_STREQ(place[i].name, e->d_name);
	}
	/* Still so when entries on both sides have gone. */
	ASSERT_EQ(0, unlinkat(self->root, place[20].name, 0));
	ASSERT_EQ(0, unlinkat(self->root, place[60].name, 0));
	seekdir(d, place[40].off);
	e = readdir(d);
	ASSERT_NE(NULL, e);
	EXPECT_STREQ(place[40].name, e->d_name);
	/* And where the entry itself has gone, the next one follows. */
	ASSERT_EQ(0, unlinkat(self->root, place[40].name, 0));
	seekdir(d, place[40].off);
	e = readdir(d);
	ASSERT_NE(NULL, e);
	EXPECT_STREQ(place[41].name, e->d_name);
	closedir(d);
}

TEST_ON(dir, rewind_sees_new_entries)
{
	struct seen seen = { 0 }, again = { 0 };
	int fd;

	ASSERT_EQ(0, make_stable(self->root));
	fd = openat(self->root, ".", O_RDONLY | O_DIRECTORY);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, read_all(fd, 4096, &seen));
	ASSERT_EQ(0, testfs_touch(self->root, "later"));
	ASSERT_EQ(0, lseek(fd, 0, SEEK_SET));
	ASSERT_EQ(0, read_all(fd, 4096, &again));
	EXPECT_EQ(0, count_wrong(&again));
	EXPECT_EQ(1U, again.other);
	close(fd);
}

TEST_ON(dir, two_readers)
{
	struct seen one = { 0 }, two = { 0 };
	char buf[32] __attribute__((aligned(8)));
	int a, b;

	ASSERT_EQ(0, make_stable(self->root));
	a = openat(self->root, ".", O_RDONLY | O_DIRECTORY);
	b = openat(self->root, ".", O_RDONLY | O_DIRECTORY);
	ASSERT_LE(0, a);
	ASSERT_LE(0, b);
	for (;;) {
		long n = syscall(SYS_getdents64, a, buf, sizeof(buf));

		if (n <= 0)
			break;
		note(&one, ((struct entry *)buf)->d_name);
		n = syscall(SYS_getdents64, b, buf, sizeof(buf));
		if (n > 0)
			note(&two, ((struct entry *)buf)->d_name);
	}
	EXPECT_EQ(0, count_wrong(&one));
	EXPECT_EQ(0, count_wrong(&two));
	close(a);
	close(b);
}

TEST_ON(dir, stable_while_others_come_and_go)
{
	static const size_t sizes[] = { 32, 200, 4096 };
	pid_t pids[2];
	int fd, round;

	ASSERT_EQ(0, make_stable(self->root));
	pids[0] = churn(self->root, create_and_unlink);
	pids[1] = churn(self->root, rename_around);
	for (round = 0; round < 30; round++) {
		struct seen seen = { 0 };

		fd = openat(self->root, ".", O_RDONLY | O_DIRECTORY);
		EXPECT_LE(0, fd);
		EXPECT_EQ(0, read_all(fd, sizes[round % 3], &seen));
		EXPECT_EQ(0, count_wrong(&seen))
			TH_LOG("round %d, buffer of %zu bytes", round, sizes[round % 3]);
		close(fd);
	}
	end_churn(pids[0]);
	end_churn(pids[1]);
}

TEST_ON(dir, seek_while_others_come_and_go)
{
	pid_t pid;
	int round;

	ASSERT_EQ(0, make_stable(self->root));
	pid = churn(self->root, create_and_unlink);
	for (round = 0; round < 10; round++) {
		struct seen seen = { 0 };
		char buf[64] __attribute__((aligned(8)));
		int fd = openat(self->root, ".", O_RDONLY | O_DIRECTORY);
		long n, at;

		EXPECT_LE(0, fd);
		/* Another descriptor goes on at each place that the first one had. */
		while ((n = syscall(SYS_getdents64, fd, buf, sizeof(buf))) > 0) {
			long off = 0;
			int next = openat(self->root, ".", O_RDONLY | O_DIRECTORY);

			for (at = 0; at < n; at += ((struct entry *)(buf + at))->d_reclen) {
				note(&seen, ((struct entry *)(buf + at))->d_name);
				off = ((struct entry *)(buf + at))->d_off;
			}
			EXPECT_EQ(off, lseek(next, off, SEEK_SET));
			close(fd);
			fd = next;
		}
		EXPECT_EQ(0, n);
		EXPECT_EQ(0, count_wrong(&seen))
			TH_LOG("round %d", round);
		close(fd);
	}
	end_churn(pid);
}

TEST_ON(dir, remove_while_reading)
{
	char buf[200] __attribute__((aligned(8)));
	int fd, removed = 0;
	long n, at;

	ASSERT_EQ(0, mkdirat(self->root, "d", 0755));
	fd = openat(self->root, "d", O_RDONLY | O_DIRECTORY);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, make_stable(fd));
	/* As rm -r does it: nothing may be passed over. */
	while ((n = syscall(SYS_getdents64, fd, buf, sizeof(buf))) > 0) {
		for (at = 0; at < n; at += ((struct entry *)(buf + at))->d_reclen) {
			const char *name = ((struct entry *)(buf + at))->d_name;

			if (name[0] == '.')
				continue;
			ASSERT_EQ(0, unlinkat(fd, name, 0));
			removed++;
		}
	}
	EXPECT_EQ(STABLE, removed);
	close(fd);
	EXPECT_EQ(0, unlinkat(self->root, "d", AT_REMOVEDIR));
}

TEST_ON(dir, rename_while_reading)
{
	char buf[64] __attribute__((aligned(8))), new[32];
	int fd, seen = 0;
	long n, at;

	ASSERT_EQ(0, make_stable(self->root));
	fd = openat(self->root, ".", O_RDONLY | O_DIRECTORY);
	ASSERT_LE(0, fd);
	/* An entry that moves may be met again under its new name, but not for ever. */
	while ((n = syscall(SYS_getdents64, fd, buf, sizeof(buf))) > 0) {
		for (at = 0; at < n; at += ((struct entry *)(buf + at))->d_reclen) {
			const char *name = ((struct entry *)(buf + at))->d_name;

			if (name[0] != 's')
				continue;
			snprintf(new, sizeof(new), "x%s", name);
			ASSERT_EQ(0, renameat(self->root, name, self->root, new));
			seen++;
		}
	}
	EXPECT_EQ(0, n);
	EXPECT_EQ(STABLE, seen);
	close(fd);
}

TEST_ON(dir, removed_directory_is_empty)
{
	struct seen seen = { 0 };
	int fd;

	ASSERT_EQ(0, mkdirat(self->root, "d", 0755));
	fd = openat(self->root, "d", O_RDONLY | O_DIRECTORY);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, unlinkat(self->root, "d", AT_REMOVEDIR));
	/* The kernel may also refuse to read it at all. */
	if (read_all(fd, 4096, &seen))
		EXPECT_EQ(ENOENT, errno);
	EXPECT_EQ(0U, seen.other);
	close(fd);
}

TESTFS_MAIN
