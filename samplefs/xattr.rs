// SPDX-License-Identifier: GPL-2.0

//! Extended attributes: `struct xattr_handler`, and where the values are.
//!
//! They are kept in memory with the inode. An inode comes with room for a few
//! ([`FREE_BYTES`]), access control lists among them; what is more is charged in pages, and given back when the attribute or the inode has gone.

#![forbid(unsafe_code)]

use core::cmp::Ordering;
use kernel::{
    new_mutex,
    page::PAGE_SIZE,
    prelude::*,
    str::CStr,
    sync::{
        Mutex,
        SetOnce, //
    },
};
use vfs::{
    acl::{
        AclType,
        PosixAcl, //
    },
    inode::Host,
    rules::xattr_handler as rule,
    xattr::{
        may_see_trusted,
        Buffer,
        Handler,
        Handlers,
        List,
        Name,
        Ops,
        Set,
        XATTR_SECURITY_PREFIX,
        XATTR_TRUSTED_PREFIX,
        XATTR_USER_PREFIX, //
    },
    Idmap,
    Inode,
    Locked, //
};

use crate::{
    limits,
    SampleFs, //
};

/// What an inode may have without being charged, in bytes.
const FREE_BYTES: usize = 1024;

/// What an entry of an access control list counts as.
const ACL_ENTRY_BYTES: usize = 8;

/// Who an attribute belongs to. The order is that in which they are listed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Namespace {
    Security,
    Trusted,
    User,
}

impl Namespace {
    const fn prefix(self) -> &'static CStr {
        match self {
            Self::Security => XATTR_SECURITY_PREFIX,
            Self::Trusted => XATTR_TRUSTED_PREFIX,
            Self::User => XATTR_USER_PREFIX,
        }
    }
}

/// An attribute.
struct Xattr {
    namespace: Namespace,
    /// Without the prefix.
    name: KVec<u8>,
    value: KVVec<u8>,
}

impl Xattr {
    /// What it is charged for.
    fn bytes(&self) -> usize {
        self.namespace.prefix().to_bytes().len() + self.name.len() + self.value.len()
    }
}

/// The attributes of an inode that has some, in the order of their names.
pub(crate) struct Store {
    xattrs: KVec<Xattr>,
    /// What they are charged for, without access control lists.
    bytes: usize,
    /// How many pages are charged.
    pages: u64,
}

impl Store {
    fn find(&self, namespace: Namespace, name: &[u8]) -> core::result::Result<usize, usize> {
        self.xattrs
            .binary_search_by(|xattr| (xattr.namespace, &xattr.name[..]).cmp(&(namespace, name)))
    }

    /// Charges for `bytes` of attributes and lists, instead of what was charged before.
    fn charge(&mut self, inode: &Host<SampleFs>, bytes: usize) -> Result {
        let pages = pages(bytes);
        match pages.cmp(&self.pages) {
            Ordering::Greater => limits::take_blocks(inode, pages - self.pages)?,
            Ordering::Less => limits::give_back_blocks(inode, self.pages - pages),
            Ordering::Equal => {}
        }
        self.pages = pages;
        Ok(())
    }

    /// Puts an attribute in the place of another, or between others.
    fn put(&mut self, at: core::result::Result<usize, usize>, xattr: Xattr) -> Result {
        match at {
            Ok(at) => {
                if let Some(old) = self.xattrs.get_mut(at) {
                    *old = xattr;
                }
            }
            Err(at) => {
                self.xattrs.reserve(1, GFP_KERNEL)?;
                self.xattrs
                    .insert_within_capacity(at, xattr)
                    .map_err(|_| ENOMEM)?;
            }
        }
        Ok(())
    }
}

/// How many pages are charged for so many bytes.
const fn pages(bytes: usize) -> u64 {
    bytes.saturating_sub(FREE_BYTES).div_ceil(PAGE_SIZE) as u64
}

fn acl_bytes(entries: Option<usize>) -> usize {
    entries.map_or(0, |entries| entries * ACL_ENTRY_BYTES)
}

