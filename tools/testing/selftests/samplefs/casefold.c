// SPDX-License-Identifier: GPL-2.0
/*
 * The option casefold: names that differ in the case of A to Z only are the same, and each keeps
 * the case that it was made with.
 */
#include <dirent.h>
#include <linux/fs.h>

#include "testfs.h"

TESTFS_FIXTURE(casefold, "casefold")

/* True if readdir returns exactly these names, besides . and .. */
static bool names_are(int dirfd, const char *const wanted[])
{
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), found = 0, count = 0;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	int i;

	while (dir && (entry = readdir(dir))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		found++;
		for (i = 0; wanted[i]; i++)
			count += !strcmp(wanted[i], entry->d_name);
	}
	for (i = 0; wanted[i]; i++)
		;
	if (dir)
		closedir(dir);
	return dir && found == i && count == i;
}

#define NAMES_ARE(dir, ...)	names_are(dir, (const char *const[]) { __VA_ARGS__, NULL })

static int rename2(int dir, const char *old, const char *new, unsigned int flags)
{
	return syscall(SYS_renameat2, dir, old, dir, new, flags);
}

TEST_ON(casefold, lookups_ignore_case)
{
	ino_t ino;

	ASSERT_EQ(0, testfs_write(self->root, "ReadMe.TXT", "text", 4));
	ino = testfs_ino(self->root, "ReadMe.TXT");
	EXPECT_EQ(ino, testfs_ino(self->root, "README.txt"));
	EXPECT_EQ(ino, testfs_ino(self->root, "readme.txt"));
	EXPECT_TRUE(testfs_content_is(self->root, "rEADmE.tXt", "text"));
	EXPECT_FALSE(testfs_exists(self->root, "readme.tx"));
	EXPECT_FALSE(testfs_exists(self->root, "readme.txtt"));

	ASSERT_EQ(0, mkdirat(self->root, "Dir", 0755));
	ASSERT_EQ(0, testfs_touch(self->root, "dIR/File"));
	EXPECT_TRUE(testfs_exists(self->root, "DIR/FILE"));
	EXPECT_TRUE(testfs_exists(self->root, "dir/../DiR/./file"));
	EXPECT_TRUE(NAMES_ARE(self->root, "ReadMe.TXT", "Dir"));
}

/* Only letters, and only those of ASCII: what is 32 apart besides them is not the same. */
TEST_ON(casefold, other_bytes_count)
{
	const char *const names[] = {
		"@", "`", "[", "{", "\\", "|", "]", "}", "^", "~", "_", "\x7f",
		"0", "\x10", "\xc3\x84" /* Ä */, "\xc3\xa4" /* ä */, "\xc4", "\xe4", "\xff", "\xdf", NULL
	};
	int i;

	for (i = 0; names[i]; i++)
		ASSERT_EQ(0, testfs_write(self->root, names[i], names[i], strlen(names[i])))
			TH_LOG("%d: %s", i, names[i]);
	for (i = 0; names[i]; i++)
		EXPECT_TRUE(testfs_content_is(self->root, names[i], names[i]));
	EXPECT_TRUE(names_are(self->root, names));
}

TEST_ON(casefold, what_exists_exists_in_any_case)
{
	ASSERT_EQ(0, testfs_touch(self->root, "name"));
	ASSERT_EQ(0, testfs_touch(self->root, "other"));
	EXPECT_EQ(EEXIST, ERR(openat(self->root, "NAME", O_CREAT | O_EXCL | O_WRONLY, 0644)));
	EXPECT_EQ(EEXIST, ERR(mkdirat(self->root, "Name", 0755)));
	EXPECT_EQ(EEXIST, ERR(symlinkat("x", self->root, "nAME")));
	EXPECT_EQ(EEXIST, ERR(mknodat(self->root, "NamE", S_IFIFO | 0644, 0)));
	EXPECT_EQ(EEXIST, ERR(linkat(self->root, "other", self->root, "NAme", 0)));
	EXPECT_EQ(EEXIST, ERR(rename2(self->root, "other", "NAME", RENAME_NOREPLACE)));
	/* Without O_EXCL it is opened. */
	EXPECT_EQ(0, testfs_write(self->root, "NAME", "new", 3));
	EXPECT_TRUE(testfs_content_is(self->root, "name", "new"));
	EXPECT_TRUE(NAMES_ARE(self->root, "name", "other"));
}

