// SPDX-License-Identifier: GPL-2.0
/*
 * Limits of quotas: what happens there, who may set them, and the mount options that do.
 */
#include "quota.h"

QUOTA_FIXTURE

TEST_ON(quota, inode_limit)
{
	int type;

	for (type = USR; type <= GRP; type++) {
		ASSERT_EQ(0, limit(self->root, type, ME, 0, 2));
		AS(ME, {
			struct stat st;

			CHECK(make(self->root, "a") == 0);
			CHECK(make(self->root, "b") == 0);
			CHECK(make(self->root, "c") == EDQUOT);
			CHECK(ERR(mkdirat(self->root, "c", 0755)) == EDQUOT);
			CHECK(ERR(symlinkat("x", self->root, "c")) == EDQUOT);
			CHECK(ERR(mknodat(self->root, "c", S_IFIFO | 0644, 0)) == EDQUOT);
			CHECK(ERR(openat(self->root, ".", O_TMPFILE | O_WRONLY, 0600)) == EDQUOT);
			CHECK(ERR(fstatat(self->root, "c", &st, 0)) == ENOENT);
			CHECK(inodes(self->root, type, ME) == 2);
			/* Others need no inode. */
			CHECK(!linkat(self->root, "a", self->root, "c", 0));
			CHECK(!renameat(self->root, "c", self->root, "d"));
			CHECK(!unlinkat(self->root, "d", 0));
			CHECK(!unlinkat(self->root, "b", 0));
			CHECK(make(self->root, "c") == 0);
			CHECK(make(self->root, "b") == EDQUOT);
			CHECK(!unlinkat(self->root, "a", 0));
			CHECK(!unlinkat(self->root, "c", 0));
		});
		EXPECT_EQ(0, inodes(self->root, type, ME));
		ASSERT_EQ(0, limit(self->root, type, ME, 0, 0));
	}
}

TEST_ON(quota, block_limit)
{
	static char data[6 * PAGE];
	int type;

	for (type = USR; type <= GRP; type++) {
		ASSERT_EQ(0, limit(self->root, type, ME, 4 * PAGE, 0));
		AS(ME, {
			int fd = openat(self->root, "f", O_RDWR | O_CREAT | O_CLOEXEC, 0644);
			struct stat st;

			/* As much as there is room for. */
			CHECK(write(fd, data, sizeof(data)) == 4 * PAGE);
			CHECK(ERR(write(fd, data, 1)) == EDQUOT);
			CHECK(!fstat(fd, &st) && st.st_size == 4 * PAGE);
			CHECK(space(self->root, type, ME) == 4 * PAGE);
			/* What is there can be written to. */
			CHECK(pwrite(fd, data, 4 * PAGE, 0) == 4 * PAGE);
			CHECK(!ftruncate(fd, PAGE));
			CHECK(ERR(fallocate(fd, 0, 0, 5 * PAGE)) == EDQUOT);
			CHECK(!fstat(fd, &st) && st.st_size == PAGE);
			CHECK(space(self->root, type, ME) == PAGE);
			CHECK(!fallocate(fd, 0, 0, 4 * PAGE));
			CHECK(space(self->root, type, ME) == 4 * PAGE);
			CHECK(testfs_write(self->root, "g", "x", 1) && errno == EDQUOT);
			CHECK(!unlinkat(self->root, "g", 0));
			CHECK(!unlinkat(self->root, "f", 0));
			CHECK(!close(fd));
			CHECK(space(self->root, type, ME) == 0);
		});
		ASSERT_EQ(0, limit(self->root, type, ME, 0, 0));
	}
}

/* A fault cannot say EDQUOT. */
TEST_ON(quota, fault)
{
	pid_t pid;

	ASSERT_EQ(0, limit(self->root, USR, ME, PAGE, 0));
	pid = testfs_fork_user(ME);
	if (!pid) {
		int fd = openat(self->root, "f", O_RDWR | O_CREAT | O_CLOEXEC, 0644);
		char *map;

		if (ftruncate(fd, 2 * PAGE))
			_exit(1);
		map = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (map == MAP_FAILED)
			_exit(2);
		/* Holes can be read, and one can be filled. */
		if (map[0] || map[PAGE])
			_exit(3);
		map[PAGE] = 1;
		map[0] = 1;
		_exit(4);
	}
	EXPECT_EQ(128 + SIGBUS, testfs_wait(pid));
	EXPECT_EQ(PAGE, space(self->root, USR, ME));
}

