// SPDX-License-Identifier: GPL-2.0
/*
 * Races of directories: what comes and goes, themselves and their mount, too, while they are listed, and while
 * their entries are dropped.
 */
#include "race_mounts.h"

TESTFS_FIXTURE(race, RACE_OPTIONS)

/* Readers in small parts: what stays is shown once, and nothing twice. */
#define STABLE	24

struct entry {
	uint64_t ino, offset;
	unsigned short length;
	unsigned char type;
	char name[];
};

/* Whose links are made in it, if any: names with an l stand for it. Those with an e are directories. */
#define linked	(race->value[0])

static void see_entry(const struct entry *entry)
{
	if (entry->name[0] == 'l')
		MUST(entry->ino == (uint64_t)atomic_load(&linked));
	MUST(entry->type == (entry->name[0] == 'e' ? DT_DIR : DT_REG));
}

/* Lists an open directory; between its parts it waits for so many microseconds at most. */
static void list(int dir, unsigned int wait)
{
	char part[200], seen[64][16];
	int count = 0, stable = 0, i;
	long length, at;

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
			see_entry((struct entry *)(part + at));
		}
		if (wait)
			usleep(race_random(wait));
	}
	MUST(length == 0);
	if (stable != STABLE)
		WRONG("%d of %d that stay are shown", stable, STABLE);
}

