// SPDX-License-Identifier: GPL-2.0
/*
 * Feeds the files of locktrack in debugfs with made-up text: whole, in pieces, too long, at odd places and by odd ways,
 * while filesystems come and go. What must come of a write is told by a model of the files; what was refused must have
 * changed nothing.
 *
 * With FUZZ_FREE in the environment there is no model: then several can run at once.
 */
#include "fuzz_files.h"

#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/* Names of filesystems that a guest has, and one that it has not. */
static const char *const names[] = { "tmpfs", "ramfs", "proc", "sysfs", "devpts", "pipefs", "nosuchfs" };
static const char *const paths[] = { "/", "/tmp", "/proc", "/sys", "/dev", "/proc/self/exe", "/nowhere", WHERE };

static int write_text(unsigned int key, const char *text)
{
	int fd = open_file(key, O_WRONLY), error = 0;

	if (fd < 0)
		return errno;
	if (write(fd, text, strlen(text)) < 0)
		error = errno;
	close(fd);
	return error;
}

/* Whether a write may end so. */
static bool documented(unsigned int key, int error)
{
	switch (error) {
	case 0: case EINVAL: case ENOMEM:
		return true;
	case ENODEV: case EEXIST: case ENOENT: case ENOSPC: case ENOTDIR: case ELOOP: case ENAMETOOLONG:
		return key == ATTACH;
	case EOPNOTSUPP:
		return key == EXACT;
	case E2BIG:
		return key == EXCEPTIONS;
	default:
		return false;
	}
}

/* Takes the result of a write: whether it is right, and the file as it must be now. */
static void result(const struct fuzz_step *step, const char *text, size_t length, off_t place, ssize_t written,
		   int error)
{
	static char was[BIG / 4];
	unsigned int key = step->key;
	int want;

	if (written >= 0)
		error = 0;
	fuzz_answer(step->kind, key, error, NULL);
	if (!documented(key, error))
		fuzz_fail("%s %s: %s", kinds[step->kind], keys[key], strerror(error));
	if (written >= 0 && (size_t)written != length)
		fuzz_fail("%s %s: %zd of %zu bytes are written", kinds[step->kind], keys[key], written, length);
	if (now.free)
		return;
	want = expected(key, text, length, place);
	if (want != ANY && error != want)
		fuzz_fail("%s %s: %s instead of %s", kinds[step->kind], keys[key], strerror(error), strerror(want));
	if (key >= WRITABLE)
		return;
	strcpy(was, now.text[key]);
	kept_text(key, now.text[key], sizeof(now.text[key]));
	if (error && strcmp(was, now.text[key]))
		fuzz_fail("%s %s: it changed, although it was refused: %s", kinds[step->kind], keys[key],
			  strerror(error));
	if (!error && key != RESET)
		now.changed[key] = true;
}

static void do_write(const struct fuzz_step *step, const char *text, size_t length)
{
	int fd = open_file(step->key, O_WRONLY);
	off_t place = 0;
	size_t half = length / 2;
	ssize_t written;

	if (fd < 0) {
		fuzz_fail("%s: %s", keys[step->key], strerror(errno));
		return;
	}
	if (step->kind == PIECES) {
		written = write(fd, text, half);
		result(step, text, half, 0, written, errno);
		place = written > 0 ? written : 0;
		written = write(fd, text + half, length - half);
		result(step, text + half, length - half, place, written, errno);
	} else {
		/* To pwrite() there is no way: these files have no place to write at but that of the descriptor. */
		if (step->kind == PLACE && lseek(fd, step->number, SEEK_SET) == step->number)
			place = step->number;
		written = write(fd, text, length);
		result(step, text, length, place, written, errno);
	}
	close(fd);
}

/* In pieces of any size, a file must read as in one. */
static void do_read(const struct fuzz_step *step)
{
	size_t piece = 1 + (step->number & 0x3ff), sum = 0, whole;
	int fd = open_file(step->key, O_RDONLY);
	static char pieces[BIG];
	ssize_t length;

	if (fd < 0) {
		fuzz_fail("%s: %s", keys[step->key], strerror(errno));
		return;
	}
	if (step->number & 0x400)
		lseek(fd, step->number & 0xff, SEEK_SET);
	while (sum + piece < sizeof(pieces) && (length = read(fd, pieces + sum, piece)) > 0)
		sum += length;
	close(fd);
	fuzz_answer(step->kind, step->key, sum ? 0 : ENODATA, NULL);
	/* The others count. */
	if (now.free || step->number & 0x400 || (step->key != EDITION && step->key != RULES && step->key != ENABLE))
		return;
	whole = read_file(step->key, big, sizeof(big));
	if (whole != sum || memcmp(big, pieces, sum))
		fuzz_fail("%s: %zu bytes in pieces of %zu, and %zu as a whole", keys[step->key], sum, piece, whole);
}

