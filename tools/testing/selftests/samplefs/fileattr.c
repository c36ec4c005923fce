// SPDX-License-Identifier: GPL-2.0
/*
 * What chattr(1) sets: FS_IOC_GETFLAGS and FS_IOC_SETFLAGS, and what the flags do.
 */
#include "testfs.h"

#include <linux/fs.h>
#include <sys/ioctl.h>

#define KNOWN	(FS_IMMUTABLE_FL | FS_APPEND_FL | FS_NODUMP_FL | FS_NOATIME_FL)

TESTFS_FIXTURE(fileattr, NULL)

/* 0 or an error; *flags as they are. */
static int get(int dir, const char *name, unsigned int *flags)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK), err;

	if (fd < 0)
		return errno;
	err = ERR(ioctl(fd, FS_IOC_GETFLAGS, flags));
	close(fd);
	return err;
}

static int set(int dir, const char *name, unsigned int flags)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK), err;

	if (fd < 0)
		return errno;
	err = ERR(ioctl(fd, FS_IOC_SETFLAGS, &flags));
	close(fd);
	return err;
}

TEST_ON(fileattr, each_flag)
{
	unsigned int flags, bit;

	ASSERT_EQ(0, testfs_touch(self->root, "f"));
	ASSERT_EQ(0, mkdirat(self->root, "d", 0755));
	for (bit = 1; bit; bit <<= 1) {
		int want = bit & KNOWN ? 0 : EOPNOTSUPP;

		/* Casefolding is for empty directories of some mounts of tmpfs, projects for quota.c. */
		if (bit == FS_CASEFOLD_FL || bit == FS_PROJINHERIT_FL)
			continue;
		EXPECT_EQ(want, set(self->root, "f", bit)) TH_LOG("%#x", bit);
		EXPECT_EQ(0, get(self->root, "f", &flags));
		EXPECT_EQ(want ? 0 : bit, flags) TH_LOG("%#x", bit);
		EXPECT_EQ(0, set(self->root, "f", 0));
		EXPECT_EQ(want, set(self->root, "d", bit)) TH_LOG("%#x", bit);
		EXPECT_EQ(0, set(self->root, "d", 0));
	}
	ASSERT_EQ(0, set(self->root, "f", KNOWN));
	ASSERT_EQ(0, get(self->root, "f", &flags));
	EXPECT_EQ(KNOWN, flags);
	EXPECT_EQ(0, set(self->root, "f", 0));
}

TEST_ON(fileattr, immutable)
{
	int fd;

	ASSERT_EQ(0, testfs_write(self->root, "f", "old", 3));
	ASSERT_EQ(0, set(self->root, "f", FS_IMMUTABLE_FL));
	EXPECT_EQ(EPERM, ERR(openat(self->root, "f", O_WRONLY)));
	EXPECT_EQ(EPERM, ERR(unlinkat(self->root, "f", 0)));
	EXPECT_EQ(EPERM, ERR(renameat(self->root, "f", self->root, "g")));
	EXPECT_EQ(EPERM, ERR(linkat(self->root, "f", self->root, "g", 0)));
	EXPECT_EQ(EPERM, ERR(fchmodat(self->root, "f", 0600, 0)));
	EXPECT_TRUE(testfs_content_is(self->root, "f", "old"));
	ASSERT_EQ(0, set(self->root, "f", 0));
	fd = openat(self->root, "f", O_WRONLY | O_CLOEXEC);
	ASSERT_LE(0, fd);
	EXPECT_EQ(3, write(fd, "new", 3));
	EXPECT_EQ(0, unlinkat(self->root, "f", 0));

	ASSERT_EQ(0, mkdirat(self->root, "d", 0755));
	ASSERT_EQ(0, set(self->root, "d", FS_IMMUTABLE_FL));
	EXPECT_EQ(EPERM, ERR(mkdirat(self->root, "d/e", 0755)));
	ASSERT_EQ(0, set(self->root, "d", 0));
	EXPECT_EQ(0, mkdirat(self->root, "d/e", 0755));
}

TEST_ON(fileattr, append)
{
	int fd;

	ASSERT_EQ(0, testfs_write(self->root, "f", "one", 3));
	ASSERT_EQ(0, set(self->root, "f", FS_APPEND_FL));
	EXPECT_EQ(EPERM, ERR(openat(self->root, "f", O_WRONLY)));
	EXPECT_EQ(EPERM, ERR(openat(self->root, "f", O_WRONLY | O_TRUNC | O_APPEND)));
	fd = openat(self->root, "f", O_WRONLY | O_APPEND | O_CLOEXEC);
	ASSERT_LE(0, fd);
	EXPECT_EQ(3, write(fd, "two", 3));
	EXPECT_EQ(EPERM, ERR(ftruncate(fd, 0)));
	EXPECT_TRUE(testfs_content_is(self->root, "f", "onetwo"));
	EXPECT_EQ(0, set(self->root, "f", 0));
}