static void read_directory(int root)
{
	while (race_on()) {
		int dir = openat(root, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		MUST(dir >= 0);
		list(dir, 0);
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

/* Links to one that stays, and directories, come and go among the others. */
static void link_entries(int root)
{
	char name[16];

	while (race_on()) {
		snprintf(name, sizeof(name), "d/l%d-%d", race_me, race_random(4));
		if (testfs_exists(root, name))
			MUST(!unlinkat(root, name, 0));
		else
			MUST(!linkat(root, "d/s0", root, name, 0));
		/* Two processes have four at most, and one may be in a directory that goes. */
		MUST(testfs_nlink(root, "d/s0") <= 1 + 2 * 4 + 1);
		plant_in_directory(root);
	}
}

static void make_and_remove(int root)
{
	char name[16];

	while (race_on()) {
		snprintf(name, sizeof(name), "d/e%d", race_random(4));
		if (!MAY(mkdirat(root, name, 0755), EEXIST))
			MUST(testfs_nlink(root, "d") >= 2);
		MAY(unlinkat(root, name, AT_REMOVEDIR), ENOENT);
	}
}

/* A directory that goes while it is listed: it has a link or none, and none when it has gone. */
static void remove_listed(int root)
{
	while (race_on()) {
		MUST(!mkdirat(root, "gone", 0755));
		usleep(race_random(100));
		MUST(!linkat(root, "d/s0", root, "gone/l", 0));
		MUST(ERR(unlinkat(root, "gone", AT_REMOVEDIR)) == ENOTEMPTY);
		usleep(race_random(100));
		MUST(!unlinkat(root, "gone/l", 0));
		MUST(!unlinkat(root, "gone", AT_REMOVEDIR));
	}
}

static void list_removed(int root)
{
	char part[200];
	struct stat st;
	long length, at;

	while (race_on()) {
		int dir = openat(root, "gone", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (dir < 0) {
			MUST(errno == ENOENT);
			continue;
		}
		do {
			MUST(!fstat(dir, &st));
			MUST(!lseek(dir, 0, SEEK_SET));
			length = syscall(SYS_getdents64, dir, part, sizeof(part));
			MUST(length > 0 || errno == ENOENT);
			MUST(length < 0 || st.st_nlink == 2);
			for (at = 0; at < length; at += ((struct entry *)(part + at))->length) {
				const struct entry *entry = (struct entry *)(part + at);

				MUST(entry->name[0] == '.' || !strcmp(entry->name, "l"));
				if (entry->name[0] != '.')
					see_entry(entry);
			}
		} while (length > 0);
		MUST(!fstat(dir, &st) && st.st_nlink == 0);
		close(dir);
	}
}

RACE(readdir_rmdir_link)
{
	ASSERT_EQ(0, make_stable(root));
	atomic_store(&linked, testfs_ino(root, "d/s0"));
	RACE_RUN(read_directory, link_entries, link_entries, make_and_remove, make_and_remove, remove_listed,
		 list_removed);
}

/* Unmounted and remounted while it is listed: who has it open sees all of it, once. */
static void mount_listed(int root)
{
	char path[RACE_PATH];
	int dir, tree;

	(void)root;
	race_place(path, "listed");
	while (race_on()) {
		tree = race_mount("1m");
		MUST(!make_stable(tree));
		dir = race_attach(tree, path);
		usleep(race_random(1000));
		plant_in_directory(dir);
		if (race_random(2))
			MUST(!umount2(path, MNT_DETACH));
		close(dir);
		while (MAY(umount2(path, 0), EBUSY, EINVAL) == EBUSY)
			;
	}
}

static void list_mounted(int root)
{
	int dir, left = 0;

	(void)root;
	while (race_on()) {
		dir = open(TESTFS_SCRATCH "/listed/d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (dir < 0) {
			MUST(errno == ENOENT);
			continue;
		}
		list(dir, left++ % 2 ? 200 : 0);
		close(dir);
		atomic_fetch_add(&race->value[1], 1);
		/* Who unmounts shall have a chance. */
		usleep(race_random(1000));
	}
}

static void remount_listed(int root)
{
	int dir;

	(void)root;
	while (race_on()) {
		/* By its path, which may have become another. */
		MAY(mount(NULL, TESTFS_SCRATCH "/listed", NULL, MS_REMOUNT, "size=2m"), EINVAL, ENOENT);
		dir = open(TESTFS_SCRATCH "/listed", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (dir < 0)
			continue;
		if (!MAY(race_remount(dir, "ro", NULL), EINVAL, EBUSY))
			MUST(!race_remount(dir, "rw", NULL));
		close(dir);
		usleep(race_random(300));
	}
}

RACE(readdir_umount_remount)
{
	RACE_RUN(mount_listed, list_mounted, list_mounted, remount_listed);
	race_clean("listed");
	race_none_left(_metadata);
	if (race_has_time())
		EXPECT_LT(0, atomic_load(&race->value[1]));
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

/* Into a directory that is removed, a link is made or not; and in one that has a link nothing else is lost. */
#define LINKERS	2

static void link_into(int root)
{
	char name[16], path[24];
	struct stat st;
	int dir;

	snprintf(name, sizeof(name), "l%d", race_me);
	snprintf(path, sizeof(path), "d/%s", name);
	while (race_on()) {
		if (!MAY(linkat(root, "f", root, path, 0), ENOENT)) {
			MUST(testfs_ino(root, path) == testfs_ino(root, "f"));
			MUST(!unlinkat(root, path, 0));
		}
		dir = openat(root, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (dir < 0)
			continue;
		usleep(race_random(50));
		if (MAY(linkat(root, "f", dir, name, 0), ENOENT)) {
			MUST(!fstat(dir, &st) && st.st_nlink == 0);
		} else {
			MUST(!fstat(dir, &st) && st.st_nlink == 2);
			MUST(st.st_ino == testfs_ino(root, "d"));
			MUST(!unlinkat(dir, name, 0));
		}
		close(dir);
	}
}

static void remove_linked(int root)
{
	while (race_on()) {
		MAY(mkdirat(root, "d", 0755), EEXIST);
		if (race_plant())
			unlinkat(root, "d/l0", 0);
		MAY(unlinkat(root, "d", AT_REMOVEDIR), ENOENT, ENOTEMPTY);
	}
}

static void count_links(int root)
{
	int fd = openat(root, "f", O_RDONLY | O_CLOEXEC);
	struct stat st;

	while (race_on()) {
		MUST(!fstat(fd, &st) && st.st_nlink >= 1 && st.st_nlink <= 1 + LINKERS);
		MUST(testfs_ino(root, "f") == st.st_ino);
	}
}

RACE(link_rmdir_drop_caches)
{
	ASSERT_EQ(0, testfs_touch(root, "f"));
	RACE_RUN(link_into, link_into, remove_linked, remove_linked, drop_entries, count_links);
	EXPECT_EQ(1, testfs_nlink(root, "f"));
}

TESTFS_MAIN
