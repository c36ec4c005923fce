// SPDX-License-Identifier: GPL-2.0
/*
 * Set-id programs, user namespaces and mapped mounts: whose rights count where, as on tmpfs, where the same is tried.
 */
#include "users.h"

#include <linux/capability.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <linux/fs.h>

USERS_FIXTURE(privileges, "mode=1777")

/* This program, run from the mount, exits with what it was given. */
#define WHO_USER	(1 << 0)	/* the effective user is 0 */
#define WHO_GROUP	(1 << 1)	/* the effective group is TEAM */
#define WHO_CAPABLE	(1 << 2)	/* it has CAP_CHOWN */
#define WHO_MAPPED	(1 << 3)	/* the effective user is what a mapped mount shows Anna as */

static int who(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };
	int found = geteuid() ? 0 : WHO_USER;

	if (geteuid() == 10000 + anna.uid)
		found |= WHO_MAPPED;
	if (getegid() == TEAM)
		found |= WHO_GROUP;
	if (syscall(SYS_capget, &header, data))
		return 99;
	return data[0].effective & 1 << CAP_CHOWN ? found | WHO_CAPABLE : found;
}

/* Puts this program there. */
static int install(int dir, const char *name, mode_t mode)
{
	int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), to, err;
	off_t size = lseek(from, 0, SEEK_END), at = 0;

	unlinkat(dir, name, 0);
	to = openat(dir, name, O_CREAT | O_WRONLY | O_CLOEXEC, 0700);
	if (from < 0 || to < 0)
		return -1;
	while (at < size && sendfile(to, from, &at, size - at) > 0)
		;
	err = at != size || fchown(to, 0, TEAM) || fchmod(to, mode);
	close(from);
	close(to);
	return err ? -1 : 0;
}

/* What it says as this user; or 128 and the error if it cannot be run. */
static int run_as(const struct user *user, const char *path)
{
	pid_t pid = users_fork(user);

	if (!pid) {
		execl(path, path, "--who", NULL);
		_exit(128 + errno);
	}
	return testfs_wait(pid);
}

#define PROGRAM	TESTFS_MOUNT "/program"

/* CAP_CHOWN for who runs it, as setcap(8) writes it. */
static int set_capability(void)
{
	struct vfs_cap_data data = {
		.magic_etc = VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE,
		.data[0].permitted = 1 << CAP_CHOWN,
	};

	return setxattr(PROGRAM, "security.capability", &data, sizeof(data), 0);
}

static int remount(unsigned long flags)
{
	return mount(NULL, TESTFS_MOUNT, NULL, MS_REMOUNT | MS_BIND | flags, NULL);
}

TEST_ON(privileges, programs)
{
	ASSERT_EQ(0, install(self->root, "program", 0755));
	EXPECT_EQ(0, run_as(&carl, PROGRAM));
	ASSERT_EQ(0, fchmodat(self->root, "program", 06755, 0));
	EXPECT_EQ(WHO_USER | WHO_GROUP | WHO_CAPABLE, run_as(&carl, PROGRAM));
	ASSERT_EQ(0, fchmodat(self->root, "program", 02755, 0));
	EXPECT_EQ(WHO_GROUP, run_as(&carl, PROGRAM));
	ASSERT_EQ(0, fchmodat(self->root, "program", 0755, 0));
	ASSERT_EQ(0, set_capability());
	EXPECT_EQ(WHO_CAPABLE, run_as(&carl, PROGRAM));
	/* Whoever writes to it takes that away. */
	ASSERT_EQ(0, fchmodat(self->root, "program", 0777, 0));
	EXPECT_EQ(0, AS(carl, openat(self->root, "program", O_WRONLY | O_APPEND)));
	EXPECT_EQ(0, AS(carl, truncate(PROGRAM, 1 << 20)));
	EXPECT_EQ(-1, getxattr(PROGRAM, "security.capability", NULL, 0));
	EXPECT_EQ(ENODATA, errno);
	EXPECT_EQ(0, run_as(&carl, PROGRAM));
	ASSERT_EQ(0, fchmodat(self->root, "program", 0644, 0));
	EXPECT_EQ(128 + EACCES, run_as(&carl, PROGRAM));
}

