// SPDX-License-Identifier: GPL-2.0
/* Operations on attributes: mode, owner, times, flags, extended ones, lists, and quotas. */
#include "faults.h"

#include <linux/fs.h>
#include <linux/quota.h>
#include <sys/ioctl.h>
#include <sys/xattr.h>

#define OP(ident, call, ...)	OP_OF(tree, ident, call, ##__VA_ARGS__)

#define ACCESS	"system.posix_acl_access"
#define DEFAULT	"system.posix_acl_default"

/* Mode, owner and times */

static struct stat st;
static struct statx stx;

static void without_fsetid(void)
{
	give_up(4 /* CAP_FSETID */);
}

static void suid_with_acl(void)
{
	NEED(!chmod("acl", 06770));
	without_fsetid();
}

OP(stat, stat("file", &st));
OP(lstat, lstat("sym", &st));
OP(statx, statx(AT_FDCWD, "dir/inner", 0, STATX_ALL, &stx));
OP(chmod, chmod("file", 0600));
OP(chmod_dir, chmod("dir", 0700));
OP(chmod_acl, chmod("acl", 0600));
OP(chmod_default_acl, chmod("dacl", 0700));
OP(chmod_symlink, syscall(452 /* fchmodat2 */, AT_FDCWD, "sym", 0600, AT_SYMLINK_NOFOLLOW),
   .may = { EOPNOTSUPP });
OP(chown, chown("file", USER, -1));
OP(chown_back, chown("owned", 0, 0));
OP(chown_fresh, chown("file", fresh_id(), fresh_id()));
OP(chgrp_fresh, chown("file", -1, fresh_id()));
OP(chown_dir, chown("dir", fresh_id(), -1));
OP(chown_symlink, lchown("longsym", fresh_id(), -1));
OP(chown_suid, chown("suid", fresh_id(), -1), .before = without_fsetid);
OP(chown_suid_acl, chown("acl", fresh_id(), -1), .before = suid_with_acl);
OP(chown_same, chown("file", 0, 0));

static const struct timespec times[] = { { 1000, 1 }, { 2000, 2 } };

OP(utimensat, utimensat(AT_FDCWD, "file", times, 0));
OP(utimensat_now, utimensat(AT_FDCWD, "dir", NULL, 0));
OP(utimensat_symlink, utimensat(AT_FDCWD, "sym", times, AT_SYMLINK_NOFOLLOW));

/* Extended attributes */

static char value[20000];

OP(getxattr, getxattr("xattr", "user.a", buffer, sizeof(buffer)));
OP(getxattr_size, getxattr("xattr", "user.big", NULL, 0));
OP(getxattr_small, getxattr("xattr", "user.big", buffer, 5), .may = { ERANGE });
OP(getxattr_missing, getxattr("file", "user.a", buffer, sizeof(buffer)), .may = { ENODATA });
OP(listxattr, listxattr("xattr", buffer, sizeof(buffer)));
OP(listxattr_acl, listxattr("acl", buffer, sizeof(buffer)));
OP(setxattr, setxattr("file", "user.new", "value", 5, 0));
OP(setxattr_second, setxattr("xattr", "user.new", "value", 5, XATTR_CREATE));
OP(setxattr_replace, setxattr("xattr", "user.a", "another value", 13, XATTR_REPLACE));
OP(setxattr_there, setxattr("xattr", "user.a", "value", 5, XATTR_CREATE), .may = { EEXIST });
OP(setxattr_charged, setxattr("file", "user.new", value, 3000, 0));
OP(setxattr_pages, setxattr("file", "user.new", value, sizeof(value), 0));
OP(setxattr_grow, setxattr("xattr", "user.big", value, 10000, XATTR_REPLACE));
OP(setxattr_trusted, setxattr("dir", "trusted.new", "value", 5, 0));
OP(setxattr_security, setxattr("file", "security.new", "value", 5, 0));
OP(setxattr_symlink, lsetxattr("sym", "trusted.new", "value", 5, 0));
OP(removexattr, removexattr("xattr", "user.a"));
OP(removexattr_missing, removexattr("file", "user.a"), .may = { ENODATA });

static void charged_xattr(void)
{
	NEED(!setxattr("file", "user.new", value, sizeof(value), 0));
	fd = open("file", O_RDWR | O_CLOEXEC);
	NEED(fd >= 0);
}

OP(removexattr_charged, removexattr("file", "user.new"), .before = charged_xattr);
OP(setxattr_shrink, setxattr("file", "user.new", "v", 1, XATTR_REPLACE), .before = charged_xattr);
OP(fgetxattr, fgetxattr(fd, "user.new", buffer, sizeof(buffer)), .before = charged_xattr);

static void charged_other(void)
{
	NEED(!setxattr("other", "user.new", value, sizeof(value), 0));
}

OP(unlink_charged_xattr, unlink("other"), .before = charged_other);

/* Access control lists */

struct acl {
	uint32_t version;
	struct { uint16_t tag, perm; uint32_t id; } entry[300];
} __attribute__((packed));

static struct acl acl;

/* u::rw-, many u:ID:r--, g::r--, m::rwx, o::--- */
static size_t fill_acl(int users)
{
	int i, at = 0;

	acl.version = 2;
#define ENTRY(tag_, perm_, id_) (acl.entry[at].tag = (tag_), acl.entry[at].perm = (perm_), acl.entry[at++].id = (id_))
	ENTRY(0x01, 6, -1);
	for (i = 0; i < users; i++)
		ENTRY(0x02, 4, USER + i);
	ENTRY(0x04, 4, -1);
	if (users)
		ENTRY(0x10, 7, -1);
	ENTRY(0x20, 0, -1);
#undef ENTRY
	return 4 + at * sizeof(acl.entry[0]);
}