TEST_ON(casefold, remove_in_any_case)
{
	ASSERT_EQ(0, testfs_touch(self->root, "File"));
	ASSERT_EQ(0, mkdirat(self->root, "Dir", 0755));
	EXPECT_EQ(0, unlinkat(self->root, "fILE", 0));
	EXPECT_EQ(0, unlinkat(self->root, "dIR", AT_REMOVEDIR));
	EXPECT_FALSE(testfs_exists(self->root, "File"));
	EXPECT_FALSE(testfs_exists(self->root, "Dir"));
	/* The new ones have the new names. */
	ASSERT_EQ(0, testfs_touch(self->root, "FILE"));
	ASSERT_EQ(0, mkdirat(self->root, "DIR", 0755));
	EXPECT_TRUE(NAMES_ARE(self->root, "FILE", "DIR"));
}

/* What is made has the name that it is given, whatever was looked for before. */
TEST_ON(casefold, misses_do_not_name)
{
	const char *const missed[] = { "aa", "bb", "cc", "dd", "ee", "ff", "gg", NULL };
	int i, pass;

	for (pass = 0; pass < 2; pass++)
		for (i = 0; missed[i]; i++)
			ASSERT_FALSE(testfs_exists(self->root, missed[i]));
	ASSERT_EQ(0, testfs_touch(self->root, "AA"));
	ASSERT_EQ(0, mkdirat(self->root, "BB", 0755));
	ASSERT_EQ(0, symlinkat("AA", self->root, "CC"));
	ASSERT_EQ(0, mknodat(self->root, "DD", S_IFIFO | 0644, 0));
	ASSERT_EQ(0, linkat(self->root, "AA", self->root, "EE", 0));
	ASSERT_EQ(0, renameat(self->root, "DD", self->root, "FF"));
	ASSERT_EQ(0, rename2(self->root, "EE", "GG", RENAME_NOREPLACE));
	EXPECT_TRUE(NAMES_ARE(self->root, "AA", "BB", "CC", "FF", "GG"));
	for (i = 0; missed[i]; i++)
		EXPECT_EQ(i != 3 && i != 4, testfs_exists(self->root, missed[i]))
			TH_LOG("%s", missed[i]);
}

TEST_ON(casefold, rename_over_another_case)
{
	ASSERT_EQ(0, testfs_write(self->root, "new", "new", 3));
	ASSERT_EQ(0, testfs_write(self->root, "Name", "old", 3));
	ASSERT_EQ(0, renameat(self->root, "NEW", self->root, "NAME"));
	EXPECT_TRUE(testfs_content_is(self->root, "name", "new"));
	EXPECT_FALSE(testfs_exists(self->root, "new"));
	/* The name was there, and stays. */
	EXPECT_TRUE(NAMES_ARE(self->root, "Name"));
}

/*
 * Two names of the same file: rename(2) does nothing then, and the VFS does not ask the
 * filesystem. It is the same with every filesystem of Linux that ignores case.
 */
TEST_ON(casefold, rename_of_the_case_only)
{
	ino_t ino;

	ASSERT_EQ(0, testfs_write(self->root, "name", "text", 4));
	ASSERT_EQ(0, mkdirat(self->root, "dir", 0755));
	ino = testfs_ino(self->root, "name");
	EXPECT_EQ(0, renameat(self->root, "name", self->root, "NAME"));
	EXPECT_EQ(0, renameat(self->root, "NAME", self->root, "Name"));
	EXPECT_EQ(0, renameat(self->root, "dir", self->root, "DIR"));
	EXPECT_EQ(0, rename2(self->root, "name", "NAME", RENAME_EXCHANGE));
	EXPECT_EQ(EEXIST, ERR(rename2(self->root, "name", "NAME", RENAME_NOREPLACE)));
	EXPECT_EQ(EINVAL, ERR(renameat(self->root, "dir", self->root, "DIR/sub")));
	EXPECT_TRUE(NAMES_ARE(self->root, "name", "dir"));
	EXPECT_EQ(1, testfs_nlink(self->root, "name"));

	/* Through another name it gets the new case. */
	ASSERT_EQ(0, renameat(self->root, "name", self->root, "tmp"));
	ASSERT_EQ(0, renameat(self->root, "tmp", self->root, "NAME"));
	ASSERT_EQ(0, renameat(self->root, "dir", self->root, "tmp"));
	ASSERT_EQ(0, renameat(self->root, "tmp", self->root, "DIR"));
	EXPECT_TRUE(NAMES_ARE(self->root, "NAME", "DIR"));
	EXPECT_EQ(ino, testfs_ino(self->root, "name"));
	EXPECT_TRUE(testfs_content_is(self->root, "name", "text"));
}

