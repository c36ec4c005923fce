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
    str::CString, //
};

use crate::{
    around,
    files,
    SuperBlock,
    Table, //
};

/// So many inodes are looked at before others may have the lock of their list.
const INODES_AT_ONCE: usize = 512;

/// A filesystem, with a reference to its module, which cannot go while this lives.
///
/// # Invariants
///
/// `ptr` points to a `struct file_system_type` that was registered or has a superblock, and to whose module, without
/// which it would not stay, this has a reference.
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
    /// - Those of [`registered`].
    pub fn find(name: &CStr) -> Result<Self> {
        let bytes = name.to_bytes();
        if bytes.is_empty() || bytes.contains(&b'.') {
            return Err(EINVAL);
        }
        if !registered()?.iter().any(|other| &**other == name) {
            return Err(ENODEV);
        }
        Self::find_registered(name)
    }

    /// Finds a filesystem by a name that [`registered`] gave. Sleeps. For another name, the kernel would run modprobe.
    ///
    /// # Errors
    ///
    /// `ENODEV` if it has gone since.
    pub fn find_registered(name: &CStr) -> Result<Self> {
        // SAFETY: The name is a C string.
        let ptr = unsafe { bindings::get_fs_type(name.as_char_ptr()) };
        // INVARIANT: `get_fs_type()` takes a reference to the module.
        NonNull::new(ptr).map(|ptr| Self { ptr }).ok_or(ENODEV)
    }

    /// Finds the filesystem of a mount, and its superblock, by a path in it. Sleeps.
    ///
    /// # Errors
    ///
    /// Those of the path walk, such as `ENOENT`.
    pub fn find_mount(path: &CStr) -> Result<(Self, ActiveSuper)> {
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
        // SAFETY: The path has a reference to the mount, which keeps the superblock active.
        let result = unsafe { Self::of_super(sb) };
        // SAFETY: The reference was taken above.
        unsafe { bindings::path_put(&found) };
        result
    }

    /// Finds the filesystem of a mounted superblock by its `s_dev`, and the superblock. Sleeps.
    ///
    /// # Errors
    ///
    /// `ENODEV` if there is none, and those of [`registered`].
    pub fn find_device(s_dev: u32) -> Result<(Self, ActiveSuper)> {
        for name in registered()? {
            // It can go meanwhile.
            let Ok(fs) = Self::find_registered(&name) else {
                continue;
            };
            let mut search = Search { s_dev, found: None };
            // SAFETY: The type is valid by the invariant. `search_super()` gets what it wants: a pointer to a `Search` that
            // nobody else uses meanwhile.
            unsafe {
                bindings::iterate_supers_type(
                    fs.ptr.as_ptr(),
                    Some(search_super),
                    (&raw mut search).cast(),
                )
            };
            if let Some(sb) = search.found {
                return Ok((fs, sb));
            }
        }
        Err(ENODEV)
    }

    /// # Safety
    ///
    /// `sb` must be active.
    unsafe fn of_super(sb: *mut bindings::super_block) -> Result<(Self, ActiveSuper)> {
        // SAFETY: By the safety requirements.
        let active = unsafe { ActiveSuper::new(sb) }?;
        // SAFETY: As above; the superblock has a reference to its type's module.
        let ptr = NonNull::new(unsafe { (*sb).s_type }).ok_or(ENODEV)?;
        // SAFETY: As above.
        let owner = unsafe { ptr.as_ref().owner };
        // SAFETY: As above. A null pointer is fine.
        unsafe { bindings::__module_get(owner) };
        // INVARIANT: The type has a superblock, and the reference was just taken.
        Ok((Self { ptr }, active))
    }

    /// Returns the address, by which `s_type` of a superblock can be compared.
    pub fn address(&self) -> usize {
        self.ptr.as_ptr() as usize
    }

    /// Returns the operations of a `struct fs_context` of this filesystem, as a mount gets one. Sleeps.
    ///
    /// # Errors
    ///
    /// Those of the filesystem's `->init_fs_context()`, which may not like who asks.
    pub fn context_operations(&self) -> Result<usize> {
        // SAFETY: The type is valid by the invariant.
        let fc = from_err_ptr(unsafe { bindings::fs_context_for_mount(self.ptr.as_ptr(), 0) })?;
        // SAFETY: The context is this function's own.
        let ops = unsafe { (*fc).ops } as usize;
        // SAFETY: As above; nobody has it any more.
        unsafe { bindings::put_fs_context(fc) };
        Ok(ops)
    }

    /// Calls `f` with the kind and the address of every table of callbacks that is found from the mounted super
    /// blocks, or from one of them: their own, those of their inodes, of the dentries, mappings and file
    /// locks of these, and of open files. Sleeps, and waits for mounts of this filesystem that are under way.
    ///
    /// `f` is called with spinlocks held, and for each of several objects that share a table. Objects that come
    /// or go meanwhile may be left out.
    ///
    /// # Errors
    ///
    /// `EINTR` if a signal kills the caller, and `ENOMEM`.
    pub fn for_each_table<F: FnMut(Table, usize)>(&self, only: Option<SuperBlock>, f: F) -> Result {
        let mut each = Each { f, only };
        // SAFETY: The type is valid by the invariant. `each_super()` gets what it wants: a pointer to
        // an `Each<F>` that nobody else uses meanwhile.
        unsafe {
            bindings::iterate_supers_type(
                self.ptr.as_ptr(),
                Some(each_super::<F>),
                (&raw mut each).cast(),
            )
        };
        let Each { mut f, only } = each;
        files::for_each_open(|file| {
            let is_of = |(s_type, sb): (usize, Option<SuperBlock>)| {
                s_type == self.address() && (only.is_none() || only == sb)
            };
            if Table::File.owner(file as usize).is_some_and(is_of) {
                for table in Table::File.tables(file as usize) {
                    f(Table::File, table);
                }
            }
        })
    }
}

