// SPDX-License-Identifier: GPL-2.0

//! The attached filesystems, their tables and the probes on their callbacks.

use kernel::{
    pr_warn_once,
    prelude::*,
    sync::{
        atomic::Relaxed,
        Arc, //
    },
};
use kprobes::{
    unregister_all,
    Probe,
    ReturnProbe,
    Target, //
};
use peek::{
    FileSystemType,
    SuperBlock,
    Table, //
};

use crate::{
    check::Callback,
    discover::{
        Gone,
        Place,
        PLACES, //
    },
    tables::FsId,
    tracker::Tracker, //
};

/// How many new tables are taken in at once.
const FRESH: usize = 64;

/// A probe, or why there is none.
pub(crate) type Probed<H> = Result<Pin<KBox<Probe<H>>>>;

/// A callback in a table: the index in the callbacks of [`Tracker::plan`], and the address of the function.
pub(crate) type Use = (usize, usize);

/// A table of an attached filesystem.
pub(crate) struct Known {
    kind: Table,
    address: usize,
    pub(crate) uses: KVec<Use>,
}

/// What is attached: a filesystem, or one super block of it. The filesystem's module stays.
pub(crate) struct Attached {
    pub(crate) id: FsId,
    pub(crate) tables: KVec<Known>,
    fs: FileSystemType,
    /// The super block. It need not stay: [`Tables::forget`](crate::tables::Tables::forget) is called when it goes.
    sb: Option<SuperBlock>,
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
    /// Sees super blocks go, if anything is attached.
    pub(crate) gone: Option<Pin<KBox<ReturnProbe<Gone>>>>,
    closed: bool,
}

/// What a registry had.
pub(crate) struct Rest {
    attached: KVec<Attached>,
    functions: KVec<Function>,
    places: KVec<Probed<Place>>,
    gone: Option<Pin<KBox<ReturnProbe<Gone>>>>,
}

impl Registry {
    pub(crate) fn new() -> Self {
        Self {
            attached: KVec::new(),
            functions: KVec::new(),
            places: KVec::new(),
            gone: None,
            closed: false,
        }
    }

