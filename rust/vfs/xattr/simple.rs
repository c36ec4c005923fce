// SPDX-License-Identifier: GPL-2.0

//! Extended attributes in memory, for a filesystem that has nowhere else to put them.
//!
//! What `simple_xattrs` of `fs/xattr.c` are in C, whose functions are not exported to modules.

use core::{
    marker::PhantomData,
    ptr, //
};
use kernel::{
    new_mutex,
    prelude::*,
    sync::{
        atomic::{
            Acquire,
            Atomic,
            Full, //
        },
        Mutex, //
    },
};
use since_v7_3::code::ENODATA;

use super::{
    may_see_trusted,
    Buffer,
    List,
    Set,
    XATTR_TRUSTED_PREFIX, //
};

/// What an attribute counts as beyond its name and value, in bytes: the array of them may be half empty.
const OVERHEAD: usize = 2 * size_of::<Xattr>();

/// An attribute.
struct Xattr {
    prefix: &'static CStr,
    /// Without the prefix.
    name: KVec<u8>,
    value: KVVec<u8>,
}

impl Xattr {
    fn new(prefix: &'static CStr, name: &[u8], value: &[u8]) -> Result<Self> {
        let mut xattr = Self {
            prefix,
            name: KVec::with_capacity(name.len(), GFP_KERNEL_ACCOUNT)?,
            value: KVVec::with_capacity(value.len(), GFP_KERNEL_ACCOUNT)?,
        };
        xattr.name.extend_from_slice(name, GFP_KERNEL_ACCOUNT)?;
        xattr.value.extend_from_slice(value, GFP_KERNEL_ACCOUNT)?;
        Ok(xattr)
    }

    fn bytes(&self) -> usize {
        OVERHEAD + self.prefix.to_bytes().len() + self.name.len() + self.value.len()
    }
}

/// The attributes of an inode that has some.
struct Store<T> {
    /// In the order of their prefixes and names.
    xattrs: KVVec<Xattr>,
    bytes: usize,
    charged: T,
}

impl<T> Store<T> {
    fn find(&self, prefix: &CStr, name: &[u8]) -> core::result::Result<usize, usize> {
        self.xattrs
            .binary_search_by(|xattr| (xattr.prefix, &xattr.name[..]).cmp(&(prefix, name)))
    }
}

/// The extended attributes of an inode, kept in memory: one pointer, as long as there are none.
///
/// `T` is what the filesystem notes about what it has charged for them; a mutex protects it together
/// with the attributes. That is taken with or without `i_rwsem`.
///
/// # Examples
///
/// ```
/// use vfs::xattr::{Set, SimpleXattrs, XATTR_USER_PREFIX};
///
/// let xattrs: SimpleXattrs<usize> = SimpleXattrs::new();
/// // At most a kilobyte: noted is how much there is.
/// let charge = |charged: &mut usize, bytes| {
///     if bytes > 1024 {
///         return Err(ENOSPC);
///     }
///     *charged = bytes;
///     Ok(())
/// };
/// xattrs.set(XATTR_USER_PREFIX, b"a", Some(b"value"), Set::Create, charge)?;
/// assert!(xattrs.with(|charged, bytes| *charged == bytes)?);
/// let long = [0; 1024];
/// assert!(xattrs.set(XATTR_USER_PREFIX, b"a", Some(&long), Set::Replace, charge) == Err(ENOSPC));
/// ```
///
/// # Invariants
///
/// The pointer is null or that of a box which is ours; once it is not null it does not change.
pub struct SimpleXattrs<T>(Atomic<*mut Mutex<Store<T>>>, PhantomData<Mutex<Store<T>>>);

// SAFETY: It owns a mutex of what is `Send` if `T` is.
unsafe impl<T: Send> Send for SimpleXattrs<T> {}
// SAFETY: As above; what it lends is behind that mutex.
unsafe impl<T: Send> Sync for SimpleXattrs<T> {}

impl<T: Default + Unpin> Default for SimpleXattrs<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Default + Unpin> SimpleXattrs<T> {
    /// No attributes.
    pub const fn new() -> Self {
        // INVARIANT: It is null.
        Self(Atomic::new(ptr::null_mut()), PhantomData)
    }

    /// Whether nothing was ever charged or set: there is no memory behind it.
    pub fn is_unused(&self) -> bool {
        self.store().is_none()
    }

    fn store(&self) -> Option<&Mutex<Store<T>>> {
        // SAFETY: By the invariants it is null, or a box as long as there is `self`.
        unsafe { self.0.load(Acquire).as_ref() }
    }

