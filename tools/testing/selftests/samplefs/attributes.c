// SPDX-License-Identifier: GPL-2.0
/*
 * Attributes: mode, owner, times, setgid inheritance, the sticky bit, umask.
 */
#include "testfs.h"

#include <grp.h>
#include <sys/sysmacros.h>
#include <time.h>

/* Of nobody in particular, and not root. */
#define USER	12345
#define OTHER	23456
#define GROUP	34567

TESTFS_FIXTURE(attr, "mode=1777")

static struct stat stat_of(int dir, const char *name)
{
	struct stat st = { 0 };

	fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW);
	return st;
}

static bool later(struct timespec a, struct timespec b)
{
	return a.tv_sec > b.tv_sec || (a.tv_sec == b.tv_sec && a.tv_nsec > b.tv_nsec);
}

/* Coarser than any clock that a filesystem takes its times from. */
static void tick(void)
{
	usleep(20000);
}

/* Becomes an ordinary user, in a child. */
static void become(uid_t uid, gid_t gid)
{
	if (setgroups(0, NULL) || setresgid(gid, gid, gid) || setresuid(uid, uid, uid))
		_exit(99);
}

TEST_ON(attr, mode_and_umask)
{
	int fd;

	umask(027);
	fd = openat(self->root, "f", O_CREAT | O_RDWR, 0666);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, mkdirat(self->root, "d", 0777));
	ASSERT_EQ(0, mknodat(self->root, "n", S_IFIFO | 0666, 0));
	EXPECT_EQ(S_IFREG | 0640U, stat_of(self->root, "f").st_mode);
	EXPECT_EQ(S_IFDIR | 0750U, stat_of(self->root, "d").st_mode);
	EXPECT_EQ(S_IFIFO | 0640U, stat_of(self->root, "n").st_mode);
	ASSERT_EQ(0, symlinkat("x", self->root, "l"));
	EXPECT_EQ(S_IFLNK | 0777U, stat_of(self->root, "l").st_mode);
	ASSERT_EQ(0, fchmod(fd, 07123));
	EXPECT_EQ(S_IFREG | 07123U, stat_of(self->root, "f").st_mode);
	ASSERT_EQ(0, fchmodat(self->root, "d", 0, 0));
	EXPECT_EQ(S_IFDIR | 0U, stat_of(self->root, "d").st_mode);
	close(fd);
}

TEST_ON(attr, owner)
{
	struct stat st;
	int fd = openat(self->root, "f", O_CREAT | O_RDWR, 0755);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, fchmod(fd, 06755));
	ASSERT_EQ(0, fchown(fd, USER, GROUP));
	st = stat_of(self->root, "f");
	EXPECT_EQ((uid_t)USER, st.st_uid);
	EXPECT_EQ((gid_t)GROUP, st.st_gid);
	/* A change of owner takes the set-id bits away. */
	EXPECT_EQ(S_IFREG | 0755U, st.st_mode);
	ASSERT_EQ(0, fchown(fd, -1, 7));
	st = stat_of(self->root, "f");
	EXPECT_EQ((uid_t)USER, st.st_uid);
	EXPECT_EQ((gid_t)7, st.st_gid);
	close(fd);

	ASSERT_EQ(0, symlinkat("f", self->root, "l"));
	ASSERT_EQ(0, fchownat(self->root, "l", OTHER, OTHER, AT_SYMLINK_NOFOLLOW));
	EXPECT_EQ((uid_t)OTHER, stat_of(self->root, "l").st_uid);
	EXPECT_EQ((uid_t)USER, stat_of(self->root, "f").st_uid);
}

TEST_ON(attr, owner_of_new_files)
{
	pid_t pid = fork();

	ASSERT_LE(0, pid);
	if (!pid) {
		become(USER, GROUP);
		if (testfs_touch(self->root, "f") || mkdirat(self->root, "d", 0700) ||
		    symlinkat("x", self->root, "l"))
			_exit(1);
		_exit(0);
	}
	ASSERT_EQ(0, testfs_wait(pid));
	EXPECT_EQ((uid_t)USER, stat_of(self->root, "f").st_uid);
	EXPECT_EQ((gid_t)GROUP, stat_of(self->root, "d").st_gid);
	EXPECT_EQ((uid_t)USER, stat_of(self->root, "l").st_uid);
}

