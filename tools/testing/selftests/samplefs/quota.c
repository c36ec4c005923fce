// SPDX-License-Identifier: GPL-2.0
/*
 * Quotas of users, groups and projects: what is charged to whom, and which quotas are kept.
 */
#include "quota.h"

QUOTA_FIXTURE

TEST_ON(quota, state)
{
	int type, types = testfs_is_samplefs() ? 3 : 2;
	struct if_dqinfo info;
	unsigned int format;

	for (type = USR; type < types; type++) {
		ASSERT_EQ(0, control(self->root, Q_GETFMT, type, 0, &format));
		if (testfs_is_samplefs())
			EXPECT_EQ(0x736d706cU, format);
		ASSERT_EQ(0, control(self->root, Q_GETINFO, type, 0, &info));
		EXPECT_EQ(7 * 24 * 60 * 60, (long)info.dqi_bgrace);
		EXPECT_EQ(7 * 24 * 60 * 60, (long)info.dqi_igrace);
		EXPECT_TRUE(info.dqi_flags & DQF_SYS_FILE);
		info.dqi_bgrace = 60;
		info.dqi_valid = IIF_BGRACE;
		EXPECT_EQ(0, control(self->root, Q_SETINFO, type, 0, &info));
		EXPECT_EQ(0, control(self->root, Q_SYNC, type, 0, NULL));
		ASSERT_EQ(0, control(self->root, Q_GETINFO, type, 0, &info));
		EXPECT_EQ(60, (long)info.dqi_bgrace);
		EXPECT_EQ(7 * 24 * 60 * 60, (long)info.dqi_igrace);
	}
	EXPECT_EQ(EINVAL, control(self->root, Q_GETFMT, 3, 0, &format));
}

/* A mount without the options has none. */
TEST_ON(quota, off)
{
	struct if_dqblk q;

	ASSERT_EQ(0, close(self->root));
	ASSERT_EQ(0, testfs_umount());
	self->root = testfs_mount("mode=1777");
	ASSERT_LE(0, self->root);
	EXPECT_NE(0, control(self->root, Q_GETQUOTA, USR, ME, &q));
	EXPECT_NE(0, control(self->root, Q_SETQUOTA, USR, ME, &q));
	EXPECT_NE(0, control(self->root, Q_GETINFO, USR, 0, &q));
	EXPECT_NE(0, control(self->root, Q_QUOTAON, USR, 0, NULL));
	EXPECT_EQ(0, make(self->root, "f"));
}

TEST_ON(quota, counts)
{
	static char data[3 * PAGE];
	char target[200];
	struct stat st;

	memset(target, 'x', sizeof(target));
	target[199] = '\0';
	AS(ME, {
		CHECK(!testfs_write(self->root, "f", data, sizeof(data)));
		CHECK(!mkdirat(self->root, "d", 0755));
		CHECK(!mknodat(self->root, "fifo", S_IFIFO | 0644, 0));
		CHECK(!symlinkat("short", self->root, "s"));
		CHECK(!symlinkat(target, self->root, "l"));
	});
	EXPECT_EQ(4 * PAGE, space(self->root, USR, ME));
	EXPECT_EQ(4 * PAGE, space(self->root, GRP, ME));
	EXPECT_EQ(5, inodes(self->root, USR, ME));
	EXPECT_EQ(5, inodes(self->root, GRP, ME));
	ASSERT_EQ(0, fstatat(self->root, "f", &st, 0));
	EXPECT_EQ(3 * PAGE / 512, st.st_blocks);

	/* A name more is no inode more. */
	ASSERT_EQ(0, linkat(self->root, "f", self->root, "g", 0));
	EXPECT_EQ(5, inodes(self->root, USR, ME));
	ASSERT_EQ(0, unlinkat(self->root, "f", 0));
	EXPECT_EQ(5, inodes(self->root, USR, ME));
	ASSERT_EQ(0, unlinkat(self->root, "g", 0));
	ASSERT_EQ(0, unlinkat(self->root, "l", 0));
	EXPECT_EQ(0, space(self->root, USR, ME));
	EXPECT_EQ(3, inodes(self->root, USR, ME));
	ASSERT_EQ(0, unlinkat(self->root, "s", 0));
	ASSERT_EQ(0, unlinkat(self->root, "d", AT_REMOVEDIR));
	ASSERT_EQ(0, unlinkat(self->root, "fifo", 0));
	EXPECT_EQ(0, inodes(self->root, USR, ME));
	EXPECT_EQ(0, inodes(self->root, GRP, ME));
}

