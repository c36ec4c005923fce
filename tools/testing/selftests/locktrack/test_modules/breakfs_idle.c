// SPDX-License-Identifier: GPL-2.0
/*
 * The callbacks whose locks break_cases.c is about, or which have none, for the rule that they
 * may sleep. They are in tables of objects that the kernel never sees, so that they need not
 * do anything.
 */

#include <linux/dcache.h>

#include "breakfs.h"

/* What they are called with. Only the objects are looked at. */
#define I	fs->idle
#define D	fs->idle_dentry
#define P	&fs->idle_path
#define M	fs->idle->i_mapping
#define F	&fs->idle_file
#define K	&fs->idle_kiocb

#define DENTRY_OPS(OP)							\
	OP(dentry_operations, d_op, d_weak_revalidate, D)		\
	OP(dentry_operations, d_op, d_init, D)				\
	OP(dentry_operations, d_op, d_release, D)			\
	OP(dentry_operations, d_op, d_iput, D, I)			\
	OP(dentry_operations, d_op, d_automount, P)			\
	OP(dentry_operations, d_op, d_manage, P)			\
	OP(dentry_operations, d_op, d_real, D)

#define INODE_OPS(OP)							\
	OP(inode_operations, i_op, lookup, I, D)			\
	OP(inode_operations, i_op, get_link, D, I)			\
	OP(inode_operations, i_op, permission, NULL, I)			\
	OP(inode_operations, i_op, get_inode_acl, I)			\
	OP(inode_operations, i_op, readlink, D)				\
	OP(inode_operations, i_op, create, NULL, I, D)			\
	OP(inode_operations, i_op, link, D, I, D)			\
	OP(inode_operations, i_op, unlink, I, D)			\
	OP(inode_operations, i_op, symlink, NULL, I, D)			\
	OP(inode_operations, i_op, mkdir, NULL, I, D)			\
	OP(inode_operations, i_op, rmdir, I, D)				\
	OP(inode_operations, i_op, mknod, NULL, I, D)			\
	OP(inode_operations, i_op, rename, NULL, I, D, I, D)		\
	OP(inode_operations, i_op, setattr, NULL, D)			\
	OP(inode_operations, i_op, getattr, NULL, P)			\
	OP(inode_operations, i_op, listxattr, D)			\
	OP(inode_operations, i_op, fiemap, I)				\
	OP(inode_operations, i_op, update_time, I)			\
	OP(inode_operations, i_op, sync_lazytime, I)			\
	OP(inode_operations, i_op, tmpfile, NULL, I, F)			\
	OP(inode_operations, i_op, get_acl, NULL, D)			\
	OP(inode_operations, i_op, set_acl, NULL, D)			\
	OP(inode_operations, i_op, fileattr_get, D)			\
	OP(inode_operations, i_op, get_offset_ctx, I)

#define MAPPING_OPS(OP)							\
	OP(address_space_operations, a_ops, writepages, M)		\
	OP(address_space_operations, a_ops, bmap, M)			\
	OP(address_space_operations, a_ops, direct_IO, K)		\
	OP(address_space_operations, a_ops, swap_activate, NULL, F)	\
	OP(address_space_operations, a_ops, swap_deactivate, F)

#define FILE_OPS(OP)							\
	OP(file_operations, f_op, llseek, F)				\
	OP(file_operations, f_op, read, F)				\
	OP(file_operations, f_op, write, F)				\
	OP(file_operations, f_op, read_iter, K)				\
	OP(file_operations, f_op, write_iter, K)			\
	OP(file_operations, f_op, iopoll, K)				\
	OP(file_operations, f_op, poll, F)				\
	OP(file_operations, f_op, unlocked_ioctl, F)			\
	OP(file_operations, f_op, compat_ioctl, F)			\
	OP(file_operations, f_op, mmap, F)				\
	OP(file_operations, f_op, open, I, F)				\
	OP(file_operations, f_op, flush, F)				\
	OP(file_operations, f_op, release, I, F)			\
	OP(file_operations, f_op, fsync, F)				\
	OP(file_operations, f_op, fasync, NULL, F)			\
	OP(file_operations, f_op, lock, F)				\
	OP(file_operations, f_op, get_unmapped_area, F)			\
	OP(file_operations, f_op, check_flags, NULL)			\
	OP(file_operations, f_op, flock, F)				\
	OP(file_operations, f_op, splice_write, NULL, F)		\
	OP(file_operations, f_op, splice_read, F)			\
	OP(file_operations, f_op, setlease, F)				\
	OP(file_operations, f_op, fallocate, F)				\
	OP(file_operations, f_op, show_fdinfo, NULL, F)			\
	OP(file_operations, f_op, copy_file_range, F, NULL, F)		\
	OP(file_operations, f_op, remap_file_range, F, NULL, F)		\
	OP(file_operations, f_op, fadvise, F)

