/* SPDX-License-Identifier: GPL-2.0 */
/*
 * For tests of what ordinary users may do: users, and a fixture that is tested twice, on the filesystem in question and
 * on tmpfs, of which the same is expected.
 */
#ifndef USERS_H
#define USERS_H

#include "testfs.h"

struct user {
	unsigned int uid, gid;
	/* More groups; 0 is none. */
	unsigned int groups[2];
};

/* Two who work together, and one who has nothing to do with them. */
#define TEAM	3000
static const struct user anna = { 1000, 1000, { TEAM, 0 } };
static const struct user ben = { 2000, 2000, { TEAM, 0 } };
static const struct user carl = { 4000, 4000, { 0, 0 } };

static inline int users_become(const struct user *user)
{
	unsigned int groups[2];
	size_t i, count = 0;

	for (i = 0; i < ARRAY_SIZE(groups); i++)
		if (user->groups[i])
			groups[count++] = user->groups[i];
	return syscall(SYS_setgroups, count, groups) || setresgid(user->gid, user->gid, user->gid) ||
	       setresuid(user->uid, user->uid, user->uid) ? -1 : 0;
}

/* Forks; the child is that user, without any capability. */
static inline pid_t users_fork(const struct user *user)
{
	pid_t pid = fork();

	if (!pid && users_become(user))
		_exit(126);
	return pid;
}

/* The error of a system call as this user, or 0. */
#define AS(user, call)							\
	({								\
		pid_t as_pid = users_fork(&(user));			\
									\
		if (!as_pid)						\
			_exit(ERR(call));				\
		testfs_wait(as_pid);					\
	})

/* Forks; the child is root in the namespace, with every capability there, and has its own mounts. */
static inline pid_t fork_root_of(int ns)
{
	pid_t pid = fork();

	if (!pid && (setns(ns, CLONE_NEWUSER) || unshare(CLONE_NEWNS) || setresgid(0, 0, 0) ||
		     setresuid(0, 0, 0) || syscall(SYS_setgroups, 0, NULL)))
		_exit(126);
	return pid;
}

#define AS_ROOT_OF(ns, call)						\
	({								\
		pid_t as_pid = fork_root_of(ns);			\
									\
		if (!as_pid)						\
			_exit(ERR(call));				\
		testfs_wait(as_pid);					\
	})

/* The same, but this user of the namespace. Who was not its root before would keep all capabilities there. */
static inline pid_t fork_user_of(int ns, const struct user *user)
{
	pid_t pid = fork_root_of(ns);

	if (!pid && users_become(user))
		_exit(126);
	return pid;
}

#define AS_USER_OF(ns, user, call)					\
	({								\
		pid_t as_pid = fork_user_of(ns, &(user));		\
									\
		if (!as_pid)						\
			_exit(ERR(call));				\
		testfs_wait(as_pid);					\
	})

static inline mode_t users_mode(int dir, const char *name)
{
	struct stat st;

	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) ? 0 : st.st_mode & 07777;
}

static inline unsigned int users_gid(int dir, const char *name)
{
	struct stat st;

	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) ? -1U : st.st_gid;
}

static inline unsigned int users_uid(int dir, const char *name)
{
	struct stat st;

	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) ? -1U : st.st_uid;
}

/* Makes a file or, with mode S_IFDIR, a directory, with this owner and mode. */
static inline int users_make(int dir, const char *name, const struct user *user, unsigned int gid,
			     mode_t mode)
{
	int err = S_ISDIR(mode) ? mkdirat(dir, name, 0700) : testfs_write(dir, name, "content", 7);

	return err || fchownat(dir, name, user ? user->uid : 0, gid, AT_SYMLINK_NOFOLLOW) ||
	       fchmodat(dir, name, mode & 07777, 0) ? -1 : 0;
}

/* Another mount of the same, where the users from 1000 on are shown as those from 11000 on. */
static inline int mapped_mount(void)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_IDMAP };
	int ns = testfs_user_namespace(1000, 11000, 5000), tree;

	if (ns < 0)
		return -1;
	tree = open_tree(AT_FDCWD, TESTFS_MOUNT, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	attr.userns_fd = ns;
	if (tree < 0 || mount_setattr(tree, "", AT_EMPTY_PATH, &attr, sizeof(attr)))
		tree = -1;
	close(ns);
	return tree;
}

/* The users as that mount shows them. */
static const struct user mapped_anna = { 11000, 11000, { 10000 + TEAM, 0 } };
static const struct user mapped_ben = { 12000, 12000, { 10000 + TEAM, 0 } };
static const struct user mapped_carl = { 14000, 14000, { 0, 0 } };

/* The fixture, with the type in question and tmpfs as its variants; its root has this mode. */
#define USERS_FIXTURE(fixture, options)					\
	FIXTURE(fixture)						\
	{								\
		const char *type;					\
		int root;						\
	};								\
	FIXTURE_VARIANT(fixture)					\
	{								\
		const char *type;					\
	};								\
	FIXTURE_VARIANT_ADD(fixture, tested) {};			\
	FIXTURE_VARIANT_ADD(fixture, tmpfs) { .type = "tmpfs" };	\
	FIXTURE_SETUP(fixture)						\
	{								\
		self->type = variant->type ?: testfs_type();		\
		ASSERT_EQ(0, mount("users-test", TESTFS_MOUNT, self->type, 0, options))	\
			TH_LOG("mount: %s", strerror(errno));		\
		self->root = open(TESTFS_MOUNT, O_RDONLY | O_DIRECTORY | O_CLOEXEC);	\
		ASSERT_LE(0, self->root);				\
	}								\
	FIXTURE_TEARDOWN_PARENT(fixture)				\
	{								\
		EXPECT_EQ(0, testfs_umount())				\
			TH_LOG("umount: %s", strerror(errno));		\
	}

#endif /* USERS_H */
