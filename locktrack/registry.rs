// SPDX-License-Identifier: GPL-2.0

//! The attached filesystems, their tables and the probes on their callbacks.

use kernel::{
    prelude::*,
    sync::Arc, //
};
use kprobes::{
    EntryProbes,
    Going, //
};
use peek::{
    FileSystemType,
    SuperBlock,
    Table, //
};

use crate::{
    discover::{
        probe_places,
        Place, //
    },
    functions::{
        Functions,
        User, //
    },
    returns::Witnesses,
    tables::FsId,
    tracker::Tracker, //
};

/// A callback in a table: the index in the callbacks of [`Tracker::plan`], and the address of the function.
pub(crate) type Use = (usize, usize);

/// A table of an attached filesystem.
pub(crate) struct Known {
    kind: Table,
    address: usize,
    pub(crate) uses: KVec<Use>,
}

/// What is attached: a filesystem, or one superblock of it. The filesystem's module stays.
pub(crate) struct Attached {
    pub(crate) id: FsId,
    pub(crate) tables: KVec<Known>,
    fs: FileSystemType,
    /// The superblock. It need not stay: [`Tables::forget`](crate::tables::Tables::forget) is called when it goes.
    sb: Option<SuperBlock>,
    time: Time,
}

/// Which time it is that something is attached, since the module was loaded: tells what has the same name apart.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Time(u64);

/// All probes and what they are for.
pub(crate) struct Registry {
    pub(crate) attached: KVec<Attached>,
    pub(crate) functions: Functions,
    /// In the order of [`PLACES`](crate::discover::PLACES), if anything is attached.
    pub(crate) places: Option<EntryProbes<Place>>,
    /// What calls that are followed need, if anything is attached.
    pub(crate) witnesses: Option<Witnesses>,
    /// Hits that were lost by `places` that are gone themselves.
    discover_missed: u64,
    last: Time,
    closed: bool,
}

/// What a registry had.
pub(crate) struct Rest {
    attached: KVec<Attached>,
    functions: Functions,
    places: Option<EntryProbes<Place>>,
    witnesses: Option<Witnesses>,
}

impl Registry {
    pub(crate) fn new() -> Result<Self> {
        Ok(Self {
            attached: KVec::new(),
            functions: Functions::new()?,
            places: None,
            witnesses: None,
            discover_missed: 0,
            last: Time(0),
            closed: false,
        })
    }

    /// Attaches a filesystem, or one superblock of it, under a name. The superblock must stay until this returns.
    ///
    /// From then on, nothing new is overlooked. What is there already is for the caller to note.
    ///
    /// # Errors
    ///
    /// `EEXIST` if it is attached, `ENODEV` if nothing can be attached any more, `ENOSPC` if too much was attached since
    /// the module was loaded, and `ENOMEM`.
    pub(crate) fn attach(
        &mut self,
        tracker: &Arc<Tracker>,
        name: &CStr,
        fs: FileSystemType,
        sb: Option<SuperBlock>,
    ) -> Result<(FsId, Time)> {
        if self.closed {
            return Err(ENODEV);
        }
        let address = sb.map_or(fs.address(), SuperBlock::address);
        let mut names = self.attached.iter().map(|other| tracker.fs_name(other.id));
        // A superblock that is gone is attached by its name only: another one can have its address.
        if names.any(|other| other == Some(name)) || tracker.tables.is_attached(address) {
            return Err(EEXIST);
        }
        let id = tracker.filesystems.id(name, tracker.plan.counted())?;
        self.last.0 += 1;
        let attached = Attached {
            id,
            tables: KVec::new(),
            fs,
            sb,
            time: self.last,
        };
        self.attached.push(attached, GFP_KERNEL)?;
        self.watch(tracker)
            .and_then(
                |()| match tracker.tables.attach(id, address, sb.is_some()) {
                    true => Ok((id, self.last)),
                    false => Err(ENOSPC),
                },
            )
            .inspect(|_| tracker.set_short())
            .inspect_err(|_| self.undo(tracker, self.last))
    }

