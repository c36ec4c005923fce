// SPDX-License-Identifier: GPL-2.0
/*
 * Usage: workload names|files|load DIRECTORY
 *
 * names: each operation on names and attributes, as shells and core utilities do it.
 * files: data, mappings, attributes and locks of a file, as Python does it.
 * load: names, again and again until SIGTERM; it leaves nothing behind.
 *
 * Both do it all twice: what locktrack gets to know at the first time has probes a moment later.
 * One program for all of it: starting a program is slow where the tests run under emulation.
 */

#define _GNU_SOURCE
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <termios.h>
#include <unistd.h>

/* Fails the program, and names the call. */
#define must(call) do { if ((call) < 0) err(1, "%s", #call); } while (0)

static void write_file(const char *name, const char *text)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0666);

	must(fd);
	must(write(fd, text, strlen(text)));
	must(close(fd));
}

/* As mv: what is there is replaced only at the second attempt. */
static void move(const char *from, const char *to)
{
	struct stat st;

	if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
		return;
	if (errno != EEXIST && errno != EINVAL)
		err(1, "rename %s %s", from, to);
	must(lstat(from, &st));
	if (lstat(to, &st) == 0)
		must(access(to, W_OK));
	must(rename(from, to));
}

/* As ls -lR. */
static void list(const char *name)
{
	DIR *dir = opendir(name);
	struct dirent *entry;
	char path[4096], value[4096];
	struct stat st;

	if (!dir)
		err(1, "opendir %s", name);
	while (errno = 0, (entry = readdir(dir))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		if (snprintf(path, sizeof(path), "%s/%s", name, entry->d_name) >= (int)sizeof(path))
			errx(1, "the path is too long: %s", path);
		must(lstat(path, &st));
		/* It may have none, or the filesystem may. */
		(void)!llistxattr(path, value, sizeof(value));
		(void)!lgetxattr(path, "system.posix_acl_access", value, sizeof(value));
		if (S_ISLNK(st.st_mode))
			must(readlink(path, value, sizeof(value)));
		if (S_ISDIR(st.st_mode))
			list(path);
	}
	if (errno)
		err(1, "readdir %s", name);
	must(closedir(dir));
}

static void names(void)
{
	struct stat st;
	int fd;

	must(mkdir("a", 0777));
	must(mkdir("b", 0777));
	write_file("a/file", "data\n");
	must(mkfifo("a/fifo", 0666));
	must(link("a/file", "b/link"));
	must(symlink("file", "a/symlink"));
	must(lstat("a/symlink", &st));
	must(stat("a/symlink", &st));
	move("a/file", "a/renamed");
	move("a/renamed", "b/moved");
	move("a/symlink", "b/moved");
	write_file("a/file", "other\n");
	move("b/link", "a/file");
	must(mkdir("a/dir", 0777));
	move("a/dir", "b/dir");
	must(chmod("a/file", 0600));
	fd = open("a/file", O_WRONLY | O_CREAT | O_NONBLOCK, 0666);
	must(fd);
	must(ftruncate(fd, 10));
	must(close(fd));
	list(".");
	must(unlink("a/fifo"));
	must(unlink("a/file"));
	must(unlink("b/moved"));
	must(rmdir("b/dir"));
	must(rmdir("a"));
	must(rmdir("b"));
}

static void files(void)
{
	static char data[100000], value[100];
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	struct statvfs fs;
	struct stat st;
	struct termios terminal;
	volatile char *mapped;
	int fd;

	memset(data, 'x', sizeof(data));
	fd = open("data", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	must(fd);
	must(fstat(fd, &st));
	/* No file is a terminal. */
	ioctl(fd, TCGETS, &terminal);
	must(lseek(fd, 0, SEEK_CUR));
	if (write(fd, data, sizeof(data)) != sizeof(data))
		err(1, "write");
	must(fsync(fd));
	must(fcntl(fd, F_SETLKW, &lock));
	must(flock(fd, LOCK_EX));
	mapped = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (mapped == MAP_FAILED)
		err(1, "mmap");
	mapped[5000] = mapped[1] + 1;
	must(msync((void *)mapped, 65536, MS_SYNC));
	must(munmap((void *)mapped, 65536));
	/* Not every filesystem has them. */
	if (setxattr("data", "user.test", "value", 5, 0) == 0)
		must(getxattr("data", "user.test", value, sizeof(value)));
	lock.l_type = F_UNLCK;
	must(fcntl(fd, F_SETLKW, &lock));
	must(ftruncate(fd, 10));
	must(lseek(fd, 0, SEEK_CUR));
	must(close(fd));
	must(statvfs("data", &fs));
	sync();
	must(unlink("data"));
}

static volatile sig_atomic_t ended;

static void end(int number)
{
	(void)number;
	ended = 1;
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = end, .sa_flags = SA_RESTART };
	void (*work)(void) = names;

	if (argc == 3 && !strcmp(argv[1], "files"))
		work = files;
	else if (argc != 3 || (strcmp(argv[1], "names") && strcmp(argv[1], "load")))
		errx(2, "usage: workload names|files|load DIRECTORY");
	must(chdir(argv[2]));
	if (!strcmp(argv[1], "load")) {
		must(sigaction(SIGTERM, &action, NULL));
		while (!ended) {
			names();
			/* What runs beside it has to come on. */
			usleep(100000);
		}
		return 0;
	}
	work();
	usleep(300000);
	work();
	return 0;
}
