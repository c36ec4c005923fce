// SPDX-License-Identifier: GPL-2.0
/*
 * Races of what names stand for: links, handles, attributes, locks.
 */
#include "race.h"

#include <sys/file.h>
#include <sys/xattr.h>

TESTFS_FIXTURE(race, RACE_OPTIONS)

/* A file whose last name has gone gets no new one, other than by whoever has just made one. */
static void make_and_unlink(int root)
{
	while (race_on()) {
		MUST(!testfs_touch(root, "a"));
		MUST(!unlinkat(root, "a", 0));
	}
}

static void link_it(int root)
{
	char name[16];
	struct stat st;

	snprintf(name, sizeof(name), "b%d", race_me);
	while (race_on()) {
		if (MAY(linkat(root, "a", root, name, 0), ENOENT))
			continue;
		if (race_plant())
			unlinkat(root, name, 0);
		MUST(!fstatat(root, name, &st, AT_SYMLINK_NOFOLLOW));
		MUST(st.st_nlink >= 1 && st.st_nlink <= 4);
		MUST(!unlinkat(root, name, 0));
	}
}

static void link_open_file(int root)
{
	char path[64];
	struct stat st;

	while (race_on()) {
		int fd = openat(root, "a", O_RDONLY | O_CLOEXEC);

		if (fd < 0)
			continue;
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		MUST(!fstat(fd, &st));
		if (!MAY(linkat(AT_FDCWD, path, root, "c", AT_SYMLINK_FOLLOW), ENOENT)) {
			/* It has not come back from none. */
			MUST(st.st_nlink != 0);
			MUST(!unlinkat(root, "c", 0));
		}
		close(fd);
	}
}

RACE(link_unlink_last)
{
	RACE_RUN(make_and_unlink, link_it, link_it, link_open_file);
}

/* What an open file holds stays as it is when its name goes, and a new file has nothing of it. */
static void unlink_it(int root)
{
	while (race_on()) {
		if (race_plant())
			truncate(TESTFS_MOUNT "/f", 0);
		MAY(unlinkat(root, "f", 0), ENOENT);
	}
}

static void open_and_write(int root)
{
	unsigned char wrote[2 * PAGE], read[2 * PAGE];
	struct stat st;

	while (race_on()) {
		int fd = openat(root, "f", O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0644);

		if (fd < 0) {
			MUST(errno == EEXIST);
			continue;
		}
		MUST(!fstat(fd, &st) && st.st_size == 0);
		memset(wrote, race_random(256), sizeof(wrote));
		MUST(pwrite(fd, wrote, sizeof(wrote), 0) == sizeof(wrote));
		usleep(race_random(300));
		MUST(pread(fd, read, sizeof(read), 0) == sizeof(read));
		MUST(!memcmp(wrote, read, sizeof(read)));
		MUST(!fstat(fd, &st) && st.st_nlink <= 1 && st.st_size == sizeof(wrote));
		close(fd);
	}
}

RACE(unlink_open_write)
{
	RACE_RUN(unlink_it, open_and_write, open_and_write, open_and_write);
}

/*
 * Cut while its name goes, by who has it open and by who has just found it: what there is in a file was written to it,
 * and what was cut off is zero. Its room comes back, once.
 */
#define CUT	(8 * PAGE)
#define FILES	2

static void cut_open_file(int root)
{
	static uint64_t words[CUT / 8];
	char name[8];
	uint64_t mine;
	long at, i, size;
	int fd;

	snprintf(name, sizeof(name), "t%d", race_me);
	while (race_on()) {
		MAY(unlinkat(root, name, 0), ENOENT);
		fd = openat(root, name, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0644);
		MUST(fd >= 0);
		mine = atomic_fetch_add(&race->value[0], 1) + 1;
		for (i = 0; i < CUT / 8; i++)
			words[i] = mine;
		MUST(pwrite(fd, words, CUT, 0) == CUT);
		usleep(race_random(200));
		at = race_random(CUT / 8);
		if (!race_plant())
			MUST(!ftruncate(fd, at * 8));
		MUST(!ftruncate(fd, CUT));
		size = pread(fd, words, CUT, 0);
		/* Nobody else cuts the first. */
		MUST(race_me ? size >= 0 : size == CUT);
		for (i = 0; i < size / 8; i++)
			if (i >= at ? words[i] : words[i] != mine && (!race_me || words[i]))
				WRONG("word %ld is %lu in file %lu, cut at %ld", i, (unsigned long)words[i],
				      (unsigned long)mine, at);
		close(fd);
	}
}

