// SPDX-License-Identifier: GPL-2.0
/* The locks that the callbacks of breakfs.c are promised: their names, and how they are taken. */

#include <linux/dcache.h>
#include <linux/kprobes.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/rwsem.h>
#include <linux/seqlock.h>
#include <linux/spinlock.h>

#include "breakfs.h"

/* Locks of which there is one, in a file of the kernel that shows it to nobody. */
static struct rw_semaphore *namespace_sem;
static spinlock_t *blocked_lock_lock, *swap_lock;

/* No symbol is looked up for a module, but for a kprobe, which may not be there. */
static void *address_of(const char *symbol)
{
	struct kprobe probe = { .symbol_name = symbol, .flags = KPROBE_FLAG_DISABLED };

	if (!register_kprobe(&probe))
		unregister_kprobe(&probe);
	return probe.addr;
}

int breakfs_find_locks(void)
{
	namespace_sem = address_of("namespace_sem");
	blocked_lock_lock = address_of("blocked_lock_lock");
	swap_lock = address_of("swap_lock");
	return namespace_sem && blocked_lock_lock && swap_lock ? 0 : -ENOENT;
}

const char * const breakfs_lock_names[LOCKS] = {
	[NAMESPACE_SEM] = "namespace_sem",
	[OPEN_MUTEX] = "open_mutex",
	[S_UMOUNT] = "s_umount",
	[F_POS_LOCK] = "f_pos_lock",
	[I_RWSEM] = "i_rwsem",
	[INVALIDATE_LOCK] = "invalidate_lock",
	[MMAP_LOCK] = "mmap_lock",
	[VMA_LOCK] = "vma_lock",
	[EITHER_MMAP_LOCK] = "vma_or_mmap_lock",
	[EITHER_VMA_LOCK] = "vma_or_mmap_lock",
	[FOLIO] = "PG_locked",
	[OTHER_FOLIO] = "PG_locked",
	[RCU_CALLBACK] = "rcu_callback",
	[RCU_READ_LOCK] = "rcu_read_lock",
	[RENAME_LOCK] = "rename_lock",
	[D_LOCK] = "d_lock",
	[I_LOCK] = "i_lock",
	[FLC_LOCK] = "flc_lock",
	[BLOCKED_LOCK_LOCK] = "blocked_lock_lock",
	[SWAP_LOCK] = "swap_lock",
};

static struct rw_semaphore *rwsem_of(struct breakfs *fs, enum breakfs_lock lock)
{
	switch (lock) {
	case NAMESPACE_SEM:
		return namespace_sem;
	case S_UMOUNT:
		return &fs->sb->s_umount;
	case INVALIDATE_LOCK:
		return &fs->inode->i_mapping->invalidate_lock;
	case MMAP_LOCK:
	case EITHER_MMAP_LOCK:
		return &fs->mm->mmap_lock;
	default:
		return NULL;
	}
}

static spinlock_t *spinlock_of(struct breakfs *fs, enum breakfs_lock lock)
{
	switch (lock) {
	case D_LOCK:
		return &fs->dentry->d_lock;
	case I_LOCK:
		return &fs->inode->i_lock;
	case FLC_LOCK:
		return &fs->ctx.flc_lock;
	case BLOCKED_LOCK_LOCK:
		return blocked_lock_lock;
	case SWAP_LOCK:
		return swap_lock;
	default:
		return NULL;
	}
}

/* Each case that wants i_rwsem wants that of the object that it is called with. */
static struct inode *inode_of(struct breakfs *fs, const struct breakfs_need *need)
{
	return strcmp(need->object, "dir") ? fs->inode : fs->dir;
}

void breakfs_take(struct breakfs *fs, const struct breakfs_need *need, enum breakfs_how how)
{
	struct rw_semaphore *sem = rwsem_of(fs, need->lock);
	spinlock_t *spinlock = spinlock_of(fs, need->lock);

	if (need->lock == I_RWSEM)
		sem = &inode_of(fs, need)->i_rwsem;
	if (sem && how == EXCL)
		down_write(sem);
	else if (sem)
		down_read(sem);
	else if (spinlock)
		spin_lock(spinlock);
	else
		switch (need->lock) {
		case OPEN_MUTEX:
			mutex_lock(&fs->disk.open_mutex);
			break;
		case F_POS_LOCK:
			mutex_lock(&fs->file.f_pos_lock);
			break;
		case VMA_LOCK:
		case EITHER_VMA_LOCK:
#ifdef CONFIG_PER_VMA_LOCK
			refcount_inc(&fs->vma.vm_refcnt);
			rwsem_acquire_read(&fs->vma.vmlock_dep_map, 0, 1, _RET_IP_);
#endif
			break;
		case FOLIO:
			set_bit(PG_locked, folio_flags(&fs->folio, 0));
			break;
		case OTHER_FOLIO:
			set_bit(PG_locked, folio_flags(&fs->other, 0));
			break;
		case RCU_CALLBACK:
			local_bh_disable();
			rcu_lock_acquire(&rcu_callback_map);
			break;
		case RCU_READ_LOCK:
			rcu_read_lock();
			break;
		case RENAME_LOCK:
			write_seqlock(&rename_lock);
			break;
		default:
			break;
		}
}

void breakfs_release(struct breakfs *fs, const struct breakfs_need *need, enum breakfs_how how)
{
	struct rw_semaphore *sem = rwsem_of(fs, need->lock);
	spinlock_t *spinlock = spinlock_of(fs, need->lock);

	if (need->lock == I_RWSEM)
		sem = &inode_of(fs, need)->i_rwsem;
	/* ->kill_sb() has let go of it. */
	if (need->lock == S_UMOUNT && !rwsem_is_locked(sem))
		return;
	if (sem && how == EXCL)
		up_write(sem);
	else if (sem)
		up_read(sem);
	else if (spinlock)
		spin_unlock(spinlock);
	else
		switch (need->lock) {
		case OPEN_MUTEX:
			mutex_unlock(&fs->disk.open_mutex);
			break;
		case F_POS_LOCK:
			mutex_unlock(&fs->file.f_pos_lock);
			break;
		case VMA_LOCK:
		case EITHER_VMA_LOCK:
#ifdef CONFIG_PER_VMA_LOCK
			rwsem_release(&fs->vma.vmlock_dep_map, _RET_IP_);
			refcount_dec(&fs->vma.vm_refcnt);
#endif
			break;
		case FOLIO:
			clear_bit_unlock(PG_locked, folio_flags(&fs->folio, 0));
			break;
		case OTHER_FOLIO:
			clear_bit_unlock(PG_locked, folio_flags(&fs->other, 0));
			break;
		case RCU_CALLBACK:
			rcu_lock_release(&rcu_callback_map);
			local_bh_enable();
			break;
		case RCU_READ_LOCK:
			rcu_read_unlock();
			break;
		case RENAME_LOCK:
			write_sequnlock(&rename_lock);
			break;
		default:
			break;
		}
}
