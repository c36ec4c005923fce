// SPDX-License-Identifier: GPL-2.0

//! What the handlers, the registry and the files share.

use held::Answer;
use kernel::{
    new_mutex,
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        rcu,
        Arc,
        Mutex, //
    },
};
use kprobes::{
    Deferred,
    Hit,
    Run, //
};
use rules::{
    Edition,
    EDITIONS, //
};

use crate::{
    counts::Counts,
    plan::{
        Checked,
        Plan, //
    },
    registry::Registry,
    returns::Returns,
    tables::{
        FsId,
        Tables, //
    },
    text::Texts,
    violations::{
        Violations,
        FRAMES, //
    },
};

/// The whole state.
///
/// Handlers use what is without a lock; the locks are taken in the order `registry`, `texts`.
#[pin_data]
pub(crate) struct Tracker {
    /// Whether calls are checked.
    pub(crate) enabled: Atomic<bool>,
    pub(crate) counts: Counts,
    pub(crate) tables: Tables,
    pub(crate) returns: Returns,
    pub(crate) violations: Violations,
    pub(crate) plan: Plan,
    /// The index in [`EDITIONS`] of the rules that are checked.
    pub(crate) edition: Atomic<usize>,
    /// Tables that were seen when there was no room to note them, or none to know them.
    pub(crate) tables_lost: Atomic<u64>,
    #[pin]
    pub(crate) registry: Mutex<Registry>,
    #[pin]
    texts: Mutex<Texts>,
    #[pin]
    deferred: Deferred<Tracker>,
}

impl Tracker {
    pub(crate) fn new() -> Result<Arc<Self>> {
        let plan = Plan::new()?;
        let counts = Counts::new(plan.rules())?;
        let violations = Violations::new(plan.rules())?;
        let texts = Texts::new()?;
        let returns = Returns::new()?;
        Arc::pin_init(
            pin_init!(Self {
                enabled: Atomic::new(true),
                counts,
                tables: Tables::new(),
                returns,
                violations,
                plan,
                edition: Atomic::new(EDITIONS.len().saturating_sub(1)),
                tables_lost: Atomic::new(0),
                registry <- new_mutex!(Registry::new(), "locktrack::registry"),
                texts <- new_mutex!(texts, "locktrack::texts"),
                deferred <- Deferred::new(),
            }),
            GFP_KERNEL,
        )
    }

    /// Lets handlers defer work.
    pub(crate) fn start(self: &Arc<Self>) {
        self.deferred.arm(self.clone());
    }

    /// Removes all probes, waits for all handlers and deferred work, and lets go of all filesystems.
    pub(crate) fn stop(self: &Arc<Self>) {
        let rest = self.registry.lock().close(self);
        drop(rest);
        self.deferred.disarm();
    }

    /// Has deferred work done soon. Can be called in any context.
    pub(crate) fn raise(&self) {
        self.deferred.raise();
    }

    /// Notes a table that a filesystem uses, unless it is known. Can be called in any context.
    pub(crate) fn saw_table(&self, table: usize, fs: FsId) {
        if self.tables.is_known(table, fs) {
            return;
        }
        if self.tables.note(table, fs) {
            self.deferred.raise();
        } else {
            self.tables_lost.add(1, Relaxed);
        }
    }

    /// Keeps a violation; its stack is the one of the hit, unless `stack` is another. Can be called in a handler.
    pub(crate) fn violated(
        &self,
        hit: &Hit<'_>,
        checked: &Checked,
        fs: FsId,
        found: Answer,
        s_dev: u32,
        stack: Option<&[usize; FRAMES]>,
    ) {
        if self
            .violations
            .record(hit, checked, fs, found, s_dev, stack)
        {
            // The names have to be looked up before the caller's module can go.
            self.deferred.raise();
        }
    }

    /// Calls `f` with the texts of all records.
    pub(crate) fn with_texts<R>(&self, f: impl FnOnce(&Texts) -> R) -> R {
        let mut texts = self.texts.lock();
        texts.complete(&self.violations);
        f(&texts)
    }

    /// Forgets what was counted and found. Sleeps.
    pub(crate) fn reset(&self) {
        // Nobody turns it on meanwhile: that is done under this lock too.
        let _registry = self.registry.lock();
        let enabled = self.enabled.load(Relaxed);
        self.enabled.store(false, Relaxed);
        // Handlers run with preemption off.
        rcu::synchronize_rcu();
        let mut texts = self.texts.lock();
        self.counts.reset();
        self.violations.reset();
        self.returns.reset();
        self.tables_lost.store(0, Relaxed);
        texts.clear();
        self.enabled.store(enabled, Relaxed);
    }

    /// Returns the edition whose rules are checked. There is one, or nothing could be attached.
    pub(crate) fn edition(&self) -> Option<&'static Edition> {
        EDITIONS.get(self.edition.load(Relaxed))
    }

    /// Checks the rules of another edition from now on: when this returns, no call is checked against the
    /// old ones any more. Sleeps.
    ///
    /// # Errors
    ///
    /// `EINVAL` if there is no edition of this name.
    pub(crate) fn set_edition(&self, name: &str) -> Result {
        let index = EDITIONS.iter().position(|edition| edition.name == name);
        let index = index.ok_or(EINVAL)?;
        self.edition.store(index, Relaxed);
        // Handlers run with preemption off.
        rcu::synchronize_rcu();
        Ok(())
    }

    /// Turns checking on or off.
    pub(crate) fn enable(&self, on: bool) {
        let _registry = self.registry.lock();
        self.enabled.store(on, Relaxed);
    }
}

impl Run for Tracker {
    fn run(self: Arc<Self>) {
        self.with_texts(|_| ());
        self.registry.lock().discovered(&self);
    }
}
