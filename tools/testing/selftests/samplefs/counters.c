// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/fs/samplefs/MAJOR:MINOR: what is counted of a mount, and how long it is there. The
 * other programs state what any memory filesystem must do; this is about samplefs.
 */
#include <dirent.h>

#include "testfs.h"
#include "counters.h"

TESTFS_FIXTURE(counters, "size=1m,nr_inodes=100")

/* How many folders of mounts there are. */
static int folders(void)
{
	char path[64];
	struct dirent *entry;
	int count = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/sys/fs/%s", testfs_type());
	dir = opendir(path);
	if (!dir)
		return -1;
	while ((entry = readdir(dir)))
		count += entry->d_name[0] != '.';
	closedir(dir);
	return count;
}

TEST_ON(counters, folder_of_a_mount)
{
	char path[64], file[128];
	struct stat st;

	counters_dir(self->root, path);
	ASSERT_EQ(0, stat(path, &st)) TH_LOG("%s", path);
	EXPECT_TRUE(S_ISDIR(st.st_mode));
	snprintf(file, sizeof(file), "%s/inodes", path);
	ASSERT_EQ(0, stat(file, &st));
	EXPECT_EQ(S_IFREG | 0444U, st.st_mode);
	EXPECT_EQ(1, counter(self->root, "inodes"));
	EXPECT_EQ(1, folders());

	close(self->root);
	ASSERT_EQ(0, testfs_umount());
	EXPECT_EQ(ENOENT, ERR(stat(path, &st)));
	EXPECT_EQ(0, folders());
	/* For the teardown. */
	self->root = testfs_mount("");
	ASSERT_LE(0, self->root);
}

TEST_ON(counters, what_is_used)
{
	static char data[10 * 4096];
	struct statfs st;

	ASSERT_EQ(0, testfs_write(self->root, "f", data, sizeof(data)));
	ASSERT_EQ(0, mkdirat(self->root, "d", 0755));
	ASSERT_EQ(0, fstatfs(self->root, &st));
	EXPECT_EQ(10, counter(self->root, "blocks"));
	EXPECT_EQ((long)(st.f_blocks - st.f_bfree), counter(self->root, "blocks"));
	EXPECT_EQ(3, counter(self->root, "inodes"));
	EXPECT_EQ((long)(st.f_files - st.f_ffree), counter(self->root, "inodes"));

	ASSERT_EQ(0, unlinkat(self->root, "f", 0));
	EXPECT_EQ(0, counter(self->root, "blocks"));
	EXPECT_EQ(2, counter(self->root, "inodes"));
}

/* The step is one operation of this kind, and of no other. */
#define COUNTS(name, step)						\
	do {								\
		long before = counter(self->root, name);		\
									\
		ASSERT_LE(0, before) TH_LOG("%s", name);		\
		ASSERT_EQ(0, step) TH_LOG("%s: %m", #step);		\
		EXPECT_EQ(before + 1, counter(self->root, name))	\
			TH_LOG("%s after %s", name, #step);		\
	} while (0)

TEST_ON(counters, operations)
{
	int dir = self->root, fd;

	COUNTS("creates", testfs_touch(dir, "f"));
	COUNTS("creates", mkdirat(dir, "d", 0755));
	COUNTS("creates", symlinkat("f", dir, "s"));
	COUNTS("creates", mknodat(dir, "p", S_IFIFO | 0644, 0));
	COUNTS("links", linkat(dir, "f", dir, "l", 0));
	COUNTS("renames", renameat(dir, "l", dir, "d/l"));
	COUNTS("renames", syscall(SYS_renameat2, dir, "f", dir, "d", RENAME_EXCHANGE));
	COUNTS("setattrs", fchmodat(dir, "p", 0600, 0));
	COUNTS("removes", unlinkat(dir, "p", 0));
	COUNTS("removes", unlinkat(dir, "s", 0));
	COUNTS("removes", unlinkat(dir, "d", 0));
	COUNTS("tmpfiles", (fd = openat(dir, ".", O_TMPFILE | O_RDWR, 0600)) < 0);
	close(fd);
	/* One that fails counts, too. */
	COUNTS("removes", unlinkat(dir, "f", AT_REMOVEDIR) != -1 || errno != ENOTEMPTY);
	/* What is in the dcache is not looked up. */
	COUNTS("lookups", testfs_exists(dir, "no"));
	/* Each new name above was looked for once. */
	EXPECT_EQ(7, counter(dir, "lookups"));
}

TEST_ON(counters, blocks_read_and_written)
{
	static char data[8 * 4096];
	int fd;

	memset(data, 'x', sizeof(data));
	ASSERT_EQ(0, testfs_write(self->root, "f", data, sizeof(data)));
	EXPECT_EQ(0, counter(self->root, "blocks_written"));
	fd = openat(self->root, "f", O_RDONLY);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, fsync(fd));
	EXPECT_EQ(8, counter(self->root, "blocks_written"));
	EXPECT_EQ(0, counter(self->root, "blocks_read"));
	/* It comes from the store again. */
	ASSERT_EQ(0, posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED));
	EXPECT_EQ((long)sizeof(data), pread(fd, data, sizeof(data), 0));
	EXPECT_EQ(8, counter(self->root, "blocks_read"));
	EXPECT_EQ('x', data[sizeof(data) - 1]);
	close(fd);
}

