// SPDX-License-Identifier: GPL-2.0

//! locktrack checks the locks that a filesystem's callbacks are promised.
//!
//! ```sh
//! modprobe locktrack
//! cd /sys/kernel/debug/locktrack
//! echo ext4 > attach    # A probe on every callback of every ext4.
//! cat coverage          # Which rules were looked at how often.
//! cat violations        # Which were broken, by whom.
//! echo -ext4 > attach
//! ```
//!
//! A call of a callback goes this way: its probe hits ([`check`]); the callback is found again in the object's own
//! table; each rule of the active edition that can be checked ([`plan`]) and whose conditions hold is compared with the
//! answer of the `held` crate; the answer is counted ([`counts`]), and a broken rule is kept ([`violations`]). Beside
//! that, [`discover`] sees new inodes, and [`registry`] keeps the probes. [`files`] shows it all.

use held::selftest::{
    self,
    Failure, //
};
use kernel::{
    prelude::*,
    sync::Arc, //
};
use kprobes::ModuleNotifier;

mod attach;
mod check;
mod code;
mod conditions;
mod counts;
mod discover;
mod exceptions;
mod files;
mod filesystems;
mod functions;
mod places;
mod plan;
mod registry;
mod returns;
mod sleepers;
mod subject;
mod tables;
mod text;
mod tracker;
mod usual;
mod via;
mod violations;

use tracker::{
    Modules,
    Tracker, //
};

module! {
    type: Locktrack,
    name: "locktrack",
    authors: ["The samplefs and locktrack authors"],
    description: "Checks the locks that filesystem callbacks are promised",
    license: "GPL",
}

/// The module.
struct Locktrack {
    _modules: Pin<KBox<ModuleNotifier<Modules>>>,
    _files: debugfs::Dir<Tracker>,
    tracker: Arc<Tracker>,
}

impl kernel::Module for Locktrack {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        prove()?;
        let tracker = Tracker::new()?;
        let modules = ModuleNotifier::new(Modules(tracker.clone()));
        let modules = KBox::pin_init(modules, GFP_KERNEL)?;
        tracker.start();
        let files = files::at_load(&tracker, alarm::exact_at_load())
            .and_then(|()| files::create(&tracker))
            .inspect_err(|_| tracker.stop())?;
        Ok(Self {
            _modules: modules,
            _files: files,
            tracker,
        })
    }
}

impl Drop for Locktrack {
    fn drop(&mut self) {
        // The files have an owner: none is open by now, and so nobody attaches meanwhile.
        self.tracker.stop();
    }
}

/// Proves that what the handlers will rest on can be trusted here.
fn prove() -> Result {
    match selftest::run(alarm::selftest_wrong_query()) {
        Ok(()) => return Ok(()),
        Err(Failure::Wrong {
            path,
            lock,
            expected,
            answer,
        }) => pr_err!(
            "self-test failed, {path}: {lock} is {}, but the query says {}. Its verdicts would be worth nothing, so this does not load\n",
            expected.name(),
            answer.name()
        ),
        Err(Failure::NotReached { path }) => pr_err!(
            "self-test failed: it could not reach its probe by way of {path}. What cannot be tried cannot be trusted, so this does not load\n"
        ),
        Err(Failure::Caller { path }) => pr_err!(
            "self-test failed, {path}: it shows another caller than the entry of the same call. It would blame the wrong one, so this does not load\n"
        ),
        Err(Failure::Memory { path }) => pr_err!(
            "self-test failed, {path}: what it reads of memory is not what is there. Its verdicts would be worth nothing, so this does not load\n"
        ),
        Err(Failure::Sleep) => pr_err!(
            "self-test failed: what it sees of a task that sleeps is not what the task did. Its verdicts would be worth nothing, so this does not load\n"
        ),
        Err(Failure::Error(error)) => {
            pr_err!("the self-test could not run: {error:?}. Are kprobes and ftrace (kernel.ftrace_enabled) there and not turned off?\n");
            return Err(error);
        }
    }
    Err(selftest::REFUSED)
}
