// SPDX-License-Identifier: GPL-2.0
/*
 * Names: create, link, unlink, mkdir, rmdir, mknod, symlink, tmpfile.
 */
#include "testfs.h"

#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/un.h>

TESTFS_FIXTURE(ns, "")

TEST_ON(ns, create_exclusive)
{
	int fd = openat(self->root, "a", O_CREAT | O_EXCL | O_RDWR, 0600);

	ASSERT_LE(0, fd);
	close(fd);
	EXPECT_EQ(EEXIST, ERR(openat(self->root, "a", O_CREAT | O_EXCL | O_RDWR, 0600)));
	EXPECT_EQ(ENOENT, ERR(openat(self->root, "b", O_RDWR)));
	EXPECT_EQ(ENOTDIR, ERR(openat(self->root, "a/b", O_CREAT | O_RDWR, 0600)));
	EXPECT_EQ(EISDIR, ERR(openat(self->root, ".", O_RDWR)));
}

TEST_ON(ns, link_counts)
{
	struct stat st;
	int fd;

	ASSERT_EQ(0, testfs_write(self->root, "a", "x", 1));
	ASSERT_EQ(0, mkdirat(self->root, "d", 0755));
	fd = openat(self->root, "a", O_RDONLY);
	ASSERT_LE(0, fd);

	ASSERT_EQ(0, linkat(self->root, "a", self->root, "b", 0));
	ASSERT_EQ(0, linkat(self->root, "b", self->root, "d/c", 0));
	EXPECT_EQ(3, testfs_nlink(self->root, "a"));
	EXPECT_EQ(testfs_ino(self->root, "a"), testfs_ino(self->root, "d/c"));
	EXPECT_EQ(EEXIST, ERR(linkat(self->root, "a", self->root, "b", 0)));
	EXPECT_EQ(EPERM, ERR(linkat(self->root, "d", self->root, "e", 0)));
	EXPECT_EQ(ENOENT, ERR(linkat(self->root, "none", self->root, "e", 0)));

	EXPECT_EQ(0, unlinkat(self->root, "a", 0));
	EXPECT_EQ(0, unlinkat(self->root, "b", 0));
	ASSERT_EQ(0, fstat(fd, &st));
	EXPECT_EQ(1, (long)st.st_nlink);
	EXPECT_TRUE(testfs_content_is(self->root, "d/c", "x"));
	EXPECT_EQ(0, unlinkat(self->root, "d/c", 0));
	ASSERT_EQ(0, fstat(fd, &st));
	EXPECT_EQ(0, (long)st.st_nlink);
	close(fd);
}

TEST_ON(ns, directory_link_counts)
{
	struct stat st;
	int fd;

	EXPECT_EQ(2, testfs_nlink(self->root, "."));
	ASSERT_EQ(0, mkdirat(self->root, "d", 0755));
	ASSERT_EQ(0, mkdirat(self->root, "d/e", 0755));
	ASSERT_EQ(0, testfs_touch(self->root, "d/file"));
	EXPECT_EQ(3, testfs_nlink(self->root, "."));
	EXPECT_EQ(3, testfs_nlink(self->root, "d"));
	EXPECT_EQ(2, testfs_nlink(self->root, "d/e"));
	EXPECT_EQ(EEXIST, ERR(mkdirat(self->root, "d", 0755)));
	EXPECT_EQ(EEXIST, ERR(mkdirat(self->root, "d/file", 0755)));
	EXPECT_EQ(3, testfs_nlink(self->root, "."));

	fd = openat(self->root, "d/e", O_RDONLY | O_DIRECTORY);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, unlinkat(self->root, "d/e", AT_REMOVEDIR));
	EXPECT_EQ(2, testfs_nlink(self->root, "d"));
	ASSERT_EQ(0, fstat(fd, &st));
	EXPECT_EQ(0, (long)st.st_nlink);
	/* Nothing can be made in a removed directory. */
	EXPECT_EQ(ENOENT, ERR(mkdirat(fd, "x", 0755)));
	EXPECT_EQ(ENOENT, ERR(openat(fd, "x", O_CREAT | O_RDWR, 0600)));
	EXPECT_EQ(ENOENT, ERR(symlinkat("x", fd, "x")));
	close(fd);
}