static void cut_by_name(int root)
{
	(void)root;
	while (race_on())
		MAY(truncate(TESTFS_MOUNT "/t1", race_random(CUT / 8) * 8), ENOENT);
}

static void unlink_cut(int root)
{
	struct statfs now;

	while (race_on()) {
		MAY(unlinkat(root, race_random(FILES) ? "t1" : "t0", 0), ENOENT);
		MUST(!fstatfs(root, &now));
		/* Those who cut by name may have one each that has gone. */
		MUST(now.f_bfree <= race_before.f_bfree);
		MUST(now.f_bfree + (FILES + 2) * (CUT / PAGE) >= race_before.f_bfree);
		usleep(race_random(200));
	}
}

RACE(truncate_unlink)
{
	RACE_RUN(cut_open_file, cut_open_file, cut_by_name, cut_by_name, unlink_cut);
}

/* Two files with names that are linked and renamed over each other: counts are right all the time. */
static void rename_links(int root)
{
	char mine[16];

	snprintf(mine, sizeof(mine), "mine%d", race_me);
	while (race_on()) {
		MUST(!linkat(root, race_random(2) ? "a" : "b", root, mine, 0));
		if (race_plant())
			unlinkat(root, "target", 0);
		MUST(!renameat(root, mine, root, "target"));
		/* If both were one file, nothing has happened. */
		MAY(unlinkat(root, mine, 0), ENOENT);
	}
}

static void count_links(int root)
{
	while (race_on()) {
		long a = testfs_nlink(root, "a"), b = testfs_nlink(root, "b");

		MUST(a >= 1 && a <= 5 && b >= 1 && b <= 5);
		MUST(testfs_exists(root, "target"));
	}
}

RACE(hardlink_rename_over)
{
	ASSERT_EQ(0, testfs_touch(root, "a"));
	ASSERT_EQ(0, testfs_touch(root, "b"));
	ASSERT_EQ(0, linkat(root, "a", root, "target", 0));
	RACE_RUN(rename_links, rename_links, rename_links, count_links);
	EXPECT_EQ(3, testfs_nlink(root, "a") + testfs_nlink(root, "b"));
}

/* A file without a name gets the name that all want, or another has it. */
static void name_it(int root)
{
	char path[64], me[8], read[8] = "";
	struct stat st;

	snprintf(me, sizeof(me), "me %d", race_me);
	while (race_on()) {
		int fd = openat(root, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0644), other;

		MUST(fd >= 0);
		MUST(write(fd, me, sizeof(me)) == sizeof(me));
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		if (race_plant())
			unlinkat(root, "name", 0);
		if (MAY(linkat(AT_FDCWD, path, root, "name", AT_SYMLINK_FOLLOW), EEXIST)) {
			MUST(!fstat(fd, &st) && st.st_nlink == 0);
		} else {
			usleep(race_random(300));
			other = openat(root, "name", O_RDONLY | O_CLOEXEC);
			MUST(other >= 0);
			MUST(pread(other, read, sizeof(read), 0) == sizeof(read));
			MUST(!strcmp(me, read));
			close(other);
			MUST(!unlinkat(root, "name", 0));
		}
		close(fd);
	}
}

RACE(tmpfile_link_unlink)
{
	RACE_RUN(name_it, name_it, name_it, name_it);
}

