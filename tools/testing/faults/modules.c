// SPDX-License-Identifier: GPL-2.0
/*
 * The modules themselves as the subject: loading and unloading both, and the files of locktrack. To attach
 * what is mounted takes much longer than what is not. MODULES_DIR is where the modules are.
 */
#include "faults.h"

#define OP(ident, call, ...)	OP_OF(modules, ident, call, ##__VA_ARGS__)

#define FILES		"/sys/kernel/debug/locktrack/"
/* How often it is tried whether all works: it takes longer than a run. */
#define TRY_EVERY	25

/* Those of <sys/mount.h>; see mounts.c. */
int mount(const char *source, const char *target, const char *type, unsigned long flags, const void *data);
int umount2(const char *target, int flags);

static bool loaded(const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/module/%s", name);
	return !access(path, F_OK);
}

static int open_module(const char *name)
{
	char path[PATH_MAX];
	int file;

	snprintf(path, sizeof(path), "%s/%s.ko", getenv("MODULES_DIR"), name);
	file = open(path, O_RDONLY | O_CLOEXEC);
	NEED(file >= 0);
	return file;
}

static long load(int file, const char *parameters)
{
	return syscall(SYS_finit_module, file, parameters, 0);
}

static long unload(const char *name)
{
	return syscall(SYS_delete_module, name, O_NONBLOCK);
}

static void need_loaded(const char *name)
{
	int file;

	if (loaded(name))
		return;
	file = open_module(name);
	NEED(!load(file, ""));
	close(file);
}

/* Something that just used it may not be over yet. */
static void need_unloaded(const char *name)
{
	int tries = 100;

	while (loaded(name) && unload(name)) {
		NEED((errno == EAGAIN || errno == EBUSY) && tries--);
		usleep(20000);
	}
}

static long put(const char *name, const char *text)
{
	char path[64];
	int file;
	long done;

	snprintf(path, sizeof(path), FILES "%s", name);
	file = open(path, O_WRONLY | O_CLOEXEC);
	if (file < 0)
		return -1;
	done = write(file, text, strlen(text));
	close(file);
	return done;
}

static char *get(const char *name)
{
	static char text[1 << 20];
	char path[64];
	long got, size = 0;
	int file;

	snprintf(path, sizeof(path), FILES "%s", name);
	file = open(path, O_RDONLY | O_CLOEXEC);
	NEED(file >= 0);
	while ((got = read(file, text + size, sizeof(text) - 1 - size)) > 0)
		size += got;
	NEED(!got);
	close(file);
	text[size] = '\0';
	return text;
}

/* The value of a line NAME tab VALUE. */
static const char *value_of(const char *file, const char *name)
{
	static char value[64];
	char *at, start[64];

	snprintf(start, sizeof(start), "\n%s\t", name);
	at = strstr(get(file), start);
	NEED(at);
	snprintf(value, sizeof(value), "%.*s", (int)strcspn(at + strlen(start), "\t\n"), at + strlen(start));
	return value;
}

static void modules_begin(void)
{
	static bool own;

	if (!own) {
		NEED(getenv("MODULES_DIR"));
		mkdir(MOUNT, 0755);
		own = true;
	}
	/*
	 * A kprobe on ftrace warns if it cannot be armed for want of memory, and one that cannot be disarmed stays,
	 * and who asked is not told. So small an allocation never fails but here.
	 */
	memory_spares("disarm_kprobe", "arm_kprobe_ftrace");
}

/* Attached are only those that an operation attached. */
static void modules_set_up(void)
{
	need_loaded("samplefs");
	need_loaded("locktrack");
}

static void mounted(void)
{
	NEED(!mount("none", MOUNT, "samplefs", 0, "size=1m"));
}

static void modules_close_all(void)
{
	if (fd >= 0)
		close(fd);
	fd = -1;
}

static void look_at_list(struct state *state, const char *file, const char *kind)
{
	char *line, *rest = get(file), name[100];

	while ((line = strsep(&rest, "\n"))) {
		if (!*line || *line == '#' || strncmp(line, kind, strlen(kind)))
			continue;
		snprintf(name, sizeof(name), "%s: %.*s", file, (int)strcspn(line + strlen(kind), "\t"),
			 line + strlen(kind));
		state_add(state, name, "there");
	}
}

static void modules_look(struct state *state)
{
	state_add(state, "samplefs", loaded("samplefs") ? "loaded" : "not loaded");
	state_add(state, "locktrack", loaded("locktrack") ? "loaded" : "not loaded");
	if (!loaded("locktrack"))
		return;
	state_add(state, "edition", "%s", value_of("edition", "active"));
	state_add(state, "enabled", "%s", value_of("stats", "enabled"));
	state_add(state, "exact", "%s", value_of("stats", "exact"));
	look_at_list(state, "attach", "fs\t");
	look_at_list(state, "exceptions", "inode_operations");
}