/* What is open, is charged. */
TEST_ON(quota, unlinked)
{
	AS(ME, {
		int fd = openat(self->root, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);

		CHECK(write(fd, "data", 4) == 4);
		CHECK(inodes(self->root, USR, ME) == 1);
		CHECK(space(self->root, USR, ME) == PAGE);
		close(fd);
		CHECK(inodes(self->root, USR, ME) == 0);
		CHECK(space(self->root, USR, ME) == 0);
	});
}

TEST_ON(quota, holes)
{
	static char data[4 * PAGE];
	int fd;

	ASSERT_EQ(0, testfs_write(self->root, "f", data, sizeof(data)));
	ASSERT_EQ(0, fchownat(self->root, "f", ME, ME, 0));
	EXPECT_EQ(4 * PAGE, space(self->root, USR, ME));
	fd = openat(self->root, "f", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, PAGE, PAGE));
	EXPECT_EQ(3 * PAGE, space(self->root, USR, ME));
	ASSERT_EQ(0, ftruncate(fd, PAGE));
	EXPECT_EQ(PAGE, space(self->root, USR, ME));
	ASSERT_EQ(0, ftruncate(fd, 100 * PAGE));
	EXPECT_EQ(PAGE, space(self->root, USR, ME));
	ASSERT_EQ(0, fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 8 * PAGE));
	EXPECT_EQ(8 * PAGE, space(self->root, USR, ME));
	ASSERT_EQ(0, ftruncate(fd, 0));
	EXPECT_EQ(0, space(self->root, USR, ME));
	EXPECT_EQ(1, inodes(self->root, USR, ME));
}

TEST_ON(quota, symlink)
{
	char target[200];

	memset(target, 'x', sizeof(target));
	target[199] = '\0';
	ASSERT_EQ(0, limit(self->root, USR, ME, PAGE, 0));
	AS(ME, {
		CHECK(!symlinkat(target, self->root, "a"));
		CHECK(ERR(symlinkat(target, self->root, "b")) == EDQUOT);
		CHECK(!testfs_exists(self->root, "b"));
		CHECK(inodes(self->root, USR, ME) == 1);
		CHECK(!symlinkat("short", self->root, "b"));
		CHECK(!unlinkat(self->root, "a", 0));
		CHECK(!symlinkat(target, self->root, "a"));
	});
	EXPECT_EQ(PAGE, space(self->root, USR, ME));
	EXPECT_EQ(2, inodes(self->root, USR, ME));
}

TEST_ON(quota, xattr)
{
	static char data[3 * PAGE];

	if (!testfs_is_samplefs())
		SKIP(return, "attributes are not charged in %s", testfs_type());
	ASSERT_EQ(0, limit(self->root, USR, ME, 2 * PAGE, 0));
	AS(ME, {
		int fd = openat(self->root, "f", O_RDWR | O_CREAT | O_CLOEXEC, 0644);
		char buf[8];

		CHECK(!fsetxattr(fd, "user.small", data, 100, 0));
		CHECK(space(self->root, USR, ME) == 0);
		CHECK(!fsetxattr(fd, "user.one", "old", 3, 0));
		CHECK(ERR(fsetxattr(fd, "user.one", data, 3 * PAGE, 0)) == EDQUOT);
		CHECK(fgetxattr(fd, "user.one", buf, sizeof(buf)) == 3);
		CHECK(ERR(fsetxattr(fd, "user.two", data, 3 * PAGE, 0)) == EDQUOT);
		CHECK(ERR(fgetxattr(fd, "user.two", buf, sizeof(buf))) == ENODATA);
		CHECK(space(self->root, USR, ME) == 0);
		CHECK(!fsetxattr(fd, "user.two", data, PAGE, 0));
		CHECK(space(self->root, USR, ME) == PAGE);
		CHECK(!fremovexattr(fd, "user.two"));
		CHECK(space(self->root, USR, ME) == 0);
		CHECK(!fsetxattr(fd, "user.two", data, PAGE, 0));
	});
	/* They go with the owner, and with the file. */
	ASSERT_EQ(0, fchownat(self->root, "f", OTHER, -1, 0));
	EXPECT_EQ(0, space(self->root, USR, ME));
	EXPECT_EQ(PAGE, space(self->root, USR, OTHER));
	ASSERT_EQ(0, unlinkat(self->root, "f", 0));
	EXPECT_EQ(0, space(self->root, USR, OTHER));
}

