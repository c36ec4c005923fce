// SPDX-License-Identifier: GPL-2.0

//! Registered filesystems.

use core::{
    mem::MaybeUninit,
    ptr::NonNull, //
};
use extra_bindings as bindings;
use kernel::{
    container_of,
    error::{
        from_err_ptr,
        to_result, //
    },
    prelude::*,
    str::CString,
    types::Opaque, //
};

use crate::{
    around,
    SuperBlock,
    Table, //
};

/// So many inodes are looked at before others may have the lock of their list.
const INODES_AT_ONCE: usize = 512;

/// A registered filesystem, with a reference to its module, which cannot go while this lives.
///
/// # Invariants
///
/// `ptr` points to a registered `struct file_system_type`, to whose module this has a reference.
pub struct FileSystemType {
    ptr: NonNull<bindings::file_system_type>,
}

// SAFETY: A reference to a module belongs to no thread.
unsafe impl Send for FileSystemType {}
// SAFETY: `&self` gives nothing that could not be done from any thread.
unsafe impl Sync for FileSystemType {}

impl FileSystemType {
    /// Finds a filesystem by name. Sleeps. It does not make the kernel load a module of that name.
    ///
    /// # Errors
    ///
    /// - `EINVAL`: the name is empty or has a dot in it, which divides a name from a subtype.
    /// - `ENODEV`: there is no such filesystem, or it is just going.
    /// - `ENOMEM`.
    pub fn find(name: &CStr) -> Result<Self> {
        let bytes = name.to_bytes();
        if bytes.is_empty() || bytes.contains(&b'.') {
            return Err(EINVAL);
        }
        // `get_fs_type()` runs modprobe for a name that it does not know.
        if !is_registered(name)? {
            return Err(ENODEV);
        }
        // SAFETY: The name is a C string.
        let ptr = unsafe { bindings::get_fs_type(name.as_char_ptr()) };
        // INVARIANT: `get_fs_type()` takes a reference to the module, without which the type would
        // not stay.
        NonNull::new(ptr).map(|ptr| Self { ptr }).ok_or(ENODEV)
    }

    /// Finds the filesystem of a mount, and its super block, by a path in it. Sleeps.
    ///
    /// The super block need not stay.
    ///
    /// # Errors
    ///
    /// Those of the path walk, such as `ENOENT`, and those of [`FileSystemType::find`].
    pub fn find_mount(path: &CStr) -> Result<(Self, SuperBlock)> {
        let mut found = MaybeUninit::<bindings::path>::uninit();
        // SAFETY: The path is a C string, and `found` valid for writes.
        let ret = unsafe {
            bindings::kern_path(
                path.as_char_ptr(),
                bindings::RUST_CONST_HELPER_LOOKUP_FOLLOW,
                found.as_mut_ptr(),
            )
        };
        to_result(ret)?;
        // SAFETY: It was found, and so it was written.
        let found = unsafe { found.assume_init() };
        // SAFETY: The path has a reference to the dentry.
        let sb = unsafe { (*found.dentry).d_sb };
        // SAFETY: The dentry keeps its super block, and that its type, which has a name.
        let result = unsafe { Self::of_super(sb) };
        // SAFETY: The reference was taken above.
        unsafe { bindings::path_put(&found) };
        result
    }

    /// Finds the filesystem of a mounted super block by its `s_dev`, and the super block. Sleeps.
    ///
    /// # Errors
    ///
    /// `ENODEV` if there is none, and those of [`registered`].
    pub fn find_device(s_dev: u32) -> Result<(Self, SuperBlock)> {
        for name in registered()? {
            // It can go meanwhile.
            let Ok(fs) = Self::find(&name) else {
                continue;
            };
            let mut found = None;
            fs.for_each_super(|sb| {
                if sb.s_dev() == Some(s_dev) {
                    found = Some(sb);
                }
            });
            if let Some(sb) = found {
                return Ok((fs, sb));
            }
        }
        Err(ENODEV)
    }

    /// # Safety
    ///
    /// `sb` must be alive.
    unsafe fn of_super(sb: *mut bindings::super_block) -> Result<(Self, SuperBlock)> {
        let seen = SuperBlock::new(sb as usize).ok_or(ENODEV)?;
        // SAFETY: By the safety requirements; the type outlives its super blocks.
        let name = unsafe { (*(*sb).s_type).name };
        // SAFETY: A registered type has a name.
        let fs = Self::find(unsafe { CStr::from_char_ptr(name) })?;
        Ok((fs, seen))
    }

