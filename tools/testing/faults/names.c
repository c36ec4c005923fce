// SPDX-License-Identifier: GPL-2.0
/* Operations on names: of directories, and of what finds and opens files. */
#include "faults.h"

#include <dirent.h>
#include <linux/fs.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/un.h>

#define OP(ident, call, ...)	OP_OF(tree, ident, call, ##__VA_ARGS__)

#define LONG	"a-name-that-is-longer-than-what-a-dentry-or-an-entry-of-a-directory-has-room-for-itself"

/* Making */

OP(create, kept(open("new", O_CREAT | O_EXCL | O_RDWR, 0644)));
OP(create_long_name, kept(open(LONG, O_CREAT | O_EXCL | O_RDWR, 0644)));
OP(create_truncate, kept(open("new", O_CREAT | O_TRUNC | O_WRONLY, 0600)));
OP(create_there, kept(open("file", O_CREAT | O_RDWR, 0644)));
OP(create_exclusive_there, kept(open("file", O_CREAT | O_EXCL | O_RDWR, 0644)), .may = { EEXIST });
OP(create_first, kept(open("dir2/new", O_CREAT | O_EXCL | O_RDWR, 0644)));
OP(create_acl, kept(open("dacl/new", O_CREAT | O_EXCL | O_RDWR, 0666)));
OP(create_project, kept(open("proj/new", O_CREAT | O_EXCL | O_RDWR, 0644)));
OP(mkdir, mkdir("new", 0755));
OP(mkdir_long_name, mkdir(LONG, 0755));
OP(mkdir_first, mkdir("dir2/new", 0755));
OP(mkdir_acl, mkdir("dacl/new", 0777));
OP(mkdir_project, mkdir("proj/new", 0755));
OP(mkdir_there, mkdir("dir", 0755), .may = { EEXIST });
OP(mknod_regular, mknod("new", S_IFREG | 0644, 0));
OP(mknod_fifo, mknod("new", S_IFIFO | 0644, 0));
OP(mknod_character, mknod("new", S_IFCHR | 0644, 0x103));
OP(mknod_block, mknod("new", S_IFBLK | 0644, 0x103));
OP(mknod_socket, mknod("new", S_IFSOCK | 0644, 0));
OP(mknod_acl, mknod("dacl/new", S_IFIFO | 0666, 0));
OP(symlink, symlink("there", "new"));
OP(symlink_acl, symlink("there", "dacl/new"));

static char long_target[1000];

static void fill_target(void)
{
	memset(long_target, 'y', sizeof(long_target) - 1);
}

OP(symlink_long, symlink(long_target, "new"), .before = fill_target);

static void make_socket(void)
{
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	NEED(fd >= 0);
}

static const struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "new" };

/* It says of each error of mknod() but EEXIST what that was; the name is removed where the rest fails. */
OP(bind, bind(fd, (const struct sockaddr *)&address, sizeof(address)), .before = make_socket);

/* Linking */

OP(link, link("file", "new"));
OP(link_first, link("file", "dir2/new"));
OP(link_long_name, link("file", LONG));
OP(link_symlink, link("sym", "new"));
OP(link_follow, linkat(AT_FDCWD, "sym", AT_FDCWD, "new", AT_SYMLINK_FOLLOW));
OP(link_to_project, link("file", "proj/new"), .may = { EXDEV });

