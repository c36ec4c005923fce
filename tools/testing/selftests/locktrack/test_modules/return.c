// SPDX-License-Identifier: GPL-2.0
/*
 * A filesystem whose callbacks break their own side of a rule: they return with the
 * wrong lock, or sleep where they must not. And a caller that comes where a callback
 * must not sleep.
 *
 *	insmod locktrack_return.ko
 *	mount -t locktrack_return none /mnt
 *	cd /sys/module/locktrack_return/parameters
 *	cat run					# the cases
 *	echo "write_end /mnt" > run		# the mounted directory
 *	echo "keep-write_end /mnt" > run	# the same call, with the rule kept
 *
 * Each case calls one callback of the one file, directly, and undoes afterwards what the
 * callback did wrong, so that it harms nobody. Otherwise the callbacks do as they should.
 */

#include <linux/delay.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/fs_context.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/namei.h>
#include <linux/pagemap.h>
#include <linux/slab.h>

#define MAGIC 0x6c747274

struct test_case;

/* What a case works with. */
struct call {
	const struct test_case *test;
	struct path path;
	struct inode *inode;
};

struct test_case {
	const char *name;
	/* What locktrack has to report. */
	const char *callback;
	const char *object;
	const char *lock;
	int (*call)(struct call *call);
	/* The call that keeps the rule, if it is another one. */
	int (*keep)(struct call *call);
};

/* The case that is tried; its callback looks here. */
static const struct test_case *current_case;
static DEFINE_MUTEX(current_lock);

static bool breaks(const char *name)
{
	return current_case && !strcmp(current_case->name, name);
}

/* The callbacks. */

static void sleep_if(const char *name)
{
	if (breaks(name))
		msleep(1);
}

static void unlock_if(const char *name, struct folio *folio)
{
	if (breaks(name))
		folio_unlock(folio);
}

