// SPDX-License-Identifier: GPL-2.0
/*
 * Feeds samplefs with made-up mount options: through fsconfig(2) in each form that there is, as the data of mount(2), and
 * on remounts. What must come of each is told by a model of the options; a mount must be as the model says, and one
 * that a remount was refused for must be as it was.
 */
#include "fuzz_options.h"

#include <linux/types.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>

#define TYPE	"samplefs"
/* FSCONFIG_CMD_CREATE_EXCL, which the C library may not know. */
#define CREATE_EXCL	8

/* Of a context. */
enum phase { NEW, CREATED, CHANGING, FAILED };

static struct {
	int fd;
	enum phase phase;
	struct options asked;
	/* The mount, if there is one. */
	bool mounted;
	struct options is;
} now;

static void expect(const struct fuzz_step *step, int error, int expected)
{
	if (error != expected)
		fuzz_fail("%s %s: %s instead of %s", kinds[step->kind], keys[step->key],
			  error ? strerror(error) : "success", expected ? strerror(expected) : "success");
}

/* Compares the mount with the model. */
static void compare(const char *when)
{
	const struct options *is = &now.is;
	struct statfs fs;
	struct stat root;

	if (statfs(WHERE, &fs) || stat(WHERE, &root)) {
		fuzz_fail("%s, the mount has gone: %s", when, strerror(errno));
		return;
	}
	if (is->given[MODE] && (root.st_mode & 07777) != is->value[MODE])
		fuzz_fail("%s, the mode is %o", when, root.st_mode & 07777);
	if (!is->given[MODE] && (root.st_mode & 07777) != DEFAULT_MODE)
		fuzz_fail("%s, the mode is %o", when, root.st_mode & 07777);
	if (root.st_uid != is->value[UID] || root.st_gid != is->value[GID])
		fuzz_fail("%s, the root is of %u and %u", when, root.st_uid, root.st_gid);
	if (is->given[SIZE] && (uint64_t)fs.f_blocks != is->value[SIZE])
		fuzz_fail("%s, there are %lu blocks, not %llu", when, (unsigned long)fs.f_blocks,
			  (unsigned long long)is->value[SIZE]);
	if (is->given[NR_INODES] && (uint64_t)fs.f_files != is->value[NR_INODES])
		fuzz_fail("%s, there are %lu inodes, not %llu", when, (unsigned long)fs.f_files,
			  (unsigned long long)is->value[NR_INODES]);
}

