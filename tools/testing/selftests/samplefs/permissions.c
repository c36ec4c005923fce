// SPDX-License-Identifier: GPL-2.0
/*
 * What ordinary users may do: as on tmpfs, where the same is tried.
 */
#include "users.h"

#include <sys/sysmacros.h>
#include <sys/xattr.h>

USERS_FIXTURE(permissions, "mode=1777")

/* The first mode of a file for which opening it is not as it should be; -1 if all are. */
static int first_wrong_mode(int dir, unsigned int shift)
{
	static const int ways[] = { O_RDONLY, O_WRONLY, O_RDWR };
	static const unsigned int wants[] = { 4, 2, 6 };
	unsigned int mode, i;
	char name[16];

	for (mode = 0; mode < 8; mode++) {
		snprintf(name, sizeof(name), "f%o", mode);
		for (i = 0; i < ARRAY_SIZE(ways); i++) {
			int want = (mode & wants[i]) == wants[i] ? 0 : EACCES;

			if (ERR(openat(dir, name, ways[i])) != want)
				return mode << shift;
		}
		if (ERR(faccessat(dir, name, X_OK, 0)) != (mode & 1 ? 0 : EACCES))
			return mode << shift;
	}
	return 255;
}

/* Of the three classes, only the first that a user is in counts: the others have all rights in the first turn. */
TEST_ON(permissions, classes)
{
	static const struct {
		const struct user *user;
		unsigned int shift;
	} classes[] = { { &anna, 6 }, { &ben, 3 }, { &carl, 0 } };
	unsigned int c, mode, others;
	char name[16];

	for (others = 0; others <= 0777; others += 0777)
		for (c = 0; c < ARRAY_SIZE(classes); c++) {
			unsigned int shift = classes[c].shift;
			pid_t pid;

			for (mode = 0; mode < 8; mode++) {
				snprintf(name, sizeof(name), "f%o", mode);
				unlinkat(self->root, name, 0);
				ASSERT_EQ(0, users_make(self->root, name, &anna, TEAM,
							(others & ~(7 << shift)) | mode << shift));
			}
			pid = users_fork(classes[c].user);
			if (!pid)
				_exit(first_wrong_mode(self->root, shift));
			EXPECT_EQ(255, testfs_wait(pid)) TH_LOG("class %u, others %o", c, others);
		}
}

/* To list takes r, to walk x, to change names w and x. */
TEST_ON(permissions, directories)
{
	unsigned int mode;

	for (mode = 0; mode < 8; mode++) {
		char name[16];
		int dir;

		snprintf(name, sizeof(name), "d%o", mode);
		ASSERT_EQ(0, users_make(self->root, name, NULL, TEAM, S_IFDIR | 0700 | mode << 3));
		dir = openat(self->root, name, O_PATH);
		ASSERT_EQ(0, users_make(dir, "f", NULL, 0, 0666));
		ASSERT_EQ(0, users_make(dir, "sub", NULL, 0, S_IFDIR | 0777));
		EXPECT_EQ(mode & 4 ? 0 : EACCES, AS(anna, openat(self->root, name, O_RDONLY | O_DIRECTORY)));
		EXPECT_EQ(mode & 1 ? 0 : EACCES, AS(anna, openat(dir, "f", O_RDWR)));
		EXPECT_EQ(mode & 1 ? 0 : EACCES, AS(anna, faccessat(dir, "f", F_OK, 0)));
		EXPECT_EQ((mode & 3) == 3 ? 0 : EACCES, AS(anna, openat(dir, "n", O_CREAT | O_EXCL | O_RDWR, 0600)));
		EXPECT_EQ((mode & 3) == 3 ? 0 : EACCES, AS(anna, openat(self->root, name, O_TMPFILE | O_RDWR, 0600)));
		EXPECT_EQ((mode & 3) == 3 ? 0 : EACCES, AS(anna, renameat(dir, "f", dir, "g")));
		EXPECT_EQ((mode & 3) == 3 ? 0 : EACCES, AS(anna, unlinkat(dir, "sub", AT_REMOVEDIR)));
		close(dir);
	}
}

