// SPDX-License-Identifier: GPL-2.0
/*
 * Races at the limits: no more is there than may be, and what has gone can be had again.
 */
#define RACE_OPTIONS	"size=256k,nr_inodes=64,usrquota,usrquota_inode_hardlimit=24"
#define BLOCKS		64
#define INODES		64
#define QUOTA		24

#include "quota.h"
#include "race.h"

FIXTURE(race)
{
	int root;
};

FIXTURE_SETUP(race)
{
	self->root = testfs_mount(RACE_OPTIONS);
	if (self->root < 0 && tmpfs_without())
		SKIP(return, "no quotas in %s", testfs_type());
	ASSERT_LE(0, self->root) TH_LOG("mount: %s", strerror(errno));
}

FIXTURE_TEARDOWN_PARENT(race)
{
	if (testfs_umount())
		EXPECT_TRUE(!testfs_is_samplefs() && errno == EINVAL);
}

/* What there is for sure: counted after it was made, and no more before it goes. */
#define files	(race->value[0])
#define blocks	(race->value[1])

#define OWN	20

/* Makes files until there is no more room, and takes some away. */
static void fill(int root, long most_files, int error)
{
	static unsigned char bytes[8 * PAGE];
	long used[OWN] = { 0 };
	struct stat st;
	char name[16];
	int i, fd;

	while (race_on()) {
		i = race_random(OWN);
		snprintf(name, sizeof(name), "f%d-%d", race_me, i);
		if (used[i]) {
			atomic_fetch_sub(&files, 1);
			atomic_fetch_sub(&blocks, used[i] - 1);
			used[i] = 0;
			MUST(!unlinkat(root, name, 0));
			continue;
		}
		if (race_plant() && error == EDQUOT)
			MUST(!seteuid(0));
		fd = openat(root, name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644);
		if (error == EDQUOT)
			MUST(!seteuid(ME));
		MUST(fd >= 0 || errno == error || errno == ENOSPC);
		if (fd < 0)
			continue;
		MUST(atomic_fetch_add(&files, 1) < most_files);
		if (write(fd, bytes, race_random(sizeof(bytes))) < 0)
			MUST(errno == ENOSPC);
		MUST(!fstat(fd, &st));
		used[i] = 1 + st.st_blocks / (PAGE / 512) * (race_plant() ? 4 : 1);
		MUST(atomic_fetch_add(&blocks, used[i] - 1) + used[i] - 1 <= BLOCKS);
		close(fd);
	}
}

static void fill_mount(int root)
{
	/* One is the root's. */
	fill(root, INODES - 1, ENOSPC);
}

static void watch(int root)
{
	struct statfs now;

	while (race_on()) {
		MUST(!fstatfs(root, &now));
		MUST(now.f_blocks == BLOCKS && now.f_bfree <= BLOCKS);
		MUST(now.f_files == INODES && now.f_ffree < INODES);
	}
}

RACE(statfs_create_limits)
{
	RACE_RUN(fill_mount, fill_mount, fill_mount, fill_mount, watch);
}

/* For root there is no limit of a quota. */
static void fill_quota(int root)
{
	MUST(!seteuid(ME));
	fill(root, QUOTA, EDQUOT);
}

static void watch_quota(int root)
{
	while (race_on()) {
		MUST(inodes(root, USR, ME) <= QUOTA);
		MUST(space(root, USR, ME) <= BLOCKS * PAGE);
	}
}

RACE(quota_create_unlink)
{
	RACE_RUN(fill_quota, fill_quota, fill_quota, watch, watch_quota);
}

/* Whoever it is given to, what is written meanwhile is charged once, and given back. */
static void give_away(int root)
{
	while (race_on())
		MUST(!fchownat(root, "f", race_random(2) ? ME : OTHER, 0, 0));
}

static void write_and_cut(int root)
{
	static unsigned char bytes[8 * PAGE];
	int fd = openat(root, "f", O_RDWR | O_CLOEXEC);

	MUST(fd >= 0);
	while (race_on()) {
		off_t at = race_random(8 * PAGE);

		switch (race_random(3)) {
		case 0:
			MUST(pwrite(fd, bytes, race_random(sizeof(bytes)), at) >= 0);
			break;
		case 1:
			MUST(!ftruncate(fd, at));
			break;
		default:
			MUST(!fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, at, PAGE));
		}
		MUST(space(root, USR, ME) <= 17 * PAGE);
		MUST(space(root, USR, OTHER) <= 17 * PAGE);
		if (race_plant())
			MUST(!testfs_touch(root, "left") && !fchownat(root, "left", ME, 0, 0));
	}
}

RACE(quota_chown_write)
{
	ASSERT_EQ(0, testfs_touch(root, "f"));
	RACE_RUN(give_away, write_and_cut, write_and_cut);
	ASSERT_EQ(0, unlinkat(root, "f", 0));
	EXPECT_EQ(0, space(root, USR, ME));
	EXPECT_EQ(0, space(root, USR, OTHER));
	EXPECT_EQ(0, inodes(root, USR, ME));
	EXPECT_EQ(0, inodes(root, USR, OTHER));
}

/* The limit is changed while it is filled: it is never below what is used. */
static void change_limit(int root)
{
	char option[32];

	(void)root;
	while (race_on()) {
		snprintf(option, sizeof(option), "size=%dk", race_plant() ? 300 : race_random(2) ? 256 : 128);
		MAY(mount(NULL, TESTFS_MOUNT, NULL, MS_REMOUNT, option), EINVAL);
		usleep(race_random(500));
	}
}

static void watch_limit(int root)
{
	struct statfs now;

	while (race_on()) {
		MUST(!fstatfs(root, &now));
		MUST(now.f_blocks == BLOCKS || now.f_blocks == BLOCKS / 2);
		MUST(now.f_bfree <= now.f_blocks);
	}
}

RACE(remount_limits_write)
{
	RACE_RUN(fill_mount, fill_mount, change_limit, watch_limit);
	while (mount(NULL, TESTFS_MOUNT, NULL, MS_REMOUNT, "size=256k"))
		ASSERT_EQ(EBUSY, errno);
}

TESTFS_MAIN