/// What the lists of the inode are charged for, but for that which is to be replaced.
fn acls_bytes(inode: &Inode<SampleFs>, except: Option<AclType>) -> usize {
    [AclType::Access, AclType::Default]
        .into_iter()
        .filter(|ty| Some(*ty) != except)
        .map(|ty| acl_bytes(inode.cached_acl_count(ty)))
        .sum()
}

/// The attributes of an inode. Most have none.
pub(crate) struct Xattrs {
    /// Taken under `i_rwsem` or without it; the lock of the limits is taken under it.
    store: SetOnce<Pin<KBox<Mutex<Store>>>>,
}

impl Xattrs {
    pub(crate) const fn new() -> Self {
        Self {
            store: SetOnce::new(),
        }
    }

    /// Returns the store, and makes one if there is none.
    fn store(&self) -> Result<&Mutex<Store>> {
        if self.store.as_ref().is_none() {
            let store = KBox::pin_init(
                new_mutex!(
                    Store {
                        xattrs: KVec::new(),
                        bytes: 0,
                        pages: 0,
                    },
                    "samplefs_xattrs"
                ),
                GFP_KERNEL,
            )?;
            // If somebody else was faster, theirs it is.
            self.store.populate(store);
        }
        // Nobody is between the two steps of populating but who is about to finish them.
        self.store.as_ref().map(|store| &**store).ok_or(EAGAIN)
    }

    fn get(&self, namespace: Namespace, name: &[u8], buffer: &mut Buffer<'_>) -> Result<usize> {
        let store = self.store.as_ref().ok_or(ENODATA)?.lock();
        let at = store.find(namespace, name).map_err(|_| ENODATA)?;
        buffer.copy(&store.xattrs.get(at).ok_or(ENODATA)?.value)
    }

    /// Adds the names of all that the current task may see.
    fn list(&self, list: &mut List<'_>) -> Result {
        let Some(store) = self.store.as_ref() else {
            return Ok(());
        };
        let trusted = may_see_trusted();
        for xattr in &store.lock().xattrs {
            if xattr.namespace != Namespace::Trusted || trusted {
                list.xattr_list_one(xattr.namespace.prefix(), &xattr.name)?;
            }
        }
        Ok(())
    }

    /// Drops all: the inode has no users any more.
    pub(crate) fn evict(&self) {
        // Nobody can hold the lock. Asking for it would tell lockdep that memory reclaim waits for
        // it, which others hold while they wait for memory.
        if let Some(mut store) = self.store.as_ref().and_then(|store| store.try_lock()) {
            store.xattrs.clear();
        }
    }
}

fn set(
    inode: &Inode<SampleFs>,
    namespace: Namespace,
    name: &[u8],
    value: Option<&[u8]>,
    how: Set,
) -> Result {
    let xattrs = inode.info().xattrs();
    // What can fail for lack of memory comes first.
    let new = match value {
        None if xattrs.store.as_ref().is_none() => {
            return match how {
                Set::Replace => Err(ENODATA),
                _ => Ok(()),
            }
        }
        None => None,
        Some(value) => {
            let mut xattr = Xattr {
                namespace,
                name: KVec::with_capacity(name.len(), GFP_KERNEL_ACCOUNT)?,
                value: KVVec::with_capacity(value.len(), GFP_KERNEL_ACCOUNT)?,
            };
            xattr.name.extend_from_slice(name, GFP_KERNEL_ACCOUNT)?;
            xattr.value.extend_from_slice(value, GFP_KERNEL_ACCOUNT)?;
            Some(xattr)
        }
    };

    let mut store = xattrs.store()?.lock();
    let at = store.find(namespace, name);
    match (at, how) {
        (Ok(_), Set::Create) => return Err(EEXIST),
        (Err(_), Set::Replace) => return Err(ENODATA),
        _ => {}
    }
    let old_bytes = match at {
        Ok(at) => store.xattrs.get(at).map_or(0, Xattr::bytes),
        Err(_) => 0,
    };
    let bytes = store.bytes - old_bytes + new.as_ref().map_or(0, Xattr::bytes);
    let acls = acls_bytes(inode, None);
    store.charge(inode, bytes + acls)?;
    match (at, new) {
        (at, Some(xattr)) => {
            if let Err(error) = store.put(at, xattr) {
                // Less than is charged now, so this cannot fail.
                let bytes = store.bytes;
                store.charge(inode, bytes + acls)?;
                return Err(error);
            }
        }
        (Ok(at), None) => {
            let _ = store.xattrs.remove(at);
        }
        (Err(_), None) => {}
    }
    store.bytes = bytes;
    Ok(())
}

