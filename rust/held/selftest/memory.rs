// SPDX-License-Identifier: GPL-2.0

//! Looks at memory: those that must fail do, and the short way to ask a lock says what the long one does.

use crate::{
    Answer,
    Lock,
    Mode,
    State, //
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

const STATES: [State; 3] = [State::Owned, State::NotHeld, State::Taken];

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
            && !is_somehow(at)
    }) && read_nofault::<u8>(at) == Some(0x88)
        && read_nofault::<u16>(at) == Some(0x7788)
        && read_nofault::<u32>(at) == Some(0x5566_7788)
        && read_nofault::<u64>(at) == Some(here)
        && read_pointer(at) == here as usize
}

/// Returns whether a lock where nothing can be read is found in any state.
fn is_somehow(at: usize) -> bool {
    let locks = [
        Lock::RwSemaphore(at),
        Lock::Mutex(at),
        Lock::Spinlock(at),
        Lock::Folio(at),
    ];
    let in_state = |lock: Lock, state| lock.word(state).is_some_and(|(_, word)| word.is_at(at));
    locks
        .iter()
        .any(|lock| STATES.iter().any(|&state| in_state(*lock, state)))
}

/// Returns whether the lock's words, or what is looked at instead, say what the query does.
pub(super) fn words_are_right(lock: Lock, hit: &Hit<'_>) -> bool {
    let answer = lock.query();
    STATES.iter().all(|&state| {
        lock.word(state)
            .is_none_or(|(address, word)| word.is_at(address) == (answer == state.answer()))
    }) && (!lock.is_softirq() || hit.in_softirq() == (answer == Answer::Someone(Mode::Shared)))
}
