// SPDX-License-Identifier: GPL-2.0
/*
 * Races of mounts: unmounting, remounting, freezing.
 */
#include "race_mounts.h"

TESTFS_FIXTURE(race, RACE_OPTIONS)

/* Odd while nothing may change. */
#define epoch	(race->value[0])

/* Unmounted with files open: they go on as before, and the next mount has nothing of them. */
static void detach_and_write(int root)
{
	static unsigned char wrote[4 * PAGE], read[4 * PAGE];
	char path[RACE_PATH], name[16];
	unsigned char *map;
	int dir, fd;

	(void)root;
	snprintf(name, sizeof(name), "detached-%d", race_me);
	race_place(path, name);
	while (race_on()) {
		MUST(!mount("race", path, testfs_type(), 0, "size=1m"));
		dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		MUST(dir >= 0);
		fd = openat(dir, "f", O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0644);
		MUST(fd >= 0);
		map = mmap(NULL, sizeof(wrote), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		MUST(map != MAP_FAILED);
		memset(wrote, 1 + race_random(255), sizeof(wrote));
		MUST(pwrite(fd, wrote, sizeof(wrote), 0) == sizeof(wrote));
		MUST(!umount2(path, MNT_DETACH));
		memset(wrote, 1 + race_random(255), PAGE);
		memset(map, wrote[0], PAGE);
		if (race_plant())
			MUST(!ftruncate(fd, PAGE));
		MUST(!testfs_touch(dir, "more"));
		MUST(pread(fd, read, sizeof(read), 0) == sizeof(read));
		MUST(!memcmp(wrote, read, sizeof(read)));
		if (race_random(2))
			MUST(!unlinkat(dir, "f", 0));
		MUST(!close(dir));
		MUST(!close(fd));
		MUST(!memcmp(map, wrote, sizeof(wrote)));
		MUST(!munmap(map, sizeof(wrote)));
	}
}

static void sync_all(int root)
{
	(void)root;
	while (race_on()) {
		sync();
		race_drop_caches("3");
		usleep(race_random(2000));
	}
}

RACE(umount_writeback)
{
	int i;

	RACE_RUN(detach_and_write, detach_and_write, detach_and_write, sync_all);
	for (i = 0; i < 3; i++) {
		char name[16];

		snprintf(name, sizeof(name), "detached-%d", i);
		race_clean(name);
	}
}

/* Unmounting succeeds only if nothing is open, and who opens a file has that of the mount, or none. */
#define holders	(race->value[1])

static void mount_and_unmount(int root)
{
	char path[RACE_PATH];
	int dir;

	(void)root;
	race_place(path, "busy");
	while (race_on()) {
		MUST(!mount("race", path, testfs_type(), 0, NULL));
		dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		MUST(dir >= 0);
		MUST(!testfs_write(dir, "new", "it", 2));
		MUST(!renameat(dir, "new", dir, "f"));
		close(dir);
		usleep(race_random(1000));
		while (MAY(umount2(path, race_plant() ? MNT_DETACH : 0), EBUSY))
			;
		MUST(atomic_load(&holders) == 0);
	}
}

static void open_if_mounted(int root)
{
	char path[48], text[4] = "";
	int fd;

	(void)root;
	snprintf(path, sizeof(path), TESTFS_SCRATCH "/busy/f");
	while (race_on()) {
		/* Who unmounts shall have a chance. */
		usleep(race_random(2000));
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd < 0) {
			MUST(errno == ENOENT);
			continue;
		}
		atomic_fetch_add(&holders, 1);
		MUST(pread(fd, text, 4, 0) == 2 && !strcmp(text, "it"));
		usleep(race_random(100));
		atomic_fetch_sub(&holders, 1);
		close(fd);
	}
}

RACE(umount_open)
{
	RACE_RUN(mount_and_unmount, open_if_mounted, open_if_mounted, open_if_mounted);
	race_clean("busy");
}

/* How many changes were made, how many were refused since it was read-only, and how often it became that. */
#define changes		(race->value[2])
#define refused		(race->value[3])
#define read_only	(race->value[4])

