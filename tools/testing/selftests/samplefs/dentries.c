// SPDX-License-Identifier: GPL-2.0
/*
 * Which entries stay in the dcache: all names, and some of what was looked for in vain. This is
 * about samplefs, which counts them.
 */
#include "testfs.h"
#include "counters.h"

/* How many misses of a directory stay. */
#define MISSES_MAX	512

TESTFS_FIXTURE(dentries, "")

TEST_ON(dentries, names_are_counted)
{
	long before = counter(self->root, "dentries");
	char name[16];
	int i;

	/* The root. */
	EXPECT_EQ(1, before);
	for (i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		ASSERT_EQ(0, testfs_touch(self->root, name));
	}
	EXPECT_EQ(before + 20, counter(self->root, "dentries"));
	ASSERT_EQ(0, linkat(self->root, "f0", self->root, "l", 0));
	EXPECT_EQ(before + 21, counter(self->root, "dentries"));
	ASSERT_EQ(0, renameat(self->root, "f0", self->root, "f1"));
	EXPECT_EQ(before + 20, counter(self->root, "dentries"));
}

TEST_ON(dentries, removed_names_do_not_stay)
{
	long before = counter(self->root, "dentries");
	char name[16];
	int i;

	for (i = 0; i < 50; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		ASSERT_EQ(0, testfs_touch(self->root, name));
		ASSERT_EQ(0, unlinkat(self->root, name, 0));
		ASSERT_EQ(0, mkdirat(self->root, name, 0755));
		ASSERT_EQ(0, unlinkat(self->root, name, AT_REMOVEDIR));
	}
	EXPECT_EQ(before, counter(self->root, "dentries"));
	EXPECT_EQ(0, counter(self->root, "misses"));
}

TEST_ON(dentries, misses_stay)
{
	long dentries = counter(self->root, "dentries");
	long lookups = counter(self->root, "lookups");

	ASSERT_EQ(0, miss(self->root, "no", 10));
	EXPECT_EQ(10, counter(self->root, "misses"));
	EXPECT_EQ(dentries + 10, counter(self->root, "dentries"));
	EXPECT_EQ(lookups + 10, counter(self->root, "lookups"));
	/* They are known now. */
	ASSERT_EQ(0, miss(self->root, "no", 10));
	EXPECT_EQ(lookups + 10, counter(self->root, "lookups"));
}

TEST_ON(dentries, a_miss_that_is_made)
{
	ASSERT_EQ(0, miss(self->root, "f", 5));
	EXPECT_EQ(5, counter(self->root, "misses"));
	EXPECT_EQ(0, testfs_touch(self->root, "f0"));
	EXPECT_EQ(0, mkdirat(self->root, "f1", 0755));
	EXPECT_EQ(0, symlinkat("f0", self->root, "f2"));
	EXPECT_EQ(0, linkat(self->root, "f0", self->root, "f3", 0));
	EXPECT_EQ(1, counter(self->root, "misses"));
	EXPECT_EQ(0, renameat(self->root, "f0", self->root, "f4"));
	EXPECT_EQ(0, counter(self->root, "misses"));
	EXPECT_TRUE(testfs_exists(self->root, "f4"));
	EXPECT_FALSE(testfs_exists(self->root, "f0"));
}

TEST_ON(dentries, not_too_many_of_a_directory)
{
	int dir;

	ASSERT_EQ(0, miss(self->root, "no", MISSES_MAX + 100));
	EXPECT_EQ(MISSES_MAX, counter(self->root, "misses"));

	/* Another directory has room of its own, */
	ASSERT_EQ(0, mkdirat(self->root, "d", 0755));
	dir = openat(self->root, "d", O_RDONLY | O_DIRECTORY);
	ASSERT_LE(0, dir);
	ASSERT_EQ(0, miss(dir, "no", 7));
	EXPECT_EQ(MISSES_MAX + 7, counter(self->root, "misses"));
	/* which goes with it. */
	close(dir);
	ASSERT_EQ(0, unlinkat(self->root, "d", AT_REMOVEDIR));
	EXPECT_EQ(MISSES_MAX, counter(self->root, "misses"));
}

TEST_ON(dentries, room_comes_back)
{
	long before = counter(self->root, "dentries");

	ASSERT_EQ(0, miss(self->root, "no", MISSES_MAX + 1));
	EXPECT_EQ(MISSES_MAX, counter(self->root, "misses"));
	ASSERT_EQ(0, drop_entries());
	EXPECT_EQ(0, counter(self->root, "misses"));
	EXPECT_EQ(before, counter(self->root, "dentries"));
	ASSERT_EQ(0, miss(self->root, "other", MISSES_MAX));
	EXPECT_EQ(MISSES_MAX, counter(self->root, "misses"));
}

TEST_ON(dentries, names_survive_dropping)
{
	ASSERT_EQ(0, mkdirat(self->root, "d", 0755));
	ASSERT_EQ(0, testfs_write(self->root, "d/f", "text", 4));
	ASSERT_EQ(0, drop_entries());
	EXPECT_TRUE(testfs_content_is(self->root, "d/f", "text"));
	EXPECT_EQ(3, counter(self->root, "dentries"));
}

/* Looking for, making and removing the same names at the same time. */
TEST_ON(dentries, at_the_same_time)
{
	pid_t children[4];
	char name[16];
	unsigned int i;
	int n;

	for (i = 0; i < ARRAY_SIZE(children); i++) {
		children[i] = fork();
		ASSERT_LE(0, children[i]);
		if (children[i])
			continue;
		for (n = 0; n < 500; n++) {
			snprintf(name, sizeof(name), "f%d", n % 7);
			if (i % 2)
				testfs_exists(self->root, name);
			else if (n % 3)
				testfs_touch(self->root, name);
			else
				unlinkat(self->root, name, 0);
		}
		_exit(0);
	}
	for (i = 0; i < ARRAY_SIZE(children); i++)
		EXPECT_EQ(0, testfs_wait(children[i]));
	for (n = 0; n < 7; n++) {
		snprintf(name, sizeof(name), "f%d", n);
		unlinkat(self->root, name, 0);
	}
	ASSERT_EQ(0, drop_entries());
	EXPECT_EQ(0, counter(self->root, "misses"));
	EXPECT_EQ(1, counter(self->root, "dentries"));
}

TESTFS_MAIN_SAMPLEFS
