// SPDX-License-Identifier: GPL-2.0

//! The attached filesystems, their tables and the probes on their callbacks.

use kernel::{
    pr_warn_once,
    prelude::*,
    str::CString,
    sync::{
        atomic::Relaxed,
        Arc, //
    },
};
use kprobes::{
    unregister_all,
    Probe,
    Target, //
};
use peek::FileSystemType;

use crate::{
    check::Callback,
    discover::{
        Place,
        PLACES, //
    },
    returns,
    tables::{
        FsId,
        FILESYSTEMS, //
    },
    tracker::Tracker, //
};

/// How many new tables are taken in at once.
const FRESH: usize = 64;

/// A probe, or why there is none.
pub(crate) type Probed<H> = Result<Pin<KBox<Probe<H>>>>;

/// A callback in a table: the index in the callbacks of [`Tracker::plan`], and the address of the function.
pub(crate) type Use = (usize, usize);

/// A table of an attached filesystem.
pub(crate) struct Table {
    address: usize,
    pub(crate) uses: KVec<Use>,
}

/// An attached filesystem, whose module stays.
pub(crate) struct Attached {
    pub(crate) id: FsId,
    pub(crate) tables: KVec<Table>,
    fs: FileSystemType,
}

/// A function that is a callback.
pub(crate) struct Function {
    pub(crate) address: usize,
    users: usize,
    pub(crate) probe: Probed<Callback>,
}

/// All probes and what they are for.
pub(crate) struct Registry {
    pub(crate) attached: KVec<Attached>,
    pub(crate) functions: KVec<Function>,
    /// In the order of [`PLACES`]; empty if nothing is attached.
    pub(crate) places: KVec<Probed<Place>>,
    pub(crate) returns: returns::registry::Registry,
    /// By [`FsId`].
    names: KVec<CString>,
    closed: bool,
}

/// What a registry had.
pub(crate) struct Rest {
    attached: KVec<Attached>,
    functions: KVec<Function>,
    places: KVec<Probed<Place>>,
    /// Before the filesystems are let go.
    returns: Option<returns::registry::Rest>,
}

impl Registry {
    pub(crate) fn new() -> Self {
        Self {
            attached: KVec::new(),
            functions: KVec::new(),
            places: KVec::new(),
            returns: returns::registry::Registry::new(),
            names: KVec::new(),
            closed: false,
        }
    }

    /// Attaches a filesystem by name.
    ///
    /// # Errors
    ///
    /// `EEXIST` if it is attached, `ENODEV` if there is none of that name, `EINVAL` if there can be none, `ENOSPC`
    /// if too many were attached since the module was loaded, and `ENOMEM`.
    pub(crate) fn attach(&mut self, tracker: &Arc<Tracker>, name: &CStr) -> Result {
        if self.closed {
            return Err(ENODEV);
        }
        let fs = FileSystemType::find(name)?;
        if self
            .attached
            .iter()
            .any(|other| other.fs.address() == fs.address())
        {
            return Err(EEXIST);
        }
        let id = self.id(name)?;
        let attached = Attached {
            id,
            tables: KVec::new(),
            fs,
        };
        self.attached.push(attached, GFP_KERNEL)?;
        self.watch(tracker)
            .and_then(|()| {
                // From here on, nothing new is overlooked. What is there already comes after.
                let index = self.attached.len() - 1;
                if let Some(attached) = self.attached.get(index) {
                    tracker.tables.set_fs(id, attached.fs.address());
                    self.returns.attach(tracker, id, &attached.fs)?;
                }
                self.find_tables(tracker, index)
            })
            .inspect_err(|_| {
                // The name was found above.
                let _ = self.detach(tracker, name);
            })
    }

    /// Detaches a filesystem by name.
    ///
    /// # Errors
    ///
    /// `ENOENT` if it is not attached.
    pub(crate) fn detach(&mut self, tracker: &Arc<Tracker>, name: &CStr) -> Result {
        let index = self
            .attached
            .iter()
            .position(|attached| self.name(attached.id) == Some(name))
            .ok_or(ENOENT)?;
        let attached = self.attached.remove(index).map_err(|_| ENOENT)?;
        tracker.tables.set_fs(attached.id, 0);
        for table in &attached.tables {
            tracker.tables.remove(table.address, attached.id);
            for &(_, address) in &table.uses {
                for function in &mut self.functions {
                    if function.address == address {
                        function.users -= 1;
                    }
                }
            }
        }
        let last = self.attached.is_empty();
        let mut unused = Rest {
            attached: KVec::new(),
            functions: KVec::new(),
            places: KVec::new(),
            returns: Some(self.returns.detach(tracker, attached.id, last)),
        };
        while let Some(index) = self
            .functions
            .iter()
            .position(|function| function.users == 0)
        {
            // The index was just found. If there is no memory to collect it, it goes here by itself.
            if let Ok(function) = self.functions.remove(index) {
                let _ = unused.functions.push(function, GFP_KERNEL);
            }
        }
        if last {
            core::mem::swap(&mut unused.places, &mut self.places);
        }
        drop(unused);
        // Only now is no callback of it probed any more, and its module may go.
        drop(attached);
        Ok(())
    }

    /// Takes in the tables that handlers noted.
    pub(crate) fn discovered(&mut self, tracker: &Arc<Tracker>) {
        for (table, id) in tracker.tables.take() {
            // It can be detached since.
            let Some(index) = self.attached.iter().position(|fs| fs.id == id) else {
                continue;
            };
            if let Err(error) = self.add_table(tracker, index, table) {
                tracker.tables_lost.add(1, Relaxed);
                pr_warn_once!("a new table of callbacks could not be probed: {error:?}\n");
            }
        }
        let attached = |id| self.attached.iter().any(|fs| fs.id == id);
        if let Err(error) = self.returns.discovered(tracker, attached) {
            tracker.tables_lost.add(1, Relaxed);
            pr_warn_once!("a new table of callbacks could not be followed: {error:?}\n");
        }
    }

