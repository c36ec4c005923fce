// SPDX-License-Identifier: GPL-2.0

//! Whether sleeping is allowed.

use crate::Answer;
#[cfg(CONFIG_PREEMPT_RCU)]
use kprobes::current;
use kprobes::Hit;

/// Returns whether sleeping was allowed where the probe hit: [`Answer::MaySleep`], [`Answer::Atomic`] or
/// [`Answer::Unknown`].
///
/// Interrupts that are off, an interrupt that is being handled, and a section of RCU of a kernel that counts them
/// (`CONFIG_PREEMPT_RCU`) are always seen. A spinlock, and RCU elsewhere, show in the preemption
/// count; without `CONFIG_PREEMPT_COUNT` nothing tells that there is none.
#[inline]
pub fn may_sleep(hit: &Hit<'_>) -> Answer {
    if surely_may_sleep(hit) {
        Answer::MaySleep
    } else if hit.irqs_disabled() || hit.preempt_count() != 0 || rcu_read_lock_nesting() != 0 {
        Answer::Atomic
    } else if cfg!(CONFIG_PREEMPT_COUNT) {
        Answer::MaySleep
    } else {
        Answer::Unknown
    }
}

/// Returns whether [`may_sleep`] says [`Answer::MaySleep`], where that can be told without a call. [`false`] says nothing.
#[inline(always)]
pub fn surely_may_sleep(hit: &Hit<'_>) -> bool {
    !hit.irqs_disabled() && hit.is_preemptible() && rcu_read_lock_nesting() == 0
}

/// Returns how many sections of RCU's read side the task is in, where RCU counts them.
#[cfg(CONFIG_PREEMPT_RCU)]
#[inline]
pub(crate) fn rcu_read_lock_nesting() -> i32 {
    // SAFETY: The current task is valid, and only itself changes this.
    unsafe { (&raw const (*current()).rcu_read_lock_nesting).read_volatile() }
}

/// Elsewhere they are in the preemption count, if there is one.
#[cfg(not(CONFIG_PREEMPT_RCU))]
#[inline]
fn rcu_read_lock_nesting() -> i32 {
    0
}