TEST_ON(quota, chown)
{
	static char data[2 * PAGE];
	struct stat st;
	pid_t pid;

	ASSERT_EQ(0, testfs_write(self->root, "f", data, sizeof(data)));
	ASSERT_EQ(0, fchownat(self->root, "f", ME, OTHER, 0));
	EXPECT_EQ(2 * PAGE, space(self->root, USR, ME));
	EXPECT_EQ(1, inodes(self->root, USR, ME));
	EXPECT_EQ(2 * PAGE, space(self->root, GRP, OTHER));
	EXPECT_EQ(1, inodes(self->root, GRP, OTHER));
	EXPECT_EQ(0, space(self->root, USR, 0));
	ASSERT_EQ(0, fchownat(self->root, "f", OTHER, -1, 0));
	EXPECT_EQ(0, space(self->root, USR, ME));
	EXPECT_EQ(0, inodes(self->root, USR, ME));
	EXPECT_EQ(2 * PAGE, space(self->root, USR, OTHER));

	/* Both or none. */
	ASSERT_EQ(0, limit(self->root, GRP, ME, PAGE, 0));
	pid = fork();
	if (!pid) {
		int bad = 0;

		CHECK(!without_resource());
		CHECK(ERR(fchownat(self->root, "f", ME, ME, 0)) == EDQUOT);
		CHECK(ERR(fchownat(self->root, "f", -1, ME, 0)) == EDQUOT);
		_exit(bad);
	}
	EXPECT_EQ(0, testfs_wait(pid));
	ASSERT_EQ(0, fstatat(self->root, "f", &st, 0));
	EXPECT_EQ(OTHER, (int)st.st_uid);
	EXPECT_EQ(OTHER, (int)st.st_gid);
	EXPECT_EQ(0, space(self->root, USR, ME));
	EXPECT_EQ(0, inodes(self->root, USR, ME));
	EXPECT_EQ(2 * PAGE, space(self->root, USR, OTHER));
	EXPECT_EQ(2 * PAGE, space(self->root, GRP, OTHER));
	EXPECT_EQ(0, inodes(self->root, GRP, ME));
}

/* The numbers from this one on; how many of them. */
static int list(int fd, int type, unsigned int id, unsigned int found[8])
{
	struct if_nextdqblk q;
	int count = 0;

	while (count < 8 && !control(fd, Q_GETNEXTQUOTA, type, id, &q)) {
		found[count++] = q.dqb_id;
		id = q.dqb_id + 1;
	}
	return errno == ENOENT ? count : -1;
}

/* Has the kernel forget all it can, dquots among it. */
static void forget(int fd)
{
	int drop = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);

	control(fd, Q_SYNC, USR, 0, NULL);
	if (drop >= 0) {
		if (write(drop, "2", 1) != 1)
			ksft_print_msg("drop_caches: %s\n", strerror(errno));
		close(drop);
	}
}

