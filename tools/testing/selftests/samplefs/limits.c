// SPDX-License-Identifier: GPL-2.0
/*
 * Limits: statfs, ENOSPC for blocks and for inodes, and exact recovery.
 */
#include "testfs.h"

#include <linux/falloc.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>

#define BLOCKS	64
#define INODES	50

TESTFS_FIXTURE(limit, "size=256k,nr_inodes=50")

static struct statfs statfs_now(void)
{
	struct statfs st = { 0 };

	statfs(TESTFS_MOUNT, &st);
	return st;
}

static bool same_room(struct statfs a, struct statfs b)
{
	return a.f_bfree == b.f_bfree && a.f_bavail == b.f_bavail && a.f_ffree == b.f_ffree &&
		a.f_blocks == b.f_blocks && a.f_files == b.f_files;
}

#define EXPECT_ROOM(expected)							\
	do {									\
		struct statfs now = statfs_now();				\
										\
		EXPECT_TRUE(same_room(expected, now))				\
			TH_LOG("blocks free %ld, were %ld; inodes free %ld, were %ld", \
			       (long)now.f_bfree, (long)(expected).f_bfree,	\
			       (long)now.f_ffree, (long)(expected).f_ffree);	\
	} while (0)

/* Writes until nothing goes in any more; how much did. */
static ssize_t write_until_full(int fd, size_t piece)
{
	static char buf[65536];
	ssize_t n, done = 0;

	memset(buf, 'w', sizeof(buf));
	while ((n = write(fd, buf, piece)) > 0)
		done += n;
	return done;
}

TEST_ON(limit, statfs_fields)
{
	struct statfs st = statfs_now();

	EXPECT_EQ(4096, st.f_bsize);
	EXPECT_EQ(BLOCKS, (long)st.f_blocks);
	EXPECT_EQ(BLOCKS, (long)st.f_bfree);
	EXPECT_EQ(BLOCKS, (long)st.f_bavail);
	EXPECT_EQ(INODES, (long)st.f_files);
	/* The root is an inode too. */
	EXPECT_EQ(INODES - 1, (long)st.f_ffree);
	EXPECT_EQ(NAME_MAX, st.f_namelen);
	EXPECT_NE(0, st.f_type);
}

TEST_ON(limit, blocks)
{
	struct statfs start = statfs_now();
	char buf[4096];
	struct stat st;
	ssize_t done;
	off_t at;
	int fd;

	fd = openat(self->root, "f", O_CREAT | O_RDWR, 0644);
	ASSERT_LE(0, fd);
	done = write_until_full(fd, 5000);
	EXPECT_EQ(ENOSPC, errno);
	EXPECT_EQ(BLOCKS * 4096, done);
	EXPECT_EQ(0, (long)statfs_now().f_bfree);
	ASSERT_EQ(0, fstat(fd, &st));
	EXPECT_EQ(done, st.st_size);
	EXPECT_EQ(BLOCKS * 8, st.st_blocks);

	/* Nothing that went in is lost, and it can be overwritten in place. */
	for (at = 0; at < done; at += sizeof(buf)) {
		ASSERT_EQ((ssize_t)sizeof(buf), pread(fd, buf, sizeof(buf), at));
		ASSERT_EQ('w', buf[0]);
		ASSERT_EQ(0, memcmp(buf, buf + 1, sizeof(buf) - 1));
	}
	EXPECT_EQ(1, pwrite(fd, "x", 1, 70000));
	EXPECT_EQ(ENOSPC, ERR(pwrite(fd, "x", 1, done)));

	/* A name still can be made, its data cannot. */
	ASSERT_EQ(0, testfs_touch(self->root, "g"));
	EXPECT_EQ(-1, testfs_write(self->root, "h", "x", 1));
	ASSERT_EQ(0, ftruncate(fd, 10 * 4096 + 1));
	EXPECT_EQ(BLOCKS - 11, (long)statfs_now().f_bfree);
	EXPECT_EQ(0, testfs_write(self->root, "h", "x", 1));

	close(fd);
	ASSERT_EQ(0, unlinkat(self->root, "f", 0));
	ASSERT_EQ(0, unlinkat(self->root, "g", 0));
	ASSERT_EQ(0, unlinkat(self->root, "h", 0));
	EXPECT_ROOM(start);
}

