// SPDX-License-Identifier: GPL-2.0
/*
 * Access control lists where users have other numbers: through mapped mounts, in user namespaces, and in both. As on
 * tmpfs, where the same is tried.
 */
#include "users.h"

#include <sys/xattr.h>

#define ACCESS	"system.posix_acl_access"
#define DEFAULT	"system.posix_acl_default"

USERS_FIXTURE(acl_mapped, "mode=1777")

/* As the kernel takes it. */
struct list {
	__u32 version;
	struct { __u16 tag, perm; __u32 id; } entry[6];
} __attribute__((packed));

#define MASK	4

/* u::rw-, u:UID:rw-, g::---, g:GID:r--, m::rwx, o::--- */
static struct list list(unsigned int uid, unsigned int gid)
{
	return (struct list) { 2, {
		{ 0x01, 6, -1 }, { 0x02, 6, uid }, { 0x04, 0, -1 }, { 0x08, 4, gid }, { 0x10, 7, -1 },
		{ 0x20, 0, -1 },
	} };
}

/* What follows is for calls as users: it is -1 with errno, or 0. */

static int set_list(int dir, const char *name, const char *attr, struct list list)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC), error;

	if (fd < 0)
		return -1;
	error = ERR(fsetxattr(fd, attr, &list, sizeof(list), 0));
	close(fd);
	errno = error;
	return error ? -1 : 0;
}

/* EUCLEAN where it is another. */
static int list_is(int dir, const char *name, const char *attr, struct list expected)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	struct list is = { 0 };
	ssize_t size;

	if (fd < 0)
		return -1;
	size = fgetxattr(fd, attr, &is, sizeof(is));
	close(fd);
	if (size < 0)
		return -1;
	errno = EUCLEAN;
	return size == sizeof(is) && !memcmp(&is, &expected, sizeof(is)) ? 0 : -1;
}

/* Of a list that was given to a new file of mode 0666: nobody can execute it. */
static struct list inherited(struct list list)
{
	list.entry[MASK].perm = 6;
	return list;
}

/* Not one of the two by name, but in the group that both are in. */
static const struct user dora = { 5000, 5000, { TEAM, 0 } };
static const struct user mapped_dora = { 15000, 15000, { 10000 + TEAM, 0 } };
/* Who is as the mount shows Anna, but in the group that it would be without the mount. */
static const struct user odd_anna = { 11000, 11000, { TEAM, 0 } };

/* Ben and the team, as the filesystem knows them, and as the mount shows them. */
#define PLAIN	list(2000, TEAM)
#define SHOWN	list(12000, 10000 + TEAM)

TEST_ON(acl_mapped, mount_ids)
{
	int mapped = mapped_mount();

	if (mapped < 0)
		SKIP(return, "no mapped mounts: %s", strerror(errno));
	ASSERT_EQ(0, users_make(self->root, "f", &anna, TEAM, 0600));
	ASSERT_EQ(0, users_make(self->root, "g", &anna, TEAM, 0600));
	ASSERT_EQ(0, users_make(self->root, "d", &anna, TEAM, S_IFDIR | 0700));
	EXPECT_EQ(0, set_list(self->root, "f", ACCESS, PLAIN));
	EXPECT_EQ(0, list_is(self->root, "f", ACCESS, PLAIN));
	EXPECT_EQ(0, list_is(mapped, "f", ACCESS, SHOWN));
	EXPECT_EQ(0, set_list(mapped, "g", ACCESS, SHOWN));
	EXPECT_EQ(0, list_is(self->root, "g", ACCESS, PLAIN));
	EXPECT_EQ(0, list_is(mapped, "g", ACCESS, SHOWN));
	EXPECT_EQ(0670, users_mode(self->root, "g"));
	EXPECT_EQ(0, set_list(mapped, "d", DEFAULT, SHOWN));
	EXPECT_EQ(0, list_is(self->root, "d", DEFAULT, PLAIN));
	/* Whom the mount does not know cannot be named through it, and is shown as nobody. */
	EXPECT_EQ(EINVAL, ERR(set_list(mapped, "f", ACCESS, PLAIN)));
	EXPECT_EQ(EINVAL, ERR(set_list(mapped, "f", ACCESS, list(12000, TEAM))));
	EXPECT_EQ(0, list_is(self->root, "f", ACCESS, PLAIN));
	EXPECT_EQ(0, set_list(self->root, "f", ACCESS, list(0, 0)));
	EXPECT_EQ(0, list_is(mapped, "f", ACCESS, list(-1, -1)));
	close(mapped);
}

