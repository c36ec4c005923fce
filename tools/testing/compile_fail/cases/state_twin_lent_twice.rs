// SPDX-License-Identifier: GPL-2.0

//! The twin of an entry stands for one name, which is not made twice at once.

use testfs::*;

pub fn whiteout(dentry: &Positive<'_, Fs>) -> Result {
    let mut twin = dentry.d_alloc_twin()?;
    let a = twin.negative()?;
    let b = twin.negative()?; //~ wrong, error E0499: cannot borrow `twin` as mutable more than once
    drop(a);
    drop(b); //~ wrong
    Ok(())
}
