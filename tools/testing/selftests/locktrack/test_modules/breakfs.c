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
 *	echo hold > run			# gives the inode locks and a name more, for the next attach
 *	echo sync_fs-without-sb > run	# one case
 *	echo via-table > run		# calls ->sync_fs() without its lock; so with via-direct and via-jump
 *	echo without > run		# all where a lock is missing; so with kept, shared,
 *					# atomic and misbehaving
 *
 * One can be mounted at a time.
 */

#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "breakfs.h"

#define NAME "locktrack_breakfs"

bool breakfs_pretends;
bool breakfs_misbehaves;

/* Protects the pointer, and keeps what is mounted from going while it is taken. */
static DEFINE_SPINLOCK(mounted_lock);
static struct breakfs *mounted;

/* Set as long as one is mounted or about to be. */
static atomic_t in_use;

/* super_operations, dquot_operations and file_system_type */

static void breakfs_free_inode(struct inode *inode)
{
	breakfs_misbehave();
	if (!breakfs_pretends)
		free_inode_nonrcu(inode);
}

static int breakfs_drop_inode(struct inode *inode)
{
	breakfs_misbehave();
	return 1;
}

static void breakfs_put_super(struct super_block *sb)
{
}

/*
 * Called as it stands: no clone of it, with its superblock, and nobody knows what it returns. clang has
 * no __noipa, and goes by what it sees here.
 */
static noinline __noipa int breakfs_sync_fs(struct super_block *sb, int wait)
{
	int ret = 0;

	barrier_data(sb);
	OPTIMIZER_HIDE_VAR(ret);
	return ret;
}

/* The compiler makes that a jump. */
static noinline __noipa int breakfs_sync(struct super_block *sb, int wait)
{
	barrier();
	return breakfs_sync_fs(sb, wait);
}

/* Calls ->sync_fs() without its lock, by the table or by a name. */
static noinline int breakfs_call_sync(struct super_block *sb, const char *via)
{
	int ret;

	if (!strcmp(via, "table"))
		ret = sb->s_op->sync_fs(sb, 0);
	else if (!strcmp(via, "direct"))
		ret = breakfs_sync_fs(sb, 0);
	else
		ret = breakfs_sync(sb, 0);
	/* The calls are no jumps. */
	barrier();
	return ret;
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
	fs->fc.ops = fc->ops;
	fs->fc.fs_type = fc->fs_type;
	fs->fc.root = sb->s_root;
	ret = breakfs_objects(fs);
	if (!ret)
		ret = breakfs_idle_make(fs);
	if (ret)
		return ret;
	spin_lock(&mounted_lock);
	mounted = fs;
	spin_unlock(&mounted_lock);
	return 0;
}

static int breakfs_get_tree(struct fs_context *fc)
{
	return breakfs_pretends ? 0 : get_tree_nodev(fc, breakfs_fill_super);
}

static int breakfs_reconfigure(struct fs_context *fc)
{
	return 0;
}

static const struct fs_context_operations breakfs_context_ops = {
	.get_tree = breakfs_get_tree,
	.reconfigure = breakfs_reconfigure,
};

static int breakfs_init_fs_context(struct fs_context *fc)
{
	fc->ops = &breakfs_context_ops;
	return 0;
}

static void breakfs_let_go(struct breakfs *fs)
{
	if (!fs->alias)
		return;
	fs->inode->i_flctx = NULL;
	dput(fs->alias);
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
		breakfs_idle_remove(fs);
		breakfs_let_go(fs);
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

/* Gives the inode locks that it has as long as it is mounted, and another name in front of the first. */
static int breakfs_hold(struct breakfs *fs)
{
	if (fs->alias)
		return 0;
	fs->alias = d_alloc_name(fs->sb->s_root, "alias");
	if (!fs->alias)
		return -ENOMEM;
	ihold(fs->inode);
	d_add(fs->alias, fs->inode);
	locks_init_lock(&fs->held);
	fs->held.c.flc_file = &fs->file;
	fs->held.fl_ops = &breakfs_fl_ops;
	fs->held.fl_lmops = &breakfs_lm_ops;
	locks_init_lease(&fs->held_lease);
	fs->held_lease.c.flc_file = &fs->file;
	fs->held_lease.fl_lmops = &breakfs_lease_ops;
	list_add(&fs->held.c.flc_list, &fs->ctx.flc_posix);
	list_add(&fs->held_lease.c.flc_list, &fs->ctx.flc_lease);
	smp_store_release(&fs->inode->i_flctx, &fs->ctx);
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
	if (!strcmp(name, "announce"))
		ret = breakfs_announce(fs);
	else if (!strcmp(name, "hold"))
		ret = breakfs_hold(fs);
	else if (!strncmp(name, "via-", 4))
		ret = breakfs_call_sync(fs->sb, name + 4);
	else
		ret = breakfs_run(fs, name);
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
	int ret = breakfs_find_locks() ?: register_filesystem(&breakfs_type);

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