static void make_tmpfile(void)
{
	fd = open(".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0644);
	NEED(fd >= 0 && write(fd, "text", 4) == 4);
}

OP(link_tmpfile, linkat(fd, "", AT_FDCWD, "new", AT_EMPTY_PATH), .before = make_tmpfile);

/* Removing */

static void open_other(void)
{
	fd = open("other", O_RDWR | O_CLOEXEC);
	NEED(fd >= 0);
}

OP(unlink, unlink("file"));
OP(unlink_last, unlink("other"));
OP(unlink_open, unlink("other"), .before = open_other);
OP(unlink_symlink, unlink("longsym"));
OP(unlink_fifo, unlink("fifo"));
OP(unlink_acl, unlink("acl"));
OP(unlink_xattr, unlink("xattr"));
OP(unlink_owned, unlink("owned"));
OP(unlink_missing, unlink("missing"), .may = { ENOENT });
OP(rmdir, rmdir("dir2"));
OP(rmdir_acl, rmdir("dacl"));
OP(rmdir_not_empty, rmdir("dir"), .may = { ENOTEMPTY });

/* Renaming */

static long rename_with(const char *from, const char *to, unsigned int flags)
{
	return syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, flags);
}

OP(rename, rename_with("file", "new", 0));
OP(rename_long_name, rename_with("file", LONG, 0));
OP(rename_over, rename_with("file", "other", 0));
OP(rename_over_open, rename_with("file", "other", 0), .before = open_other);
OP(rename_same_inode, rename_with("file", "link", 0));
OP(rename_away, rename_with("file", "dir2/new", 0));
OP(rename_away_over, rename_with("file", "dir/inner", 0));
OP(rename_symlink, rename_with("sym", "dir/new", 0));
OP(rename_dir, rename_with("dir", "new", 0));
OP(rename_dir_over, rename_with("dir", "dir2", 0));
OP(rename_dir_away, rename_with("dir/sub", "dir2/new", 0));
OP(rename_dir_away_over, rename_with("dir2", "dir/sub", 0));
OP(rename_dir_over_full, rename_with("dir2", "dir", 0), .may = { ENOTEMPTY });
OP(rename_dir_into_itself, rename_with("dir", "dir/sub/new", 0), .may = { EINVAL });
OP(rename_to_project, rename_with("file", "proj/new", 0), .may = { EXDEV });
OP(rename_noreplace, rename_with("file", "new", RENAME_NOREPLACE));
OP(rename_noreplace_there, rename_with("file", "other", RENAME_NOREPLACE), .may = { EEXIST });
OP(rename_exchange, rename_with("file", "other", RENAME_EXCHANGE));
OP(rename_exchange_away, rename_with("file", "dir/inner", RENAME_EXCHANGE));
OP(rename_exchange_dirs, rename_with("dir/sub", "dir2", RENAME_EXCHANGE));
OP(rename_exchange_mixed, rename_with("dir/inner", "dir2", RENAME_EXCHANGE));
OP(rename_whiteout, rename_with("file", "new", RENAME_WHITEOUT));
OP(rename_whiteout_over, rename_with("file", "other", RENAME_WHITEOUT));
OP(rename_whiteout_away, rename_with("file", "dir2/new", RENAME_WHITEOUT));
OP(rename_whiteout_dir, rename_with("dir", "new", RENAME_WHITEOUT));
OP(rename_whiteout_acl, rename_with("dacl/file", "new", RENAME_WHITEOUT), .may = { ENOENT });

/* Finding and opening */

OP(lookup_missing, access("missing", F_OK), .may = { ENOENT });
OP(lookup_missing_long, access(LONG, F_OK), .may = { ENOENT });
OP(access, access("dir/inner", R_OK));

static char too_long[300];

static void fill_too_long(void)
{
	memset(too_long, 'n', sizeof(too_long) - 1);
}

OP(lookup_too_long, access(too_long, F_OK), .before = fill_too_long, .may = { ENAMETOOLONG });
OP(open_read, kept(open("file", O_RDONLY)));
OP(open_write, kept(open("file", O_WRONLY)));
OP(open_truncate, kept(open("file", O_RDWR | O_TRUNC)));
OP(open_append, kept(open("file", O_WRONLY | O_APPEND)));
OP(open_direct, kept(open("file", O_RDWR | O_DIRECT)));
OP(open_path, kept(open("file", O_PATH)));
OP(open_directory, kept(open("dir", O_RDONLY | O_DIRECTORY)));
OP(open_follow, kept(open("sym", O_RDONLY)));
OP(open_missing, kept(open("missing", O_RDONLY)), .may = { ENOENT });
OP(open_fifo, kept(open("fifo", O_RDONLY | O_NONBLOCK)));
OP(open_tmpfile, kept(open(".", O_TMPFILE | O_RDWR, 0644)));
OP(open_tmpfile_acl, kept(open("dacl", O_TMPFILE | O_RDWR, 0666)));
OP(open_tmpfile_exclusive, kept(open("dir", O_TMPFILE | O_EXCL | O_WRONLY, 0644)));