/* What nobody should do with such a file. */
static void do_odd(const struct fuzz_step *step)
{
	static const int flags[] = {
		O_RDWR, O_WRONLY | O_TRUNC, O_RDWR | O_APPEND, O_RDONLY | O_DIRECTORY, O_RDONLY | O_NOFOLLOW,
		O_WRONLY | O_CREAT | O_EXCL, O_RDWR | O_NONBLOCK, O_PATH, O_RDONLY | O_DIRECT,
	};
	int fd = open_file(step->key, flags[(step->number >> 4) % ARRAY_LENGTH(flags)]), from, error = 0;
	char path[128];
	void *map;

	if (fd < 0) {
		fuzz_answer(step->kind, step->key, errno, NULL);
		return;
	}
	errno = 0;
	switch (step->number & 15) {
	case 0:
		error = syscall(SYS_write, fd, 8, 1 + step->number % 300) >= 0;
		break;
	case 1:
		error = write(fd, NULL, 0) > 0;
		break;
	case 2:
		error = syscall(SYS_write, fd, -4096, 4096) >= 0;
		break;
	case 3:
		map = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
		error = map != MAP_FAILED;
		break;
	case 4:
		ioctl(fd, step->number * 0x9e3779b9u, step->data);
		break;
	case 5:
		ftruncate(fd, step->number);
		break;
	case 6:
		fallocate(fd, 0, 0, 4096);
		break;
	case 7:
		error = syscall(SYS_write, fd, step->data, ~0ul >> 1) > 0;
		break;
	case 8:
		lseek(fd, step->number << 32, SEEK_SET);
		error = read(fd, big, 100) > 0;
		break;
	case 9:
		lseek(fd, -step->number, SEEK_END);
		read(fd, big, 100);
		break;
	case 10:
		error = syscall(SYS_read, fd, 8, 100) > 0;
		break;
	case 11:
		from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
		sendfile(fd, from, NULL, 100);
		close(from);
		break;
	case 12:
		snprintf(path, sizeof(path), LOCKTRACK "/%s", keys[step->key]);
		error = unlink(path) == 0;
		break;
	case 13:
		snprintf(path, sizeof(path), LOCKTRACK "/%s", keys[step->key]);
		error = rename(path, LOCKTRACK "/other") == 0;
		break;
	case 14:
		error = mkdir(LOCKTRACK "/dir", 0700) == 0;
		break;
	case 15:
		fsync(fd);
		break;
	}
	fuzz_answer(step->kind << 8 | (step->number & 15), step->key, errno, NULL);
	if (error)
		fuzz_fail("odd %s %ld: it succeeded", keys[step->key], step->number);
	close(fd);
}

/* Something for the probes to see, and mounts that come and go. */
static void do_work(const struct fuzz_step *step)
{
	static const char *const types[] = { "tmpfs", "ramfs", "devpts", "samplefs" };
	int i, fd;

	if (mount("fuzz", WHERE, types[step->number & 3], 0, NULL))
		return;
	for (i = 0; i < 4; i++) {
		fd = open(WHERE "/f", O_CREAT | O_RDWR | O_CLOEXEC, 0600);
		if (fd >= 0) {
			if (write(fd, "x", 1) != 1 || ftruncate(fd, 0))
				i = 4;
			close(fd);
		}
		rename(WHERE "/f", WHERE "/g");
		mkdir(WHERE "/d", 0700);
		rmdir(WHERE "/d");
		unlink(WHERE "/g");
	}
	umount2(WHERE, MNT_DETACH);
}

/* As it was at first. */
static void settle(void)
{
	static const char empty[] = "locktrack exceptions 1\n";
	unsigned int key;
	char newest[64], *line;

	for (key = 0; key < WRITABLE; key++) {
		if (!now.changed[key])
			continue;
		now.changed[key] = false;
		switch (key) {
		case ATTACH:
			write_text(key, "-all\n");
			break;
		case EDITION:
			read_file(key, big, sizeof(big));
			line = strrchr(big, '\t');
			snprintf(newest, sizeof(newest), "%s", line ? line + 1 : "");
			write_text(key, newest);
			break;
		case EXCEPTIONS:
			write_text(key, empty);
			break;
		case ENABLE:
			write_text(key, "1\n");
			break;
		case EXACT:
			write_text(key, "0\n");
			break;
		}
		kept_text(key, now.text[key], sizeof(now.text[key]));
		if (key == ATTACH && now.text[key][0])
			fuzz_fail("it is still attached: %s", now.text[key]);
	}
}

/* A value of stats. */
static long stat_of(const char *text, const char *name)
{
	char line[64];
	const char *at;

	snprintf(line, sizeof(line), "\n%s\t", name);
	at = strstr(text, line);
	return at ? atol(at + strlen(line)) : -1;
}

static void check_stats(void)
{
	static char stats[16384];

	read_file(STATS, stats, sizeof(stats));
	if (stat_of(stats, "records") > stat_of(stats, "records-max"))
		fuzz_fail("there are more records than there can be");
	if (stat_of(stats, "memory") > stat_of(stats, "memory-max"))
		fuzz_fail("there is more memory than there can be");
	if (!now.free && stat_of(stats, "attached") != 0)
		fuzz_fail("something is still attached");
	if (!now.free && stat_of(stats, "probes") != 0)
		fuzz_fail("there are still probes");
}

