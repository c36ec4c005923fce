// SPDX-License-Identifier: GPL-2.0
/* Cases of locktrack_return.ko that are about a folio, or a page of a mapping. */

#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/pagemap.h>

#include "returnfs.h"

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

int call_read_folio(struct call *call)
{
	return with_folio(call, read_folio);
}

int call_write_begin(struct call *call)
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

int call_write_end(struct call *call)
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

int call_dirty_folio(struct call *call)
{
	return with_folio(call, dirty_folio);
}

static int invalidate_folio(struct call *call, struct folio *folio)
{
	call->inode->i_mapping->a_ops->invalidate_folio(folio, 0, folio_size(folio));
	return 0;
}

int call_invalidate_folio(struct call *call)
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

int call_release_folio(struct call *call)
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

int call_migrate_folio(struct call *call)
{
	return with_folio(call, migrate_folio);
}

static int launder_folio(struct call *call, struct folio *folio)
{
	return call->inode->i_mapping->a_ops->launder_folio(folio);
}

int call_launder_folio(struct call *call)
{
	return with_folio(call, launder_folio);
}

static int is_partially_uptodate(struct call *call, struct folio *folio)
{
	call->inode->i_mapping->a_ops->is_partially_uptodate(folio, 0, 1);
	return 0;
}

int call_is_partially_uptodate(struct call *call)
{
	return with_folio(call, is_partially_uptodate);
}

static int error_remove_folio(struct call *call, struct folio *folio)
{
	call->inode->i_mapping->a_ops->error_remove_folio(call->inode->i_mapping, folio);
	return 0;
}

int call_error_remove_folio(struct call *call)
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

int call_fault(struct call *call)
{
	return with_vma(call, fault);
}

int call_page_mkwrite(struct call *call)
{
	return with_vma(call, page_mkwrite);
}

int call_map_pages(struct call *call)
{
	return with_vma(call, map_pages);
}

/* Breaks nothing: it is for locktrack to see the table. */
int call_mmap(struct call *call)
{
	return with_vma(call, NULL);
}