TEST_ON(privileges, nosuid)
{
	ASSERT_EQ(0, install(self->root, "program", 06755));
	ASSERT_EQ(0, remount(MS_NOSUID));
	EXPECT_EQ(0, run_as(&carl, PROGRAM));
	ASSERT_EQ(0, fchmodat(self->root, "program", 0755, 0));
	ASSERT_EQ(0, set_capability());
	EXPECT_EQ(0, run_as(&carl, PROGRAM));
	ASSERT_EQ(0, remount(0));
	EXPECT_EQ(WHO_CAPABLE, run_as(&carl, PROGRAM));
}

TEST_ON(privileges, noexec)
{
	int fd;

	ASSERT_EQ(0, install(self->root, "program", 0755));
	fd = openat(self->root, "program", O_RDONLY);
	ASSERT_LE(0, fd);
	close(fd);
	ASSERT_EQ(0, remount(MS_NOEXEC));
	EXPECT_EQ(128 + EACCES, run_as(&carl, PROGRAM));
	EXPECT_EQ(EACCES, AS(carl, faccessat(self->root, "program", X_OK, 0)));
	fd = open(PROGRAM, O_RDONLY);
	ASSERT_LE(0, fd);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0));
	EXPECT_EQ(EPERM, errno);
	close(fd);
	ASSERT_EQ(0, remount(0));
	EXPECT_EQ(0, run_as(&carl, PROGRAM));
}

TEST_ON(privileges, nodev)
{
	ASSERT_EQ(0, mknodat(self->root, "zero", S_IFCHR | 0666, makedev(1, 5)));
	ASSERT_EQ(0, fchmodat(self->root, "zero", 0666, 0));
	EXPECT_EQ(0, AS(carl, open(TESTFS_MOUNT "/zero", O_RDONLY)));
	ASSERT_EQ(0, remount(MS_NODEV));
	EXPECT_EQ(EACCES, AS(carl, open(TESTFS_MOUNT "/zero", O_RDONLY)));
	EXPECT_EQ(EACCES, ERR(open(TESTFS_MOUNT "/zero", O_RDONLY)));
}

static int mount_type(const char *type)
{
	return mount("users-test", TESTFS_MOUNT, type, 0, "size=1m");
}

/* Without a place to mount it. */
static int create_type(const char *type)
{
	int fs = fsopen(type, FSOPEN_CLOEXEC);

	return fs < 0 ? -1 : fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
}

static int remount_superblock(void)
{
	return mount(NULL, TESTFS_MOUNT, NULL, MS_REMOUNT, "size=2m");
}

static int set_flags(int dir, const char *name, int flags)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -1 : ioctl(fd, FS_IOC_SETFLAGS, &flags);
}

static int xattr(const char *name, const char *attr)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", TESTFS_MOUNT, name);
	return lsetxattr(path, attr, "value", 5, 0);
}

static int give_capability(const char *path)
{
	struct vfs_cap_data data = { .magic_etc = VFS_CAP_REVISION_2 };

	return setxattr(path, "security.capability", &data, sizeof(data), 0);
}

