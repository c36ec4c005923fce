// SPDX-License-Identifier: GPL-2.0

//! How a function goes on in another one.
//!
//! A call that is the last thing that a function does can be a jump. Then the stack has no frame of that function any
//! more: it looks as if its caller had called the other one.

use core::ops::Range;

use kprobes::{
    read_nofault,
    Symbol, //
};

/// How much code of a function is looked at.
const LONGEST: usize = 1 << 14;

/// Instructions begin so far behind the symbol of a function, at which a jump to it may spare the first ones.
const PROLOGUE: usize = 16;

/// Returns whether a call of `function` has come to `address`, if the stack has that where its frame was: in its own code, in the
/// part of it that the compiler put elsewhere, or in a function that it jumps to. [`None`] if that cannot be told, as its
/// code has a jump of which that is not known.
///
/// Can be called in any context, but takes a fair piece of stack.
#[inline(never)]
pub(crate) fn came_to(function: usize, address: usize) -> Option<bool> {
    let own = Symbol::of_return(function.wrapping_add(1));
    // The call can be the last instruction.
    let other = Symbol::of_return(address);
    let own_code = code_of(&own, function.wrapping_add(1))?;
    let other_code = code_of(&other, address)?;
    let is_cold = || {
        let rest = name_of(&other).strip_prefix(name_of(&own));
        rest.is_some_and(|rest| rest.starts_with(".cold"))
    };
    if own_code.start == other_code.start || is_cold() {
        return Some(true);
    }
    let mut others = false;
    for at in own_code.clone().take(LONGEST) {
        match jump_at(at) {
            Some(Jump::To(target)) if own_code.contains(&target) => (),
            Some(Jump::To(target)) if target.wrapping_sub(other_code.start) < PROLOGUE => {
                return Some(true);
            }
            // Where the CPU wants it, that is how a function returns.
            Some(Jump::To(target)) => others |= !is_return(target),
            Some(Jump::Anywhere) => others = true,
            None => (),
        }
    }
    (!others).then_some(false)
}

enum Jump {
    To(usize),
    Anywhere,
}

/// Returns the jump at an address, or what looks like one in the middle of something else.
fn jump_at(at: usize) -> Option<Jump> {
    let byte = |index| read_nofault::<u8>(at.wrapping_add(index));
    let to = |behind| {
        let offset = read_nofault::<u32>(at.wrapping_add(behind))? as i32;
        let next = at.wrapping_add(behind).wrapping_add(size_of::<i32>());
        Some(Jump::To(next.wrapping_add_signed(offset as isize)))
    };
    match byte(0)? {
        // `jmp rel32`
        0xe9 => to(1),
        // `jcc rel32`
        0x0f if byte(1)? & 0xf0 == 0x80 => to(2),
        // `jmp r/m64`
        0xff if byte(1)? & 0x38 == 0x20 => Some(Jump::Anywhere),
        _ => None,
    }
}

/// Returns whether this is the kernel's code to return by.
#[inline(never)]
fn is_return(address: usize) -> bool {
    Symbol::of_function(address).text().contains("return_thunk")
}

/// The name of a symbol, without what follows.
fn name_of(symbol: &Symbol) -> &str {
    let text = symbol.text();
    let end = text.find('+').unwrap_or(text.len());
    text.get(..end).unwrap_or(text)
}

/// Returns the code of the symbol that a return address was looked up as, which has its offset and size in it.
fn code_of(symbol: &Symbol, address: usize) -> Option<Range<usize>> {
    let (_, place) = symbol.text().split_once("+0x")?;
    let (offset, size) = place.split_once("/0x")?;
    let size = size.split(' ').next()?;
    let start = address.wrapping_sub(usize::from_str_radix(offset, 16).ok()?);
    Some(start..start.wrapping_add(usize::from_str_radix(size, 16).ok()?))
}
