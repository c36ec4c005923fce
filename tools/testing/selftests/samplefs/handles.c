// SPDX-License-Identifier: GPL-2.0
/*
 * File handles: name_to_handle_at(2) and open_by_handle_at(2).
 */
#include "testfs.h"

TESTFS_FIXTURE(handles, NULL)

struct handle {
	struct file_handle fh;
	unsigned char bytes[MAX_HANDLE_SZ];
	int mount_id;
};

static int get(int dir, const char *name, struct handle *handle, int flags)
{
	handle->fh.handle_bytes = MAX_HANDLE_SZ;
	return ERR(name_to_handle_at(dir, name, &handle->fh, &handle->mount_id, flags));
}

/* A descriptor, or minus the error. */
static int open_handle(int root, struct handle *handle, int flags)
{
	int fd = open_by_handle_at(root, &handle->fh, flags | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static void drop_caches(void)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);

	sync();
	if (fd < 0 || write(fd, "3", 1) != 1)
		ksft_print_msg("caches not dropped: %s\n", strerror(errno));
	close(fd);
}

/* The error, or whether it is the same inode: 0. */
static int leads_to(int root, struct handle *handle, ino_t ino, int flags)
{
	struct stat st;
	int fd = open_handle(root, handle, flags);

	if (fd < 0)
		return -fd;
	if (fstat(fd, &st))
		return errno;
	close(fd);
	return st.st_ino == ino ? 0 : -1;
}

TEST_ON(handles, each_type)
{
	static const char *const names[] = { "f", "d", "l", "p", "." };
	struct handle handle;
	size_t i;

	ASSERT_EQ(0, testfs_touch(self->root, "f"));
	ASSERT_EQ(0, mkdirat(self->root, "d", 0755));
	ASSERT_EQ(0, symlinkat("x", self->root, "l"));
	ASSERT_EQ(0, mkfifoat(self->root, "p", 0644));
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		ino_t ino = testfs_ino(self->root, names[i]);

		ASSERT_EQ(0, get(self->root, names[i], &handle, 0)) TH_LOG("%s", names[i]);
		EXPECT_EQ(0, leads_to(self->root, &handle, ino, O_PATH))
			TH_LOG("%s", names[i]);
		drop_caches();
		EXPECT_EQ(0, leads_to(self->root, &handle, ino, O_PATH))
			TH_LOG("%s, caches dropped", names[i]);
	}
}

TEST_ON(handles, too_small)
{
	struct handle handle;

	ASSERT_EQ(0, testfs_touch(self->root, "f"));
	handle.fh.handle_bytes = 0;
	EXPECT_EQ(EOVERFLOW, ERR(name_to_handle_at(self->root, "f", &handle.fh,
						   &handle.mount_id, 0)));
	EXPECT_EQ(12U, handle.fh.handle_bytes);
}

/* The handle is that of the inode, whatever its name. */
TEST_ON(handles, content)
{
	struct handle handle, again;
	char buf[16];
	int fd;

	ASSERT_EQ(0, mkdirat(self->root, "d", 0755));
	ASSERT_EQ(0, testfs_write(self->root, "d/f", "hello", 5));
	ASSERT_EQ(0, get(self->root, "d/f", &handle, 0));
	ASSERT_EQ(0, renameat(self->root, "d/f", self->root, "g"));
	ASSERT_EQ(0, unlinkat(self->root, "d", AT_REMOVEDIR));
	drop_caches();
	fd = open_handle(self->root, &handle, O_RDONLY);
	ASSERT_LE(0, fd);
	EXPECT_EQ(5, read(fd, buf, sizeof(buf)));
	EXPECT_EQ(0, memcmp(buf, "hello", 5));
	ASSERT_EQ(0, get(self->root, "g", &again, 0));
	EXPECT_EQ(0, memcmp(handle.bytes, again.bytes, handle.fh.handle_bytes));
	close(fd);
}

TEST_ON(handles, stale)
{
	struct handle handle;
	int i, fd;

	ASSERT_EQ(0, testfs_touch(self->root, "f"));
	ASSERT_EQ(0, get(self->root, "f", &handle, 0));
	/* In use, it can still be opened. */
	fd = openat(self->root, "f", O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, unlinkat(self->root, "f", 0));
	EXPECT_EQ(0, leads_to(self->root, &handle, ({ struct stat st; fstat(fd, &st); st.st_ino; }),
			      O_RDONLY));
	close(fd);
	drop_caches();
	EXPECT_EQ(ESTALE, -open_handle(self->root, &handle, O_RDONLY));
	for (i = 0; i < 100; i++) {
		ASSERT_EQ(0, testfs_touch(self->root, "f"));
		ASSERT_EQ(0, unlinkat(self->root, "f", 0));
	}
	EXPECT_EQ(ESTALE, -open_handle(self->root, &handle, O_RDONLY));
}

