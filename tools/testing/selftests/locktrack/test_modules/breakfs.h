/* SPDX-License-Identifier: GPL-2.0 */
/* What locktrack_breakfs.ko's files share. */

#ifndef BREAKFS_H
#define BREAKFS_H

#include <linux/backing-dev.h>
#include <linux/blkdev.h>
#include <linux/filelock.h>
#include <linux/fs.h>
#include <linux/fs_context.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/quota.h>
#include <linux/seq_file.h>
#include <linux/xattr.h>

/*
 * The objects that the callbacks are called with. Those that are no pointers belong to
 * nobody else: locktrack looks at no more of them than at their locks, their table and
 * the way to the superblock.
 */
struct breakfs {
	struct super_block *sb;
	struct inode *dir;
	struct inode *inode;
	struct dentry *dentry;
	struct mm_struct *mm;
	struct folio folio;
	struct folio other;
	struct file file;
	struct file_lock lock;
	struct file_lease lease;
	struct file_lock_context ctx;
	struct vm_area_struct vma;
	struct vm_fault vmf;
	struct gendisk disk;
	struct block_device bdev;
	/* What breakfs_hold() made. */
	struct dentry *alias;
	struct file_lock held;
	struct file_lease held_lease;
	struct readahead_control rac;
	struct fs_context fc;
	/* Those of breakfs_idle.c. */
	struct inode *idle;
	struct dentry *idle_dentry;
	struct path idle_path;
	struct file idle_file;
	struct kiocb idle_kiocb;
};

/* The locks, in the order in which they are taken. */
enum breakfs_lock {
	NONE,
	NAMESPACE_SEM,
	OPEN_MUTEX,
	S_UMOUNT,
	F_POS_LOCK,
	I_RWSEM,
	INVALIDATE_LOCK,
	MMAP_LOCK,
	VMA_LOCK,
	/* Either of the two will do: one is held. */
	EITHER_MMAP_LOCK,
	EITHER_VMA_LOCK,
	FOLIO,
	OTHER_FOLIO,
	RCU_CALLBACK,
	RCU_READ_LOCK,
	RENAME_LOCK,
	D_LOCK,
	I_LOCK,
	FLC_LOCK,
	BLOCKED_LOCK_LOCK,
	SWAP_LOCK,
	LOCKS
};

/* ATOMIC is for a call with all locks, MISBEHAVING for one without those that are spun for. */
enum breakfs_how { FREE, SHARED, EXCL, ATOMIC, MISBEHAVING };

/* A lock that a callback is promised. */
struct breakfs_need {
	enum breakfs_lock lock;
	/* What has it, as the rules call it. */
	const char *object;
	/* SHARED or, where there is such a difference, EXCL. */
	enum breakfs_how how;
};

#define NEEDS 3

/* As the rules call them. */
extern const char * const breakfs_lock_names[LOCKS];

/* Finds the locks that no header declares: -ENOENT without CONFIG_KALLSYMS_ALL. */
int breakfs_find_locks(void);

/* Takes a lock in this mode, and lets go of it. */
void breakfs_take(struct breakfs *fs, const struct breakfs_need *need, enum breakfs_how how);
void breakfs_release(struct breakfs *fs, const struct breakfs_need *need, enum breakfs_how how);

struct breakfs_case {
	const char *name;
	const char *callback;
	void (*call)(struct breakfs *fs);
	struct breakfs_need needs[NEEDS];
	/* It is called with the idle inode, which is locked then. */
	bool idle;
};

/* A case calls a callback: this one does nothing then, which the kernel would wait for. */
extern bool breakfs_pretends;

/* A callback breaks its own side of a rule: it sleeps where it must not. */
extern bool breakfs_misbehaves;
void breakfs_misbehave(void);

extern const struct dentry_operations breakfs_dops;
extern const struct inode_operations breakfs_dir_iops;
extern const struct inode_operations breakfs_iops;
extern const struct file_operations breakfs_dir_fops;
extern const struct address_space_operations breakfs_aops;
extern const struct xattr_handler * const breakfs_xattrs[];
extern const struct file_lock_operations breakfs_fl_ops;
extern const struct lock_manager_operations breakfs_lm_ops;
extern const struct lease_manager_operations breakfs_lease_ops;
extern const struct vm_operations_struct breakfs_vm_ops;
extern const struct block_device_operations breakfs_disk_ops;

/* Ends with one that has no name. */
extern const struct breakfs_case breakfs_idle_cases[];
int breakfs_idle_make(struct breakfs *fs);
void breakfs_idle_remove(struct breakfs *fs);

/* Prints the cases: name, callback, object and lock of the rule that is broken, or "-". */
void breakfs_list(struct seq_file *seq);

/* Runs the case of that name, or all of a kind: kept, without, shared, atomic, misbehaving. */
int breakfs_run(struct breakfs *fs, const char *name);

#endif