TEST_ON(attr, only_the_owner)
{
	pid_t pid;
	int fd;

	ASSERT_EQ(0, testfs_write(self->root, "f", "secret", 6));
	ASSERT_EQ(0, fchmodat(self->root, "f", 0600, 0));
	ASSERT_EQ(0, mkdirat(self->root, "d", 0755));
	fd = openat(self->root, "f", O_RDWR);
	ASSERT_LE(0, fd);
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		become(USER, GROUP);
		if (ERR(openat(self->root, "f", O_RDONLY)) != EACCES)
			_exit(1);
		if (ERR(fchmod(fd, 0777)) != EPERM)
			_exit(2);
		if (ERR(fchown(fd, USER, GROUP)) != EPERM)
			_exit(3);
		if (ERR(futimens(fd, (struct timespec[2]){ { 1, 1 }, { 1, 1 } })) != EPERM)
			_exit(4);
		if (ERR(openat(self->root, "d/x", O_CREAT | O_RDWR, 0600)) != EACCES)
			_exit(5);
		if (ERR(mknodat(self->root, "zero", S_IFCHR | 0600, makedev(1, 5))) != EPERM)
			_exit(6);
		if (ERR(truncate(TESTFS_MOUNT "/f", 0)) != EACCES)
			_exit(7);
		_exit(0);
	}
	EXPECT_EQ(0, testfs_wait(pid));
	EXPECT_TRUE(testfs_content_is(self->root, "f", "secret"));
	close(fd);
}

TEST_ON(attr, writing_clears_setuid)
{
	pid_t pid;

	ASSERT_EQ(0, testfs_touch(self->root, "f"));
	ASSERT_EQ(0, fchmodat(self->root, "f", 06777, 0));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		int fd = openat(self->root, "f", O_WRONLY);

		become(USER, GROUP);
		_exit(write(fd, "x", 1) != 1);
	}
	ASSERT_EQ(0, testfs_wait(pid));
	EXPECT_EQ(S_IFREG | 0777U, stat_of(self->root, "f").st_mode);
}

TEST_ON(attr, setgid_directory)
{
	struct stat st;

	ASSERT_EQ(0, mkdirat(self->root, "d", 0777));
	ASSERT_EQ(0, fchownat(self->root, "d", USER, GROUP, 0));
	ASSERT_EQ(0, fchmodat(self->root, "d", 02777, 0));
	ASSERT_EQ(0, testfs_touch(self->root, "d/file"));
	ASSERT_EQ(0, mkdirat(self->root, "d/sub", 0755));
	ASSERT_EQ(0, symlinkat("x", self->root, "d/link"));
	ASSERT_EQ(0, mknodat(self->root, "d/fifo", S_IFIFO | 0644, 0));
	st = stat_of(self->root, "d/file");
	EXPECT_EQ((gid_t)GROUP, st.st_gid);
	EXPECT_EQ(S_IFREG | 0644U, st.st_mode);
	st = stat_of(self->root, "d/sub");
	EXPECT_EQ((gid_t)GROUP, st.st_gid);
	EXPECT_EQ(S_IFDIR | 02755U, st.st_mode);
	EXPECT_EQ((gid_t)GROUP, stat_of(self->root, "d/link").st_gid);
	EXPECT_EQ((gid_t)GROUP, stat_of(self->root, "d/fifo").st_gid);
}

TEST_ON(attr, sticky_directory)
{
	pid_t pid;

	/* The root of this mount is sticky, and everybody may write to it. */
	ASSERT_EQ(0, testfs_touch(self->root, "f"));
	ASSERT_EQ(0, fchownat(self->root, "f", OTHER, OTHER, 0));
	ASSERT_EQ(0, testfs_touch(self->root, "mine"));
	ASSERT_EQ(0, fchownat(self->root, "mine", USER, GROUP, 0));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		become(USER, GROUP);
		if (ERR(unlinkat(self->root, "f", 0)) != EPERM)
			_exit(1);
		if (ERR(renameat(self->root, "f", self->root, "g")) != EPERM)
			_exit(2);
		if (ERR(renameat(self->root, "mine", self->root, "f")) != EPERM)
			_exit(3);
		if (unlinkat(self->root, "mine", 0))
			_exit(4);
		_exit(0);
	}
	EXPECT_EQ(0, testfs_wait(pid));
}

