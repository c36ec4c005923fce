// SPDX-License-Identifier: GPL-2.0

//! Files that are open.

use extra_bindings as bindings;
use kernel::{
    prelude::*,
    sync::rcu, //
};

/// Calls `f` with each file that a task has in its table of files. Sleeps.
///
/// Each file stays until `f` returns. It can come several times. What opens and closes meanwhile may be left out.
pub(crate) fn for_each_open<F: FnMut(*mut bindings::file)>(mut f: F) {
    let mut number: c_int = 1;
    while let Some(task) = next_task(&mut number) {
        if !shares_files(task) {
            each_of_task(task, &mut f);
        }
        // SAFETY: `next_task()` took a reference.
        unsafe { bindings::put_task_struct(task) };
    }
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

/// Returns whether the task is a thread that has the files of its process, which come with that.
fn shares_files(task: *mut bindings::task_struct) -> bool {
    let _guard = rcu::read_lock();
    // SAFETY: The caller has a reference. It can change: this is a word.
    let leader = unsafe { (&raw const (*task).group_leader).read_volatile() };
    // SAFETY: As above.
    let own = unsafe { (&raw const (*task).files).read_volatile() };
    // SAFETY: RCU keeps the task that was the leader just now.
    let of_leader = unsafe { (&raw const (*leader).files).read_volatile() };
    !core::ptr::eq(task, leader) && core::ptr::eq(own, of_leader)
}

fn each_of_task<F: FnMut(*mut bindings::file)>(task: *mut bindings::task_struct, f: &mut F) {
    let mut fd: c_uint = 0;
    loop {
        // SAFETY: The caller has a reference to the task. A number that is too high is fine.
        let file = unsafe { bindings::fget_task_next(task, &mut fd) };
        if file.is_null() {
            return;
        }
        f(file);
        // SAFETY: `fget_task_next()` took a reference.
        unsafe { bindings::fput(file) };
        fd += 1;
    }
}