TEST_ON(casefold, rename_exchange_and_whiteout)
{
	struct stat st;

	ASSERT_EQ(0, testfs_write(self->root, "One", "1", 1));
	ASSERT_EQ(0, testfs_write(self->root, "Two", "2", 1));
	ASSERT_EQ(0, rename2(self->root, "ONE", "TWO", RENAME_EXCHANGE));
	EXPECT_TRUE(testfs_content_is(self->root, "one", "2"));
	EXPECT_TRUE(testfs_content_is(self->root, "two", "1"));
	ASSERT_EQ(0, rename2(self->root, "oNE", "THREE", RENAME_WHITEOUT));
	EXPECT_TRUE(testfs_content_is(self->root, "three", "2"));
	ASSERT_EQ(0, fstatat(self->root, "ONE", &st, AT_SYMLINK_NOFOLLOW));
	EXPECT_TRUE(S_ISCHR(st.st_mode));
	EXPECT_TRUE(NAMES_ARE(self->root, "One", "Two", "THREE"));
}

TEST_ON(casefold, longest_names)
{
	char lower[302], upper[302];

	memset(lower, 'x', sizeof(lower));
	memset(upper, 'X', sizeof(upper));
	lower[255] = upper[255] = '\0';
	ASSERT_EQ(0, testfs_touch(self->root, lower));
	EXPECT_TRUE(testfs_exists(self->root, upper));
	EXPECT_TRUE(NAMES_ARE(self->root, lower));
	lower[255] = 'x';
	lower[256] = '\0';
	EXPECT_EQ(ENAMETOOLONG, ERR(mkdirat(self->root, lower, 0755)));
	EXPECT_FALSE(testfs_exists(self->root, lower));
	EXPECT_EQ(ENAMETOOLONG, errno);
	lower[256] = 'x';
	lower[301] = '\0';
	EXPECT_FALSE(testfs_exists(self->root, lower));
	EXPECT_EQ(ENAMETOOLONG, errno);
}

TEST_ON(casefold, many_names)
{
	char name[32];
	int i;

	for (i = 0; i < 500; i++) {
		snprintf(name, sizeof(name), "%s-%d", i % 2 ? "Name" : "other", i);
		ASSERT_EQ(0, testfs_touch(self->root, name));
	}
	for (i = 0; i < 500; i++) {
		snprintf(name, sizeof(name), "%s-%d", i % 2 ? "nAME" : "OTHER", i);
		ASSERT_TRUE(testfs_exists(self->root, name)) TH_LOG("%s", name);
		ASSERT_EQ(0, unlinkat(self->root, name, 0));
	}
	EXPECT_TRUE(names_are(self->root, (const char *const[]) { NULL }));
}

/* A name that is found in any case while it is renamed, to names of different lengths. */
TEST_ON(casefold, found_while_renamed)
{
	static const char *const names[] = {
		"Dir", "rid", "a-name-that-is-too-long-to-be-kept-in-the-entry-itself", "X",
	};
	pid_t renamer;
	int i, n;

	ASSERT_EQ(0, mkdirat(self->root, names[0], 0755));
	ASSERT_EQ(0, testfs_touch(self->root, "Stays"));
	renamer = fork();
	ASSERT_LE(0, renamer);
	if (!renamer) {
		for (n = 0; n < 4000; n++)
			if (renameat(self->root, names[n % 4], self->root, names[(n + 1) % 4]))
				_exit(1);
		_exit(0);
	}
	for (n = 0; n < 2000; n++) {
		ASSERT_TRUE(testfs_exists(self->root, "sTAYS"));
		for (i = 0; i < 4; i++)
			testfs_exists(self->root, i % 2 ? "DIR" : "x");
	}
	EXPECT_EQ(0, testfs_wait(renamer));
	EXPECT_TRUE(testfs_exists(self->root, "dIR"));
}

TESTFS_FIXTURE(plain, "")

TEST_ON(plain, case_counts)
{
	ASSERT_EQ(0, testfs_touch(self->root, "name"));
	EXPECT_FALSE(testfs_exists(self->root, "NAME"));
	ASSERT_EQ(0, testfs_touch(self->root, "NAME"));
	ASSERT_EQ(0, renameat(self->root, "name", self->root, "Name"));
	EXPECT_TRUE(NAMES_ARE(self->root, "Name", "NAME"));
}

TESTFS_MAIN_SAMPLEFS
