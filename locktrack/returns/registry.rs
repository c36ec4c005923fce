// SPDX-License-Identifier: GPL-2.0

//! The return probes on callbacks, and the tables that they were found in.

use kernel::{
    prelude::*,
    sync::{
        rcu,
        Arc, //
    },
};
use kprobes::{
    unregister_all,
    unregister_all_returns,
    Handler,
    Hit,
    Probe,
    ReturnProbe,
    SwitchProbe,
    Target, //
};
use peek::{
    FileSystemType,
    Kind,
    Owner,
    Through, //
};

use super::{
    call::{
        Following,
        Sleepers,
        Unlocks, //
    },
    Tagged, //
};
use crate::{
    registry::Use,
    tables::FsId,
    tracker::Tracker, //
};

/// How many new tables are taken in at once.
const FRESH: usize = 64;

/// A table of an attached filesystem.
pub(crate) struct Table {
    tagged: Tagged,
    pub(crate) fs: FsId,
    pub(crate) uses: KVec<Use>,
}

/// A function that is a callback.
pub(crate) struct Function {
    pub(crate) address: usize,
    users: usize,
    pub(crate) probe: Result<Pin<KBox<ReturnProbe<Following>>>>,
}

/// Where tables show that no inode leads to.
const PLACES: [(&CStr, Through); 2] = [
    (c"perf_event_mmap", Through::VmFault),
    (c"vfs_get_tree", Through::FsContext),
];

/// The handler on one of [`PLACES`].
struct Place {
    tracker: Arc<Tracker>,
    through: Through,
}

impl Place {
    fn saw(&self, hit: &Hit<'_>) -> Option<()> {
        let (kind, owner) = match self.through {
            Through::FsContext => {
                let owner = Owner::find(self.through, hit.argument(0))?;
                (Kind::FsContext, owner)
            }
            _ => (Kind::Vm, Owner::of_vma(hit.argument(0))?),
        };
        let fs = self.tracker.tables.fs(owner.s_type)?;
        self.tracker.saw_followed(kind, owner.table, fs);
        Some(())
    }
}

impl Handler for Place {
    fn entry(&self, hit: &Hit<'_>) {
        // Not of an attached filesystem.
        let _ = self.saw(hit);
    }
}

/// What is there while something is attached.
struct Common {
    unlocks: Result<Arc<Unlocks>>,
    switches: Result<SwitchProbe<Sleepers>>,
    places: KVec<Result<Pin<KBox<Probe<Place>>>>>,
}

/// All return probes and what they are for.
pub(crate) struct Registry {
    pub(crate) tables: KVec<Table>,
    pub(crate) functions: KVec<Function>,
    common: Option<Common>,
}

/// What a registry had. To be dropped where one may sleep.
pub(crate) struct Rest {
    functions: KVec<Function>,
    common: Option<Common>,
    tracker: Arc<Tracker>,
}

impl Registry {
    pub(crate) const fn new() -> Self {
        Self {
            tables: KVec::new(),
            functions: KVec::new(),
            common: None,
        }
    }

    /// Takes in the tables of a filesystem that was just attached, so that handlers know it. Sleeps.
    ///
    /// # Errors
    ///
    /// `ENOSPC` and `ENOMEM`.
    pub(crate) fn attach(
        &mut self,
        tracker: &Arc<Tracker>,
        id: FsId,
        fs: &FileSystemType,
    ) -> Result {
        self.watch(tracker)?;
        let table = Tagged::new(Kind::FileSystemType, fs.address());
        self.add_table(tracker, id, table)?;
        // Where it refuses, the first mount shows it.
        if let Ok(table) = fs.context_operations() {
            self.add_table(tracker, id, Tagged::new(Kind::FsContext, table))?;
        }
        let mut fresh = KVec::with_capacity(FRESH, GFP_KERNEL)?;
        loop {
            let mut more = false;
            fs.for_each_table(|kind, table| {
                let tagged = Tagged::new(kind, table);
                let known = tracker.returns.tables.is_known(tagged.0, id);
                if !known && !fresh.contains(&tagged) {
                    more |= fresh.push_within_capacity(tagged).is_err();
                }
            });
            for &tagged in &fresh {
                self.add_table(tracker, id, tagged)?;
            }
            if !more {
                return Ok(());
            }
            fresh.clear();
        }
    }

    /// Gives up what there is of a filesystem, and all if it was the `last`. What this returns has to be dropped
    /// before the filesystem's module may go.
    pub(crate) fn detach(&mut self, tracker: &Arc<Tracker>, id: FsId, last: bool) -> Rest {
        let mut rest = Rest {
            functions: KVec::new(),
            common: None,
            tracker: tracker.clone(),
        };
        while let Some(index) = self.tables.iter().position(|table| table.fs == id) {
            // The index was just found.
            let Ok(table) = self.tables.remove(index) else {
                break;
            };
            tracker.returns.tables.remove(table.tagged.0, id);
            for &(_, address) in &table.uses {
                for function in &mut self.functions {
                    if function.address == address {
                        function.users -= 1;
                    }
                }
            }
        }
        while let Some(index) = self
            .functions
            .iter()
            .position(|function| function.users == 0)
        {
            // The index was just found. If there is no memory to collect it, it goes here by itself.
            if let Ok(function) = self.functions.remove(index) {
                let _ = rest.functions.push(function, GFP_KERNEL);
            }
        }
        if last {
            rest.common = self.common.take();
        }
        rest
    }