TEST_ON(ns, remove_errors)
{
	ASSERT_EQ(0, mkdirat(self->root, "d", 0755));
	ASSERT_EQ(0, testfs_touch(self->root, "d/file"));
	EXPECT_EQ(ENOTEMPTY, ERR(unlinkat(self->root, "d", AT_REMOVEDIR)));
	EXPECT_EQ(EISDIR, ERR(unlinkat(self->root, "d", 0)));
	EXPECT_EQ(ENOTDIR, ERR(unlinkat(self->root, "d/file", AT_REMOVEDIR)));
	EXPECT_EQ(ENOENT, ERR(unlinkat(self->root, "e", AT_REMOVEDIR)));
	EXPECT_EQ(ENOENT, ERR(unlinkat(self->root, "e", 0)));
	EXPECT_EQ(EINVAL, ERR(unlinkat(self->root, "d/.", AT_REMOVEDIR)));
	EXPECT_EQ(ENOTEMPTY, ERR(unlinkat(self->root, "d/..", AT_REMOVEDIR)));
	/* The same name again, and the directory it was in. */
	EXPECT_EQ(0, unlinkat(self->root, "d/file", 0));
	EXPECT_EQ(0, testfs_touch(self->root, "d/file"));
	EXPECT_EQ(0, unlinkat(self->root, "d/file", 0));
	EXPECT_EQ(0, unlinkat(self->root, "d", AT_REMOVEDIR));
}

TEST_ON(ns, open_unlinked_file_keeps_data)
{
	char buf[8] = "";
	int fd = openat(self->root, "a", O_CREAT | O_RDWR, 0600);

	ASSERT_LE(0, fd);
	ASSERT_EQ(3, write(fd, "abc", 3));
	ASSERT_EQ(0, unlinkat(self->root, "a", 0));
	EXPECT_FALSE(testfs_exists(self->root, "a"));
	ASSERT_EQ(3, pwrite(fd, "def", 3, 3));
	EXPECT_EQ(6, pread(fd, buf, sizeof(buf), 0));
	EXPECT_STREQ("abcdef", buf);
	/* A new file of that name is another file. */
	ASSERT_EQ(0, testfs_write(self->root, "a", "new", 3));
	EXPECT_EQ(6, pread(fd, buf, sizeof(buf), 0));
	EXPECT_EQ(0, ftruncate(fd, 1));
	EXPECT_TRUE(testfs_content_is(self->root, "a", "new"));
	close(fd);
}

TEST_ON(ns, tmpfile)
{
	struct stat st;
	int fd = openat(self->root, ".", O_TMPFILE | O_RDWR, 0640);

	ASSERT_LE(0, fd)
		TH_LOG("O_TMPFILE: %s", strerror(errno));
	ASSERT_EQ(0, fstat(fd, &st));
	EXPECT_EQ(0, (long)st.st_nlink);
	EXPECT_EQ(0640U, st.st_mode & 07777);
	ASSERT_EQ(4, write(fd, "data", 4));
	ASSERT_EQ(0, linkat(fd, "", self->root, "named", AT_EMPTY_PATH));
	EXPECT_EQ(1, testfs_nlink(self->root, "named"));
	EXPECT_TRUE(testfs_content_is(self->root, "named", "data"));
	EXPECT_EQ(EEXIST, ERR(linkat(fd, "", self->root, "named", AT_EMPTY_PATH)));
	close(fd);

	fd = openat(self->root, ".", O_TMPFILE | O_EXCL | O_RDWR, 0600);
	ASSERT_LE(0, fd);
	EXPECT_EQ(ENOENT, ERR(linkat(fd, "", self->root, "never", AT_EMPTY_PATH)));
	close(fd);
}

TEST_ON(ns, name_lengths)
{
	char name[NAME_MAX + 2];

	memset(name, 'n', sizeof(name));
	name[NAME_MAX + 1] = '\0';
	EXPECT_EQ(ENAMETOOLONG, ERR(openat(self->root, name, O_CREAT | O_RDWR, 0600)));
	EXPECT_EQ(ENAMETOOLONG, ERR(mkdirat(self->root, name, 0700)));
	EXPECT_EQ(ENAMETOOLONG, ERR(symlinkat("x", self->root, name)));
	EXPECT_EQ(ENAMETOOLONG, ERR(mknodat(self->root, name, S_IFIFO | 0600, 0)));
	name[NAME_MAX] = '\0';
	EXPECT_EQ(0, testfs_write(self->root, name, "long", 4));
	EXPECT_TRUE(testfs_content_is(self->root, name, "long"));
	/* One byte differs, at the end. */
	name[NAME_MAX - 1] = 'o';
	EXPECT_FALSE(testfs_exists(self->root, name));
	EXPECT_EQ(0, mkdirat(self->root, name, 0700));
	name[NAME_MAX - 1] = 'p';
	EXPECT_EQ(0, testfs_touch(self->root, "short"));
	EXPECT_EQ(0, renameat(self->root, "short", self->root, name));
	EXPECT_EQ(0, renameat(self->root, name, self->root, "short"));
}

