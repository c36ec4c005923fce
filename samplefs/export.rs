// SPDX-License-Identifier: GPL-2.0

//! File handles: `struct export_operations`.
//!
//! A handle says the number and the generation of an inode, and those of a directory if it is to be
//! connectable. An inode can be found by its number from the first handle on: most never get one.

#![forbid(unsafe_code)]

use kernel::prelude::*;
use vfs::{
    export::{
        Encoded,
        Fid,
        FileidType,
        Operations, //
    },
    prelude::*, //
};

use crate::SampleFs;

/// How many words say which inode it is.
const WORDS: usize = 3;

/// The table. `->get_parent` is for directories without a path in the dcache; here each has one.
pub(crate) struct Export;

fn words(inode: &Inode<SampleFs>) -> [u32; WORDS] {
    let ino = inode.i_ino();
    inode.insert_inode_hash();
    [ino as u32, (ino >> 32) as u32, inode.i_generation()]
}

/// Finds the inode that the words name, and a dentry of it.
fn find(sb: &SuperBlock<SampleFs>, words: Option<&[u32]>) -> Option<ARef<Dentry<SampleFs>>> {
    let [low, high, generation] = *words? else {
        return None;
    };
    let ino = u64::from(low) | u64::from(high) << 32;
    sb.ilookup(ino, generation)?.d_find_any_alias()
}

#[vtable]
impl Operations for Export {
    type FileSystem = SampleFs;

    fn encode_fh<'a>(
        inode: &Inode<SampleFs>,
        fid: Fid<'a>,
        parent: Option<&Inode<SampleFs>>,
    ) -> Encoded<'a> {
        let own = words(inode);
        match parent {
            None => fid.set(FileidType::INO64_GEN, &own),
            Some(parent) => {
                let both = [own, words(parent)];
                fid.set(FileidType::INO64_GEN_PARENT, both.as_flattened())
            }
        }
    }

    fn fh_to_dentry(
        sb: &SuperBlock<SampleFs>,
        fid: &[u32],
        ty: FileidType,
    ) -> Result<Option<ARef<Dentry<SampleFs>>>> {
        match ty {
            FileidType::INO64_GEN | FileidType::INO64_GEN_PARENT => Ok(find(sb, fid.get(..WORDS))),
            _ => Ok(None),
        }
    }

    fn fh_to_parent(
        sb: &SuperBlock<SampleFs>,
        fid: &[u32],
        ty: FileidType,
    ) -> Result<Option<ARef<Dentry<SampleFs>>>> {
        match ty {
            FileidType::INO64_GEN_PARENT => Ok(find(sb, fid.get(WORDS..2 * WORDS))),
            _ => Ok(None),
        }
    }
}