/* A directory that gets another parent is itself changed: its "..". */
TEST_ON(permissions, moved_directories)
{
	ASSERT_EQ(0, users_make(self->root, "a", &anna, TEAM, S_IFDIR | 0777));
	ASSERT_EQ(0, users_make(self->root, "b", &anna, TEAM, S_IFDIR | 0777));
	ASSERT_EQ(0, users_make(self->root, "a/sub", &ben, 0, S_IFDIR | 0755));
	EXPECT_EQ(0, AS(anna, renameat(self->root, "a/sub", self->root, "a/other")));
	EXPECT_EQ(EACCES, AS(anna, renameat(self->root, "a/other", self->root, "b/sub")));
	EXPECT_EQ(0, AS(ben, renameat(self->root, "a/other", self->root, "b/sub")));
}

/* In a sticky directory, a name is its file's owner's, the directory's owner's and root's. */
TEST_ON(permissions, sticky)
{
	int dir;

	ASSERT_EQ(0, users_make(self->root, "tmp", &anna, TEAM, S_IFDIR | 01777));
	dir = openat(self->root, "tmp", O_RDONLY | O_DIRECTORY);
	ASSERT_LE(0, dir);
	ASSERT_EQ(0, users_make(dir, "bens", &ben, TEAM, 0666));
	ASSERT_EQ(0, users_make(dir, "bens-dir", &ben, TEAM, S_IFDIR | 0777));
	ASSERT_EQ(0, users_make(dir, "carls", &carl, TEAM, 0666));
	ASSERT_EQ(0, users_make(dir, "carls-dir", &carl, TEAM, S_IFDIR | 0777));

	EXPECT_EQ(EPERM, AS(carl, unlinkat(dir, "bens", 0)));
	EXPECT_EQ(EPERM, AS(carl, unlinkat(dir, "bens-dir", AT_REMOVEDIR)));
	EXPECT_EQ(EPERM, AS(carl, renameat(dir, "bens", dir, "n")));
	EXPECT_EQ(EPERM, AS(carl, renameat(dir, "bens-dir", dir, "n")));
	EXPECT_EQ(EPERM, AS(carl, renameat(dir, "bens", self->root, "n")));
	EXPECT_EQ(EPERM, AS(carl, renameat(dir, "carls", dir, "bens")));
	EXPECT_EQ(EPERM, AS(carl, renameat(dir, "carls-dir", dir, "bens-dir")));
	EXPECT_EQ(EPERM, AS(carl, renameat2(dir, "carls", dir, "bens", RENAME_EXCHANGE)));
	EXPECT_EQ(EPERM, AS(carl, renameat2(dir, "bens", dir, "carls", RENAME_EXCHANGE)));
	EXPECT_EQ(EPERM, AS(carl, renameat2(dir, "bens", dir, "n", RENAME_NOREPLACE)));
	EXPECT_EQ(EPERM, AS(carl, renameat2(dir, "bens", dir, "n", RENAME_WHITEOUT)));
	EXPECT_EQ(0, AS(carl, linkat(dir, "bens", dir, "carls-link", 0)));
	/* The link is to a file of Ben's. */
	EXPECT_EQ(EPERM, AS(carl, unlinkat(dir, "carls-link", 0)));
	EXPECT_EQ(0, AS(ben, unlinkat(dir, "carls-link", 0)));
	EXPECT_EQ(0, AS(ben, renameat(dir, "bens", dir, "bens-too")));
	EXPECT_EQ(0, AS(anna, unlinkat(dir, "bens-too", 0)));
	EXPECT_EQ(0, AS(anna, renameat(dir, "carls", dir, "bens")));
	EXPECT_EQ(0, AS(carl, unlinkat(dir, "carls-dir", AT_REMOVEDIR)));
	EXPECT_EQ(0, unlinkat(dir, "bens-dir", AT_REMOVEDIR));
	close(dir);
}

TEST_ON(permissions, chown)
{
	ASSERT_EQ(0, users_make(self->root, "f", &anna, 1000, 0666));
	EXPECT_EQ(EPERM, AS(anna, fchownat(self->root, "f", ben.uid, -1, 0)));
	EXPECT_EQ(EPERM, AS(anna, fchownat(self->root, "f", 0, -1, 0)));
	EXPECT_EQ(EPERM, AS(anna, fchownat(self->root, "f", -1, carl.gid, 0)));
	EXPECT_EQ(EPERM, AS(anna, fchownat(self->root, "f", -1, 0, 0)));
	EXPECT_EQ(EPERM, AS(ben, fchownat(self->root, "f", ben.uid, -1, 0)));
	EXPECT_EQ(EPERM, AS(ben, fchownat(self->root, "f", -1, TEAM, 0)));
	EXPECT_EQ(0, AS(anna, fchownat(self->root, "f", anna.uid, TEAM, 0)));
	EXPECT_EQ(0, AS(anna, fchownat(self->root, "f", -1, anna.gid, 0)));
	EXPECT_EQ(anna.uid, users_uid(self->root, "f"));
	EXPECT_EQ(anna.gid, users_gid(self->root, "f"));
}