/* Who may do what is decided by whom the mount shows. */
TEST_ON(acl_mapped, mount_access)
{
	int mapped = mapped_mount();
	struct list masked = PLAIN;

	if (mapped < 0)
		SKIP(return, "no mapped mounts: %s", strerror(errno));
	ASSERT_EQ(0, users_make(self->root, "f", &anna, anna.gid, 0600));
	EXPECT_EQ(EACCES, AS(mapped_ben, openat(mapped, "f", O_RDONLY)));
	EXPECT_EQ(0, AS(mapped_anna, set_list(mapped, "f", ACCESS, SHOWN)));
	EXPECT_EQ(0, AS(mapped_ben, openat(mapped, "f", O_RDWR)));
	EXPECT_EQ(0, AS(mapped_dora, openat(mapped, "f", O_RDONLY)));
	EXPECT_EQ(EACCES, AS(mapped_dora, openat(mapped, "f", O_RDWR)));
	EXPECT_EQ(EACCES, AS(mapped_carl, openat(mapped, "f", O_RDONLY)));
	EXPECT_EQ(EACCES, AS(ben, openat(mapped, "f", O_RDONLY)));
	EXPECT_EQ(EACCES, AS(dora, openat(mapped, "f", O_RDONLY)));
	EXPECT_EQ(0, AS(ben, openat(self->root, "f", O_RDWR)));
	EXPECT_EQ(0, AS(dora, openat(self->root, "f", O_RDONLY)));
	EXPECT_EQ(EACCES, AS(dora, openat(self->root, "f", O_RDWR)));
	EXPECT_EQ(EACCES, AS(mapped_ben, openat(self->root, "f", O_RDONLY)));
	EXPECT_EQ(EACCES, AS(mapped_dora, openat(self->root, "f", O_RDONLY)));
	/* The list is its owner's to change, and chmod(2) changes its mask. */
	EXPECT_EQ(EPERM, AS(mapped_ben, set_list(mapped, "f", ACCESS, SHOWN)));
	EXPECT_EQ(EPERM, AS(ben, set_list(self->root, "f", ACCESS, PLAIN)));
	EXPECT_EQ(0, AS(mapped_anna, fchmodat(mapped, "f", 0640, 0)));
	masked.entry[MASK].perm = 4;
	EXPECT_EQ(0, list_is(self->root, "f", ACCESS, masked));
	EXPECT_EQ(EACCES, AS(mapped_ben, openat(mapped, "f", O_RDWR)));
	EXPECT_EQ(0, AS(mapped_ben, openat(mapped, "f", O_RDONLY)));
	close(mapped);
}

