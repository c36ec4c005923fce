// SPDX-License-Identifier: GPL-2.0

//! What a user can attach: a filesystem by its name, one superblock of it by a path or a device, or all.

use kernel::{
    prelude::*,
    str::CString,
    sync::Arc, //
};
use peek::{
    registered,
    ActiveSuper,
    FileSystemType, //
};

use crate::tracker::Tracker;

/// Attaches what a text names: `NAME`, `/PATH` or `MAJOR:MINOR`. Sleeps.
///
/// # Errors
///
/// `EINVAL` if it can name nothing, `ENODEV` if there is no such filesystem or superblock, those of a path, and those
/// of [`Registry::attach`](crate::registry::Registry::attach).
pub(crate) fn attach(tracker: &Arc<Tracker>, text: &str) -> Result {
    let name = CString::try_from_fmt(fmt!("{text}"))?;
    // It stays as long as the handlers do not know it: they forget a super block that goes.
    let (fs, active) = if text.starts_with('/') {
        let (fs, active) = FileSystemType::find_mount(&name)?;
        (fs, Some(active))
    } else if let Some((major, minor)) = text.split_once(':') {
        let number = |text: &str| text.parse::<u32>().map_err(|_| EINVAL);
        let (major, minor) = (number(major)?, number(minor)?);
        // C's `MKDEV()`.
        if major >= 1 << 12 || minor >= 1 << 20 {
            return Err(EINVAL);
        }
        let (fs, active) = FileSystemType::find_device(major << 20 | minor)?;
        (fs, Some(active))
    } else if text.chars().all(|c| c.is_ascii_graphic() && c != '/') {
        (FileSystemType::find(&name)?, None)
    } else {
        return Err(EINVAL);
    };
    let sb = active.as_ref().and_then(ActiveSuper::seen);
    tracker.registry.lock().attach(tracker, &name, fs, sb)
}

/// Attaches every filesystem that is registered and not attached. Sleeps.
///
/// # Errors
///
/// Those of [`registered`] and of [`Registry::attach`](crate::registry::Registry::attach); what was attached before the
/// error stays so.
pub(crate) fn attach_all(tracker: &Arc<Tracker>) -> Result {
    for name in registered()? {
        // It can be gone since.
        let Ok(fs) = FileSystemType::find_registered(&name) else {
            continue;
        };
        match tracker.registry.lock().attach(tracker, &name, fs, None) {
            Err(error) if error != EEXIST => return Err(error),
            _ => (),
        }
    }
    Ok(())
}

/// Detaches what was attached by this text. Sleeps.
///
/// # Errors
///
/// `ENOENT` if nothing was, `EINVAL` if the text is empty.
pub(crate) fn detach(tracker: &Tracker, text: &str) -> Result {
    if text.is_empty() {
        return Err(EINVAL);
    }
    let name = CString::try_from_fmt(fmt!("{text}"))?;
    tracker.registry.lock().detach(tracker, &name)
}

/// Detaches all. Sleeps.
///
/// # Errors
///
/// `ENOMEM`.
pub(crate) fn detach_all(tracker: &Tracker) -> Result {
    let mut registry = tracker.registry.lock();
    while let Some(attached) = registry.attached.last() {
        let name = tracker.fs_name(attached.id).ok_or(ENOENT)?;
        let name = CString::try_from(name)?;
        registry.detach(tracker, &name)?;
    }
    Ok(())
}
