// SPDX-License-Identifier: GPL-2.0

//! Probes at the entry of many functions, all under one `ftrace_ops`.
//!
//! C header: [`include/linux/ftrace.h`](srctree/include/linux/ftrace.h)

use core::ptr::NonNull;
use extra_bindings as bindings;
use kernel::{
    container_of,
    error::to_result,
    prelude::*,
    static_lock_class,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        rcu,
        Arc,
        Mutex, //
    },
    types::Opaque, //
};
use since_v7_3::synchronize_rcu;

use crate::{
    Handler,
    Hit,
    Published, //
};

/// A function that begins with a call to ftrace, and what to do when it is entered.
pub struct FtraceProbe<H: Handler> {
    /// Where it calls ftrace.
    ip: usize,
    missed: Atomic<u64>,
    handler: H,
}

impl<H: Handler> FtraceProbe<H> {
    /// Makes a probe that is hit once it is [added](FtraceProbes::add).
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub fn new(at: FtraceLocation, handler: H) -> Result<Arc<Self>> {
        let probe = Self {
            ip: at.0,
            missed: Atomic::new(0),
            handler,
        };
        Ok(Arc::new(probe, GFP_KERNEL)?)
    }

    /// Returns the handler.
    pub fn handler(&self) -> &H {
        &self.handler
    }

    /// Returns how many hits were lost because they came inside another handler.
    pub fn nmissed(&self) -> u64 {
        self.missed.load(Relaxed)
    }
}

/// Where a function calls ftrace as the first thing that it does.
#[derive(Clone, Copy)]
pub struct FtraceLocation(usize);

impl FtraceLocation {
    /// Returns that of the function at this address, or [`None`] if it does not call ftrace. Sleeps.
    pub fn of(function: usize) -> Option<Self> {
        // SAFETY: Any number can be asked about.
        let ip = unsafe { bindings::kprobe_ftrace_location(function as c_ulong) };
        (ip != 0).then_some(Self(ip as usize))
    }
}

/// Probes by where they are: a hash table with open addresses, at most half full, so that
/// each search ends.
struct Places<H: Handler>(KVVec<Option<Arc<FtraceProbe<H>>>>);

impl<H: Handler> Places<H> {
    fn new<'a>(probes: impl ExactSizeIterator<Item = &'a Arc<FtraceProbe<H>>>) -> Result<Self>
    where
        H: 'a,
    {
        let size = (2 * probes.len()).next_power_of_two();
        let mut places = KVVec::with_capacity(size, GFP_KERNEL)?;
        for _ in 0..size {
            places.push(None, GFP_KERNEL)?;
        }
        let mut places = Self(places);
        for probe in probes {
            let first = places.first(probe.ip);
            let mut all = (0..size).map(|step| first.wrapping_add(step) & (size - 1));
            let free = all.find(|&at| matches!(places.0.get(at), Some(None)));
            if let Some(place) = free.and_then(|at| places.0.get_mut(at)) {
                *place = Some(probe.clone());
            }
        }
        Ok(places)
    }

    /// The first place where a probe can be. The next one is behind it, or the first of all.
    #[inline(always)]
    fn first(&self, ip: usize) -> usize {
        // Functions begin at multiples of 16, most of the time.
        (ip >> 4).wrapping_mul(0x9e37_79b9) >> 8
    }

    #[inline(always)]
    fn find(&self, ip: usize) -> Option<&FtraceProbe<H>> {
        let mask = self.0.len().wrapping_sub(1);
        let mut at = self.first(ip);
        // There always is a free place.
        loop {
            let probe = self.0.get(at & mask)?.as_deref()?;
            if probe.ip == ip {
                return Some(probe);
            }
            at = at.wrapping_add(1);
        }
    }
}

fn ips_of<H: Handler>(probes: &[Arc<FtraceProbe<H>>]) -> Result<KVec<c_ulong>> {
    let mut ips = KVec::with_capacity(probes.len(), GFP_KERNEL)?;
    for probe in probes {
        ips.push(probe.ip as c_ulong, GFP_KERNEL)?;
    }
    Ok(ips)
}

/// All kinds of handlers share one lock class, whose name has to be one for lockdep. A literal would be one for each crate.
static LOCK_NAME: &CStr = c"FtraceProbes::active";

/// The probes that have one kind of handler.
///
/// Adding many at once takes about as long as adding one: the kernel looks at all functions that it has for each change.
///
/// # Invariants
///
/// If `active` has any, `raw` is registered with these in its filter, and `places` has them. Else it is not registered.
#[pin_data(PinnedDrop)]
pub struct FtraceProbes<H: Handler> {
    places: Published<Places<H>>,
    #[pin]
    active: Mutex<KVec<Arc<FtraceProbe<H>>>>,
    #[pin]
    raw: Opaque<bindings::kprobe_ftrace>,
}

// SAFETY: A registered `ftrace_ops` belongs to no thread, and the handlers may go to another one.
unsafe impl<H: Handler> Send for FtraceProbes<H> {}
// SAFETY: C allows any thread to change filters; the rest is `Sync`.
unsafe impl<H: Handler> Sync for FtraceProbes<H> {}

impl<H: Handler> FtraceProbes<H> {
    /// Makes a set without a probe.
    pub fn new() -> impl PinInit<Self> {
        // INVARIANT: There is none.
        pin_init!(Self {
            places: Published::new(),
            active <- Mutex::new(KVec::new(), LOCK_NAME, static_lock_class!()),
            raw <- Opaque::ffi_init(|slot: *mut bindings::kprobe_ftrace| {
                // SAFETY: The slot is valid for writes, and pinned.
                unsafe { bindings::kprobe_ftrace_init(slot, Some(Self::hit)) }
            }),
        })
    }