TEST_ON(fileattr, noatime)
{
	struct timespec old[2] = { { .tv_sec = 1000 }, { .tv_sec = 2000 } };
	struct stat st;

	ASSERT_EQ(0, testfs_write(self->root, "f", "data", 4));
	ASSERT_EQ(0, set(self->root, "f", FS_NOATIME_FL));
	ASSERT_EQ(0, utimensat(self->root, "f", old, 0));
	EXPECT_TRUE(testfs_content_is(self->root, "f", "data"));
	ASSERT_EQ(0, fstatat(self->root, "f", &st, 0));
	EXPECT_EQ(1000, st.st_atim.tv_sec);
	ASSERT_EQ(0, set(self->root, "f", 0));
	EXPECT_TRUE(testfs_content_is(self->root, "f", "data"));
	ASSERT_EQ(0, fstatat(self->root, "f", &st, 0));
	EXPECT_LT(1000, st.st_atim.tv_sec);
}

/* New files get nodump and noatime of their directory, but not the others. */
TEST_ON(fileattr, inherited)
{
	unsigned int flags;

	ASSERT_EQ(0, mkdirat(self->root, "d", 0755));
	ASSERT_EQ(0, set(self->root, "d", FS_NODUMP_FL | FS_NOATIME_FL | FS_APPEND_FL));
	ASSERT_EQ(0, testfs_touch(self->root, "d/f"));
	ASSERT_EQ(0, get(self->root, "d/f", &flags));
	EXPECT_EQ(FS_NODUMP_FL | FS_NOATIME_FL, flags);
	ASSERT_EQ(0, mkdirat(self->root, "d/e", 0755));
	ASSERT_EQ(0, get(self->root, "d/e", &flags));
	EXPECT_EQ(FS_NODUMP_FL | FS_NOATIME_FL, flags);
	EXPECT_EQ(0, set(self->root, "d", 0));
}

TEST_ON(fileattr, ctime)
{
	struct stat before, after;

	ASSERT_EQ(0, testfs_touch(self->root, "f"));
	ASSERT_EQ(0, fstatat(self->root, "f", &before, 0));
	usleep(20000);
	ASSERT_EQ(0, set(self->root, "f", FS_NODUMP_FL));
	ASSERT_EQ(0, fstatat(self->root, "f", &after, 0));
	EXPECT_TRUE(after.st_ctim.tv_sec > before.st_ctim.tv_sec ||
		    after.st_ctim.tv_nsec > before.st_ctim.tv_nsec);
}

/* The same flags in the other form, and what has no place. */
TEST_ON(fileattr, xflags)
{
	struct fsxattr fsx;
	unsigned int flags;
	int fd;

	ASSERT_EQ(0, testfs_touch(self->root, "f"));
	ASSERT_EQ(0, set(self->root, "f", FS_NODUMP_FL));
	fd = openat(self->root, "f", O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, ioctl(fd, FS_IOC_FSGETXATTR, &fsx));
	EXPECT_EQ(FS_XFLAG_NODUMP, fsx.fsx_xflags);
	fsx.fsx_xflags = FS_XFLAG_NOATIME;
	ASSERT_EQ(0, ioctl(fd, FS_IOC_FSSETXATTR, &fsx));
	ASSERT_EQ(0, get(self->root, "f", &flags));
	EXPECT_EQ(FS_NOATIME_FL, flags);
	fsx.fsx_extsize = 4096;
	EXPECT_EQ(EOPNOTSUPP, ERR(ioctl(fd, FS_IOC_FSSETXATTR, &fsx)));
}

TEST_ON(fileattr, statx)
{
	struct statx stx;

	ASSERT_EQ(0, testfs_touch(self->root, "f"));
	ASSERT_EQ(0, set(self->root, "f", FS_APPEND_FL | FS_NODUMP_FL));
	ASSERT_EQ(0, statx(self->root, "f", 0, STATX_BASIC_STATS, &stx));
	EXPECT_EQ(STATX_ATTR_APPEND | STATX_ATTR_NODUMP,
		  stx.stx_attributes & (STATX_ATTR_APPEND | STATX_ATTR_NODUMP |
					STATX_ATTR_IMMUTABLE));
	EXPECT_TRUE(stx.stx_attributes_mask & STATX_ATTR_IMMUTABLE);
	EXPECT_EQ(0, set(self->root, "f", 0));
}

TEST_ON(fileattr, other_user)
{
	unsigned int flags;
	pid_t pid;

	ASSERT_EQ(0, testfs_touch(self->root, "roots"));
	ASSERT_EQ(0, testfs_touch(self->root, "mine"));
	ASSERT_EQ(0, fchownat(self->root, "mine", 1000, 1000, 0));
	pid = testfs_fork_user(1000);
	if (!pid) {
		int bad = 0;

		bad |= set(self->root, "mine", FS_NODUMP_FL) != 0;
		bad |= (set(self->root, "mine", FS_IMMUTABLE_FL) != EPERM) << 1;
		bad |= (set(self->root, "mine", FS_APPEND_FL) != EPERM) << 2;
		bad |= (set(self->root, "roots", FS_NODUMP_FL) != EPERM) << 3;
		_exit(bad);
	}
	EXPECT_EQ(0, testfs_wait(pid));
	ASSERT_EQ(0, get(self->root, "mine", &flags));
	EXPECT_EQ(FS_NODUMP_FL, flags);
	ASSERT_EQ(0, get(self->root, "roots", &flags));
	EXPECT_EQ(0, flags);
}

TESTFS_MAIN