TEST_ON(permissions, chmod)
{
	ASSERT_EQ(0, users_make(self->root, "f", &anna, carl.gid, 0777));
	ASSERT_EQ(0, users_make(self->root, "d", &anna, carl.gid, S_IFDIR | 0777));
	EXPECT_EQ(EPERM, AS(ben, fchmodat(self->root, "f", 0700, 0)));
	EXPECT_EQ(EPERM, AS(carl, fchmodat(self->root, "f", 0700, 0)));
	/* She is not in its group, so that she cannot give it its rights. */
	EXPECT_EQ(0, AS(anna, fchmodat(self->root, "f", 06755, 0)));
	EXPECT_EQ(04755, users_mode(self->root, "f"));
	EXPECT_EQ(0, AS(anna, fchmodat(self->root, "d", 07755, 0)));
	EXPECT_EQ(05755, users_mode(self->root, "d"));
	ASSERT_EQ(0, fchownat(self->root, "f", -1, TEAM, 0));
	EXPECT_EQ(0, AS(anna, fchmodat(self->root, "f", 06755, 0)));
	EXPECT_EQ(06755, users_mode(self->root, "f"));
	EXPECT_EQ(0, AS(anna, fchmodat(self->root, "f", 0, 0)));
	EXPECT_EQ(EACCES, AS(anna, openat(self->root, "f", O_RDONLY)));
	EXPECT_EQ(0, fchmodat(self->root, "f", 06777, 0));
	EXPECT_EQ(06777, users_mode(self->root, "f"));
}

static int create_with(mode_t mask, int dir, const char *name, mode_t mode)
{
	umask(mask);
	return S_ISDIR(mode) ? mkdirat(dir, name, mode & 07777) :
	       S_ISFIFO(mode) ? mkfifoat(dir, name, mode & 07777) :
				openat(dir, name, O_CREAT | O_EXCL | O_RDWR, mode);
}

TEST_ON(permissions, umask)
{
	static const mode_t masks[] = { 0, 022, 027, 077, 0777 };
	char name[16];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(masks); i++) {
		snprintf(name, sizeof(name), "f%zu", i);
		EXPECT_EQ(0, AS(anna, create_with(masks[i], self->root, name, 0666)));
		EXPECT_EQ(0666 & ~masks[i], users_mode(self->root, name));
		snprintf(name, sizeof(name), "d%zu", i);
		EXPECT_EQ(0, AS(anna, create_with(masks[i], self->root, name, S_IFDIR | 01777)));
		EXPECT_EQ(01777 & ~masks[i], users_mode(self->root, name));
		snprintf(name, sizeof(name), "p%zu", i);
		EXPECT_EQ(0, AS(anna, create_with(masks[i], self->root, name, S_IFIFO | 0666)));
		EXPECT_EQ(0666 & ~masks[i], users_mode(self->root, name));
	}
}

TEST_ON(permissions, times)
{
	static const struct timespec some[2] = { { 1, 1 }, { 2, 2 } };
	static const struct timespec half[2] = { { 0, UTIME_NOW }, { 0, UTIME_OMIT } };

	ASSERT_EQ(0, users_make(self->root, "f", &anna, TEAM, 0664));
	EXPECT_EQ(0, AS(anna, utimensat(self->root, "f", some, 0)));
	EXPECT_EQ(EPERM, AS(ben, utimensat(self->root, "f", some, 0)));
	EXPECT_EQ(EPERM, AS(ben, utimensat(self->root, "f", half, 0)));
	EXPECT_EQ(0, AS(ben, utimensat(self->root, "f", NULL, 0)));
	EXPECT_EQ(EACCES, AS(carl, utimensat(self->root, "f", NULL, 0)));
	EXPECT_EQ(EPERM, AS(carl, utimensat(self->root, "f", some, 0)));
	/* Who reads in secret must own it. */
	EXPECT_EQ(EPERM, AS(ben, openat(self->root, "f", O_RDONLY | O_NOATIME)));
	EXPECT_EQ(0, AS(anna, openat(self->root, "f", O_RDONLY | O_NOATIME)));
}

