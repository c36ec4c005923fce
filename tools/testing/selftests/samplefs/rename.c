// SPDX-License-Identifier: GPL-2.0
/*
 * Names: rename.
 */
#include "testfs.h"

TESTFS_FIXTURE(rename, "")

static int rename2(int olddir, const char *old, int newdir, const char *new, unsigned int flags)
{
	return syscall(SYS_renameat2, olddir, old, newdir, new, flags);
}

/* The directory's name for its parent has this inode number. */
static ino_t parent_ino(int dir, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/..", name);
	return testfs_ino(dir, path);
}

TEST_ON(rename, basic)
{
	struct stat st;
	ino_t ino;
	int fd;

	ASSERT_EQ(0, testfs_write(self->root, "a", "a", 1));
	ASSERT_EQ(0, testfs_write(self->root, "b", "b", 1));
	ino = testfs_ino(self->root, "a");
	fd = openat(self->root, "b", O_RDONLY);
	ASSERT_LE(0, fd);

	ASSERT_EQ(0, renameat(self->root, "a", self->root, "b"));
	EXPECT_FALSE(testfs_exists(self->root, "a"));
	EXPECT_EQ(ino, testfs_ino(self->root, "b"));
	EXPECT_TRUE(testfs_content_is(self->root, "b", "a"));
	ASSERT_EQ(0, fstat(fd, &st));
	EXPECT_EQ(0, (long)st.st_nlink);
	close(fd);

	EXPECT_EQ(ENOENT, ERR(renameat(self->root, "a", self->root, "c")));
	/* Two names of one file: nothing happens. */
	ASSERT_EQ(0, linkat(self->root, "b", self->root, "c", 0));
	EXPECT_EQ(0, renameat(self->root, "b", self->root, "c"));
	EXPECT_TRUE(testfs_exists(self->root, "b"));
	EXPECT_EQ(2, testfs_nlink(self->root, "c"));
	EXPECT_EQ(0, renameat(self->root, "b", self->root, "b"));
	EXPECT_TRUE(testfs_exists(self->root, "b"));
}

TEST_ON(rename, directories)
{
	ASSERT_EQ(0, mkdirat(self->root, "from", 0755));
	ASSERT_EQ(0, mkdirat(self->root, "to", 0755));
	ASSERT_EQ(0, mkdirat(self->root, "from/d", 0755));
	ASSERT_EQ(0, testfs_write(self->root, "from/d/file", "x", 1));

	ASSERT_EQ(0, renameat(self->root, "from/d", self->root, "to/d"));
	EXPECT_EQ(2, testfs_nlink(self->root, "from"));
	EXPECT_EQ(3, testfs_nlink(self->root, "to"));
	EXPECT_EQ(testfs_ino(self->root, "to"), parent_ino(self->root, "to/d"));
	EXPECT_TRUE(testfs_content_is(self->root, "to/d/file", "x"));

	/* Onto an empty directory, in the same and in another directory. */
	ASSERT_EQ(0, mkdirat(self->root, "to/e", 0755));
	ASSERT_EQ(0, renameat(self->root, "to/d", self->root, "to/e"));
	EXPECT_EQ(3, testfs_nlink(self->root, "to"));
	ASSERT_EQ(0, mkdirat(self->root, "from/e", 0755));
	ASSERT_EQ(0, renameat(self->root, "to/e", self->root, "from/e"));
	EXPECT_EQ(2, testfs_nlink(self->root, "to"));
	EXPECT_EQ(3, testfs_nlink(self->root, "from"));
	EXPECT_TRUE(testfs_content_is(self->root, "from/e/file", "x"));
	EXPECT_EQ(testfs_ino(self->root, "from"), parent_ino(self->root, "from/e"));
}

TEST_ON(rename, errors)
{
	ASSERT_EQ(0, mkdirat(self->root, "d", 0755));
	ASSERT_EQ(0, mkdirat(self->root, "d/sub", 0755));
	ASSERT_EQ(0, mkdirat(self->root, "e", 0755));
	ASSERT_EQ(0, testfs_touch(self->root, "e/file"));
	ASSERT_EQ(0, testfs_touch(self->root, "file"));

	EXPECT_EQ(ENOTEMPTY, ERR(renameat(self->root, "d", self->root, "e")));
	EXPECT_EQ(EISDIR, ERR(renameat(self->root, "file", self->root, "e")));
	EXPECT_EQ(ENOTDIR, ERR(renameat(self->root, "d", self->root, "file")));
	EXPECT_EQ(EINVAL, ERR(renameat(self->root, "d", self->root, "d/sub/x")));
	EXPECT_EQ(EINVAL, ERR(renameat(self->root, "d", self->root, "d/x")));
	EXPECT_EQ(ENOTEMPTY, ERR(renameat(self->root, "d/sub", self->root, "d")));
	EXPECT_EQ(EBUSY, ERR(renameat(self->root, "d", self->root, ".")));
	/* Nothing has changed. */
	EXPECT_EQ(3, testfs_nlink(self->root, "d"));
	EXPECT_EQ(2, testfs_nlink(self->root, "e"));
	EXPECT_EQ(4, testfs_nlink(self->root, "."));
	EXPECT_EQ(1, testfs_nlink(self->root, "file"));
}

