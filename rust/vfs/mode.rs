// SPDX-License-Identifier: GPL-2.0

//! File modes.
//!
//! C header: [`include/uapi/linux/stat.h`](srctree/include/uapi/linux/stat.h)

use kernel::bindings;

/// `umode_t`: the type of a file and its permissions.
pub type Mode = bindings::umode_t;

/// The bits of the type.
pub const S_IFMT: Mode = bindings::S_IFMT as Mode;
/// A socket.
pub const S_IFSOCK: Mode = bindings::S_IFSOCK as Mode;
/// A symbolic link.
pub const S_IFLNK: Mode = bindings::S_IFLNK as Mode;
/// A regular file.
pub const S_IFREG: Mode = bindings::S_IFREG as Mode;
/// A block device.
pub const S_IFBLK: Mode = bindings::S_IFBLK as Mode;
/// A directory.
pub const S_IFDIR: Mode = bindings::S_IFDIR as Mode;
/// A character device.
pub const S_IFCHR: Mode = bindings::S_IFCHR as Mode;
/// A FIFO.
pub const S_IFIFO: Mode = bindings::S_IFIFO as Mode;
/// All permissions, set-user-ID, set-group-ID and sticky.
pub const S_IALLUGO: Mode = 0o7777;
/// Read, write and execute for all.
pub const S_IRWXUGO: Mode = 0o777;

/// Returns the file type as directory entries show it, one of `DT_*`.
///
/// Mirrors `fs_umode_to_dtype()` of `include/linux/fs_dirent.h`: the numbers are the type bits.
///
/// # Examples
///
/// ```
/// use vfs::mode::{fs_umode_to_dtype, S_IFDIR, S_IFREG};
///
/// // DT_DIR and DT_REG of readdir(3).
/// assert_eq!(fs_umode_to_dtype(S_IFDIR | 0o755), 4);
/// assert_eq!(fs_umode_to_dtype(S_IFREG), 8);
/// ```
#[inline]
pub const fn fs_umode_to_dtype(mode: Mode) -> u8 {
    ((mode & S_IFMT) >> 12) as u8
}