/* Of many who make the same name, one does, whatever each makes. */
static int make_lock(int root, int how)
{
	char mine[16];

	switch (how) {
	case 0:
		return mkdirat(root, "lock", 0755);
	case 1:
		return symlinkat("nowhere", root, "lock");
	case 2:
		snprintf(mine, sizeof(mine), "mine%d", race_me);
		return linkat(root, mine, root, "lock", 0);
	case 3:
		return mknodat(root, "lock", S_IFIFO | 0600, 0);
	default:
		how = openat(root, "lock", O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644);
		return how < 0 ? -1 : close(how);
	}
}

static void make_alone(int root)
{
	char mine[16];
	int how;

	snprintf(mine, sizeof(mine), "mine%d", race_me);
	MUST(!testfs_touch(root, mine));
	while (race_on()) {
		how = race_random(5);
		if (MAY(make_lock(root, how), EEXIST) && !race_plant())
			continue;
		MUST(atomic_fetch_add(&race->value[0], 1) == 0);
		usleep(race_random(50));
		MUST(atomic_fetch_sub(&race->value[0], 1) == 1);
		MUST(!unlinkat(root, "lock", how ? 0 : AT_REMOVEDIR));
	}
}

RACE(create_exclusive)
{
	RACE_RUN(make_alone, make_alone, make_alone, make_alone);
}

/* A symbolic link that others replace is never missing or half of one. */
static const char *const targets[] = {
	"short",
	"./././././././././././././././././././././././././././././././././././././././././././././././././"
	"./././././././././././././././././././././././././././././././././././././././././././././short",
};

static void replace_link(int root)
{
	char mine[16];

	snprintf(mine, sizeof(mine), "mine%d", race_me);
	while (race_on()) {
		MUST(!symlinkat(targets[race_random(2)], root, mine));
		if (race_plant() && !unlinkat(root, "link", 0))
			usleep(500);
		MUST(!renameat(root, mine, root, "link"));
	}
}

static void follow_link(int root)
{
	char target[256];
	long length;
	ino_t ino = testfs_ino(root, "short");
	struct stat st;

	while (race_on()) {
		length = readlinkat(root, "link", target, sizeof(target) - 1);
		MUST(length > 0);
		target[length] = '\0';
		MUST(!strcmp(target, targets[0]) || !strcmp(target, targets[1]));
		MUST(!fstatat(root, "link", &st, 0) && st.st_ino == ino);
	}
}

RACE(symlink_replace_follow)
{
	ASSERT_EQ(0, testfs_touch(root, "short"));
	ASSERT_EQ(0, symlinkat("short", root, "link"));
	RACE_RUN(replace_link, replace_link, follow_link, follow_link);
}

/* A handle opens the file that it was made of, or nothing. */
static void churn_files(int root)
{
	char text[16];

	while (race_on()) {
		snprintf(text, sizeof(text), "%ld", atomic_fetch_add(&race->value[0], 1));
		MUST(!testfs_write(root, "f", text, strlen(text)));
		MUST(!unlinkat(root, "f", 0));
	}
}