/* What user space made up must do no harm. */
TEST_ON(handles, made_up)
{
	struct handle handle, bad;
	int type;
	size_t i;

	ASSERT_EQ(0, testfs_touch(self->root, "f"));
	ASSERT_EQ(0, get(self->root, "f", &handle, 0));
	for (i = 0; i < handle.fh.handle_bytes; i++) {
		bad = handle;
		bad.bytes[i] ^= 0xff;
		EXPECT_EQ(ESTALE, -open_handle(self->root, &bad, O_RDONLY)) TH_LOG("%zu", i);
	}
	for (i = 0; i < handle.fh.handle_bytes; i += 4) {
		bad = handle;
		bad.fh.handle_bytes = i;
		EXPECT_LT(open_handle(self->root, &bad, O_RDONLY), 0) TH_LOG("%zu", i);
	}
	if (!testfs_is_samplefs())
		return;
	for (type = 0; type < 256; type++) {
		bad = handle;
		bad.fh.handle_type = type;
		if (type == 0x81 || type == 0x82)
			continue;
		EXPECT_EQ(ESTALE, -open_handle(self->root, &bad, O_RDONLY)) TH_LOG("%d", type);
	}
}

TEST_ON(handles, other_user)
{
	struct handle handle;
	pid_t pid;

	ASSERT_EQ(0, testfs_touch(self->root, "f"));
	pid = testfs_fork_user(1000);
	if (!pid) {
		int bad = get(self->root, "f", &handle, 0) != 0;

		bad |= (open_handle(self->root, &handle, O_RDONLY) != -EPERM) << 1;
		_exit(bad);
	}
	EXPECT_EQ(0, testfs_wait(pid));
}

#ifndef AT_HANDLE_CONNECTABLE
#define AT_HANDLE_CONNECTABLE	0x002
#endif

TEST_ON(handles, connectable)
{
	struct handle handle;
	char path[PATH_MAX], link[64];
	ssize_t n;
	int fd, err;

	ASSERT_EQ(0, mkdirat(self->root, "d", 0755));
	ASSERT_EQ(0, testfs_touch(self->root, "d/f"));
	err = get(self->root, "d/f", &handle, AT_HANDLE_CONNECTABLE);
	if (err)
		SKIP(return, "no connectable handles: %s", strerror(err));
	drop_caches();
	fd = open_handle(self->root, &handle, O_PATH);
	ASSERT_LE(0, fd) TH_LOG("%s", strerror(-fd));
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	ASSERT_LT(0, n);
	path[n] = '\0';
	EXPECT_STREQ(TESTFS_MOUNT "/d/f", path);
	close(fd);
}

/* Only a part of the filesystem is mounted there, and the file is in another. */
TEST_ON(handles, connectable_elsewhere)
{
	static const char part[] = TESTFS_SCRATCH "/part";
	struct handle handle;
	int err, mounted;

	ASSERT_EQ(0, mkdirat(self->root, "d", 0755));
	ASSERT_EQ(0, mkdirat(self->root, "e", 0755));
	ASSERT_EQ(0, testfs_touch(self->root, "d/f"));
	err = get(self->root, "d/f", &handle, AT_HANDLE_CONNECTABLE);
	if (err)
		SKIP(return, "no connectable handles: %s", strerror(err));
	ASSERT_EQ(0, mkdir(part, 0755));
	ASSERT_EQ(0, mount(TESTFS_MOUNT "/e", part, NULL, MS_BIND, NULL));
	mounted = open(part, O_RDONLY | O_DIRECTORY);
	ASSERT_LE(0, mounted);
	EXPECT_EQ(-ESTALE, open_handle(mounted, &handle, O_PATH));
	close(mounted);
	EXPECT_EQ(0, umount(part));
	EXPECT_EQ(0, rmdir(part));
}

/* Handles are taken and followed while the files come and go. */
TEST_ON(handles, race)
{
	pid_t pids[2];
	int i, j;

	for (i = 0; i < 2; i++) {
		pids[i] = fork();
		if (!pids[i]) {
			char name[16];
			struct handle handle;

			for (j = 0; j < 2000; j++) {
				snprintf(name, sizeof(name), "f%d", j % 5);
				testfs_touch(self->root, name);
				if (!get(self->root, name, &handle, 0)) {
					int fd = open_handle(self->root, &handle, O_RDONLY);

					if (fd >= 0)
						close(fd);
					else if (fd != -ESTALE)
						_exit(-fd);
				}
				if (i)
					unlinkat(self->root, name, 0);
			}
			_exit(0);
		}
	}
	EXPECT_EQ(0, testfs_wait(pids[0]));
	EXPECT_EQ(0, testfs_wait(pids[1]));
}

TESTFS_MAIN