/// Gives a new inode an attribute that a security module wants it to have.
pub(crate) fn init_security(inode: &Inode<SampleFs>, name: &CStr, value: &[u8]) -> Result {
    let name = name.to_bytes();
    set(inode, Namespace::Security, name, Some(value), Set::Create)
}

/// Charges for the lists that a new inode has inherited.
pub(crate) fn charge_inherited(inode: &Inode<SampleFs>) -> Result {
    let bytes = acls_bytes(inode, None);
    if pages(bytes) == 0 {
        return Ok(());
    }
    inode.info().xattrs().store()?.lock().charge(inode, bytes)
}

/// Lists the names of the attributes, and those that stand for access control lists:
/// `->listxattr` of all the tables.
pub(crate) fn list(inode: &Inode<SampleFs>, list: &mut List<'_>) -> Result {
    list.posix_acl_listxattr(inode)?;
    inode.info().xattrs().list(list)
}

/// Sets an access control list, or removes it: `->set_acl` of all the tables.
pub(crate) fn set_acl(
    idmap: &Idmap,
    inode: &Inode<SampleFs>,
    acl: Option<&PosixAcl>,
    ty: AclType,
) -> Result {
    let xattrs = inode.info().xattrs();
    let other = acls_bytes(inode, Some(ty));
    let new = acl_bytes(acl.map(PosixAcl::count));
    if xattrs.store.as_ref().is_none() && pages(other + new) == 0 {
        return inode.simple_set_acl(idmap, acl, ty);
    }
    let mut store = xattrs.store()?.lock();
    let bytes = store.bytes;
    let old = acls_bytes(inode, None);
    // Both fit until it is known which one it is.
    store.charge(inode, bytes + old.max(other + new))?;
    let result = inode.simple_set_acl(idmap, acl, ty);
    store.charge(inode, bytes + acls_bytes(inode, None))?;
    result
}

macro_rules! handler {
    ($(#[$doc:meta])* $table:ident, $namespace:ident) => {
        $(#[$doc])*
        struct $table;

        #[vtable]
        impl Handler for $table {
            type FileSystem = SampleFs;

            const NAME: Name = Name::Prefix(Namespace::$namespace.prefix());

            fn get(
                inode: &Inode<SampleFs>,
                name: &CStr,
                buffer: &mut Buffer<'_>,
            ) -> Result<usize> {
                let xattrs = inode.info().xattrs();
                xattrs.get(Namespace::$namespace, name.to_bytes(), buffer)
            }

            fn set(
                _idmap: &Idmap,
                inode: &mut Locked<'_, Inode<SampleFs>, rule::set::Inode>,
                name: &CStr,
                value: Option<&[u8]>,
                how: Set,
            ) -> Result {
                set(inode, Namespace::$namespace, name.to_bytes(), value, how)?;
                inode.inode_set_ctime_current();
                Ok(())
            }
        }
    };
}

handler!(
    /// The table for `security.`.
    Security,
    Security
);
handler!(
    /// The table for `trusted.`.
    Trusted,
    Trusted
);
handler!(
    /// The table for `user.`.
    User,
    User
);

/// The tables.
pub(crate) static XATTRS: Handlers<SampleFs, 3> = Handlers::new([
    Ops::of::<Security>(),
    Ops::of::<Trusted>(),
    Ops::of::<User>(),
]);
