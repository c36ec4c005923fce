/* SPDX-License-Identifier: GPL-2.0 */
/* What is left after a race: link counts compared with names; and taking it all away. */
#ifndef CENSUS_H
#define CENSUS_H

#include <dirent.h>

#define CENSUS_FILES	4000

struct census {
	struct {
		ino_t ino;
		long nlink, names;
	} file[CENSUS_FILES];
	int files, directories, wrong;
};

/* Counts the names of each inode and compares directories' link counts. */
static inline void take_census(int dir, struct census *census)
{
	DIR *d = fdopendir(dir);
	struct dirent *e;
	long subdirs = 0;
	struct stat st;
	int i;

	while (d && (e = readdir(d))) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		if (fstatat(dir, e->d_name, &st, AT_SYMLINK_NOFOLLOW) || st.st_ino != e->d_ino) {
			census->wrong++;
			continue;
		}
		if (S_ISDIR(st.st_mode)) {
			subdirs++;
			census->directories++;
			take_census(openat(dir, e->d_name, O_RDONLY | O_DIRECTORY), census);
			continue;
		}
		for (i = 0; i < census->files && census->file[i].ino != st.st_ino; i++)
			;
		if (i == CENSUS_FILES) {
			census->wrong++;
			continue;
		}
		if (i == census->files) {
			census->files++;
			census->file[i].ino = st.st_ino;
			census->file[i].nlink = st.st_nlink;
		}
		census->file[i].names++;
	}
	if (!d || fstat(dir, &st) || (long)st.st_nlink != 2 + subdirs)
		census->wrong++;
	if (d)
		closedir(d);
}

static inline int remove_all(int dir)
{
	DIR *d = fdopendir(dir);
	struct dirent *e;
	int failed = 0;

	while (d && (e = readdir(d))) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		if (unlinkat(dir, e->d_name, 0) && errno == EISDIR) {
			failed += remove_all(openat(dir, e->d_name, O_RDONLY | O_DIRECTORY));
			failed += !!unlinkat(dir, e->d_name, AT_REMOVEDIR);
		}
	}
	if (d)
		closedir(d);
	return failed + !d;
}

#endif /* CENSUS_H */