impl Clone for FileSystemType {
    fn clone(&self) -> Self {
        // SAFETY: The type is valid by the invariant.
        let owner = unsafe { self.ptr.as_ref().owner };
        // SAFETY: By the invariant there is a reference, so that there can be another one. A null pointer is fine.
        unsafe { bindings::__module_get(owner) };
        // INVARIANT: The reference was just taken.
        Self { ptr: self.ptr }
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

/// A superblock that stays active while this lives, also when it is unmounted meanwhile.
///
/// # Invariants
///
/// This has an active reference to what `ptr` points to.
pub struct ActiveSuper {
    ptr: NonNull<bindings::super_block>,
}

impl ActiveSuper {
    /// # Safety
    ///
    /// `sb` must be active.
    unsafe fn new(sb: *mut bindings::super_block) -> Result<Self> {
        let ptr = NonNull::new(sb).ok_or(ENODEV)?;
        // SAFETY: By the safety requirements.
        unsafe { bindings::atomic_inc(&raw mut (*sb).s_active) };
        // INVARIANT: The reference was just taken.
        Ok(Self { ptr })
    }

    /// Returns what can be seen of it.
    pub fn seen(&self) -> Option<SuperBlock> {
        SuperBlock::new(self.ptr.as_ptr() as usize)
    }
}

impl Drop for ActiveSuper {
    /// Sleeps. It can be what ends the superblock, so no lock may be held.
    fn drop(&mut self) {
        // SAFETY: By the invariant the reference is this one's own.
        unsafe { bindings::deactivate_super(self.ptr.as_ptr()) };
    }
}

/// Returns the names of all registered filesystems, as `/proc/filesystems` has them. Sleeps.
///
/// C shows the list nowhere else.
///
/// # Errors
///
/// Those of reading that file, which a line in the log names: `ENOENT` if `/proc` is not mounted; and `ENOMEM`.
pub fn registered() -> Result<KVec<CString>> {
    let flags = bindings::O_RDONLY as c_int;
    // SAFETY: The name is a C string.
    let file = unsafe { bindings::filp_open(c"/proc/filesystems".as_char_ptr(), flags, 0) };
    let file = from_err_ptr(file)
        .inspect_err(|error| pr_err!("/proc/filesystems cannot be read: {error:?}\n"))?;
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

/// What [`search_super`] works with.
struct Search {
    s_dev: u32,
    found: Option<ActiveSuper>,
}

/// # Safety
///
/// Only for `iterate_supers_type()`, which holds `s_umount` of `sb`. `search` must point to a `Search`.
unsafe extern "C" fn search_super(sb: *mut bindings::super_block, search: *mut c_void) {
    // SAFETY: By the safety requirements.
    let search = unsafe { &mut *search.cast::<Search>() };
    let seen = SuperBlock::new(sb as usize).filter(|sb| sb.s_dev() == Some(search.s_dev));
    if seen.is_some() && search.found.is_none() {
        // SAFETY: The last active reference is dropped under `s_umount`, held for writing, and what comes here has not
        // lost it yet.
        search.found = unsafe { ActiveSuper::new(sb) }.ok();
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
