// SPDX-License-Identifier: GPL-2.0

//! The callbacks of the kernel, and what compares them with its bindings.

use std::fmt::Write as _;

use super::Slots;
use crate::rust::{self, Value};
use crate::spec::{Callbacks, Config, Slot, SlotId, Struct};

/// Writes what compares the structs with the kernel's: the compiler does it, and names what
/// differs. Returns the rows of the table of slots.
pub(super) fn slots(out: &mut String, callbacks: &Callbacks) -> Slots {
    let mut slots = Slots {
        rows: Vec::new(),
        ids: Vec::new(),
    };
    for (table, s) in callbacks.structs.iter().enumerate() {
        compare(out, s);
        for (slot, written) in s.slots.iter().enumerate() {
            let of = format!("bindings::{}", s.name);
            let place = vec![Value::plain(of), Value::plain(&written.name)];
            let place = Value::Call("Some", vec![Value::Call("offset_of!", place)]);
            let offset = match &written.config {
                None => place,
                Some(config) => {
                    let name = format!("{}_{}", s.name, written.name).to_uppercase();
                    optional(out, &name, config, &place);
                    Value::plain(name)
                }
            };
            slots.ids.push(SlotId { table, slot });
            slots.rows.push(Value::Struct(
                "Slot",
                vec![
                    ("table", Value::string(&s.name)),
                    ("op", Value::string(&written.name)),
                    ("arguments", Value::plain(written.arguments.len())),
                    ("offset", offset),
                ],
            ));
        }
    }
    slots
}

/// Writes where a slot is that not every kernel has.
fn optional(out: &mut String, name: &str, config: &Config, place: &Value) {
    let (with, without) = (attribute(config, true), attribute(config, false));
    let declared = format!("const {name}: Option<usize> =");
    let (gap, place) = match place.print(0, declared.len() + 1) {
        flat if !flat.contains('\n') => (" ", flat),
        _ => ("\n    ", place.print(4, 4)),
    };
    let _ = write!(
        out,
        "\n{with}\n{declared}{gap}{place};\n{without}\n{declared} None;\n"
    );
}

/// Returns the attribute of what is there if the kernel is configured so, or if it is not.
fn attribute(config: &Config, so: bool) -> String {
    match config.set == so {
        true => format!("#[cfg({})]", config.option),
        false => format!("#[cfg(not({}))]", config.option),
    }
}

/// Writes what compares the number of arguments of a slot.
fn takes(out: &mut String, slot: &Slot, arguments: usize) {
    let arguments = vec!["_"; arguments].join(", ");
    let _ = writeln!(
        out,
        "    let _: &Option<unsafe extern \"C\" fn({arguments}) -> _> = {};",
        slot.name
    );
}

/// Writes what compares a struct with the kernel's.
fn compare(out: &mut String, s: &Struct) {
    // rustfmt cannot indent an attribute before `name: _`.
    let fields = (s.fields.iter()).map(|f| match f.config {
        Some(_) => (f.name.clone(), &f.config),
        None => (format!("{}: _", f.name), &f.config),
    });
    let slots = (s.slots.iter()).map(|slot| (slot.name.clone(), &slot.config));
    let all: Vec<(String, &Option<Config>)> = fields.chain(slots).collect();
    let names: Vec<&str> = all.iter().map(|(name, _)| name.as_str()).collect();
    let flat = names.join(", ");
    let always = all.iter().all(|(_, config)| config.is_none());
    let pattern = if flat.is_empty() {
        "{}".to_owned()
    } else if flat.len() <= rust::STRUCT && always {
        format!("{{ {flat} }}")
    } else {
        let mut lines = String::from("{\n");
        for (name, config) in &all {
            if let Some(config) = config {
                let _ = writeln!(lines, "        {}", attribute(config, true));
            }
            let _ = writeln!(lines, "        {name},");
        }
        lines + "    }"
    };
    let _ = write!(
        out,
        "\n// Is an error where this kernel's struct has other fields, or a slot takes another number\n\
         // of arguments, than rules/callbacks.toml says.\n\
         const _: fn(&bindings::{0}) = |slots| {{\n    \
         let bindings::{0} {pattern} = slots;\n",
        s.name,
    );
    for field in &s.fields {
        if let Some(config) = &field.config {
            let there = attribute(config, true);
            let _ = writeln!(out, "    {there}\n    let _ = {};", field.name);
        }
    }
    for slot in &s.slots {
        if let Some(config) = &slot.config {
            let _ = writeln!(out, "    {}", attribute(config, true));
        }
        if let Some(earlier) = &slot.earlier {
            let _ = writeln!(out, "    {}", attribute(&earlier.config, true));
            takes(out, slot, earlier.arguments);
            let _ = writeln!(out, "    {}", attribute(&earlier.config, false));
        }
        takes(out, slot, slot.arguments.len());
    }
    out.push_str("};\n");
}