static void open_handles(int root)
{
	union {
		struct file_handle handle;
		char room[sizeof(struct file_handle) + MAX_HANDLE_SZ];
	} h;
	struct stat made, opened;
	int mount, fd, other;

	while (race_on()) {
		fd = openat(root, "f", O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		MUST(!fstat(fd, &made));
		h.handle.handle_bytes = MAX_HANDLE_SZ;
		MUST(!name_to_handle_at(fd, "", &h.handle, &mount, AT_EMPTY_PATH));
		close(fd);
		usleep(race_random(200));
		other = open_by_handle_at(root, &h.handle, O_RDONLY | O_CLOEXEC);
		if (other < 0) {
			MUST(errno == ESTALE);
			continue;
		}
		MUST(!fstat(other, &opened));
		MUST(opened.st_ino == made.st_ino + race_plant());
		close(other);
	}
}

RACE(handle_open_unlink)
{
	RACE_RUN(churn_files, open_handles, open_handles);
}

/* An attribute is there with all of a value that somebody set, or not at all. */
#define LONG	3000

static void set_attribute(int root)
{
	static char value[LONG];
	int fd = openat(root, "f", O_RDONLY | O_CLOEXEC), size;

	while (race_on()) {
		size = 1 + race_random(LONG);
		memset(value, 'a' + size % 26, size);
		if (race_plant())
			value[0] = '!';
		MUST(!fsetxattr(fd, "user.race", value, size, 0));
		if (!race_random(3))
			MAY(fremovexattr(fd, "user.race"), ENODATA);
	}
}

static void get_attribute(int root)
{
	static char value[LONG], names[256];
	int fd = openat(root, "f", O_RDONLY | O_CLOEXEC);
	long size, at, found;

	while (race_on()) {
		size = fgetxattr(fd, "user.race", value, LONG);
		MUST(size > 0 || errno == ENODATA);
		for (at = 0; at < size; at++)
			MUST(value[at] == 'a' + size % 26);
		size = flistxattr(fd, names, sizeof(names));
		MUST(size > 0);
		for (at = found = 0; at < size; at += strlen(names + at) + 1) {
			found += !strcmp(names + at, "user.stays");
			MUST(!strcmp(names + at, "user.stays") || !strcmp(names + at, "user.race"));
		}
		MUST(found == 1);
	}
}

RACE(xattr_set_get_remove)
{
	ASSERT_EQ(0, testfs_touch(root, "f"));
	ASSERT_EQ(0, setxattr(TESTFS_MOUNT "/f", "user.stays", "x", 1, 0));
	RACE_RUN(set_attribute, set_attribute, get_attribute, get_attribute);
}

/* Locks of each kind keep others out, until the file is closed. */
static int lock(int fd, int how)
{
	struct flock range = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1 };
	int error;

	/* Who waits is woken by a close. */
	do {
		error = how == 0 ? fcntl(fd, F_SETLKW, &range) :
			how == 1 ? fcntl(fd, F_OFD_SETLKW, &range) : flock(fd, LOCK_EX);
	} while (error && errno == EINTR);
	return error;
}

static void lock_and_close(int root)
{
	while (race_on()) {
		int how = race_random(3);
		int fd = openat(root, "f", O_RDWR | O_CLOEXEC);

		MUST(fd >= 0);
		if (!race_plant())
			MUST(!lock(fd, how));
		/* POSIX locks and those of open files keep each other out, flock(2) only its own kind. */
		MUST(atomic_fetch_add(&race->value[how / 2], 1) == 0);
		usleep(race_random(50));
		MUST(atomic_fetch_sub(&race->value[how / 2], 1) == 1);
		close(fd);
	}
}

RACE(lock_close)
{
	ASSERT_EQ(0, testfs_touch(root, "f"));
	RACE_RUN(lock_and_close, lock_and_close, lock_and_close, lock_and_close);
}

/* Changed by many, owner and mode are what somebody set, and the time of change never goes back. */
static void set_mode(int root)
{
	while (race_on()) {
		MUST(!fchmodat(root, "f", race_random(2) ? 0600 : race_plant() ? 0777 : 0644, 0));
		MUST(!fchownat(root, "f", race_random(2), 0, 0));
	}
}

static void look_at_mode(int root)
{
	struct stat last = { 0 }, st;

	while (race_on()) {
		MUST(!fstatat(root, "f", &st, 0));
		MUST((st.st_mode & 0777) == 0600 || (st.st_mode & 0777) == 0644);
		MUST(st.st_uid <= 1);
		/* The two halves of a time are not read together. */
		MUST(st.st_ctim.tv_sec >= last.st_ctim.tv_sec);
		last = st;
	}
}

RACE(chmod_chown_stat)
{
	ASSERT_EQ(0, testfs_touch(root, "f"));
	RACE_RUN(set_mode, set_mode, look_at_mode, look_at_mode);
}

TESTFS_MAIN
