// SPDX-License-Identifier: GPL-2.0
/* Inline functions and macros that the vfs crate calls. */

#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/fs_parser.h>
#include <linux/highmem.h>
#include <linux/lockdep.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/namei.h>
#include <linux/pagemap.h>
#include <linux/slab.h>
#include <linux/uidgid.h>

/* Lock assertions: nothing at all without CONFIG_PROVE_LOCKING. */

void rust_helper_inode_assert_exclusive(struct inode *inode)
{
	lockdep_assert_held_write(&inode->i_rwsem);
}

void rust_helper_inode_assert_shared(struct inode *inode)
{
	lockdep_assert_held(&inode->i_rwsem);
}

void rust_helper_s_umount_assert_exclusive(struct super_block *sb)
{
	lockdep_assert_held_write(&sb->s_umount);
}

/*
 * Of a superblock that was shut down: whether somebody has lost a reference to an inode. Then its
 * memory stays, and the module that has its functions.
 */
bool rust_helper_sb_keep_if_busy(struct super_block *sb)
{
	if (list_empty(&sb->s_inodes))
		return false;
	refcount_inc(&sb->s_passive);
	__module_get(sb->s_type->owner);
	return true;
}

/* Inodes. */

loff_t rust_helper_i_size_read(const struct inode *inode)
{
	return i_size_read(inode);
}

void rust_helper_i_size_write(struct inode *inode, loff_t size)
{
	i_size_write(inode, size);
}

void rust_helper_inode_set_mtime_to_ts(struct inode *inode, struct timespec64 ts)
{
	inode_set_mtime_to_ts(inode, ts);
}

unsigned int rust_helper_inode_nlink(const struct inode *inode)
{
	return READ_ONCE(inode->i_nlink);
}

void rust_helper_inode_set_link(struct inode *inode, char *link)
{
	inode->i_link = link;
}

/* The field is shared: only a symbolic link has one. */
void rust_helper_inode_free_link(struct inode *inode)
{
	if (S_ISLNK(inode->i_mode))
		kfree(inode->i_link);
}

struct kmem_cache *rust_helper_inode_cache_create(const char *name, unsigned int size,
						  unsigned int align, unsigned int freeptr_offset,
						  void (*ctor)(void *))
{
	struct kmem_cache_args args = {
		.align = align,
		.ctor = ctor,
		.freeptr_offset = freeptr_offset,
		.use_freeptr_offset = true,
	};

	return kmem_cache_create(name, size, &args, SLAB_RECLAIM_ACCOUNT | SLAB_ACCOUNT);
}

void *rust_helper_inode_cache_alloc(struct kmem_cache *cache, struct super_block *sb)
{
	return alloc_inode_sb(sb, cache, GFP_KERNEL);
}

/* Dentries and files. */

struct dentry *rust_helper_dget(struct dentry *dentry)
{
	return dget(dentry);
}

bool rust_helper_dir_emit_dots(struct file *file, struct dir_context *ctx)
{
	return dir_emit_dots(file, ctx);
}

bool rust_helper_dir_emit(struct dir_context *ctx, const char *name, int len, u64 ino,
			  unsigned int type)
{
	return dir_emit(ctx, name, len, ino, type);
}

int rust_helper_finish_open_simple(struct file *file, int error)
{
	return finish_open_simple(file, error);
}

void rust_helper_file_accessed(struct file *file)
{
	file_accessed(file);
}

/* Folios. */

void rust_helper_folio_lock(struct folio *folio)
{
	folio_lock(folio);
}

void rust_helper_folio_put(struct folio *folio)
{
	folio_put(folio);
}

struct folio *rust_helper_page_folio(struct page *page)
{
	return page_folio(page);
}

struct address_space *rust_helper_folio_mapping_field(struct folio *folio)
{
	return folio->mapping;
}

loff_t rust_helper_folio_pos(struct folio *folio)
{
	return folio_pos(folio);
}

size_t rust_helper_folio_size(struct folio *folio)
{
	return folio_size(folio);
}

bool rust_helper_folio_test_uptodate(struct folio *folio)
{
	return folio_test_uptodate(folio);
}

void rust_helper_folio_mark_uptodate(struct folio *folio)
{
	folio_mark_uptodate(folio);
}

void rust_helper_folio_zero_range(struct folio *folio, size_t start, size_t length)
{
	folio_zero_range(folio, start, length);
	flush_dcache_folio(folio);
}

void rust_helper_memcpy_to_folio(struct folio *folio, size_t offset, const char *from, size_t len)
{
	memcpy_to_folio(folio, offset, from, len);
}

void rust_helper_folio_attach_private(struct folio *folio, void *data)
{
	folio_attach_private(folio, data);
}

void *rust_helper_folio_detach_private(struct folio *folio)
{
	return folio_detach_private(folio);
}

void *rust_helper_folio_get_private(struct folio *folio)
{
	return folio_get_private(folio);
}

void rust_helper_sb_start_pagefault(struct super_block *sb)
{
	sb_start_pagefault(sb);
}

void rust_helper_sb_end_pagefault(struct super_block *sb)
{
	sb_end_pagefault(sb);
}

/* Memory and users. */

unsigned long rust_helper_totalram_pages(void)
{
	return totalram_pages();
}

uid_t rust_helper_kuid_to_init(kuid_t uid)
{
	return from_kuid_munged(&init_user_ns, uid);
}

gid_t rust_helper_kgid_to_init(kgid_t gid)
{
	return from_kgid_munged(&init_user_ns, gid);
}

kuid_t rust_helper_current_fsuid(void)
{
	return current_fsuid();
}

kgid_t rust_helper_current_fsgid(void)
{
	return current_fsgid();
}
