// SPDX-License-Identifier: GPL-2.0

//! Entries in the dcache: `struct dentry_operations`.
//!
//! All names that there are stay in the dcache. What is decided here is which entries stay that say
//! that there is *no* such name: a miss, which many programs repeat, up to a number for each
//! directory; not a name that was removed, which most often is never asked for again.
//!
//! With the option `casefold`, names that differ in the case of the letters `A` to `Z` only are the
//! same. All other bytes are what they are, so a name need not be text.

#![forbid(unsafe_code)]

use kernel::{
    prelude::*,
    sync::atomic::Relaxed, //
};
use vfs::{
    dentry::{
        Bare,
        New,
        Operations,
        Revalidate,
        UnstableName,
        NAME_MAX, //
    },
    prelude::*,
    rules::dentry_operations as rule,
    walk::{
        LOOKUP_CREATE,
        LOOKUP_RENAME_TARGET, //
    },
    RcuWalk, //
};

use crate::SampleFs;

/// What `d_fsdata` is for a miss that stays. It is 0 for one that does not, and for names it is their
/// cookie, which is larger (`entries.rs`); a name that was removed still has that.
const MISS: usize = 1;

/// How many misses of a directory stay: a little more, if several come at the same time.
const MISSES_MAX: u32 = 512;

/// Says that there is no such name. Which is good to know later, unless it is about to be made.
pub(crate) fn missed(dir: &Inode<SampleFs>, dentry: &InLookup<'_, SampleFs>, flags: u32) {
    if flags & LOOKUP_CREATE == 0 && dir.info().misses.load(Relaxed) < MISSES_MAX {
        dir.info().misses.add(1u32, Relaxed);
        dir.sb().info().stats.misses.inc();
        dentry.set_d_fsdata(MISS);
    }
}

/// Says that there is such a name now, with this cookie.
pub(crate) fn made(dir: &Inode<SampleFs>, dentry: &Negative<'_, SampleFs>, cookie: usize) {
    if dentry.d_fsdata() == MISS {
        forget(dir);
    }
    dentry.set_d_fsdata(cookie);
}

/// Lets another miss of the directory stay instead of one.
fn forget(dir: &Host<SampleFs>) {
    // Adding wraps around.
    dir.info().misses.add(u32::MAX, Relaxed);
    dir.sb().info().stats.misses.dec();
}

/// The table.
pub(crate) struct Entry;

#[vtable]
impl Operations for Entry {
    type FileSystem = SampleFs;

    /// Nobody uses the entry, so it is no name.
    fn d_delete(dentry: &Locked<'_, Bare<SampleFs>, rule::d_delete::Dentry>) -> bool {
        dentry.d_fsdata() != MISS
    }

    fn d_init(dentry: New<'_, SampleFs>) -> Result {
        dentry.sb().info().stats.dentries.inc();
        Ok(())
    }

    fn d_release(dentry: &Bare<SampleFs>) {
        dentry.sb().info().stats.dentries.dec();
    }

    fn d_prune(dentry: &Locked<'_, Bare<SampleFs>, rule::d_prune::Dentry>) {
        if dentry.d_fsdata() == MISS {
            dentry.dir().map(forget);
        }
    }
}

/// What the table of mounts with the option `casefold` has besides.
pub(crate) struct Casefold;

#[vtable]
impl Operations for Casefold {
    type FileSystem = SampleFs;

    /// An entry that there is keeps its name. A miss was under any case; what is made now is to have
    /// the name that it is given, so that needs another entry.
    fn d_revalidate(what: &Revalidate<'_, SampleFs>, name: &[u8], flags: u32) -> Result<bool> {
        let negative = match what {
            Revalidate::Ref(_, dentry) => dentry.is_negative(),
            Revalidate::Rcu(_, dentry) => dentry.is_negative(),
        };
        // Without flags it is the lookup of another part of the kernel, for whatever it likes.
        let may_be_made = flags == 0 || flags & (LOOKUP_CREATE | LOOKUP_RENAME_TARGET) != 0;
        if !(negative && may_be_made) {
            return Ok(true);
        }
        let (_, dentry) = what.try_ref()?;
        Ok(dentry.has_name(name))
    }

    fn d_hash(parent: &RcuWalk<'_, Dentry<SampleFs>>, name: &[u8]) -> Result<u32> {
        let mut folded = [0; NAME_MAX];
        let folded = folded.get_mut(..name.len()).ok_or(ENAMETOOLONG)?;
        folded.copy_from_slice(name);
        folded.make_ascii_lowercase();
        Ok(parent.full_name_hash(folded))
    }

    fn d_compare(
        _dentry: &RcuWalk<'_, Dentry<SampleFs>>,
        of_dentry: &UnstableName<'_>,
        name: &[u8],
    ) -> bool {
        of_dentry.len() == name.len()
            && of_dentry
                .bytes()
                .zip(name)
                .all(|(a, b)| a.eq_ignore_ascii_case(b))
    }
}