/* One function of each: by its address locktrack tells which callback it is. */
#define FUNCTION(table, field, op, ...)					\
static noinline long idle_##op(void)					\
{									\
	barrier();							\
	return 0;							\
}

DENTRY_OPS(FUNCTION)
INODE_OPS(FUNCTION)
MAPPING_OPS(FUNCTION)
FILE_OPS(FUNCTION)

#define SLOT(table, field, op, ...)	.op = (void *)idle_##op,

static const struct dentry_operations idle_d_op = { DENTRY_OPS(SLOT) };
static const struct inode_operations idle_i_op = { INODE_OPS(SLOT) };
static const struct address_space_operations idle_a_ops = { MAPPING_OPS(SLOT) };
static const struct file_operations idle_f_op = { FILE_OPS(SLOT) };

/* Their arguments are pointers, and 0 where none is given. */
typedef long (*idle_callback)(const void *, const void *, const void *, const void *,
			      const void *, const void *);

#define ARGUMENTS(a, b, c, d, e, f, ...)	a, b, c, d, e, f
#define CALL(table, field, op, ...)					\
static void call_idle_##op(struct breakfs *fs)				\
{									\
	const struct table *ops = &idle_##field;			\
	idle_callback callback = (void *)READ_ONCE(ops->op);		\
									\
	callback(ARGUMENTS(__VA_ARGS__, NULL, NULL, NULL, NULL, NULL, NULL));	\
}

DENTRY_OPS(CALL)
INODE_OPS(CALL)
MAPPING_OPS(CALL)
FILE_OPS(CALL)

#define CASE(table, field, op, ...)	{ #op, #table "." #op, call_idle_##op, .idle = true },

const struct breakfs_case breakfs_idle_cases[] = {
	DENTRY_OPS(CASE)
	INODE_OPS(CASE)
	MAPPING_OPS(CASE)
	FILE_OPS(CASE)
	{ }
};

int breakfs_idle_make(struct breakfs *fs)
{
	fs->idle = new_inode(fs->sb);
	if (!fs->idle)
		return -ENOMEM;
	fs->idle->i_ino = get_next_ino();
	fs->idle->i_mode = S_IFREG | 0600;
	fs->idle->i_op = &idle_i_op;
	fs->idle->i_fop = &idle_f_op;
	fs->idle->i_mapping->a_ops = &idle_a_ops;
	/* No name leads to it: it is not hashed. */
	fs->idle_dentry = d_alloc_name(fs->sb->s_root, "idle");
	if (!fs->idle_dentry) {
		iput(fs->idle);
		return -ENOMEM;
	}
	fs->idle_dentry->d_op = &idle_d_op;
	d_instantiate(fs->idle_dentry, fs->idle);
	fs->idle_path.dentry = fs->idle_dentry;
	fs->idle_file.f_op = &idle_f_op;
	fs->idle_file.f_inode = fs->idle;
	fs->idle_file.f_mapping = fs->idle->i_mapping;
	fs->idle_kiocb.ki_filp = &fs->idle_file;
	return 0;
}

void breakfs_idle_remove(struct breakfs *fs)
{
	if (!fs->idle_dentry)
		return;
	/* It would call them. */
	fs->idle_dentry->d_op = NULL;
	dput(fs->idle_dentry);
}
