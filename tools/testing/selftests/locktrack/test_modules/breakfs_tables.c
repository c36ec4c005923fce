// SPDX-License-Identifier: GPL-2.0
/* The tables of breakfs.c whose callbacks the kernel itself hardly calls. */

#include <linux/dcache.h>

#include "breakfs.h"
#include "sleep.h"

void breakfs_misbehave(void)
{
	if (breakfs_misbehaves)
		sleep_once(1);
}

/* dentry_operations */

static int breakfs_d_revalidate(struct inode *dir, const struct qstr *name,
				struct dentry *dentry, unsigned int flags)
{
	return 1;
}

static int breakfs_d_delete(const struct dentry *dentry)
{
	breakfs_misbehave();
	return 0;
}

static void breakfs_d_prune(struct dentry *dentry)
{
	breakfs_misbehave();
}

static bool breakfs_d_unalias_trylock(const struct dentry *alias)
{
	breakfs_misbehave();
	return true;
}

static void breakfs_d_unalias_unlock(const struct dentry *alias)
{
	breakfs_misbehave();
}

/* The dentry has no flags that would let the kernel call them. */
const struct dentry_operations breakfs_dops = {
	.d_revalidate = breakfs_d_revalidate,
	.d_delete = breakfs_d_delete,
	.d_prune = breakfs_d_prune,
	.d_unalias_trylock = breakfs_d_unalias_trylock,
	.d_unalias_unlock = breakfs_d_unalias_unlock,
};

/* inode_operations */

static int breakfs_atomic_open(struct inode *dir, struct dentry *dentry, struct file *file,
			       unsigned int flags, umode_t mode)
{
	return -EOPNOTSUPP;
}

static int breakfs_fileattr_set(struct mnt_idmap *idmap, struct dentry *dentry,
				struct file_kattr *fa)
{
	return -EOPNOTSUPP;
}

const struct inode_operations breakfs_dir_iops = {
	.lookup = simple_lookup,
	.atomic_open = breakfs_atomic_open,
};

const struct inode_operations breakfs_iops = {
	.fileattr_set = breakfs_fileattr_set,
};

/* file_operations */

static int breakfs_iterate_shared(struct file *file, struct dir_context *ctx)
{
	return 0;
}

const struct file_operations breakfs_dir_fops = {
	.owner = THIS_MODULE,
	.iterate_shared = breakfs_iterate_shared,
};

/* address_space_operations */

static void unlock(struct folio *folio)
{
	clear_bit_unlock(PG_locked, folio_flags(folio, 0));
}

static int breakfs_read_folio(struct file *file, struct folio *folio)
{
	unlock(folio);
	return 0;
}

static void breakfs_readahead(struct readahead_control *rac)
{
}

static int breakfs_write_begin(const struct kiocb *iocb, struct address_space *mapping,
			       loff_t pos, unsigned int len, struct folio **foliop, void **fsdata)
{
	return -EIO;
}

static int breakfs_write_end(const struct kiocb *iocb, struct address_space *mapping,
			     loff_t pos, unsigned int len, unsigned int copied,
			     struct folio *folio, void *fsdata)
{
	unlock(folio);
	return copied;
}

static void breakfs_invalidate_folio(struct folio *folio, size_t offset, size_t len)
{
}

static bool breakfs_release_folio(struct folio *folio, gfp_t gfp)
{
	return true;
}

static void breakfs_free_folio(struct folio *folio)
{
	breakfs_misbehave();
	if (breakfs_misbehaves)
		unlock(folio);
}

static int breakfs_migrate_folio(struct address_space *mapping, struct folio *dst,
				 struct folio *src, enum migrate_mode mode)
{
	return 0;
}

static int breakfs_launder_folio(struct folio *folio)
{
	return 0;
}

static bool breakfs_is_partially_uptodate(struct folio *folio, size_t from, size_t count)
{
	return false;
}

static int breakfs_error_remove_folio(struct address_space *mapping, struct folio *folio)
{
	return 0;
}

const struct address_space_operations breakfs_aops = {
	.read_folio = breakfs_read_folio,
	.readahead = breakfs_readahead,
	.write_begin = breakfs_write_begin,
	.write_end = breakfs_write_end,
	.dirty_folio = noop_dirty_folio,
	.invalidate_folio = breakfs_invalidate_folio,
	.release_folio = breakfs_release_folio,
	.free_folio = breakfs_free_folio,
	.migrate_folio = breakfs_migrate_folio,
	.launder_folio = breakfs_launder_folio,
	.is_partially_uptodate = breakfs_is_partially_uptodate,
	.error_remove_folio = breakfs_error_remove_folio,
};

/* xattr_handler */

static int breakfs_xattr_set(const struct xattr_handler *handler, struct mnt_idmap *idmap,
			     struct dentry *dentry, struct inode *inode, const char *name,
			     const void *value, size_t size, int flags)
{
	return -EOPNOTSUPP;
}

