// SPDX-License-Identifier: GPL-2.0

//! The functions that are callbacks, and the probes on them.

use kernel::{
    prelude::*,
    sync::Arc, //
};
use kprobes::{
    unregister_all,
    unregister_all_returns,
    EntryProbe,
    FtraceProbe,
    FtraceProbes,
    ReturnProbe,
    Target, //
};
use since_v7_3::synchronize_rcu;

use crate::{
    check::Callback,
    plan,
    returns::{
        Following,
        Witnesses, //
    },
    subject::Roles,
    tables::FsId,
    tracker::Tracker, //
};

/// How many calls of a callback can be followed at one time.
const MAX_ACTIVE: u16 = 64;

/// A function that is a callback.
pub(crate) struct Function {
    pub(crate) address: usize,
    users: usize,
    roles: Arc<Roles>,
    /// On its entry, if rules are checked there and `following` does not.
    probe: Option<Result<EntryProbe<Callback>>>,
    /// On its return, if it is followed.
    following: Option<Result<Pin<KBox<ReturnProbe<Following>>>>>,
}

/// What there is to tell of a probe.
pub(crate) struct Probed {
    pub(crate) by_ftrace: bool,
    /// How many hits it lost.
    pub(crate) missed: u64,
}

impl Function {
    /// Returns the probe that checks its entry, or why it was refused, if rules are checked there.
    pub(crate) fn entry(&self) -> Option<Result<Probed, &Error>> {
        let by_entry = self.probe.as_ref().map(|probe| {
            probe.as_ref().map(|probe| Probed {
                by_ftrace: probe.is_ftrace(),
                missed: probe.nmissed(),
            })
        });
        by_entry.or_else(|| Some(Ok(Self::probed(self.checks()?))))
    }

    /// Returns the probe that follows it, or why it was refused, if it is followed.
    pub(crate) fn following(&self) -> Option<Result<Probed, &Error>> {
        let following = self.following.as_ref()?;
        Some(following.as_ref().map(|probe| Self::probed(probe)))
    }

    /// The probe on its return, if it checks the entry as well.
    fn checks(&self) -> Option<&ReturnProbe<Following>> {
        let following = self.following.as_ref()?.as_ref().ok()?;
        following.handler().checks.then_some(&**following)
    }

    fn probed(probe: &ReturnProbe<Following>) -> Probed {
        Probed {
            by_ftrace: probe.is_ftrace(),
            missed: probe.nmissed(),
        }
    }
}

/// A callback in a table of what is attached.
pub(crate) struct User<'a> {
    /// Its index in the plan.
    pub(crate) op: usize,
    pub(crate) callback: &'a Arc<plan::Callback>,
    pub(crate) fs: FsId,
    pub(crate) table: usize,
    /// The type of the filesystem, if all of it is attached.
    pub(crate) s_type: Option<usize>,
}

/// The functions that are callbacks in the tables of what is attached.
pub(crate) struct Functions {
    list: KVec<Function>,
    /// The probes on those that ftrace calls.
    by_ftrace: Arc<FtraceProbes<Callback>>,
    /// Those that are still to be [armed](Functions::arm).
    fresh: KVec<Arc<FtraceProbe<Callback>>>,
    /// What was lost by probes that are gone.
    lost: Lost,
}

/// Hits that were lost, at entries and for returns.
#[derive(Clone, Copy, Default)]
pub(crate) struct Lost {
    pub(crate) entries: u64,
    pub(crate) returns: u64,
}

impl Lost {
    fn add(&mut self, function: &Function) {
        if let Some(Ok(probe)) = function.entry() {
            self.entries += probe.missed;
        }
        if let Some(Ok(probe)) = function.following() {
            self.returns += probe.missed;
        }
    }
}

