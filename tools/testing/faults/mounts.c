// SPDX-License-Identifier: GPL-2.0
/* Operations on a mount as a whole: most on a second one, while the tree is there. */
#include "faults.h"

#include <linux/fs.h>
#include <linux/mount.h>
#include <sys/ioctl.h>

#define OP(ident, call, ...)	OP_OF(tree, ident, call, ##__VA_ARGS__)

/* Those of <sys/mount.h>, which cannot be included beside the kernel's. */
int mount(const char *source, const char *target, const char *type, unsigned long flags, const void *data);
int umount2(const char *target, int flags);

static long mount_second(const char *options)
{
	return mount("none", SECOND, "samplefs", 0, options);
}

static const char *check_mounted(long result)
{
	struct stat inside, around;

	(void)result;
	if (stat(SECOND, &inside) || stat("/tmp", &around))
		return "cannot look at it";
	return inside.st_dev != around.st_dev ? NULL : "it is not mounted";
}

static void second(void)
{
	NEED(!mount_second("size=1m,nr_inodes=100"));
}

static void second_with_quota(void)
{
	NEED(!mount_second("size=1m,quota,prjquota,usrquota_block_hardlimit=1m"));
}

static void second_casefold(void)
{
	int file;

	NEED(!mount_second("size=1m,casefold"));
	file = open(SECOND "/Name", O_CREAT | O_WRONLY, 0644);
	NEED(file >= 0 && !close(file));
}

static void second_dirty(void)
{
	int file;

	second();
	memset(buffer, 'd', sizeof(buffer));
	NEED(!mkdir(SECOND "/dir", 0755));
	file = open(SECOND "/dir/file", O_CREAT | O_WRONLY, 0644);
	NEED(file >= 0 && write(file, buffer, sizeof(buffer)) == sizeof(buffer) && !close(file));
}

static void second_busy(void)
{
	second_dirty();
	fd = open(SECOND "/dir/file", O_RDWR | O_CLOEXEC);
	NEED(fd >= 0);
}

static void second_frozen(void)
{
	second_busy();
	NEED(!ioctl(fd, FIFREEZE, 0));
}

OP(mount, mount_second("size=1m"), .check = check_mounted);
OP(mount_options, mount_second("size=1m,nr_inodes=10,mode=700,uid=1,gid=2"), .check = check_mounted);
OP(mount_quota, mount_second("usrquota,grpquota,prjquota,usrquota_inode_hardlimit=100"),
   .check = check_mounted);
OP(mount_casefold, mount_second("casefold"), .check = check_mounted);
OP(mount_bad_option, mount_second("size=1m,nonsense"), .may = { EINVAL });
OP(mount_bad_value, mount_second("mode=12345678"), .may = { EINVAL });
OP(mount_limit_without_quota, mount_second("usrquota_block_hardlimit=1m"), .may = { EINVAL });
OP(mount_busy, mount("none", SECOND, "samplefs", MS_REMOUNT, "size=2m"), .before = second_busy);
OP(remount_too_small, mount("none", SECOND, "samplefs", MS_REMOUNT, "size=4k"), .before = second_busy,
   .may = { EINVAL });
OP(remount_refused, mount("none", SECOND, "samplefs", MS_REMOUNT, "mode=711"), .before = second,
   .may = { EINVAL });
OP(remount_quota, mount("none", SECOND, "samplefs", MS_REMOUNT, "nr_inodes=200"),
   .before = second_with_quota);
OP(remount_read_only, mount("none", SECOND, "samplefs", MS_REMOUNT | MS_RDONLY, NULL),
   .before = second_dirty);
OP(remount_read_only_busy, mount("none", SECOND, "samplefs", MS_REMOUNT | MS_RDONLY, NULL),
   .before = second_busy, .may = { EBUSY });
