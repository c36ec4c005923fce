// SPDX-License-Identifier: GPL-2.0
/*
 * Mount options, through fsopen(2): what they do, and how a bad one is refused.
 */
#include "testfs.h"

FIXTURE(option)
{
	int fs;
};

FIXTURE_SETUP(option)
{
	self->fs = fsopen(testfs_type(), FSOPEN_CLOEXEC);
	ASSERT_LE(0, self->fs);
}

FIXTURE_TEARDOWN_PARENT(option)
{
	/* Some of these tests mount nothing. */
	if (testfs_umount())
		EXPECT_EQ(EINVAL, errno);
}

static int set(int fs, const char *key, const char *value)
{
	return fsconfig(fs, FSCONFIG_SET_STRING, key, value, 0);
}

/* Mounts what has been configured; its root, or -1. */
static int mount_it(int fs)
{
	int mnt;

	if (fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		return -1;
	mnt = fsmount(fs, FSMOUNT_CLOEXEC, 0);
	if (mnt < 0)
		return -1;
	if (move_mount(mnt, "", AT_FDCWD, TESTFS_MOUNT, MOVE_MOUNT_F_EMPTY_PATH)) {
		close(mnt);
		return -1;
	}
	close(mnt);
	return open(TESTFS_MOUNT, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* True if the log of this context has an error that contains the text. */
static bool log_names(int fs, const char *text)
{
	char buf[512];
	bool found = false;
	ssize_t n;

	while ((n = read(fs, buf, sizeof(buf) - 1)) > 0) {
		buf[n] = '\0';
		ksft_print_msg("log: %s%s", buf, buf[n - 1] == '\n' ? "" : "\n");
		found |= buf[0] == 'e' && strstr(buf, text);
	}
	return found;
}

/* The options of our mount, as /proc/self/mounts shows them. */
static bool shown(const char *option)
{
	char line[1024], opts[512] = "", dir[256], *word;
	FILE *f = fopen("/proc/self/mounts", "r");

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%*s %255s %*s %511s", dir, opts) == 2 &&
		    !strcmp(dir, TESTFS_MOUNT))
			break;
	fclose(f);
	for (word = strtok(opts, ","); word; word = strtok(NULL, ","))
		if (!strcmp(word, option))
			return true;
	return false;
}

TEST_ON(option, defaults)
{
	struct statfs st;
	struct stat root;
	int dir = mount_it(self->fs);

	ASSERT_LE(0, dir);
	ASSERT_EQ(0, fstat(dir, &root));
	EXPECT_EQ(0U, root.st_uid);
	EXPECT_EQ(0U, root.st_gid);
	EXPECT_TRUE(S_ISDIR(root.st_mode));
	ASSERT_EQ(0, fstatfs(dir, &st));
	EXPECT_LT(0, (long)st.f_blocks);
	EXPECT_LT(0, (long)st.f_files);
	EXPECT_EQ(0, testfs_touch(dir, "f"));
}

TEST_ON(option, all_together)
{
	struct statfs st;
	struct stat root;
	int dir;

	ASSERT_EQ(0, set(self->fs, "mode", "2751"));
	ASSERT_EQ(0, set(self->fs, "uid", "1234"));
	ASSERT_EQ(0, set(self->fs, "gid", "4321"));
	ASSERT_EQ(0, set(self->fs, "size", "1m"));
	ASSERT_EQ(0, set(self->fs, "nr_inodes", "77"));
	dir = mount_it(self->fs);
	ASSERT_LE(0, dir);
	ASSERT_EQ(0, fstat(dir, &root));
	EXPECT_EQ(S_IFDIR | 02751U, root.st_mode);
	EXPECT_EQ(1234U, root.st_uid);
	EXPECT_EQ(4321U, root.st_gid);
	ASSERT_EQ(0, fstatfs(dir, &st));
	EXPECT_EQ((1 << 20) / 4096, (long)st.f_blocks);
	EXPECT_EQ(77, (long)st.f_files);
	EXPECT_TRUE(shown("mode=2751"));
	EXPECT_TRUE(shown("uid=1234"));
	EXPECT_TRUE(shown("gid=4321"));
	EXPECT_TRUE(shown("size=1024k"));
	EXPECT_TRUE(shown("nr_inodes=77"));
}

TEST_ON(option, size_suffixes)
{
	static const struct {
		const char *size;
		long blocks;
	} cases[] = {
		{ "65536", 16 }, { "64k", 16 }, { "64K", 16 }, { "3m", 768 }, { "2g", 524288 },
		{ "1", 1 }, { "4097", 2 },
	};
	struct statfs st;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		int fs = fsopen(testfs_type(), FSOPEN_CLOEXEC), dir;

		ASSERT_LE(0, fs);
		ASSERT_EQ(0, set(fs, "size", cases[i].size));
		dir = mount_it(fs);
		ASSERT_LE(0, dir);
		ASSERT_EQ(0, fstatfs(dir, &st));
		EXPECT_EQ(cases[i].blocks, (long)st.f_blocks)
			TH_LOG("size=%s", cases[i].size);
		close(dir);
		close(fs);
		ASSERT_EQ(0, testfs_umount());
	}
}

TEST_ON(option, bad_values)
{
	static const struct {
		const char *key, *value;
	} cases[] = {
		{ "mode", "abc" }, { "mode", "9" }, { "mode", "" }, { "mode", "-1" },
		{ "uid", "root" }, { "uid", "-1" }, { "uid", "4294967295" }, { "uid", "4294967296" },
		{ "gid", "wheel" }, { "gid", "4294967295" },
		{ "size", "abc" }, { "size", "" }, { "size", "1z" }, { "size", "k" },
		{ "size", "4k4" },
		{ "nr_inodes", "many" }, { "nr_inodes", "" }, { "nr_inodes", "-" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		int fs = fsopen(testfs_type(), FSOPEN_CLOEXEC);

		ASSERT_LE(0, fs);
		EXPECT_EQ(EINVAL, ERR(set(fs, cases[i].key, cases[i].value)))
			TH_LOG("%s=%s", cases[i].key, cases[i].value);
		EXPECT_TRUE(log_names(fs, cases[i].key))
			TH_LOG("%s=%s", cases[i].key, cases[i].value);
		close(fs);
	}
}

TEST_ON(option, without_value)
{
	static const char *const keys[] = { "mode", "uid", "gid", "size", "nr_inodes" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(keys); i++) {
		EXPECT_EQ(EINVAL, ERR(fsconfig(self->fs, FSCONFIG_SET_FLAG, keys[i], NULL, 0)))
			TH_LOG("%s", keys[i]);
		EXPECT_TRUE(log_names(self->fs, keys[i]))
			TH_LOG("%s", keys[i]);
	}
}

TEST_ON(option, unknown)
{
	EXPECT_EQ(EINVAL, ERR(set(self->fs, "nonsense", "1")));
	EXPECT_TRUE(log_names(self->fs, "nonsense"));
	EXPECT_EQ(EINVAL, ERR(fsconfig(self->fs, FSCONFIG_SET_FLAG, "flagsense", NULL, 0)));
	EXPECT_TRUE(log_names(self->fs, "flagsense"));
	/* A refused option does no harm to the others. */
	EXPECT_EQ(0, set(self->fs, "size", "1m"));
	EXPECT_LE(0, mount_it(self->fs));
}

TEST_ON(option, by_mount)
{
	EXPECT_EQ(EINVAL, ERR(mount("x", TESTFS_MOUNT, testfs_type(), 0, "nonsense=1")));
	EXPECT_EQ(EINVAL, ERR(mount("x", TESTFS_MOUNT, testfs_type(), 0, "mode=0700,size=abc")));
	EXPECT_EQ(EINVAL, ERR(umount(TESTFS_MOUNT)));
	EXPECT_EQ(0, mount("x", TESTFS_MOUNT, testfs_type(), 0, "mode=0700,size=1m"));
	EXPECT_TRUE(shown("mode=700"));
}

TEST_ON(option, read_only)
{
	int dir;

	ASSERT_EQ(0, fsconfig(self->fs, FSCONFIG_SET_FLAG, "ro", NULL, 0));
	dir = mount_it(self->fs);
	ASSERT_LE(0, dir);
	EXPECT_EQ(EROFS, ERR(openat(dir, "f", O_CREAT | O_RDWR, 0600)));
	EXPECT_EQ(EROFS, ERR(mkdirat(dir, "d", 0700)));
	EXPECT_TRUE(shown("ro"));
}

TEST_ON(option, instances_are_separate)
{
	struct stat a, b;
	int one, two, fs;

	one = mount_it(self->fs);
	ASSERT_LE(0, one);
	ASSERT_EQ(0, testfs_touch(one, "f"));
	ASSERT_EQ(0, mkdir(TESTFS_SCRATCH "/second", 0755));
	fs = fsopen(testfs_type(), FSOPEN_CLOEXEC);
	ASSERT_EQ(0, fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0));
	two = fsmount(fs, FSMOUNT_CLOEXEC, 0);
	ASSERT_LE(0, two);
	EXPECT_FALSE(testfs_exists(two, "f"));
	ASSERT_EQ(0, fstat(one, &a));
	ASSERT_EQ(0, fstatat(two, "", &b, AT_EMPTY_PATH));
	EXPECT_NE(a.st_dev, b.st_dev);
	EXPECT_EQ(EXDEV, ERR(linkat(one, "f", two, "f", 0)));
	EXPECT_EQ(EXDEV, ERR(renameat(one, "f", two, "f")));
	EXPECT_EQ(0, rmdir(TESTFS_SCRATCH "/second"));
}

/* A mount with size=1m and nr_inodes=20, of which 100 blocks and 10 inodes are used. */
static int mount_used(int fs)
{
	static char data[100 * 4096];
	char name[8];
	int i, dir;

	if (set(fs, "size", "1m") || set(fs, "nr_inodes", "20"))
		return -1;
	dir = mount_it(fs);
	if (dir < 0 || testfs_write(dir, "data", data, sizeof(data)))
		return -1;
	for (i = 0; i < 8; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		if (testfs_touch(dir, name))
			return -1;
	}
	return dir;
}

/* Remounts with one option; 0 or the error, and whether the log has the text. */
static int remount(const char *key, const char *value, const char *text, bool *named)
{
	int fs = fspick(AT_FDCWD, TESTFS_MOUNT, FSPICK_CLOEXEC), err;

	if (fs < 0)
		return -1;
	err = value ? ERR(set(fs, key, value)) :
		      ERR(fsconfig(fs, FSCONFIG_SET_FLAG, key, NULL, 0));
	if (!err)
		err = ERR(fsconfig(fs, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0));
	*named = text && log_names(fs, text);
	close(fs);
	return err;
}

TEST_ON(option, remount_below_use)
{
	struct statfs before, after;
	int dir = mount_used(self->fs);
	bool named;

	ASSERT_LE(0, dir);
	ASSERT_EQ(0, fstatfs(dir, &before));
	EXPECT_EQ(EINVAL, remount("size", "64k", "size", &named));
	EXPECT_TRUE(named);
	EXPECT_EQ(EINVAL, remount("size", "396k", "size", &named));
	EXPECT_TRUE(named);
	EXPECT_EQ(EINVAL, remount("nr_inodes", "9", "inodes", &named));
	EXPECT_TRUE(named);
	EXPECT_EQ(EINVAL, remount("size", "abc", "size", &named));
	EXPECT_TRUE(named);
	EXPECT_EQ(EINVAL, remount("nonsense", "1", "nonsense", &named));
	EXPECT_TRUE(named);
	ASSERT_EQ(0, fstatfs(dir, &after));
	EXPECT_EQ(before.f_blocks, after.f_blocks);
	EXPECT_EQ(before.f_bfree, after.f_bfree);
	EXPECT_EQ(before.f_files, after.f_files);
	EXPECT_EQ(before.f_ffree, after.f_ffree);
	EXPECT_TRUE(shown("size=1024k"));
}

TEST_ON(option, remount_to_use_and_up)
{
	struct statfs st;
	int dir = mount_used(self->fs);
	bool named;

	ASSERT_LE(0, dir);
	EXPECT_EQ(0, remount("size", "400k", NULL, &named));
	EXPECT_EQ(0, remount("nr_inodes", "10", NULL, &named));
	ASSERT_EQ(0, fstatfs(dir, &st));
	EXPECT_EQ(100, (long)st.f_blocks);
	EXPECT_EQ(0, (long)st.f_bfree);
	EXPECT_EQ(10, (long)st.f_files);
	EXPECT_EQ(0, (long)st.f_ffree);
	EXPECT_EQ(-1, testfs_touch(dir, "more"));
	EXPECT_EQ(ENOSPC, errno);

	EXPECT_EQ(0, remount("size", "2m", NULL, &named));
	EXPECT_EQ(0, remount("nr_inodes", "100", NULL, &named));
	ASSERT_EQ(0, fstatfs(dir, &st));
	EXPECT_EQ(512, (long)st.f_blocks);
	EXPECT_EQ(412, (long)st.f_bfree);
	EXPECT_EQ(90, (long)st.f_ffree);
	EXPECT_EQ(0, testfs_write(dir, "more", "x", 1));
	EXPECT_TRUE(shown("size=2048k"));
	EXPECT_TRUE(shown("nr_inodes=100"));
}

TEST_ON(option, casefold)
{
	bool named;
	int dir;

	if (!testfs_is_samplefs())
		SKIP(return, "tmpfs has another option of that name");
	ASSERT_EQ(0, fsconfig(self->fs, FSCONFIG_SET_FLAG, "casefold", NULL, 0));
	dir = mount_it(self->fs);
	ASSERT_LE(0, dir);
	EXPECT_TRUE(shown("casefold"));
	ASSERT_EQ(0, testfs_touch(dir, "f"));
	EXPECT_TRUE(testfs_exists(dir, "F"));
	/* It stays, repeated or not. */
	EXPECT_EQ(0, remount("casefold", NULL, NULL, &named));
	EXPECT_EQ(0, remount("size", "1m", NULL, &named));
	EXPECT_TRUE(shown("casefold"));
	EXPECT_TRUE(testfs_exists(dir, "F"));
}

TEST_ON(option, casefold_with_a_value)
{
	if (!testfs_is_samplefs())
		SKIP(return, "tmpfs has another option of that name");
	EXPECT_EQ(EINVAL, ERR(set(self->fs, "casefold", "yes")));
	EXPECT_TRUE(log_names(self->fs, "casefold"));
}

TEST_ON(option, casefold_later)
{
	bool named;
	int dir;

	if (!testfs_is_samplefs())
		SKIP(return, "tmpfs has another option of that name");
	dir = mount_it(self->fs);
	ASSERT_LE(0, dir);
	EXPECT_FALSE(shown("casefold"));
	EXPECT_EQ(EINVAL, remount("casefold", NULL, "casefold", &named));
	EXPECT_TRUE(named);
	EXPECT_FALSE(shown("casefold"));
	ASSERT_EQ(0, testfs_touch(dir, "f"));
	EXPECT_FALSE(testfs_exists(dir, "F"));
}

TEST_ON(option, remount_read_only)
{
	int dir = mount_used(self->fs);
	bool named;
	int fd;

	ASSERT_LE(0, dir);
	fd = openat(dir, "f0", O_WRONLY);
	ASSERT_LE(0, fd);
	EXPECT_EQ(EBUSY, remount("ro", NULL, NULL, &named));
	close(fd);
	ASSERT_EQ(0, remount("ro", NULL, NULL, &named));
	EXPECT_EQ(EROFS, ERR(openat(dir, "f1", O_WRONLY)));
	EXPECT_EQ(EROFS, ERR(unlinkat(dir, "f1", 0)));
	ASSERT_EQ(0, remount("rw", NULL, NULL, &named));
	EXPECT_EQ(0, unlinkat(dir, "f1", 0));
}

TESTFS_MAIN