TEST_ON(attr, set_times)
{
	const struct timespec times[2] = { { 1000000000, 123456789 }, { -5, 987654321 } };
	const struct timespec omit[2] = { { 0, UTIME_OMIT }, { 77, 0 } };
	const struct timespec now[2] = { { 0, UTIME_NOW }, { 0, UTIME_OMIT } };
	struct stat st;

	ASSERT_EQ(0, testfs_touch(self->root, "f"));
	ASSERT_EQ(0, utimensat(self->root, "f", times, 0));
	st = stat_of(self->root, "f");
	EXPECT_EQ(1000000000, st.st_atim.tv_sec);
	EXPECT_EQ(123456789, st.st_atim.tv_nsec);
	EXPECT_EQ(-5, st.st_mtim.tv_sec);
	EXPECT_EQ(987654321, st.st_mtim.tv_nsec);

	ASSERT_EQ(0, utimensat(self->root, "f", omit, 0));
	st = stat_of(self->root, "f");
	EXPECT_EQ(1000000000, st.st_atim.tv_sec);
	EXPECT_EQ(77, st.st_mtim.tv_sec);

	ASSERT_EQ(0, utimensat(self->root, "f", now, 0));
	st = stat_of(self->root, "f");
	EXPECT_LT(1000000000, st.st_atim.tv_sec);
	EXPECT_EQ(77, st.st_mtim.tv_sec);

	ASSERT_EQ(0, symlinkat("f", self->root, "l"));
	ASSERT_EQ(0, utimensat(self->root, "l", times, AT_SYMLINK_NOFOLLOW));
	EXPECT_EQ(-5, stat_of(self->root, "l").st_mtim.tv_sec);
	EXPECT_EQ(77, stat_of(self->root, "f").st_mtim.tv_sec);
}

TEST_ON(attr, times_of_data)
{
	struct stat before, after;
	char c;
	int fd = openat(self->root, "f", O_CREAT | O_RDWR, 0644);

	ASSERT_LE(0, fd);
	before = stat_of(self->root, "f");
	tick();
	ASSERT_EQ(1, write(fd, "x", 1));
	after = stat_of(self->root, "f");
	EXPECT_TRUE(later(after.st_mtim, before.st_mtim));
	EXPECT_TRUE(later(after.st_ctim, before.st_ctim));

	before = after;
	tick();
	ASSERT_EQ(0, ftruncate(fd, 0));
	after = stat_of(self->root, "f");
	EXPECT_TRUE(later(after.st_mtim, before.st_mtim));

	before = after;
	tick();
	ASSERT_EQ(0, fchmod(fd, 0600));
	after = stat_of(self->root, "f");
	EXPECT_FALSE(later(after.st_mtim, before.st_mtim));
	EXPECT_TRUE(later(after.st_ctim, before.st_ctim));

	before = after;
	tick();
	EXPECT_EQ(0, pread(fd, &c, 1, 0));
	after = stat_of(self->root, "f");
	EXPECT_FALSE(later(after.st_mtim, before.st_mtim));
	EXPECT_FALSE(later(after.st_ctim, before.st_ctim));
	close(fd);
}

TEST_ON(attr, times_of_names)
{
	static const char *const steps[] = { "create", "link", "rename", "unlink", "mkdir", "rmdir",
					     "symlink", "mknod" };
	struct stat before, after;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		before = stat_of(self->root, ".");
		tick();
		switch (i) {
		case 0:
			ASSERT_EQ(0, testfs_touch(self->root, "f"));
			break;
		case 1:
			ASSERT_EQ(0, linkat(self->root, "f", self->root, "g", 0));
			break;
		case 2:
			ASSERT_EQ(0, renameat(self->root, "g", self->root, "h"));
			break;
		case 3:
			ASSERT_EQ(0, unlinkat(self->root, "h", 0));
			break;
		case 4:
			ASSERT_EQ(0, mkdirat(self->root, "d", 0755));
			break;
		case 5:
			ASSERT_EQ(0, unlinkat(self->root, "d", AT_REMOVEDIR));
			break;
		case 6:
			ASSERT_EQ(0, symlinkat("x", self->root, "l"));
			break;
		case 7:
			ASSERT_EQ(0, mknodat(self->root, "n", S_IFIFO | 0644, 0));
			break;
		}
		after = stat_of(self->root, ".");
		EXPECT_TRUE(later(after.st_mtim, before.st_mtim))
			TH_LOG("mtime after %s", steps[i]);
		EXPECT_TRUE(later(after.st_ctim, before.st_ctim))
			TH_LOG("ctime after %s", steps[i]);
	}
	/* The file's own ctime changes with its link count. */
	before = stat_of(self->root, "f");
	tick();
	ASSERT_EQ(0, linkat(self->root, "f", self->root, "g", 0));
	after = stat_of(self->root, "f");
	EXPECT_TRUE(later(after.st_ctim, before.st_ctim));
	EXPECT_FALSE(later(after.st_mtim, before.st_mtim));
	tick();
	ASSERT_EQ(0, unlinkat(self->root, "g", 0));
	before = stat_of(self->root, "f");
	EXPECT_TRUE(later(before.st_ctim, after.st_ctim));
}

