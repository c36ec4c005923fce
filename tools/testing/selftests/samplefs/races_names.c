// SPDX-License-Identifier: GPL-2.0
/*
 * Races of names: rename and rmdir.
 */
#include "race.h"

TESTFS_FIXTURE(race, RACE_OPTIONS)

#define WHOLE	"as long as it is"

static int rename2(int root, const char *old, const char *new, unsigned int flags)
{
	return syscall(SYS_renameat2, root, old, root, new, flags);
}

/* A name that something is renamed over is never missing, and what it stands for is whole. */
static void over(int root)
{
	char name[16];

	snprintf(name, sizeof(name), "new-%d", race_me);
	while (race_on()) {
		MUST(!testfs_write(root, name, WHOLE, strlen(WHOLE)));
		if (race_plant() && !unlinkat(root, "target", 0))
			usleep(500);
		MUST(!renameat(root, name, root, "target"));
		MUST(!testfs_exists(root, name));
	}
}

static void open_target(int root)
{
	while (race_on())
		MUST(testfs_content_is(root, "target", WHOLE));
}

RACE(rename_over)
{
	ASSERT_EQ(0, testfs_write(root, "target", WHOLE, strlen(WHOLE)));
	RACE_RUN(over, over, over, open_target);
	EXPECT_EQ(1, testfs_nlink(root, "target"));
}

/* Of two names that change places, each always stands for one of the two files. */
static void exchange(int root)
{
	while (race_on()) {
		if (!race_plant()) {
			MUST(!rename2(root, "a", "b", RENAME_EXCHANGE));
			continue;
		}
		renameat(root, "a", root, "c");
		renameat(root, "b", root, "a");
		renameat(root, "c", root, "b");
	}
}

static void look_at_both(int root)
{
	long a = atomic_load(&race->value[0]), b = atomic_load(&race->value[1]), now;

	while (race_on()) {
		now = testfs_ino(root, race_random(2) ? "a" : "b");
		MUST(now == a || now == b);
		MUST(testfs_nlink(root, "a") == 1);
	}
}

RACE(exchange_rename_lookup)
{
	ASSERT_EQ(0, testfs_touch(root, "a"));
	ASSERT_EQ(0, testfs_touch(root, "b"));
	/* Those who look cannot find out both, one after the other, while they change places. */
	atomic_store(&race->value[0], testfs_ino(root, "a"));
	atomic_store(&race->value[1], testfs_ino(root, "b"));
	RACE_RUN(exchange, exchange, look_at_both, look_at_both);
	EXPECT_EQ(atomic_load(&race->value[0]) + atomic_load(&race->value[1]),
		  (long)(testfs_ino(root, "a") + testfs_ino(root, "b")));
}

/* Directories are moved into each other: there is never a loop, and none is lost. */
static void move_a(int root)
{
	while (race_on()) {
		MAY(renameat(root, "a", root, "b/y/a"), ENOENT, EINVAL, ENOTEMPTY);
		MAY(renameat(root, "b/y/a", root, "a"), ENOENT, EINVAL, ENOTEMPTY);
		if (race_plant())
			unlinkat(root, "a/x", AT_REMOVEDIR);
	}
}

static void move_b(int root)
{
	while (race_on()) {
		MAY(renameat(root, "b", root, "a/x/b"), ENOENT, EINVAL, ENOTEMPTY);
		MAY(renameat(root, "a/x/b", root, "b"), ENOENT, EINVAL, ENOTEMPTY);
	}
}

/* Whatever moves meanwhile: there are four, and the root is above them. */
static void climb(int root)
{
	static const char *const deep[] = { "a/x/b/y", "b/y/a/x", "a/x", "b/y" };
	ino_t top = testfs_ino(root, ".");

	while (race_on()) {
		int at = openat(root, deep[race_random(4)], O_PATH | O_DIRECTORY), steps, next;

		if (at < 0)
			continue;
		for (steps = 0; testfs_ino(at, ".") != top; steps++) {
			MUST(steps < 100);
			next = openat(at, "..", O_PATH | O_DIRECTORY);
			MUST(next >= 0);
			close(at);
			at = next;
		}
		close(at);
	}
}

RACE(rename_directories_loop)
{
	struct census *census = calloc(1, sizeof(*census));

	ASSERT_EQ(0, mkdirat(root, "a", 0755));
	ASSERT_EQ(0, mkdirat(root, "b", 0755));
	ASSERT_EQ(0, mkdirat(root, "a/x", 0755));
	ASSERT_EQ(0, mkdirat(root, "b/y", 0755));
	RACE_RUN(move_a, move_b, move_a, move_b, climb);
	take_census(openat(root, ".", O_RDONLY | O_DIRECTORY), census);
	EXPECT_EQ(4, census->directories);
	free(census);
}

/* Moved from directory to directory, it is in one of them: it is found by who looks twice. */
#define DIRS	3

