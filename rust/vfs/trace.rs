// SPDX-License-Identifier: GPL-2.0

//! Tracepoints: what a filesystem is asked for, and what it answers.
//!
//! C header: [`include/linux/tracepoint.h`](srctree/include/linux/tracepoint.h)
//!
//! They are defined in `rust/trace/vfs_trace.h`, which Kbuild compiles for each filesystem. One that
//! is off costs a jump that is not taken: a static key. The tables of callbacks call them, so that a
//! filesystem need not.

use kernel::{
    bindings,
    ffi::{
        c_int,
        c_uint, //
    },
    macros::paste, //
};

/// Declares tracepoints with their arguments, which are those of C.
macro_rules! tracepoints {
    ($(
        $(#[$meta:meta])*
        fn $name:ident($($arg:ident: $ty:ty),* $(,)?);
    )*) => {
        /// What C defines. The kernel's own macro looks for that in the kernel's bindings.
        // Structs of C without fields are in what these pointers point to, in some configurations.
        #[allow(improper_ctypes)]
        #[cfg(CONFIG_TRACEPOINTS)]
        mod c {
            use super::*;

            paste! {
                extern "C" {
                    $(
                        pub(super) static [< __tracepoint_ $name >]: bindings::tracepoint;
                        pub(super) fn [< rust_do_trace_ $name >]($($arg: $ty),*);
                    )*
                }
            }
        }

        $(
            $(#[$meta])*
            ///
            /// # Safety
            ///
            /// What the arguments point to must be valid for the call.
            #[inline(always)]
            pub(crate) unsafe fn $name($($arg: $ty),*) {
                #[cfg(CONFIG_TRACEPOINTS)]
                paste! {
                    // SAFETY: It is the key of a tracepoint that C defines.
                    let on = unsafe {
                        kernel::jump_label::static_branch_unlikely!(
                            c::[< __tracepoint_ $name >],
                            bindings::tracepoint,
                            key
                        )
                    };
                    if on {
                        // SAFETY: The caller promises it.
                        unsafe { c::[< rust_do_trace_ $name >]($($arg),*) };
                    }
                }
                #[cfg(not(CONFIG_TRACEPOINTS))]
                {
                    $(let _ = $arg;)*
                }
            }
        )*
    };
}

tracepoints! {
    /// A name was looked up.
    fn lookup(dir: *mut bindings::inode, dentry: *mut bindings::dentry, ret: c_int);
    /// A regular file was made.
    fn create(dir: *mut bindings::inode, dentry: *mut bindings::dentry, ret: c_int);
    /// A file got one more name.
    fn link(dir: *mut bindings::inode, dentry: *mut bindings::dentry, ret: c_int);
    /// A name was removed.
    fn unlink(dir: *mut bindings::inode, dentry: *mut bindings::dentry, ret: c_int);
    /// A symbolic link was made.
    fn symlink(dir: *mut bindings::inode, dentry: *mut bindings::dentry, ret: c_int);
    /// A directory was made.
    fn mkdir(dir: *mut bindings::inode, dentry: *mut bindings::dentry, ret: c_int);
    /// A directory was removed.
    fn rmdir(dir: *mut bindings::inode, dentry: *mut bindings::dentry, ret: c_int);
    /// A device, FIFO or socket was made.
    fn mknod(dir: *mut bindings::inode, dentry: *mut bindings::dentry, ret: c_int);
    /// A name became another one. The entries still have their old names.
    fn rename(
        old_dir: *mut bindings::inode,
        old_dentry: *mut bindings::dentry,
        new_dir: *mut bindings::inode,
        new_dentry: *mut bindings::dentry,
        flags: c_uint,
        ret: c_int,
    );

    /// A file without a name was made in this directory.
    fn tmpfile(
        dir: *mut bindings::inode,
        file: *mut bindings::file,
        mode: bindings::umode_t,
        ret: c_int,
    );
    /// Attributes were set.
    fn setattr(inode: *mut bindings::inode, attr: *mut bindings::iattr, ret: c_int);
    /// An inode is about to go.
    fn evict_inode(inode: *mut bindings::inode);

    /// Room was made, given back or zeroed.
    fn fallocate(file: *mut bindings::file, mode: c_int, pos: i64, len: i64, ret: c_int);
    /// A folio is about to be read. It must be locked and in a mapping.
    fn read_folio(folio: *mut bindings::folio);
    /// Folios are about to be read.
    fn readahead(rac: *mut bindings::readahead_control);
    /// Folios were written back.
    fn writepages(
        mapping: *mut bindings::address_space,
        wbc: *mut bindings::writeback_control,
        ret: c_int,
    );
}