static size_t acl_size;

static void small_acl(void)
{
	acl_size = fill_acl(2);
}

static void large_acl(void)
{
	acl_size = fill_acl(290);
}

static void minimal_acl(void)
{
	acl_size = fill_acl(0);
}

static void inherits_large_acl(void)
{
	large_acl();
	NEED(!setxattr("dir2", DEFAULT, &acl, acl_size, 0));
}

OP(getxattr_acl, getxattr("acl", ACCESS, buffer, sizeof(buffer)));
OP(set_acl, setxattr("file", ACCESS, &acl, acl_size, 0), .before = small_acl);
OP(set_acl_again, setxattr("acl", ACCESS, &acl, acl_size, 0), .before = small_acl);
OP(set_acl_large, setxattr("file", ACCESS, &acl, acl_size, 0), .before = large_acl);
OP(set_acl_large_beside, setxattr("xattr", ACCESS, &acl, acl_size, 0), .before = large_acl);
OP(set_acl_minimal, setxattr("acl", ACCESS, &acl, acl_size, 0), .before = minimal_acl);
OP(set_default_acl, setxattr("dir", DEFAULT, &acl, acl_size, 0), .before = small_acl);
OP(set_default_acl_file, setxattr("file", DEFAULT, &acl, acl_size, 0), .before = small_acl,
   .may = { EACCES });
OP(remove_acl, removexattr("acl", ACCESS));
OP(remove_default_acl, removexattr("dacl", DEFAULT));
OP(create_large_acl, mknod("dir2/new", S_IFREG | 0666, 0), .before = inherits_large_acl);
OP(mkdir_large_acl, mkdir("dir2/new", 0777), .before = inherits_large_acl);
OP(symlink_large_acl, symlink("there", "dir2/new"), .before = inherits_large_acl);

/* Flags and projects */

static int flags;
static struct fsxattr fsx;

static void open_file(void)
{
	fd = open("file", O_RDWR | O_CLOEXEC);
	NEED(fd >= 0);
}

static void set_flags(int new)
{
	open_file();
	flags = new;
}

static void immutable(void)
{
	set_flags(FS_IMMUTABLE_FL);
}

static void append_and_noatime(void)
{
	set_flags(FS_APPEND_FL | FS_NOATIME_FL);
}

static void secrm(void)
{
	set_flags(FS_SECRM_FL);
}

static void to_project(void)
{
	open_file();
	memset(&fsx, 0, sizeof(fsx));
	fsx.fsx_projid = PROJECT;
}

static void to_fresh_project(void)
{
	to_project();
	fsx.fsx_projid = fresh_id();
}

static void immutable_file(void)
{
	immutable();
	NEED(!ioctl(fd, FS_IOC_SETFLAGS, &flags));
}

OP(getflags, ioctl(fd, FS_IOC_GETFLAGS, &flags), .before = open_file);
OP(setflags, ioctl(fd, FS_IOC_SETFLAGS, &flags), .before = append_and_noatime);
OP(setflags_immutable, ioctl(fd, FS_IOC_SETFLAGS, &flags), .before = immutable);
OP(setflags_unknown, ioctl(fd, FS_IOC_SETFLAGS, &flags), .before = secrm, .may = { EOPNOTSUPP });
OP(unlink_immutable, unlink("file"), .before = immutable_file, .may = { EPERM });
OP(fsgetxattr, ioctl(fd, FS_IOC_FSGETXATTR, &fsx), .before = open_file);
OP(fssetxattr_project, ioctl(fd, FS_IOC_FSSETXATTR, &fsx), .before = to_project);
OP(fssetxattr_fresh, ioctl(fd, FS_IOC_FSSETXATTR, &fsx), .before = to_fresh_project);

/* Quotas */

static struct if_dqblk dqblk;
static struct if_nextdqblk nextdqblk;
static struct if_dqinfo dqinfo;

static void some_limits(void)
{
	memset(&dqblk, 0, sizeof(dqblk));
	dqblk.dqb_bhardlimit = 4000;
	dqblk.dqb_ihardlimit = 400;
	dqblk.dqb_valid = QIF_LIMITS;
	dqinfo.dqi_bgrace = 3600;
	dqinfo.dqi_valid = IIF_BGRACE;
}

OP(getquota, quota(Q_GETQUOTA, 0, USER, &dqblk));
OP(getquota_fresh, quota(Q_GETQUOTA, 0, fresh_id(), &dqblk));
OP(getnextquota, quota(Q_GETNEXTQUOTA, 0, 1, &nextdqblk));
OP(getnextquota_none, quota(Q_GETNEXTQUOTA, 0, 3000000000U, &nextdqblk), .may = { ENOENT });
OP(setquota, quota(Q_SETQUOTA, 0, USER, &dqblk), .before = some_limits);
OP(setquota_fresh, quota(Q_SETQUOTA, 2, fresh_id(), &dqblk), .before = some_limits);
OP(getinfo, quota(Q_GETINFO, 0, 0, &dqinfo));
OP(setinfo, quota(Q_SETINFO, 0, 0, &dqinfo), .before = some_limits);
OP(getfmt, quota(Q_GETFMT, 0, 0, &dqinfo));
OP(quotasync, quota(Q_SYNC, 0, 0, NULL));
OP(quotaon, quota(Q_QUOTAON, 0, 2, "file"), .may = { EEXIST });

static void quotas_off(void)
{
	NEED(!quota(Q_QUOTAOFF, 0, 0, NULL));
}

OP(quotaoff, quota(Q_QUOTAOFF, 0, 0, NULL));
OP(quotaon_again, quota(Q_QUOTAON, 0, 2, "file"), .before = quotas_off);