TEST_ON(permissions, devices)
{
	EXPECT_EQ(EPERM, AS(anna, mknodat(self->root, "c", S_IFCHR | 0666, makedev(1, 5))));
	EXPECT_EQ(EPERM, AS(anna, mknodat(self->root, "b", S_IFBLK | 0666, makedev(7, 0))));
	EXPECT_EQ(0, AS(anna, mknodat(self->root, "white", S_IFCHR, 0)));
	EXPECT_EQ(0, AS(anna, mknodat(self->root, "p", S_IFIFO | 0600, 0)));
	EXPECT_EQ(0, AS(anna, mknodat(self->root, "s", S_IFSOCK | 0600, 0)));
	ASSERT_EQ(0, mknodat(self->root, "zero", S_IFCHR | 0600, makedev(1, 5)));
	EXPECT_EQ(EACCES, AS(anna, openat(self->root, "zero", O_RDONLY)));
	ASSERT_EQ(0, fchownat(self->root, "zero", anna.uid, -1, 0));
	EXPECT_EQ(0, AS(anna, openat(self->root, "zero", O_RDONLY)));
}

/* setxattr() of a name in the mount. */
static int xattr(const char *name, const char *attr)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", TESTFS_MOUNT, name);
	return lsetxattr(path, attr, "value", 5, 0);
}

static int xattr_get(const char *name, const char *attr)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", TESTFS_MOUNT, name);
	return lgetxattr(path, attr, NULL, 0);
}

static int xattr_remove(const char *name, const char *attr)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", TESTFS_MOUNT, name);
	return lremovexattr(path, attr);
}

TEST_ON(permissions, xattrs)
{
	ASSERT_EQ(0, users_make(self->root, "f", &anna, TEAM, 0640));
	ASSERT_EQ(0, users_make(self->root, "d", &anna, TEAM, S_IFDIR | 0777));
	ASSERT_EQ(0, users_make(self->root, "tmp", &anna, TEAM, S_IFDIR | 01777));
	ASSERT_EQ(0, symlinkat("f", self->root, "l"));
	ASSERT_EQ(0, fchownat(self->root, "l", anna.uid, TEAM, AT_SYMLINK_NOFOLLOW));
	EXPECT_EQ(0, AS(anna, xattr("f", "user.a")));
	EXPECT_EQ(0, AS(ben, xattr_get("f", "user.a")));
	EXPECT_EQ(EACCES, AS(ben, xattr("f", "user.a")));
	EXPECT_EQ(EACCES, AS(ben, xattr_remove("f", "user.a")));
	EXPECT_EQ(EACCES, AS(carl, xattr_get("f", "user.a")));
	EXPECT_EQ(0, AS(carl, xattr("d", "user.a")));
	EXPECT_EQ(EPERM, AS(carl, xattr("tmp", "user.a")));
	EXPECT_EQ(0, AS(anna, xattr("tmp", "user.a")));
	EXPECT_EQ(EPERM, AS(anna, xattr("l", "user.a")));
	ASSERT_EQ(0, xattr("f", "trusted.t"));
	ASSERT_EQ(0, xattr("f", "security.s"));
	EXPECT_EQ(EPERM, AS(anna, xattr("f", "trusted.t")));
	EXPECT_EQ(EPERM, AS(anna, xattr_remove("f", "trusted.t")));
	EXPECT_EQ(ENODATA, AS(anna, xattr_get("f", "trusted.t")));
	EXPECT_EQ(EPERM, AS(anna, xattr("f", "security.s")));
	EXPECT_EQ(EPERM, AS(anna, xattr_remove("f", "security.s")));
	EXPECT_EQ(EOPNOTSUPP, AS(anna, xattr("f", "system.other")));
	EXPECT_EQ(EPERM, AS(ben, xattr_remove("f", "system.posix_acl_access")));
}

/* Leaves a number in a file of /proc/sys/fs, if there is one. Returns what it was, or -1. */
static int set_protection(const char *name, int value)
{
	char path[64], text[16] = "";
	int fd, old;

	snprintf(path, sizeof(path), "/proc/sys/fs/protected_%s", name);
	fd = open(path, O_RDWR);
	if (fd < 0)
		return -1;
	if (read(fd, text, sizeof(text) - 1) <= 0)
		return -1;
	old = atoi(text);
	snprintf(text, sizeof(text), "%d\n", value);
	if (pwrite(fd, text, strlen(text), 0) < 0)
		old = -1;
	close(fd);
	return old;
}

static int link_it(int dir, const char *name)
{
	return linkat(dir, name, dir, "link", 0);
}