TEST_ON(attr, stat_fields)
{
	struct statx stx;
	struct stat st;

	ASSERT_EQ(0, testfs_write(self->root, "f", "12345", 5));
	ASSERT_EQ(0, statx(self->root, "f", 0, STATX_BASIC_STATS, &stx));
	EXPECT_EQ((unsigned int)STATX_BASIC_STATS, stx.stx_mask & STATX_BASIC_STATS);
	EXPECT_EQ(5ULL, stx.stx_size);
	st = stat_of(self->root, "f");
	EXPECT_EQ(st.st_ino, (ino_t)stx.stx_ino);
	EXPECT_NE((ino_t)0, st.st_ino);
	EXPECT_EQ(st.st_dev, stat_of(self->root, ".").st_dev);
	EXPECT_LE(512, st.st_blksize);
	EXPECT_EQ(8, st.st_blocks);
	EXPECT_NE(st.st_ino, stat_of(self->root, ".").st_ino);
}

/* ftruncate(2) says which times to set, truncate(2) leaves it to the filesystem. */
TEST_ON(attr, truncate_sets_times)
{
	static const off_t sizes[] = { 5000, 100, 0 };
	struct stat before, after;
	unsigned int i;

	ASSERT_EQ(0, testfs_touch(self->root, "f"));
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		before = stat_of(self->root, "f");
		tick();
		ASSERT_EQ(0, truncate(TESTFS_MOUNT "/f", sizes[i]));
		after = stat_of(self->root, "f");
		EXPECT_EQ(sizes[i], after.st_size);
		EXPECT_TRUE(later(after.st_mtim, before.st_mtim))
			TH_LOG("mtime, size %ld", (long)sizes[i]);
		EXPECT_TRUE(later(after.st_ctim, before.st_ctim))
			TH_LOG("ctime, size %ld", (long)sizes[i]);
	}
	/* Nothing changes. */
	before = stat_of(self->root, "f");
	tick();
	ASSERT_EQ(0, truncate(TESTFS_MOUNT "/f", 0));
	after = stat_of(self->root, "f");
	EXPECT_FALSE(later(after.st_mtim, before.st_mtim));
	EXPECT_FALSE(later(after.st_ctim, before.st_ctim));
}

/* Between two looks at it, each change is to be seen, however soon it comes. */
TEST_ON(attr, times_tell_changes_apart)
{
	struct stat before, after;
	int i, fd = openat(self->root, "f", O_CREAT | O_RDWR, 0644);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, fstat(fd, &before));
	for (i = 0; i < 100; i++) {
		ASSERT_EQ(0, i % 2 ? fchmod(fd, 0600 + i % 8) : pwrite(fd, "x", 1, i) - 1);
		ASSERT_EQ(0, fstat(fd, &after));
		EXPECT_TRUE(later(after.st_ctim, before.st_ctim));
		EXPECT_EQ(!(i % 2), later(after.st_mtim, before.st_mtim));
		before = after;
	}
	close(fd);
}

TEST_ON(attr, time_of_birth)
{
	struct statx first, then;
	int fd = openat(self->root, "f", O_CREAT | O_RDWR, 0644);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_BTIME, &first));
	ASSERT_TRUE(first.stx_mask & STATX_BTIME);
	EXPECT_EQ(first.stx_mtime.tv_sec, first.stx_btime.tv_sec);
	tick();
	ASSERT_EQ(1, write(fd, "x", 1));
	ASSERT_EQ(0, futimens(fd, (struct timespec[2]) { { 1, 1 }, { 1, 1 } }));
	ASSERT_EQ(0, statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_BTIME, &then));
	EXPECT_EQ(1, then.stx_mtime.tv_sec);
	EXPECT_EQ(0, memcmp(&first.stx_btime, &then.stx_btime, sizeof(then.stx_btime)));
	close(fd);
}

TESTFS_MAIN
