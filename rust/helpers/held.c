// SPDX-License-Identifier: GPL-2.0
/* Inline functions and macros that the held crate calls. */

#include <linux/lockdep.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/rwsem.h>

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

bool rust_helper_compound_info_has_mask(void)
{
	return compound_info_has_mask();
}

/* For the self-test: C functions begin with a call to ftrace, so this one is probed that way. */
noinline unsigned long rust_helper_held_selftest_target(unsigned long sem, unsigned long mutex)
{
	return sem ^ mutex;
}