static void move_across(int root)
{
	char from[16], to[16];
	int at = 0;

	while (race_on()) {
		snprintf(from, sizeof(from), "d%d/t%d", at, race_me);
		at = (at + 1) % DIRS;
		snprintf(to, sizeof(to), "d%d/t%d", at, race_me);
		if (race_plant())
			unlinkat(root, from, race_me % 2 ? AT_REMOVEDIR : 0);
		MUST(!renameat(root, from, root, to));
		MUST(!testfs_exists(root, from));
		MUST(testfs_exists(root, to));
	}
	snprintf(from, sizeof(from), "d%d/t%d", at, race_me);
	MUST(!renameat(root, from, root, strchr(from, '/') + 1));
}

static void link_counts(int root)
{
	char name[8];
	long links;

	while (race_on()) {
		snprintf(name, sizeof(name), "d%d", race_random(DIRS));
		links = testfs_nlink(root, name);
		MUST(links >= 2 && links <= 2 + 2);
	}
}

RACE(rename_across_directories)
{
	char name[16];
	int i;

	for (i = 0; i < DIRS; i++) {
		snprintf(name, sizeof(name), "d%d", i);
		ASSERT_EQ(0, mkdirat(root, name, 0755));
	}
	ASSERT_EQ(0, testfs_touch(root, "d0/t0"));
	ASSERT_EQ(0, mkdirat(root, "d0/t1", 0755));
	ASSERT_EQ(0, testfs_touch(root, "d0/t2"));
	ASSERT_EQ(0, mkdirat(root, "d0/t3", 0755));
	RACE_RUN(move_across, move_across, move_across, move_across, link_counts);
	for (i = 0; i < 4; i++) {
		snprintf(name, sizeof(name), "t%d", i);
		EXPECT_TRUE(testfs_exists(root, name));
	}
	for (i = 0; i < DIRS; i++) {
		snprintf(name, sizeof(name), "d%d", i);
		EXPECT_EQ(0, unlinkat(root, name, AT_REMOVEDIR));
	}
}

/* Into a directory that somebody removes: either it is there, and stays, or nothing has happened. */
static void move_into(int root)
{
	while (race_on()) {
		if (MAY(renameat(root, "f", root, "d/f"), ENOENT))
			continue;
		MUST(testfs_nlink(root, "d/f") == 2);
		MUST(!renameat(root, "d/f", root, "f"));
	}
}

static void make_and_remove(int root)
{
	while (race_on()) {
		MAY(mkdirat(root, "d", 0755), EEXIST);
		if (race_plant())
			unlinkat(root, "d/f", 0);
		MAY(unlinkat(root, "d", AT_REMOVEDIR), ENOENT, ENOTEMPTY);
	}
}

static void keep_open(int root)
{
	int fd = openat(root, "keep", O_RDONLY);
	struct stat st;

	while (race_on()) {
		MUST(!fstat(fd, &st) && st.st_nlink == 2);
	}
}

RACE(rename_rmdir)
{
	ASSERT_EQ(0, testfs_touch(root, "f"));
	ASSERT_EQ(0, linkat(root, "f", root, "keep", 0));
	RACE_RUN(move_into, make_and_remove, make_and_remove, keep_open);
	EXPECT_EQ(2, testfs_nlink(root, "f"));
}

/* One directory replaces another that is empty; what is made in either is never lost. */
static void replace_directory(int root)
{
	while (race_on()) {
		MAY(mkdirat(root, "e", 0755), EEXIST);
		if (race_plant())
			unlinkat(root, "d/x", 0);
		MAY(renameat(root, "e", root, "d"), ENOTEMPTY);
	}
}

static void make_in_it(int root)
{
	while (race_on()) {
		int fd = openat(root, "d/x", O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644);

		/* Not where the directory went while it was on its way. */
		MUST(fd >= 0 || errno == ENOENT);
		if (fd < 0)
			continue;
		close(fd);
		MUST(testfs_exists(root, "d/x"));
		MUST(!unlinkat(root, "d/x", 0));
	}
}

RACE(rename_over_directory)
{
	ASSERT_EQ(0, mkdirat(root, "d", 0755));
	RACE_RUN(replace_directory, make_in_it);
	EXPECT_EQ(2, testfs_nlink(root, "d"));
}

/* Nothing is made in a directory that has gone, and none goes in which something is. */
static void remove_parent(int root)
{
	while (race_on()) {
		MAY(mkdirat(root, "p", 0755), EEXIST);
		if (race_plant())
			unlinkat(root, "p/c", AT_REMOVEDIR);
		MAY(unlinkat(root, "p", AT_REMOVEDIR), ENOENT, ENOTEMPTY);
	}
}

static void make_child(int root)
{
	struct stat st;

	while (race_on()) {
		int parent = openat(root, "p", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (parent < 0)
			continue;
		if (MAY(mkdirat(parent, "c", 0755), ENOENT)) {
			MUST(!fstat(parent, &st) && st.st_nlink == 0);
		} else {
			MUST(!fstat(parent, &st) && st.st_nlink == 3);
			MUST(st.st_ino == testfs_ino(root, "p"));
			MUST(!unlinkat(parent, "c", AT_REMOVEDIR));
		}
		close(parent);
	}
}

RACE(mkdir_rmdir_parent)
{
	RACE_RUN(remove_parent, remove_parent, make_child);
}

TESTFS_MAIN
