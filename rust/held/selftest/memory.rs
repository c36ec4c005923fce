// SPDX-License-Identifier: GPL-2.0

//! Looks at memory: those that must fail do, and the short way to ask a lock says what the long one does.

use crate::{
    is_free,
    is_held,
    is_owner,
    Answer,
    Lock,
    Mode, //
};
use kprobes::{
    read_nofault,
    read_pointer,
    Hit, //
};

/// Where nothing can be read: null, what belongs to the user, an address that is none, a hole between what the kernel
/// maps, and the page of the vsyscalls.
const NOWHERE: [usize; 5] = [
    0,
    0x1000,
    1 << 63,
    0xffff_fe80_0000_0000,
    0xffff_ffff_ff60_0000,
];

/// Returns whether reads of all kinds fail where they have to, and do not where a variable is.
pub(super) fn reads_fail() -> bool {
    let here = 0x1122_3344_5566_7788u64;
    let at = (&raw const here) as usize;
    NOWHERE.iter().all(|&at| {
        read_nofault::<u8>(at).is_none()
            && read_nofault::<u16>(at).is_none()
            && read_nofault::<u32>(at).is_none()
            && read_nofault::<u64>(at).is_none()
            && read_nofault::<usize>(at).is_none()
            && read_pointer(at) == 0
            && !is_held(at, usize::MAX)
            && !is_free(at, usize::MAX)
    }) && read_nofault::<u8>(at) == Some(0x88)
        && read_nofault::<u16>(at) == Some(0x7788)
        && read_nofault::<u32>(at) == Some(0x5566_7788)
        && read_nofault::<u64>(at) == Some(here)
        && read_pointer(at) == here as usize
}

/// Returns whether the lock's words for its owner and for whether it is held, or what is looked at instead, say what the query does.
pub(super) fn words_are_right(lock: Lock, hit: &Hit<'_>) -> bool {
    let answer = lock.query();
    let owned = answer == Answer::Exact(Mode::Exclusive);
    let held = answer != Answer::Exact(Mode::NotHeld);
    lock.owner()
        .is_none_or(|(address, bits)| is_owner(address, bits) == owned)
        && lock.held_word().is_none_or(|(address, bits)| {
            is_held(address, bits) == held && is_free(address, bits) != held
        })
        && (!lock.is_softirq() || hit.in_softirq() == (answer == Answer::Someone(Mode::Shared)))
        && (!lock.is_nameless() || !held || answer == Answer::Someone(Mode::Exclusive))
}
