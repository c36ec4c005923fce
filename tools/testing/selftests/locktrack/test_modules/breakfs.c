// SPDX-License-Identifier: GPL-2.0
/*
 * A filesystem with every table of callbacks, none of which does anything, so that
 * each rule about each of them can be kept and broken without harm:
 *
 *	insmod locktrack_breakfs.ko
 *	mount -t locktrack_breakfs none /mnt
 *	echo locktrack_breakfs > /sys/kernel/debug/locktrack/attach
 *	cat /sys/kernel/debug/locktrack_breakfs
 *	cd /sys/module/locktrack_breakfs/parameters
 *	echo announce > run		# shows locktrack the tables that no inode leads to
 *	echo sync_fs-without-sb > run	# one case
 *	echo without > run		# all where a lock is missing; so with kept and shared
 *
 * One can be mounted at a time.
 */

#include <linux/debugfs.h>
#include <linux/fs_context.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "breakfs.h"

#define NAME "locktrack_breakfs"

bool breakfs_pretends;

/* Protects the pointer, and keeps what is mounted from going while it is taken. */
static DEFINE_SPINLOCK(mounted_lock);
static struct breakfs *mounted;

/* Set as long as one is mounted or about to be. */
static atomic_t in_use;

/* dentry_operations */

static int breakfs_d_revalidate(struct inode *dir, const struct qstr *name,
				struct dentry *dentry, unsigned int flags)
{
	return 1;
}

static int breakfs_d_delete(const struct dentry *dentry)
{
	return 0;
}

static void breakfs_d_prune(struct dentry *dentry)
{
}

static bool breakfs_d_unalias_trylock(const struct dentry *alias)
{
	return true;
}

static void breakfs_d_unalias_unlock(const struct dentry *alias)
{
}