/* Root of a namespace is nobody in particular to files that are not of its users. */
TEST_ON(privileges, root_of_another)
{
	int ns = testfs_user_namespace(0, anna.uid, 1);

	if (ns < 0)
		SKIP(return, "no user namespaces: %s", strerror(errno));
	ASSERT_EQ(0, users_make(self->root, "bens", &ben, ben.gid, 0600));
	ASSERT_EQ(0, users_make(self->root, "bens-dir", &ben, ben.gid, S_IFDIR | 0700));
	ASSERT_EQ(0, users_make(self->root, "bens-tmp", &ben, ben.gid, S_IFDIR | 01777));
	ASSERT_EQ(0, users_make(self->root, "bens-tmp/roots", NULL, 0, 0666));
	ASSERT_EQ(0, users_make(self->root, "annas", &anna, anna.gid, 0600));
	ASSERT_EQ(0, users_make(self->root, "open", &ben, ben.gid, 04666));
	ASSERT_EQ(0, mknodat(self->root, "null", S_IFCHR | 0600, makedev(1, 3)));

	EXPECT_EQ(EACCES, AS_ROOT_OF(ns, openat(self->root, "bens", O_RDONLY)));
	EXPECT_EQ(EACCES, AS_ROOT_OF(ns, openat(self->root, "bens-dir", O_RDONLY)));
	EXPECT_EQ(EACCES, AS_ROOT_OF(ns, openat(self->root, "null", O_RDWR)));
	EXPECT_EQ(EPERM, AS_ROOT_OF(ns, unlinkat(self->root, "bens-tmp/roots", 0)));
	EXPECT_EQ(EPERM, AS_ROOT_OF(ns, fchmodat(self->root, "bens", 0666, 0)));
	EXPECT_EQ(EPERM, AS_ROOT_OF(ns, fchownat(self->root, "bens", 0, 0, 0)));
	EXPECT_EQ(EPERM, AS_ROOT_OF(ns, mknodat(self->root, "mem", S_IFCHR | 0600, makedev(1, 1))));
	EXPECT_EQ(EPERM, AS_ROOT_OF(ns, set_flags(self->root, "annas", FS_IMMUTABLE_FL)));
	EXPECT_EQ(EPERM, AS_ROOT_OF(ns, xattr("annas", "trusted.t")));
	EXPECT_EQ(EPERM, AS_ROOT_OF(ns, xattr("annas", "security.s")));
	EXPECT_EQ(EPERM, AS_ROOT_OF(ns, give_capability(TESTFS_MOUNT "/open")));
	EXPECT_EQ(EPERM, AS_ROOT_OF(ns, remount_superblock()));
	/* What is mounted came to the namespace as a whole. */
	EXPECT_EQ(EINVAL, AS_ROOT_OF(ns, umount(TESTFS_MOUNT)));
	/* To write takes away what she has no right to keep. */
	EXPECT_EQ(0, AS_ROOT_OF(ns, truncate(TESTFS_MOUNT "/open", 1)));
	EXPECT_EQ(0666, users_mode(self->root, "open"));

	EXPECT_EQ(0, AS_ROOT_OF(ns, openat(self->root, "annas", O_RDWR)));
	EXPECT_EQ(0, AS_ROOT_OF(ns, openat(self->root, "new", O_CREAT | O_RDWR, 0600)));
	EXPECT_EQ(anna.uid, users_uid(self->root, "new"));
	/* Who is not in the namespace can get nothing. */
	EXPECT_EQ(EINVAL, AS_ROOT_OF(ns, fchownat(self->root, "annas", ben.uid, -1, 0)));
	close(ns);
}

/* With all who own something there, it may do more, but no more than they could together. */
TEST_ON(privileges, root_of_many)
{
	int ns = testfs_user_namespace(0, 1000, 5000);

	if (ns < 0)
		SKIP(return, "no user namespaces: %s", strerror(errno));
	ASSERT_EQ(0, users_make(self->root, "bens", &ben, ben.gid, 0600));
	ASSERT_EQ(0, users_make(self->root, "half", &ben, 0, 0600));
	EXPECT_EQ(0, AS_ROOT_OF(ns, openat(self->root, "bens", O_RDWR)));
	EXPECT_EQ(0, AS_ROOT_OF(ns, fchmodat(self->root, "bens", 06600, 0)));
	EXPECT_EQ(06600, users_mode(self->root, "bens"));
	EXPECT_EQ(0, AS_ROOT_OF(ns, fchownat(self->root, "bens", 0, 0, 0)));
	EXPECT_EQ(anna.uid, users_uid(self->root, "bens"));
	EXPECT_EQ(EACCES, AS_ROOT_OF(ns, openat(self->root, "half", O_RDWR)));
	EXPECT_EQ(EPERM, AS_ROOT_OF(ns, fchownat(self->root, "half", 0, -1, 0)));
	EXPECT_EQ(0, AS_ROOT_OF(ns, give_capability(TESTFS_MOUNT "/bens")));
	EXPECT_EQ(EPERM, AS_ROOT_OF(ns, xattr("bens", "trusted.t")));
	EXPECT_EQ(EPERM, AS_ROOT_OF(ns, set_flags(self->root, "bens", FS_IMMUTABLE_FL)));
	close(ns);
}