/* A list that was set through one mount is inherited by what is made through each. */
TEST_ON(acl_mapped, mount_inherits)
{
	int mapped = mapped_mount();

	if (mapped < 0)
		SKIP(return, "no mapped mounts: %s", strerror(errno));
	ASSERT_EQ(0, users_make(self->root, "d", &anna, anna.gid, S_IFDIR | 0755));
	EXPECT_EQ(0, AS(mapped_anna, set_list(mapped, "d", DEFAULT, SHOWN)));
	EXPECT_EQ(0, AS(mapped_anna, openat(mapped, "d/mapped", O_CREAT | O_RDWR, 0666)));
	EXPECT_EQ(0, AS(anna, openat(self->root, "d/plain", O_CREAT | O_RDWR, 0666)));
	EXPECT_EQ(0, AS(mapped_anna, mkdirat(mapped, "d/sub", 0777)));
	EXPECT_EQ(0, list_is(self->root, "d/mapped", ACCESS, inherited(PLAIN)));
	EXPECT_EQ(0, list_is(mapped, "d/mapped", ACCESS, inherited(SHOWN)));
	EXPECT_EQ(0, list_is(self->root, "d/plain", ACCESS, inherited(PLAIN)));
	EXPECT_EQ(0, list_is(mapped, "d/plain", ACCESS, inherited(SHOWN)));
	EXPECT_EQ(0, list_is(self->root, "d/sub", DEFAULT, PLAIN));
	EXPECT_EQ(0, list_is(mapped, "d/sub", DEFAULT, SHOWN));
	EXPECT_EQ(0, list_is(self->root, "d/sub", ACCESS, PLAIN));
	EXPECT_EQ(anna.uid, users_uid(self->root, "d/mapped"));
	EXPECT_EQ(0660, users_mode(self->root, "d/mapped"));
	EXPECT_EQ(0, AS(mapped_ben, openat(mapped, "d/mapped", O_RDWR)));
	EXPECT_EQ(0, AS(mapped_ben, openat(mapped, "d/plain", O_RDWR)));
	EXPECT_EQ(0, AS(ben, openat(self->root, "d/mapped", O_RDWR)));
	EXPECT_EQ(EACCES, AS(ben, openat(mapped, "d/mapped", O_RDONLY)));
	EXPECT_EQ(EACCES, AS(mapped_carl, openat(mapped, "d/mapped", O_RDONLY)));
	EXPECT_EQ(EACCES, AS(mapped_dora, openat(mapped, "d/plain", O_RDWR)));
	close(mapped);
}

/* Who gives a list to a file whose group he is not in takes its set-gid bit away: the group that the mount shows. */
TEST_ON(acl_mapped, mount_set_gid)
{
	int mapped = mapped_mount();

	if (mapped < 0)
		SKIP(return, "no mapped mounts: %s", strerror(errno));
	ASSERT_EQ(0, users_make(self->root, "member", &anna, TEAM, 02755));
	ASSERT_EQ(0, users_make(self->root, "odd", &anna, TEAM, 02755));
	ASSERT_EQ(0, users_make(self->root, "other", &anna, carl.gid, 02755));
	ASSERT_EQ(0, users_make(self->root, "dir", &anna, carl.gid, S_IFDIR | 02755));
	ASSERT_EQ(0, users_make(self->root, "default", &anna, carl.gid, S_IFDIR | 02755));
	ASSERT_EQ(0, users_make(self->root, "roots", &anna, 0, 02755));
	EXPECT_EQ(0, AS(mapped_anna, set_list(mapped, "member", ACCESS, SHOWN)));
	EXPECT_EQ(02670, users_mode(self->root, "member"));
	EXPECT_EQ(0, AS(odd_anna, set_list(mapped, "odd", ACCESS, SHOWN)));
	EXPECT_EQ(0670, users_mode(self->root, "odd"));
	EXPECT_EQ(0, AS(mapped_anna, set_list(mapped, "other", ACCESS, SHOWN)));
	EXPECT_EQ(0670, users_mode(self->root, "other"));
	EXPECT_EQ(0, AS(mapped_anna, set_list(mapped, "dir", ACCESS, SHOWN)));
	EXPECT_EQ(0670, users_mode(self->root, "dir"));
	/* That is not about the file itself. */
	EXPECT_EQ(0, AS(mapped_anna, set_list(mapped, "default", DEFAULT, SHOWN)));
	EXPECT_EQ(02755, users_mode(self->root, "default"));
	/* Root keeps it; but where the mount does not show the group, not even root sets a list. */
	ASSERT_EQ(0, fchmodat(self->root, "other", 02755, 0));
	EXPECT_EQ(0, set_list(mapped, "other", ACCESS, SHOWN));
	EXPECT_EQ(02670, users_mode(self->root, "other"));
	EXPECT_EQ(EPERM, ERR(set_list(mapped, "roots", ACCESS, SHOWN)));
	EXPECT_EQ(02755, users_mode(self->root, "roots"));
	EXPECT_EQ(0, set_list(self->root, "roots", ACCESS, PLAIN));
	EXPECT_EQ(02670, users_mode(self->root, "roots"));
	close(mapped);
}

