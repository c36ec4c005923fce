/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tests of quotas share. Limits do not hold for root, so children are somebody else. On
 * tmpfs those tests are skipped that are about what it does not have.
 */
#ifndef QUOTA_H
#define QUOTA_H

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

static inline const char *options(void)
{
	return testfs_is_samplefs() ? "usrquota,grpquota,prjquota" : "usrquota,grpquota";
}

/* Not every kernel has quotas in tmpfs. */
static inline bool tmpfs_without(void)
{
	return !testfs_is_samplefs() && errno == EINVAL;
}

/* The tests begin on a mount with all quotas that it can have. */
#define QUOTA_FIXTURE							\
	FIXTURE(quota)							\
	{								\
		int root;						\
	};								\
									\
	FIXTURE_SETUP(quota)						\
	{								\
		self->root = testfs_mount(options());			\
		if (self->root < 0 && tmpfs_without())			\
			SKIP(return, "no quotas in %s", testfs_type());	\
		ASSERT_LE(0, self->root) TH_LOG("mount: %s", strerror(errno));	\
		ASSERT_EQ(0, fchmod(self->root, 01777));		\
	}								\
									\
	FIXTURE_TEARDOWN_PARENT(quota)					\
	{								\
		if (testfs_umount())					\
			EXPECT_TRUE(!testfs_is_samplefs() && errno == EINVAL);	\
	}

static inline int control(int fd, int cmd, int type, unsigned int id, void *addr)
{
	return ERR(syscall(SYS_quotactl_fd, fd, QCMD(cmd, type), id, addr));
}

/* All ones if there is none. */
static inline struct if_dqblk get(int fd, int type, unsigned int id)
{
	struct if_dqblk q;

	if (control(fd, Q_GETQUOTA, type, id, &q))
		memset(&q, -1, sizeof(q));
	return q;
}

static inline long long space(int fd, int type, unsigned int id)
{
	return get(fd, type, id).dqb_curspace;
}

static inline long long inodes(int fd, int type, unsigned int id)
{
	return get(fd, type, id).dqb_curinodes;
}

/* Limits of space are in bytes here. */
static inline int limit(int fd, int type, unsigned int id, long long bytes, long long count)
{
	struct if_dqblk q = {
		.dqb_bhardlimit = bytes / QIF_DQBLKSIZE,
		.dqb_ihardlimit = count,
		.dqb_valid = QIF_LIMITS,
	};

	return control(fd, Q_SETQUOTA, type, id, &q);
}

static inline int make(int dir, const char *name)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	if (fd >= 0)
		close(fd);
	return ERR(fd);
}

/* Gives up the capability that exempts from limits. */
static inline int without_resource(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data))
		return -1;
	data[CAP_TO_INDEX(CAP_SYS_RESOURCE)].effective &= ~CAP_TO_MASK(CAP_SYS_RESOURCE);
	return syscall(SYS_capset, &header, data);
}

/* Sets project and flags; 0 or an error. */
static inline int project(int dir, const char *name, unsigned int projid, unsigned int xflags)
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

static inline int project_of(int dir, const char *name, unsigned int *xflags)
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

#endif /* QUOTA_H */
