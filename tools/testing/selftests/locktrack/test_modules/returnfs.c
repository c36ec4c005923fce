// SPDX-License-Identifier: GPL-2.0
/* The filesystem of locktrack_return.ko: its callbacks, which do as they should but in one case. */

#include <linux/fs_context.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/namei.h>
#include <linux/pagemap.h>
#include <linux/preempt.h>
#include <linux/sched.h>

#include "returnfs.h"
#include "sleep.h"

#define MAGIC 0x6c747274

unsigned int returnfs_sleep_ms = 1;

/* The case that is tried; its callback looks here. */
static const struct test_case *current_case;

bool returnfs_breaks(const char *name)
{
	return current_case && !strcmp(current_case->name, name);
}

int returnfs_call(struct call *call, bool keep)
{
	const struct test_case *test = call->test;
	int ret;

	if (keep)
		return test->keep ? test->keep(call) : test->call(call);
	current_case = test;
	ret = test->call(call);
	current_case = NULL;
	return ret;
}

static void sleep_if(const char *name)
{
	if (returnfs_breaks(name))
		sleep_once(READ_ONCE(returnfs_sleep_ms));
}

static void unlock_if(const char *name, struct folio *folio)
{
	if (returnfs_breaks(name))
		folio_unlock(folio);
}

static int ret_read_folio(struct file *file, struct folio *folio)
{
	if (returnfs_breaks("read_folio"))
		return -EIO;
	folio_zero_range(folio, 0, folio_size(folio));
	folio_mark_uptodate(folio);
	folio_unlock(folio);
	return 0;
}

static int ret_write_begin(const struct kiocb *iocb, struct address_space *mapping, loff_t pos,
			   unsigned int len, struct folio **foliop, void **fsdata)
{
	struct folio *folio;

	folio = __filemap_get_folio(mapping, pos >> PAGE_SHIFT, FGP_WRITEBEGIN,
				    mapping_gfp_mask(mapping));
	if (IS_ERR(folio))
		return PTR_ERR(folio);
	if (!folio_test_uptodate(folio)) {
		folio_zero_range(folio, 0, folio_size(folio));
		folio_mark_uptodate(folio);
	}
	*foliop = folio;
	unlock_if("write_begin", folio);
	return 0;
}

static int ret_write_end(const struct kiocb *iocb, struct address_space *mapping, loff_t pos,
			 unsigned int len, unsigned int copied, struct folio *folio, void *fsdata)
{
	if (pos + copied > i_size_read(mapping->host))
		i_size_write(mapping->host, pos + copied);
	folio_mark_dirty(folio);
	if (!returnfs_breaks("write_end"))
		folio_unlock(folio);
	folio_put(folio);
	return copied;
}

static bool ret_dirty_folio(struct address_space *mapping, struct folio *folio)
{
	sleep_if("dirty_folio");
	return noop_dirty_folio(mapping, folio);
}

static void ret_invalidate_folio(struct folio *folio, size_t offset, size_t len)
{
	unlock_if("invalidate_folio", folio);
}

static bool ret_release_folio(struct folio *folio, gfp_t gfp)
{
	unlock_if("release_folio", folio);
	return true;
}

static int ret_migrate_folio(struct address_space *mapping, struct folio *dst, struct folio *src,
			     enum migrate_mode mode)
{
	unlock_if("migrate_folio-dst", dst);
	unlock_if("migrate_folio-src", src);
	return -EAGAIN;
}

static int ret_launder_folio(struct folio *folio)
{
	unlock_if("launder_folio", folio);
	return 0;
}

static bool ret_is_partially_uptodate(struct folio *folio, size_t from, size_t count)
{
	unlock_if("is_partially_uptodate", folio);
	return false;
}

static int ret_error_remove_folio(struct address_space *mapping, struct folio *folio)
{
	unlock_if("error_remove_folio", folio);
	return -EIO;
}

static const struct address_space_operations ret_aops = {
	.read_folio = ret_read_folio,
	.write_begin = ret_write_begin,
	.write_end = ret_write_end,
	.dirty_folio = ret_dirty_folio,
	.invalidate_folio = ret_invalidate_folio,
	.release_folio = ret_release_folio,
	.migrate_folio = ret_migrate_folio,
	.launder_folio = ret_launder_folio,
	.is_partially_uptodate = ret_is_partially_uptodate,
	.error_remove_folio = ret_error_remove_folio,
};

