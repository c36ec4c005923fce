// SPDX-License-Identifier: GPL-2.0
/*
 * Extended attributes, and the access control lists that are some of them.
 */
#include "testfs.h"
#include "../lib/fault.h"

#include <sys/xattr.h>

#define ACCESS	"system.posix_acl_access"
#define DEFAULT	"system.posix_acl_default"

TESTFS_FIXTURE(xattr, "size=1m,nr_inodes=1000")

/* Where a file is for system calls that take a path. */
static const char *at(const char *name)
{
	static char path[2][PATH_MAX];
	static int i;

	i = !i;
	snprintf(path[i], sizeof(path[i]), "%s/%s", TESTFS_MOUNT, name);
	return path[i];
}

static int set(const char *name, const char *attr, const char *value, int flags)
{
	return ERR(lsetxattr(at(name), attr, value, strlen(value), flags));
}

static bool is(const char *name, const char *attr, const char *value)
{
	char buf[256];
	ssize_t n = lgetxattr(at(name), attr, buf, sizeof(buf));

	return n == (ssize_t)strlen(value) && !memcmp(buf, value, n);
}

/* The names, joined by spaces. */
static const char *list(const char *name)
{
	static char buf[1024];
	ssize_t n = llistxattr(at(name), buf, sizeof(buf)), i;

	if (n < 0)
		return strerror(errno);
	for (i = 0; i < n; i++)
		if (!buf[i])
			buf[i] = i == n - 1 ? '\0' : ' ';
	if (!n)
		buf[0] = '\0';
	return buf;
}

static unsigned long blocks_free(void)
{
	struct statfs st;

	return statfs(TESTFS_MOUNT, &st) ? 0 : st.f_bfree;
}

TEST_ON(xattr, each_namespace)
{
	static const char *const names[] = { "user.a", "trusted.b", "security.c" };
	size_t i;

	ASSERT_EQ(0, testfs_touch(self->root, "f"));
	ASSERT_EQ(0, mkdirat(self->root, "d", 0755));
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		EXPECT_EQ(ENODATA, ERR(lgetxattr(at("f"), names[i], NULL, 0)));
		EXPECT_EQ(0, set("f", names[i], "value", 0)) TH_LOG("%s", names[i]);
		EXPECT_TRUE(is("f", names[i], "value")) TH_LOG("%s", names[i]);
		EXPECT_EQ(0, set("d", names[i], "", 0));
		EXPECT_TRUE(is("d", names[i], ""));
	}
	EXPECT_EQ(EOPNOTSUPP, set("f", "nonsense.a", "x", 0));
	EXPECT_EQ(EOPNOTSUPP, set("f", "plain", "x", 0));
	EXPECT_EQ(EINVAL, set("f", "user.", "x", 0));
	for (i = 0; i < ARRAY_SIZE(names); i++)
		EXPECT_EQ(0, ERR(lremovexattr(at("f"), names[i])));
	EXPECT_STREQ("", list("f"));
}

TEST_ON(xattr, flags)
{
	ASSERT_EQ(0, testfs_touch(self->root, "f"));
	EXPECT_EQ(ENODATA, set("f", "user.a", "1", XATTR_REPLACE));
	EXPECT_EQ(0, set("f", "user.a", "1", XATTR_CREATE));
	EXPECT_EQ(EEXIST, set("f", "user.a", "2", XATTR_CREATE));
	EXPECT_TRUE(is("f", "user.a", "1"));
	EXPECT_EQ(0, set("f", "user.a", "three", XATTR_REPLACE));
	EXPECT_TRUE(is("f", "user.a", "three"));
	EXPECT_EQ(ENODATA, ERR(lremovexattr(at("f"), "user.b")));
	EXPECT_EQ(0, ERR(lremovexattr(at("f"), "user.a")));
	EXPECT_EQ(ENODATA, ERR(lremovexattr(at("f"), "user.a")));
	EXPECT_EQ(ENODATA, ERR(lgetxattr(at("f"), "user.a", NULL, 0)));
}