TEST_ON(rename, noreplace)
{
	ASSERT_EQ(0, testfs_write(self->root, "a", "a", 1));
	ASSERT_EQ(0, testfs_write(self->root, "b", "b", 1));
	EXPECT_EQ(EEXIST, ERR(rename2(self->root, "a", self->root, "b", RENAME_NOREPLACE)));
	EXPECT_TRUE(testfs_content_is(self->root, "b", "b"));
	EXPECT_EQ(0, rename2(self->root, "a", self->root, "c", RENAME_NOREPLACE));
	EXPECT_TRUE(testfs_content_is(self->root, "c", "a"));
}

TEST_ON(rename, exchange)
{
	ino_t d, file;

	ASSERT_EQ(0, mkdirat(self->root, "p", 0755));
	ASSERT_EQ(0, mkdirat(self->root, "q", 0755));
	ASSERT_EQ(0, mkdirat(self->root, "p/d", 0755));
	ASSERT_EQ(0, testfs_write(self->root, "q/file", "x", 1));
	d = testfs_ino(self->root, "p/d");
	file = testfs_ino(self->root, "q/file");

	/* A directory and a file, across directories: the link counts move. */
	ASSERT_EQ(0, rename2(self->root, "p/d", self->root, "q/file", RENAME_EXCHANGE))
		TH_LOG("%s", strerror(errno));
	EXPECT_EQ(file, testfs_ino(self->root, "p/d"));
	EXPECT_EQ(d, testfs_ino(self->root, "q/file"));
	EXPECT_EQ(2, testfs_nlink(self->root, "p"));
	EXPECT_EQ(3, testfs_nlink(self->root, "q"));
	EXPECT_EQ(testfs_ino(self->root, "q"), parent_ino(self->root, "q/file"));
	EXPECT_TRUE(testfs_content_is(self->root, "p/d", "x"));

	/* Two directories, of which one is not empty. */
	ASSERT_EQ(0, mkdirat(self->root, "p/full", 0755));
	ASSERT_EQ(0, testfs_touch(self->root, "p/full/x"));
	ASSERT_EQ(0, rename2(self->root, "p/full", self->root, "q/file", RENAME_EXCHANGE));
	EXPECT_TRUE(testfs_exists(self->root, "q/file/x"));
	EXPECT_EQ(3, testfs_nlink(self->root, "p"));
	EXPECT_EQ(3, testfs_nlink(self->root, "q"));
	EXPECT_EQ(testfs_ino(self->root, "q"), parent_ino(self->root, "q/file"));

	/* In one directory. */
	ASSERT_EQ(0, rename2(self->root, "p/full", self->root, "p/d", RENAME_EXCHANGE));
	EXPECT_EQ(file, testfs_ino(self->root, "p/full"));
	EXPECT_EQ(3, testfs_nlink(self->root, "p"));

	EXPECT_EQ(ENOENT, ERR(rename2(self->root, "p/d", self->root, "none", RENAME_EXCHANGE)));
	EXPECT_EQ(EINVAL, ERR(rename2(self->root, "q", self->root, "q/file", RENAME_EXCHANGE)));
	EXPECT_EQ(EINVAL, ERR(rename2(self->root, "q/file", self->root, "q", RENAME_EXCHANGE)));
}

TEST_ON(rename, whiteout)
{
	struct stat st;

	ASSERT_EQ(0, mkdirat(self->root, "d", 0755));
	ASSERT_EQ(0, testfs_write(self->root, "a", "a", 1));
	ASSERT_EQ(0, rename2(self->root, "a", self->root, "d/b", RENAME_WHITEOUT))
		TH_LOG("%s", strerror(errno));
	EXPECT_TRUE(testfs_content_is(self->root, "d/b", "a"));
	ASSERT_EQ(0, fstatat(self->root, "a", &st, AT_SYMLINK_NOFOLLOW));
	EXPECT_TRUE(S_ISCHR(st.st_mode));
	EXPECT_EQ((dev_t)0, st.st_rdev);
	EXPECT_EQ(1, (long)st.st_nlink);

	/* Over an existing file, and of a directory. */
	ASSERT_EQ(0, testfs_write(self->root, "c", "c", 1));
	ASSERT_EQ(0, rename2(self->root, "c", self->root, "d/b", RENAME_WHITEOUT));
	EXPECT_TRUE(testfs_content_is(self->root, "d/b", "c"));
	ASSERT_EQ(0, rename2(self->root, "d", self->root, "e", RENAME_WHITEOUT));
	ASSERT_EQ(0, fstatat(self->root, "d", &st, AT_SYMLINK_NOFOLLOW));
	EXPECT_TRUE(S_ISCHR(st.st_mode));
	EXPECT_EQ(3, testfs_nlink(self->root, "."));
	EXPECT_EQ(0, unlinkat(self->root, "a", 0));
	EXPECT_EQ(0, unlinkat(self->root, "d", 0));
}

TEST_ON(rename, bad_flags)
{
	ASSERT_EQ(0, testfs_touch(self->root, "a"));
	ASSERT_EQ(0, testfs_touch(self->root, "b"));
	EXPECT_EQ(EINVAL, ERR(rename2(self->root, "a", self->root, "b",
				      RENAME_NOREPLACE | RENAME_EXCHANGE)));
	EXPECT_EQ(EINVAL, ERR(rename2(self->root, "a", self->root, "b",
				      RENAME_WHITEOUT | RENAME_EXCHANGE)));
	EXPECT_EQ(EINVAL, ERR(rename2(self->root, "a", self->root, "b", 1U << 20)));
}

TESTFS_MAIN
