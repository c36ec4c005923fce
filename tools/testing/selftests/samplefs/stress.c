// SPDX-License-Identifier: GPL-2.0
/*
 * Many processes do everything at once; what they leave must be consistent, and
 * must go away without a trace.
 */
#include "testfs.h"
#include "census.h"

#include <sys/mman.h>

#define PROCESSES	6
#define STEPS		400
#define DIRS		4
#define NAMES		12

TESTFS_FIXTURE(stress, "size=4m,nr_inodes=2000")

/* The same steps in each run: one generator per process, with its own seed. */
static unsigned int next_random(unsigned int *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

static void pick_name(char *name, size_t size, unsigned int *state)
{
	unsigned int dir = next_random(state) % DIRS;

	snprintf(name, size, "d%u/n%u", dir, next_random(state) % NAMES);
}

/* The errors that another process's steps can rightly cause. */
static bool excusable(int err)
{
	return err == ENOENT || err == EEXIST || err == ENOTEMPTY || err == EISDIR ||
		err == ENOTDIR || err == ENOSPC || err == EINVAL || err == ELOOP ||
		err == EPERM || err == ENXIO || err == EMLINK;
}

static int step_data(int root, const char *name, unsigned int *state)
{
	char buf[3000];
	int fd = openat(root, name, O_CREAT | O_RDWR | O_NOFOLLOW | O_NONBLOCK, 0644);
	char *map;

	if (fd < 0)
		return -1;
	memset(buf, 's', sizeof(buf));
	switch (next_random(state) % 4) {
	case 0:
		if (pwrite(fd, buf, sizeof(buf), next_random(state) % 20000) < 0 &&
		    errno != ESPIPE)
			goto failed;
		break;
	case 1:
		if (ftruncate(fd, next_random(state) % 20000))
			goto failed;
		break;
	case 2:
		if (pread(fd, buf, sizeof(buf), 0) < 0 && errno != ESPIPE)
			goto failed;
		break;
	default:
		/* No access: another process may cut the file under the mapping. */
		map = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
		if (map != MAP_FAILED)
			munmap(map, 4096);
		break;
	}
	close(fd);
	return 0;
failed:
	close(fd);
	return -1;
}

static int step(int root, unsigned int *state)
{
	static const unsigned int flags[] = { 0, 0, RENAME_NOREPLACE, RENAME_EXCHANGE,
					      RENAME_WHITEOUT };
	char a[32], b[32];
	struct stat st;
	DIR *d;
	int fd;

	pick_name(a, sizeof(a), state);
	pick_name(b, sizeof(b), state);
	switch (next_random(state) % 12) {
	case 0:
	case 1:
		return step_data(root, a, state);
	case 2:
		return mkdirat(root, a, 0755);
	case 3:
		return unlinkat(root, a, 0);
	case 4:
		return unlinkat(root, a, AT_REMOVEDIR);
	case 5:
		return linkat(root, a, root, b, 0);
	case 6:
		return symlinkat("../d0/n0", root, a);
	case 7:
	case 8:
		return syscall(SYS_renameat2, root, a, root, b, flags[next_random(state) % 5]);
	case 9:
		return mknodat(root, a, S_IFIFO | 0644, 0);
	case 10:
		fd = openat(root, "d1", O_TMPFILE | O_RDWR, 0644);
		if (fd < 0)
			return -1;
		if (write(fd, "t", 1) == 1)
			linkat(fd, "", root, a, AT_EMPTY_PATH);
		return close(fd);
	default:
		d = fdopendir(openat(root, "d2", O_RDONLY | O_DIRECTORY));
		if (!d)
			return -1;
		while (readdir(d))
			;
		closedir(d);
		return fstatat(root, a, &st, 0);
	}
}

TEST_ON(stress, everything_at_once)
{
	static struct census census;
	struct statfs before, after;
	pid_t pids[PROCESSES];
	char name[8];
	int i, k;

	ASSERT_EQ(0, fstatfs(self->root, &before));
	for (i = 0; i < DIRS; i++) {
		snprintf(name, sizeof(name), "d%d", i);
		ASSERT_EQ(0, mkdirat(self->root, name, 0755));
	}
	for (i = 0; i < PROCESSES; i++) {
		unsigned int state = i + 1;

		pids[i] = fork();
		ASSERT_LE(0, pids[i]);
		if (pids[i])
			continue;
		for (k = 0; k < STEPS; k++)
			if (step(self->root, &state) < 0 && !excusable(errno)) {
				TH_LOG("process %d, step %d: %s", i, k, strerror(errno));
				_exit(1);
			}
		_exit(0);
	}
	for (i = 0; i < PROCESSES; i++)
		EXPECT_EQ(0, testfs_wait(pids[i]));

	take_census(openat(self->root, ".", O_RDONLY | O_DIRECTORY), &census);
	EXPECT_EQ(0, census.wrong);
	EXPECT_LT(0, census.files);
	for (i = 0; i < census.files; i++)
		EXPECT_EQ(census.file[i].nlink, census.file[i].names)
			TH_LOG("inode %lu", (unsigned long)census.file[i].ino);

	EXPECT_EQ(0, remove_all(openat(self->root, ".", O_RDONLY | O_DIRECTORY)));
	ASSERT_EQ(0, fstatfs(self->root, &after));
	EXPECT_EQ(before.f_bfree, after.f_bfree);
	EXPECT_EQ(before.f_ffree, after.f_ffree);
	EXPECT_EQ(2, testfs_nlink(self->root, "."));
}

/* Each process moves one token around; in the end there is still one of each. */
TEST_ON(stress, renames_lose_nothing)
{
	pid_t pids[PROCESSES];
	char a[32], b[32];
	int i, k, found = 0;

	for (i = 0; i < DIRS; i++) {
		snprintf(a, sizeof(a), "d%d", i);
		ASSERT_EQ(0, mkdirat(self->root, a, 0755));
	}
	for (i = 0; i < PROCESSES; i++) {
		snprintf(a, sizeof(a), "d0/t%d", i);
		/* Half of them directories, whose parent changes too. */
		ASSERT_EQ(0, i % 2 ? testfs_touch(self->root, a) : mkdirat(self->root, a, 0755));
	}
	for (i = 0; i < PROCESSES; i++) {
		pids[i] = fork();
		ASSERT_LE(0, pids[i]);
		if (pids[i])
			continue;
		for (k = 0; k < STEPS; k++) {
			snprintf(a, sizeof(a), "d%d/t%d", k % DIRS, i);
			snprintf(b, sizeof(b), "d%d/t%d", (k + 1) % DIRS, i);
			if (renameat(self->root, a, self->root, b))
				_exit(1);
		}
		_exit(0);
	}
	for (i = 0; i < PROCESSES; i++)
		EXPECT_EQ(0, testfs_wait(pids[i]));
	for (i = 0; i < DIRS; i++) {
		for (k = 0; k < PROCESSES; k++) {
			snprintf(a, sizeof(a), "d%d/t%d", i, k);
			found += testfs_exists(self->root, a);
		}
		snprintf(a, sizeof(a), "d%d", i);
		EXPECT_EQ(i == STEPS % DIRS ? 2 + PROCESSES / 2 : 2, testfs_nlink(self->root, a));
	}
	EXPECT_EQ(PROCESSES, found);
}

/* Directories are moved into each other: no loop may come of it. */
TEST_ON(stress, crossing_directory_renames)
{
	static struct census census;
	pid_t pids[4];
	int i, k;

	ASSERT_EQ(0, mkdirat(self->root, "a", 0755));
	ASSERT_EQ(0, mkdirat(self->root, "b", 0755));
	ASSERT_EQ(0, mkdirat(self->root, "a/x", 0755));
	ASSERT_EQ(0, mkdirat(self->root, "b/y", 0755));
	for (i = 0; i < 4; i++) {
		pids[i] = fork();
		ASSERT_LE(0, pids[i]);
		if (pids[i])
			continue;
		for (k = 0; k < STEPS; k++) {
			if (i % 2) {
				renameat(self->root, "a", self->root, "b/y/a");
				renameat(self->root, "b/y/a", self->root, "a");
			} else {
				renameat(self->root, "b", self->root, "a/x/b");
				renameat(self->root, "a/x/b", self->root, "b");
			}
		}
		_exit(0);
	}
	for (i = 0; i < 4; i++)
		EXPECT_EQ(0, testfs_wait(pids[i]));
	take_census(openat(self->root, ".", O_RDONLY | O_DIRECTORY), &census);
	EXPECT_EQ(0, census.wrong);
	EXPECT_EQ(0, remove_all(openat(self->root, ".", O_RDONLY | O_DIRECTORY)));
}

TESTFS_MAIN
