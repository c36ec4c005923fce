// SPDX-License-Identifier: GPL-2.0
/*
 * Races of freezing and remounting: with unmounting, writing back, caches that are dropped, and each other.
 */
#include "race_mounts.h"

TESTFS_FIXTURE(race, RACE_OPTIONS)

#define SIZE	(8 * PAGE)

/* Odd while nothing may change. */
#define epoch	(race->value[0])
/* Who has it frozen: one at most. */
#define freezers	(race->value[1])
/* How often it was frozen, and remounted. */
#define frozen	(race->value[2])
#define remounted	(race->value[3])

/*
 * A mount that is taken away while others freeze and remount it. What was made in it stays, and as long as
 * somebody has it open it goes on as before.
 */
#define NAMES	12

static void mount_and_take_away(int root)
{
	char path[RACE_PATH], name[8];
	int dir, tree, i, when;
	bool made[NAMES];

	(void)root;
	race_place(path, "frozen");
	while (race_on()) {
		tree = race_mount("1m");
		MUST(!testfs_write(tree, "f", "text", 4));
		dir = race_attach(tree, path);
		when = race_random(NAMES);
		for (i = 0; i < NAMES; i++) {
			snprintf(name, sizeof(name), "n%d", i);
			made[i] = !MAY(testfs_write(dir, name, name, strlen(name)), EROFS);
			if (i == when)
				MUST(!umount2(path, MNT_DETACH));
			usleep(race_random(200));
		}
		for (i = 0; i < NAMES; i++) {
			snprintf(name, sizeof(name), "n%d", i);
			/* open(2) makes a file first, and then asks again whether it may be written to. */
			MUST(testfs_content_is(dir, name, made[i] ? name : "") ||
			     (!made[i] && !testfs_exists(dir, name)));
		}
		MUST(testfs_content_is(dir, "f", "text"));
		close(dir);
	}
}

/* The same, taken away when nobody uses it: not when somebody has it frozen, who has it open. */
static void mount_and_unmount(int root)
{
	char path[RACE_PATH];
	int tree;

	(void)root;
	race_place(path, "unmounted");
	while (race_on()) {
		tree = race_mount("1m");
		MUST(!testfs_write(tree, "f", "text", 4));
		close(race_attach(tree, path));
		usleep(race_random(1000));
		while (MAY(umount2(path, 0), EBUSY))
			;
	}
}

