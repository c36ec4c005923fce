/* SPDX-License-Identifier: GPL-2.0 */
/* What a mount counts, as /sys/fs/samplefs shows it. Included after testfs.h. */
#ifndef COUNTERS_H
#define COUNTERS_H

#include <dirent.h>
#include <sys/sysmacros.h>

/* The folder of the mount that this descriptor is on. */
static inline void counters_dir(int fd, char path[64])
{
	struct stat st;

	if (fstat(fd, &st))
		st.st_dev = 0;
	snprintf(path, 64, "/sys/fs/%s/%u:%u", testfs_type(), major(st.st_dev), minor(st.st_dev));
}

/* A counter of that mount, or -1. */
static inline long counter(int fd, const char *name)
{
	char path[64], file[128], text[32] = "";
	long value = -1;
	int count;

	counters_dir(fd, path);
	snprintf(file, sizeof(file), "%s/%s", path, name);
	count = open(file, O_RDONLY | O_CLOEXEC);
	if (count < 0)
		return -1;
	if (read(count, text, sizeof(text) - 1) > 1)
		value = atol(text);
	close(count);
	return value;
}

/* Names of which there is none: stat(2) of `count` of them. */
static inline int miss(int dir, const char *prefix, int count)
{
	char name[64];
	int i;

	for (i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "%s%d", prefix, i);
		if (testfs_exists(dir, name))
			return -1;
	}
	return 0;
}

/* A remount without a change makes the kernel drop all entries that nobody uses. */
static inline int drop_entries(void)
{
	return mount("samplefs-test", TESTFS_MOUNT, testfs_type(), MS_REMOUNT, NULL);
}

#endif /* COUNTERS_H */