TEST_ON(quota, direct)
{
	if (!testfs_is_samplefs())
		SKIP(return, "no direct I/O in %s", testfs_type());
	ASSERT_EQ(0, limit(self->root, USR, ME, PAGE, 0));
	AS(ME, {
		int fd = openat(self->root, "f", O_RDWR | O_CREAT | O_DIRECT | O_CLOEXEC, 0644);
		void *map = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		CHECK(fd >= 0 && map != MAP_FAILED);
		CHECK(pwrite(fd, map, 2 * PAGE, 0) == PAGE);
		CHECK(ERR(pwrite(fd, map, PAGE, PAGE)) == EDQUOT);
		CHECK(space(self->root, USR, ME) == PAGE);
	});
}

/* Root may do what others may not, and it is counted. */
TEST_ON(quota, root_is_exempt)
{
	static char data[2 * PAGE];
	pid_t pid;

	ASSERT_EQ(0, limit(self->root, USR, 0, PAGE, 1));
	EXPECT_EQ(0, testfs_write(self->root, "f", data, sizeof(data)));
	EXPECT_EQ(2 * PAGE, space(self->root, USR, 0));
	/* The root of the mount is one. */
	EXPECT_EQ(2, inodes(self->root, USR, 0));
	pid = fork();
	if (!pid) {
		int bad = 0;

		CHECK(!without_resource());
		CHECK(make(self->root, "g") == EDQUOT);
		_exit(bad);
	}
	EXPECT_EQ(0, testfs_wait(pid));
	ASSERT_EQ(0, limit(self->root, USR, 0, 0, 0));
}

TEST_ON(quota, who_may)
{
	ASSERT_EQ(0, make(self->root, "f"));
	AS(ME, {
		struct if_dqblk q;
		struct if_dqinfo info;

		memset(&q, 0, sizeof(q));
		CHECK(control(self->root, Q_GETQUOTA, USR, ME, &q) == 0);
		CHECK(control(self->root, Q_GETQUOTA, GRP, ME, &q) == 0);
		CHECK(control(self->root, Q_GETQUOTA, USR, OTHER, &q) == EPERM);
		CHECK(control(self->root, Q_GETNEXTQUOTA, USR, ME, &q) == EPERM);
		q.dqb_valid = QIF_LIMITS;
		CHECK(control(self->root, Q_SETQUOTA, USR, ME, &q) == EPERM);
		CHECK(control(self->root, Q_QUOTAOFF, USR, 0, NULL) == EPERM);
		CHECK(control(self->root, Q_GETINFO, USR, 0, &info) == 0);
		info.dqi_valid = IIF_BGRACE;
		CHECK(control(self->root, Q_SETINFO, USR, 0, &info) == EPERM);
	});
}

/* A soft limit may be exceeded, for a while. */
TEST_ON(quota, soft_limit)
{
	struct if_dqblk q = {
		.dqb_bsoftlimit = PAGE / QIF_DQBLKSIZE,
		.dqb_isoftlimit = 1,
		.dqb_valid = QIF_LIMITS,
	};

	/* tmpfs forgets those of who uses nothing, if there is no hard one. */
	if (!testfs_is_samplefs())
		q.dqb_bhardlimit = 1024;
	ASSERT_EQ(0, control(self->root, Q_SETQUOTA, USR, ME, &q));
	AS(ME, {
		CHECK(!testfs_write(self->root, "a", "x", 1));
		CHECK(get(self->root, USR, ME).dqb_btime == 0);
		CHECK(!testfs_write(self->root, "b", "x", 1));
		CHECK(get(self->root, USR, ME).dqb_btime > 1000);
		CHECK(get(self->root, USR, ME).dqb_itime > 1000);
	});
	q.dqb_btime = q.dqb_itime = 1;
	q.dqb_valid = QIF_TIMES;
	ASSERT_EQ(0, control(self->root, Q_SETQUOTA, USR, ME, &q));
	AS(ME, {
		CHECK(make(self->root, "c") == EDQUOT);
		CHECK(!unlinkat(self->root, "b", 0));
		CHECK(get(self->root, USR, ME).dqb_btime == 0);
		CHECK(!testfs_write(self->root, "b", "x", 1));
	});
}