/* Opens the root of one of the two, or what it is mounted on. */
static int open_either(void)
{
	return open(race_random(2) ? TESTFS_SCRATCH "/frozen" : TESTFS_SCRATCH "/unmounted",
		    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* While it is frozen, nothing changes, and it can be neither frozen again nor remounted. */
static void freeze_either(int root)
{
	int dir, again, remount, thaw;
	struct statfs before, after;

	(void)root;
	while (race_on()) {
		dir = open_either();
		if (dir < 0) {
			MUST(errno == ENOENT);
			continue;
		}
		/* tmpfs, on which it is mounted, cannot be frozen. */
		if (MAY(ioctl(dir, FIFREEZE, 0), EBUSY, EOPNOTSUPP)) {
			close(dir);
			continue;
		}
		/* Frozen, but not for long. */
		if (race_plant())
			ioctl(dir, FITHAW, 0);
		atomic_fetch_add(&frozen, 1);
		MUST(!fstatfs(dir, &before));
		again = ERR(ioctl(dir, FIFREEZE, 0));
		remount = ERR(race_remount(dir, "size", "2m"));
		usleep(race_random(500));
		MUST(!fstatfs(dir, &after));
		/* What is frozen while its process fails would stay so for ever. */
		thaw = ERR(ioctl(dir, FITHAW, 0));
		MUST(thaw == 0);
		MUST(again == EBUSY);
		MUST(remount == EBUSY);
		MUST(!memcmp(&before, &after, sizeof(before)));
		close(dir);
		/* Who changes and unmounts shall have a chance. */
		usleep(race_random(1000));
	}
}

static void remount_either(int root)
{
	int dir;

	(void)root;
	while (race_on()) {
		dir = open_either();
		if (dir < 0) {
			MUST(errno == ENOENT);
			continue;
		}
		/* Frozen, or open to write, or it is no mount. */
		if (!MAY(race_remount(dir, "ro", NULL), EBUSY, EINVAL)) {
			atomic_fetch_add(&remounted, 1);
			usleep(race_random(300));
			while (MAY(race_remount(dir, "rw", NULL), EBUSY))
				usleep(race_random(300));
		}
		MAY(race_remount(dir, "size", race_random(2) ? "1m" : "2m"), EBUSY, EINVAL);
		close(dir);
	}
}

RACE(freeze_umount_remount)
{
	if (!testfs_is_samplefs())
		SKIP(return, "%s cannot be frozen", testfs_type());
	RACE_RUN(mount_and_take_away, mount_and_unmount, freeze_either, freeze_either, remount_either);
	race_clean("frozen");
	race_clean("unmounted");
	race_none_left(_metadata);
	if (race_has_time()) {
		EXPECT_LT(0, atomic_load(&frozen));
		EXPECT_LT(0, atomic_load(&remounted));
	}
}

/* One of those who freeze does. */
static void freeze_alone(int root)
{
	struct statfs before, after;

	while (race_on()) {
		if (MAY(ioctl(root, FIFREEZE, 0), EBUSY)) {
			usleep(race_random(200));
			continue;
		}
		/* Frozen, but not for long. */
		if (race_plant())
			MUST(!ioctl(root, FITHAW, 0));
		MUST(atomic_fetch_add(&freezers, 1) == 0);
		atomic_fetch_add(&frozen, 1);
		atomic_fetch_add(&epoch, 1);
		MUST(!fstatfs(root, &before));
		usleep(race_random(1500));
		/* There is nothing to be written: nobody waits for what waits for the thaw. */
		MUST(!syncfs(root));
		MUST(!fstatfs(root, &after));
		MUST(before.f_bfree == after.f_bfree && before.f_ffree == after.f_ffree);
		atomic_fetch_add(&epoch, 1);
		MUST(atomic_fetch_sub(&freezers, 1) == 1);
		if (!race_plant())
			MUST(!ioctl(root, FITHAW, 0));
		usleep(race_random(1000));
	}
}

static void sync_and_drop(int root)
{
	while (race_on()) {
		if (race_random(2))
			MUST(!syncfs(root));
		else
			sync();
		race_drop_caches((const char *[]){ "1", "2", "3" }[race_random(3)]);
		usleep(race_random(1000));
	}
}

/* What was cut off is zero, the rest stays; and nothing is cut in an epoch that is odd. */
static void cut_in_epochs(int root)
{
	static unsigned char bytes[SIZE], read[SIZE];
	char name[16];
	long before;
	off_t at;
	int fd;

	snprintf(name, sizeof(name), "cut%d", race_me);
	fd = openat(root, name, O_CREAT | O_RDWR | O_CLOEXEC, 0644);
	MUST(fd >= 0);
	while (race_on()) {
		memset(bytes, 1 + race_random(255), SIZE);
		MUST(pwrite(fd, bytes, SIZE, 0) == SIZE);
		at = race_random(SIZE);
		before = atomic_load(&epoch);
		MUST(!ftruncate(fd, at));
		if (before % 2 && atomic_load(&epoch) == before)
			WRONG("it was cut where nothing may be");
		MUST(!ftruncate(fd, SIZE));
		memset(bytes + at, 0, SIZE - at);
		MUST(pread(fd, read, SIZE, 0) == SIZE);
		MUST(!memcmp(bytes, read, SIZE));
	}
}

RACE(freeze_sync_drop_truncate)
{
	if (!testfs_is_samplefs())
		SKIP(return, "%s cannot be frozen", testfs_type());
	RACE_RUN(freeze_alone, freeze_alone, sync_and_drop, cut_in_epochs, cut_in_epochs);
	EXPECT_LT(0, atomic_load(&frozen));
}

/*
 * Read-only and back, where it is mounted and when it has been taken away: not while a file is open to write, and
 * what was written is there each time.
 */
static void remount_and_take_away(int root)
{
	static unsigned char wrote[SIZE], read[SIZE];
	char path[RACE_PATH], name[16];
	bool detach;
	int dir, fd;

	(void)root;
	snprintf(name, sizeof(name), "remounted-%d", race_me);
	race_place(path, name);
	while (race_on()) {
		dir = race_attach(race_mount("1m"), path);
		fd = openat(dir, "f", O_CREAT | O_RDWR | O_CLOEXEC, 0644);
		MUST(fd >= 0);
		memset(wrote, 1 + race_random(255), SIZE);
		MUST(pwrite(fd, wrote, SIZE, 0) == SIZE);
		MUST(ERR(race_remount(dir, "ro", NULL)) == EBUSY);
		close(fd);
		detach = race_random(2);
		if (detach)
			MUST(!umount2(path, MNT_DETACH));
		MUST(!race_remount(dir, "ro", NULL));
		atomic_fetch_add(&remounted, 1);
		/* Read-only, but not for long. */
		if (race_plant())
			MUST(!race_remount(dir, "rw", NULL));
		MUST(ERR(openat(dir, "f", O_RDWR | O_CLOEXEC)) == EROFS);
		MUST(ERR(mkdirat(dir, "d", 0755)) == EROFS);
		fd = openat(dir, "f", O_RDONLY | O_CLOEXEC);
		MUST(fd >= 0);
		usleep(race_random(500));
		MUST(pread(fd, read, SIZE, 0) == SIZE && !memcmp(wrote, read, SIZE));
		MUST(!race_remount(dir, "rw", NULL));
		close(fd);
		fd = openat(dir, "f", O_RDWR | O_CLOEXEC);
		MUST(fd >= 0);
		memset(wrote, 1 + race_random(255), PAGE);
		MUST(pwrite(fd, wrote, PAGE, 0) == PAGE);
		MUST(!mkdirat(dir, "d", 0755));
		MUST(pread(fd, read, SIZE, 0) == SIZE && !memcmp(wrote, read, SIZE));
		close(fd);
		close(dir);
		while (!detach && MAY(umount2(path, 0), EBUSY))
			;
	}
}

/* Another option, of whichever of them is there. */
static void remount_others(int root)
{
	char path[RACE_PATH];
	int dir;

	(void)root;
	while (race_on()) {
		snprintf(path, sizeof(path), TESTFS_SCRATCH "/remounted-%d", race_random(2));
		dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (dir < 0) {
			MUST(errno == ENOENT);
			continue;
		}
		MAY(race_remount(dir, "size", race_random(2) ? "1m" : "2m"), EINVAL);
		close(dir);
		usleep(race_random(500));
	}
}

RACE(remount_umount_writeback)
{
	RACE_RUN(remount_and_take_away, remount_and_take_away, remount_others, sync_and_drop);
	race_clean("remounted-0");
	race_clean("remounted-1");
	race_none_left(_metadata);
	EXPECT_LT(0, atomic_load(&remounted));
}

TESTFS_MAIN