    /// Attaches a filesystem, or one super block of it, under a name.
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
    ) -> Result {
        if self.closed {
            return Err(ENODEV);
        }
        if self.attached.iter().any(|other| {
            tracker.fs_name(other.id) == Some(name)
                || (other.fs.address() == fs.address() && other.sb == sb)
        }) {
            return Err(EEXIST);
        }
        let id = tracker.filesystems.id(name, tracker.plan.rules())?;
        let address = sb.map_or(fs.address(), SuperBlock::address);
        let attached = Attached {
            id,
            tables: KVec::new(),
            fs,
            sb,
        };
        self.attached.push(attached, GFP_KERNEL)?;
        self.watch(tracker)
            .and_then(|()| {
                // From here on, nothing new is overlooked. What is there already comes after.
                tracker.tables.set_fs(id, address);
                self.find_tables(tracker, self.attached.len() - 1)
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
    pub(crate) fn detach(&mut self, tracker: &Tracker, name: &CStr) -> Result {
        let index = self
            .attached
            .iter()
            .position(|attached| tracker.fs_name(attached.id) == Some(name))
            .ok_or(ENOENT)?;
        let attached = self.attached.remove(index).map_err(|_| ENOENT)?;
        tracker.tables.set_fs(attached.id, 0);
        for table in &attached.tables {
            tracker
                .tables
                .remove(table.kind, table.address, attached.id);
            for &(_, address) in &table.uses {
                for function in &mut self.functions {
                    if function.address == address {
                        function.users -= 1;
                        if let Ok(probe) = &function.probe {
                            probe.handler().remove(attached.id);
                        }
                    }
                }
            }
        }
        let mut unused = Rest {
            attached: KVec::new(),
            functions: KVec::new(),
            places: KVec::new(),
            gone: None,
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
        if self.attached.is_empty() {
            core::mem::swap(&mut unused.places, &mut self.places);
            unused.gone = self.gone.take();
        }
        drop(unused);
        // Only now is no callback of it probed any more, and its module may go.
        drop(attached);
        Ok(())
    }

    /// Takes in the tables that handlers noted.
    pub(crate) fn discovered(&mut self, tracker: &Arc<Tracker>) {
        for (kind, table, id) in tracker.tables.take() {
            // It can be detached since.
            let Some(index) = self.attached.iter().position(|fs| fs.id == id) else {
                continue;
            };
            if let Err(error) = self.add_table(tracker, index, kind, table) {
                tracker.tables_lost.add(1, Relaxed);
                pr_warn_once!("a new table of callbacks could not be probed: {error:?}\n");
            }
        }
    }

    /// Lets nothing be attached any more, and gives up what there is. To be dropped without the lock.
    pub(crate) fn close(&mut self) -> Rest {
        self.closed = true;
        Rest {
            attached: core::mem::take(&mut self.attached),
            functions: core::mem::take(&mut self.functions),
            places: core::mem::take(&mut self.places),
            gone: self.gone.take(),
        }
    }

    /// Returns the function at an address.
    pub(crate) fn function(&self, address: usize) -> Option<&Function> {
        self.functions
            .iter()
            .find(|function| function.address == address)
    }

    /// Puts the probes in place that see new inodes.
    fn watch(&mut self, tracker: &Arc<Tracker>) -> Result {
        if !self.places.is_empty() {
            return Ok(());
        }
        let gone = Gone {
            tracker: tracker.clone(),
        };
        let target = Target::Symbol(c"generic_shutdown_super");
        self.gone = Some(KBox::pin_init(
            ReturnProbe::new(target, 0, gone),
            GFP_KERNEL,
        )?);
        for (symbol, seen) in PLACES {
            let place = Place {
                tracker: tracker.clone(),
                seen,
            };
            let probe = KBox::pin_init(Probe::new(Target::Symbol(symbol), place), GFP_KERNEL);
            self.places.push(probe, GFP_KERNEL)?;
        }
        Ok(())
    }

    /// Takes in all tables that are found from what is mounted.
    fn find_tables(&mut self, tracker: &Arc<Tracker>, index: usize) -> Result {
        let mut fresh = KVec::with_capacity(FRESH, GFP_KERNEL)?;
        loop {
            let mut more = false;
            let attached = self.attached.get(index).ok_or(ENOENT)?;
            attached.fs.for_each_table(attached.sb, |kind, table| {
                if !tracker.tables.is_known(kind, table, attached.id)
                    && !fresh.contains(&(kind, table))
                {
                    more |= fresh.push_within_capacity((kind, table)).is_err();
                }
            });
            for &(kind, table) in &fresh {
                self.add_table(tracker, index, kind, table)?;
            }
            if !more {
                return Ok(());
            }
            fresh.clear();
        }
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
        let table = Known {
            kind,
            address,
            uses,
        };
        let attached = self.attached.get_mut(index).ok_or(ENOENT)?;
        attached.tables.reserve(1, GFP_KERNEL)?;
        self.functions.reserve(table.uses.len(), GFP_KERNEL)?;
        if !tracker.tables.add(kind, address, id) {
            return Err(ENOSPC);
        }
        for &(op, callback) in &table.uses {
            self.probe(tracker, op, callback, id)?;
        }
        let attached = self.attached.get_mut(index).ok_or(ENOENT)?;
        attached.tables.push(table, GFP_KERNEL)?;
        Ok(())
    }

    /// Probes a callback, unless its function is probed already. A refusal is kept to be shown.
    fn probe(&mut self, tracker: &Arc<Tracker>, op: usize, address: usize, fs: FsId) -> Result {
        for function in &mut self.functions {
            if function.address == address {
                function.users += 1;
                if let Ok(probe) = &function.probe {
                    probe.handler().add(op, fs);
                }
                return Ok(());
            }
        }
        let callback = Callback::new(tracker.clone(), address);
        callback.add(op, fs);
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
        self.gone = None;
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