    /// Lets probes be hit from now on, all or none. No function may have two. Sleeps.
    ///
    /// # Errors
    ///
    /// `EBUSY` if `kernel.ftrace_enabled` is 0 on a kernel that goes by it, `ENODEV` if ftrace had to give up, `EINVAL` if a function is gone, and
    /// `ENOMEM`.
    pub fn add(&self, probes: &[Arc<FtraceProbe<H>>]) -> Result {
        if probes.is_empty() {
            return Ok(());
        }
        let mut active = self.active.lock();
        let first = active.is_empty();
        let before = active.len();
        for probe in probes {
            active
                .push(probe.clone(), GFP_KERNEL)
                .inspect_err(|_| active.truncate(before))?;
        }
        // A hit finds its handler from the beginning.
        let added = self.publish(&active).and_then(|()| {
            self.filter(&mut ips_of(probes)?, false)?;
            if first {
                // SAFETY: It was initialised, its filter is not empty, and it is not registered yet.
                let result = unsafe { bindings::kprobe_ftrace_register(self.raw.get()) };
                return to_result(result).inspect_err(|_| self.free_filter());
            }
            Ok(())
        });
        // Without memory for new places the old ones stay. They have some that cannot be hit any more.
        added.inspect_err(|_| {
            active.truncate(before);
            let _ = self.publish(&active);
        })
    }

    /// Lets probes not be hit any more. When it returns, no handler of them runs. Sleeps.
    pub fn remove(&self, probes: &[Arc<FtraceProbe<H>>]) {
        let mut active = self.active.lock();
        let goes = |active: &Arc<FtraceProbe<H>>| probes.iter().any(|probe| probe.ip == active.ip);
        let before = active.len();
        active.retain(|probe| !goes(probe));
        if active.len() == before {
            return;
        }
        if active.is_empty() {
            // INVARIANT: There is none any more.
            self.unregister();
        } else if !ips_of(probes).is_ok_and(|mut ips| self.filter(&mut ips, true).is_ok()) {
            // There is no memory, or one of them is gone and is not to keep the others. What stays in the filter
            // for want of memory has no handler.
            for probe in probes {
                let _ = self.filter(&mut [probe.ip as c_ulong], true);
            }
        }
        if self.publish(&active).is_err() {
            // Without memory for new places the old ones stay: it makes no difference, as what is not in the filter is
            // not hit. To publish new ones would have waited.
            synchronize_rcu();
        }
    }

    /// Replaces the places by those of `active`.
    fn publish(&self, active: &KVec<Arc<FtraceProbe<H>>>) -> Result {
        let places = match active.is_empty() {
            true => None,
            false => Some(KBox::new(Places::new(active.iter())?, GFP_KERNEL)?),
        };
        self.places.replace(places);
        Ok(())
    }

    fn filter(&self, ips: &mut [c_ulong], remove: bool) -> Result {
        let count = c_uint::try_from(ips.len())?;
        // SAFETY: `raw` was initialised, and `ips` has `count` addresses, which C copies.
        to_result(unsafe {
            bindings::kprobe_ftrace_filter(self.raw.get(), ips.as_mut_ptr(), count, remove)
        })
    }

    /// Unregisters, and waits for all who are on the way to a handler or back.
    fn unregister(&self) {
        // SAFETY: By the type invariant it is registered.
        let result = unsafe { bindings::kprobe_ftrace_unregister(self.raw.get()) };
        if let Err(error) = to_result(result) {
            // It happens only after the kernel found ftrace broken, which it warned of.
            pr_err!("ftrace keeps its probes: {error:?}\n");
        }
        self.free_filter();
    }

    fn free_filter(&self) {
        // SAFETY: `raw` was initialised and is not registered.
        unsafe { bindings::kprobe_ftrace_free(self.raw.get()) };
    }

    #[cold]
    fn miss(places: &Published<Places<H>>, ip: usize) {
        let guard = rcu::read_lock();
        if let Some(probe) = places.read(&guard).and_then(|places| places.find(ip)) {
            probe.missed.add(1, Relaxed);
        }
    }

    /// # Safety
    ///
    /// Only for C, which calls it with the `raw` of a registered `Self` and with the registers of the hit or
    /// none, and with preemption off.
    unsafe extern "C" fn hit(
        raw: *mut bindings::kprobe_ftrace,
        ip: c_ulong,
        regs: *mut bindings::pt_regs,
    ) {
        // SAFETY: By the safety requirements it is the field of a `Self`.
        let probes = unsafe { container_of!(Opaque::cast_from(raw), Self, raw) };
        // SAFETY: `probes` is alive until it is unregistered, and C shares it. `places` was initialised before that.
        let places = unsafe { &(*probes).places };
        let Some(regs) = NonNull::new(regs) else {
            return Self::miss(places, ip);
        };
        // SAFETY: The trampoline of ftrace gives registers that are valid until this returns.
        let hit = unsafe { Hit::from_ftrace(regs) };
        // What is being removed has none.
        if let Some(probe) = places.in_handler(&hit).and_then(|places| places.find(ip)) {
            probe.handler.entry(&hit);
        }
    }
}

#[pinned_drop]
impl<H: Handler> PinnedDrop for FtraceProbes<H> {
    fn drop(self: Pin<&mut Self>) {
        if !self.active.lock().is_empty() {
            self.unregister();
        }
    }
}
