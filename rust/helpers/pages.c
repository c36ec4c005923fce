// SPDX-License-Identifier: GPL-2.0
/* Inline functions and macros that the vfs crate calls for the page cache. */

#include <linux/backing-dev.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/highmem.h>
#include <linux/lockdep.h>
#include <linux/memcontrol.h>
#include <linux/pagemap.h>
#include <linux/sched/mm.h>
#include <linux/uio.h>
#include <linux/writeback.h>

/* Lock assertions: nothing at all without CONFIG_PROVE_LOCKING. */

void rust_helper_invalidate_lock_assert_exclusive(struct address_space *mapping)
{
	lockdep_assert_held_write(&mapping->invalidate_lock);
}

void rust_helper_invalidate_lock_assert_shared(struct address_space *mapping)
{
	lockdep_assert_held(&mapping->invalidate_lock);
}

/* Superblocks and mappings. */

bool rust_helper_sb_has_bdi(struct super_block *sb)
{
	return sb->s_bdi != &noop_backing_dev_info;
}

void rust_helper_filemap_invalidate_lock(struct address_space *mapping)
{
	filemap_invalidate_lock(mapping);
}

void rust_helper_filemap_invalidate_unlock(struct address_space *mapping)
{
	filemap_invalidate_unlock(mapping);
}

void rust_helper_filemap_invalidate_lock_shared(struct address_space *mapping)
{
	filemap_invalidate_lock_shared(mapping);
}

void rust_helper_filemap_invalidate_unlock_shared(struct address_space *mapping)
{
	filemap_invalidate_unlock_shared(mapping);
}

/* Each memory cgroup keeps to its own share of dirty pages. */
void rust_helper_sb_set_cgroup_writeback(struct super_block *sb)
{
	sb->s_iflags |= SB_I_CGROUPWB;
}

void rust_helper_wbc_account_folio(struct writeback_control *wbc, struct folio *folio)
{
	wbc_account_cgroup_owner(wbc, folio, folio_size(folio));
}

bool rust_helper_mapping_writably_mapped(struct address_space *mapping)
{
	return mapping_writably_mapped(mapping);
}

void rust_helper_mapping_set_error(struct address_space *mapping, int error)
{
	mapping_set_error(mapping, error);
}

void rust_helper_mapping_set_max_folio_order(struct address_space *mapping, unsigned int max)
{
	mapping_set_folio_order_range(mapping, 0, max);
}

/* The flusher passes inodes by that are not hashed. */
void rust_helper_inode_fake_hash(struct inode *inode)
{
	if (inode_unhashed(inode))
		inode_fake_hash(inode);
}

/*
 * Charges what is allocated to the memory cgroup of a locked folio, instead of to that of the task.
 * Returns that of before; *memcg is to be given back.
 */
struct mem_cgroup *rust_helper_folio_set_active_memcg(struct folio *folio, struct mem_cgroup **memcg)
{
	rcu_read_lock();
	do {
		*memcg = folio_memcg(folio);
	} while (!mem_cgroup_tryget(*memcg));
	rcu_read_unlock();
	return set_active_memcg(*memcg);
}

void rust_helper_restore_active_memcg(struct mem_cgroup *old, struct mem_cgroup *memcg)
{
	set_active_memcg(old);
	mem_cgroup_put(memcg);
}

unsigned int rust_helper_memalloc_nofs_save(void)
{
	return memalloc_nofs_save();
}

void rust_helper_memalloc_nofs_restore(unsigned int flags)
{
	memalloc_nofs_restore(flags);
}

/* Folios. NULL and *error instead of an error pointer. */

struct folio *rust_helper_write_begin_get_folio(const struct kiocb *iocb,
						struct address_space *mapping, pgoff_t index,
						size_t len, int *error)
{
	struct folio *folio = write_begin_get_folio(iocb, mapping, index, len);

	if (!IS_ERR(folio))
		return folio;
	*error = PTR_ERR(folio);
	return NULL;
}

struct folio *rust_helper_readahead_folio(struct readahead_control *rac)
{
	return readahead_folio(rac);
}

/* What readahead_folio() will return, if the caller takes it. */
struct folio *rust_helper_readahead_peek(struct readahead_control *rac)
{
	if (rac->_nr_pages == rac->_batch_count)
		return NULL;
	return xa_load(&rac->mapping->i_pages, rac->_index + rac->_batch_count);
}

bool rust_helper_folio_test_dirty(struct folio *folio)
{
	return folio_test_dirty(folio);
}

bool rust_helper_folio_test_writeback(struct folio *folio)
{
	return folio_test_writeback(folio);
}

void rust_helper_folio_change_private(struct folio *folio, void *data)
{
	folio_change_private(folio, data);
}

void rust_helper_memcpy_from_folio(char *to, struct folio *folio, size_t offset, size_t len)
{
	memcpy_from_folio(to, folio, offset, len);
}

size_t rust_helper_folio_page_offset(struct folio *folio, struct page *page)
{
	return folio_page_idx(folio, page) << PAGE_SHIFT;
}

/* Direct I/O. */

bool rust_helper_iov_iter_is_source(const struct iov_iter *iter)
{
	return iov_iter_rw(iter) == WRITE;
}