TEST_ON(limit, holes_are_free)
{
	struct statfs start = statfs_now();
	char buf[4096];
	int fd = openat(self->root, "f", O_CREAT | O_RDWR, 0644);
	off_t at;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, ftruncate(fd, 100 << 20));
	EXPECT_EQ(start.f_bfree, statfs_now().f_bfree);
	for (at = 0; at < 100 << 20; at += 1 << 20)
		ASSERT_EQ((ssize_t)sizeof(buf), pread(fd, buf, sizeof(buf), at));
	EXPECT_EQ(start.f_bfree, statfs_now().f_bfree);
	for (at = 0; at < 4; at++)
		ASSERT_EQ(1, pwrite(fd, "x", 1, at << 22));
	EXPECT_EQ(start.f_bfree - 4, statfs_now().f_bfree);
	/* The same again takes nothing more. */
	ASSERT_EQ(1, pwrite(fd, "x", 1, 1));
	EXPECT_EQ(start.f_bfree - 4, statfs_now().f_bfree);
	close(fd);
	ASSERT_EQ(0, unlinkat(self->root, "f", 0));
	EXPECT_ROOM(start);
}

static sigjmp_buf bus_jump;

static void on_bus(int sig)
{
	siglongjmp(bus_jump, sig);
}

TEST_ON(limit, mmap_gets_sigbus)
{
	struct sigaction action = { .sa_handler = on_bus };
	struct statfs start = statfs_now();
	volatile unsigned int stored = 0;
	volatile char *map;
	unsigned int i;
	int fd = openat(self->root, "f", O_CREAT | O_RDWR, 0644);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, ftruncate(fd, 2 * BLOCKS * 4096));
	map = mmap(NULL, 2 * BLOCKS * 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, (void *)map);
	sigaction(SIGBUS, &action, NULL);
	if (!sigsetjmp(bus_jump, 1)) {
		for (i = 0; i < 2 * BLOCKS; i++) {
			map[i * 4096] = 'm';
			stored++;
		}
	}
	signal(SIGBUS, SIG_DFL);
	EXPECT_EQ((unsigned int)BLOCKS, stored);
	EXPECT_EQ(0, (long)statfs_now().f_bfree);
	for (i = 0; i < stored; i++)
		ASSERT_EQ('m', map[i * 4096]);
	/* Room that becomes free can be used through the same mapping. */
	ASSERT_EQ(0, ftruncate(fd, 4096));
	ASSERT_EQ(0, ftruncate(fd, 2 * BLOCKS * 4096));
	map[100 * 4096] = 'n';
	EXPECT_EQ(BLOCKS - 2, (long)statfs_now().f_bfree);
	EXPECT_EQ('m', map[0]);
	munmap((void *)map, 2 * BLOCKS * 4096);
	close(fd);
	ASSERT_EQ(0, unlinkat(self->root, "f", 0));
	EXPECT_ROOM(start);
}