    /// Calls `f` with each mounted super block, which stays meanwhile: `s_umount` is held. Sleeps.
    fn for_each_super<F: FnMut(SuperBlock)>(&self, mut f: F) {
        // SAFETY: The type is registered by the invariant. `just_super()` gets what it wants: a pointer to
        // an `F` that nobody else uses meanwhile.
        unsafe {
            bindings::iterate_supers_type(
                self.ptr.as_ptr(),
                Some(just_super::<F>),
                (&raw mut f).cast(),
            )
        };
    }

    /// Returns the address, by which `s_type` of a super block can be compared.
    pub fn address(&self) -> usize {
        self.ptr.as_ptr() as usize
    }

    /// Returns the operations of a `struct fs_context` of this filesystem, as a mount gets one. Sleeps.
    ///
    /// # Errors
    ///
    /// Those of the filesystem's `->init_fs_context()`, which may not like who asks.
    pub fn context_operations(&self) -> Result<usize> {
        // SAFETY: The type is registered by the invariant.
        let fc = from_err_ptr(unsafe { bindings::fs_context_for_mount(self.ptr.as_ptr(), 0) })?;
        // SAFETY: The context is this function's own.
        let ops = unsafe { (*fc).ops } as usize;
        // SAFETY: As above; nobody has it any more.
        unsafe { bindings::put_fs_context(fc) };
        Ok(ops)
    }

    /// Calls `f` with the kind and the address of every table of callbacks that is found from the mounted super
    /// blocks, or from one of them: their own, those of their inodes, of the dentries, mappings and file
    /// locks of these. Sleeps.
    ///
    /// `f` is called with spinlocks held, and for each of several objects that share a table. Objects that come
    /// or go meanwhile may be left out.
    pub fn for_each_table<F: FnMut(Table, usize)>(&self, only: Option<SuperBlock>, f: F) {
        let mut each = Each { f, only };
        // SAFETY: The type is registered by the invariant. `each_super()` gets what it wants: a pointer to
        // an `Each<F>` that nobody else uses meanwhile.
        unsafe {
            bindings::iterate_supers_type(
                self.ptr.as_ptr(),
                Some(each_super::<F>),
                (&raw mut each).cast(),
            )
        };
    }
}

impl Drop for FileSystemType {
    fn drop(&mut self) {
        // SAFETY: By the invariant the type is valid.
        let owner = unsafe { (*self.ptr.as_ptr()).owner };
        // SAFETY: By the invariant this has a reference to it. A null pointer is fine.
        unsafe { bindings::module_put(owner) };
    }
}

/// Nobody mounts a name that is only being tried.
///
/// # Safety
///
/// Only for C.
unsafe extern "C" fn refuse(_fc: *mut kernel::bindings::fs_context) -> c_int {
    ENODEV.to_errno()
}

/// Returns whether a filesystem of this name is registered. Sleeps.
///
/// There is no call that only looks. But no name can be registered twice, so this tries to register
/// it, and takes it back at once if that worked.
fn is_registered(name: &CStr) -> Result<bool> {
    let name = CString::try_from(name)?;
    let trial = KBox::pin_init(
        Opaque::ffi_init(|slot: *mut bindings::file_system_type| {
            let trial = bindings::file_system_type {
                name: name.as_char_ptr(),
                init_fs_context: Some(refuse),
                ..pin_init::zeroed()
            };
            // SAFETY: The slot is valid for writes.
            unsafe { slot.write(trial) };
        }),
        GFP_KERNEL,
    )?;
    let trial: &Opaque<bindings::file_system_type> = &trial;
    // SAFETY: It is initialised, and stays until it is unregistered below. As nothing can be mounted with it, no
    // lockdep key in it is ever used, and so it need not be static.
    let ret = unsafe { bindings::register_filesystem(trial.get()) };
    if ret == EBUSY.to_errno() {
        return Ok(true);
    }
    to_result(ret)?;
    // SAFETY: It was just registered. This waits for those who found it in the list.
    unsafe { bindings::unregister_filesystem(trial.get()) };
    Ok(false)
}

/// Returns the names of all registered filesystems, as `/proc/filesystems` has them. Sleeps.
///
/// C shows the list nowhere else.
///
/// # Errors
///
/// Those of reading that file: `ENOENT` if `/proc` is not mounted; and `ENOMEM`.
pub fn registered() -> Result<KVec<CString>> {
    let flags = bindings::O_RDONLY as c_int;
    // SAFETY: The name is a C string.
    let file = unsafe { bindings::filp_open(c"/proc/filesystems".as_char_ptr(), flags, 0) };
    let file = from_err_ptr(file)?;
    let text = read_all(file);
    // SAFETY: The file was opened above.
    unsafe { bindings::filp_close(file, core::ptr::null_mut()) };
    let mut names = KVec::new();
    for line in text?.split(|&byte| byte == b'\n') {
        let name = line
            .rsplit(|&byte| byte == b'\t')
            .next()
            .unwrap_or_default();
        if let Some(name) = core::str::from_utf8(name)
            .ok()
            .filter(|name| !name.is_empty())
        {
            names.push(CString::try_from_fmt(fmt!("{name}"))?, GFP_KERNEL)?;
        }
    }
    Ok(names)
}

