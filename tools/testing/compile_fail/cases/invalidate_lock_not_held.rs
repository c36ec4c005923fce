// SPDX-License-Identifier: GPL-2.0

//! What takes pages out of the cache has `invalidate_lock` exclusively, not as a reader has it.

use testfs::*;
use vfs::address_space::{AddressSpace, Readahead};

fn drop_blocks(_mapping: &Locked<'_, AddressSpace<Fs>, Exclusive>) {}

pub fn setattr(inode: &mut Excl<'_>, folios: &Readahead<'_, Fs>) {
    inode.truncate_setsize(0, |mapping| {
        drop_blocks(&folios.mapping()); //~ wrong, error E0308: mismatched types
        drop_blocks(mapping); //~ right
    });
}