/* A file with a block; where there is room for it, it must be there. */
static void use(void)
{
	int fd = open(WHERE "/file", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	if (fd < 0) {
		if (errno != EROFS && !(errno == ENOSPC && now.is.value[NR_INODES] == 1))
			fuzz_fail("no file can be made: %s", strerror(errno));
		return;
	}
	if (write(fd, "x", 1) != 1)
		fuzz_fail("nothing can be written: %s", strerror(errno));
	close(fd);
}

/* The message that the kernel has for who holds the context. */
static void answer(const struct fuzz_step *step, int error)
{
	char text[512] = "";
	ssize_t length;

	while (now.fd >= 0 && (length = read(now.fd, text, sizeof(text) - 1)) > 0)
		text[length] = '\0';
	if (now.fd >= 0 && error == EINVAL && step->kind == STRING && !text[0] && step->size && step->size < 256 &&
	    now.phase != FAILED && !memchr(step->data, '\0', step->size))
		fuzz_fail("%s is refused without a word", keys[step->key]);
	fuzz_answer(step->kind << 4 | now.phase, step->key, error, text);
}

static void forget(void)
{
	if (now.mounted && umount2(WHERE, 0))
		fuzz_fail("cannot unmount: %s", strerror(errno));
	now.mounted = false;
}

/* Another context: of the mount, or of a new one. */
static void begin(void)
{
	if (now.fd >= 0)
		close(now.fd);
	now.fd = now.mounted ? fspick(AT_FDCWD, WHERE, FSPICK_CLOEXEC) : fsopen(TYPE, FSOPEN_CLOEXEC);
	now.phase = now.mounted ? CHANGING : NEW;
	memset(&now.asked, 0, sizeof(now.asked));
	if (now.fd < 0)
		fuzz_fail("no context: %s", strerror(errno));
}

/* What the mount has, after a remount that succeeded. */
static void changed(const struct options *asked)
{
	if (asked->given[SIZE]) {
		now.is.given[SIZE] = true;
		now.is.value[SIZE] = asked->value[SIZE];
	}
	if (asked->given[NR_INODES]) {
		now.is.given[NR_INODES] = true;
		now.is.value[NR_INODES] = asked->value[NR_INODES];
	}
}

static void create(const struct fuzz_step *step)
{
	int expected = now.phase == NEW ? can_create(&now.asked) : EBUSY, error = 0, mnt;

	if (fsconfig(now.fd, step->number & 1 ? CREATE_EXCL : FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		error = errno;
	expect(step, error, expected);
	answer(step, error);
	if (now.phase != NEW)
		return;
	if (error) {
		now.phase = FAILED;
		return;
	}
	now.phase = CREATED;
	mnt = fsmount(now.fd, FSMOUNT_CLOEXEC, 0);
	if (mnt < 0 || move_mount(mnt, "", AT_FDCWD, WHERE, MOVE_MOUNT_F_EMPTY_PATH)) {
		fuzz_fail("cannot mount what was created: %s", strerror(errno));
	} else {
		now.mounted = true;
		now.is = now.asked;
		compare("after the mount");
		use();
	}
	close(mnt);
	begin();
}

static void reconfigure(const struct fuzz_step *step)
{
	int expected = now.phase != CHANGING ? EBUSY : can_change(&now.is, &now.asked), error = 0;

	if (fsconfig(now.fd, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0))
		error = errno;
	expect(step, error, expected);
	answer(step, error);
	if (now.phase != CHANGING)
		return;
	if (!error)
		changed(&now.asked);
	compare("after a remount");
	use();
	begin();
}

/* As mount(2) takes options apart. */
static int take_all(struct options *to, char *text)
{
	char *option, *value;
	int error;

	while ((option = strsep(&text, ","))) {
		if (!*option)
			continue;
		value = strchr(option, '=');
		if (value == option)
			continue;
		if (value)
			*value++ = '\0';
		error = take(to, option, value);
		if (error)
			return error;
	}
	return 0;
}

static void by_mount(const struct fuzz_step *step, bool again)
{
	char text[FUZZ_DATA + 1] = "", apart[FUZZ_DATA + 1];
	struct options asked = { .source = true };
	int expected, error = 0;

	if (again && !now.mounted)
		return;
	memcpy(text, step->data, step->size);
	memcpy(apart, text, sizeof(text));
	/* A remount has no source. */
	asked.source = !again;
	expected = take_all(&asked, apart);
	if (!expected)
		expected = again ? can_change(&now.is, &asked) : can_create(&asked);
	if (!again) {
		forget();
		if (now.fd >= 0)
			close(now.fd);
		now.fd = -1;
	}
	if (mount("fuzz", WHERE, TYPE, again ? MS_REMOUNT : 0, text))
		error = errno;
	expect(step, error, expected);
	fuzz_answer(step->kind, 0, error, NULL);
	if (again) {
		if (!error)
			changed(&asked);
	} else {
		now.mounted = !error;
		now.is = asked;
	}
	if (now.mounted) {
		compare("after mount(2)");
		use();
	}
	if (!again)
		begin();
}

/* Nothing comes of these but an error, and of some flags, which have no value. */
static void other_forms(const struct fuzz_step *step, const char *key)
{
	static const unsigned int commands[] = {
		FSCONFIG_SET_FLAG, FSCONFIG_SET_STRING, FSCONFIG_SET_BINARY, FSCONFIG_SET_PATH,
		FSCONFIG_SET_PATH_EMPTY, FSCONFIG_SET_FD, FSCONFIG_CMD_CREATE, FSCONFIG_CMD_RECONFIGURE, 9, ~0u,
	};
	char value[FUZZ_DATA + 1] = "";
	unsigned int command = commands[step->number % ARRAY_LENGTH(commands)];
	int error = 0;
	long result = 0;

	memcpy(value, step->data, step->size);
	switch (step->kind) {
	case BINARY:
		result = fsconfig(now.fd, FSCONFIG_SET_BINARY, key, value, step->size);
		break;
	case PATH:
		result = fsconfig(now.fd, step->number & 1 ? FSCONFIG_SET_PATH_EMPTY : FSCONFIG_SET_PATH, key, value,
				  AT_FDCWD);
		break;
	case FD:
		result = fsconfig(now.fd, FSCONFIG_SET_FD, key, NULL, step->number);
		break;
	case ODD:
		/* Arguments that do not belong together, or to nobody. */
		result = syscall(SYS_fsconfig, step->number & 1 ? now.fd : step->number % 5 - 1,
				 command,
				 step->number & 2 ? (void *)8 : step->number & 4 ? NULL : key,
				 step->number & 8 ? (void *)-4096 : step->number & 16 ? NULL : value,
				 step->number & 32 ? step->number : 0);
		break;
	}
	if (result)
		error = errno;
	switch (error) {
	case 0:
		/* A flag of the VFS may have come through, with whatever value. */
		if (step->key < OPTIONS && step->kind != ODD)
			fuzz_fail("%s %s: success", kinds[step->kind], key);
		now.asked.dirsync |= step->key == DIRSYNC;
		break;
	case EINVAL: case EBUSY: case EFAULT: case EBADF: case EOPNOTSUPP: case ENOENT: case ENAMETOOLONG:
		break;
	default:
		fuzz_fail("%s %s: %s", kinds[step->kind], key, strerror(error));
	}
	answer(step, error);
	if (step->kind != ODD)
		return;
	/* Whatever it did to the context. */
	if (command == FSCONFIG_CMD_RECONFIGURE && !error)
		changed(&now.asked);
	begin();
}

static void set(const struct fuzz_step *step)
{
	char value[FUZZ_DATA + 1] = "";
	const char *key = keys[step->key];
	bool flag = step->kind == FLAG;
	int expected, error = 0;

	memcpy(value, step->data, step->size);
	if (!flag && strlen(value) >= 256)
		expected = EINVAL;
	else if (now.phase == FAILED || now.phase == CREATED)
		expected = EBUSY;
	else
		expected = take(&now.asked, key, flag ? NULL : value);
	if (fsconfig(now.fd, flag ? FSCONFIG_SET_FLAG : FSCONFIG_SET_STRING, key, flag ? NULL : value, 0))
		error = errno;
	expect(step, error, expected);
	answer(step, error);
}

static void run(const struct fuzz_case *c)
{
	unsigned int i;

	now.fd = -1;
	begin();
	for (i = 0; i < c->count && !fuzz_why[0]; i++) {
		const struct fuzz_step *step = &c->steps[i];

		switch (step->kind) {
		case STRING:
		case FLAG:
			set(step);
			break;
		case CREATE:
			create(step);
			break;
		case RECONFIGURE:
			reconfigure(step);
			break;
		case DATA:
			by_mount(step, false);
			break;
		case REMOUNT:
			by_mount(step, true);
			break;
		default:
			other_forms(step, keys[step->key]);
		}
	}
	if (now.fd >= 0)
		close(now.fd);
	forget();
	if (rmdir(WHERE) || mkdir(WHERE, 0755))
		fuzz_fail("something is left: %s", strerror(errno));
}

/* A value that may be right. */
static void make_value(struct fuzz_step *step, unsigned int key)
{
	static const char *const numbers[] = {
		"0", "1", "2", "7", "64k", "1m", "1M", "3g", "1%", "50%", "100%", "4096", "4097", "1e", "15e", "16e",
		"18446744073709551615", "9223372036854775807", "9223372036854775808", "17179869184g", "1000",
	};
	static const char *const ids[] = {
		"0", "1", "1000", "65534", "4294967294", "4294967295", "4294967296", "0x10", "010", "+5", "-1", "root",
	};
	static const char *const modes[] = { "0", "755", "0755", "1777", "7777", "10000", "17777777777", "8", "" };

	if (key == MODE)
		fuzz_text(step, modes[fuzz_below(ARRAY_LENGTH(modes))]);
	else if (key == UID || key == GID)
		fuzz_text(step, ids[fuzz_below(ARRAY_LENGTH(ids))]);
	else
		fuzz_text(step, numbers[fuzz_below(ARRAY_LENGTH(numbers))]);
	if (fuzz_one_in(4))
		fuzz_mutate(step);
}

static bool takes_no_value(unsigned int key)
{
	return key >= CASEFOLD && key <= PRJQUOTA;
}

/* Options one behind the other. */
static void make_list(struct fuzz_step *step)
{
	unsigned int count = fuzz_below(5), size = 0;
	struct fuzz_step value = { 0 };
	char list[FUZZ_DATA];

	while (count--) {
		unsigned int key = fuzz_one_in(8) ? fuzz_below(ARRAY_LENGTH(keys) - 1) : fuzz_below(OPTIONS);

		make_value(&value, key);
		if (size + strlen(keys[key]) + value.size + 3 > sizeof(list))
			break;
		size += sprintf(list + size, "%s%s", size ? "," : "", keys[key]);
		if (!takes_no_value(key) || fuzz_one_in(8)) {
			list[size++] = '=';
			memcpy(list + size, value.data, value.size);
			size += value.size;
		}
	}
	memcpy(step->data, list, size);
	step->size = size;
	if (fuzz_one_in(6))
		fuzz_mutate(step);
}

static void make(struct fuzz_step *step)
{
	static const unsigned char chance[] = {
		STRING, STRING, STRING, STRING, STRING, FLAG, FLAG, FLAG, CREATE, CREATE, RECONFIGURE, RECONFIGURE,
		DATA, REMOUNT, REMOUNT, BINARY, PATH, FD, ODD,
	};

	step->kind = chance[fuzz_below(sizeof(chance))];
	step->key = fuzz_one_in(8) ? fuzz_below(ARRAY_LENGTH(keys) - 1) : fuzz_below(OPTIONS);
	step->number = fuzz_below(64);
	if (step->kind == FLAG && !takes_no_value(step->key) && !fuzz_one_in(4))
		step->key = fuzz_one_in(3) ? RO + fuzz_below(5) : CASEFOLD + fuzz_below(5);
	if (step->kind == DATA || step->kind == REMOUNT)
		make_list(step);
	else if (step->kind <= ODD && step->kind != FLAG)
		make_value(step, step->key);
}

int main(int argc, char **argv)
{
	static const struct fuzz_target target = {
		.name = "options", .kinds = kinds, .keys = keys, .make = make, .run = run,
	};

	if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("fuzz", "/tmp", "tmpfs", 0, NULL) || mkdir("/tmp/fuzz-options", 0755) || mkdir(WHERE, 0755)) {
		perror("no mount namespace");
		return 2;
	}
	return fuzz_main(&target, argc, argv);
}