/* tmpfs can be mounted from a user namespace, and samplefs cannot: it has no flag FS_USERNS_MOUNT. */
TEST_ON(privileges, mounting)
{
	bool allowed = !strcmp(self->type, "tmpfs");
	int ns = testfs_user_namespace(0, anna.uid, 1);

	if (ns < 0)
		SKIP(return, "no user namespaces: %s", strerror(errno));
	EXPECT_EQ(allowed ? 0 : EPERM, AS_ROOT_OF(ns, mount_type(self->type)));
	EXPECT_EQ(allowed ? 0 : EPERM, AS_ROOT_OF(ns, create_type(self->type)));
	EXPECT_EQ(EPERM, AS(anna, mount_type(self->type)));
	EXPECT_EQ(EPERM, AS(anna, create_type(self->type)));
	close(ns);
}

/* The rights of files are those of the mapped users, whichever way they are looked at. */
TEST_ON(privileges, mapped_rights)
{
	int mapped = mapped_mount();

	if (mapped < 0)
		SKIP(return, "no mapped mounts: %s", strerror(errno));
	ASSERT_EQ(0, users_make(self->root, "f", &anna, TEAM, 0640));
	EXPECT_EQ(mapped_anna.uid, users_uid(mapped, "f"));
	EXPECT_EQ(10000U + TEAM, users_gid(mapped, "f"));
	EXPECT_EQ(0, AS(mapped_anna, openat(mapped, "f", O_RDWR)));
	EXPECT_EQ(0, AS(mapped_ben, openat(mapped, "f", O_RDONLY)));
	EXPECT_EQ(EACCES, AS(mapped_ben, openat(mapped, "f", O_RDWR)));
	EXPECT_EQ(EACCES, AS(mapped_carl, openat(mapped, "f", O_RDONLY)));
	EXPECT_EQ(EACCES, AS(anna, openat(mapped, "f", O_RDONLY)));
	EXPECT_EQ(EPERM, AS(anna, fchmodat(mapped, "f", 0666, 0)));
	EXPECT_EQ(EPERM, AS(mapped_ben, fchmodat(mapped, "f", 0666, 0)));
	EXPECT_EQ(0, AS(mapped_anna, fchmodat(mapped, "f", 02640, 0)));
	EXPECT_EQ(02640, users_mode(self->root, "f"));
	EXPECT_EQ(0, AS(mapped_anna, fchownat(mapped, "f", -1, mapped_anna.gid, 0)));
	EXPECT_EQ(anna.gid, users_gid(self->root, "f"));
	EXPECT_EQ(EPERM, AS(mapped_anna, fchownat(mapped, "f", mapped_ben.uid, -1, 0)));
	EXPECT_EQ(EPERM, AS(mapped_anna, fchownat(mapped, "f", -1, mapped_ben.gid, 0)));
	/* A file that is root's is nobody's there. */
	ASSERT_EQ(0, users_make(self->root, "roots", NULL, 0, 0644));
	EXPECT_EQ(65534U, users_uid(mapped, "roots"));
	EXPECT_EQ(EACCES, ERR(openat(mapped, "roots", O_RDWR)));
	EXPECT_EQ(0, ERR(openat(mapped, "roots", O_RDONLY)));
	close(mapped);
}

TEST_ON(privileges, mapped_set_id)
{
	int mapped = mapped_mount(), fd;

	if (mapped < 0)
		SKIP(return, "no mapped mounts: %s", strerror(errno));
	ASSERT_EQ(0, users_make(self->root, "f", &anna, TEAM, 06777));
	EXPECT_EQ(0, AS(mapped_carl, openat(mapped, "f", O_WRONLY | O_TRUNC)));
	EXPECT_EQ(0777, users_mode(self->root, "f"));
	ASSERT_EQ(0, fchmodat(self->root, "f", 06777, 0));
	fd = openat(mapped, "f", O_RDWR);
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, AS(mapped_carl, fallocate(fd, 0, 0, 4096)));
	EXPECT_EQ(0777, users_mode(self->root, "f"));
	close(fd);
	/* What is made in a set-gid directory has its group, and its bit only from who is in it. */
	ASSERT_EQ(0, users_make(self->root, "d", &ben, TEAM, S_IFDIR | 02777));
	EXPECT_EQ(0, AS(mapped_carl, openat(mapped, "d/out", O_CREAT | O_RDWR, 02777)));
	EXPECT_EQ(0, AS(mapped_anna, openat(mapped, "d/in", O_CREAT | O_RDWR, 02777)));
	EXPECT_EQ(0, AS(mapped_carl, mkdirat(mapped, "d/sub", 0755)));
	EXPECT_EQ(0755, users_mode(self->root, "d/out"));
	EXPECT_EQ(02755, users_mode(self->root, "d/in"));
	EXPECT_EQ(02755, users_mode(self->root, "d/sub"));
	EXPECT_EQ((unsigned int)TEAM, users_gid(self->root, "d/out"));
	EXPECT_EQ(carl.uid, users_uid(self->root, "d/out"));
	close(mapped);
}

