// SPDX-License-Identifier: GPL-2.0

//! Extended attributes: `struct xattr_handler`, and what is charged for them.
//!
//! They are kept in memory with the inode. An inode comes with room for a few
//! ([`FREE_BYTES`]), access control lists among them; what is more is charged in pages, and given
//! back when the attribute or the inode has gone.

#![forbid(unsafe_code)]

use core::cmp::Ordering;
use kernel::{
    page::PAGE_SIZE,
    prelude::*, //
};
use vfs::{
    inode,
    prelude::*,
    rules::xattr_handler as rule,
    xattr::{
        Buffer,
        Handler,
        Handlers,
        Name,
        Ops,
        Set,
        SimpleXattrs,
        XATTR_SECURITY_PREFIX,
        XATTR_TRUSTED_PREFIX,
        XATTR_USER_PREFIX, //
    },
};

use crate::{
    limits,
    SampleFs, //
};

/// What an inode may have without being charged, in bytes.
const FREE_BYTES: usize = 1024;

/// What an entry of an access control list counts as.
const ACL_ENTRY_BYTES: usize = 8;

/// The attributes of an inode, and how many pages are charged for them. Most have none.
pub(crate) type Xattrs = SimpleXattrs<u64>;

/// How many pages are charged for so many bytes.
const fn pages(bytes: usize) -> u64 {
    bytes.saturating_sub(FREE_BYTES).div_ceil(PAGE_SIZE) as u64
}

/// Charges for so many bytes of attributes and lists, instead of the pages that were charged before.
fn charge(inode: &Host<SampleFs>, charged: &mut u64, bytes: usize) -> Result {
    let pages = pages(bytes);
    match pages.cmp(charged) {
        Ordering::Greater => limits::take_blocks(inode, pages - *charged)?,
        Ordering::Less => limits::give_back_blocks(inode, *charged - pages),
        Ordering::Equal => {}
    }
    *charged = pages;
    Ok(())
}

/// What the lists of the inode are charged for, but for that which is to be replaced.
fn acls_bytes(inode: &Inode<SampleFs>, except: Option<AclType>) -> usize {
    [AclType::Access, AclType::Default]
        .into_iter()
        .filter(|ty| Some(*ty) != except)
        .map(|ty| inode.cached_acl_count(ty).unwrap_or(0) * ACL_ENTRY_BYTES)
        .sum()
}

/// Charges for the lists that a new inode has inherited.
pub(crate) fn charge_inherited(inode: &Inode<SampleFs>) -> Result {
    let acls = acls_bytes(inode, None);
    if pages(acls) == 0 {
        return Ok(());
    }
    (inode.info().xattrs).with(|charged, bytes| charge(inode, charged, bytes + acls))?
}

/// What the tables of all inodes but symbolic links have.
pub(crate) struct Acls;

#[vtable]
impl inode::Operations for Acls {
    type FileSystem = SampleFs;

    /// Sets an access control list, or removes it.
    fn set_acl(
        idmap: &Idmap,
        _dentry: &Dentry<SampleFs>,
        inode: &Inode<SampleFs>,
        acl: Option<&PosixAcl>,
        ty: AclType,
    ) -> Result {
        let xattrs = &inode.info().xattrs;
        let new = acls_bytes(inode, Some(ty)) + acl.map_or(0, PosixAcl::count) * ACL_ENTRY_BYTES;
        if xattrs.is_unused() && pages(new) == 0 {
            return inode.simple_set_acl(idmap, acl, ty);
        }
        xattrs.with(|charged, bytes| {
            // Both fit until it is known which one it is.
            charge(inode, charged, bytes + new.max(acls_bytes(inode, None)))?;
            let result = inode.simple_set_acl(idmap, acl, ty);
            charge(inode, charged, bytes + acls_bytes(inode, None))?;
            result
        })?
    }
}

fn set(
    inode: &Inode<SampleFs>,
    prefix: &'static CStr,
    name: &CStr,
    value: Option<&[u8]>,
    how: Set,
) -> Result {
    let xattrs = &inode.info().xattrs;
    xattrs.set(prefix, name.to_bytes(), value, how, |charged, bytes| {
        charge(inode, charged, bytes + acls_bytes(inode, None))
    })
}

/// Gives a new inode the attributes that security modules want it to have.
pub(crate) fn init_security(inode: &Inode<SampleFs>) -> impl FnMut(&CStr, &[u8]) -> Result + '_ {
    |name, value| set(inode, XATTR_SECURITY_PREFIX, name, Some(value), Set::Create)
}

/// The prefixes that there are tables for.
const PREFIXES: [&CStr; 3] = [
    XATTR_SECURITY_PREFIX,
    XATTR_TRUSTED_PREFIX,
    XATTR_USER_PREFIX, //
];

/// The table for one of them.
struct Prefixed<const N: usize>;

#[vtable]
impl<const N: usize> Handler for Prefixed<N> {
    type FileSystem = SampleFs;

    const NAME: Name = Name::Prefix(PREFIXES[N]);

    fn get(inode: &Inode<SampleFs>, name: &CStr, buffer: &mut Buffer<'_>) -> Result<usize> {
        let name = name.to_bytes();
        inode.info().xattrs.get(PREFIXES[N], name, buffer)
    }

    fn set(
        _idmap: &Idmap,
        inode: &mut Locked<'_, Inode<SampleFs>, rule::set::Inode>,
        name: &CStr,
        value: Option<&[u8]>,
        how: Set,
    ) -> Result {
        set(inode, PREFIXES[N], name, value, how)?;
        inode.inode_set_ctime_current();
        Ok(())
    }
}

/// The tables.
pub(crate) static XATTRS: Handlers<SampleFs, 3> = Handlers::new([
    Ops::of::<Prefixed<0>>(),
    Ops::of::<Prefixed<1>>(),
    Ops::of::<Prefixed<2>>(),
]);
