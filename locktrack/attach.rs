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
    FileSystemType,
    SuperBlock,
    Table, //
};

use crate::{
    tables::FsId,
    tracker::Tracker, //
};

/// Attaches what a text names: `NAME`, `/PATH` or `MAJOR:MINOR`. Sleeps.
///
/// # Errors
///
/// `EINVAL` if it can name nothing, `ENODEV` if there is no such filesystem or superblock, `EINTR` if a signal kills the
/// caller, those of a path, and those of [`Registry::attach`](crate::registry::Registry::attach).
pub(crate) fn attach(tracker: &Arc<Tracker>, text: &str) -> Result {
    let name = CString::try_from_fmt(fmt!("{text}"))?;
    // It stays as long as the handlers do not know it: they forget a superblock that goes.
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
    attach_one(tracker, &name, fs, sb)
}

/// Attaches a filesystem, or one superblock of it, under a name, with all tables that are there. The superblock must stay
/// until this returns.
///
/// The tables are found without the lock of the registry: users without rights decide how long that takes, by mounts that do
/// not end and by what they have open. So nobody waits for it but who attaches.
fn attach_one(
    tracker: &Arc<Tracker>,
    name: &CStr,
    fs: FileSystemType,
    sb: Option<SuperBlock>,
) -> Result {
    let mut registry = tracker.registry.lock();
    let (id, time) = registry.attach(tracker, name, fs.clone(), sb)?;
    drop(registry);
    find_tables(tracker, id, &fs, sb).inspect_err(|_| tracker.registry.lock().undo(tracker, time))
}

/// Takes in all tables that are found from what is mounted, and those that the first mount needs.
fn find_tables(
    tracker: &Arc<Tracker>,
    id: FsId,
    fs: &FileSystemType,
    sb: Option<SuperBlock>,
) -> Result {
    // Where it refuses, a mount shows it.
    let context = match sb {
        None => fs.context_operations().unwrap_or(0),
        Some(_) => 0,
    };
    loop {
        let mut more = false;
        let mut note = |kind, table| {
            more |=
                !tracker.tables.is_known(kind, table, id) && !tracker.tables.note(kind, table, id);
        };
        if sb.is_none() {
            note(Table::FileSystemType, fs.address());
        }
        if context != 0 {
            note(Table::FsContext, context);
        }
        fs.for_each_table(sb, &mut note)?;
        let mut result = Ok(());
        tracker.take_in(|other, error| {
            if other != id {
                return false;
            }
            result = Err(error);
            true
        });
        if result.is_err() || !more {
            return result;
        }
    }
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
        match attach_one(tracker, &name, fs, None) {
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
