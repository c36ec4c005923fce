// SPDX-License-Identifier: GPL-2.0
/*
 * Quotas of users, groups and projects: what is charged to whom, what happens at a limit, and
 * quotactl(2). Limits do not hold for root, so children are somebody else.
 *
 * On tmpfs those tests are skipped that are about what it does not have.
 */
#include "testfs.h"

#include <linux/capability.h>
#include <linux/fs.h>
#include <linux/quota.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/xattr.h>

/* Of <linux/quota.h> in the kernel, and of <sys/quota.h>, which has no project. */
#define USR	0
#define GRP	1
#define PRJ	2

#define PAGE	4096
#define ME	1000
#define OTHER	1001

static const char *options(void)
{
	return testfs_is_samplefs() ? "usrquota,grpquota,prjquota" : "usrquota,grpquota";
}

/* Not every kernel has quotas in tmpfs. */
static bool tmpfs_without(void)
{
	return !testfs_is_samplefs() && errno == EINVAL;
}

FIXTURE(quota)
{
	int root;
};

FIXTURE_SETUP(quota)
{
	self->root = testfs_mount(options());
	if (self->root < 0 && tmpfs_without())
		SKIP(return, "no quotas in %s", testfs_type());
	ASSERT_LE(0, self->root) TH_LOG("mount: %s", strerror(errno));
	ASSERT_EQ(0, fchmod(self->root, 01777));
}

FIXTURE_TEARDOWN_PARENT(quota)
{
	if (testfs_umount())
		EXPECT_TRUE(!testfs_is_samplefs() && errno == EINVAL);
}

static int control(int fd, int cmd, int type, unsigned int id, void *addr)
{
	return ERR(syscall(SYS_quotactl_fd, fd, QCMD(cmd, type), id, addr));
}

/* All ones if there is none. */
static struct if_dqblk get(int fd, int type, unsigned int id)
{
	struct if_dqblk q;

	if (control(fd, Q_GETQUOTA, type, id, &q))
		memset(&q, -1, sizeof(q));
	return q;
}

static long long space(int fd, int type, unsigned int id)
{
	return get(fd, type, id).dqb_curspace;
}

static long long inodes(int fd, int type, unsigned int id)
{
	return get(fd, type, id).dqb_curinodes;
}

/* Limits of space are in bytes here. */
static int limit(int fd, int type, unsigned int id, long long bytes, long long count)
{
	struct if_dqblk q = {
		.dqb_bhardlimit = bytes / QIF_DQBLKSIZE,
		.dqb_ihardlimit = count,
		.dqb_valid = QIF_LIMITS,
	};

	return control(fd, Q_SETQUOTA, type, id, &q);
}

static int make(int dir, const char *name)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	if (fd >= 0)
		close(fd);
	return ERR(fd);
}

/* Gives up the capability that exempts from limits. */
static int without_resource(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data))
		return -1;
	data[CAP_TO_INDEX(CAP_SYS_RESOURCE)].effective &= ~CAP_TO_MASK(CAP_SYS_RESOURCE);
	return syscall(SYS_capset, &header, data);
}

/* Sets project and flags; 0 or an error. */
static int project(int dir, const char *name, unsigned int projid, unsigned int xflags)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK), err;
	struct fsxattr fsx;

	if (fd < 0)
		return errno;
	err = ERR(ioctl(fd, FS_IOC_FSGETXATTR, &fsx));
	fsx.fsx_projid = projid;
	fsx.fsx_xflags = xflags;
	if (!err)
		err = ERR(ioctl(fd, FS_IOC_FSSETXATTR, &fsx));
	close(fd);
	return err;
}

static int project_of(int dir, const char *name, unsigned int *xflags)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct fsxattr fsx = { .fsx_projid = -1 };

	if (fd < 0 || ioctl(fd, FS_IOC_FSGETXATTR, &fsx))
		return -1;
	close(fd);
	if (xflags)
		*xflags = fsx.fsx_xflags;
	return fsx.fsx_projid;
}

/* Runs the statement in a child that is another user; the status must be 0. */
#define AS(user, statement)						\
	do {								\
		pid_t pid_ = testfs_fork_user(user);			\
									\
		if (!pid_) {						\
			int bad = 0;					\
									\
			statement;					\
			_exit(bad);					\
		}							\
		EXPECT_EQ(0, testfs_wait(pid_));			\
	} while (0)

/* In such a child: remembers the line of what is not so. */
#define CHECK(what)							\
	do {								\
		if (!(what) && !bad) {					\
			bad = 1;					\
			ksft_print_msg("line %d: %s: %s\n", __LINE__,	\
				       #what, strerror(errno));		\
		}							\
	} while (0)

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

/* Mount options. */

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

/* Projects. */

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
	unsigned int flags;

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
		unsigned int flags;

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