/* The users from 1000 on are those from 0 on in a namespace. */
static const struct user inner_ben = { 1000, 1000, { TEAM - 1000, 0 } };
static const struct user inner_ben_alone = { 1000, 1000, { 0, 0 } };
static const struct user inner_carl = { 3000, 3000, { 0, 0 } };
static const struct user inner_dora = { 4000, 4000, { TEAM - 1000, 0 } };

#define INNER	list(1000, TEAM - 1000)

TEST_ON(acl_mapped, namespace_ids)
{
	int ns = testfs_user_namespace(0, 1000, 5000);

	if (ns < 0)
		SKIP(return, "no user namespaces: %s", strerror(errno));
	ASSERT_EQ(0, users_make(self->root, "f", &anna, TEAM, 0600));
	ASSERT_EQ(0, users_make(self->root, "g", &anna, TEAM, 0600));
	EXPECT_EQ(0, set_list(self->root, "f", ACCESS, PLAIN));
	EXPECT_EQ(0, AS_ROOT_OF(ns, list_is(self->root, "f", ACCESS, INNER)));
	EXPECT_EQ(0, AS_ROOT_OF(ns, set_list(self->root, "g", ACCESS, INNER)));
	EXPECT_EQ(0, AS_ROOT_OF(ns, list_is(self->root, "g", ACCESS, INNER)));
	EXPECT_EQ(0, list_is(self->root, "g", ACCESS, PLAIN));
	EXPECT_EQ(EINVAL, AS_ROOT_OF(ns, set_list(self->root, "g", ACCESS, list(5000, 0))));
	EXPECT_EQ(EINVAL, AS_ROOT_OF(ns, set_list(self->root, "g", ACCESS, list(0, 5000))));
	EXPECT_EQ(0, list_is(self->root, "g", ACCESS, PLAIN));
	EXPECT_EQ(0, set_list(self->root, "g", ACCESS, list(0, 0)));
	EXPECT_EQ(0, AS_ROOT_OF(ns, list_is(self->root, "g", ACCESS, list(-1, -1))));
	close(ns);
}

TEST_ON(acl_mapped, namespace_access)
{
	int ns = testfs_user_namespace(0, 1000, 5000);

	if (ns < 0)
		SKIP(return, "no user namespaces: %s", strerror(errno));
	ASSERT_EQ(0, users_make(self->root, "f", &anna, anna.gid, 0600));
	ASSERT_EQ(0, users_make(self->root, "d", &anna, anna.gid, S_IFDIR | 0755));
	ASSERT_EQ(0, users_make(self->root, "roots", NULL, 0, 0644));
	EXPECT_EQ(EACCES, AS_USER_OF(ns, inner_ben, openat(self->root, "f", O_RDONLY)));
	EXPECT_EQ(0, AS_ROOT_OF(ns, set_list(self->root, "f", ACCESS, INNER)));
	EXPECT_EQ(0, AS_USER_OF(ns, inner_ben, openat(self->root, "f", O_RDWR)));
	EXPECT_EQ(0, AS_USER_OF(ns, inner_dora, openat(self->root, "f", O_RDONLY)));
	EXPECT_EQ(EACCES, AS_USER_OF(ns, inner_dora, openat(self->root, "f", O_RDWR)));
	EXPECT_EQ(EACCES, AS_USER_OF(ns, inner_carl, openat(self->root, "f", O_RDONLY)));
	EXPECT_EQ(0, AS(ben, openat(self->root, "f", O_RDWR)));
	EXPECT_EQ(EPERM, AS_USER_OF(ns, inner_ben, set_list(self->root, "f", ACCESS, INNER)));
	EXPECT_EQ(EPERM, AS_ROOT_OF(ns, set_list(self->root, "roots", ACCESS, INNER)));

	EXPECT_EQ(0, AS_ROOT_OF(ns, set_list(self->root, "d", DEFAULT, INNER)));
	EXPECT_EQ(0, AS_ROOT_OF(ns, openat(self->root, "d/f", O_CREAT | O_RDWR, 0666)));
	EXPECT_EQ(0, list_is(self->root, "d/f", ACCESS, inherited(PLAIN)));
	EXPECT_EQ(0, AS_USER_OF(ns, inner_ben, list_is(self->root, "d/f", ACCESS, inherited(INNER))));
	EXPECT_EQ(0, AS_USER_OF(ns, inner_ben, openat(self->root, "d/f", O_RDWR)));
	EXPECT_EQ(EACCES, AS_USER_OF(ns, inner_carl, openat(self->root, "d/f", O_RDONLY)));
	close(ns);
}

