// SPDX-License-Identifier: GPL-2.0

//! The handler on a callback that is followed to its return.

use core::mem::MaybeUninit;

use kernel::sync::{
    atomic::{
        Atomic,
        Relaxed, //
    },
    Arc, //
};
use kprobes::{
    read_once,
    Hit,
    ReturnHandler, //
};

use super::{
    parts::Parts,
    witnesses::Unlocks, //
};
use crate::check::Callback;

/// The handler on one function that is followed.
pub(crate) struct Following {
    pub(super) callback: Callback,
    /// Whether it checks the entry, too: two probes would cost more.
    pub(crate) checks: bool,
    /// [`None`] if they could not be probed.
    pub(super) unlocks: Option<Arc<Unlocks>>,
    closed: Atomic<bool>,
}

impl Following {
    pub(crate) fn new(callback: Callback, checks: bool, unlocks: Option<Arc<Unlocks>>) -> Self {
        Self {
            callback,
            checks,
            unlocks,
            closed: Atomic::new(false),
        }
    }

    /// Follows no call any more that comes when this has returned and handlers that run by then are done.
    pub(crate) fn close(&self) {
        self.closed.store(true, Relaxed);
    }

    /// Ends the watches of calls that are under way, whose return will not be seen. It must be closed.
    pub(crate) fn forget(&self) {
        let returns = &self.callback.tracker.returns;
        returns.folios.forget(self.callback.roles.address);
    }
}

impl ReturnHandler for Following {
    type Data = Parts;

    fn entry<'a>(&self, hit: &Hit<'_>, call: &'a mut MaybeUninit<Parts>) -> Option<&'a mut Parts> {
        let Callback { tracker, roles } = &self.callback;
        if read_once(&self.closed) {
            return None;
        }
        // All rules of a call are those of one edition, also if it is switched meanwhile.
        let edition = tracker.checked_edition()?;
        let found = match self.checks {
            true => self.callback.check_any(hit, edition),
            false => roles.find_known(tracker, hit),
        };
        let mut parts = Parts::new(edition as u8);
        match found {
            Some(found) => self.add(hit, &mut parts, (found.op, found.callback), &found.subject),
            None => {
                for (op, callback) in roles.callbacks(&tracker.plan) {
                    if callback.followed(edition).is_empty() {
                        continue;
                    }
                    // It is one call, as whatever it is followed.
                    if let Some(subject) = roles.subject(tracker, hit, callback) {
                        self.add(hit, &mut parts, (op, callback), &subject);
                    }
                }
            }
        }
        (!parts.is_empty()).then(|| call.write(parts))
    }

    fn ret(&self, hit: &Hit<'_>, call: &Parts) {
        self.end(hit, call);
    }
}