    /// Takes in the tables that handlers noted.
    pub(crate) fn discovered(
        &mut self,
        tracker: &Arc<Tracker>,
        attached: impl Fn(FsId) -> bool,
    ) -> Result {
        let mut result = Ok(());
        for (table, id) in tracker.returns.tables.take() {
            // It can be detached since.
            if attached(id) {
                result = result.and(self.add_table(tracker, id, Tagged(table)));
            }
        }
        result
    }

    /// Gives up all there is.
    pub(crate) fn close(&mut self, tracker: &Arc<Tracker>) -> Rest {
        Rest {
            functions: core::mem::take(&mut self.functions),
            common: self.common.take(),
            tracker: tracker.clone(),
        }
    }

    /// Returns the function at an address.
    pub(crate) fn function(&self, address: usize) -> Option<&Function> {
        self.functions
            .iter()
            .find(|function| function.address == address)
    }

    /// Returns the names of what could not be probed, with the reasons.
    pub(crate) fn refused(&self) -> impl Iterator<Item = (&'static CStr, Error)> + '_ {
        let common = self.common.iter();
        common.flat_map(|common| {
            let unlocks = common.unlocks.as_ref().err();
            let switches = common.switches.as_ref().err();
            let places = PLACES.iter().zip(&common.places);
            let places =
                places.filter_map(|((name, _), place)| Some((*name, *place.as_ref().err()?)));
            let unlocks = unlocks.map(|&error| (c"folio_unlock", error));
            let switches = switches.map(|&error| (c"sched_switch", error));
            // The kernel's prelude has another `chain()`.
            Iterator::chain([unlocks, switches].into_iter().flatten(), places)
        })
    }

    /// Puts in place what all calls need.
    fn watch(&mut self, tracker: &Arc<Tracker>) -> Result {
        if self.common.is_some() {
            return Ok(());
        }
        let mut places = KVec::new();
        for (symbol, through) in PLACES {
            let place = Place {
                tracker: tracker.clone(),
                through,
            };
            let probe = KBox::pin_init(Probe::new(Target::Symbol(symbol), place), GFP_KERNEL);
            places.push(probe, GFP_KERNEL)?;
        }
        let sleepers = Sleepers {
            tracker: tracker.clone(),
        };
        let unlocks = Unlocks::new(tracker)
            .and_then(|unlocks| Arc::new(unlocks, GFP_KERNEL).map_err(Error::from));
        self.common = Some(Common {
            unlocks,
            switches: SwitchProbe::new(sleepers),
            places,
        });
        Ok(())
    }

    /// Probes the callbacks of a table, if it is new.
    fn add_table(&mut self, tracker: &Arc<Tracker>, id: FsId, tagged: Tagged) -> Result {
        if tracker.returns.tables.is_known(tagged.0, id) {
            return Ok(());
        }
        let followed = &tracker.plan.followed;
        let mut uses = KVec::with_capacity(followed.len(), GFP_KERNEL)?;
        for (op, followed) in followed.iter().enumerate() {
            if !tagged.is(followed.kind) {
                continue;
            }
            if let Some(function) = followed.place.callback(tagged.table()) {
                uses.push((op, function), GFP_KERNEL)?;
            }
        }
        self.tables.reserve(1, GFP_KERNEL)?;
        self.functions.reserve(uses.len(), GFP_KERNEL)?;
        if !tracker.returns.tables.add(tagged.0, id) {
            return Err(ENOSPC);
        }
        for &(op, address) in &uses {
            self.probe(tracker, op, address)?;
        }
        let table = Table {
            tagged,
            fs: id,
            uses,
        };
        self.tables.push(table, GFP_KERNEL)?;
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
        let unlocks = self.common.as_ref().and_then(|common| {
            let unlocks = common.unlocks.as_ref();
            unlocks.ok().cloned()
        });
        let max_active = tracker.plan.followed.get(op);
        let max_active = max_active.map_or(0, |followed| followed.max_active());
        let following = Following::new(tracker.clone(), unlocks, address, op);
        let probe = KBox::pin_init(
            ReturnProbe::new(Target::Address(address), max_active, following),
            GFP_KERNEL,
        );
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
    /// Unregisters all probes with one wait. No call that is under way may stay watched: its return is not
    /// seen any more.
    fn drop(&mut self) {
        let functions = core::mem::take(&mut self.functions);
        let probes = || {
            let functions = functions.iter();
            functions.filter_map(|function| function.probe.as_ref().ok())
        };
        if probes().next().is_some() {
            for probe in probes() {
                probe.handler().close();
            }
            // Handlers run with preemption off.
            rcu::synchronize_rcu();
            for function in &functions {
                self.tracker.returns.sleepers.forget(function.address);
                self.tracker.returns.folios.forget(function.address);
            }
        }
        let mut registered = KVec::new();
        for probe in functions.into_iter().filter_map(|it| it.probe.ok()) {
            // Without memory to collect it, it goes here by itself.
            let _ = registered.push(probe, GFP_KERNEL);
        }
        unregister_all_returns(registered);
        if let Some(common) = self.common.take() {
            let mut places = KVec::new();
            for probe in common.places.into_iter().flatten() {
                let _ = places.push(probe, GFP_KERNEL);
            }
            unregister_all(places);
        }
    }
}
