/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What every C test of samplefs needs: the module, a private mount namespace,
 * a fresh mount for each test, and short forms of frequent steps.
 *
 * SAMPLEFS_TEST_FSTYPE in the environment names another filesystem to run the
 * same tests on. They state what any memory filesystem must do, so they pass on
 * tmpfs too; a test that fails there is itself wrong.
 */
#ifndef TESTFS_H
#define TESTFS_H

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdarg.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <kselftest_harness.h>

/* Where the filesystem is mounted, in a tmpfs that only the test sees. */
#define TESTFS_SCRATCH	"/tmp"
#define TESTFS_MOUNT	TESTFS_SCRATCH "/samplefs"

/* Software emulation is slow; a test that hangs is still found. */
#define TESTFS_TIMEOUT	120
#define TEST_ON(fixture, name)	TEST_F_TIMEOUT(fixture, name, TESTFS_TIMEOUT)

static bool testfs_loaded;
static pid_t testfs_main;

static inline const char *testfs_type(void)
{
	const char *type = getenv("SAMPLEFS_TEST_FSTYPE");

	return type && *type ? type : "samplefs";
}

static inline bool testfs_is_samplefs(void)
{
	return !strcmp(testfs_type(), "samplefs");
}

static inline bool testfs_registered(void)
{
	char line[256], name[64];
	bool found = false;
	FILE *f = fopen("/proc/filesystems", "r");

	if (!f)
		return false;
	while (!found && fgets(line, sizeof(line), f))
		found = (sscanf(line, "nodev %63s", name) == 1 || sscanf(line, "%63s", name) == 1) &&
			!strcmp(name, testfs_type());
	fclose(f);
	return found;
}

/* Runs a program and waits; its exit status, or -1 if it could not be run. */
static inline int testfs_run(const char *const argv[])
{
	int status;
	pid_t pid = fork();

	if (pid < 0)
		return -1;
	if (!pid) {
		execvp(argv[0], (char *const *)argv);
		_exit(127);
	}
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

static inline void testfs_skip(const char *reason)
{
	ksft_print_header();
	ksft_exit_skip("%s\n", reason);
}

/* Makes the filesystem type available. Without it there is nothing to test; one that does not load fails. */
static inline void testfs_load(void)
{
	const char *dir = getenv("MODULES_DIR");
	char path[PATH_MAX];
	int fd;

	if (testfs_registered())
		return;
	if (!dir || !*dir) {
		const char *const modprobe[] = { "modprobe", testfs_type(), NULL };

		if (testfs_run(modprobe))
			testfs_skip("modprobe failed, and MODULES_DIR is not set");
	} else {
		snprintf(path, sizeof(path), "%s/%s.ko", dir, testfs_type());
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			testfs_skip("the filesystem has no module in MODULES_DIR");
		if (syscall(SYS_finit_module, fd, "", 0)) {
			ksft_print_header();
			ksft_exit_fail_msg("cannot load %s: %s\n", path, strerror(errno));
		}
		close(fd);
	}
	testfs_loaded = true;
}

/* Leaves the machine as it was. The mounts have gone with the namespace's use. */
static inline void testfs_end(void)
{
	if (getpid() != testfs_main)
		return;
	umount2(TESTFS_MOUNT, MNT_DETACH);
	if (testfs_loaded && syscall(SYS_delete_module, testfs_type(), O_NONBLOCK)) {
		ksft_print_msg("cannot unload %s: %s\n", testfs_type(), strerror(errno));
		/* Too late for the report, but not for the exit status. */
		_exit(KSFT_FAIL);
	}
}

static inline int testfs_main_run(int argc, char **argv)
{
	/* To list the tests takes neither root nor module. */
	if (argc == 2 && (!strcmp(argv[1], "-l") || !strcmp(argv[1], "-h")))
		return test_harness_run(argc, argv);
	if (geteuid())
		testfs_skip("not root");
	testfs_load();
	testfs_main = getpid();
	atexit(testfs_end);

	if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("samplefs-test", TESTFS_SCRATCH, "tmpfs", 0, "mode=1777") ||
	    mkdir(TESTFS_MOUNT, 0755)) {
		ksft_print_header();
		ksft_exit_fail_msg("no private mount namespace: %s\n", strerror(errno));
	}
	umask(022);
	return test_harness_run(argc, argv);
}

#define TESTFS_MAIN							\
	int main(int argc, char **argv)					\
	{								\
		return testfs_main_run(argc, argv);			\
	}