TEST_ON(ns, name_bytes)
{
	char name[2] = "";
	int c, made = 0;

	for (c = 1; c < 256; c++) {
		name[0] = c;
		if (c == '/' || c == '.')
			continue;
		ASSERT_EQ(0, testfs_write(self->root, name, name, 1))
			TH_LOG("byte %d: %s", c, strerror(errno));
		made++;
	}
	for (c = 1; c < 256; c++) {
		name[0] = c;
		if (c == '/' || c == '.')
			continue;
		ASSERT_TRUE(testfs_content_is(self->root, name, name));
		ASSERT_EQ(0, unlinkat(self->root, name, 0));
	}
	EXPECT_EQ(253, made);
}

TEST_ON(ns, symlink_lengths)
{
	static const size_t lengths[] = { 1, 15, 31, 32, 59, 60, 63, 64, 127, 128, 255, 256,
					  1023, 1024, 4000, PATH_MAX - 2, PATH_MAX - 1 };
	char target[PATH_MAX + 1], seen[PATH_MAX + 1], name[16];
	size_t i, k;

	for (k = 0; k < sizeof(target); k++)
		target[k] = 'a' + k % 23;
	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		struct stat st;

		snprintf(name, sizeof(name), "l%zu", lengths[i]);
		memcpy(seen, target, lengths[i]);
		seen[lengths[i]] = '\0';
		ASSERT_EQ(0, symlinkat(seen, self->root, name))
			TH_LOG("length %zu: %s", lengths[i], strerror(errno));
		memset(seen, 0, sizeof(seen));
		ASSERT_EQ((ssize_t)lengths[i], readlinkat(self->root, name, seen, sizeof(seen)));
		ASSERT_EQ(0, memcmp(seen, target, lengths[i]));
		ASSERT_EQ(0, fstatat(self->root, name, &st, AT_SYMLINK_NOFOLLOW));
		EXPECT_EQ((off_t)lengths[i], st.st_size);
		EXPECT_TRUE(S_ISLNK(st.st_mode));
	}
	target[PATH_MAX] = '\0';
	EXPECT_EQ(ENAMETOOLONG, ERR(symlinkat(target, self->root, "over")));
	EXPECT_EQ(ENOENT, ERR(symlinkat("", self->root, "empty")));
	/* A short buffer gets the beginning. */
	EXPECT_EQ(10, readlinkat(self->root, "l4095", seen, 10));
	EXPECT_EQ(0, memcmp(seen, target, 10));
}

TEST_ON(ns, symlink_walk)
{
	char target[PATH_MAX];
	int i;

	ASSERT_EQ(0, mkdirat(self->root, "d", 0755));
	ASSERT_EQ(0, testfs_write(self->root, "d/file", "found", 5));
	ASSERT_EQ(0, symlinkat("d/file", self->root, "short"));
	EXPECT_TRUE(testfs_content_is(self->root, "short", "found"));
	ASSERT_EQ(0, symlinkat("../short", self->root, "d/up"));
	EXPECT_TRUE(testfs_content_is(self->root, "d/up", "found"));

	/* A target that is long, and real. */
	for (i = 0; i < 800; i++)
		memcpy(target + i * 5, "d/../", 5);
	strcpy(target + i * 5, "d/file");
	ASSERT_EQ(0, symlinkat(target, self->root, "long"));
	EXPECT_TRUE(testfs_content_is(self->root, "long", "found"));

	ASSERT_EQ(0, symlinkat("loop2", self->root, "loop1"));
	ASSERT_EQ(0, symlinkat("loop1", self->root, "loop2"));
	EXPECT_EQ(ELOOP, ERR(openat(self->root, "loop1", O_RDONLY)));
	EXPECT_EQ(ELOOP, ERR(openat(self->root, "short", O_RDONLY | O_NOFOLLOW)));
	ASSERT_EQ(0, symlinkat("nowhere", self->root, "dangling"));
	EXPECT_EQ(ENOENT, ERR(openat(self->root, "dangling", O_RDONLY)));
	/* Creating through it makes the target; removing removes the link only. */
	EXPECT_EQ(0, testfs_touch(self->root, "dangling"));
	EXPECT_TRUE(testfs_exists(self->root, "nowhere"));
	EXPECT_EQ(0, unlinkat(self->root, "dangling", 0));
	EXPECT_TRUE(testfs_exists(self->root, "nowhere"));
	EXPECT_EQ(EEXIST, ERR(symlinkat("x", self->root, "short")));
}