    /// Detaches what was attached at this time, unless somebody has done so.
    pub(crate) fn undo(&mut self, tracker: &Tracker, time: Time) {
        if let Some(index) = self.attached.iter().position(|other| other.time == time) {
            self.detach_at(tracker, index);
        }
    }

    /// Detaches a filesystem by name.
    ///
    /// # Errors
    ///
    /// `ENOENT` if it is not attached.
    pub(crate) fn detach(&mut self, tracker: &Tracker, name: &CStr) -> Result {
        let index = self
            .attached
            .iter()
            .position(|attached| tracker.fs_name(attached.id) == Some(name))
            .ok_or(ENOENT)?;
        self.detach_at(tracker, index);
        Ok(())
    }

    fn detach_at(&mut self, tracker: &Tracker, index: usize) {
        let Ok(attached) = self.attached.remove(index) else {
            return;
        };
        let any_sb = self.attached.iter().any(|other| other.sb.is_some());
        tracker.tables.detach(attached.id, any_sb);
        tracker.set_short();
        for table in &attached.tables {
            tracker
                .tables
                .remove(table.kind, table.address, attached.id);
            for &(_, address) in &table.uses {
                self.functions.remove_user(address, Some(attached.id));
            }
        }
        if self.attached.is_empty() {
            tracker.tables.clear();
            drop(self.take());
            // Nobody would see the tasks come back that were switched out in a call.
            tracker.sleepers.forget();
        } else {
            self.functions.drop_unused();
        }
        // Only now is no callback of it probed any more, and its module may go.
        drop(attached);
    }

    /// Forgets the tables of a module that goes, and the functions in it. Another module can have their addresses.
    ///
    /// The module of an attached filesystem stays. Others can have tables too, such as that of a disk below it.
    pub(crate) fn module_going(&mut self, tracker: &Tracker, module: &Going) {
        let functions = &mut self.functions;
        for attached in &mut self.attached {
            let id = attached.id;
            attached.tables.retain(|table| {
                if !module.contains(table.address) {
                    return true;
                }
                tracker.tables.remove(table.kind, table.address, id);
                for &(_, address) in &table.uses {
                    functions.forget_table(address, table.address);
                    // What is elsewhere can be in other tables of it.
                    functions.remove_user(address, module.contains(address).then_some(id));
                }
                false
            });
        }
        functions.drop_unused();
        // Those that wait would be looked at when they are gone.
        tracker
            .tables
            .forget_waiting(|table| module.contains(table));
    }

    /// Takes in the tables that were noted. Calls `failed` for each for which that failed.
    pub(crate) fn take_in(&mut self, tracker: &Arc<Tracker>, mut failed: impl FnMut(FsId, Error)) {
        for (kind, table, id) in tracker.tables.take() {
            // It can be detached since.
            let Some(index) = self.attached.iter().position(|fs| fs.id == id) else {
                continue;
            };
            if let Err(error) = self.add_table(tracker, index, kind, table) {
                failed(id, error);
            }
        }
        self.functions.arm();
    }

    /// Lets nothing be attached any more, and gives up what there is. To be dropped without the lock.
    pub(crate) fn close(&mut self) -> Rest {
        self.closed = true;
        self.take()
    }

    /// Returns how many hits were lost that could have shown a new table, since the module was loaded.
    pub(crate) fn discover_missed(&self) -> u64 {
        self.discover_missed + self.places.as_ref().map_or(0, EntryProbes::nmissed)
    }

    fn take(&mut self) -> Rest {
        self.discover_missed = self.discover_missed();
        Rest {
            attached: core::mem::take(&mut self.attached),
            functions: self.functions.take(),
            places: self.places.take(),
            witnesses: self.witnesses.take(),
        }
    }

