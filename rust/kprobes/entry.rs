// SPDX-License-Identifier: GPL-2.0

//! Probes at the entry of functions, in the way that costs least for each.

use kernel::{
    prelude::*,
    sync::Arc, //
};

use crate::{
    FtraceLocation,
    FtraceProbe,
    FtraceProbes,
    Handler,
    Probe,
    Target, //
};

/// A probe at the entry of a function.
pub enum EntryProbe<H: Handler> {
    /// With a handler that ftrace calls itself.
    Ftrace(Arc<FtraceProbe<H>>),
    /// A kprobe, for all other functions.
    Kprobe(Pin<KBox<Probe<H>>>),
}

impl<H: Handler> EntryProbe<H> {
    /// Makes one for a function that ftrace calls, which is hit once it is [added](FtraceProbes::add), or registers a
    /// kprobe. Sleeps.
    ///
    /// # Errors
    ///
    /// Those of [`Probe::new`], and `ENOMEM`.
    pub fn new(target: Target, handler: H) -> Result<Self> {
        match FtraceLocation::of(target.address()?) {
            Some(location) => FtraceProbe::new(location, handler).map(Self::Ftrace),
            None => Self::kprobe(target, handler),
        }
    }

    /// Registers a kprobe. Sleeps.
    ///
    /// # Errors
    ///
    /// Those of [`Probe::new`], and `ENOMEM`.
    pub fn kprobe(target: Target, handler: H) -> Result<Self> {
        KBox::pin_init(Probe::new(target, handler), GFP_KERNEL).map(Self::Kprobe)
    }

    /// Returns whether the probe goes through ftrace rather than through a breakpoint.
    pub fn is_ftrace(&self) -> bool {
        match self {
            Self::Ftrace(_) => true,
            Self::Kprobe(probe) => probe.is_ftrace(),
        }
    }

    /// Returns how many hits were lost, for the most part because they came inside another handler.
    pub fn nmissed(&self) -> u64 {
        match self {
            Self::Ftrace(probe) => probe.nmissed(),
            Self::Kprobe(probe) => probe.nmissed(),
        }
    }
}

/// Probes that stay together from the beginning to the end.
pub struct EntryProbes<H: Handler> {
    probes: KVec<Result<EntryProbe<H>>>,
    // Its drop ends those of them that ftrace calls.
    _by_ftrace: Pin<KBox<FtraceProbes<H>>>,
}

impl<H: Handler> EntryProbes<H> {
    /// Probes functions. Sleeps. A refusal is kept in place of the probe.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, and those of [`FtraceProbes::add`].
    pub fn new(functions: impl Iterator<Item = (Target, H)>) -> Result<Self> {
        let mut probes = KVec::new();
        let mut added = KVec::new();
        for (target, handler) in functions {
            let probe = EntryProbe::new(target, handler);
            if let Ok(EntryProbe::Ftrace(probe)) = &probe {
                added.push(probe.clone(), GFP_KERNEL)?;
            }
            probes.push(probe, GFP_KERNEL)?;
        }
        let by_ftrace = KBox::pin_init(FtraceProbes::new(), GFP_KERNEL)?;
        by_ftrace.add(&added)?;
        Ok(Self {
            probes,
            _by_ftrace: by_ftrace,
        })
    }

    /// Returns the probes in the order of the functions.
    pub fn iter(&self) -> impl Iterator<Item = &Result<EntryProbe<H>>> {
        self.probes.iter()
    }

    /// Returns how many hits of them were lost.
    pub fn nmissed(&self) -> u64 {
        let probes = self.probes.iter().flatten();
        probes.map(EntryProbe::nmissed).sum()
    }
}
