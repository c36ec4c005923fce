/* SPDX-License-Identifier: GPL-2.0 */
/* For races of mounts that come and go while others use them. */
#ifndef RACE_MOUNTS_H
#define RACE_MOUNTS_H

#include "race.h"

#define RACE_PATH	32

/* A place to mount at, beside the one of the fixture. */
static inline void race_place(char path[RACE_PATH], const char *name)
{
	snprintf(path, RACE_PATH, TESTFS_SCRATCH "/%s", name);
	if (mkdir(path, 0755))
		MUST(errno == EEXIST);
}

/* Mounts that a failed test has left. */
static inline void race_clean(const char *name)
{
	char path[RACE_PATH];

	snprintf(path, sizeof(path), TESTFS_SCRATCH "/%s", name);
	while (!umount2(path, MNT_DETACH))
		;
	rmdir(path);
}

/* A new mount, which nobody can reach but by its root: what is made there first, others find complete. */
static inline int race_mount(const char *size)
{
	int fs = fsopen(testfs_type(), FSOPEN_CLOEXEC), tree;

	MUST(fs >= 0);
	MUST(!fsconfig(fs, FSCONFIG_SET_STRING, "size", size, 0));
	MUST(!fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0));
	tree = fsmount(fs, FSMOUNT_CLOEXEC, 0);
	MUST(tree >= 0);
	close(fs);
	return tree;
}

/* Puts it where others look for it. Its root, opened to be read. */
static inline int race_attach(int tree, const char *path)
{
	int dir = openat(tree, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	MUST(dir >= 0);
	MUST(!move_mount(tree, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH));
	close(tree);
	return dir;
}

/* Changes an option of the superblock, also when the mount is not where it was. A flag has no value. */
static inline int race_remount(int dir, const char *option, const char *value)
{
	int fs = fspick(dir, "", FSPICK_EMPTY_PATH | FSPICK_CLOEXEC), error;

	if (fs < 0)
		return -1;
	error = fsconfig(fs, value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG, option, value, 0) ||
		fsconfig(fs, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0) ? errno : 0;
	close(fs);
	errno = error;
	return error ? -1 : 0;
}

/* How many superblocks there are, of samplefs, which alone says so. */
static inline int race_superblocks(void)
{
	DIR *d = opendir("/sys/fs/samplefs");
	struct dirent *e;
	int count = 0;

	while (d && (e = readdir(d)))
		count += e->d_name[0] != '.';
	if (d)
		closedir(d);
	return count;
}

/* That no superblock is left but that of the fixture. */
static inline void race_none_left(struct __test_metadata *_metadata)
{
	int tries = 50;

	if (!testfs_is_samplefs())
		return;
	while (race_superblocks() != 1 && tries--)
		usleep(100000);
	EXPECT_EQ(1, race_superblocks()) TH_LOG("superblocks are left");
}

#endif /* RACE_MOUNTS_H */
