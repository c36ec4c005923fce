// SPDX-License-Identifier: GPL-2.0
/*
 * Projects of files, and their quotas.
 */
#include "quota.h"

FIXTURE(project)
{
	int root;
};

FIXTURE_SETUP(project)
{
	if (!testfs_is_samplefs())
		SKIP(return, "no projects in %s", testfs_type());
	self->root = testfs_mount(options());
	ASSERT_LE(0, self->root) TH_LOG("mount: %s", strerror(errno));
	ASSERT_EQ(0, fchmod(self->root, 01777));
	ASSERT_EQ(0, mkdirat(self->root, "p", 0755));
	ASSERT_EQ(0, fchownat(self->root, "p", ME, ME, 0));
	ASSERT_EQ(0, project(self->root, "p", 7, FS_XFLAG_PROJINHERIT));
}

FIXTURE_TEARDOWN_PARENT(project)
{
	if (testfs_is_samplefs())
		EXPECT_EQ(0, testfs_umount()) TH_LOG("umount: %s", strerror(errno));
}

TEST_ON(project, inherit)
{
	unsigned int flags = 0;

	EXPECT_EQ(7, project_of(self->root, "p", &flags));
	EXPECT_EQ(FS_XFLAG_PROJINHERIT, flags);
	EXPECT_EQ(0, project_of(self->root, ".", &flags));
	EXPECT_EQ(0, (int)flags);
	ASSERT_EQ(0, testfs_write(self->root, "p/f", "x", 1));
	ASSERT_EQ(0, mkdirat(self->root, "p/d", 0755));
	ASSERT_EQ(0, testfs_touch(self->root, "p/d/f"));
	ASSERT_EQ(0, symlinkat("x", self->root, "p/s"));
	EXPECT_EQ(7, project_of(self->root, "p/f", &flags));
	EXPECT_EQ(0, (int)flags);
	EXPECT_EQ(7, project_of(self->root, "p/d", &flags));
	EXPECT_EQ(FS_XFLAG_PROJINHERIT, flags);
	EXPECT_EQ(7, project_of(self->root, "p/d/f", NULL));
	EXPECT_EQ(5, inodes(self->root, PRJ, 7));
	EXPECT_EQ(PAGE, space(self->root, PRJ, 7));
	/* The root of the mount. */
	EXPECT_EQ(1, inodes(self->root, PRJ, 0));

	/* Only directories hand on, and only if they are told. */
	EXPECT_EQ(0, project(self->root, "p/f", 7, FS_XFLAG_PROJINHERIT));
	EXPECT_EQ(7, project_of(self->root, "p/f", &flags));
	EXPECT_EQ(0, (int)flags);
	ASSERT_EQ(0, project(self->root, "p", 7, 0));
	ASSERT_EQ(0, testfs_touch(self->root, "p/none"));
	EXPECT_EQ(0, project_of(self->root, "p/none", NULL));
	EXPECT_EQ(5, inodes(self->root, PRJ, 7));
}

TEST_ON(project, change)
{
	static char data[2 * PAGE];

	ASSERT_EQ(0, testfs_write(self->root, "p/f", data, sizeof(data)));
	ASSERT_EQ(0, fchownat(self->root, "p/f", ME, ME, 0));
	ASSERT_EQ(0, project(self->root, "p/f", 8, FS_XFLAG_NODUMP));
	EXPECT_EQ(1, inodes(self->root, PRJ, 7));
	EXPECT_EQ(0, space(self->root, PRJ, 7));
	EXPECT_EQ(1, inodes(self->root, PRJ, 8));
	EXPECT_EQ(2 * PAGE, space(self->root, PRJ, 8));

	/* Neither the project changes nor the flags. */
	ASSERT_EQ(0, limit(self->root, PRJ, 9, PAGE, 0));
	AS(ME, {
		unsigned int flags = 0;

		CHECK(project(self->root, "p/f", 9, 0) == EDQUOT);
		CHECK(project_of(self->root, "p/f", &flags) == 8);
		CHECK(flags == FS_XFLAG_NODUMP);
		CHECK(project(self->root, "p/f", 10, 0) == 0);
	});
	EXPECT_EQ(0, inodes(self->root, PRJ, 8));
	EXPECT_EQ(0, inodes(self->root, PRJ, 9));
	EXPECT_EQ(1, inodes(self->root, PRJ, 10));
	ASSERT_EQ(0, unlinkat(self->root, "p/f", 0));
	EXPECT_EQ(0, inodes(self->root, PRJ, 10));
	EXPECT_EQ(0, space(self->root, PRJ, 10));

	EXPECT_EQ(EINVAL, project(self->root, "p", -1, 0));
	EXPECT_EQ(EOPNOTSUPP, project(self->root, "p", 7, FS_XFLAG_NODEFRAG));
	EXPECT_EQ(7, project_of(self->root, "p", NULL));
}