OP(bind_mount, mount(MOUNT, SECOND, NULL, MS_BIND, NULL), .check = check_mounted);
OP(umount, umount2(SECOND, 0), .before = second_dirty);
OP(umount_quota, umount2(SECOND, 0), .before = second_with_quota);
OP(umount_busy, umount2(SECOND, 0), .before = second_busy, .may = { EBUSY });
OP(umount_detach, umount2(SECOND, 2 /* MNT_DETACH */), .before = second_busy);

/* Step by step */

static void context(void)
{
	fd = syscall(SYS_fsopen, "samplefs", FSOPEN_CLOEXEC);
	NEED(fd >= 0);
}

static long config(unsigned int cmd, const char *key, const char *text)
{
	return syscall(SYS_fsconfig, fd, cmd, key, text, 0);
}

static void context_with_options(void)
{
	context();
	NEED(!config(FSCONFIG_SET_STRING, "size", "1m") && !config(FSCONFIG_SET_FLAG, "usrquota", NULL));
}

static void context_made(void)
{
	context_with_options();
	NEED(!config(FSCONFIG_CMD_CREATE, NULL, NULL));
}

/* One that has failed cannot be used again, so that nothing has to be as before. */
OP(fsopen, kept(syscall(SYS_fsopen, "samplefs", FSOPEN_CLOEXEC)));
OP(fsconfig_string, config(FSCONFIG_SET_STRING, "size", "1m"), .before = context);
OP(fsconfig_flag, config(FSCONFIG_SET_FLAG, "grpquota", NULL), .before = context);
OP(fsconfig_bad, config(FSCONFIG_SET_STRING, "size", "much"), .before = context, .may = { EINVAL });
OP(fsconfig_create, config(FSCONFIG_CMD_CREATE, NULL, NULL), .before = context_with_options);
OP(fsmount, kept(syscall(SYS_fsmount, fd, FSMOUNT_CLOEXEC, 0)), .before = context_made);
OP(fspick, kept(syscall(SYS_fspick, AT_FDCWD, MOUNT, FSPICK_CLOEXEC)));

/* Freezing */

OP(freeze, ioctl(fd, FIFREEZE, 0), .before = second_busy);
OP(thaw, ioctl(fd, FITHAW, 0), .before = second_frozen);

/* Names without regard to case */

OP(casefold_create, mknod(SECOND "/new", S_IFREG | 0644, 0), .before = second_casefold);
OP(casefold_there, mknod(SECOND "/NAME", S_IFREG | 0644, 0), .before = second_casefold,
   .may = { EEXIST });
OP(casefold_find, access(SECOND "/NAME", F_OK), .before = second_casefold);
OP(casefold_missing, access(SECOND "/namen", F_OK), .before = second_casefold, .may = { ENOENT });
OP(casefold_rename, rename(SECOND "/Name", SECOND "/NAME"), .before = second_casefold);
OP(casefold_no_text, mknod(SECOND "/\xff", S_IFREG | 0644, 0), .before = second_casefold);

/* What is shown of it */

static void open_mounts(void)
{
	fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	NEED(fd >= 0);
}

/* It may be short: then the rest comes with the next call. */
static const char *check_mounts(long result)
{
	long size = strlen(buffer), more;

	(void)result;
	while ((more = read(fd, buffer + size, sizeof(buffer) - 1 - size)) > 0)
		size += more;
	buffer[size] = '\0';
	return strstr(buffer, "grpquota,prjquota") ? NULL : "the options are not shown";
}

static void open_counter(void)
{
	struct stat st;
	char path[100];

	NEED(!fstat(root_fd, &st));
	snprintf(path, sizeof(path), "/sys/fs/samplefs/%u:%u/creates", (unsigned int)(st.st_dev >> 8 & 0xfff),
		 (unsigned int)(st.st_dev & 0xff));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	NEED(fd >= 0);
}

static const char *check_counter(long result)
{
	unsigned long long value;
	char end;

	(void)result;
	return sscanf(buffer, "%llu%c", &value, &end) == 2 && end == '\n' ? NULL : "no number";
}

OP(mountinfo, read_text(fd), .before = open_mounts, .check = check_mounts);
OP(counter, read_text(fd), .before = open_counter, .check = check_counter);
