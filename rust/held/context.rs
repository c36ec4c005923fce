// SPDX-License-Identifier: GPL-2.0

//! Whether sleeping is allowed.

use crate::{
    bindings,
    Answer, //
};
use kprobes::Hit;

/// Returns whether sleeping was allowed where the probe hit: [`Answer::MaySleep`], [`Answer::Atomic`] or
/// [`Answer::Unknown`].
///
/// Interrupts that are off, an interrupt that is being handled, and a section of RCU of a kernel that counts them
/// (`CONFIG_PREEMPT_RCU`) are always seen. A spinlock, and RCU elsewhere, show in the preemption
/// count; without `CONFIG_PREEMPT_COUNT` nothing tells that there is none.
#[inline]
pub fn may_sleep(hit: &Hit<'_>) -> Answer {
    // SAFETY: Reads a field of the current task.
    let rcu = unsafe { bindings::kprobe_rcu_read_lock_nesting() };
    if hit.irqs_disabled() || hit.preempt_count() != 0 || rcu != 0 {
        Answer::Atomic
    } else if cfg!(CONFIG_PREEMPT_COUNT) {
        Answer::MaySleep
    } else {
        Answer::Unknown
    }
}