TEST_ON(project, limit)
{
	static char data[3 * PAGE];

	ASSERT_EQ(0, limit(self->root, PRJ, 7, 2 * PAGE, 3));
	AS(ME, {
		int fd = openat(self->root, "p/f", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

		CHECK(write(fd, data, sizeof(data)) == 2 * PAGE);
		CHECK(ERR(write(fd, data, 1)) == EDQUOT);
		CHECK(make(self->root, "p/g") == 0);
		CHECK(make(self->root, "p/h") == EDQUOT);
		/* Elsewhere there is no limit. */
		CHECK(!testfs_write(self->root, "h", data, sizeof(data)));
	});
	EXPECT_EQ(3, inodes(self->root, PRJ, 7));
	/* They were charged to the user before the project had no room. */
	EXPECT_EQ(4, inodes(self->root, USR, ME));
	EXPECT_EQ(5 * PAGE, space(self->root, USR, ME));
}

TEST_ON(project, names)
{
	ASSERT_EQ(0, testfs_touch(self->root, "f"));
	ASSERT_EQ(0, testfs_touch(self->root, "p/f"));
	ASSERT_EQ(0, mkdirat(self->root, "d", 0755));
	EXPECT_EQ(EXDEV, ERR(linkat(self->root, "f", self->root, "p/g", 0)));
	EXPECT_EQ(EXDEV, ERR(renameat(self->root, "f", self->root, "p/g")));
	EXPECT_EQ(EXDEV, ERR(renameat(self->root, "f", self->root, "p/f")));
	EXPECT_EQ(EXDEV, ERR(renameat(self->root, "d", self->root, "p/d")));
	EXPECT_EQ(EXDEV, ERR(renameat2(self->root, "f", self->root, "p/f", RENAME_EXCHANGE)));
	EXPECT_EQ(EXDEV, ERR(renameat2(self->root, "p/f", self->root, "f", RENAME_EXCHANGE)));
	EXPECT_TRUE(testfs_exists(self->root, "f"));
	EXPECT_TRUE(testfs_exists(self->root, "p/f"));
	EXPECT_FALSE(testfs_exists(self->root, "p/g"));
	EXPECT_EQ(1, testfs_nlink(self->root, "f"));

	/* Within it, and out of it. */
	EXPECT_EQ(0, linkat(self->root, "p/f", self->root, "p/g", 0));
	EXPECT_EQ(0, renameat(self->root, "p/g", self->root, "p/h"));
	EXPECT_EQ(0, linkat(self->root, "p/f", self->root, "out", 0));
	EXPECT_EQ(0, renameat(self->root, "p/h", self->root, "d/h"));
	EXPECT_EQ(7, project_of(self->root, "d/h", NULL));
	/* And back. */
	EXPECT_EQ(0, renameat(self->root, "d/h", self->root, "p/h"));
	EXPECT_EQ(0, renameat2(self->root, "out", self->root, "p/h", RENAME_EXCHANGE));
	EXPECT_EQ(2, inodes(self->root, PRJ, 7));
}

TEST_ON(project, default_limits)
{
	ASSERT_EQ(0, close(self->root));
	ASSERT_EQ(0, testfs_umount());
	self->root = testfs_mount("mode=1777,prjquota,prjquota_inode_hardlimit=2");
	ASSERT_LE(0, self->root);
	ASSERT_EQ(0, mkdirat(self->root, "p", 0777));
	ASSERT_EQ(0, fchmodat(self->root, "p", 0777, 0));
	ASSERT_EQ(0, project(self->root, "p", 7, FS_XFLAG_PROJINHERIT));
	AS(ME, {
		CHECK(make(self->root, "p/a") == 0);
		CHECK(make(self->root, "p/b") == EDQUOT);
		/* These have none. */
		CHECK(make(self->root, "a") == 0);
		CHECK(make(self->root, "b") == 0);
		CHECK(make(self->root, "c") == 0);
	});
	EXPECT_EQ(0, (long)get(self->root, PRJ, 0).dqb_ihardlimit);
	EXPECT_EQ(2, (long)get(self->root, PRJ, 8).dqb_ihardlimit);
}

/* Without quotas a project is kept, and binds names. */
TEST_ON(project, without_quotas)
{
	ASSERT_EQ(0, close(self->root));
	ASSERT_EQ(0, testfs_umount());
	self->root = testfs_mount(NULL);
	ASSERT_LE(0, self->root);
	ASSERT_EQ(0, mkdirat(self->root, "p", 0777));
	ASSERT_EQ(0, testfs_touch(self->root, "f"));
	ASSERT_EQ(0, project(self->root, "p", 7, FS_XFLAG_PROJINHERIT));
	EXPECT_EQ(7, project_of(self->root, "p", NULL));
	EXPECT_EQ(EXDEV, ERR(linkat(self->root, "f", self->root, "p/f", 0)));
	ASSERT_EQ(0, project(self->root, "f", 7, 0));
	EXPECT_EQ(0, linkat(self->root, "f", self->root, "p/f", 0));
}

TESTFS_MAIN
