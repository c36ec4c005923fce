// SPDX-License-Identifier: GPL-2.0

//! The filesystem's data may be gone in rcu-walk, so they cannot be reached.

use testfs::*;

pub fn d_revalidate(what: &vfs::dentry::Revalidate<'_, Fs>) -> Result<u32> {
    use vfs::dentry::Revalidate;

    let dir = match what {
        Revalidate::Ref(dir, _) => dir,
        Revalidate::Rcu(dir, _) => return Ok(*dir.sb().info()), //~ wrong, error E0599: no method named `sb`
        Revalidate::Rcu(dir, _) => return Ok(dir.i_ino() as u32), //~ right
    };
    Ok(*dir.sb().info())
}
