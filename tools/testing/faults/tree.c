// SPDX-License-Identifier: GPL-2.0
/*
 * samplefs as the subject: a small tree with something of each kind, in a directory of its own for each
 * run, so that nothing of it is cached; and all that can be seen of it, with what it is charged for.
 */
#include "faults.h"

#include <dirent.h>
#include <linux/capability.h>
#include <linux/dqblk_xfs.h>
#include <linux/fs.h>
#include <linux/quota.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/statfs.h>
#include <sys/wait.h>
#include <sys/xattr.h>

int root_fd = -1, fd = -1, second_fd = -1, kept_fd = -1;
char *map;
pid_t helper;
char buffer[16 * PAGE];

static struct statfs empty;
static char here[32];

unsigned char byte_of(long at)
{
	return 1 + at * 7 % 251;
}

long kept(int new_fd)
{
	kept_fd = new_fd;
	return new_fd < 0 ? -1 : 0;
}

long read_text(int from)
{
	long size = read(from, buffer, sizeof(buffer) - 1);

	if (size < 0)
		return -1;
	buffer[size] = '\0';
	return 0;
}

static struct __user_cap_header_struct cap_header = { .version = _LINUX_CAPABILITY_VERSION_3 };
static struct __user_cap_data_struct caps[2];
static bool gave_up;

void give_up(int capability)
{
	struct __user_cap_data_struct fewer[2];

	NEED(!syscall(SYS_capget, &cap_header, fewer));
	if (!gave_up)
		memcpy(caps, fewer, sizeof(caps));
	fewer[CAP_TO_INDEX(capability)].effective &= ~CAP_TO_MASK(capability);
	NEED(!syscall(SYS_capset, &cap_header, fewer));
	gave_up = true;
}

void get_back(void)
{
	if (gave_up)
		NEED(!syscall(SYS_capset, &cap_header, caps));
	gave_up = false;
}

int quota(int cmd, int type, unsigned int id, void *addr)
{
	return syscall(SYS_quotactl_fd, root_fd, QCMD(cmd, type), id, addr);
}

