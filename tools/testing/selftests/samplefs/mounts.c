// SPDX-License-Identifier: GPL-2.0
/*
 * What the options of a mount change that are not the filesystem's own: mapped users, and which
 * times are kept.
 */
#include "testfs.h"

#include <sys/mount.h>

/* A user as the filesystem knows him, as the mount shows him, and one that it does not map. */
#define KEPT	1000
#define SHOWN	2000
#define OTHER	3000

TESTFS_FIXTURE(mounts, "mode=777")

static unsigned int owner(int dir, const char *name)
{
	struct stat st;

	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) ? -1U : st.st_uid;
}

/* The error of opening a file as this user. */
static int open_as(unsigned int uid, int dir, const char *name, int flags)
{
	pid_t pid = testfs_fork_user(uid);

	if (!pid)
		_exit(ERR(openat(dir, name, flags, 0600)));
	return testfs_wait(pid);
}

TEST_ON(mounts, mapped_users)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_IDMAP };
	int fd, mapped, ns = testfs_user_namespace(KEPT, SHOWN, 1);

	if (ns < 0)
		SKIP(return, "no user namespaces: %s", strerror(errno));
	mapped = open_tree(AT_FDCWD, TESTFS_MOUNT, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	ASSERT_LE(0, mapped);
	attr.userns_fd = ns;
	ASSERT_EQ(0, mount_setattr(mapped, "", AT_EMPTY_PATH, &attr, sizeof(attr)))
		TH_LOG("%s", strerror(errno));

	ASSERT_EQ(0, testfs_touch(self->root, "f"));
	ASSERT_EQ(0, fchmodat(self->root, "f", 0600, 0));
	ASSERT_EQ(0, fchownat(self->root, "f", KEPT, KEPT, 0));
	EXPECT_EQ(SHOWN, owner(mapped, "f"));
	EXPECT_EQ(0, open_as(SHOWN, mapped, "f", O_RDWR));
	EXPECT_EQ(EACCES, open_as(KEPT, mapped, "f", O_RDWR));
	EXPECT_EQ(EACCES, open_as(SHOWN, self->root, "f", O_RDWR));

	/* What is made there belongs to whom the user stands for. Who stands for nobody makes nothing. */
	ASSERT_EQ(0, mkdirat(self->root, "d", 0777));
	ASSERT_EQ(0, fchmodat(self->root, "d", 0777, 0));
	ASSERT_EQ(0, fchownat(self->root, "d", KEPT, KEPT, 0));
	EXPECT_EQ(0, open_as(SHOWN, mapped, "d/new", O_CREAT | O_RDWR));
	EXPECT_EQ(0, open_as(SHOWN, mapped, "d", O_TMPFILE | O_RDWR));
	EXPECT_EQ(KEPT, owner(self->root, "d/new"));
	EXPECT_EQ(SHOWN, owner(mapped, "d/new"));
	EXPECT_EQ(EOVERFLOW, open_as(OTHER, mapped, "d/other", O_CREAT | O_RDWR));
	EXPECT_EQ(EOVERFLOW, open_as(OTHER, mapped, "d", O_TMPFILE | O_RDWR));

	ASSERT_EQ(0, testfs_touch(self->root, "g"));
	ASSERT_EQ(0, fchownat(mapped, "g", SHOWN, SHOWN, 0)) TH_LOG("%s", strerror(errno));
	EXPECT_EQ(KEPT, owner(self->root, "g"));
	EXPECT_EQ(EOVERFLOW, ERR(fchownat(mapped, "g", OTHER, -1, 0)));
	fd = openat(mapped, "g", O_RDONLY);
	ASSERT_LE(0, fd);
	close(fd);
	close(mapped);
	close(ns);
}

/* Mounts it again with these flags. */
static int flags_are(unsigned long flags)
{
	return ERR(mount(NULL, TESTFS_MOUNT, NULL, MS_REMOUNT | flags, NULL));
}

/* Whether reading it, a file or a directory, some time later, sets the time of the last access. */
static bool read_counts(const char *name)
{
	char path[PATH_MAX], buf[4096];
	struct stat before, after;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", TESTFS_MOUNT, name);
	usleep(20000);
	fd = open(path, O_RDONLY);
	if (fd < 0 || fstat(fd, &before))
		return false;
	if (S_ISDIR(before.st_mode))
		syscall(SYS_getdents64, fd, buf, sizeof(buf));
	else if (read(fd, buf, 1) != 1)
		return false;
	if (fstat(fd, &after))
		return false;
	close(fd);
	return memcmp(&before.st_atim, &after.st_atim, sizeof(before.st_atim));
}