static void make_long_link(void)
{
	fill_target();
	NEED(!symlink(long_target, "made"));
}

static const char *check_target(long result)
{
	return result == sizeof(long_target) - 1 && !memcmp(buffer, long_target, result) ? NULL :
		"another target";
}

OP(readlink, readlink("sym", buffer, sizeof(buffer)));
OP(readlink_long, readlink("made", buffer, sizeof(buffer)), .before = make_long_link, .check = check_target);

static union {
	struct file_handle handle;
	char room[sizeof(struct file_handle) + MAX_HANDLE_SZ];
} handle;

static int mount_id;

static void get_handle(const char *name)
{
	handle.handle.handle_bytes = MAX_HANDLE_SZ;
	NEED(!name_to_handle_at(AT_FDCWD, name, &handle.handle, &mount_id, 0));
}

static void room_for_handle(void)
{
	handle.handle.handle_bytes = MAX_HANDLE_SZ;
}

static void handle_of_file(void)
{
	get_handle("dir/inner");
}

static void handle_of_directory(void)
{
	get_handle("dir/sub");
}

OP(name_to_handle, name_to_handle_at(AT_FDCWD, "dir/inner", &handle.handle, &mount_id, 0),
   .before = room_for_handle);
OP(open_by_handle, kept(open_by_handle_at(root_fd, &handle.handle, O_RDWR)), .before = handle_of_file,
   .may = { ESTALE });
OP(open_by_handle_directory, kept(open_by_handle_at(root_fd, &handle.handle, O_RDONLY)),
   .before = handle_of_directory, .may = { ESTALE });

/* Reading directories */

static void open_here(void)
{
	fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	NEED(fd >= 0);
}

/* As many names as fit, each once. What was not copied comes with the next call. */
static const char *check_names(long result)
{
	long at, names = 0;

	for (at = 0; at < result; at += ((struct dirent64 *)(buffer + at))->d_reclen)
		names++;
	return names <= 40 ? NULL : "more names than there are";
}

static long getdents(size_t size)
{
	return syscall(SYS_getdents64, fd, buffer, size);
}

static void open_amid(void)
{
	open_here();
	NEED(getdents(200) > 0);
}

static long seek_and_read(void)
{
	return lseek(fd, 0, SEEK_SET) < 0 ? -1 : getdents(sizeof(buffer));
}

OP(getdents, getdents(sizeof(buffer)), .before = open_here, .check = check_names, .flags = PARTIAL);
OP(getdents_few, getdents(100), .before = open_here, .check = check_names, .flags = PARTIAL);
OP(getdents_go_on, getdents(sizeof(buffer)), .before = open_amid, .check = check_names, .flags = PARTIAL);
OP(getdents_too_small, getdents(20), .before = open_here, .may = { EINVAL });
OP(seekdir, seek_and_read(), .before = open_amid, .check = check_names, .flags = PARTIAL);
OP(lseek_directory, lseek(fd, 5, SEEK_SET), .before = open_here);
OP(fsync_directory, fsync(fd), .before = open_here);

OP(chdir, chdir("dir"));
OP(getcwd, syscall(SYS_getcwd, buffer, sizeof(buffer)));
OP(statfs, statfs(".", (struct statfs *)buffer));
OP(fstatfs, fstatfs(fd, (struct statfs *)buffer), .before = open_here);