/* Whatever changes a file; it ends as if nothing had been. */
static void change(int root)
{
	char name[16], other[16];
	int fd = -1, failed;

	snprintf(name, sizeof(name), "n%d", race_me);
	snprintf(other, sizeof(other), "o%d", race_me);
	switch (race_random(6)) {
	case 0:
		failed = fd = openat(root, name, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
		if (fd >= 0)
			MUST(write(fd, "text", 4) == 4);
		break;
	case 1: failed = mkdirat(root, other, 0755); break;
	case 2: failed = unlinkat(root, other, AT_REMOVEDIR); break;
	case 3: failed = renameat(root, name, root, other); break;
	case 4: failed = unlinkat(root, name, 0); break;
	default: failed = fchmodat(root, name, race_random(0777), 0);
	}
	if (failed < 0)
		MUST(errno == EROFS || errno == ENOENT || errno == EEXIST || errno == ENOTDIR ||
		     errno == EISDIR);
	if (failed >= 0)
		atomic_fetch_add(&changes, 1);
	else if (errno == EROFS)
		atomic_fetch_add(&refused, 1);
	if (fd >= 0)
		close(fd);
	if (failed < 0)
		errno = EROFS;
	else
		errno = 0;
}

/* Nothing that begins and ends in an odd epoch changes anything. */
static void change_in_epochs(int root)
{
	long before;

	while (race_on()) {
		before = atomic_load(&epoch);
		change(root);
		if (!errno && before % 2 && atomic_load(&epoch) == before)
			WRONG("a change was made where none may be");
	}
}

static void watch_epoch(int root)
{
	struct statfs before, after;

	atomic_fetch_add(&epoch, 1);
	MUST(!fstatfs(root, &before));
	usleep(500 + race_random(1500));
	MUST(!fstatfs(root, &after));
	MUST(before.f_bfree == after.f_bfree && before.f_ffree == after.f_ffree);
	atomic_fetch_add(&epoch, 1);
}

/* It cannot be while somebody has a file open to write; but nobody has for long. */
static void remount(int root)
{
	while (race_on()) {
		while (MAY(mount(NULL, TESTFS_MOUNT, NULL, MS_REMOUNT | MS_RDONLY, NULL), EBUSY))
			;
		atomic_fetch_add(&read_only, 1);
		/* Read-only for a moment alone, without a word. */
		if (race_plant())
			MUST(!mount(NULL, TESTFS_MOUNT, NULL, MS_REMOUNT, NULL));
		watch_epoch(root);
		MUST(!mount(NULL, TESTFS_MOUNT, NULL, MS_REMOUNT, NULL));
		usleep(race_random(1000));
	}
}

RACE(remount_ro_write)
{
	RACE_RUN(remount, change_in_epochs, change_in_epochs, change_in_epochs);
	mount(NULL, TESTFS_MOUNT, NULL, MS_REMOUNT, NULL);
	EXPECT_LT(0, atomic_load(&changes));
	EXPECT_LT(0, atomic_load(&read_only));
	/* Not only when they had stopped. */
	if (race_has_time())
		EXPECT_LT(0, atomic_load(&refused));
}

static void freeze(int root)
{
	while (race_on()) {
		if (!race_plant())
			MUST(!ioctl(root, FIFREEZE, 0));
		watch_epoch(root);
		if (!race_plant())
			MUST(!ioctl(root, FITHAW, 0));
		usleep(race_random(1000));
	}
}

RACE(freeze_write)
{
	if (!testfs_is_samplefs())
		SKIP(return, "%s cannot be frozen", testfs_type());
	RACE_RUN(freeze, change_in_epochs, change_in_epochs, change_in_epochs);
	EXPECT_LT(0, atomic_load(&changes));
}

/* Nor through a mapping that could be written to just before. */
static void store_in_epochs(int root)
{
	int fd = openat(root, "f", O_RDWR | O_CLOEXEC);
	volatile uint64_t *map = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	long before;

	MUST(map != MAP_FAILED);
	while (race_on()) {
		before = atomic_load(&epoch);
		MUST(race_store(&map[race_random(PAGE)], before));
		if (before % 2 && atomic_load(&epoch) == before)
			WRONG("a store was made where none may be");
	}
}

RACE(freeze_mmap_store)
{
	if (!testfs_is_samplefs())
		SKIP(return, "%s cannot be frozen", testfs_type());
	ASSERT_EQ(0, testfs_touch(root, "f"));
	ASSERT_EQ(0, truncate(TESTFS_MOUNT "/f", 8 * PAGE));
	RACE_RUN(freeze, store_in_epochs, store_in_epochs);
}

/* A remount drops every entry that nobody uses: what is there is found all the same. */
static void remount_often(int root)
{
	(void)root;
	while (race_on()) {
		MUST(!mount(NULL, TESTFS_MOUNT, NULL, MS_REMOUNT, NULL));
		usleep(race_random(500));
	}
}

static void look_up(int root)
{
	while (race_on()) {
		MUST(testfs_content_is(root, "d/f", "text"));
		MUST(!testfs_exists(root, "d/never"));
		if (race_plant()) {
			MAY(unlinkat(root, "d/f", 0), ENOENT);
			usleep(300);
			MUST(!testfs_write(root, "d/f", "text", 4));
		}
	}
}

RACE(remount_lookup)
{
	ASSERT_EQ(0, mkdirat(root, "d", 0755));
	ASSERT_EQ(0, testfs_write(root, "d/f", "text", 4));
	RACE_RUN(remount_often, look_up, look_up, look_up);
}

/* The counters of a mount that goes are read whole, or they have gone. */
static void mount_counted(int root)
{
	char path[RACE_PATH], name[8];
	int dir, i;

	(void)root;
	race_place(path, "counted");
	while (race_on()) {
		MUST(!mount("race", path, testfs_type(), 0, NULL));
		dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		MUST(dir >= 0);
		for (i = 0; i < (race_plant() ? 40 : 4); i++) {
			snprintf(name, sizeof(name), "f%d", i);
			MUST(!testfs_touch(dir, name));
		}
		close(dir);
		MUST(!umount(path));
	}
}

static void read_counters(int root)
{
	char path[320], text[32];
	struct dirent *e;
	long size;
	DIR *d;
	int fd;

	(void)root;
	while (race_on()) {
		d = opendir("/sys/fs/samplefs");
		MUST(d);
		while ((e = readdir(d))) {
			snprintf(path, sizeof(path), "/sys/fs/samplefs/%s/inodes", e->d_name);
			fd = open(path, O_RDONLY | O_CLOEXEC);
			if (fd < 0)
				continue;
			usleep(race_random(50));
			size = read(fd, text, sizeof(text) - 1);
			MUST(size > 0 || errno == ENODEV);
			text[size > 0 ? size : 0] = '\0';
			MUST(size < 0 || (text[size - 1] == '\n' && atol(text) >= 1 && atol(text) <= 5));
			close(fd);
		}
		closedir(d);
	}
}

RACE(counters_umount)
{
	if (!testfs_is_samplefs())
		SKIP(return, "about samplefs alone");
	RACE_RUN(mount_counted, read_counters, read_counters);
	race_clean("counted");
}

TESTFS_MAIN