TEST_ON(xattr, sizes)
{
	static char big[XATTR_SIZE_MAX + 1], back[XATTR_SIZE_MAX];
	char buf[8], name[300];

	ASSERT_EQ(0, testfs_touch(self->root, "f"));
	ASSERT_EQ(0, set("f", "user.a", "12345", 0));
	EXPECT_EQ(5, lgetxattr(at("f"), "user.a", NULL, 0));
	EXPECT_EQ(ERANGE, ERR(lgetxattr(at("f"), "user.a", buf, 4)));
	EXPECT_EQ(5, lgetxattr(at("f"), "user.a", buf, 5));
	EXPECT_EQ(7, llistxattr(at("f"), NULL, 0));
	EXPECT_EQ(ERANGE, ERR(llistxattr(at("f"), buf, 6)));
	EXPECT_EQ(7, llistxattr(at("f"), buf, 7));

	memset(big, 'x', sizeof(big));
	EXPECT_EQ(E2BIG, ERR(lsetxattr(at("f"), "user.big", big, sizeof(big), 0)));
	ASSERT_EQ(0, lsetxattr(at("f"), "user.big", big, XATTR_SIZE_MAX, 0));
	ASSERT_EQ(XATTR_SIZE_MAX, lgetxattr(at("f"), "user.big", back, sizeof(back)));
	EXPECT_EQ(0, memcmp(big, back, sizeof(back)));

	memset(name, 'n', sizeof(name));
	memcpy(name, "user.", 5);
	name[XATTR_NAME_MAX] = '\0';
	EXPECT_EQ(0, set("f", name, "long", 0));
	EXPECT_TRUE(is("f", name, "long"));
}

/* Many: they are found again, in whatever order they came and go. */
TEST_ON(xattr, many)
{
	char name[32], value[32];
	int i;

	ASSERT_EQ(0, testfs_touch(self->root, "f"));
	for (i = 0; i < 500; i++) {
		snprintf(name, sizeof(name), "user.%d", i * 7919 % 500);
		snprintf(value, sizeof(value), "v%d", i * 7919 % 500);
		ASSERT_EQ(0, set("f", name, value, XATTR_CREATE)) TH_LOG("%s", name);
	}
	for (i = 0; i < 500; i += 2) {
		snprintf(name, sizeof(name), "user.%d", i);
		ASSERT_EQ(0, lremovexattr(at("f"), name));
	}
	for (i = 0; i < 500; i++) {
		snprintf(name, sizeof(name), "user.%d", i);
		snprintf(value, sizeof(value), "v%d", i);
		ASSERT_EQ(i % 2 == 1, is("f", name, value)) TH_LOG("%s", name);
	}
}

/* So many that what keeps them is larger than kmalloc() gives; and that is charged, too. */
TEST_ON(xattr, more_than_kmalloc_can)
{
	unsigned long before;
	char name[32];
	int i;

	if (!testfs_is_samplefs())
		SKIP(return, "tmpfs counts them as inodes");
	ASSERT_EQ(0, mount(NULL, TESTFS_MOUNT, NULL, MS_REMOUNT, "size=64m"));
	before = blocks_free();
	ASSERT_EQ(0, testfs_touch(self->root, "f"));
	for (i = 0; i <= 1 << 16; i++) {
		snprintf(name, sizeof(name), "trusted.%06d", i);
		ASSERT_EQ(0, set("f", name, "", 0)) TH_LOG("%s: %s", name, strerror(errno));
	}
	EXPECT_LE((1UL << 16) * 128 / 4096, before - blocks_free());
	ASSERT_EQ(0, unlinkat(self->root, "f", 0));
	EXPECT_EQ(before, blocks_free());
}

TEST_ON(xattr, other_user)
{
	pid_t pid;

	ASSERT_EQ(0, testfs_touch(self->root, "roots"));
	ASSERT_EQ(0, testfs_touch(self->root, "mine"));
	ASSERT_EQ(0, fchownat(self->root, "mine", 1000, 1000, 0));
	ASSERT_EQ(0, set("mine", "trusted.t", "secret", 0));
	ASSERT_EQ(0, set("mine", "user.u", "open", 0));
	ASSERT_EQ(0, set("roots", "user.u", "readable", 0));
	EXPECT_TRUE(strstr(list("mine"), "trusted.t") != NULL);
	pid = testfs_fork_user(1000);
	if (!pid) {
		int bad = 0;

		bad |= !!strcmp(list("mine"), "user.u");
		bad |= (ERR(lgetxattr(at("mine"), "trusted.t", NULL, 0)) != ENODATA) << 1;
		bad |= (set("mine", "trusted.t", "x", 0) != EPERM) << 2;
		bad |= (set("mine", "user.mine", "x", 0) != 0) << 3;
		bad |= !is("roots", "user.u", "readable") << 4;
		bad |= (set("roots", "user.u", "x", 0) != EACCES) << 5;
		bad |= (set("mine", "security.s", "x", 0) != EPERM) << 6;
		_exit(bad);
	}
	EXPECT_EQ(0, testfs_wait(pid));
	EXPECT_TRUE(is("mine", "user.mine", "x"));
	EXPECT_TRUE(is("mine", "trusted.t", "secret"));
}