/* Two callbacks of one table. */
static noinline long ret_shared(struct folio *folio)
{
	unlock_if("shared-folio", folio);
	return 0;
}

static const struct address_space_operations ret_shared_aops = {
	.launder_folio = (void *)ret_shared,
	.is_partially_uptodate = (void *)ret_shared,
};

static vm_fault_t ret_fault(struct vm_fault *vmf)
{
	vm_fault_t ret = filemap_fault(vmf);

	if (ret & VM_FAULT_LOCKED && returnfs_breaks("fault"))
		unlock_page(vmf->page);
	return ret;
}

static vm_fault_t ret_map_pages(struct vm_fault *vmf, pgoff_t start, pgoff_t end)
{
	sleep_if("map_pages");
	return 0;
}

static vm_fault_t ret_page_mkwrite(struct vm_fault *vmf)
{
	lock_page(vmf->page);
	if (returnfs_breaks("page_mkwrite"))
		unlock_page(vmf->page);
	return VM_FAULT_LOCKED;
}

static const struct vm_operations_struct ret_vm_ops = {
	.fault = ret_fault,
	.map_pages = ret_map_pages,
	.page_mkwrite = ret_page_mkwrite,
};

static int ret_mmap(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_ops = &ret_vm_ops;
	return 0;
}

static const struct file_operations ret_file_operations = {
	.read_iter = generic_file_read_iter,
	.write_iter = generic_file_write_iter,
	.mmap = ret_mmap,
	.llseek = generic_file_llseek,
};

static int ret_permission(struct mnt_idmap *idmap, struct inode *inode, int mask)
{
	sleep_if("permission");
	return generic_permission(idmap, inode, mask);
}

static int ret_getattr(struct mnt_idmap *idmap, const struct path *path, struct kstat *stat,
		       u32 request_mask, unsigned int query_flags)
{
	generic_fillattr(idmap, request_mask, d_inode(path->dentry), stat);
	return 0;
}

static const struct inode_operations ret_dir_inode_operations = {
	.lookup = simple_lookup,
	.permission = ret_permission,
};

static const struct inode_operations ret_inode_operations = {
	.permission = ret_permission,
	.getattr = ret_getattr,
	.setattr = simple_setattr,
};

static int ret_d_revalidate(struct inode *dir, const struct qstr *name, struct dentry *dentry,
			    unsigned int flags)
{
	if (flags & LOOKUP_RCU)
		sleep_if("d_revalidate");
	else
		sleep_if("d_revalidate-allowed");
	return 1;
}

static int ret_d_hash(const struct dentry *dentry, struct qstr *name)
{
	sleep_if("d_hash");
	return 0;
}

static int ret_d_compare(const struct dentry *dentry, unsigned int len, const char *str,
			 const struct qstr *name)
{
	sleep_if("d_compare");
	return len != name->len || memcmp(str, name->name, len);
}

static void ret_d_prune(struct dentry *dentry)
{
	sleep_if("d_prune");
	sleep_if("d_delete-nested");
}

/* Until somebody else had the CPU. */
static int be_preempted(void)
{
	unsigned long end = jiffies + HZ;
	unsigned long before = current->nivcsw;

	while (READ_ONCE(current->nivcsw) == before && time_before(jiffies, end))
		cond_resched();
	return current->nivcsw == before ? -ETIME : 0;
}

static int ret_d_delete(const struct dentry *dentry)
{
	int ret = 0;

	sleep_if("d_delete");
	if (returnfs_breaks("d_delete-twice")) {
		sleep_once(1);
		sleep_once(1);
	}
	if (returnfs_breaks("d_delete-nested"))
		dentry->d_op->d_prune((struct dentry *)dentry);
	if (returnfs_breaks("d_delete-atomic")) {
		preempt_enable();
		sleep_once(1);
		preempt_disable();
	}
	if (returnfs_breaks("d_delete-preempted") || returnfs_breaks("d_delete-only_preempted"))
		ret = be_preempted();
	sleep_if("d_delete-preempted");
	return ret;
}