TEST_ON(limit, inodes)
{
	struct statfs start = statfs_now();
	char name[16];
	int i, made, fd;

	for (made = 0; ; made++) {
		snprintf(name, sizeof(name), "i%d", made);
		switch (made % 4) {
		case 0:
			i = testfs_touch(self->root, name);
			break;
		case 1:
			i = mkdirat(self->root, name, 0755);
			break;
		case 2:
			i = symlinkat("x", self->root, name);
			break;
		default:
			i = mknodat(self->root, name, S_IFIFO | 0644, 0);
		}
		if (i)
			break;
		ASSERT_GT(INODES, made);
	}
	EXPECT_EQ(ENOSPC, errno);
	EXPECT_EQ(INODES - 1, made);
	EXPECT_EQ(0, (long)statfs_now().f_ffree);

	EXPECT_EQ(ENOSPC, ERR(openat(self->root, "x", O_CREAT | O_RDWR, 0600)));
	EXPECT_EQ(ENOSPC, ERR(mkdirat(self->root, "x", 0700)));
	EXPECT_EQ(ENOSPC, ERR(symlinkat("x", self->root, "x")));
	EXPECT_EQ(ENOSPC, ERR(mknodat(self->root, "x", S_IFIFO | 0600, 0)));
	EXPECT_EQ(ENOSPC, ERR(openat(self->root, ".", O_TMPFILE | O_RDWR, 0600)));
	EXPECT_FALSE(testfs_exists(self->root, "x"));
	EXPECT_EQ(2 + made / 4, testfs_nlink(self->root, "."));

	/* A rename needs none, also where it replaces. */
	EXPECT_EQ(0, renameat(self->root, "i0", self->root, "i4"));
	EXPECT_EQ(1, (long)statfs_now().f_ffree);
	fd = openat(self->root, "i0", O_CREAT | O_RDWR, 0600);
	EXPECT_LE(0, fd);
	close(fd);

	for (i = 0; i < made; i++) {
		snprintf(name, sizeof(name), "i%d", i);
		ASSERT_EQ(0, unlinkat(self->root, name, i % 4 == 1 ? AT_REMOVEDIR : 0));
	}
	EXPECT_ROOM(start);
}

/* Each name but the first counts as an inode: an entry in the dcache is pinned for it. */
TEST_ON(limit, links)
{
	struct statfs start = statfs_now();
	char name[16], path[64];
	int i, fd, made;

	ASSERT_EQ(0, testfs_touch(self->root, "f"));
	for (made = 0; made <= INODES; made++) {
		snprintf(name, sizeof(name), "l%d", made);
		if (linkat(self->root, "f", self->root, name, 0))
			break;
	}
	EXPECT_EQ(ENOSPC, errno);
	EXPECT_EQ(INODES - 2, made);
	EXPECT_EQ(0, (long)statfs_now().f_ffree);
	EXPECT_EQ(made + 1, testfs_nlink(self->root, "f"));
	EXPECT_EQ(EEXIST, ERR(linkat(self->root, "f", self->root, "l0", 0)));
	/* A rename takes none, and gives that of the name back that it replaces. */
	EXPECT_EQ(0, renameat(self->root, "l0", self->root, "m"));
	EXPECT_EQ(0, (long)statfs_now().f_ffree);
	ASSERT_EQ(0, unlinkat(self->root, "m", 0));
	ASSERT_EQ(0, testfs_touch(self->root, "g"));
	EXPECT_EQ(0, renameat(self->root, "g", self->root, "l1"));
	EXPECT_EQ(1, (long)statfs_now().f_ffree);
	/* In whatever order they go. */
	ASSERT_EQ(0, unlinkat(self->root, "f", 0));
	for (i = 1; i < made; i++) {
		snprintf(name, sizeof(name), "l%d", i);
		ASSERT_EQ(0, unlinkat(self->root, name, 0));
	}
	EXPECT_ROOM(start);
	/* A file without a name has been charged for its first one. */
	fd = openat(self->root, ".", O_TMPFILE | O_RDWR, 0600);
	ASSERT_LE(0, fd);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	for (i = 0; i < 3; i++) {
		snprintf(name, sizeof(name), "t%d", i);
		ASSERT_EQ(0, linkat(AT_FDCWD, path, self->root, name, AT_SYMLINK_FOLLOW));
		EXPECT_EQ(start.f_ffree - 1 - i, statfs_now().f_ffree);
	}
	close(fd);
	for (i = 0; i < 3; i++) {
		snprintf(name, sizeof(name), "t%d", i);
		ASSERT_EQ(0, unlinkat(self->root, name, 0));
	}
	EXPECT_ROOM(start);
}