/* All as it was, and that it works: what is attached is checked, and nothing is probed after it. */
static const char *try_it(void)
{
	const char *wrong = NULL;
	long before;

	mounted();
	if (put("attach", "samplefs\n") < 0)
		return "samplefs cannot be attached any more";
	before = atol(value_of("stats", "checked"));
	NEED(!mkdir(MOUNT "/try", 0755) && !rmdir(MOUNT "/try"));
	if (atol(value_of("stats", "checked")) < before + 2)
		wrong = "calls are not checked any more";
	if (put("attach", "-samplefs\n") < 0)
		return "samplefs cannot be detached any more";
	NEED(!umount2(MOUNT, 0));
	return wrong;
}

static const char *modules_clean(void)
{
	static char wrong[200];

	need_unloaded("locktrack_break");
	modules_set_up();
	put("attach", "-all\n");
	umount2(MOUNT, 0);
	NEED(put("edition", "v7.3\n") > 0 && put("enable", "1\n") > 0 && put("exceptions", "\n") > 0);
	put("exact", "0\n");
	if (atol(value_of("stats", "attached")) || atol(value_of("stats", "probes"))) {
		snprintf(wrong, sizeof(wrong), "%s probes with nothing attached", value_of("stats", "probes"));
		return wrong;
	}
	return run_number % TRY_EVERY ? NULL : try_it();
}

static void modules_end(void)
{
	const char *wrong = try_it();

	if (wrong)
		die("at the end: %s", wrong);
	need_unloaded("locktrack");
	need_unloaded("samplefs");
}

/* Loading and unloading */

static void without_samplefs(void)
{
	need_unloaded("samplefs");
	fd = open_module("samplefs");
}

static void without_locktrack(void)
{
	need_unloaded("locktrack");
	fd = open_module("locktrack");
}

static void attached(void)
{
	NEED(put("attach", "samplefs\n") > 0 && put("attach", "fuse\n") > 0);
}

OP(insmod_samplefs, load(fd, ""), .before = without_samplefs);
OP(insmod_locktrack, load(fd, ""), .before = without_locktrack);
OP(insmod_locktrack_attach, load(fd, "attach=samplefs,fuse edition=v5.2"), .before = without_locktrack,
   .flags = COSTLY);
OP(insmod_locktrack_refused, load(fd, "attach=nonsense"), .before = without_locktrack, .may = { ENODEV },
   .flags = COSTLY);
OP(rmmod_samplefs, unload("samplefs"));
OP(rmmod_samplefs_busy, unload("samplefs"), .before = mounted, .may = { EAGAIN, EBUSY });
OP(rmmod_locktrack, unload("locktrack"));
OP(rmmod_locktrack_attached, unload("locktrack"), .before = attached);

/* Attaching */

static char device[32];

static void device_of_mount(void)
{
	struct stat st;

	mounted();
	NEED(!stat(MOUNT, &st));
	snprintf(device, sizeof(device), "%u:%u\n", (unsigned int)(st.st_dev >> 8 & 0xfff),
		 (unsigned int)(st.st_dev & 0xff));
}

OP(attach_name, put("attach", "samplefs\n"));
OP(attach_mounted, put("attach", "samplefs\n"), .before = mounted);
OP(attach_path, put("attach", MOUNT "\n"), .before = mounted);
OP(attach_device, put("attach", device), .before = device_of_mount);
OP(attach_second, put("attach", "vfat\n"), .before = attached);
OP(attach_all, put("attach", "all\n"), .flags = PARTIAL | COSTLY);
OP(attach_again, put("attach", "samplefs\n"), .before = attached, .may = { EEXIST });
OP(attach_missing, put("attach", "nonsense\n"), .may = { ENODEV });
OP(attach_bad, put("attach", "no/sense\n"), .may = { EINVAL });
OP(detach_name, put("attach", "-samplefs\n"), .before = attached);
OP(detach_all, put("attach", "-all\n"), .before = attached, .flags = PARTIAL);
OP(detach_missing, put("attach", "-samplefs\n"), .may = { ENOENT });

/* What else can be written */

#define EXCEPTION	"inode_operations.setattr\tinode\ti_rwsem\texclusive\tnobody\tnone\tnowhere\n"

static void excepted(void)
{
	NEED(put("exceptions", EXCEPTION) > 0);
}

OP(edition, put("edition", "v5.2\n"), .before = attached);
OP(edition_missing, put("edition", "v1.0\n"), .may = { EINVAL });
OP(disable, put("enable", "0\n"), .before = attached);
OP(enable, put("enable", "1\n"), .before = attached);
OP(exceptions, put("exceptions", EXCEPTION));
OP(exceptions_none, put("exceptions", "\n"), .before = excepted);
OP(exceptions_bad, put("exceptions", "nonsense\n"), .before = excepted, .may = { EINVAL });
/* With lockdep there is nothing to follow. */
OP(exact, put("exact", "1\n"), .may = { EOPNOTSUPP });
OP(reset, put("reset", "1\n"), .before = attached);

/* Reading, each from its beginning to its end, which `buffer` has then */