/* Limits stay where nothing is used; what says nothing does not. */
TEST_ON(quota, next)
{
	unsigned int found[8];
	int tries = 50;

	ASSERT_EQ(0, limit(self->root, USR, 5000, 7 * PAGE, 7));
	AS(ME, CHECK(make(self->root, "f") == 0));
	EXPECT_EQ(0, inodes(self->root, USR, 3000));
	forget(self->root);
	/* The last reference is given up a moment later. */
	while (list(self->root, USR, 0, found) != 3 && tries--)
		usleep(100000);
	ASSERT_EQ(3, list(self->root, USR, 0, found));
	EXPECT_EQ(0, (int)found[0]);
	EXPECT_EQ(ME, (int)found[1]);
	EXPECT_EQ(5000, (int)found[2]);
	ASSERT_EQ(1, list(self->root, USR, ME + 1, found));
	EXPECT_EQ(5000, (int)found[0]);
	EXPECT_EQ(0, list(self->root, USR, 5001, found));
	forget(self->root);
	EXPECT_EQ(7 * PAGE / QIF_DQBLKSIZE, (long)get(self->root, USR, 5000).dqb_bhardlimit);
	EXPECT_EQ(7, (long)get(self->root, USR, 5000).dqb_ihardlimit);
	EXPECT_EQ(1, inodes(self->root, USR, ME));

	ASSERT_EQ(0, limit(self->root, USR, 5000, 0, 0));
	ASSERT_EQ(0, unlinkat(self->root, "f", 0));
	tries = 50;
	while (list(self->root, USR, 0, found) != 1 && tries--) {
		forget(self->root);
		usleep(100000);
	}
	EXPECT_EQ(1, list(self->root, USR, 0, found));
}

/* Many users come and go. */
TEST_ON(quota, many)
{
	unsigned int id;

	ASSERT_EQ(0, make(self->root, "f"));
	for (id = 10000; id < 10200; id++) {
		ASSERT_EQ(0, fchownat(self->root, "f", id, id, 0));
		ASSERT_EQ(1, inodes(self->root, USR, id));
		ASSERT_EQ(1, inodes(self->root, GRP, id));
	}
	forget(self->root);
	EXPECT_EQ(0, inodes(self->root, USR, 10000));
	EXPECT_EQ(1, inodes(self->root, USR, 10199));
}

/* Several at once, while limits are set and dquots forgotten: nothing is lost or left. */
TEST_ON(quota, together)
{
	static char data[3 * PAGE];
	pid_t pids[4];
	int i, n;

	for (i = 0; i < 4; i++) {
		pids[i] = fork();
		if (pids[i])
			continue;
		for (n = 0; n < 60; n++) {
			int bad = 0, fd;
			char name[16];

			snprintf(name, sizeof(name), "f%d", i);
			fd = openat(self->root, name, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
			CHECK(fd >= 0);
			CHECK(!fchown(fd, ME + n % 2, ME + i % 2));
			CHECK(write(fd, data, sizeof(data)) == sizeof(data));
			if (testfs_is_samplefs())
				CHECK(!project(self->root, name, 1 + n % 3, 0));
			CHECK(!fchown(fd, ME + (n + i) % 2, ME));
			CHECK(!ftruncate(fd, PAGE));
			CHECK(!close(fd));
			CHECK(!unlinkat(self->root, name, 0));
			if (bad)
				_exit(1);
		}
		_exit(0);
	}
	for (n = 0; n < 20; n++) {
		EXPECT_EQ(0, limit(self->root, USR, ME, (100 + n) * PAGE, 0));
		EXPECT_EQ(0, limit(self->root, USR, ME, 0, 0));
		forget(self->root);
	}
	for (i = 0; i < 4; i++)
		EXPECT_EQ(0, testfs_wait(pids[i]));
	for (i = USR; i <= GRP; i++) {
		for (n = ME; n <= OTHER; n++) {
			EXPECT_EQ(0, space(self->root, i, n));
			EXPECT_EQ(0, inodes(self->root, i, n));
		}
		EXPECT_EQ(1, inodes(self->root, i, 0));
		EXPECT_EQ(0, space(self->root, i, 0));
	}
	for (n = 0; testfs_is_samplefs() && n < 4; n++) {
		EXPECT_EQ(n ? 0 : 1, inodes(self->root, PRJ, n));
		EXPECT_EQ(0, space(self->root, PRJ, n));
	}
}

TESTFS_MAIN