/* What was not written takes no room, wherever it was to go. */
TEST_ON(limit, failed_writes)
{
	const int flags[] = { 0, O_DIRECT };
	struct statfs start = statfs_now();
	void *const nowhere = (void *)4096;
	struct stat st;
	unsigned int i;

	if (!testfs_is_samplefs())
		SKIP(return, "tmpfs keeps the page that it had made");
	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		int fd = openat(self->root, "f", O_CREAT | O_RDWR | flags[i], 0644);

		ASSERT_LE(0, fd);
		EXPECT_EQ(EFAULT, ERR(pwrite(fd, nowhere, 4096, 0)));
		EXPECT_EQ(EFAULT, ERR(pwrite(fd, nowhere, 65536, 8192)));
		EXPECT_EQ(start.f_bfree, statfs_now().f_bfree);
		/* What there is stays: here room beyond the end. */
		ASSERT_EQ(0, fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 8192));
		EXPECT_EQ(EFAULT, ERR(pwrite(fd, nowhere, 16384, 0)));
		EXPECT_EQ(start.f_bfree - 2, statfs_now().f_bfree);
		ASSERT_EQ(0, fstat(fd, &st));
		EXPECT_EQ(0, st.st_size);
		close(fd);
		ASSERT_EQ(0, unlinkat(self->root, "f", 0));
		EXPECT_ROOM(start);
	}
}

/* Of a write that fits partly, what comes after the first hole changes nothing. */
TEST_ON(limit, short_write_before_old_data)
{
	static char old[4 * 4096], new[4 * 4096], seen[1 << 20];
	int fd = openat(self->root, "f", O_CREAT | O_RDWR, 0644), i, big;
	const off_t at = sizeof(seen) / 2;

	ASSERT_LE(0, fd);
	memset(new, 'n', sizeof(new));
	memset(old + 2 * 4096, 'o', 4096);
	for (i = 0; i < 2; i++) {
		/* Read in large folios; the third block is there, and in the second round written back. */
		ASSERT_EQ(0, ftruncate(fd, 0));
		ASSERT_EQ(0, ftruncate(fd, sizeof(seen)));
		ASSERT_EQ((ssize_t)sizeof(seen), pread(fd, seen, sizeof(seen), 0));
		ASSERT_EQ(4096, pwrite(fd, old + 2 * 4096, 4096, at + 2 * 4096));
		if (i)
			ASSERT_EQ(0, fsync(fd));
		big = openat(self->root, "big", O_CREAT | O_RDWR, 0644);
		ASSERT_EQ(0, fallocate(big, 0, 0, (statfs_now().f_bfree - 1) * 4096));
		close(big);
		EXPECT_EQ(1, (long)statfs_now().f_bfree);
		EXPECT_EQ(4096, pwrite(fd, new, sizeof(new), at));
		ASSERT_EQ((ssize_t)sizeof(old), pread(fd, seen, sizeof(old), at));
		EXPECT_EQ(0, memcmp(seen, new, 4096));
		EXPECT_EQ(0, memcmp(seen + 4096, old + 4096, 3 * 4096))
			TH_LOG("round %d: %d %d %d", i, seen[4096], seen[2 * 4096], seen[3 * 4096]);
		ASSERT_EQ(0, unlinkat(self->root, "big", 0));
	}
	close(fd);
}