    /// Puts the probes in place that see new inodes, and what calls that are followed need.
    fn watch(&mut self, tracker: &Arc<Tracker>) -> Result {
        if self.places.is_some() {
            return Ok(());
        }
        self.places = Some(probe_places(tracker)?);
        self.witnesses = Some(Witnesses::new(tracker));
        Ok(())
    }

    /// Probes the callbacks of a table, if it is new.
    fn add_table(
        &mut self,
        tracker: &Arc<Tracker>,
        index: usize,
        kind: Table,
        address: usize,
    ) -> Result {
        let id = self.attached.get(index).ok_or(ENOENT)?.id;
        if tracker.tables.is_known(kind, address, id) {
            return Ok(());
        }
        let mut uses = KVec::new();
        for (op, callback) in tracker.plan.callbacks.iter().enumerate() {
            if callback.table != kind {
                continue;
            }
            if let Some(function) = callback.place.callback(address) {
                uses.push((op, function), GFP_KERNEL)?;
            }
        }
        let known = Known {
            kind,
            address,
            uses: KVec::with_capacity(uses.len(), GFP_KERNEL)?,
        };
        let attached = self.attached.get_mut(index).ok_or(ENOENT)?;
        attached.tables.reserve(1, GFP_KERNEL)?;
        if !tracker.tables.add(kind, address, id) {
            return Err(ENOSPC);
        }
        // There is room for it, and for its uses.
        attached.tables.push(known, GFP_KERNEL)?;
        self.add_uses(tracker, index, address, uses)
            .inspect_err(|_| {
                // So that it is noticed again.
                self.remove_last_table(tracker, index);
            })
    }

    /// Probes the callbacks of the table that was added last to what is attached with this index.
    fn add_uses(
        &mut self,
        tracker: &Arc<Tracker>,
        index: usize,
        address: usize,
        uses: KVec<Use>,
    ) -> Result {
        for (op, function) in uses {
            self.add_user(tracker, op, function, index, address)?;
            let attached = self.attached.get_mut(index).ok_or(ENOENT)?;
            let known = attached.tables.last_mut().ok_or(ENOENT)?;
            // So it is given back also if one of the next fails.
            known.uses.push((op, function), GFP_KERNEL)?;
        }
        Ok(())
    }

    /// Forgets the table that was added last to what is attached with this index.
    fn remove_last_table(&mut self, tracker: &Tracker, index: usize) {
        let Some(attached) = self.attached.get_mut(index) else {
            return;
        };
        let Some(table) = attached.tables.pop() else {
            return;
        };
        tracker
            .tables
            .remove(table.kind, table.address, attached.id);
        for &(_, address) in &table.uses {
            let mut others = attached.tables.iter().flat_map(|other| &other.uses);
            let is_elsewhere = others.any(|&(_, other)| other == address);
            self.functions.forget_table(address, table.address);
            self.functions
                .remove_user(address, (!is_elsewhere).then_some(attached.id));
        }
        self.functions.drop_unused();
    }

    /// Takes in a callback of a table of what is attached with this index.
    fn add_user(
        &mut self,
        tracker: &Arc<Tracker>,
        op: usize,
        address: usize,
        index: usize,
        table: usize,
    ) -> Result {
        let attached = self.attached.get(index).ok_or(ENOENT)?;
        let callback = tracker.plan.callbacks.get(op).ok_or(ENOENT)?;
        let usual = attached.sb.is_none().then(|| attached.fs.address());
        let user = User {
            op,
            callback,
            fs: attached.id,
            table,
            s_type: usual,
        };
        self.functions
            .add_user(tracker, address, &user, self.witnesses.as_ref())
    }
}

impl Drop for Rest {
    /// Unregisters all probes with one wait for each kind, before the filesystems are let go.
    fn drop(&mut self) {
        drop(self.functions.take());
        self.places = None;
        self.witnesses = None;
        self.attached.clear();
    }
}