static char *ret_d_dname(struct dentry *dentry, char *buffer, int length)
{
	sleep_if("d_dname");
	return ERR_PTR(-ENAMETOOLONG);
}

static int ret_d_manage(const struct path *path, bool rcu_walk)
{
	sleep_if("d_manage");
	return 0;
}

static bool ret_d_unalias_trylock(const struct dentry *dentry)
{
	sleep_if("d_unalias_trylock");
	return true;
}

static void ret_d_unalias_unlock(const struct dentry *dentry)
{
	sleep_if("d_unalias_unlock");
}

static const struct dentry_operations ret_dentry_operations = {
	.d_revalidate = ret_d_revalidate,
	.d_hash = ret_d_hash,
	.d_compare = ret_d_compare,
	.d_delete = ret_d_delete,
	.d_prune = ret_d_prune,
	.d_dname = ret_d_dname,
	.d_manage = ret_d_manage,
	.d_unalias_trylock = ret_d_unalias_trylock,
	.d_unalias_unlock = ret_d_unalias_unlock,
};

static int ret_drop_inode(struct inode *inode)
{
	sleep_if("drop_inode");
	return inode_just_drop(inode);
}

static void ret_free_inode(struct inode *inode)
{
	if (returnfs_breaks("free_inode"))
		sleep_once(1);
	else
		free_inode_nonrcu(inode);
}

static const struct super_operations ret_super_operations = {
	.statfs = simple_statfs,
	.drop_inode = ret_drop_inode,
	.free_inode = ret_free_inode,
};

static struct inode *ret_inode(struct super_block *sb, umode_t mode)
{
	struct inode *inode = new_inode(sb);

	if (!inode)
		return NULL;
	inode->i_ino = get_next_ino();
	inode->i_mode = mode;
	simple_inode_init_ts(inode);
	return inode;
}

static bool ret_file(struct super_block *sb, const char *name,
			      const struct address_space_operations *aops)
{
	struct dentry *dentry = d_alloc_name(sb->s_root, name);
	struct inode *inode = ret_inode(sb, S_IFREG | 0644);

	if (!dentry || !inode) {
		iput(inode);
		dput(dentry);
		return false;
	}
	inode->i_op = &ret_inode_operations;
	inode->i_fop = &ret_file_operations;
	inode->i_mapping->a_ops = aops;
	i_size_write(inode, PAGE_SIZE);
	d_make_persistent(dentry, inode);
	dput(dentry);
	return true;
}

static int ret_fill_super(struct super_block *sb, struct fs_context *fc)
{
	struct inode *inode;

	sb->s_maxbytes = MAX_LFS_FILESIZE;
	sb->s_blocksize = PAGE_SIZE;
	sb->s_blocksize_bits = PAGE_SHIFT;
	sb->s_magic = MAGIC;
	sb->s_op = &ret_super_operations;
	sb->s_time_gran = 1;
	set_default_d_op(sb, &ret_dentry_operations);

	inode = ret_inode(sb, S_IFDIR | 0755);
	if (!inode)
		return -ENOMEM;
	inode->i_op = &ret_dir_inode_operations;
	inode->i_fop = &simple_dir_operations;
	sb->s_root = d_make_root(inode);
	if (!sb->s_root)
		return -ENOMEM;

	if (!ret_file(sb, "file", &ret_aops) || !ret_file(sb, "shared", &ret_shared_aops))
		return -ENOMEM;
	return 0;
}

static int ret_get_tree(struct fs_context *fc)
{
	int ret = get_tree_nodev(fc, ret_fill_super);

	if (!ret && returnfs_breaks("get_tree"))
		up_write(&fc->root->d_sb->s_umount);
	return ret;
}

static const struct fs_context_operations ret_context_operations = {
	.get_tree = ret_get_tree,
};

static int ret_init_fs_context(struct fs_context *fc)
{
	fc->ops = &ret_context_operations;
	return 0;
}

static void ret_kill_sb(struct super_block *sb)
{
	if (!returnfs_breaks("kill_sb"))
		kill_anon_super(sb);
}

struct file_system_type returnfs_type = {
	.owner = THIS_MODULE,
	.name = "locktrack_return",
	.init_fs_context = ret_init_fs_context,
	.kill_sb = ret_kill_sb,
};