    /// Lets nothing be attached any more, and gives up what there is. To be dropped without the lock.
    pub(crate) fn close(&mut self, tracker: &Arc<Tracker>) -> Rest {
        self.closed = true;
        Rest {
            attached: core::mem::take(&mut self.attached),
            functions: core::mem::take(&mut self.functions),
            places: core::mem::take(&mut self.places),
            returns: Some(self.returns.close(tracker)),
        }
    }

    /// Returns the name of a filesystem that is or was attached.
    pub(crate) fn name(&self, id: FsId) -> Option<&CStr> {
        self.names.get(usize::from(id.0)).map(|name| &**name)
    }

    /// Returns the function at an address.
    pub(crate) fn function(&self, address: usize) -> Option<&Function> {
        self.functions
            .iter()
            .find(|function| function.address == address)
    }

    fn id(&mut self, name: &CStr) -> Result<FsId> {
        let index = match self.names.iter().position(|other| &**other == name) {
            Some(index) => index,
            None if self.names.len() < FILESYSTEMS => {
                self.names.push(CString::try_from(name)?, GFP_KERNEL)?;
                self.names.len() - 1
            }
            None => return Err(ENOSPC),
        };
        Ok(FsId(u8::try_from(index).map_err(|_| ENOSPC)?))
    }

    /// Puts the probes in place that see new inodes.
    fn watch(&mut self, tracker: &Arc<Tracker>) -> Result {
        if !self.places.is_empty() {
            return Ok(());
        }
        for (symbol, argument) in PLACES {
            let place = Place {
                tracker: tracker.clone(),
                argument,
            };
            let probe = KBox::pin_init(Probe::new(Target::Symbol(symbol), place), GFP_KERNEL);
            self.places.push(probe, GFP_KERNEL)?;
        }
        Ok(())
    }

    /// Takes in the tables of all inodes that are there.
    fn find_tables(&mut self, tracker: &Arc<Tracker>, index: usize) -> Result {
        let mut fresh = KVec::with_capacity(FRESH, GFP_KERNEL)?;
        loop {
            let mut more = false;
            let attached = self.attached.get(index).ok_or(ENOENT)?;
            attached.fs.for_each_i_op(|table| {
                if table != 0
                    && !tracker.tables.is_known(table, attached.id)
                    && !fresh.contains(&table)
                {
                    more |= fresh.push_within_capacity(table).is_err();
                }
            });
            for &table in &fresh {
                self.add_table(tracker, index, table)?;
            }
            if !more {
                return Ok(());
            }
            fresh.clear();
        }
    }

    /// Probes the callbacks of a table, if it is new.
    fn add_table(&mut self, tracker: &Arc<Tracker>, index: usize, address: usize) -> Result {
        let id = self.attached.get(index).ok_or(ENOENT)?.id;
        if tracker.tables.is_known(address, id) {
            return Ok(());
        }
        let mut uses = KVec::with_capacity(tracker.plan.callbacks.len(), GFP_KERNEL)?;
        for (op, callback) in tracker.plan.callbacks.iter().enumerate() {
            if let Some(function) = callback.place.callback(address) {
                uses.push((op, function), GFP_KERNEL)?;
            }
        }
        let table = Table { address, uses };
        let attached = self.attached.get_mut(index).ok_or(ENOENT)?;
        attached.tables.reserve(1, GFP_KERNEL)?;
        self.functions.reserve(table.uses.len(), GFP_KERNEL)?;
        if !tracker.tables.add(address, id) {
            return Err(ENOSPC);
        }
        for &(op, callback) in &table.uses {
            self.probe(tracker, op, callback)?;
        }
        let attached = self.attached.get_mut(index).ok_or(ENOENT)?;
        attached.tables.push(table, GFP_KERNEL)?;
        Ok(())
    }

    /// Probes a callback, unless its function is probed already. A refusal is kept to be shown.
    fn probe(&mut self, tracker: &Arc<Tracker>, op: usize, address: usize) -> Result {
        for function in &mut self.functions {
            if function.address == address {
                function.users += 1;
                if let Ok(probe) = &function.probe {
                    probe.handler().add_op(op);
                }
                return Ok(());
            }
        }
        let callback = Callback::new(tracker.clone(), address, op);
        let probe = KBox::pin_init(Probe::new(Target::Address(address), callback), GFP_KERNEL);
        let function = Function {
            address,
            users: 1,
            probe,
        };
        self.functions.push(function, GFP_KERNEL)?;
        Ok(())
    }
}

impl Drop for Rest {
    /// Unregisters all probes with one wait, before the filesystems are let go.
    fn drop(&mut self) {
        let functions = core::mem::take(&mut self.functions);
        unregister(functions.into_iter().map(|function| function.probe));
        unregister(core::mem::take(&mut self.places).into_iter());
        drop(self.returns.take());
        self.attached.clear();
    }
}

fn unregister<H: kprobes::Handler>(probes: impl Iterator<Item = Probed<H>>) {
    let mut registered = KVec::new();
    for probe in probes.flatten() {
        // Without memory to collect it, it goes here by itself.
        let _ = registered.push(probe, GFP_KERNEL);
    }
    unregister_all(registered);
}