/// Reads all of a file. It must be open for reading.
fn read_all(file: *mut bindings::file) -> Result<KVec<u8>> {
    const CHUNK: usize = 512;
    let mut text = KVec::new();
    let mut pos = 0;
    loop {
        let mut chunk = [0_u8; CHUNK];
        // SAFETY: The file is open, and the buffer has room for so many bytes.
        let read =
            unsafe { bindings::kernel_read(file, chunk.as_mut_ptr().cast(), CHUNK, &raw mut pos) };
        let read = usize::try_from(read).map_err(|_| Error::from_errno(read as c_int))?;
        match chunk.get(..read) {
            Some([]) | None => return Ok(text),
            Some(bytes) => text.extend_from_slice(bytes, GFP_KERNEL)?,
        }
    }
}

/// # Safety
///
/// Only for `iterate_supers_type()`, which keeps `sb`. `f` must point to an `F`.
unsafe extern "C" fn just_super<F: FnMut(SuperBlock)>(
    sb: *mut bindings::super_block,
    f: *mut c_void,
) {
    // SAFETY: By the safety requirements.
    let f = unsafe { &mut *f.cast::<F>() };
    if let Some(sb) = SuperBlock::new(sb as usize) {
        f(sb);
    }
}

/// What [`each_super`] works with.
struct Each<F> {
    f: F,
    only: Option<SuperBlock>,
}

/// # Safety
///
/// Only for `iterate_supers_type()`, which holds `s_umount` of `sb`. `each` must point to an `Each<F>`.
unsafe extern "C" fn each_super<F: FnMut(Table, usize)>(
    sb: *mut bindings::super_block,
    each: *mut c_void,
) {
    // SAFETY: By the safety requirements.
    let Each { f, only } = unsafe { &mut *each.cast::<Each<F>>() };
    let Some(seen) = SuperBlock::new(sb as usize) else {
        return;
    };
    if only.is_some_and(|only| only != seen) {
        return;
    }
    for (table, address) in seen.tables() {
        f(table, address);
    }
    // SAFETY: `s_umount` keeps `sb` alive.
    let lock = unsafe { &raw mut (*sb).s_inode_list_lock };
    // SAFETY: As above.
    let head = unsafe { &raw mut (*sb).s_inodes };

    // The inode that keeps the place in the list while the lock is open.
    let mut place: *mut bindings::inode = core::ptr::null_mut();
    // SAFETY: The lock is initialised, as `sb` is alive.
    unsafe { bindings::spin_lock(lock) };
    // SAFETY: The head is valid, and the lock protects the list.
    let mut node = unsafe { (*head).next };
    let mut count = 0;
    while !core::ptr::eq(node, head) {
        // SAFETY: All nodes of `s_inodes` but the head are in inodes.
        let inode = unsafe { container_of!(node, bindings::inode, i_sb_list) };
        // SAFETY: An inode that is on the list is alive.
        let mapped = unsafe { around::inode(inode, f) };
        count += 1;
        if mapped || count >= INODES_AT_ONCE {
            // SAFETY: The inode is on the list, and so alive. It may be going: then this gives null.
            let kept = unsafe { bindings::igrab(inode) };
            if !kept.is_null() {
                // SAFETY: The lock was taken here.
                unsafe { bindings::spin_unlock(lock) };
                // SAFETY: The reference is this function's own; null is fine.
                unsafe { bindings::iput(place) };
                place = kept;
                count = 0;
                // SAFETY: The reference keeps the inode, and no spinlock is held.
                unsafe { around::mappings(inode, f) };
                // SAFETY: The lock is initialised.
                unsafe { bindings::spin_lock(lock) };
            }
        }
        // SAFETY: The inode is on the list: the lock was held all the time, or a reference is.
        node = unsafe { (*inode).i_sb_list.next };
    }
    // SAFETY: The lock was taken here.
    unsafe { bindings::spin_unlock(lock) };
    // SAFETY: The reference is this function's own; null is fine.
    unsafe { bindings::iput(place) };
}