static void run(const struct fuzz_case *c)
{
	static char text[BIG];
	unsigned int i;

	for (i = 0; i < c->count && !fuzz_why[0]; i++) {
		const struct fuzz_step *step = &c->steps[i];
		size_t length = 0, size = (size_t)(step->number & 0x3ff) << 10;

		switch (step->kind) {
		case WRITE:
		case PIECES:
		case PLACE:
			do_write(step, step->data, step->size);
			break;
		case HUGE_WRITE:
			while (step->size && length + step->size <= size) {
				memcpy(text + length, step->data, step->size);
				length += step->size;
			}
			do_write(step, text, length);
			break;
		case READ:
			do_read(step);
			break;
		case ODD:
			do_odd(step);
			break;
		case WORK:
			do_work(step);
			break;
		}
	}
	settle();
	check_stats();
}

static void make_text(struct fuzz_step *step)
{
	static const char *const switches[] = { "0", "1", "1\n", " 1", "2", "on", "" };
	static const char *const editions[] = { "v7.3", "v6.12", "v6.1", "v5.5", "v5.2", "v4.18", "v7.4", "7.3" };
	static const char *const lists[] = {
		"locktrack exceptions 1\n",
		"inode_operations.rmdir\tvictim\ti_rwsem\texclusive\tcall_rmdir\twhy\twhere\n",
		"inode_operations.unlink\tdir\ti_rwsem\texclusive\tf [m]\twhy\twhere\t7\n",
		"# nothing\n\n",
		"inode_operations.rmdir\tvictim\ti_rwsem\texclusive\tf+0x1\twhy\twhere\n",
		"locktrack exceptions 2\n",
	};
	char text[300];

	switch (step->key) {
	case ATTACH:
		if (fuzz_one_in(4))
			snprintf(text, sizeof(text), "%s", paths[fuzz_below(ARRAY_LENGTH(paths))]);
		else if (fuzz_one_in(8))
			snprintf(text, sizeof(text), "%u:%u", fuzz_below(3), fuzz_below(60));
		else if (fuzz_one_in(100))
			snprintf(text, sizeof(text), "all");
		else
			snprintf(text, sizeof(text), "%s", names[fuzz_below(ARRAY_LENGTH(names))]);
		if (fuzz_one_in(3)) {
			memmove(text + 1, text, strlen(text) + 1);
			text[0] = '-';
		}
		fuzz_text(step, text);
		break;
	case EDITION:
		fuzz_text(step, editions[fuzz_below(ARRAY_LENGTH(editions))]);
		break;
	case EXCEPTIONS:
		text[0] = '\0';
		strcat(text, lists[fuzz_below(ARRAY_LENGTH(lists))]);
		if (fuzz_one_in(2))
			strcat(text, lists[fuzz_below(ARRAY_LENGTH(lists))]);
		fuzz_text(step, text);
		break;
	default:
		fuzz_text(step, switches[fuzz_below(ARRAY_LENGTH(switches))]);
	}
	if (fuzz_one_in(3))
		fuzz_mutate(step);
}

static void make(struct fuzz_step *step)
{
	static const unsigned char chance[] = {
		WRITE, WRITE, WRITE, WRITE, WRITE, WRITE, WRITE, PIECES, PLACE, HUGE_WRITE, READ, READ, ODD, ODD, WORK,
	};
	/* Those that wait for all processors seldom: to attach takes a thousand times as long as to load exceptions. */
	static const unsigned char files[] = {
		ATTACH, EDITION, EXCEPTIONS, EXCEPTIONS, EXCEPTIONS, EXCEPTIONS, EXCEPTIONS, EXCEPTIONS, ENABLE, EXACT,
		RESET,
	};

	step->kind = chance[fuzz_below(sizeof(chance))];
	step->key = files[fuzz_below(sizeof(files))];
	step->number = fuzz_below(1 << 11);
	if (step->kind == PLACE && fuzz_one_in(4))
		step->number = -step->number;
	if ((step->kind == READ || step->kind == ODD) && fuzz_one_in(2))
		step->key = fuzz_below(ARRAY_LENGTH(keys) - 1);
	if (step->kind <= HUGE_WRITE)
		make_text(step);
}

int main(int argc, char **argv)
{
	static struct fuzz_target target = {
		.name = "debugfs", .kinds = kinds, .keys = keys, .make = make, .run = run,
	};
	unsigned int key;

	now.free = getenv("FUZZ_FREE");
	if (now.free)
		target.name = "debugfs-free";
	if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("fuzz", "/tmp", "tmpfs", 0, NULL) || mkdir(WHERE, 0755)) {
		perror("no mount namespace");
		return 2;
	}
	if (access(LOCKTRACK, F_OK)) {
		perror(LOCKTRACK);
		return 2;
	}
	for (key = 0; key < WRITABLE; key++)
		kept_text(key, now.text[key], sizeof(now.text[key]));
	return fuzz_main(&target, argc, argv);
}