TEST_ON(ns, special_files)
{
	struct stat st;
	char c = 1;
	int rd, wr;

	ASSERT_EQ(0, mknodat(self->root, "fifo", S_IFIFO | 0600, 0));
	ASSERT_EQ(0, mknodat(self->root, "socket", S_IFSOCK | 0600, 0));
	ASSERT_EQ(0, mknodat(self->root, "zero", S_IFCHR | 0600, makedev(1, 5)));
	ASSERT_EQ(0, mknodat(self->root, "block", S_IFBLK | 0600, makedev(259, 1048575)));
	ASSERT_EQ(0, mknodat(self->root, "file", S_IFREG | 0600, 0));
	EXPECT_EQ(EEXIST, ERR(mknodat(self->root, "fifo", S_IFREG | 0600, 0)));

	ASSERT_EQ(0, fstatat(self->root, "fifo", &st, 0));
	EXPECT_TRUE(S_ISFIFO(st.st_mode));
	ASSERT_EQ(0, fstatat(self->root, "socket", &st, 0));
	EXPECT_TRUE(S_ISSOCK(st.st_mode));
	ASSERT_EQ(0, fstatat(self->root, "zero", &st, 0));
	EXPECT_TRUE(S_ISCHR(st.st_mode));
	EXPECT_EQ((dev_t)makedev(1, 5), st.st_rdev);
	ASSERT_EQ(0, fstatat(self->root, "block", &st, 0));
	EXPECT_TRUE(S_ISBLK(st.st_mode));
	EXPECT_EQ((dev_t)makedev(259, 1048575), st.st_rdev);
	ASSERT_EQ(0, fstatat(self->root, "file", &st, 0));
	EXPECT_TRUE(S_ISREG(st.st_mode));

	rd = openat(self->root, "fifo", O_RDONLY | O_NONBLOCK);
	wr = openat(self->root, "fifo", O_WRONLY | O_NONBLOCK);
	ASSERT_LE(0, rd);
	ASSERT_LE(0, wr);
	EXPECT_EQ(1, write(wr, "q", 1));
	EXPECT_EQ(1, read(rd, &c, 1));
	EXPECT_EQ('q', c);
	close(rd);
	close(wr);

	rd = openat(self->root, "zero", O_RDONLY);
	ASSERT_LE(0, rd);
	EXPECT_EQ(1, read(rd, &c, 1));
	EXPECT_EQ(0, c);
	close(rd);
	EXPECT_EQ(ENXIO, ERR(openat(self->root, "socket", O_RDONLY)));
}

TEST_ON(ns, socket)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX, .sun_path = TESTFS_MOUNT "/s" };
	int server, client;

	server = socket(AF_UNIX, SOCK_STREAM, 0);
	if (server < 0)
		SKIP(return, "no AF_UNIX sockets: %s", strerror(errno));
	client = socket(AF_UNIX, SOCK_STREAM, 0);
	ASSERT_LE(0, client);
	ASSERT_EQ(0, bind(server, (struct sockaddr *)&addr, sizeof(addr)));
	EXPECT_EQ(EADDRINUSE, ERR(bind(client, (struct sockaddr *)&addr, sizeof(addr))));
	ASSERT_EQ(0, listen(server, 1));
	EXPECT_EQ(0, connect(client, (struct sockaddr *)&addr, sizeof(addr)));
	close(client);
	close(server);
	EXPECT_EQ(0, unlinkat(self->root, "s", 0));
}

/* What is left in a mount goes with it. */
TEST_ON(ns, unmount_with_everything_left)
{
	int i, next, dir = dup(self->root);
	char name[16];

	for (i = 0; i < 200; i++) {
		ASSERT_EQ(0, testfs_write(dir, "file", "data", 4));
		ASSERT_EQ(0, linkat(dir, "file", dir, "link", 0));
		ASSERT_EQ(0, symlinkat("file", dir, "symlink"));
		ASSERT_EQ(0, mkdirat(dir, "dir", 0755));
		next = openat(dir, "dir", O_RDONLY | O_DIRECTORY);
		ASSERT_LE(0, next);
		close(dir);
		dir = next;
	}
	for (i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		ASSERT_EQ(0, mknodat(dir, name, S_IFIFO | 0600, 0));
	}
	close(dir);
}

TESTFS_MAIN
