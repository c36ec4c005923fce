// SPDX-License-Identifier: GPL-2.0

//! What is kept of each filesystem that was attached, until the module goes.

use kernel::{
    prelude::*,
    str::CString, //
};
use kprobes::Once;

use crate::{
    counts::Counts,
    tables::{
        FsId,
        FILESYSTEMS, //
    },
};

/// A filesystem that is or was attached.
pub(crate) struct Filesystem {
    pub(crate) name: CString,
    pub(crate) counts: Counts,
}

/// All of them, readable without a lock.
pub(crate) struct Filesystems {
    all: [Once<Filesystem>; FILESYSTEMS],
}

impl Filesystems {
    pub(crate) const fn new() -> Self {
        Self {
            all: [const { Once::new() }; FILESYSTEMS],
        }
    }

    /// Returns the number for a name, with room for counts of so many rules. Only the registry calls this.
    ///
    /// # Errors
    ///
    /// `ENOSPC` if there are too many, and `ENOMEM`.
    pub(crate) fn id(&self, name: &CStr, rules: usize) -> Result<FsId> {
        let index = match self.iter().position(|(_, fs)| &*fs.name == name) {
            Some(index) => index,
            None => {
                let free = self.all.iter().position(|fs| fs.get().is_none());
                let index = free.ok_or(ENOSPC)?;
                let fs = Filesystem {
                    name: CString::try_from(name)?,
                    counts: Counts::new(rules)?,
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
        self.all.get(usize::from(id.0))?.get()
    }

    /// Returns all with their numbers, which begin at 0 without gaps.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (FsId, &Filesystem)> + Clone {
        let all = self.all.iter().map_while(Once::get);
        (0..).map(FsId).zip(all)
    }
}