TEST_ON(counters, each_mount_its_own)
{
	char one[64], two[64];
	int other;

	ASSERT_EQ(0, testfs_touch(self->root, "f"));
	counters_dir(self->root, one);
	/* Over the first one, which stays. */
	other = testfs_mount("");
	ASSERT_LE(0, other);
	counters_dir(other, two);
	EXPECT_STRNE(one, two);
	EXPECT_EQ(2, folders());
	EXPECT_EQ(1, counter(self->root, "creates"));
	EXPECT_EQ(0, counter(other, "creates"));
	close(other);
	EXPECT_EQ(0, testfs_umount());
	EXPECT_EQ(1, folders());
	EXPECT_EQ(1, counter(self->root, "creates"));
}

TEST_ON(counters, open_beyond_the_mount)
{
	char path[64], file[128], text[16];
	int fd, again;

	counters_dir(self->root, path);
	snprintf(file, sizeof(file), "%s/inodes", path);
	fd = open(file, O_RDONLY);
	ASSERT_LE(0, fd);
	EXPECT_LT(0, read(fd, text, sizeof(text)));
	again = open(file, O_RDONLY);
	ASSERT_LE(0, again);
	close(self->root);
	ASSERT_EQ(0, testfs_umount());
	EXPECT_EQ(ENODEV, ERR(read(again, text, sizeof(text))));
	EXPECT_EQ(ENODEV, ERR(pread(fd, text, sizeof(text), 0)));
	close(fd);
	close(again);
	self->root = testfs_mount("");
	ASSERT_LE(0, self->root);
}

/* Reads whatever is there, until it is killed. */
static void read_all(void)
{
	static const char *const names[] = { "inodes", "blocks", "dentries", "lookups" };
	char path[64], file[512], text[16];
	struct dirent *entry;
	unsigned int i;
	DIR *dir;
	int fd;

	snprintf(path, sizeof(path), "/sys/fs/%s", testfs_type());
	for (;;) {
		dir = opendir(path);
		while (dir && (entry = readdir(dir))) {
			for (i = 0; i < ARRAY_SIZE(names); i++) {
				snprintf(file, sizeof(file), "%s/%s/%s", path, entry->d_name, names[i]);
				fd = open(file, O_RDONLY);
				if (fd < 0)
					continue;
				while (pread(fd, text, sizeof(text), 0) > 0)
					;
				close(fd);
			}
		}
		if (dir)
			closedir(dir);
	}
}

/* Readers that never stop reading, while mounts come and go. */
TEST_ON(counters, read_while_unmounted)
{
	pid_t readers[2];
	unsigned int i;
	int root;

	close(self->root);
	ASSERT_EQ(0, testfs_umount());
	for (i = 0; i < ARRAY_SIZE(readers); i++) {
		readers[i] = fork();
		ASSERT_LE(0, readers[i]);
		if (!readers[i])
			read_all();
	}
	for (i = 0; i < 100; i++) {
		root = testfs_mount("");
		ASSERT_LE(0, root);
		EXPECT_EQ(0, testfs_touch(root, "f"));
		close(root);
		usleep(1000);
		ASSERT_EQ(0, testfs_umount());
	}
	EXPECT_EQ(0, folders());
	for (i = 0; i < ARRAY_SIZE(readers); i++) {
		kill(readers[i], SIGKILL);
		EXPECT_EQ(128 + SIGKILL, testfs_wait(readers[i]));
	}
	self->root = testfs_mount("");
	ASSERT_LE(0, self->root);
}

TESTFS_MAIN_SAMPLEFS