static int breakfs_xattr_get(const struct xattr_handler *handler, struct dentry *dentry,
			     struct inode *inode, const char *name, void *buffer, size_t size)
{
	return -EOPNOTSUPP;
}

static bool breakfs_xattr_list(struct dentry *dentry)
{
	return false;
}

static const struct xattr_handler breakfs_xattr = {
	.prefix = XATTR_USER_PREFIX,
	.get = breakfs_xattr_get,
	.list = breakfs_xattr_list,
	.set = breakfs_xattr_set,
};

const struct xattr_handler * const breakfs_xattrs[] = { &breakfs_xattr, NULL };

/* File locks and leases. */

static void breakfs_fl_copy_lock(struct file_lock *new, struct file_lock *fl)
{
	breakfs_misbehave();
}

static void breakfs_fl_release_private(struct file_lock *fl)
{
}

static int breakfs_lm_grant(struct file_lock *fl, int result)
{
	breakfs_misbehave();
	return 0;
}

static void breakfs_lm_notify(struct file_lock *fl)
{
	breakfs_misbehave();
}

static bool breakfs_lm_lock_expirable(struct file_lock *fl)
{
	breakfs_misbehave();
	return false;
}

static void breakfs_lm_expire_lock(void)
{
	breakfs_misbehave();
}

static bool breakfs_lm_break(struct file_lease *fl)
{
	breakfs_misbehave();
	return false;
}

static int breakfs_lm_change(struct file_lease *fl, int arg, struct list_head *dispose)
{
	breakfs_misbehave();
	return 0;
}

static bool breakfs_lm_breaker_owns_lease(struct file_lease *fl)
{
	breakfs_misbehave();
	return false;
}

static int breakfs_lm_open_conflict(struct file *file, int arg)
{
	breakfs_misbehave();
	return 0;
}

static bool breakfs_lm_breaker_timedout(struct file_lease *fl)
{
	breakfs_misbehave();
	return false;
}

const struct file_lock_operations breakfs_fl_ops = {
	.fl_copy_lock = breakfs_fl_copy_lock,
	.fl_release_private = breakfs_fl_release_private,
};

const struct lock_manager_operations breakfs_lm_ops = {
	.lm_grant = breakfs_lm_grant,
	.lm_notify = breakfs_lm_notify,
	.lm_lock_expirable = breakfs_lm_lock_expirable,
	.lm_expire_lock = breakfs_lm_expire_lock,
};

const struct lease_manager_operations breakfs_lease_ops = {
	.lm_break = breakfs_lm_break,
	.lm_change = breakfs_lm_change,
	.lm_breaker_owns_lease = breakfs_lm_breaker_owns_lease,
	.lm_open_conflict = breakfs_lm_open_conflict,
	.lm_breaker_timedout = breakfs_lm_breaker_timedout,
};

/* vm_operations_struct */

static void breakfs_vm_open(struct vm_area_struct *vma)
{
}

static void breakfs_vm_close(struct vm_area_struct *vma)
{
}

static vm_fault_t breakfs_fault(struct vm_fault *vmf)
{
	return VM_FAULT_SIGBUS;
}

static vm_fault_t breakfs_huge_fault(struct vm_fault *vmf, unsigned int order)
{
	return VM_FAULT_FALLBACK;
}

static vm_fault_t breakfs_map_pages(struct vm_fault *vmf, pgoff_t start, pgoff_t end)
{
	breakfs_misbehave();
	return 0;
}

static vm_fault_t breakfs_page_mkwrite(struct vm_fault *vmf)
{
	return VM_FAULT_SIGBUS;
}

static vm_fault_t breakfs_pfn_mkwrite(struct vm_fault *vmf)
{
	return VM_FAULT_SIGBUS;
}

static int breakfs_vm_access(struct vm_area_struct *vma, unsigned long addr, void *buf,
			     int len, int write)
{
	return -EIO;
}

const struct vm_operations_struct breakfs_vm_ops = {
	.open = breakfs_vm_open,
	.close = breakfs_vm_close,
	.fault = breakfs_fault,
	.huge_fault = breakfs_huge_fault,
	.map_pages = breakfs_map_pages,
	.page_mkwrite = breakfs_page_mkwrite,
	.pfn_mkwrite = breakfs_pfn_mkwrite,
	.access = breakfs_vm_access,
};

/* block_device_operations */

static int breakfs_disk_open(struct gendisk *disk, blk_mode_t mode)
{
	return 0;
}

static void breakfs_disk_release(struct gendisk *disk)
{
}

static void breakfs_swap_slot_free_notify(struct block_device *bdev, unsigned long offset)
{
}

const struct block_device_operations breakfs_disk_ops = {
	.open = breakfs_disk_open,
	.release = breakfs_disk_release,
	.swap_slot_free_notify = breakfs_swap_slot_free_notify,
};