TEST_ON(xattr, other_types)
{
	ASSERT_EQ(0, symlinkat("nowhere", self->root, "l"));
	ASSERT_EQ(0, mkfifoat(self->root, "p", 0644));
	EXPECT_EQ(EPERM, set("l", "user.a", "x", 0));
	EXPECT_EQ(0, set("l", "trusted.a", "x", 0));
	EXPECT_TRUE(is("l", "trusted.a", "x"));
	EXPECT_EQ(EPERM, set("p", "user.a", "x", 0));
	EXPECT_EQ(0, set("p", "security.a", "x", 0));
	EXPECT_STREQ("security.a", list("p"));
}

/* They belong to the inode, not to the name. */
TEST_ON(xattr, rename_and_link)
{
	ASSERT_EQ(0, testfs_touch(self->root, "f"));
	ASSERT_EQ(0, set("f", "user.a", "x", 0));
	ASSERT_EQ(0, linkat(self->root, "f", self->root, "g", 0));
	ASSERT_EQ(0, renameat(self->root, "f", self->root, "h"));
	EXPECT_TRUE(is("g", "user.a", "x"));
	EXPECT_TRUE(is("h", "user.a", "x"));
	ASSERT_EQ(0, unlinkat(self->root, "g", 0));
	ASSERT_EQ(0, unlinkat(self->root, "h", 0));
	ASSERT_EQ(0, testfs_touch(self->root, "f"));
	EXPECT_STREQ("", list("f"));
}

/* Memory is charged, and comes back. 1 MiB are 256 pages. */
TEST_ON(xattr, limit)
{
	static char big[XATTR_SIZE_MAX];
	unsigned long before = blocks_free();
	char name[32];
	int i, err = 0;

	if (!testfs_is_samplefs())
		SKIP(return, "other filesystems charge in other ways");
	memset(big, 'x', sizeof(big));
	ASSERT_EQ(0, testfs_touch(self->root, "f"));
	/* Small ones come with the inode. */
	ASSERT_EQ(0, set("f", "user.small", "value", 0));
	EXPECT_EQ(before, blocks_free());
	for (i = 0; i < 100 && !err; i++) {
		snprintf(name, sizeof(name), "user.%d", i);
		err = ERR(lsetxattr(at("f"), name, big, sizeof(big), 0));
	}
	EXPECT_EQ(ENOSPC, err);
	/* Fifteen of them fit beside the small one: each takes some more memory than its value. */
	EXPECT_EQ(15 + 1, i);
	EXPECT_EQ(ENODATA, ERR(lgetxattr(at("f"), name, NULL, 0)));
	EXPECT_TRUE(is("f", "user.small", "value"));
	/* A smaller value gives back what it does not need. */
	EXPECT_EQ(0, set("f", "user.0", "x", 0));
	EXPECT_LE(15UL, blocks_free());
	EXPECT_EQ(0, lremovexattr(at("f"), "user.1"));
	EXPECT_LE(31UL, blocks_free());
	ASSERT_EQ(0, unlinkat(self->root, "f", 0));
	EXPECT_EQ(before, blocks_free());
}

TEST_ON(xattr, ctime)
{
	struct stat before, after;

	ASSERT_EQ(0, testfs_touch(self->root, "f"));
	ASSERT_EQ(0, fstatat(self->root, "f", &before, 0));
	usleep(20000);
	ASSERT_EQ(0, set("f", "user.a", "x", 0));
	ASSERT_EQ(0, fstatat(self->root, "f", &after, 0));
	EXPECT_TRUE(after.st_ctim.tv_sec > before.st_ctim.tv_sec ||
		    after.st_ctim.tv_nsec > before.st_ctim.tv_nsec);
	EXPECT_EQ(0, memcmp(&before.st_mtim, &after.st_mtim, sizeof(before.st_mtim)));
}

/* Access control lists, as the kernel takes them. */

struct acl {
	__u32 version;
	struct { __u16 tag, perm; __u32 id; } entry[5];
} __attribute__((packed));

