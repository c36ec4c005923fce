// SPDX-License-Identifier: GPL-2.0
/* Inline functions and macros that the vfs crate calls for files, mappings and locks. */

#include <linux/filelock.h>
#include <linux/fs.h>
#include <linux/lockdep.h>
#include <linux/mm.h>
#include <linux/mmap_lock.h>
#include <linux/pagemap.h>
#include <linux/rcupdate.h>

/* Lock assertions: nothing at all without CONFIG_PROVE_LOCKING. */

void rust_helper_files_assert_flc_lock(struct file *file)
{
	struct file_lock_context *ctx = locks_inode_context(file_inode(file));

	if (ctx)
		lockdep_assert_held(&ctx->flc_lock);
}

void rust_helper_files_assert_mmap_exclusive(struct vm_area_struct *vma)
{
	lockdep_assert_held_write(&vma->vm_mm->mmap_lock);
}

void rust_helper_files_assert_mmap_shared(struct vm_area_struct *vma)
{
	lockdep_assert_held(&vma->vm_mm->mmap_lock);
}

/* mmap_lock, or the lock of the mapping alone. */
void rust_helper_files_assert_fault_lock(struct vm_area_struct *vma)
{
	if (IS_ENABLED(CONFIG_PROVE_LOCKING))
		vma_assert_stabilised(vma);
}

void rust_helper_files_assert_rcu_read_lock(void)
{
	RCU_LOCKDEP_WARN(!rcu_read_lock_held(), "no rcu_read_lock() in ->map_pages");
}

/* Locks that a filesystem takes itself. */

void rust_helper_inode_lock(struct inode *inode)
{
	inode_lock(inode);
}

void rust_helper_inode_unlock(struct inode *inode)
{
	inode_unlock(inode);
}

void rust_helper_inode_lock_shared(struct inode *inode)
{
	inode_lock_shared(inode);
}

void rust_helper_inode_unlock_shared(struct inode *inode)
{
	inode_unlock_shared(inode);
}
