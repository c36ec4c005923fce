// SPDX-License-Identifier: GPL-2.0

//! What callbacks can count on, as types.

use std::fmt::Write as _;

use crate::solve;
use crate::spec::{Op, Requirement, Rule, Spec, Subject, Table, When};

/// Rules that are about one thing at one end of the callback.
struct Group<'a> {
    rules: Vec<&'a Rule>,
    /// The type that stands for what is promised in every call, if there is one.
    marker: Option<&'static str>,
}

/// Writes the module of a table.
pub(super) fn types(out: &mut String, spec: &Spec, table: &Table) {
    let modules: Vec<String> = (table.ops.iter())
        .filter(|op| !op.rules.is_empty())
        .map(module)
        .collect();
    if modules.is_empty() {
        return;
    }
    let _ = write!(
        out,
        "\n/// What the callbacks of `struct {0}` are promised in {1}.\npub mod {0} {{\n{2}}}\n",
        table.name,
        spec.edition,
        modules.join("\n")
    );
}

/// Returns the module of a callback: a type for each lock that every call comes with, and in
/// words what depends on the call.
fn module(op: &Op) -> String {
    let module = op.name.to_lowercase();
    let mut locks: Vec<Vec<&Rule>> = Vec::new();
    for rule in &op.rules {
        let same = |r: &Rule| (&r.subject, r.when) == (&rule.subject, rule.when);
        match locks.iter_mut().find(|lock| same(lock[0])) {
            Some(lock) => lock.push(rule),
            None => locks.push(vec![rule]),
        }
    }
    let (always, sometimes): (Vec<Group<'_>>, Vec<_>) = (locks.into_iter())
        .map(|rules| Group {
            marker: always(&rules),
            rules,
        })
        .partition(|group| group.marker.is_some());

    let mut out = format!("    /// `->{}()`.\n", op.name);
    if !sometimes.is_empty() {
        out += "    ///\n    /// Has no type, and is checked only when it runs:\n    ///\n";
        for rule in sometimes.iter().flat_map(|group| &group.rules) {
            out += &bullet("    ", rule);
        }
    }
    let named = op.rules.iter().filter_map(|rule| {
        let (name, marker) = (rule.name.as_ref()?, marker(rule.requirement)?);
        let Subject::Lock { object, lock, .. } = &rule.subject else {
            return None;
        };
        Some(format!(
            "        /// The `{name}` is `{object}` if `{}`: then its `{}` is {}.\n        ///\n        \
             /// {}.\n        pub type {} = crate::{marker};\n",
            rule.condition,
            lock.name,
            rule.requirement.word(),
            rule.source,
            camel(name),
        ))
    });
    let aliases: Vec<String> = (always.iter())
        .map(|group| alias(group, &always))
        .chain(named)
        .collect();
    out += &match aliases[..] {
        [] => format!("    pub mod {module} {{}}\n"),
        _ => format!("    pub mod {module} {{\n{}    }}\n", aliases.join("\n")),
    };
    out
}

/// Returns the type for a lock that every call comes with.
fn alias(group: &Group<'_>, all: &[Group<'_>]) -> String {
    const INDENT: &str = "        ";
    let marker = group.marker.unwrap_or_default();
    let subject = &group.rules[0].subject;
    let place = format!("`{subject}`");
    let mut out = match marker {
        "Exclusive" => format!("{INDENT}/// {place} is held exclusively.\n{INDENT}///\n"),
        "Shared" => format!("{INDENT}/// {place} is held, at least shared.\n{INDENT}///\n"),
        "Held" => format!("{INDENT}/// {place} is held.\n{INDENT}///\n"),
        _ => format!("{INDENT}/// Nothing is promised about {place}.\n{INDENT}///\n"),
    };
    match group.rules[..] {
        [only] if only.condition.is_empty() => out += &format!("{INDENT}/// {}.\n", only.source),
        _ => out.extend(group.rules.iter().map(|rule| bullet(INDENT, rule))),
    }
    let name = match subject {
        Subject::Lock { object, lock, .. } => {
            // An object may have several locks.
            let other = |subject: &Subject| matches!(subject, Subject::Lock { object: o, lock: l, .. } if o == object && l != lock);
            match all.iter().any(|g| other(&g.rules[0].subject)) {
                true => camel(object) + &camel(lock.name),
                false => camel(object),
            }
        }
        Subject::Global(lock) => camel(lock.name),
        Subject::Sleep => String::new(),
    };
    out + &format!("{INDENT}pub type {name} = crate::{marker};\n")
}

/// Returns a line of a list in a comment.
fn bullet(indent: &str, rule: &Rule) -> String {
    let when = match (&rule.condition[..], rule.when) {
        ("", When::Entry) => String::new(),
        ("", When::Return) => " on return".to_owned(),
        (condition, When::Entry) => format!(" if `{condition}`"),
        (condition, When::Return) => format!(" on return if `{condition}`"),
    };
    format!(
        "{indent}/// - `{}`: {}{when};\n{indent}///   {}.\n",
        rule.subject,
        rule.requirement.word(),
        rule.source
    )
}

/// Returns the type that stands for what is promised in every call.
fn always(rules: &[&Rule]) -> Option<&'static str> {
    let lock = rules.iter().all(|r| r.when == When::Entry) && rules[0].subject != Subject::Sleep;
    lock.then(|| solve::always(rules))
        .flatten()
        .and_then(marker)
}

/// Returns the type that stands for a promise, if there is one.
fn marker(requirement: Requirement) -> Option<&'static str> {
    match requirement {
        Requirement::Exclusive => Some("Exclusive"),
        Requirement::Shared => Some("Shared"),
        Requirement::Held => Some("Held"),
        Requirement::NotPromised => Some("NotPromised"),
        Requirement::NotHeld | Requirement::Allowed | Requirement::Forbidden => None,
    }
}

/// Makes `OldDir` of `old_dir`.
fn camel(name: &str) -> String {
    name.split('_')
        .filter_map(|word| {
            let mut chars = word.chars();
            let first = chars.next()?.to_ascii_uppercase();
            Some(first.to_string() + chars.as_str())
        })
        .collect()
}