/* u::rw-, u:UID:PERM, g::r--, m::rwx, o::--- */
static struct acl acl(unsigned int uid, unsigned int perm)
{
	return (struct acl) { 2, {
		{ 0x01, 6, -1 }, { 0x02, perm, uid }, { 0x04, 4, -1 }, { 0x10, 7, -1 },
		{ 0x20, 0, -1 },
	} };
}

/* The error of opening as a user, or 0. */
static int open_as(unsigned int uid, int root, const char *name, int flags)
{
	pid_t pid = testfs_fork_user(uid);

	if (!pid)
		_exit(ERR(openat(root, name, flags)));
	return testfs_wait(pid);
}

TEST_ON(xattr, acl_access)
{
	struct acl acl_is, read_only = acl(1000, 4);
	struct stat st;

	ASSERT_EQ(0, testfs_touch(self->root, "f"));
	ASSERT_EQ(0, fchmodat(self->root, "f", 0640, 0));
	EXPECT_EQ(EACCES, open_as(1000, self->root, "f", O_RDONLY));
	ASSERT_EQ(0, lsetxattr(at("f"), ACCESS, &read_only, sizeof(read_only), 0));
	EXPECT_EQ(0, open_as(1000, self->root, "f", O_RDONLY));
	EXPECT_EQ(EACCES, open_as(1000, self->root, "f", O_WRONLY));
	EXPECT_EQ(EACCES, open_as(1001, self->root, "f", O_RDONLY));
	EXPECT_STREQ(ACCESS, list("f"));
	ASSERT_EQ((ssize_t)sizeof(acl_is),
		  lgetxattr(at("f"), ACCESS, &acl_is, sizeof(acl_is)));
	EXPECT_EQ(0, memcmp(&acl_is, &read_only, sizeof(acl_is)));
	/* The mask is where the group's permissions were. */
	ASSERT_EQ(0, fstatat(self->root, "f", &st, 0));
	EXPECT_EQ(0670U, st.st_mode & 07777);
	/* Changing those changes the mask. */
	ASSERT_EQ(0, fchmodat(self->root, "f", 0600, 0));
	EXPECT_EQ(EACCES, open_as(1000, self->root, "f", O_RDONLY));
	ASSERT_EQ(0, lremovexattr(at("f"), ACCESS));
	EXPECT_STREQ("", list("f"));
	EXPECT_EQ(ENODATA, ERR(lgetxattr(at("f"), ACCESS, NULL, 0)));
}

/* For want of memory for the changed list, the mode does not change either. */
TEST_ON(xattr, acl_chmod_fails)
{
	struct acl all = acl(1000, 7);
	unsigned int n, failed = 0;
	struct stat st;
	int error;

	if (!fault_only("failslab"))
		SKIP(return, "%s", FAULT_MISSING);
	ASSERT_EQ(0, testfs_touch(self->root, "f"));
	ASSERT_EQ(0, fchmodat(self->root, "f", 0640, 0));
	ASSERT_EQ(0, lsetxattr(at("f"), ACCESS, &all, sizeof(all), 0));
	for (n = 1; ; n++) {
		fault_arm(n);
		error = ERR(fchmodat(self->root, "f", 0600, 0));
		if (!fault_disarm())
			break;
		if (!error) {
			/* It was not its own memory, but what kmemleak notes that in. */
			ASSERT_EQ(0, lsetxattr(at("f"), ACCESS, &all, sizeof(all), 0));
			continue;
		}
		ASSERT_EQ(ENOMEM, error);
		failed++;
		ASSERT_EQ(0, fstatat(self->root, "f", &st, 0));
		EXPECT_EQ(0670U, st.st_mode & 07777);
		EXPECT_EQ(0, open_as(1000, self->root, "f", O_RDWR));
	}
	EXPECT_EQ(0, error);
	EXPECT_LT(0, failed);
	ASSERT_EQ(0, fstatat(self->root, "f", &st, 0));
	EXPECT_EQ(0600U, st.st_mode & 07777);
	EXPECT_EQ(EACCES, open_as(1000, self->root, "f", O_RDONLY));
}

