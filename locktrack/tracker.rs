// SPDX-License-Identifier: GPL-2.0

//! What the handlers, the registry and the files share.

use held::Readers;
use kernel::{
    new_mutex, pr_warn_once,
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
    read_once,
    Deferred,
    Going,
    Here,
    ModuleHandler,
    Published,
    Run,
    Symbol, //
};
use peek::Table;
use rules::{
    Edition,
    When,
    EDITIONS, //
};
use since_v7_3::synchronize_rcu;

use crate::{
    counts::{
        Counts,
        HitCounts, //
    },
    exceptions::Exceptions,
    filesystems::Filesystems,
    plan::Plan,
    registry::Registry,
    returns::Returns,
    sleepers::Sleepers,
    tables::{
        FsId,
        Tables,
        FILESYSTEMS, //
    },
    text::{
        Text,
        Texts, //
    },
    violations::{
        Recorded,
        Violation,
        Violations, //
    },
};

/// The whole state.
///
/// Handlers use what is without a lock; the locks are taken in the order `registry`, `texts`, `readers`. None is held while
/// users can decide how long it takes.
#[pin_data]
pub(crate) struct Tracker {
    /// The index in [`EDITIONS`] of the rules that calls are compared with in the short way. Beyond them, all go the long
    /// way: they pass unchecked, a superblock is attached by itself, or nobody sees who sleeps.
    pub(crate) short: Atomic<usize>,
    /// Whether calls are checked.
    pub(crate) enabled: Atomic<bool>,
    pub(crate) hits: HitCounts,
    pub(crate) filesystems: Filesystems,
    pub(crate) tables: Tables,
    pub(crate) returns: Returns,
    pub(crate) sleepers: Sleepers,
    pub(crate) violations: Violations,
    /// Replaced only under the lock of `texts`.
    exceptions: Published<Exceptions>,
    pub(crate) plan: Plan,
    /// The index in [`EDITIONS`] of the rules that are checked.
    pub(crate) edition: Atomic<usize>,
    /// Tables that were seen when there was no room to note them, or none to know them.
    pub(crate) tables_lost: Atomic<u64>,
    #[pin]
    pub(crate) registry: Mutex<Registry>,
    #[pin]
    texts: Mutex<Texts>,
    /// Makes answers about shared holders exact.
    #[pin]
    pub(crate) readers: Mutex<Option<Readers>>,
    #[pin]
    deferred: Deferred<Tracker>,
}

/// The index of the newest edition.
const NEWEST: usize = EDITIONS.len().saturating_sub(1);

/// Sees modules go.
pub(crate) struct Modules(pub(crate) Arc<Tracker>);

impl ModuleHandler for Modules {
    fn going(&self, module: &Going) {
        // The names of callers in it are looked up before it has none any more.
        self.0.with_texts(|_| ());
        self.0.registry.lock().module_going(&self.0, module);
    }
}