static void tree_begin(void)
{
	static bool own;

	if (!own) {
		NEED(!unshare(CLONE_NEWNS) && !mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
		NEED(!mkdir(MOUNT, 0755) || errno == EEXIST);
		NEED(!mkdir(SECOND, 0755) || errno == EEXIST);
		umask(022);
		own = true;
	}
	NEED(!mount("none", MOUNT, "samplefs", 0, TREE_OPTIONS));
	root_fd = open(MOUNT, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	NEED(root_fd >= 0 && !fstatfs(root_fd, &empty));
}

static void tree_end(void)
{
	int tries = 100;

	NEED(!chdir("/"));
	close(root_fd);
	while (umount(MOUNT)) {
		NEED(errno == EBUSY && tries--);
		usleep(20000);
	}
}

static void make_file(const char *name, long from, long size)
{
	static unsigned char bytes[16 * PAGE];
	int file = open(name, O_CREAT | O_WRONLY | O_EXCL, 0644);
	long i;

	for (i = 0; i < size; i++)
		bytes[i] = byte_of(from + i);
	NEED(file >= 0 && pwrite(file, bytes, size, from) == size && !close(file));
}

static void set_project(const char *name, unsigned int project, unsigned int flags)
{
	int dir = open(name, O_RDONLY);
	struct fsxattr fsx = { .fsx_projid = project, .fsx_xflags = flags };

	NEED(dir >= 0 && !ioctl(dir, FS_IOC_FSSETXATTR, &fsx) && !close(dir));
}

/* u::rw-, u:1000:rwx, g::r--, m::rwx, o::--- */
static const struct {
	uint32_t version;
	struct { uint16_t tag, perm; uint32_t id; } entry[5];
} __attribute__((packed)) acl = {
	2, { { 0x01, 6, -1 }, { 0x02, 7, USER }, { 0x04, 4, -1 }, { 0x10, 7, -1 }, { 0x20, 0, -1 } },
};

static void tree_set_up(void)
{
	static char long_target[200];

	snprintf(here, sizeof(here), "r%06u", run_number);
	NEED(!mkdirat(root_fd, here, 0755) && !fchdir(root_fd) && !chdir(here));
	make_file("file", 0, 3 * PAGE + 100);
	NEED(!link("file", "link"));
	make_file("other", 0, PAGE);
	make_file("empty", 0, 0);
	make_file("sparse", 4 * PAGE, PAGE);
	NEED(!truncate("sparse", 16 * PAGE));
	NEED(!mkdir("dir", 0755) && !mkdir("dir/sub", 0755) && !mkdir("dir2", 0755));
	make_file("dir/inner", 0, 10);
	memset(long_target, 'x', sizeof(long_target) - 1);
	NEED(!symlink("file", "sym") && !symlink(long_target, "longsym"));
	NEED(!mkfifo("fifo", 0644));
	make_file("acl", 0, 10);
	NEED(!setxattr("acl", "system.posix_acl_access", &acl, sizeof(acl), 0));
	NEED(!mkdir("dacl", 0755));
	NEED(!setxattr("dacl", "system.posix_acl_default", &acl, sizeof(acl), 0));
	make_file("xattr", 0, 10);
	NEED(!setxattr("xattr", "user.a", "value", 5, 0));
	NEED(!setxattr("xattr", "user.big", long_target, sizeof(long_target), 0));
	make_file("owned", 0, PAGE);
	NEED(!chown("owned", USER, 0));
	make_file("suid", 0, 10);
	NEED(!chmod("suid", 06755));
	NEED(!mkdir("proj", 0755));
	set_project("proj", PROJECT, FS_XFLAG_PROJINHERIT);
}

static void close_one(int *which)
{
	if (*which >= 0)
		close(*which);
	*which = -1;
}

static void tree_close_all(void)
{
	get_back();
	if (helper)
		NEED(!kill(helper, SIGKILL) && waitpid(helper, NULL, 0) == helper);
	helper = 0;
	if (map)
		munmap(map, 16 * PAGE);
	map = NULL;
	/* Only what was frozen is thawed. */
	if (fd >= 0)
		ioctl(fd, FITHAW, 0);
	close_one(&fd);
	close_one(&second_fd);
	close_one(&kept_fd);
	while (!umount2(SECOND, MNT_DETACH))
		;
	NEED(!fchdir(root_fd) && !chdir(here) && !syncfs(root_fd));
}

static uint64_t hash(uint64_t from, const void *bytes, size_t size)
{
	const unsigned char *byte = bytes;

	while (size--)
		from = (from ^ *byte++) * 0x100000001b3;
	return from;
}

/* Of all attributes, in whatever order. */
static uint64_t hash_xattrs(const char *path, int *count)
{
	static char names[4096], value[65536];
	ssize_t size = llistxattr(path, names, sizeof(names)), length, at;
	uint64_t sum = 0;

	*count = 0;
	for (at = 0; at < size; at += strlen(names + at) + 1) {
		length = lgetxattr(path, names + at, value, sizeof(value));
		sum += hash(hash(0xcbf29ce484222325, names + at, strlen(names + at)), value,
			    length < 0 ? 0 : length);
		++*count;
	}
	return sum;
}

/* What all files together are charged for. */
struct charged {
	long blocks, inodes;
	struct { long space, inodes; } user[3];
	struct { ino_t ino; } seen[100];
	unsigned int seen_count;
};

static unsigned int user_index(uid_t uid)
{
	return uid == USER ? 1 : uid == fresh_id() ? 2 : 0;
}

static const char *id_name(unsigned int id)
{
	static char names[4][16];
	static unsigned int next;
	char *name = names[next++ % ARRAY_SIZE(names)];

	if (id == fresh_id())
		return "fresh";
	snprintf(name, sizeof(names[0]), "%u", id);
	return name;
}

static void charge(struct charged *charged, const struct stat *st)
{
	unsigned int i;

	for (i = 0; i < charged->seen_count; i++)
		if (charged->seen[i].ino == st->st_ino)
			return;
	NEED(charged->seen_count < ARRAY_SIZE(charged->seen));
	charged->seen[charged->seen_count++].ino = st->st_ino;
	charged->blocks += st->st_blocks / (PAGE / 512);
	charged->inodes += S_ISDIR(st->st_mode) ? 1 : st->st_nlink;
	charged->user[user_index(st->st_uid)].space += st->st_blocks * 512;
	charged->user[user_index(st->st_uid)].inodes++;
}

static void look_at(struct state *state, struct charged *charged, const char *path)
{
	struct fsxattr fsx = { 0 };
	char target[PATH_MAX] = "";
	struct item *item;
	struct stat st;
	uint64_t xattrs;
	int file, count;

	NEED(!lstat(path, &st));
	charge(charged, &st);
	xattrs = hash_xattrs(path, &count);
	file = S_ISREG(st.st_mode) || S_ISDIR(st.st_mode) ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	if (file >= 0)
		NEED(!ioctl(file, FS_IOC_FSGETXATTR, &fsx));
	if (S_ISLNK(st.st_mode))
		NEED(readlink(path, target, sizeof(target) - 1) > 0);
	item = state_add(state, path, "%o links %lu of %s:%s dev %lx project %s flags %x xattrs %d:%lx%s%s",
			 st.st_mode, (unsigned long)st.st_nlink, id_name(st.st_uid), id_name(st.st_gid),
			 (unsigned long)st.st_rdev, id_name(fsx.fsx_projid), fsx.fsx_xflags, count,
			 (unsigned long)xattrs, *target ? " to " : "", target);
	item->blocks = st.st_blocks / (PAGE / 512);
	if (S_ISREG(st.st_mode)) {
		NEED(file >= 0);
		/* What was written back counts, not what is in the page cache. */
		posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
		item->size = st.st_size;
		item->data = malloc(st.st_size + 1);
		NEED(item->data && read(file, item->data, st.st_size + 1) == st.st_size);
	}
	if (file >= 0)
		close(file);
}

static void look_below(struct state *state, struct charged *charged, const char *directory)
{
	DIR *d = opendir(*directory ? directory : ".");
	char path[PATH_MAX];
	struct dirent *e;
	struct stat st;

	NEED(d);
	while ((e = readdir(d))) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		snprintf(path, sizeof(path), "%s%s%s", directory, *directory ? "/" : "", e->d_name);
		look_at(state, charged, path);
		NEED(!lstat(path, &st));
		if (e->d_ino != st.st_ino || e->d_type != (st.st_mode & S_IFMT) >> 12)
			state_wrong(state, "'%s' is another inode for readdir", path);
		if (S_ISDIR(st.st_mode))
			look_below(state, charged, path);
	}
	closedir(d);
}

/* The locks and the requests for some that samplefs counts, which it shows of each regular file: by one that stays. */
static long locks_counted(void)
{
	int file = open("empty", O_RDONLY | O_CLOEXEC), fdinfo;
	char path[64], *at;

	NEED(file >= 0);
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", file);
	fdinfo = open(path, O_RDONLY | O_CLOEXEC);
	NEED(fdinfo >= 0 && !read_text(fdinfo));
	close(fdinfo);
	close(file);
	at = strstr(buffer, "samplefs-locks:");
	NEED(at);
	return atol(at + strlen("samplefs-locks:"));
}

static void tree_look(struct state *state)
{
	const unsigned int users[] = { 0, USER, fresh_id() };
	struct charged charged = { 0 };
	struct fs_quota_stat quotas;
	struct if_dqblk q;
	struct statfs st;
	struct stat root;
	unsigned int i;
	long used;

	look_below(state, &charged, "");
	NEED(!fstat(root_fd, &root));
	charge(&charged, &root);
	NEED(!stat(".", &root));
	charge(&charged, &root);
	NEED(!quota(Q_XGETQSTAT, 0, 0, &quotas));
	state_add(state, ".", "links %lu quotas %x", (unsigned long)root.st_nlink, quotas.qs_flags);
	NEED(!fstatfs(root_fd, &st));
	used = st.f_blocks - st.f_bfree;
	if (used != charged.blocks)
		state_wrong(state, "%ld blocks are in use, and charged for are %ld", used, charged.blocks);
	used = locks_counted();
	if (used)
		state_wrong(state, "%ld locks are counted, and nothing is open", used);
	used = st.f_files - st.f_ffree;
	if (used != charged.inodes)
		state_wrong(state, "%ld inodes are in use, and charged for are %ld", used, charged.inodes);
	for (i = 0; i < ARRAY_SIZE(users); i++) {
		if (!charged.user[i].inodes && users[i] == fresh_id())
			continue;
		NEED(!quota(Q_GETQUOTA, 0, users[i], &q));
		if ((long)q.dqb_curspace != charged.user[i].space ||
		    (long)q.dqb_curinodes != charged.user[i].inodes)
			state_wrong(state, "user %s has %ld bytes, %ld inodes by quota, and %ld, %ld in fact",
				    id_name(users[i]), (long)q.dqb_curspace, (long)q.dqb_curinodes,
				    charged.user[i].space, charged.user[i].inodes);
	}
}

static void remove_below(int dir)
{
	DIR *d = fdopendir(dir);
	struct dirent *e;

	NEED(d);
	while ((e = readdir(d))) {
		struct fsxattr fsx = { 0 };
		int file;

		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		if (unlinkat(dir, e->d_name, 0) && errno == EPERM) {
			/* A flag of it may forbid it. */
			file = openat(dir, e->d_name, O_RDONLY | O_NONBLOCK);
			NEED(file >= 0 && !ioctl(file, FS_IOC_FSSETXATTR, &fsx) && !close(file));
			unlinkat(dir, e->d_name, 0);
		}
		if (!faccessat(dir, e->d_name, F_OK, AT_SYMLINK_NOFOLLOW)) {
			remove_below(openat(dir, e->d_name, O_RDONLY | O_DIRECTORY));
			NEED(!unlinkat(dir, e->d_name, AT_REMOVEDIR));
		}
	}
	closedir(d);
}

static const char *tree_clean(void)
{
	static char wrong[200];
	struct statfs st;
	int tries = 50;

	/* If it was turned off. */
	NEED(!quota(Q_QUOTAON, 0, 0, NULL) || errno == EEXIST);
	NEED(!fchdir(root_fd));
	remove_below(openat(root_fd, ".", O_RDONLY | O_DIRECTORY));
	/* A child's last references may still be on their way. */
	do {
		NEED(!fstatfs(root_fd, &st));
		if (st.f_bfree == empty.f_bfree && st.f_ffree == empty.f_ffree)
			return NULL;
		usleep(10000);
	} while (tries--);
	snprintf(wrong, sizeof(wrong), "all is removed, and %ld blocks and %ld inodes are in use",
		 (long)(empty.f_bfree - st.f_bfree), (long)(empty.f_ffree - st.f_ffree));
	empty = st;
	return wrong;
}

extern const struct op *const __start_ops_tree[], *const __stop_ops_tree[];

const struct subject tree = {
	.ops = __start_ops_tree,
	.ops_end = __stop_ops_tree,
	.begin = tree_begin,
	.end = tree_end,
	.set_up = tree_set_up,
	.close_all = tree_close_all,
	.look = tree_look,
	.clean = tree_clean,
};