TEST_ON(xattr, acl_inherited)
{
	struct acl all = acl(1000, 7);
	struct stat st;

	ASSERT_EQ(0, mkdirat(self->root, "d", 0755));
	EXPECT_EQ(EACCES, ERR(lsetxattr((testfs_touch(self->root, "f"), at("f")), DEFAULT, &all,
					sizeof(all), 0)));
	ASSERT_EQ(0, lsetxattr(at("d"), DEFAULT, &all, sizeof(all), 0));
	EXPECT_STREQ(DEFAULT, list("d"));
	ASSERT_EQ(0, testfs_touch(self->root, "d/f"));
	EXPECT_STREQ(ACCESS, list("d/f"));
	EXPECT_EQ(0, open_as(1000, self->root, "d/f", O_RDONLY));
	/* What the creator asked for is the mask: no writing for others. */
	EXPECT_EQ(EACCES, open_as(1000, self->root, "d/f", O_RDWR));
	EXPECT_EQ(EACCES, open_as(1001, self->root, "d/f", O_RDONLY));
	ASSERT_EQ(0, mkdirat(self->root, "d/e", 0777));
	EXPECT_STREQ(ACCESS " " DEFAULT, list("d/e"));
	ASSERT_EQ(0, symlinkat("x", self->root, "d/l"));
	EXPECT_STREQ("", list("d/l"));
	/* The list decides instead of the umask. */
	ASSERT_EQ(0, fstatat(self->root, "d/e", &st, 0));
	EXPECT_EQ(0670U, st.st_mode & 07777);
}

/* A list that says no more than the permissions is none. */
TEST_ON(xattr, acl_minimal)
{
	struct { __u32 version; struct { __u16 tag, perm; __u32 id; } entry[3]; }
	__attribute__((packed)) minimal = { 2, {
		{ 0x01, 6, -1 }, { 0x04, 4, -1 }, { 0x20, 4, -1 },
	} };
	struct stat st;

	ASSERT_EQ(0, testfs_touch(self->root, "f"));
	ASSERT_EQ(0, fchmodat(self->root, "f", 0777, 0));
	ASSERT_EQ(0, lsetxattr(at("f"), ACCESS, &minimal, sizeof(minimal), 0));
	ASSERT_EQ(0, fstatat(self->root, "f", &st, 0));
	EXPECT_EQ(0644U, st.st_mode & 07777);
	EXPECT_STREQ("", list("f"));
}

/* A write takes capabilities away, also those of a file of which is known that it had none. */
TEST_ON(xattr, write_takes_capabilities_away)
{
	/* Version 2, and CAP_CHOWN. */
	const unsigned char chown[20] = { [3] = 2, [4] = 1 };
	int fd = openat(self->root, "file", O_CREAT | O_WRONLY, 0755);

	ASSERT_LE(0, fd);
	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(1, write(fd, "x", 1));
		ASSERT_EQ(0, lsetxattr(at("file"), "security.capability", chown, sizeof(chown), 0));
		ASSERT_EQ((ssize_t)sizeof(chown), lgetxattr(at("file"), "security.capability", NULL, 0));
		ASSERT_EQ(1, write(fd, "x", 1));
		EXPECT_EQ(-1, lgetxattr(at("file"), "security.capability", NULL, 0));
		EXPECT_EQ(ENODATA, errno);
	}
	close(fd);
}

/* The first attribute that a security module has given to an open file, or "". */
static const char *label(int fd)
{
	static char names[1024];
	ssize_t i, n = flistxattr(fd, names, sizeof(names));

	for (i = 0; i < n; i += strlen(names + i) + 1) {
		if (!strncmp(names + i, "security.", 9))
			return names + i;
	}
	return "";
}

TEST_ON(xattr, labels_of_new_files)
{
	int fd = open(TESTFS_SCRATCH "/labelled", O_CREAT | O_RDWR, 0600);
	char expected[256];

	ASSERT_LE(0, fd);
	snprintf(expected, sizeof(expected), "%s", label(fd));
	close(fd);
	if (!*expected)
		SKIP(return, "no security module that labels files on tmpfs");
	fd = openat(self->root, "f", O_CREAT | O_RDWR, 0600);
	EXPECT_STREQ(expected, label(fd));
	close(fd);
	ASSERT_EQ(0, mkdirat(self->root, "d", 0700));
	fd = openat(self->root, "d", O_RDONLY);
	EXPECT_STREQ(expected, label(fd));
	close(fd);
	fd = openat(self->root, ".", O_TMPFILE | O_RDWR, 0600);
	EXPECT_STREQ(expected, label(fd));
	close(fd);
}

TESTFS_MAIN