/* For a program that is about samplefs alone. */
#define TESTFS_MAIN_SAMPLEFS						\
	int main(int argc, char **argv)					\
	{								\
		if (!testfs_is_samplefs())				\
			testfs_skip("about samplefs alone");		\
		return testfs_main_run(argc, argv);			\
	}

/* Mounts a new instance; its root as a descriptor, or -1 with errno. */
static inline int testfs_mount(const char *options)
{
	if (mount("samplefs-test", TESTFS_MOUNT, testfs_type(), 0, options))
		return -1;
	return open(TESTFS_MOUNT, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* The test's process is gone, but its last references may still be on their way. */
static inline int testfs_umount(void)
{
	int tries = 50;

	while (umount(TESTFS_MOUNT)) {
		if (errno != EBUSY || !tries--)
			return -1;
		usleep(100000);
	}
	return 0;
}

/*
 * The fixture of most tests: a new mount, whose root is self->root. It is undone
 * by the parent, so that a test that died leaves no mount either.
 */
#define TESTFS_FIXTURE(fixture, options)				\
	FIXTURE(fixture)						\
	{								\
		int root;						\
	};								\
	FIXTURE_SETUP(fixture)						\
	{								\
		self->root = testfs_mount(options);			\
		ASSERT_LE(0, self->root)				\
			TH_LOG("mount: %s", strerror(errno));		\
	}								\
	FIXTURE_TEARDOWN_PARENT(fixture)				\
	{								\
		EXPECT_EQ(0, testfs_umount())				\
			TH_LOG("umount: %s", strerror(errno));		\
	}

/* 0, or the error of a system call that returned -1. */
#define ERR(call)	((call) < 0 ? errno : 0)

/* Creates a file with this content. */
static inline int testfs_write(int dir, const char *name, const void *data, size_t size)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	ssize_t n;

	if (fd < 0)
		return -1;
	n = write(fd, data, size);
	if (close(fd) || n != (ssize_t)size)
		return -1;
	return 0;
}

static inline int testfs_touch(int dir, const char *name)
{
	return testfs_write(dir, name, "", 0);
}

static inline bool testfs_exists(int dir, const char *name)
{
	struct stat st;

	return !fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW);
}

/* 0 and errno where there is no such name: no file has this number. */
static inline ino_t testfs_ino(int dir, const char *name)
{
	struct stat st;

	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) ? 0 : st.st_ino;
}

static inline long testfs_nlink(int dir, const char *name)
{
	struct stat st;

	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) ? -1 : (long)st.st_nlink;
}

/* True if the file has exactly this content. */
static inline bool testfs_content_is(int dir, const char *name, const char *text)
{
	char buf[256];
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return false;
	n = read(fd, buf, sizeof(buf));
	close(fd);
	return n == (ssize_t)strlen(text) && !memcmp(buf, text, n);
}

/* Forks; the child is that user, with no group but the same number. */
static inline pid_t testfs_fork_user(unsigned int id)
{
	pid_t pid = fork();

	if (!pid && (syscall(SYS_setgroups, 0, NULL) || setresgid(id, id, id) ||
		     setresuid(id, id, id)))
		_exit(126);
	return pid;
}

/* Waits for a child; its exit status, 128 + signal, or -1. */
static inline int testfs_wait(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* A user namespace, in which this many ids from `inside` on are those from `outside` on; or -1. */
static inline int testfs_user_namespace(unsigned int inside, unsigned int outside, unsigned int count)
{
	static const char *const files[] = { "uid_map", "gid_map" };
	char path[64], map[64], c = 'n';
	int ready[2], fd = -1;
	pid_t pid;
	size_t i;

	if (pipe(ready))
		return -1;
	pid = fork();
	if (!pid) {
		c = unshare(CLONE_NEWUSER) ? 'n' : 'y';
		if (write(ready[1], &c, 1) == 1)
			pause();
		_exit(0);
	}
	snprintf(map, sizeof(map), "%u %u %u", inside, outside, count);
	if (read(ready[0], &c, 1) == 1 && c == 'y') {
		for (i = 0; i < ARRAY_SIZE(files); i++) {
			snprintf(path, sizeof(path), "/proc/%d/%s", pid, files[i]);
			if (testfs_write(AT_FDCWD, path, map, strlen(map)))
				break;
		}
		snprintf(path, sizeof(path), "/proc/%d/ns/user", pid);
		if (i == ARRAY_SIZE(files))
			fd = open(path, O_RDONLY | O_CLOEXEC);
	}
	kill(pid, SIGKILL);
	testfs_wait(pid);
	close(ready[0]);
	close(ready[1]);
	return fd;
}

#endif /* TESTFS_H */