static int ret_read_folio(struct file *file, struct folio *folio)
{
	if (breaks("read_folio"))
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
	if (!breaks("write_end"))
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

static vm_fault_t ret_fault(struct vm_fault *vmf)
{
	vm_fault_t ret = filemap_fault(vmf);

	if (ret & VM_FAULT_LOCKED && breaks("fault"))
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
	if (breaks("page_mkwrite"))
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

static int ret_d_delete(const struct dentry *dentry)
{
	sleep_if("d_delete");
	return 0;
}

static void ret_d_prune(struct dentry *dentry)
{
	sleep_if("d_prune");
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
	if (breaks("free_inode"))
		msleep(1);
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

static int ret_fill_super(struct super_block *sb, struct fs_context *fc)
{
	struct dentry *dentry;
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

	dentry = d_alloc_name(sb->s_root, "file");
	inode = ret_inode(sb, S_IFREG | 0644);
	if (!dentry || !inode) {
		iput(inode);
		dput(dentry);
		return -ENOMEM;
	}
	inode->i_op = &ret_inode_operations;
	inode->i_fop = &ret_file_operations;
	inode->i_mapping->a_ops = &ret_aops;
	i_size_write(inode, PAGE_SIZE);
	d_make_persistent(dentry, inode);
	dput(dentry);
	return 0;
}

static int ret_get_tree(struct fs_context *fc)
{
	int ret = get_tree_nodev(fc, ret_fill_super);

	if (!ret && breaks("get_tree"))
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
	if (!breaks("kill_sb"))
		kill_anon_super(sb);
}

static struct file_system_type ret_type = {
	.owner = THIS_MODULE,
	.name = "locktrack_return",
	.init_fs_context = ret_init_fs_context,
	.kill_sb = ret_kill_sb,
};

/* The calls. */

static int with_folio(struct call *call, int (*callback)(struct call *call, struct folio *folio))
{
	struct folio *folio;
	int ret;

	folio = __filemap_get_folio(call->inode->i_mapping, 0, FGP_LOCK | FGP_CREAT, GFP_KERNEL);
	if (IS_ERR(folio))
		return PTR_ERR(folio);
	ret = callback(call, folio);
	if (folio_test_locked(folio))
		folio_unlock(folio);
	folio_put(folio);
	return ret;
}

static int read_folio(struct call *call, struct folio *folio)
{
	call->inode->i_mapping->a_ops->read_folio(NULL, folio);
	return 0;
}

static int call_read_folio(struct call *call)
{
	return with_folio(call, read_folio);
}

static int call_write_begin(struct call *call)
{
	struct address_space *mapping = call->inode->i_mapping;
	struct folio *folio;
	void *fsdata;
	int ret;

	inode_lock(call->inode);
	ret = mapping->a_ops->write_begin(NULL, mapping, 0, 1, &folio, &fsdata);
	if (!ret) {
		if (folio_test_locked(folio))
			folio_unlock(folio);
		folio_put(folio);
	}
	inode_unlock(call->inode);
	return ret;
}

static int write_end(struct call *call, struct folio *folio)
{
	struct address_space *mapping = call->inode->i_mapping;

	/* For the callback, which puts one. */
	folio_get(folio);
	mapping->a_ops->write_end(NULL, mapping, 0, 1, 1, folio, NULL);
	return 0;
}

static int call_write_end(struct call *call)
{
	int ret;

	inode_lock(call->inode);
	ret = with_folio(call, write_end);
	inode_unlock(call->inode);
	return ret;
}

static int dirty_folio(struct call *call, struct folio *folio)
{
	call->inode->i_mapping->a_ops->dirty_folio(call->inode->i_mapping, folio);
	return 0;
}

static int call_dirty_folio(struct call *call)
{
	return with_folio(call, dirty_folio);
}

static int invalidate_folio(struct call *call, struct folio *folio)
{
	call->inode->i_mapping->a_ops->invalidate_folio(folio, 0, folio_size(folio));
	return 0;
}

static int call_invalidate_folio(struct call *call)
{
	int ret;

	filemap_invalidate_lock(call->inode->i_mapping);
	ret = with_folio(call, invalidate_folio);
	filemap_invalidate_unlock(call->inode->i_mapping);
	return ret;
}

static int release_folio(struct call *call, struct folio *folio)
{
	call->inode->i_mapping->a_ops->release_folio(folio, GFP_KERNEL);
	return 0;
}

static int call_release_folio(struct call *call)
{
	return with_folio(call, release_folio);
}

static int migrate_folio(struct call *call, struct folio *folio)
{
	struct address_space *mapping = call->inode->i_mapping;
	struct folio *dst = folio_alloc(GFP_KERNEL, 0);

	if (!dst)
		return -ENOMEM;
	folio_lock(dst);
	mapping->a_ops->migrate_folio(mapping, dst, folio, MIGRATE_SYNC);
	if (folio_test_locked(dst))
		folio_unlock(dst);
	folio_put(dst);
	return 0;
}

static int call_migrate_folio(struct call *call)
{
	return with_folio(call, migrate_folio);
}

static int launder_folio(struct call *call, struct folio *folio)
{
	return call->inode->i_mapping->a_ops->launder_folio(folio);
}

static int call_launder_folio(struct call *call)
{
	return with_folio(call, launder_folio);
}

static int is_partially_uptodate(struct call *call, struct folio *folio)
{
	call->inode->i_mapping->a_ops->is_partially_uptodate(folio, 0, 1);
	return 0;
}

static int call_is_partially_uptodate(struct call *call)
{
	return with_folio(call, is_partially_uptodate);
}

static int error_remove_folio(struct call *call, struct folio *folio)
{
	call->inode->i_mapping->a_ops->error_remove_folio(call->inode->i_mapping, folio);
	return 0;
}

static int call_error_remove_folio(struct call *call)
{
	return with_folio(call, error_remove_folio);
}

/* Maps the file, and calls a callback of the mapping as a fault does. */
static int with_vma(struct call *call, void (*callback)(struct vm_fault *vmf))
{
	struct vm_area_struct *vma;
	struct file *file;
	unsigned long addr;

	file = dentry_open(&call->path, O_RDWR, current_cred());
	if (IS_ERR(file))
		return PTR_ERR(file);
	addr = vm_mmap(file, 0, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, 0);
	fput(file);
	if (IS_ERR_VALUE(addr))
		return addr;
	if (callback) {
		mmap_read_lock(current->mm);
		vma = vma_lookup(current->mm, addr);
		if (vma) {
			struct vm_fault vmf = {
				.vma = vma,
				.gfp_mask = GFP_KERNEL,
				.address = addr,
				.real_address = addr,
			};

			callback(&vmf);
		}
		mmap_read_unlock(current->mm);
	}
	vm_munmap(addr, PAGE_SIZE);
	return 0;
}

static void fault(struct vm_fault *vmf)
{
	vm_fault_t ret = vmf->vma->vm_ops->fault(vmf);

	if (ret & VM_FAULT_LOCKED) {
		if (PageLocked(vmf->page))
			unlock_page(vmf->page);
		put_page(vmf->page);
	}
}

static void page_mkwrite(struct vm_fault *vmf)
{
	vm_fault_t ret = vmf->vma->vm_ops->fault(vmf);

	if (!(ret & VM_FAULT_LOCKED))
		return;
	unlock_page(vmf->page);
	ret = vmf->vma->vm_ops->page_mkwrite(vmf);
	if (PageLocked(vmf->page))
		unlock_page(vmf->page);
	put_page(vmf->page);
}

static void map_pages(struct vm_fault *vmf)
{
	vmf->vma->vm_ops->map_pages(vmf, 0, 0);
}

static int call_fault(struct call *call)
{
	return with_vma(call, fault);
}

static int call_page_mkwrite(struct call *call)
{
	return with_vma(call, page_mkwrite);
}

static int call_map_pages(struct call *call)
{
	return with_vma(call, map_pages);
}

/* Breaks nothing: it is for locktrack to see the table. */
static int call_mmap(struct call *call)
{
	return with_vma(call, NULL);
}

/* Keeping the rule would take the superblock or the inode away from under its users. */
static int keep_nothing(struct call *call)
{
	return -EOPNOTSUPP;
}

static int call_kill_sb(struct call *call)
{
	struct super_block *sb = call->inode->i_sb;

	down_write(&sb->s_umount);
	sb->s_type->kill_sb(sb);
	up_write(&sb->s_umount);
	return 0;
}

static int call_get_tree(struct call *call)
{
	struct fs_context *fc = fs_context_for_mount(&ret_type, 0);
	struct super_block *sb;
	int ret;

	if (IS_ERR(fc))
		return PTR_ERR(fc);
	ret = fc->ops->get_tree(fc);
	if (!ret) {
		sb = fc->root->d_sb;
		dput(fc->root);
		fc->root = NULL;
		if (breaks("get_tree"))
			down_write(&sb->s_umount);
		deactivate_locked_super(sb);
	}
	put_fs_context(fc);
	return ret;
}

static int call_permission(struct call *call)
{
	return call->inode->i_op->permission(mnt_idmap(call->path.mnt), call->inode,
					     MAY_READ | MAY_NOT_BLOCK);
}

static int call_d_revalidate(struct call *call)
{
	struct dentry *dentry = call->path.dentry;
	unsigned int flags = breaks("d_revalidate-allowed") ? 0 : LOOKUP_RCU;

	return dentry->d_op->d_revalidate(d_inode(dentry->d_parent), &dentry->d_name, dentry,
					  flags) ? 0 : -ESTALE;
}

static int call_d_hash(struct call *call)
{
	struct qstr name = QSTR("file");

	return call->path.dentry->d_op->d_hash(call->path.dentry, &name);
}

static int call_d_compare(struct call *call)
{
	struct dentry *dentry = call->path.dentry;

	return dentry->d_op->d_compare(dentry, 4, "file", &QSTR("file"));
}

static int call_d_delete(struct call *call)
{
	return call->path.dentry->d_op->d_delete(call->path.dentry);
}

static int call_d_prune(struct call *call)
{
	call->path.dentry->d_op->d_prune(call->path.dentry);
	return 0;
}

static int call_d_dname(struct call *call)
{
	char buffer[8];

	call->path.dentry->d_op->d_dname(call->path.dentry, buffer, sizeof(buffer));
	return 0;
}

static int call_d_manage(struct call *call)
{
	return call->path.dentry->d_op->d_manage(&call->path, true);
}

static int call_d_unalias_trylock(struct call *call)
{
	call->path.dentry->d_op->d_unalias_trylock(call->path.dentry);
	return 0;
}

static int call_d_unalias_unlock(struct call *call)
{
	call->path.dentry->d_op->d_unalias_unlock(call->path.dentry);
	return 0;
}

static int call_drop_inode(struct call *call)
{
	call->inode->i_sb->s_op->drop_inode(call->inode);
	return 0;
}

static int call_free_inode(struct call *call)
{
	call->inode->i_sb->s_op->free_inode(call->inode);
	return 0;
}

static int call_getattr(struct call *call)
{
	struct kstat stat;

	return call->inode->i_op->getattr(mnt_idmap(call->path.mnt), &call->path, &stat,
					  STATX_BASIC_STATS, 0);
}

static int call_getattr_preempt(struct call *call)
{
	int ret;

	preempt_disable();
	ret = call_getattr(call);
	preempt_enable();
	return ret;
}

static int call_getattr_irqs(struct call *call)
{
	int ret;

	local_irq_disable();
	ret = call_getattr(call);
	local_irq_enable();
	return ret;
}

static int call_getattr_softirq(struct call *call)
{
	int ret;

	local_bh_disable();
	ret = call_getattr(call);
	local_bh_enable();
	return ret;
}

static int call_getattr_rcu(struct call *call)
{
	int ret;

	rcu_read_lock();
	ret = call_getattr(call);
	rcu_read_unlock();
	return ret;
}

static int call_getattr_spinlock(struct call *call)
{
	int ret;

	spin_lock(&call->path.dentry->d_lock);
	ret = call_getattr(call);
	spin_unlock(&call->path.dentry->d_lock);
	return ret;
}

/* The cases. */

#define FOLIO(op)	{ #op, "address_space_operations." #op, "folio", "PG_locked", call_##op }
#define PAGE(op)	{ #op, "vm_operations_struct." #op, "page", "PG_locked", call_##op }
#define SLEEP(table, op) { #op, #table "." #op, "-", "sleep", call_##op }
#define ATOMIC(how)	{ "getattr-" #how, "inode_operations.getattr", "-", "sleep",	\
			  call_getattr_##how, call_getattr }

static const struct test_case cases[] = {
	FOLIO(read_folio),
	FOLIO(write_begin),
	FOLIO(write_end),
	FOLIO(invalidate_folio),
	FOLIO(release_folio),
	{ "migrate_folio-dst", "address_space_operations.migrate_folio", "dst", "PG_locked",
	  call_migrate_folio },
	{ "migrate_folio-src", "address_space_operations.migrate_folio", "src", "PG_locked",
	  call_migrate_folio },
	FOLIO(launder_folio),
	FOLIO(is_partially_uptodate),
	FOLIO(error_remove_folio),
	PAGE(fault),
	PAGE(page_mkwrite),
	{ "kill_sb", "file_system_type.kill_sb", "sb", "s_umount", call_kill_sb,
	  keep_nothing },
	{ "get_tree", "file_system_type.get_tree", "sb", "s_umount", call_get_tree },
	SLEEP(inode_operations, permission),
	SLEEP(dentry_operations, d_revalidate),
	SLEEP(dentry_operations, d_hash),
	SLEEP(dentry_operations, d_compare),
	SLEEP(dentry_operations, d_delete),
	SLEEP(dentry_operations, d_prune),
	SLEEP(dentry_operations, d_dname),
	SLEEP(dentry_operations, d_manage),
	SLEEP(dentry_operations, d_unalias_trylock),
	SLEEP(dentry_operations, d_unalias_unlock),
	SLEEP(super_operations, drop_inode),
	{ "free_inode", "super_operations.free_inode", "-", "sleep", call_free_inode,
	  keep_nothing },
	SLEEP(address_space_operations, dirty_folio),
	SLEEP(vm_operations_struct, map_pages),
	ATOMIC(preempt),
	ATOMIC(irqs),
	ATOMIC(softirq),
	ATOMIC(rcu),
	ATOMIC(spinlock),
	/* These break nothing. */
	{ "mmap", "-", "-", "-", call_mmap },
	{ "d_revalidate-allowed", "-", "-", "-", call_d_revalidate },
};

/* The parameter. */

static int run(const struct test_case *test, bool keep, const char *name)
{
	struct call call = { .test = test };
	struct path dir;
	int ret;

	ret = kern_path(name, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &dir);
	if (ret)
		return ret;
	ret = -EINVAL;
	if (dir.dentry->d_sb->s_type != &ret_type)
		goto out_dir;
	ret = vfs_path_lookup(dir.dentry, dir.mnt, "file", 0, &call.path);
	if (ret)
		goto out_dir;
	call.inode = d_inode(call.path.dentry);
	if (keep) {
		ret = test->keep ? test->keep(&call) : test->call(&call);
	} else {
		current_case = test;
		ret = test->call(&call);
		current_case = NULL;
	}
	path_put(&call.path);
out_dir:
	path_put(&dir);
	return ret;
}

static int run_set(const char *value, const struct kernel_param *kp)
{
	char *text, *path, *name;
	int i, ret = -EINVAL;
	bool keep;

	text = kstrdup(value, GFP_KERNEL);
	if (!text)
		return -ENOMEM;
	path = strim(text);
	name = strsep(&path, " ");
	keep = !strncmp(name, "keep-", 5);
	if (keep)
		name += 5;
	mutex_lock(&current_lock);
	for (i = 0; path && i < ARRAY_SIZE(cases); i++) {
		if (!strcmp(cases[i].name, name)) {
			ret = run(&cases[i], keep, path);
			break;
		}
	}
	mutex_unlock(&current_lock);
	kfree(text);
	return ret;
}

static int run_get(char *buffer, const struct kernel_param *kp)
{
	int i, length = 0;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		length += scnprintf(buffer + length, PAGE_SIZE - length, "%s %s %s %s\n",
				    cases[i].name, cases[i].callback, cases[i].object,
				    cases[i].lock);
	return length;
}

static const struct kernel_param_ops run_ops = {
	.set = run_set,
	.get = run_get,
};

module_param_cb(run, &run_ops, NULL, 0600);
MODULE_PARM_DESC(run, "CASE DIRECTORY: break the rule of CASE on the file in DIRECTORY, where locktrack_return is mounted; read for the cases");

static int __init locktrack_return_init(void)
{
	return register_filesystem(&ret_type);
}
module_init(locktrack_return_init);

static void __exit locktrack_return_exit(void)
{
	unregister_filesystem(&ret_type);
	/* Inodes that wait to be freed come back into this module. */
	rcu_barrier();
}
module_exit(locktrack_return_exit);

MODULE_AUTHOR("The samplefs and locktrack authors");
MODULE_DESCRIPTION("A filesystem that breaks lock rules at the return of callbacks, and by sleeping");
MODULE_LICENSE("GPL");
