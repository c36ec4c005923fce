// SPDX-License-Identifier: GPL-2.0

//! Files that are open.

use extra_bindings as bindings;
use kernel::{
    prelude::*,
    rbtree::RBTree,
    sync::rcu, //
};

/// Calls `f` with each file that a task has in its table of files. Sleeps.
///
/// Each file stays until `f` returns. It can come several times. What opens and closes meanwhile may be left out.
///
/// # Errors
///
/// `EINTR` if a signal kills the caller, and `ENOMEM`.
pub(crate) fn for_each_open<F: FnMut(*mut bindings::file)>(mut f: F) -> Result {
    // The tables of files that were looked at. Any number of tasks can share a large one, which costs them nothing.
    let mut seen = RBTree::new();
    let mut number: c_int = 1;
    while let Some(task) = next_task(&mut number) {
        let result = each_new(task, &mut seen, &mut f);
        // SAFETY: `next_task()` took a reference.
        unsafe { bindings::put_task_struct(task) };
        result?;
    }
    Ok(())
}

/// Returns the first task with this number or a higher one, with a reference, and the next number.
fn next_task(number: &mut c_int) -> Option<*mut bindings::task_struct> {
    loop {
        let _guard = rcu::read_lock();
        // SAFETY: The namespace is always there. RCU keeps what is found.
        let pid = unsafe { bindings::find_ge_pid(*number, &raw mut bindings::init_pid_ns) };
        if pid.is_null() {
            return None;
        }
        // SAFETY: RCU keeps it, and each has a number in the first namespace.
        *number = unsafe { (*(*pid).numbers.as_ptr()).nr } + 1;
        // SAFETY: As above.
        let task = unsafe { bindings::get_pid_task(pid, bindings::pid_type_PIDTYPE_PID) };
        if !task.is_null() {
            return Some(task);
        }
    }
}

/// Looks at the files of a task, whose caller has a reference to it, unless its table was seen.
fn each_new<F: FnMut(*mut bindings::file)>(
    task: *mut bindings::task_struct,
    seen: &mut RBTree<usize, ()>,
    f: &mut F,
) -> Result {
    // SAFETY: The caller has a reference. It can change: this is a word, which is not followed.
    let table = unsafe { (&raw const (*task).files).read_volatile() } as usize;
    if table == 0 || seen.try_create_and_insert(table, (), GFP_KERNEL)?.is_some() {
        return Ok(());
    }
    let mut fd: c_uint = 0;
    loop {
        // SAFETY: It only looks at the current task.
        if unsafe { bindings::current_fatal_signal_pending() } {
            return Err(EINTR);
        }
        // SAFETY: The caller has a reference to the task. A number that is too high is fine.
        let file = unsafe { bindings::fget_task_next(task, &mut fd) };
        if file.is_null() {
            return Ok(());
        }
        f(file);
        // SAFETY: `fget_task_next()` took a reference.
        unsafe { bindings::fput(file) };
        fd += 1;
    }
}
