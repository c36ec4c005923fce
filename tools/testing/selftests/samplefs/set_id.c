// SPDX-License-Identifier: GPL-2.0
/*
 * What becomes of set-id bits: as on tmpfs, where the same is tried.
 */
#include "users.h"

#include <sys/sendfile.h>

USERS_FIXTURE(set_id, "mode=1777")

/* Each way to change what is in a file, of 7 bytes, whose descriptors can read and write. */
static int way_write(int fd)
{
	return write(fd, "x", 1);
}

static int way_truncate(int fd)
{
	return ftruncate(fd, 3);
}

static int way_extend(int fd)
{
	return ftruncate(fd, 5000);
}

static int way_allocate(int fd)
{
	return fallocate(fd, 0, 0, 10000);
}

static int way_punch(int fd)
{
	return fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096);
}

static int way_splice(int fd)
{
	int pipes[2];

	if (pipe(pipes) || write(pipes[1], "x", 1) != 1)
		return -1;
	return splice(pipes[0], NULL, fd, NULL, 1, 0);
}

static int way_sendfile(int fd)
{
	off_t from = 0;

	return sendfile(fd, open("/proc/self/exe", O_RDONLY), &from, 100);
}

static int way_copy(int fd)
{
	loff_t from = 0, to = 100;

	return syscall(SYS_copy_file_range, fd, &from, fd, &to, 5, 0);
}

static int way_append(int fd)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	fd = open(path, O_WRONLY | O_APPEND);
	return fd < 0 ? -1 : write(fd, "x", 1);
}

static int way_open(int fd)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, O_WRONLY | O_TRUNC);
}

static int way_name(int fd)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return truncate(path, 1);
}

static const struct {
	const char *name;
	int (*change)(int fd);
} ways[] = {
	{ "write", way_write }, { "ftruncate", way_truncate }, { "extend", way_extend },
	{ "allocate", way_allocate }, { "punch", way_punch }, { "splice", way_splice },
	{ "sendfile", way_sendfile }, { "copy_file_range", way_copy }, { "append", way_append },
	{ "O_TRUNC", way_open }, { "truncate", way_name },
};

/* What others write has no set-id bits, whichever way; without x for the group, set-gid is none. */
TEST_ON(set_id, changes_clear_it)
{
	static const struct {
		mode_t before, after;
	} modes[] = { { 04777, 0777 }, { 02777, 0777 }, { 06777, 0777 }, { 06666, 02666 } };
	size_t w, m;
	int fd;

	for (w = 0; w < ARRAY_SIZE(ways); w++)
		for (m = 0; m < ARRAY_SIZE(modes); m++) {
			mode_t after = modes[m].after;

			ASSERT_EQ(0, users_make(self->root, "f", &anna, TEAM, modes[m].before));
			fd = openat(self->root, "f", O_RDWR);
			ASSERT_LE(0, fd);
			/* Carl is not in the group, and so has no use for its bit. */
			if (modes[m].before == 06666)
				after = 0666;
			EXPECT_EQ(0, AS(carl, ways[w].change(fd))) TH_LOG("%s", ways[w].name);
			EXPECT_EQ(after, users_mode(self->root, "f"))
				TH_LOG("%s of a file with %o", ways[w].name, modes[m].before);
			/* Root may. */
			ASSERT_EQ(0, fchmod(fd, modes[m].before));
			EXPECT_LE(0, ways[w].change(fd)) TH_LOG("%s", ways[w].name);
			EXPECT_EQ(modes[m].before, users_mode(self->root, "f"))
				TH_LOG("%s by root", ways[w].name);
			close(fd);
			ASSERT_EQ(0, unlinkat(self->root, "f", 0));
		}
}

/* So does a new owner or group; of a directory, they are something else. */
TEST_ON(set_id, chown_clears_it)
{
	ASSERT_EQ(0, users_make(self->root, "f", &anna, 1000, 06755));
	ASSERT_EQ(0, users_make(self->root, "n", &anna, 1000, 06744));
	ASSERT_EQ(0, users_make(self->root, "d", &anna, 1000, S_IFDIR | 06755));
	EXPECT_EQ(0, AS(anna, fchownat(self->root, "f", -1, TEAM, 0)));
	EXPECT_EQ(0, AS(anna, fchownat(self->root, "n", -1, TEAM, 0)));
	EXPECT_EQ(0, AS(anna, fchownat(self->root, "d", -1, TEAM, 0)));
	EXPECT_EQ(0755, users_mode(self->root, "f"));
	EXPECT_EQ(02744, users_mode(self->root, "n"));
	EXPECT_EQ(06755, users_mode(self->root, "d"));
	ASSERT_EQ(0, fchmodat(self->root, "f", 06755, 0));
	EXPECT_EQ(0, fchownat(self->root, "f", ben.uid, -1, 0));
	EXPECT_EQ(0755, users_mode(self->root, "f"));
}

/* What is made in a set-gid directory has its group, and its rights only from who is in it. */
TEST_ON(set_id, set_gid_directory)
{
	struct stat st;
	int fd;

	ASSERT_EQ(0, users_make(self->root, "d", &ben, TEAM, S_IFDIR | 02777));
	EXPECT_EQ(0, AS(carl, openat(self->root, "d/out", O_CREAT | O_RDWR, 02777)));
	EXPECT_EQ(0, AS(carl, openat(self->root, "d/quiet", O_CREAT | O_RDWR, 02666)));
	EXPECT_EQ(0, AS(carl, mknodat(self->root, "d/fifo", S_IFIFO | 02777, 0)));
	EXPECT_EQ(0, AS(carl, mkdirat(self->root, "d/sub", 0755)));
	EXPECT_EQ(0, AS(anna, openat(self->root, "d/in", O_CREAT | O_RDWR, 02777)));
	EXPECT_EQ(0755, users_mode(self->root, "d/out"));
	EXPECT_EQ(02644, users_mode(self->root, "d/quiet"));
	EXPECT_EQ(0755, users_mode(self->root, "d/fifo"));
	EXPECT_EQ(02755, users_mode(self->root, "d/sub"));
	EXPECT_EQ(02755, users_mode(self->root, "d/in"));
	EXPECT_EQ((unsigned int)TEAM, users_gid(self->root, "d/out"));
	EXPECT_EQ((unsigned int)TEAM, users_gid(self->root, "d/fifo"));
	EXPECT_EQ((unsigned int)TEAM, users_gid(self->root, "d/sub"));
	EXPECT_EQ(carl.uid, users_uid(self->root, "d/sub"));
	fd = openat(self->root, "d", O_TMPFILE | O_RDWR, 0600);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, fstat(fd, &st));
	EXPECT_EQ((gid_t)TEAM, st.st_gid);
	close(fd);
	/* Without the bit, it is its maker's. */
	ASSERT_EQ(0, fchmodat(self->root, "d", 0777, 0));
	EXPECT_EQ(0, AS(carl, mkdirat(self->root, "d/own", 0755)));
	EXPECT_EQ(carl.gid, users_gid(self->root, "d/own"));
	EXPECT_EQ(0755, users_mode(self->root, "d/own"));
}

TESTFS_MAIN
