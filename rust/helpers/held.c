// SPDX-License-Identifier: GPL-2.0
/* Inline functions that the held crate calls. */

#include <linux/rwsem.h>

int rust_helper_rwsem_is_locked(struct rw_semaphore *sem)
{
	return rwsem_is_locked(sem);
}