/* The dentry has no flags that would let the kernel call them. */
static const struct dentry_operations breakfs_dops = {
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

static const struct inode_operations breakfs_dir_iops = {
	.lookup = simple_lookup,
	.atomic_open = breakfs_atomic_open,
};

static const struct inode_operations breakfs_iops = {
	.fileattr_set = breakfs_fileattr_set,
};

/* file_operations */

static int breakfs_iterate_shared(struct file *file, struct dir_context *ctx)
{
	return 0;
}

static const struct file_operations breakfs_dir_fops = {
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

static const struct address_space_operations breakfs_aops = {
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

static const struct xattr_handler breakfs_xattr = {
	.prefix = XATTR_USER_PREFIX,
	.set = breakfs_xattr_set,
};

static const struct xattr_handler * const breakfs_xattrs[] = { &breakfs_xattr, NULL };

/* File locks and leases. */

static void breakfs_fl_copy_lock(struct file_lock *new, struct file_lock *fl)
{
}

static void breakfs_lm_notify(struct file_lock *fl)
{
}

static bool breakfs_lm_lock_expirable(struct file_lock *fl)
{
	return false;
}

static void breakfs_lm_expire_lock(void)
{
}

static bool breakfs_lm_break(struct file_lease *fl)
{
	return false;
}

static int breakfs_lm_change(struct file_lease *fl, int arg, struct list_head *dispose)
{
	return 0;
}

static bool breakfs_lm_breaker_owns_lease(struct file_lease *fl)
{
	return false;
}

static int breakfs_lm_open_conflict(struct file *file, int arg)
{
	return 0;
}

static bool breakfs_lm_breaker_timedout(struct file_lease *fl)
{
	return false;
}

static const struct file_lock_operations breakfs_fl_ops = {
	.fl_copy_lock = breakfs_fl_copy_lock,
};

static const struct lock_manager_operations breakfs_lm_ops = {
	.lm_notify = breakfs_lm_notify,
	.lm_lock_expirable = breakfs_lm_lock_expirable,
	.lm_expire_lock = breakfs_lm_expire_lock,
};

static const struct lease_manager_operations breakfs_lease_ops = {
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
	return 0;
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

static const struct vm_operations_struct breakfs_vm_ops = {
	.open = breakfs_vm_open,
	.close = breakfs_vm_close,
	.fault = breakfs_fault,
	.huge_fault = breakfs_huge_fault,
	.map_pages = breakfs_map_pages,
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

static const struct block_device_operations breakfs_disk_ops = {
	.open = breakfs_disk_open,
	.release = breakfs_disk_release,
	.swap_slot_free_notify = breakfs_swap_slot_free_notify,
};

/* super_operations, dquot_operations and file_system_type */

static void breakfs_free_inode(struct inode *inode)
{
	if (!breakfs_pretends)
		free_inode_nonrcu(inode);
}

static int breakfs_drop_inode(struct inode *inode)
{
	return 1;
}

static void breakfs_put_super(struct super_block *sb)
{
}

static int breakfs_sync_fs(struct super_block *sb, int wait)
{
	return 0;
}

static int breakfs_freeze_fs(struct super_block *sb)
{
	return 0;
}

static int breakfs_unfreeze_fs(struct super_block *sb)
{
	return 0;
}

static int breakfs_show_options(struct seq_file *seq, struct dentry *dentry)
{
	return 0;
}

static const struct super_operations breakfs_sops = {
	.free_inode = breakfs_free_inode,
	.drop_inode = breakfs_drop_inode,
	.put_super = breakfs_put_super,
	.sync_fs = breakfs_sync_fs,
	.freeze_fs = breakfs_freeze_fs,
	.unfreeze_fs = breakfs_unfreeze_fs,
	.statfs = simple_statfs,
	.show_options = breakfs_show_options,
};

#ifdef CONFIG_QUOTA
static int breakfs_write_info(struct super_block *sb, int type)
{
	return 0;
}

static const struct dquot_operations breakfs_dq_ops = {
	.write_info = breakfs_write_info,
};
#endif

static struct inode *breakfs_inode(struct super_block *sb, umode_t mode)
{
	struct inode *inode = new_inode(sb);

	if (!inode)
		return NULL;
	inode->i_ino = get_next_ino();
	inode->i_mode = mode;
	simple_inode_init_ts(inode);
	inode->i_op = &breakfs_iops;
	inode->i_mapping->a_ops = &breakfs_aops;
	return inode;
}

/* Makes the objects that no superblock has by itself. */
static int breakfs_objects(struct breakfs *fs)
{
	struct rb_root_cached *mappings = &fs->inode->i_mapping->i_mmap;
	const struct vm_fault vmf = { .vma = &fs->vma };

	fs->mm = kzalloc(sizeof(*fs->mm), GFP_KERNEL);
	if (!fs->mm)
		return -ENOMEM;
	init_rwsem(&fs->mm->mmap_lock);
	fs->folio.mapping = fs->inode->i_mapping;
	fs->other.mapping = fs->inode->i_mapping;
	fs->rac.mapping = fs->inode->i_mapping;

	fs->file.f_inode = fs->inode;
	fs->file.f_mapping = fs->inode->i_mapping;
	fs->file.f_op = &breakfs_dir_fops;
	mutex_init(&fs->file.f_pos_lock);

	locks_init_lock(&fs->lock);
	fs->lock.c.flc_file = &fs->file;
	fs->lock.c.flc_type = F_UNLCK;
	fs->lock.c.flc_flags = FL_POSIX;
	fs->lock.fl_ops = &breakfs_fl_ops;
	fs->lock.fl_lmops = &breakfs_lm_ops;
	locks_init_lease(&fs->lease);
	fs->lease.c.flc_file = &fs->file;
	fs->lease.fl_lmops = &breakfs_lease_ops;
	spin_lock_init(&fs->ctx.flc_lock);
	INIT_LIST_HEAD(&fs->ctx.flc_flock);
	INIT_LIST_HEAD(&fs->ctx.flc_posix);
	INIT_LIST_HEAD(&fs->ctx.flc_lease);

	fs->vma.vm_mm = fs->mm;
	fs->vma.vm_ops = &breakfs_vm_ops;
	fs->vma.vm_file = &fs->file;
#ifdef CONFIG_PER_VMA_LOCK
	vma_lock_init(&fs->vma, true);
	refcount_set(&fs->vma.vm_refcnt, 1);
#endif
	memcpy(&fs->vmf, &vmf, sizeof(vmf));
	rb_link_node(&fs->vma.shared.rb, NULL, &mappings->rb_root.rb_node);
	rb_insert_color_cached(&fs->vma.shared.rb, mappings, true);

	fs->disk.fops = &breakfs_disk_ops;
	mutex_init(&fs->disk.open_mutex);
	fs->bdev.bd_disk = &fs->disk;
	return 0;
}

static int breakfs_fill_super(struct super_block *sb, struct fs_context *fc)
{
	struct breakfs *fs;

	int ret;

	if (atomic_cmpxchg(&in_use, 0, 1))
		return -EBUSY;
	fs = kzalloc(sizeof(*fs), GFP_KERNEL);
	if (!fs) {
		atomic_set(&in_use, 0);
		return -ENOMEM;
	}
	sb->s_fs_info = fs;
	fs->sb = sb;
	sb->s_op = &breakfs_sops;
	sb->s_xattr = breakfs_xattrs;
#ifdef CONFIG_QUOTA
	sb->dq_op = &breakfs_dq_ops;
#endif
	fs->dir = breakfs_inode(sb, S_IFDIR | 0700);
	if (!fs->dir)
		return -ENOMEM;
	fs->dir->i_op = &breakfs_dir_iops;
	fs->dir->i_fop = &breakfs_dir_fops;
	sb->s_root = d_make_root(fs->dir);
	if (!sb->s_root)
		return -ENOMEM;
	fs->inode = breakfs_inode(sb, S_IFREG | 0600);
	if (!fs->inode)
		return -ENOMEM;
	fs->dentry = d_alloc_name(sb->s_root, "file");
	if (!fs->dentry) {
		iput(fs->inode);
		return -ENOMEM;
	}
	fs->dentry->d_op = &breakfs_dops;
	d_add(fs->dentry, fs->inode);
	ret = breakfs_objects(fs);
	if (ret)
		return ret;
	spin_lock(&mounted_lock);
	mounted = fs;
	spin_unlock(&mounted_lock);
	return 0;
}

static int breakfs_get_tree(struct fs_context *fc)
{
	return get_tree_nodev(fc, breakfs_fill_super);
}

static const struct fs_context_operations breakfs_context_ops = {
	.get_tree = breakfs_get_tree,
};

static int breakfs_init_fs_context(struct fs_context *fc)
{
	fc->ops = &breakfs_context_ops;
	return 0;
}

static void breakfs_kill_sb(struct super_block *sb)
{
	struct breakfs *fs = sb->s_fs_info;

	if (breakfs_pretends) {
		/* It lets go of s_umount, if that is held for writing as it has to be. */
		if (down_read_trylock(&sb->s_umount))
			up_read(&sb->s_umount);
		else
			up_write(&sb->s_umount);
		return;
	}
	if (fs) {
		spin_lock(&mounted_lock);
		mounted = NULL;
		spin_unlock(&mounted_lock);
		if (fs->mm)
			rb_erase_cached(&fs->vma.shared.rb, &fs->inode->i_mapping->i_mmap);
		dput(fs->dentry);
	}
	kill_anon_super(sb);
	if (fs) {
		kfree(fs->mm);
		kfree(fs);
		atomic_set(&in_use, 0);
	}
}

static struct file_system_type breakfs_type = {
	.owner = THIS_MODULE,
	.name = NAME,
	.init_fs_context = breakfs_init_fs_context,
	.kill_sb = breakfs_kill_sb,
};

/*
 * Calls what locktrack watches with the objects that no inode leads to. The calls
 * themselves do nothing: there is no lock and no lease.
 */
static int breakfs_announce(struct breakfs *fs)
{
	struct file_lease *lease = &fs->lease;
	struct dentry *dentry;
	void *priv = NULL;
	int ret;

	ret = posix_lock_file(&fs->file, &fs->lock, NULL);
	if (ret)
		return ret;
	generic_setlease(&fs->file, F_UNLCK, &lease, &priv);
	ihold(fs->inode);
	fs->sb->s_bdev = &fs->bdev;
	dentry = d_obtain_root(fs->inode);
	fs->sb->s_bdev = NULL;
	if (IS_ERR(dentry))
		return PTR_ERR(dentry);
	dput(dentry);
	return 0;
}

/* Returns what is mounted, which stays until deactivate_super(). */
static struct breakfs *breakfs_get(void)
{
	struct breakfs *fs;

	spin_lock(&mounted_lock);
	fs = mounted;
	if (fs && !atomic_inc_not_zero(&fs->sb->s_active))
		fs = NULL;
	spin_unlock(&mounted_lock);
	return fs;
}

static int run_set(const char *value, const struct kernel_param *kp)
{
	static DEFINE_MUTEX(lock);
	struct breakfs *fs;
	char *text, *name;
	int ret;

	text = kstrdup(value, GFP_KERNEL);
	if (!text)
		return -ENOMEM;
	name = strim(text);
	fs = breakfs_get();
	if (!fs) {
		kfree(text);
		return -ENODEV;
	}
	mutex_lock(&lock);
	ret = strcmp(name, "announce") ? breakfs_run(fs, name) : breakfs_announce(fs);
	mutex_unlock(&lock);
	deactivate_super(fs->sb);
	kfree(text);
	return ret;
}

static const struct kernel_param_ops run_ops = {
	.set = run_set,
};

module_param_cb(run, &run_ops, NULL, 0200);
MODULE_PARM_DESC(run, "CASE: call a callback of the mounted filesystem so");

/* The cases: more than a parameter can show. */
static int cases_show(struct seq_file *seq, void *v)
{
	breakfs_list(seq);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(cases);

static struct dentry *cases_file;

static int __init breakfs_init(void)
{
	int ret = register_filesystem(&breakfs_type);

	if (!ret)
		cases_file = debugfs_create_file(NAME, 0400, NULL, NULL, &cases_fops);
	return ret;
}
module_init(breakfs_init);

static void __exit breakfs_exit(void)
{
	debugfs_remove(cases_file);
	unregister_filesystem(&breakfs_type);
	/* Inodes are freed by RCU, by a function that is here. */
	rcu_barrier();
}
module_exit(breakfs_exit);

MODULE_ALIAS_FS(NAME);
MODULE_AUTHOR("The samplefs and locktrack authors");
MODULE_DESCRIPTION("A filesystem whose callbacks are called with and without their locks");
MODULE_LICENSE("GPL");
