// SPDX-License-Identifier: GPL-2.0

//! Probes that see what happens in a call.

use kernel::{
    prelude::*,
    sync::Arc, //
};
use kprobes::{
    EntryProbes,
    Handler,
    Hit,
    SwitchProbe,
    Target, //
};

use crate::{
    sleepers::Switches,
    tracker::Tracker, //
};

/// What sees calls unlock a folio, and sleep.
pub(crate) struct Witnesses {
    unlocks: Result<Arc<Unlocks>>,
    switches: Result<SwitchProbe<Switches>>,
}

impl Witnesses {
    /// Registers them. A refusal is kept to be shown. Sleeps.
    pub(crate) fn new(tracker: &Arc<Tracker>) -> Self {
        let switches = SwitchProbe::new(Switches {
            tracker: tracker.clone(),
        });
        tracker.sleepers.set_watched(switches.is_ok());
        Self {
            unlocks: Unlocks::new(tracker)
                .and_then(|unlocks| Arc::new(unlocks, GFP_KERNEL).map_err(Error::from)),
            switches,
        }
    }

    /// Returns the probes on what unlocks a folio, unless they were refused.
    pub(crate) fn unlocks(&self) -> Option<Arc<Unlocks>> {
        self.unlocks.as_ref().ok().cloned()
    }

    /// Returns the names of what could not be probed, with the reasons.
    pub(crate) fn refused(&self) -> impl Iterator<Item = (&'static CStr, Error)> + '_ {
        let unlocks = self.unlocks.as_ref().err();
        let switches = self.switches.as_ref().err();
        let unlocks = unlocks.map(|&error| (c"folio_unlock", error));
        let switches = switches.map(|&error| (c"sched_switch", error));
        [unlocks, switches].into_iter().flatten()
    }
}

/// The handler on functions that unlock a folio.
struct Unlock {
    tracker: Arc<Tracker>,
}

impl Handler for Unlock {
    fn entry(&self, hit: &Hit<'_>) {
        self.tracker.returns.folios.saw(hit.argument(0));
    }
}

/// The probes on the functions that unlock a folio.
pub(crate) struct Unlocks(EntryProbes<Unlock>);

impl Unlocks {
    /// All ways to unlock a folio that a callback has. Each gets the folio as its first argument.
    const FUNCTIONS: [&'static CStr; 2] = [c"folio_unlock", c"folio_end_read"];

    /// Registers the probes. Sleeps.
    ///
    /// # Errors
    ///
    /// Those of [`EntryProbes::new`], and that of one of the probes: the others alone would be worth nothing.
    pub(super) fn new(tracker: &Arc<Tracker>) -> Result<Self> {
        let probes = EntryProbes::new(Self::FUNCTIONS.into_iter().map(|symbol| {
            let unlock = Unlock {
                tracker: tracker.clone(),
            };
            (Target::Symbol(symbol), unlock)
        }))?;
        let refused = probes.iter().find_map(|probe| probe.as_ref().err());
        match refused {
            Some(&error) => Err(error),
            None => Ok(Self(probes)),
        }
    }

    /// Returns how many unlocks were not seen.
    pub(super) fn missed(&self) -> u64 {
        self.0.nmissed()
    }
}