TEST_ON(privileges, mapped_sticky)
{
	int mapped = mapped_mount();

	if (mapped < 0)
		SKIP(return, "no mapped mounts: %s", strerror(errno));
	ASSERT_EQ(0, users_make(self->root, "tmp", &anna, TEAM, S_IFDIR | 01777));
	ASSERT_EQ(0, users_make(self->root, "tmp/bens", &ben, TEAM, 0666));
	ASSERT_EQ(0, users_make(self->root, "tmp/too", &ben, TEAM, 0666));
	ASSERT_EQ(0, users_make(self->root, "tmp/three", &ben, TEAM, 0666));
	EXPECT_EQ(EPERM, AS(mapped_carl, unlinkat(mapped, "tmp/bens", 0)));
	EXPECT_EQ(EPERM, AS(ben, unlinkat(mapped, "tmp/bens", 0)));
	EXPECT_EQ(EPERM, AS(anna, renameat(mapped, "tmp/bens", mapped, "tmp/n")));
	EXPECT_EQ(0, AS(mapped_ben, renameat(mapped, "tmp/bens", mapped, "tmp/n")));
	EXPECT_EQ(0, AS(mapped_anna, unlinkat(mapped, "tmp/n", 0)));
	EXPECT_EQ(0, AS(mapped_ben, unlinkat(mapped, "tmp/too", 0)));
	EXPECT_EQ(EPERM, AS(mapped_ben, unlinkat(self->root, "tmp/three", 0)));
	close(mapped);
}

/* A set-id program runs as whom the mount shows, and one of a user that it does not show as nobody else. */
TEST_ON(privileges, mapped_programs)
{
	int mapped = mapped_mount();

	if (mapped < 0)
		SKIP(return, "no mapped mounts: %s", strerror(errno));
	ASSERT_EQ(0, mkdir(TESTFS_SCRATCH "/mapped", 0755));
	ASSERT_EQ(0, install(self->root, "program", 06755));
	ASSERT_EQ(0, move_mount(mapped, "", AT_FDCWD, TESTFS_SCRATCH "/mapped", MOVE_MOUNT_F_EMPTY_PATH));
	EXPECT_EQ(WHO_USER | WHO_GROUP | WHO_CAPABLE, run_as(&carl, PROGRAM));
	EXPECT_EQ(0, run_as(&carl, TESTFS_SCRATCH "/mapped/program"));
	ASSERT_EQ(0, fchownat(self->root, "program", anna.uid, TEAM, 0));
	ASSERT_EQ(0, fchmodat(self->root, "program", 06755, 0));
	EXPECT_EQ(WHO_MAPPED, run_as(&carl, TESTFS_SCRATCH "/mapped/program"));
	EXPECT_EQ(WHO_GROUP, run_as(&carl, PROGRAM));
	close(mapped);
	EXPECT_EQ(0, umount2(TESTFS_SCRATCH "/mapped", MNT_DETACH));
	EXPECT_EQ(0, rmdir(TESTFS_SCRATCH "/mapped"));
}

/* Only who owns the filesystem maps a mount of it. */
TEST_ON(privileges, who_may_map)
{
	int ns = testfs_user_namespace(0, anna.uid, 1), mapping = testfs_user_namespace(0, 10000, 1);
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_IDMAP, .userns_fd = mapping };

	if (ns < 0 || mapping < 0)
		SKIP(return, "no user namespaces: %s", strerror(errno));
	EXPECT_EQ(EPERM, AS_ROOT_OF(ns, ({
		int tree = open_tree(AT_FDCWD, TESTFS_MOUNT, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

		mount_setattr(tree, "", AT_EMPTY_PATH, &attr, sizeof(attr));
	})));
	EXPECT_EQ(EPERM, AS(anna, open_tree(AT_FDCWD, TESTFS_MOUNT, OPEN_TREE_CLONE)));
	close(mapping);
	close(ns);
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "--who"))
		return who();
	return testfs_main_run(argc, argv);
}
