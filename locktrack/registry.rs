// SPDX-License-Identifier: GPL-2.0

//! The attached filesystems, their tables and the probes on their callbacks.

use kernel::{
    pr_warn_once,
    prelude::*,
    sync::{
        atomic::Relaxed,
        rcu,
        Arc, //
    },
};
use kprobes::{
    unregister_all,
    unregister_all_returns,
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
    returns::{
        Following,
        Witnesses, //
    },
    subject::Roles,
    tables::FsId,
    tracker::Tracker, //
};

/// How many new tables are taken in at once.
const FRESH: usize = 64;

/// A probe, or why there is none.
pub(crate) type Probed<H> = Result<Pin<KBox<Probe<H>>>>;

/// How many calls of a callback that may sleep can be followed at one time.
const MAX_ACTIVE: u16 = 64;

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
    roles: Arc<Roles>,
    /// On its entry, if rules are checked there.
    pub(crate) probe: Option<Probed<Callback>>,
    /// On its return, if it is followed.
    pub(crate) following: Option<Result<Pin<KBox<ReturnProbe<Following>>>>>,
}

/// All probes and what they are for.
pub(crate) struct Registry {
    pub(crate) attached: KVec<Attached>,
    pub(crate) functions: KVec<Function>,
    /// In the order of [`PLACES`]; empty if nothing is attached.
    pub(crate) places: KVec<Probed<Place>>,
    /// Sees super blocks go, if anything is attached.
    pub(crate) gone: Option<Pin<KBox<ReturnProbe<Gone>>>>,
    /// What calls that are followed need, if anything is attached.
    pub(crate) witnesses: Option<Witnesses>,
    closed: bool,
}

/// What a registry had.
pub(crate) struct Rest {
    attached: KVec<Attached>,
    functions: KVec<Function>,
    places: KVec<Probed<Place>>,
    gone: Option<Pin<KBox<ReturnProbe<Gone>>>>,
    witnesses: Option<Witnesses>,
}

impl Registry {
    pub(crate) fn new() -> Self {
        Self {
            attached: KVec::new(),
            functions: KVec::new(),
            places: KVec::new(),
            gone: None,
            witnesses: None,
            closed: false,
        }
    }

