// SPDX-License-Identifier: GPL-2.0

//! How a callback was called, as the instruction in front of the return address tells.

use kprobes::{
    read_nofault,
    Symbol, //
};

/// How a caller came to a function.
#[derive(Clone, Copy)]
pub(crate) enum Via {
    /// By an address that was read from somewhere, as from a table of callbacks.
    Table,
    /// By its name.
    Direct,
    /// By the name of another function, which ended with a jump to it.
    Jump,
    /// The instruction cannot be read, or is none of these.
    Unknown,
}

/// How many bytes the longest call has.
const LONGEST: usize = 7;

impl Via {
    /// Returns how it is written in the files.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Direct => "direct",
            Self::Jump => "jump",
            Self::Unknown => "unknown",
        }
    }

    /// Looks at the call of `function` that returns to `caller`. Can be called in any context.
    pub(crate) fn of(caller: usize, function: usize) -> Self {
        let mut code = [0; LONGEST];
        for (back, byte) in (1..=LONGEST).rev().zip(&mut code) {
            match read_nofault(caller.wrapping_sub(back)) {
                Some(read) => *byte = read,
                None => return Self::Unknown,
            }
        }
        if let [_, _, 0xe8, distance @ ..] = code {
            let distance = i32::from_le_bytes(distance);
            let target = caller.wrapping_add_signed(distance as isize);
            if target == function {
                return Self::Direct;
            }
            if is_thunk(target) {
                return Self::Table;
            }
            // What is no beginning of a function was no call.
            if Symbol::of_return(target.wrapping_add(1))
                .text()
                .contains("+0x1/")
            {
                return Self::Jump;
            }
        }
        if ends_with_indirect_call(code) {
            Self::Table
        } else {
            Self::Unknown
        }
    }
}

/// Returns whether a function jumps to the address in a register, in place of an indirect call.
fn is_thunk(target: usize) -> bool {
    let byte = |index| read_nofault::<u8>(target.wrapping_add(index)).unwrap_or(0);
    let jump = |at| byte(at) == 0xff && matches!(byte(at + 1), 0xe0..=0xe7);
    let name = Symbol::of_function(target);
    // It has an alias with one more prefix.
    jump(0) || byte(0) == 0x41 && jump(1) || name.text().contains("__x86_indirect_")
}

/// Returns whether the last bytes can be a `call` with a register or a place in memory as its operand: `ff /2`.
fn ends_with_indirect_call(code: [u8; LONGEST]) -> bool {
    match code {
        // A register, or what it points to.
        [.., 0xff, 0xd0..=0xd7 | 0x10..=0x13 | 0x16 | 0x17] => true,
        // One byte more, or an index.
        [.., 0xff, 0x50..=0x53 | 0x55..=0x57 | 0x14, _] => true,
        [.., 0xff, 0x54, _, _] => true,
        // Four bytes more, or behind the instruction.
        [.., 0xff, 0x90..=0x93 | 0x95..=0x97 | 0x15, _, _, _, _] => true,
        [0xff, 0x94, ..] => true,
        _ => false,
    }
}