/* Limits are counted, and do not hold. */
TEST_ON(quota, not_enforced)
{
	ASSERT_EQ(0, limit(self->root, USR, ME, 0, 1));
	ASSERT_EQ(0, control(self->root, Q_QUOTAOFF, USR, 0, NULL));
	EXPECT_NE(0, control(self->root, Q_QUOTAOFF, USR, 0, NULL));
	AS(ME, {
		CHECK(make(self->root, "a") == 0);
		CHECK(make(self->root, "b") == 0);
	});
	EXPECT_EQ(2, inodes(self->root, USR, ME));
	EXPECT_EQ(1, (long)get(self->root, USR, ME).dqb_ihardlimit);
	ASSERT_EQ(0, control(self->root, Q_QUOTAON, USR, 0, NULL));
	EXPECT_EQ(EEXIST, control(self->root, Q_QUOTAON, USR, 0, NULL));
	AS(ME, CHECK(make(self->root, "c") == EDQUOT));
}

TEST_ON(quota, default_limits)
{
	ASSERT_EQ(0, close(self->root));
	ASSERT_EQ(0, testfs_umount());
	self->root = testfs_mount("mode=1777,usrquota,grpquota,usrquota_inode_hardlimit=2,"
				  "usrquota_block_hardlimit=8k,grpquota_block_hardlimit=1m");
	ASSERT_LE(0, self->root);
	AS(ME, {
		CHECK(make(self->root, "a") == 0);
		CHECK(make(self->root, "b") == 0);
		CHECK(make(self->root, "c") == EDQUOT);
	});
	EXPECT_EQ(2, (long)get(self->root, USR, ME).dqb_ihardlimit);
	EXPECT_EQ(8, (long)get(self->root, USR, ME).dqb_bhardlimit);
	EXPECT_EQ(1024, (long)get(self->root, GRP, ME).dqb_bhardlimit);
	EXPECT_EQ(0, (long)get(self->root, GRP, ME).dqb_ihardlimit);
	/* One that was set counts instead. */
	ASSERT_EQ(0, limit(self->root, USR, ME, 0, 3));
	AS(ME, CHECK(make(self->root, "c") == 0));
	EXPECT_EQ(2, (long)get(self->root, USR, OTHER).dqb_ihardlimit);
}

TEST_ON(quota, remount)
{
	if (!testfs_is_samplefs())
		SKIP(return, "%s is told otherwise", testfs_type());
#define REMOUNT(options)	ERR(mount(NULL, TESTFS_MOUNT, NULL, MS_REMOUNT, options))
	EXPECT_EQ(0, REMOUNT("usrquota,grpquota,prjquota"));
	EXPECT_EQ(0, REMOUNT("size=10m"));
	EXPECT_EQ(EINVAL, REMOUNT("usrquota_inode_hardlimit=5"));
	EXPECT_EQ(EINVAL, REMOUNT("prjquota_block_hardlimit=5"));
	EXPECT_EQ(0, inodes(self->root, USR, ME));
	ASSERT_EQ(0, close(self->root));
	ASSERT_EQ(0, testfs_umount());
	self->root = testfs_mount("usrquota,usrquota_inode_hardlimit=5");
	ASSERT_LE(0, self->root);
	EXPECT_EQ(0, REMOUNT("usrquota,usrquota_inode_hardlimit=5"));
	EXPECT_EQ(EINVAL, REMOUNT("grpquota"));
	EXPECT_EQ(EINVAL, REMOUNT("quota"));
}

TEST_ON(quota, bad_options)
{
	static const char *const bad[] = {
		"usrquota=1", "quota=yes", "usrquota,usrquota_block_hardlimit=x",
		"usrquota,usrquota_inode_hardlimit=", "usrquota,usrquota_inode_hardlimit=9e",
		"usrquota_inode_hardlimit=1", "grpquota,prjquota_block_hardlimit=1m",
	};
	size_t i;

	if (!testfs_is_samplefs())
		SKIP(return, "%s is told otherwise", testfs_type());
	ASSERT_EQ(0, close(self->root));
	ASSERT_EQ(0, testfs_umount());
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		self->root = testfs_mount(bad[i]);
		EXPECT_EQ(-1, self->root) TH_LOG("%s", bad[i]);
		EXPECT_EQ(EINVAL, errno) TH_LOG("%s", bad[i]);
	}
	self->root = testfs_mount("quota");
	ASSERT_LE(0, self->root);
	EXPECT_EQ(1, inodes(self->root, USR, 0));
	EXPECT_EQ(1, inodes(self->root, GRP, 0));
	EXPECT_EQ(-1, inodes(self->root, PRJ, 0));
}

TESTFS_MAIN