    /// Attaches a filesystem, or one super block of it, under a name. The super block must stay until this returns.
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
        let address = sb.map_or(fs.address(), SuperBlock::address);
        let mut names = self.attached.iter().map(|other| tracker.fs_name(other.id));
        // A super block that is gone is attached by its name only: another one can have its address.
        if names.any(|other| other == Some(name)) || tracker.tables.is_attached(address) {
            return Err(EEXIST);
        }
        let id = tracker.filesystems.id(name, tracker.plan.rules())?;
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
                if !tracker.tables.attach(id, address, sb.is_some()) {
                    return Err(ENOSPC);
                }
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
        let any_sb = self.attached.iter().any(|other| other.sb.is_some());
        tracker.tables.detach(attached.id, any_sb);
        for table in &attached.tables {
            tracker
                .tables
                .remove(table.kind, table.address, attached.id);
            for &(_, address) in &table.uses {
                for function in &mut self.functions {
                    if function.address == address {
                        function.users -= 1;
                        function.roles.remove(attached.id);
                    }
                }
            }
        }
        let mut unused = Rest {
            attached: KVec::new(),
            functions: KVec::new(),
            places: KVec::new(),
            gone: None,
            witnesses: None,
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
            tracker.tables.clear();
            core::mem::swap(&mut unused.places, &mut self.places);
            unused.gone = self.gone.take();
            unused.witnesses = self.witnesses.take();
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
            witnesses: self.witnesses.take(),
        }
    }

    /// Returns the function at an address.
    pub(crate) fn function(&self, address: usize) -> Option<&Function> {
        self.functions
            .iter()
            .find(|function| function.address == address)
    }

    /// Puts the probes in place that see new inodes, and what calls that are followed need.
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
        self.witnesses = Some(Witnesses::new(tracker));
        Ok(())
    }

    /// Takes in all tables that are found from what is mounted, and those that the first mount needs.
    fn find_tables(&mut self, tracker: &Arc<Tracker>, index: usize) -> Result {
        let attached = self.attached.get(index).ok_or(ENOENT)?;
        if attached.sb.is_none() {
            let s_type = attached.fs.address();
            let context = attached.fs.context_operations();
            self.add_table(tracker, index, Table::FileSystemType, s_type)?;
            // Where it refuses, a mount shows it.
            if let Ok(context @ 1..) = context {
                self.add_table(tracker, index, Table::FsContext, context)?;
            }
        }
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
            self.probe(tracker, op, callback, index, address)?;
        }
        let attached = self.attached.get_mut(index).ok_or(ENOENT)?;
        attached.tables.push(table, GFP_KERNEL)?;
        Ok(())
    }

    /// Probes a callback of a table of what is attached with this index, unless its function is probed already. A refusal is
    /// kept to be shown.
    fn probe(
        &mut self,
        tracker: &Arc<Tracker>,
        op: usize,
        address: usize,
        fs: usize,
        table: usize,
    ) -> Result {
        let attached = self.attached.get(fs).ok_or(ENOENT)?;
        let callback = tracker.plan.callbacks.get(op).ok_or(ENOENT)?;
        let mut functions = self.functions.iter();
        let index = match functions.position(|function| function.address == address) {
            Some(index) => index,
            None => {
                let roles = Roles::new(address);
                if attached.sb.is_none() {
                    roles.set_usual(table, attached.fs.address(), attached.id);
                }
                let function = Function {
                    address,
                    users: 0,
                    roles: Arc::new(roles, GFP_KERNEL)?,
                    probe: None,
                    following: None,
                };
                self.functions.push(function, GFP_KERNEL)?;
                self.functions.len() - 1
            }
        };
        let function = self.functions.get_mut(index).ok_or(ENOENT)?;
        function.users += 1;
        function.roles.add(op, attached.id);
        if callback.is_checked() && function.probe.is_none() {
            let handler = Callback {
                tracker: tracker.clone(),
                roles: function.roles.clone(),
            };
            let probe = Probe::new(Target::Address(address), handler);
            function.probe = Some(KBox::pin_init(probe, GFP_KERNEL));
        }
        if callback.is_followed() && function.following.is_none() {
            let unlocks = self.witnesses.as_ref().and_then(Witnesses::unlocks);
            let handler = Following::new(tracker.clone(), unlocks, function.roles.clone());
            // What must not sleep is never active more often than C chooses by the number of CPUs, unless
            // it is preempted.
            let max_active = if callback.may_sleep() { MAX_ACTIVE } else { 0 };
            let probe = ReturnProbe::new(Target::Address(address), max_active, handler);
            function.following = Some(KBox::pin_init(probe, GFP_KERNEL));
        }
        Ok(())
    }
}

impl Drop for Rest {
    /// Unregisters all probes with one wait for each kind, before the filesystems are let go.
    fn drop(&mut self) {
        let functions = core::mem::take(&mut self.functions);
        forget_calls(&functions);
        let mut entries = KVec::new();
        let mut returns = KVec::new();
        for function in functions {
            // Without memory to collect them, they go here by themselves.
            if let Some(Ok(probe)) = function.probe {
                let _ = entries.push(probe, GFP_KERNEL);
            }
            if let Some(Ok(probe)) = function.following {
                let _ = returns.push(probe, GFP_KERNEL);
            }
        }
        unregister_all(entries);
        unregister_all_returns(returns);
        let mut places = KVec::new();
        for probe in core::mem::take(&mut self.places).into_iter().flatten() {
            let _ = places.push(probe, GFP_KERNEL);
        }
        unregister_all(places);
        self.gone = None;
        self.witnesses = None;
        self.attached.clear();
    }
}

/// Lets no call stay watched that is under way: its return will not be seen any more.
fn forget_calls(functions: &KVec<Function>) {
    let following = || {
        let functions = functions.iter();
        functions.filter_map(|function| function.following.as_ref()?.as_ref().ok())
    };
    if following().next().is_none() {
        return;
    }
    for probe in following() {
        probe.handler().close();
    }
    // Handlers run with preemption off.
    rcu::synchronize_rcu();
    for probe in following() {
        probe.handler().forget();
    }
}
