// SPDX-License-Identifier: GPL-2.0
/*
 * Freezing (FIFREEZE), thawing (FITHAW) and syncfs(2).
 */
#include "testfs.h"

#include <linux/fs.h>
#include <signal.h>
#include <sys/ioctl.h>

TESTFS_FIXTURE(freeze, NULL)

TEST_ON(freeze, holds_writers)
{
	int status;
	pid_t pid;

	ASSERT_EQ(0, testfs_write(self->root, "f", "old", 3));
	ASSERT_EQ(0, ioctl(self->root, FIFREEZE, 0)) TH_LOG("%s", strerror(errno));
	EXPECT_EQ(EBUSY, ERR(ioctl(self->root, FIFREEZE, 0)));
	EXPECT_TRUE(testfs_content_is(self->root, "f", "old"));
	pid = fork();
	if (!pid)
		_exit(testfs_touch(self->root, "g") ? 1 : 0);
	usleep(200000);
	EXPECT_EQ(0, waitpid(pid, &status, WNOHANG));
	EXPECT_FALSE(testfs_exists(self->root, "g"));
	ASSERT_EQ(0, ioctl(self->root, FITHAW, 0));
	EXPECT_EQ(0, testfs_wait(pid));
	EXPECT_TRUE(testfs_exists(self->root, "g"));
	EXPECT_EQ(EINVAL, ERR(ioctl(self->root, FITHAW, 0)));
}

TEST_ON(freeze, other_user)
{
	pid_t pid = testfs_fork_user(1000);

	if (!pid)
		_exit(ERR(ioctl(self->root, FIFREEZE, 0)) != EPERM);
	EXPECT_EQ(0, testfs_wait(pid));
}

TEST_ON(freeze, sync)
{
	ASSERT_EQ(0, testfs_write(self->root, "f", "data", 4));
	EXPECT_EQ(0, syncfs(self->root));
	EXPECT_TRUE(testfs_content_is(self->root, "f", "data"));
	EXPECT_EQ(0, mount(NULL, TESTFS_MOUNT, NULL, MS_REMOUNT | MS_RDONLY, NULL));
	EXPECT_EQ(EROFS, ERR(openat(self->root, "f", O_WRONLY)));
	EXPECT_EQ(0, mount(NULL, TESTFS_MOUNT, NULL, MS_REMOUNT, NULL));
	EXPECT_EQ(0, testfs_touch(self->root, "g"));
}

TESTFS_MAIN