impl Functions {
    pub(crate) fn new() -> Result<Self> {
        Ok(Self {
            list: KVec::new(),
            by_ftrace: Arc::pin_init(FtraceProbes::new(), GFP_KERNEL)?,
            fresh: KVec::new(),
            lost: Lost::default(),
        })
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Function> {
        self.list.iter()
    }

    /// Returns the function at an address.
    pub(crate) fn at(&self, address: usize) -> Option<&Function> {
        self.iter().find(|function| function.address == address)
    }

    fn take_in<'a>(
        list: &'a mut KVec<Function>,
        address: usize,
        user: &User<'_>,
    ) -> Result<&'a mut Function> {
        let mut functions = list.iter();
        let index = match functions.position(|function| function.address == address) {
            Some(index) => index,
            None => {
                let roles = Roles::new(address, user.op, user.callback.clone());
                let function = Function {
                    address,
                    users: 0,
                    roles: Arc::new(roles, GFP_KERNEL)?,
                    probe: None,
                    following: None,
                };
                list.push(function, GFP_KERNEL)?;
                list.len() - 1
            }
        };
        list.get_mut(index).ok_or(ENOENT)
    }

    /// The function at this address has a user, and is probed; if ftrace calls it, from when all are
    /// [armed](Functions::arm) on. A refusal is kept to be shown. Sleeps.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn add_user(
        &mut self,
        tracker: &Arc<Tracker>,
        address: usize,
        user: &User<'_>,
        witnesses: Option<&Witnesses>,
    ) -> Result {
        let function = Self::take_in(&mut self.list, address, user)?;
        let callback = user.callback;
        function.users += 1;
        function.roles.add(user.op, user.fs);
        if let Some(s_type) = user.s_type {
            function.roles.add_table(user.table, s_type, user.fs);
        }
        let handler = || Callback {
            tracker: tracker.clone(),
            roles: function.roles.clone(),
        };
        if callback.is_followed() && function.following.is_none() {
            let unlocks = witnesses.and_then(Witnesses::unlocks);
            let checks = callback.is_checked() && function.probe.is_none();
            let following = Following::new(handler(), checks, unlocks);
            let probe = ReturnProbe::new(Target::Address(address), MAX_ACTIVE, following);
            function.following = Some(KBox::pin_init(probe, GFP_KERNEL));
        }
        if callback.is_checked() && function.probe.is_none() && function.checks().is_none() {
            let target = Target::Address(address);
            let probe = match function.following {
                // Its return is seen by a kprobe on ftrace. Two users of ftrace on a function would cost more than one.
                Some(_) => EntryProbe::kprobe(target, handler()),
                None => EntryProbe::new(target, handler()),
            };
            function.probe = Some(probe.and_then(|probe| {
                if let EntryProbe::Ftrace(probe) = &probe {
                    self.fresh.push(probe.clone(), GFP_KERNEL)?;
                }
                Ok(probe)
            }));
        }
        Ok(())
    }

    /// A table that has the function at this address goes; if it is `Some`, the filesystem has no other one with it.
    pub(crate) fn remove_user(&mut self, address: usize, fs: Option<FsId>) {
        let mut list = self.list.iter_mut();
        if let Some(function) = list.find(|function| function.address == address) {
            function.users -= 1;
            if let Some(fs) = fs {
                function.roles.remove(fs);
            }
        }
    }

    /// Another table can have this address.
    pub(crate) fn forget_table(&self, address: usize, table: usize) {
        if let Some(function) = self.at(address) {
            function.roles.remove_table(table);
        }
    }

    /// Lets all new probes be hit that ftrace calls, at once. A refusal is kept to be shown. Sleeps.
    pub(crate) fn arm(&mut self) {
        let fresh = core::mem::take(&mut self.fresh);
        if let Err(error) = self.by_ftrace.add(&fresh) {
            let is_fresh = |probe: &Arc<_>| fresh.iter().any(|fresh| Arc::ptr_eq(fresh, probe));
            for function in &mut self.list {
                if matches!(&function.probe, Some(Ok(EntryProbe::Ftrace(probe))) if is_fresh(probe))
                {
                    function.probe = Some(Err(error));
                }
            }
        }
    }

    /// Returns what was lost since the module was loaded.
    pub(crate) fn lost(&self) -> Lost {
        let mut lost = self.lost;
        self.iter().for_each(|function| lost.add(function));
        lost
    }

    /// Gives up those that no table has any more. Sleeps.
    pub(crate) fn drop_unused(&mut self) {
        // Nothing that goes may be armed later.
        self.arm();
        for function in self.list.iter().filter(|function| function.users == 0) {
            self.lost.add(function);
        }
        unprobe(&mut self.list, &self.by_ftrace, |function| {
            function.users == 0
        });
        self.list.retain(|function| function.users != 0);
    }

    /// Takes all out.
    pub(crate) fn take(&mut self) -> Self {
        self.lost = self.lost();
        self.fresh = KVec::new();
        Self {
            list: core::mem::take(&mut self.list),
            by_ftrace: self.by_ftrace.clone(),
            fresh: KVec::new(),
            lost: Lost::default(),
        }
    }
}

impl Drop for Functions {
    fn drop(&mut self) {
        unprobe(&mut self.list, &self.by_ftrace, |_| true);
    }
}

/// Unregisters the probes of some functions, with one wait for each kind. Sleeps.
fn unprobe(
    functions: &mut [Function],
    by_ftrace: &FtraceProbes<Callback>,
    which: impl Fn(&Function) -> bool,
) {
    forget_calls(functions, &which);
    let (mut entries, mut kprobes, mut returns) = (KVec::new(), KVec::new(), KVec::new());
    for function in functions.iter_mut().filter(|function| which(function)) {
        // Without memory to collect them, they go one by one.
        match function.probe.take() {
            Some(Ok(EntryProbe::Ftrace(probe))) => {
                if entries.push(probe.clone(), GFP_KERNEL).is_err() {
                    by_ftrace.remove(core::slice::from_ref(&probe));
                }
            }
            Some(Ok(EntryProbe::Kprobe(probe))) => {
                let _ = kprobes.push(probe, GFP_KERNEL);
            }
            _ => (),
        }
        if let Some(Ok(probe)) = function.following.take() {
            let _ = returns.push(probe, GFP_KERNEL);
        }
    }
    by_ftrace.remove(&entries);
    unregister_all(kprobes);
    unregister_all_returns(returns);
}

/// Lets no call of some functions stay watched that is under way: its return will not be seen any more.
fn forget_calls(functions: &[Function], which: impl Fn(&Function) -> bool) {
    let following = || {
        let functions = functions.iter().filter(|function| which(function));
        functions.filter_map(|function| function.following.as_ref()?.as_ref().ok())
    };
    if following().next().is_none() {
        return;
    }
    for probe in following() {
        probe.handler().close();
    }
    // Handlers run with preemption off.
    synchronize_rcu();
    for probe in following() {
        probe.handler().forget();
    }
}