TEST_ON(acl_mapped, namespace_set_gid)
{
	int ns = testfs_user_namespace(0, 1000, 5000);

	if (ns < 0)
		SKIP(return, "no user namespaces: %s", strerror(errno));
	ASSERT_EQ(0, users_make(self->root, "f", &ben, TEAM, 02755));
	ASSERT_EQ(0, users_make(self->root, "roots", &ben, 0, 02755));
	EXPECT_EQ(0, AS_USER_OF(ns, inner_ben, set_list(self->root, "f", ACCESS, INNER)));
	EXPECT_EQ(02670, users_mode(self->root, "f"));
	EXPECT_EQ(0, AS_USER_OF(ns, inner_ben_alone, set_list(self->root, "f", ACCESS, INNER)));
	EXPECT_EQ(0670, users_mode(self->root, "f"));
	/* Root of the namespace keeps that of its groups, and has no say in others. */
	ASSERT_EQ(0, fchmodat(self->root, "f", 02755, 0));
	EXPECT_EQ(0, AS_ROOT_OF(ns, set_list(self->root, "f", ACCESS, INNER)));
	EXPECT_EQ(02670, users_mode(self->root, "f"));
	EXPECT_EQ(0, AS_ROOT_OF(ns, set_list(self->root, "roots", ACCESS, INNER)));
	EXPECT_EQ(0670, users_mode(self->root, "roots"));
	close(ns);
}

/* As a container has it: users of the namespace that the mount stands for those of the filesystem. */
TEST_ON(acl_mapped, mount_and_namespace)
{
	int mapped = mapped_mount(), ns = testfs_user_namespace(0, 11000, 5000);

	if (mapped < 0 || ns < 0)
		SKIP(return, "no mapped mounts: %s", strerror(errno));
	ASSERT_EQ(0, users_make(self->root, "f", &anna, TEAM, 0600));
	EXPECT_EQ(0, AS_ROOT_OF(ns, set_list(mapped, "f", ACCESS, INNER)));
	EXPECT_EQ(0, AS_ROOT_OF(ns, list_is(mapped, "f", ACCESS, INNER)));
	EXPECT_EQ(0, list_is(mapped, "f", ACCESS, SHOWN));
	EXPECT_EQ(0, list_is(self->root, "f", ACCESS, PLAIN));
	EXPECT_EQ(0, AS_USER_OF(ns, inner_ben, openat(mapped, "f", O_RDWR)));
	EXPECT_EQ(0, AS_USER_OF(ns, inner_dora, openat(mapped, "f", O_RDONLY)));
	EXPECT_EQ(EACCES, AS_USER_OF(ns, inner_carl, openat(mapped, "f", O_RDONLY)));
	EXPECT_EQ(EACCES, AS_USER_OF(ns, inner_ben, openat(self->root, "f", O_RDONLY)));
	EXPECT_EQ(EACCES, AS_ROOT_OF(ns, set_list(self->root, "f", ACCESS, INNER)));
	EXPECT_EQ(EINVAL, AS_ROOT_OF(ns, set_list(mapped, "f", ACCESS, list(5000, 0))));

	ASSERT_EQ(0, users_make(self->root, "bens", &ben, TEAM, 02755));
	EXPECT_EQ(0, AS_USER_OF(ns, inner_ben, set_list(mapped, "bens", ACCESS, INNER)));
	EXPECT_EQ(02670, users_mode(self->root, "bens"));
	EXPECT_EQ(0, AS_USER_OF(ns, inner_ben_alone, set_list(mapped, "bens", ACCESS, INNER)));
	EXPECT_EQ(0670, users_mode(self->root, "bens"));
	close(mapped);
	close(ns);
}

TESTFS_MAIN