static void make_both(int root)
{
	testfs_write(root, "f", "x", 1);
	mkdirat(root, "d", 0755);
	testfs_touch(root, "d/f");
}

TEST_ON(mounts, strictatime)
{
	make_both(self->root);
	ASSERT_EQ(0, flags_are(MS_STRICTATIME));
	EXPECT_TRUE(read_counts("f"));
	EXPECT_TRUE(read_counts("f"));
	EXPECT_TRUE(read_counts("d"));
	EXPECT_TRUE(read_counts("d"));
	ASSERT_EQ(0, flags_are(MS_STRICTATIME | MS_NODIRATIME));
	EXPECT_TRUE(read_counts("f"));
	EXPECT_FALSE(read_counts("d"));
}

/* Only the first read after a change counts. */
TEST_ON(mounts, relatime)
{
	make_both(self->root);
	ASSERT_EQ(0, flags_are(MS_RELATIME));
	EXPECT_TRUE(read_counts("f"));
	EXPECT_FALSE(read_counts("f"));
	EXPECT_TRUE(read_counts("d"));
	EXPECT_FALSE(read_counts("d"));
	usleep(20000);
	ASSERT_EQ(0, testfs_write(self->root, "f", "y", 1));
	ASSERT_EQ(0, testfs_touch(self->root, "d/g"));
	EXPECT_TRUE(read_counts("f"));
	EXPECT_FALSE(read_counts("f"));
	EXPECT_TRUE(read_counts("d"));
	EXPECT_FALSE(read_counts("d"));
}

TEST_ON(mounts, noatime)
{
	make_both(self->root);
	ASSERT_EQ(0, flags_are(MS_NOATIME));
	EXPECT_FALSE(read_counts("f"));
	EXPECT_FALSE(read_counts("d"));
}

/* Times that may be written late are there all the same. */
TEST_ON(mounts, lazytime)
{
	const struct timespec times[2] = { { 1000, 1 }, { 2000, 2 } };
	struct stat before, after;
	int fd;

	make_both(self->root);
	ASSERT_EQ(0, flags_are(MS_LAZYTIME | MS_STRICTATIME));
	EXPECT_TRUE(read_counts("f"));
	EXPECT_TRUE(read_counts("d"));
	ASSERT_EQ(0, utimensat(self->root, "f", times, 0));
	fd = openat(self->root, "f", O_RDWR);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, fsync(fd));
	ASSERT_EQ(0, fstat(fd, &before));
	EXPECT_EQ(1000, before.st_atim.tv_sec);
	EXPECT_EQ(2, before.st_mtim.tv_nsec);
	close(fd);
	sync();
	fd = open("/proc/sys/vm/drop_caches", O_WRONLY);
	ASSERT_EQ(1, write(fd, "3", 1));
	close(fd);
	ASSERT_EQ(0, fstatat(self->root, "f", &after, 0));
	EXPECT_EQ(0, memcmp(&before, &after, sizeof(after)));
	EXPECT_TRUE(read_counts("f"));
}

/* Two of them do not know of each other: each numbers its inodes from the same number on. */
TEST_ON(mounts, own_inode_numbers)
{
	static const char other[] = TESTFS_SCRATCH "/other";
	ino_t root = testfs_ino(self->root, "."), file;
	int dir;

	ASSERT_EQ(0, testfs_touch(self->root, "f"));
	file = testfs_ino(self->root, "f");
	EXPECT_NE(root, file);
	ASSERT_EQ(0, mkdir(other, 0755));
	ASSERT_EQ(0, mount("samplefs-test", other, testfs_type(), 0, NULL));
	dir = open(other, O_RDONLY | O_DIRECTORY);
	ASSERT_LE(0, dir);
	EXPECT_EQ(root, testfs_ino(dir, "."));
	EXPECT_EQ(0, testfs_touch(dir, "f"));
	EXPECT_EQ(file, testfs_ino(dir, "f"));
	close(dir);
	EXPECT_EQ(0, umount(other));
	EXPECT_EQ(0, rmdir(other));
}

TESTFS_MAIN
