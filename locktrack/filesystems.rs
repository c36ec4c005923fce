// SPDX-License-Identifier: GPL-2.0

//! What is kept of each filesystem that was attached, until the module goes.

use kernel::{
    prelude::*,
    str::CString, //
};
use kprobes::Once;

use crate::{
    counts::{
        Counted,
        Counts, //
    },
    tables::{
        FsId,
        FILESYSTEMS, //
    },
};

/// A filesystem that is or was attached.
pub(crate) struct Filesystem {
    pub(crate) name: CString,
    /// The name as the files have it, without tabs and newlines: C shows it as it is.
    pub(crate) shown: CString,
    pub(crate) counts: Counts,
}

/// A power of two, so that every [`FsId`] has its place without a look at how many there are.
const PLACES: usize = FILESYSTEMS.next_power_of_two();

/// All of them, readable without a lock.
pub(crate) struct Filesystems {
    all: [Once<Filesystem>; PLACES],
}

impl Filesystems {
    pub(crate) const fn new() -> Self {
        Self {
            all: [const { Once::new() }; PLACES],
        }
    }

    /// Returns the number for a name, with room for so many counts. Only the registry calls this.
    ///
    /// # Errors
    ///
    /// `ENOSPC` if there are too many, and `ENOMEM`.
    pub(crate) fn id(&self, name: &CStr, counted: Counted) -> Result<FsId> {
        let index = match self.iter().position(|(_, fs)| &*fs.name == name) {
            Some(index) => index,
            None => {
                let free = (self.all.iter().take(FILESYSTEMS)).position(|fs| fs.get().is_none());
                let index = free.ok_or(ENOSPC)?;
                let fs = Filesystem {
                    name: CString::try_from(name)?,
                    shown: CString::try_from_fmt(fmt!("{name}"))?,
                    counts: Counts::new(counted)?,
                };
                let fs = KBox::new(fs, GFP_KERNEL)?;
                // It is free, as nobody else calls this.
                let free = self.all.get(index).ok_or(ENOSPC)?;
                free.set(fs).map_err(|_| ENOSPC)?;
                index
            }
        };
        Ok(FsId(u8::try_from(index).map_err(|_| ENOSPC)?))
    }

    /// Returns one by its number.
    #[inline(always)]
    pub(crate) fn get(&self, id: FsId) -> Option<&Filesystem> {
        self.all.get(usize::from(id.0) % PLACES)?.get()
    }

    /// Returns all with their numbers, which begin at 0 without gaps.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (FsId, &Filesystem)> + Clone {
        let all = self.all.iter().map_while(Once::get);
        (0..).map(FsId).zip(all)
    }
}
