// SPDX-License-Identifier: GPL-2.0
/* Inline functions and macros that the held crate calls. */

#include <linux/bottom_half.h>
#include <linux/dcache.h>
#include <linux/gfp.h>
#include <linux/irqflags.h>
#include <linux/lockdep.h>
#include <linux/mm.h>
#include <linux/mmap_lock.h>
#include <linux/mutex.h>
#include <linux/pagemap.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/rwsem.h>
#include <linux/seqlock.h>
#include <linux/spinlock.h>

void rust_helper_held_init_rwsem(struct rw_semaphore *sem)
{
	init_rwsem(sem);
}

void rust_helper_held_mutex_init(struct mutex *mutex)
{
	mutex_init(mutex);
}

void rust_helper_held_down_write_nest_lock(struct rw_semaphore *sem, struct mutex *nest)
{
	down_write_nest_lock(sem, nest);
}

int rust_helper_rwsem_is_locked(struct rw_semaphore *sem)
{
	return rwsem_is_locked(sem);
}

void rust_helper_held_spin_lock_init(spinlock_t *lock)
{
	spin_lock_init(lock);
}

/* For the self-test: a VMA of no process, and its lock as vma_start_read() takes it. */
void rust_helper_held_vma_init(struct vm_area_struct *vma)
{
	memset(vma, 0, sizeof(*vma));
#ifdef CONFIG_PER_VMA_LOCK
	vma_lock_init(vma, false);
	refcount_set(&vma->vm_refcnt, 1);
#endif
}

void rust_helper_held_vma_lock(struct vm_area_struct *vma)
{
#ifdef CONFIG_PER_VMA_LOCK
	refcount_inc(&vma->vm_refcnt);
	rwsem_acquire_read(&vma->vmlock_dep_map, 0, 1, _RET_IP_);
#endif
}

void rust_helper_held_vma_unlock(struct vm_area_struct *vma)
{
#ifdef CONFIG_PER_VMA_LOCK
	rwsem_release(&vma->vmlock_dep_map, _RET_IP_);
	refcount_dec(&vma->vm_refcnt);
#endif
}

/* For the self-test: locks of which there is one, and what rcu_do_batch() calls back under. */
void rust_helper_held_static_locks(void)
{
	local_bh_disable();
	rcu_lock_acquire(&rcu_callback_map);
	write_seqlock(&rename_lock);
}

void rust_helper_held_static_unlocks(void)
{
	write_sequnlock(&rename_lock);
	rcu_lock_release(&rcu_callback_map);
	local_bh_enable();
}

/* Also where softirqs are only off, as they are while RCU calls back from a thread. */
bool rust_helper_held_in_softirq(void)
{
	return in_softirq();
}

bool rust_helper_compound_info_has_mask(void)
{
	return compound_info_has_mask();
}

/* For the self-test: a folio with a page that is not its first one. */
struct folio *rust_helper_held_folio_alloc(void)
{
	return folio_alloc(GFP_KERNEL, 1);
}

struct page *rust_helper_held_folio_tail(struct folio *folio)
{
	return folio_page(folio, 1);
}

void rust_helper_held_folio_lock(struct folio *folio)
{
	folio_lock(folio);
}

void rust_helper_held_folio_put(struct folio *folio)
{
	folio_put(folio);
}

/* For the self-test: calls where sleeping is forbidden, in each way that does not depend on a lock. */
bool rust_helper_held_call_atomic(unsigned int how, void (*call)(void *data), void *data)
{
	unsigned long flags;

	switch (how) {
	case 0:
		preempt_disable();
		call(data);
		preempt_enable();
		return true;
	case 1:
		local_irq_save(flags);
		call(data);
		local_irq_restore(flags);
		return true;
	case 2:
		local_bh_disable();
		call(data);
		local_bh_enable();
		return true;
	case 3:
		rcu_read_lock();
		call(data);
		rcu_read_unlock();
		return true;
	}
	return false;
}

/* For the self-test: C functions begin with a call to ftrace, so this one is probed that way. */
noinline unsigned long rust_helper_held_selftest_target(unsigned long sem, unsigned long mutex)
{
	return sem ^ mutex;
}

/* For the self-test: takes a semaphore that nobody holds, in each way to hold it shared. */
bool rust_helper_held_take_shared(struct rw_semaphore *sem, unsigned int how)
{
	switch (how) {
	case 0:
		down_read(sem);
		return true;
	case 1:
		return down_read_trylock(sem);
	case 2:
		return !down_read_killable(sem);
	case 3:
		return !down_read_interruptible(sem);
	case 4:
		down_write(sem);
		downgrade_write(sem);
		return true;
	}
	return false;
}

/*
 * Whether the code that was probed runs in a task. A breakpoint is entered as an NMI is.
 */
bool rust_helper_held_in_task(void)
{
	unsigned int count = preempt_count();

	if (in_nmi())
		count -= NMI_OFFSET + HARDIRQ_OFFSET;
	return !(count & (NMI_MASK | HARDIRQ_MASK | SOFTIRQ_OFFSET));
}
