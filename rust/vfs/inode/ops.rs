// SPDX-License-Identifier: GPL-2.0

//! Tables of [`Operations`], for [`super::New`].

use core::marker::PhantomData;
use kernel::bindings;

use super::{
    operations::Operations,
    table::Table, //
};
use crate::{
    helper::either,
    FileSystem, //
};

/// What a table is made of: an [`Operations`], or several.
///
/// Several are a tuple of up to four: a slot has the callback of the first that has one. So what is
/// the same for inodes of several types is written once, and each type adds its own.
pub trait Slots {
    /// The filesystem.
    type FileSystem: FileSystem;

    /// The table.
    const TABLE: bindings::inode_operations;

    /// Whether `->get_link` is a method, which finds the target by itself.
    const FINDS_TARGET: bool;
}

impl<T: Operations> Slots for T {
    type FileSystem = T::FileSystem;

    const TABLE: bindings::inode_operations = Table::<T>::TABLE;
    const FINDS_TARGET: bool = T::HAS_GET_LINK;
}

impl<A: Slots, B: Slots<FileSystem = A::FileSystem>> Slots for (A, B) {
    type FileSystem = A::FileSystem;

    const TABLE: bindings::inode_operations = either!(
        bindings::inode_operations, A::TABLE, B::TABLE;
        lookup get_link permission get_inode_acl readlink create link unlink symlink mkdir rmdir
        mknod rename setattr getattr listxattr fiemap update_time sync_lazytime atomic_open tmpfile
        get_acl set_acl fileattr_set fileattr_get get_offset_ctx
    );
    const FINDS_TARGET: bool = match A::TABLE.get_link {
        Some(_) => A::FINDS_TARGET,
        None => B::FINDS_TARGET,
    };
}

impl<A: Slots, B, C> Slots for (A, B, C)
where
    (B, C): Slots<FileSystem = A::FileSystem>,
{
    type FileSystem = A::FileSystem;

    const TABLE: bindings::inode_operations = <(A, (B, C))>::TABLE;
    const FINDS_TARGET: bool = <(A, (B, C))>::FINDS_TARGET;
}

impl<A: Slots, B, C, D> Slots for (A, B, C, D)
where
    (B, C, D): Slots<FileSystem = A::FileSystem>,
{
    type FileSystem = A::FileSystem;

    const TABLE: bindings::inode_operations = <(A, (B, C, D))>::TABLE;
    const FINDS_TARGET: bool = <(A, (B, C, D))>::FINDS_TARGET;
}

/// A table of operations for inodes of `F`.
///
/// # Examples
///
/// ```
/// use vfs::inode::{Operations, Ops};
///
/// /// What all inodes have.
/// struct Attributes;
///
/// #[vtable]
/// impl Operations for Attributes {
///     type FileSystem = Fs;
///
///     fn getattr(
///         idmap: &Idmap,
///         inode: &Inode<Fs>,
///         stat: &mut Kstat,
///         request_mask: u32,
///         _query_flags: u32,
///     ) -> Result {
///         stat.generic_fillattr(idmap, request_mask, inode);
///         Ok(())
///     }
/// }
///
/// /// What directories have besides.
/// struct Dir;
///
/// #[vtable]
/// impl Operations for Dir {
///     type FileSystem = Fs;
///
///     fn lookup(
///         _dir: &Locked<'_, Inode<Fs>, rule::lookup::Dir>,
///         dentry: InLookup<'_, Fs>,
///         _flags: u32,
///     ) -> Result<Option<ARef<Dentry<Fs>>>> {
///         dentry.d_add(None)
///     }
/// }
///
/// let regular: Ops<Fs> = Ops::of::<Attributes>();
/// let directory: Ops<Fs> = Ops::of::<(Dir, Attributes)>();
/// ```
pub struct Ops<F: FileSystem> {
    table: &'static bindings::inode_operations,
    finds_target: bool,
    _fs: PhantomData<F>,
}

impl<F: FileSystem> Ops<F> {
    /// The table without callbacks: what C does where a slot is null is enough.
    pub const NONE: Self = Self {
        table: &NONE,
        finds_target: false,
        _fs: PhantomData,
    };

    /// Returns the table of `T`: an [`Operations`], or a tuple of several, of which the first that
    /// has a callback for a slot fills it.
    pub const fn of<T: Slots<FileSystem = F>>() -> Self {
        Self {
            table: &T::TABLE,
            finds_target: T::FINDS_TARGET,
            _fs: PhantomData,
        }
    }

    pub(crate) fn as_ptr(&self) -> *const bindings::inode_operations {
        self.table
    }

    pub(crate) fn has_get_link(&self) -> bool {
        self.table.get_link.is_some()
    }

    pub(crate) fn finds_target(&self) -> bool {
        self.finds_target
    }
}

static NONE: bindings::inode_operations = pin_init::zeroed();
