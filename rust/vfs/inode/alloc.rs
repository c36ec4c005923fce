// SPDX-License-Identifier: GPL-2.0

//! The memory of inodes.

use core::{
    mem::offset_of,
    ptr, //
};
use kernel::{
    bindings,
    error::code::ENOMEM,
    ffi::c_void,
    prelude::*,
    str::CStr, //
};

use super::Container;
use crate::{
    quota,
    FileSystem, //
};

/// Where the slab allocator may write in an object that is free.
///
/// Without it, it would put its pointer after the object, for which there is a constructor: 8 bytes an
/// inode. This is the first word after the inode, of which the constructor leaves nothing.
const fn freeptr_offset<F: FileSystem>() -> usize {
    offset_of!(Container<F>, info).next_multiple_of(size_of::<*const ()>())
}

/// How large an object of the inode cache is.
const fn object_size<F: FileSystem>() -> usize {
    let size = if quota::has_quotas::<F>() {
        size_of::<quota::Charged<F>>()
    } else {
        size_of::<Container<F>>()
    };
    let least = freeptr_offset::<F>() + size_of::<*const ()>();
    if size < least {
        least
    } else {
        size
    }
}

/// Creates the inode cache of a filesystem.
pub(crate) fn create_cache<F: FileSystem>(
    name: &'static CStr,
) -> Result<*mut bindings::kmem_cache> {
    // SAFETY: `name` lives for ever.
    let cache = unsafe {
        extra_bindings::inode_cache_create(
            name.as_char_ptr(),
            object_size::<F>() as u32,
            align_of::<Container<F>>() as u32,
            freeptr_offset::<F>() as u32,
            Some(inode_init_once),
        )
    };
    if cache.is_null() {
        return Err(ENOMEM);
    }
    Ok(cache)
}

/// # Safety
///
/// `object` must be new memory for a [`Container`].
unsafe extern "C" fn inode_init_once(object: *mut c_void) {
    // CAST: The inode is the first field of its `repr(C)` container.
    // SAFETY: The slab allocator calls it with new memory of the size of the container.
    unsafe { bindings::inode_init_once(object.cast()) };
}

/// Implements `->alloc_inode`.
///
/// # Safety
///
/// `cache` must be null or come from `create_cache::<F>()`, and `sb` be a valid superblock.
pub(crate) unsafe fn alloc_inode<F: FileSystem>(
    cache: *mut bindings::kmem_cache,
    sb: *mut bindings::super_block,
) -> *mut bindings::inode {
    if cache.is_null() {
        return ptr::null_mut();
    }
    // SAFETY: The caller promises that the cache is one and that `sb` is valid.
    let object = unsafe { extra_bindings::inode_cache_alloc(cache, sb) };
    let container: *mut Container<F> = object.cast();
    if container.is_null() {
        return ptr::null_mut();
    }
    let inode: *mut bindings::inode = container.cast();
    // What `free_inode` looks at, which C calls also for an inode that it could not set up.
    // SAFETY: The memory is new and as large as a container, which begins with the inode.
    unsafe { (*inode).i_private = ptr::null_mut() };
    // SAFETY: As above.
    unsafe { (*inode).i_mode = 0 };
    if quota::has_quotas::<F>() {
        // SAFETY: As above; it is as large as that.
        unsafe { quota::init_dquots(container) };
    }
    inode
}

/// Implements `->free_inode`.
///
/// # Safety
///
/// Only C's `i_callback()` may call it, with an inode from `alloc_inode::<F>()`: it does so after
/// an RCU grace period, when nobody can have a reference any more.
pub(crate) unsafe extern "C" fn free_inode<F: FileSystem>(inode: *mut bindings::inode) {
    let container: *mut Container<F> = inode.cast();
    // SAFETY: The inode comes from `alloc_inode`, and is not freed yet.
    if unsafe { is_initialised(inode) } {
        // SAFETY: The object is ours alone, and this field is initialised.
        unsafe { ptr::drop_in_place((*container).info.get().cast::<F::InodeInfo>()) };
        // SAFETY: As above.
        unsafe { ptr::drop_in_place((*container).guarded.get().cast::<F::Guarded>()) };
    }
    // SAFETY: The object is ours alone. If it is a symbolic link, what `i_link` points to was made by
    // `New::symlink`, or it is null as C has set it.
    unsafe { extra_bindings::inode_free_link(inode) };
    // The superblock, from which `alloc_inode` got the cache, may be gone by now; kfree() finds
    // the cache by itself.
    // SAFETY: The object came from a slab cache and nobody uses it any more.
    unsafe { bindings::kfree(container.cast()) };
}

/// Says that the filesystem's data of the inode are initialised.
///
/// # Safety
///
/// It must be true, and `inode` come from `alloc_inode()` and not be seen by others.
pub(crate) unsafe fn set_initialised(inode: *mut bindings::inode) {
    // C leaves `i_private` to the filesystem, null for a new inode. That it is not null is enough.
    // SAFETY: The caller promises that the inode is valid.
    unsafe { (*inode).i_private = inode.cast() };
}

/// Returns whether the filesystem's data of the inode are initialised.
///
/// # Safety
///
/// `inode` must come from `alloc_inode()`, and not be freed yet.
pub(crate) unsafe fn is_initialised(inode: *mut bindings::inode) -> bool {
    // SAFETY: The inode is alive; this is set before others see it.
    !unsafe { (*inode).i_private }.is_null()
}