static long read_to_end(int file)
{
	long got, size = 0;

	do {
		got = read(file, buffer + size, sizeof(buffer) - 1 - size);
		size = got < 0 || size + got == sizeof(buffer) - 1 ? 0 : size + got;
	} while (got > 0);
	buffer[size] = '\0';
	return got;
}

static long read_all(const char *name)
{
	char path[64];
	int file;
	long got;

	snprintf(path, sizeof(path), FILES "%s", name);
	file = open(path, O_RDONLY | O_CLOEXEC);
	if (file < 0)
		return -1;
	got = read_to_end(file);
	close(file);
	return got;
}

OP(read_attach, read_all("attach"), .before = attached);
OP(read_coverage, read_all("coverage"), .before = attached);
OP(read_edition, read_all("edition"));
OP(read_enable, read_all("enable"));
OP(read_exact, read_all("exact"));
OP(read_exceptions, read_all("exceptions"), .before = excepted);
OP(read_observed, read_all("observed"), .before = attached);
OP(read_reset, read_all("reset"));
OP(read_rules, read_all("rules"));
OP(read_stats, read_all("stats"), .before = attached);

static long number_of(const char *name)
{
	return atol(value_of("stats", name));
}

/* And there is an end of it. */
static bool was_refused(void)
{
	unsigned long refusals = locktrack_refusals();

	usleep(50000);
	return refusals && refusals == locktrack_refusals();
}

/*
 * A kworker finds the texts of a violation, unless it has no memory: then who reads does. It is open already, so that there
 * are few places before that, and all are tried.
 */
static void violated(void)
{
	static const char text[] = "unlink-victim " MOUNT;
	int run, tries = 200;
	bool refused;

	need_loaded("locktrack_break");
	/* Of each kind there is one, so that the kworker finds no new tables, which would take it long. */
	NEED(!mount("none", MOUNT, "ramfs", 0, NULL));
	NEED(!mkdir(MOUNT "/dir", 0700) && !mknod(MOUNT "/file", S_IFREG | 0600, 0));
	NEED(put("reset", "1\n") > 0 && put("attach", "ramfs\n") > 0);
	run = open("/sys/module/locktrack_break/parameters/run", O_WRONLY | O_CLOEXEC);
	refused = locktrack_memory_refused();
	NEED(run >= 0 && write(run, text, strlen(text)) == (long)strlen(text) && !close(run));
	while (refused && !was_refused())
		NEED(tries--);
	if (refused)
		locktrack_memory_back();
	NEED(number_of("violations") > 0);
	fd = open(FILES "violations", O_RDONLY | O_CLOEXEC);
	NEED(fd >= 0);
}

static const char *check_violation(long result)
{
	(void)result;
	return strstr(buffer, "\ncaller\t") ? NULL : "the violation is not shown";
}

OP(read_violations, read_to_end(fd), .before = violated, .check = check_violation);

/* In a kworker */

/* What there is when all was found, without a fault. */
static long all_tables, all_callbacks;

/* A callback that could not be probed is shown as that. */
static long callbacks(void)
{
	char *line, *rest = get("attach");
	long number = 0;

	while ((line = strsep(&rest, "\n")))
		number += !strncmp(line, "probe\t", 6) || !strncmp(line, "refused\t", 8) ||
			!strncmp(line, "return", 6);
	return number;
}

static void attached_anew(void)
{
	NEED(put("reset", "1\n") > 0 && put("attach", "samplefs\n") > 0);
}

/* Until all are found or one was lost; the first time, until there are no more. */
static long wait_for_tables(bool or_lost)
{
	long tables, last = -1;
	int same = 0, tries = 500;

	do {
		if (!tries--) {
			errno = ETIME;
			return -1;
		}
		usleep(20000);
		tables = number_of("tables");
		same = tables == last ? same + 1 : 0;
		last = tables;
	} while (all_tables ? tables < all_tables && !(or_lost && number_of("tables-lost")) : same < 100);
	return 0;
}

/* Nothing else is done, as any use of what is lost would let it be found again. */
static long discover(void)
{
	mounted();
	return wait_for_tables(true);
}

/* When there is memory again, a table that was lost is found where it is used next. */
static const char *check_discovered(long result)
{
	(void)result;
	if (!all_tables) {
		all_tables = number_of("tables");
		all_callbacks = callbacks();
		return NULL;
	}
	NEED(!umount2(MOUNT, 0));
	mounted();
	if (wait_for_tables(false))
		return "not all tables are found any more";
	return callbacks() == all_callbacks ? NULL : "not all callbacks are there";
}

OP(discover, discover(), .before = attached_anew, .check = check_discovered, .flags = IN_WORKER);

extern const struct op *const __start_ops_modules[], *const __stop_ops_modules[];

const struct subject modules = {
	.ops = __start_ops_modules,
	.ops_end = __stop_ops_modules,
	.begin = modules_begin,
	.end = modules_end,
	.set_up = modules_set_up,
	.close_all = modules_close_all,
	.look = modules_look,
	.clean = modules_clean,
	.sampled = true,
};