TEST_ON(limit, failures_cost_nothing)
{
	struct statfs start;
	char target[PATH_MAX];

	memset(target, 't', sizeof(target));
	target[PATH_MAX - 1] = '\0';
	ASSERT_EQ(0, testfs_touch(self->root, "f"));
	ASSERT_EQ(0, mkdirat(self->root, "d", 0755));
	start = statfs_now();
	EXPECT_EQ(EEXIST, ERR(mkdirat(self->root, "f", 0755)));
	EXPECT_EQ(EEXIST, ERR(symlinkat(target, self->root, "f")));
	EXPECT_EQ(EEXIST, ERR(mknodat(self->root, "d", S_IFIFO | 0644, 0)));
	EXPECT_EQ(EEXIST, ERR(linkat(self->root, "f", self->root, "d", 0)));
	EXPECT_EQ(EISDIR, ERR(renameat(self->root, "f", self->root, "d")));
	EXPECT_ROOM(start);
	/* What succeeds and is undone costs nothing either. */
	ASSERT_EQ(0, linkat(self->root, "f", self->root, "g", 0));
	ASSERT_EQ(0, unlinkat(self->root, "g", 0));
	ASSERT_EQ(0, symlinkat(target, self->root, "l"));
	ASSERT_EQ(0, unlinkat(self->root, "l", 0));
	ASSERT_EQ(0, close(openat(self->root, ".", O_TMPFILE | O_RDWR, 0600)));
	EXPECT_ROOM(start);
}

TEST_ON(limit, open_unlinked_file_holds_room)
{
	struct statfs start = statfs_now();
	char buf[8192] = "";
	int fd = openat(self->root, "f", O_CREAT | O_RDWR, 0644);

	ASSERT_LE(0, fd);
	ASSERT_EQ((ssize_t)sizeof(buf), write(fd, buf, sizeof(buf)));
	ASSERT_EQ(0, unlinkat(self->root, "f", 0));
	EXPECT_EQ(start.f_bfree - 2, statfs_now().f_bfree);
	EXPECT_EQ(start.f_ffree - 1, statfs_now().f_ffree);
	close(fd);
	EXPECT_ROOM(start);
}

TEST_ON(limit, replaced_file_gives_room_back)
{
	struct statfs start;
	char buf[20000] = "";

	ASSERT_EQ(0, testfs_touch(self->root, "a"));
	start = statfs_now();
	ASSERT_EQ(0, testfs_write(self->root, "b", buf, sizeof(buf)));
	ASSERT_EQ(0, renameat(self->root, "a", self->root, "b"));
	ASSERT_EQ(0, renameat(self->root, "b", self->root, "a"));
	EXPECT_ROOM(start);
	ASSERT_EQ(0, testfs_write(self->root, "a", buf, sizeof(buf)));
	ASSERT_EQ(0, testfs_touch(self->root, "a"));
	EXPECT_ROOM(start);
}

TEST_ON(limit, many_times_over)
{
	struct statfs start = statfs_now();
	int round, fd;

	for (round = 0; round < 20; round++) {
		fd = openat(self->root, "f", O_CREAT | O_RDWR | O_TRUNC, 0644);
		ASSERT_LE(0, fd);
		ASSERT_EQ(BLOCKS * 4096, write_until_full(fd, 65536));
		close(fd);
		if (round % 2)
			ASSERT_EQ(0, unlinkat(self->root, "f", 0));
	}
	EXPECT_ROOM(start);
}

TEST_ON(limit, writers_at_the_limit)
{
	struct statfs start = statfs_now();
	char name[8];
	long total = 0;
	pid_t pids[4];
	struct stat st;
	int i;

	for (i = 0; i < 4; i++) {
		pids[i] = fork();
		ASSERT_LE(0, pids[i]);
		if (pids[i])
			continue;
		snprintf(name, sizeof(name), "f%d", i);
		write_until_full(openat(self->root, name, O_CREAT | O_RDWR, 0644), 4096);
		_exit(errno != ENOSPC);
	}
	for (i = 0; i < 4; i++)
		EXPECT_EQ(0, testfs_wait(pids[i]));
	/* Together they got all there was, and not more. */
	for (i = 0; i < 4; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		ASSERT_EQ(0, fstatat(self->root, name, &st, 0));
		total += st.st_size;
	}
	EXPECT_EQ(BLOCKS * 4096, total);
	EXPECT_EQ(0, (long)statfs_now().f_bfree);
	for (i = 0; i < 4; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		ASSERT_EQ(0, unlinkat(self->root, name, 0));
	}
	EXPECT_ROOM(start);
}

TESTFS_MAIN
