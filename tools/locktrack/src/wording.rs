// SPDX-License-Identifier: GPL-2.0

//! What is said of a broken rule, and of numbers.

use locktrack_files::{Rule, Violation};

/// Says how a call broke a rule: what comes after the name of the callback. The kernel's own warnings say it in the same
/// words (`rust/alarm`).
pub fn violation(v: &Violation) -> String {
    breach(&v.rule, &v.when, Some(&v.found))
}

/// Says how a rule can be broken, whatever was found.
pub fn any_violation(v: &Violation) -> String {
    breach(&v.rule, &v.when, None)
}

fn breach(rule: &Rule, when: &str, found: Option<&str>) -> String {
    let verb = match when {
        "return" => "returns",
        _ => "is called",
    };
    let must = match &rule.requires[..] {
        "allowed" => return "is called where it may not sleep".to_owned(),
        "forbidden" => return "slept, and must not".to_owned(),
        "exclusive" => "must be held exclusively",
        "not held" => "must not be held",
        // What is held in any way is at least shared.
        _ => "must be held",
    };
    let subject = rule.subject();
    match (found, &rule.requires[..]) {
        (Some("not-held"), _) | (None, "held" | "shared") => {
            format!("{verb} without {subject}, which {must}")
        }
        (Some(found), _) => format!("{verb} with {subject} held ({found}), which {must}"),
        (None, "not held") => format!("{verb} with {subject}, which {must}"),
        (None, _) => format!("{verb} without {subject} held exclusively"),
    }
}

/// Writes a number of things: `1 rule`, `2 rules`.
pub fn counted(count: u64, thing: &str) -> String {
    match count {
        1 => format!("1 {thing}"),
        _ => format!("{count} {thing}s"),
    }
}

/// Says how many violations are known exceptions.
pub fn by_exceptions(count: u64) -> String {
    match count {
        1 => "1 by a known exception".to_owned(),
        _ => format!("{count} by known exceptions"),
    }
}