TEST_ON(permissions, protected_hardlinks)
{
	int old = set_protection("hardlinks", 1);

	if (old < 0)
		SKIP(return, "no sysctl fs.protected_hardlinks");
	ASSERT_EQ(0, users_make(self->root, "readable", &anna, TEAM, 0644));
	ASSERT_EQ(0, users_make(self->root, "open", &anna, TEAM, 0666));
	ASSERT_EQ(0, users_make(self->root, "suid", &anna, TEAM, 04777));
	ASSERT_EQ(0, users_make(self->root, "sgid", &anna, TEAM, 02777));
	ASSERT_EQ(0, mkfifoat(self->root, "fifo", 0666));
	ASSERT_EQ(0, fchmodat(self->root, "fifo", 0666, 0));
	EXPECT_EQ(EPERM, AS(ben, link_it(self->root, "readable")));
	EXPECT_EQ(EPERM, AS(ben, link_it(self->root, "suid")));
	EXPECT_EQ(EPERM, AS(ben, link_it(self->root, "sgid")));
	EXPECT_EQ(EPERM, AS(ben, link_it(self->root, "fifo")));
	EXPECT_EQ(0, AS(ben, link_it(self->root, "open")));
	ASSERT_EQ(0, unlinkat(self->root, "link", 0));
	EXPECT_EQ(0, AS(anna, link_it(self->root, "suid")));
	ASSERT_EQ(0, unlinkat(self->root, "link", 0));
	set_protection("hardlinks", 0);
	EXPECT_EQ(0, AS(ben, link_it(self->root, "suid")));
	set_protection("hardlinks", old);
}

/* In a sticky directory that all may write to, only one's own links are followed, and the directory's owner's. */
TEST_ON(permissions, protected_symlinks)
{
	int old = set_protection("symlinks", 1);

	if (old < 0)
		SKIP(return, "no sysctl fs.protected_symlinks");
	ASSERT_EQ(0, users_make(self->root, "f", NULL, 0, 0666));
	ASSERT_EQ(0, users_make(self->root, "tmp", &ben, TEAM, S_IFDIR | 01777));
	ASSERT_EQ(0, symlinkat("../f", self->root, "tmp/anna"));
	ASSERT_EQ(0, fchownat(self->root, "tmp/anna", anna.uid, TEAM, AT_SYMLINK_NOFOLLOW));
	ASSERT_EQ(0, symlinkat("../f", self->root, "tmp/ben"));
	ASSERT_EQ(0, fchownat(self->root, "tmp/ben", ben.uid, TEAM, AT_SYMLINK_NOFOLLOW));
	EXPECT_EQ(EACCES, AS(carl, openat(self->root, "tmp/anna", O_RDONLY)));
	EXPECT_EQ(EACCES, ERR(openat(self->root, "tmp/anna", O_RDONLY)));
	EXPECT_EQ(0, AS(anna, openat(self->root, "tmp/anna", O_RDONLY)));
	EXPECT_EQ(0, AS(carl, openat(self->root, "tmp/ben", O_RDONLY)));
	set_protection("symlinks", 0);
	EXPECT_EQ(0, AS(carl, openat(self->root, "tmp/anna", O_RDONLY)));
	set_protection("symlinks", old);
}

/* Nor is what somebody else has put there taken for a file that one makes. */
TEST_ON(permissions, protected_regular)
{
	int files = set_protection("regular", 1), fifos = set_protection("fifos", 1);

	if (files < 0 || fifos < 0)
		SKIP(return, "no sysctl fs.protected_regular");
	ASSERT_EQ(0, users_make(self->root, "f", &anna, TEAM, 0666));
	ASSERT_EQ(0, mkfifoat(self->root, "p", 0666));
	ASSERT_EQ(0, fchmodat(self->root, "p", 0666, 0));
	ASSERT_EQ(0, fchownat(self->root, "p", anna.uid, TEAM, 0));
	EXPECT_EQ(EACCES, AS(carl, openat(self->root, "f", O_CREAT | O_RDWR, 0600)));
	EXPECT_EQ(EACCES, AS(carl, openat(self->root, "p", O_CREAT | O_RDWR, 0600)));
	EXPECT_EQ(0, AS(carl, openat(self->root, "f", O_RDWR)));
	EXPECT_EQ(0, AS(anna, openat(self->root, "f", O_CREAT | O_RDWR, 0600)));
	set_protection("regular", files);
	set_protection("fifos", fifos);
}

TESTFS_MAIN
