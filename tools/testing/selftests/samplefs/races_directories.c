// SPDX-License-Identifier: GPL-2.0
/*
 * Races of directories: names that come and go while they are listed, and while their entries are dropped.
 */
#include "race.h"

TESTFS_FIXTURE(race, RACE_OPTIONS)

/* Readers in small parts: what stays is shown once, and nothing twice. */
#define STABLE	24

struct entry {
	uint64_t ino, offset;
	unsigned short length;
	unsigned char type;
	char name[];
};

static void read_directory(int root)
{
	char part[200], seen[64][16];

	while (race_on()) {
		int dir = openat(root, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC), count = 0, stable = 0, i;
		long length, at;

		MUST(dir >= 0);
		while ((length = syscall(SYS_getdents64, dir, part, sizeof(part))) > 0) {
			for (at = 0; at < length; at += ((struct entry *)(part + at))->length) {
				const char *name = ((struct entry *)(part + at))->name;

				if (name[0] == '.')
					continue;
				for (i = 0; i < count; i++)
					if (!strcmp(seen[i], name))
						WRONG("%s is shown twice", name);
				MUST(count < 64);
				snprintf(seen[count++], sizeof(seen[0]), "%s", name);
				stable += name[0] == 's';
			}
		}
		MUST(length == 0);
		if (stable != STABLE)
			WRONG("%d of %d that stay are shown", stable, STABLE);
		close(dir);
	}
}

/* True if one that stays has gone. */
static bool plant_in_directory(int root)
{
	if (!race_plant())
		return false;
	unlinkat(root, "d/s7", 0);
	usleep(500);
	testfs_touch(root, "d/s7");
	return true;
}

static void rename_entry(int root)
{
	char a[16], b[16];

	snprintf(a, sizeof(a), "d/a%d", race_me);
	snprintf(b, sizeof(b), "d/b%d", race_me);
	MUST(!testfs_touch(root, a));
	while (race_on()) {
		MUST(!renameat(root, a, root, b));
		MUST(!renameat(root, b, root, a));
		plant_in_directory(root);
	}
}

static void create_entries(int root)
{
	char name[16];

	while (race_on()) {
		snprintf(name, sizeof(name), "d/n%d-%d", race_me, race_random(6));
		if (testfs_exists(root, name))
			MUST(!unlinkat(root, name, 0));
		else
			MUST(!testfs_touch(root, name));
		plant_in_directory(root);
	}
}

static int make_stable(int root)
{
	char name[16];
	int i;

	if (mkdirat(root, "d", 0755))
		return -1;
	for (i = 0; i < STABLE; i++) {
		snprintf(name, sizeof(name), "d/s%d", i);
		if (testfs_touch(root, name))
			return -1;
	}
	return 0;
}

RACE(readdir_rename)
{
	ASSERT_EQ(0, make_stable(root));
	RACE_RUN(read_directory, read_directory, rename_entry, rename_entry);
}

RACE(readdir_create_unlink)
{
	ASSERT_EQ(0, make_stable(root));
	RACE_RUN(read_directory, read_directory, create_entries, create_entries);
}

/* While entries are dropped, names that are there are found, and others are not. */
static void drop_entries(int root)
{
	(void)root;
	while (race_on()) {
		race_drop_caches(race_random(2) ? "2" : "3");
		usleep(1000);
	}
}

static void look_up(int root)
{
	char name[16];

	while (race_on()) {
		snprintf(name, sizeof(name), "d/s%d", race_random(STABLE));
		MUST(testfs_nlink(root, name) == 1);
		MUST(!testfs_exists(root, "d/never"));
		plant_in_directory(root);
	}
}

RACE(drop_caches_lookup)
{
	ASSERT_EQ(0, make_stable(root));
	RACE_RUN(drop_entries, look_up, look_up, create_entries, read_directory);
}

static void rename_back_and_forth(int root)
{
	char a[16], b[16];
	ino_t ino;

	snprintf(a, sizeof(a), "a%d", race_me);
	snprintf(b, sizeof(b), "b%d", race_me);
	MUST(!testfs_touch(root, a));
	ino = testfs_ino(root, a);
	while (race_on()) {
		MUST(!(race_plant() ? linkat(root, a, root, b, 0) : renameat(root, a, root, b)));
		MUST(testfs_ino(root, b) == ino && !testfs_exists(root, a));
		MUST(!renameat(root, b, root, a));
		MUST(testfs_ino(root, a) == ino && !testfs_exists(root, b));
	}
}

RACE(drop_caches_rename)
{
	RACE_RUN(drop_entries, rename_back_and_forth, rename_back_and_forth, rename_back_and_forth);
}

TESTFS_MAIN