    /// The store, which is made if there is none. May sleep.
    fn make_store(&self) -> Result<&Mutex<Store<T>>> {
        if let Some(store) = self.store() {
            return Ok(store);
        }
        let new = KBox::pin_init(
            new_mutex!(
                Store {
                    xattrs: KVVec::new(),
                    bytes: 0,
                    charged: T::default(),
                },
                "SimpleXattrs"
            ),
            GFP_KERNEL_ACCOUNT,
        )?;
        // SAFETY: It is not moved: it stays where it is until it is dropped.
        let new = KBox::into_raw(unsafe { Pin::into_inner_unchecked(new) });
        // INVARIANT: It is put there only if there was none.
        let store = match self.0.cmpxchg(ptr::null_mut(), new, Full) {
            Ok(_) => new,
            Err(old) => {
                // Somebody else was faster.
                // SAFETY: It is the box that was just made, and nobody knows it.
                drop(unsafe { KBox::from_raw(new) });
                old
            }
        };
        // SAFETY: By the invariants it is a box as long as there is `self`.
        Ok(unsafe { &*store })
    }

    /// Gets a value for [`super::Handler::get`]: copies it, and returns its size. May sleep.
    ///
    /// # Errors
    ///
    /// `ENODATA` if there is no such attribute, and those of [`Buffer::copy`].
    pub fn get(&self, prefix: &CStr, name: &[u8], buffer: &mut Buffer<'_>) -> Result<usize> {
        let store = self.store().ok_or(ENODATA)?.lock();
        let at = store.find(prefix, name).map_err(|_| ENODATA)?;
        buffer.copy(&store.xattrs.get(at).ok_or(ENODATA)?.value)
    }

    /// Adds the names of all that the current task may see to the list. May sleep.
    ///
    /// # Errors
    ///
    /// Those of [`List::xattr_list_one`].
    pub fn list(&self, list: &mut List<'_>) -> Result {
        let Some(store) = self.store() else {
            return Ok(());
        };
        let trusted = may_see_trusted();
        for xattr in &store.lock().xattrs {
            if trusted || xattr.prefix != XATTR_TRUSTED_PREFIX {
                list.xattr_list_one(xattr.prefix, &xattr.name)?;
            }
        }
        Ok(())
    }

    /// Sets a value, or removes the attribute if there is none: for [`super::Handler::set`].
    ///
    /// `charge` is called under the lock, before anything changes, with how many bytes all attributes
    /// will have: names, prefixes, values, and what it takes to keep each. If it fails, nothing changes; afterwards nothing
    /// fails. May sleep.
    ///
    /// # Errors
    ///
    /// `EEXIST` and `ENODATA` as `how` says, `ENOMEM`, and those of `charge`.
    pub fn set(
        &self,
        prefix: &'static CStr,
        name: &[u8],
        value: Option<&[u8]>,
        how: Set,
        charge: impl FnOnce(&mut T, usize) -> Result,
    ) -> Result {
        if value.is_none() && self.is_unused() {
            return match how {
                Set::Replace => Err(ENODATA),
                _ => Ok(()),
            };
        }
        let new = value.map(|value| Xattr::new(prefix, name, value));
        let new = new.transpose()?;
        let store = &mut *self.make_store()?.lock();
        let at = store.find(prefix, name);
        let old = match (at, how) {
            (Ok(_), Set::Create) => return Err(EEXIST),
            (Err(_), Set::Replace) => return Err(ENODATA),
            (Ok(at), _) => store.xattrs.get(at).map_or(0, Xattr::bytes),
            (Err(_), _) => 0,
        };
        if at.is_err() && new.is_some() {
            store.xattrs.reserve(1, GFP_KERNEL_ACCOUNT)?;
        }
        let bytes = store.bytes - old + new.as_ref().map_or(0, Xattr::bytes);
        charge(&mut store.charged, bytes)?;
        store.bytes = bytes;
        match (at, new) {
            (Ok(at), Some(new)) => {
                if let Some(old) = store.xattrs.get_mut(at) {
                    *old = new;
                }
            }
            // There is room.
            (Err(at), Some(new)) => drop(store.xattrs.insert_within_capacity(at, new)),
            (Ok(at), None) => drop(store.xattrs.remove(at)),
            (Err(_), None) => {}
        }
        Ok(())
    }

    /// Calls `f`, under the lock, with what was noted and how many bytes all attributes have.
    ///
    /// For what is charged together with them, such as access control lists. May sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub fn with<R>(&self, f: impl FnOnce(&mut T, usize) -> R) -> Result<R> {
        let store = &mut *self.make_store()?.lock();
        Ok(f(&mut store.charged, store.bytes))
    }

    /// Drops all attributes of an inode without users, for [`crate::sb::Operations::evict_inode`].
    ///
    /// Mirrors `simple_xattrs_free()`. What is noted stays. Does not sleep.
    pub fn free(&self) {
        // Nobody can hold the lock. Asking for it would tell lockdep that memory reclaim waits for
        // it, which others hold while they wait for memory.
        if let Some(mut store) = self.store().and_then(Mutex::try_lock) {
            store.xattrs.clear();
            store.bytes = 0;
        }
    }
}

impl<T> Drop for SimpleXattrs<T> {
    fn drop(&mut self) {
        let store = *self.0.get_mut();
        if !store.is_null() {
            // SAFETY: By the invariants it is a box of ours. It was pinned, and is dropped where it is.
            drop(unsafe { KBox::from_raw(store) });
        }
    }
}