impl Tracker {
    // What is put together here must not stay on the stack of those who attach at load.
    #[inline(never)]
    pub(crate) fn new() -> Result<Arc<Self>> {
        let plan = Plan::new()?;
        let hits = HitCounts::new()?;
        let violations = Violations::new()?;
        let returns = Returns::new()?;
        let sleepers = Sleepers::new()?;
        let tables = Tables::new()?;
        let texts = Texts::new()?;
        let registry = Registry::new()?;
        Arc::pin_init(
            pin_init!(Self {
                short: Atomic::new(NEWEST),
                enabled: Atomic::new(true),
                hits,
                filesystems: Filesystems::new(),
                tables,
                returns,
                sleepers,
                violations,
                exceptions: Published::default(),
                plan,
                edition: Atomic::new(NEWEST),
                tables_lost: Atomic::new(0),
                registry <- new_mutex!(registry, "locktrack::registry"),
                texts <- new_mutex!(texts, "locktrack::texts"),
                readers <- new_mutex!(None, "locktrack::readers"),
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
    pub(crate) fn stop(&self) {
        let rest = self.registry.lock().close();
        drop(rest);
        let readers = self.readers.lock().take();
        drop(readers);
        self.deferred.disarm();
    }

    /// Notes a table that a filesystem uses, unless it is known. Can be called in any context.
    #[inline]
    pub(crate) fn saw_table(&self, kind: Table, table: usize, fs: FsId) {
        if !self.tables.is_known(kind, table, fs) {
            self.note_table(kind, table, fs);
        }
    }

    #[cold]
    fn note_table(&self, kind: Table, table: usize, fs: FsId) {
        if self.tables.note(kind, table, fs) {
            self.deferred.raise();
        } else {
            self.tables_lost.add(1, Relaxed);
        }
    }

    /// Takes in the tables that were noted. `blamed` is asked about each for which that failed: if it returns [`false`],
    /// the table is lost. Sleeps.
    pub(crate) fn take_in(self: &Arc<Self>, mut blamed: impl FnMut(FsId, Error) -> bool) {
        self.registry.lock().take_in(self, |fs, error| {
            if !blamed(fs, error) {
                self.tables_lost.add(1, Relaxed);
                pr_warn_once!("a new table of callbacks could not be probed: {error:?}\n");
            }
        });
    }

    /// Keeps a violation. Can be called in a handler.
    #[cold]
    pub(crate) fn violated(&self, here: &Here<'_>, violation: &Violation<'_>) {
        let rule = violation.checked.rule;
        let exception = || {
            let list = self.exceptions.in_handler(here)?;
            // To look a name up takes its time.
            let name = list
                .has(rule)
                .then(|| Symbol::of_return(violation.caller))?;
            list.find(rule, name.text())
        };
        let (first, excepted) = match self.violations.record(here, violation, exception) {
            Recorded::New { excepted } => {
                // The names have to be looked up before the caller's module can go.
                self.deferred.raise();
                (true, excepted)
            }
            Recorded::Again { excepted } => (false, excepted),
            Recorded::Lost => (false, exception().is_some()),
        };
        let alarm = alarm::Violation {
            rule: rule.id,
            table: rule.table,
            op: rule.op,
            object: rule.object().unwrap_or("-"),
            lock: rule.subject_name(),
            requires: rule.requirement.name(),
            at_return: rule.when == When::Return,
            found: violation.found.name(),
            fs: self
                .filesystems
                .get(violation.fs)
                .map_or(c"?", |fs| &fs.shown),
            device: violation.s_dev,
            caller: violation.caller,
            excepted,
        };
        alarm.raise(first);
    }

    /// Returns how much memory handlers have to write to, in bytes, and how much that can become.
    pub(crate) fn memory(&self) -> (usize, usize) {
        let calls = self.returns.size() + self.sleepers.size();
        let fixed = HitCounts::size() + self.tables.size() + calls + self.violations.size();
        let of_fs = Counts::size(self.plan.counted());
        let all = self.filesystems.iter().count();
        (fixed + all * of_fs, fixed + FILESYSTEMS * of_fs)
    }

    /// Returns the name of a filesystem that is or was attached.
    pub(crate) fn fs_name(&self, fs: FsId) -> Option<&CStr> {
        Some(&*self.filesystems.get(fs)?.name)
    }

    /// Calls `f` with the texts of all records.
    pub(crate) fn with_texts<R>(&self, f: impl FnOnce(&Texts) -> R) -> R {
        let mut texts = self.texts.lock();
        texts.complete(&self.violations);
        f(&texts)
    }

    /// Calls `f` with the list of exceptions, if there is one. `f` may not sleep.
    pub(crate) fn with_exceptions<R>(&self, f: impl FnOnce(Option<&Exceptions>) -> R) -> R {
        f(self.exceptions.read(&rcu::read_lock()))
    }

    /// Replaces the list of exceptions, and looks at all records again. Sleeps.
    ///
    /// # Errors
    ///
    /// Those of [`Exceptions::parse`]. The list stays as it was.
    pub(crate) fn set_exceptions(&self, text: &str) -> Result {
        let list = KBox::new(Exceptions::parse(text)?, GFP_KERNEL)?;
        let mut texts = self.texts.lock();
        // From here on, every new record is judged by it; what came before is complete.
        self.exceptions.replace(Some(list));
        texts.complete(&self.violations);
        self.with_exceptions(|list| {
            for record in self.violations.records() {
                let find = |text: &Text| list?.find(record.rule, text.caller.to_str().ok()?);
                let found = match texts.get(&record) {
                    Some(text) => find(text),
                    // There was no memory for it.
                    None => list.and_then(|list| {
                        list.find(record.rule, Symbol::of_return(record.caller).text())
                    }),
                };
                self.violations.set_exception(&record, found);
            }
        });
        Ok(())
    }

    /// Forgets what was counted and found. Sleeps.
    pub(crate) fn reset(&self) {
        // Nobody turns it on meanwhile: that is done under this lock too.
        let _registry = self.registry.lock();
        let enabled = self.enabled.load(Relaxed);
        self.enabled.store(false, Relaxed);
        self.set_short();
        // Handlers run with preemption off.
        synchronize_rcu();
        let mut texts = self.texts.lock();
        self.hits.reset();
        for (_, fs) in self.filesystems.iter() {
            fs.counts.reset();
        }
        self.violations.reset();
        self.returns.reset();
        self.sleepers.reset();
        self.tables_lost.store(0, Relaxed);
        if let Some(readers) = &*self.readers.lock() {
            readers.reset();
        }
        texts.clear();
        self.enabled.store(enabled, Relaxed);
        self.set_short();
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
        let registry = self.registry.lock();
        self.edition.store(index, Relaxed);
        self.set_short();
        drop(registry);
        // Handlers run with preemption off.
        synchronize_rcu();
        Ok(())
    }

    /// Follows shared holders of locks, or stops that. Sleeps.
    ///
    /// # Errors
    ///
    /// Those of [`Readers::follow`].
    pub(crate) fn set_exact(&self, on: bool) -> Result {
        let mut readers = self.readers.lock();
        match (on, readers.is_some()) {
            (true, false) => *readers = Some(Readers::follow()?),
            (false, true) => *readers = None,
            _ => (),
        }
        Ok(())
    }

    /// Turns checking on or off.
    pub(crate) fn enable(&self, on: bool) {
        let _registry = self.registry.lock();
        self.enabled.store(on, Relaxed);
        self.set_short();
    }

    /// Sets [`Self::short`] by what it depends on, which changes only under the lock of `registry`, as here.
    pub(crate) fn set_short(&self) {
        let short =
            self.enabled.load(Relaxed) && !self.tables.any_sb() && self.sleepers.are_watched();
        let short = match short {
            true => self.edition.load(Relaxed),
            false => usize::MAX,
        };
        self.short.store(short, Relaxed);
    }

    /// Returns the index in [`EDITIONS`] of the rules that calls are compared with in the long way, if they are.
    #[inline]
    pub(crate) fn checked_edition(&self) -> Option<usize> {
        read_once(&self.enabled).then(|| read_once(&self.edition))
    }
}

impl Run for Tracker {
    fn run(self: Arc<Self>) {
        self.with_texts(|_| ());
        self.take_in(|_, _| false);
    }
}
