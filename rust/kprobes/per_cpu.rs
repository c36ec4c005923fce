// SPDX-License-Identifier: GPL-2.0

//! Words that each CPU has for itself.
//!
//! C header: [`include/linux/percpu.h`](srctree/include/linux/percpu.h)

use core::{
    arch::asm,
    ptr::NonNull, //
};
use extra_bindings as bindings;
use kernel::{
    cpu::nr_cpu_ids,
    prelude::*, //
};

use crate::Here;

/// Words of each CPU, which only handlers on that CPU change.
///
/// No lock and no bus cycle is needed for that: it is one instruction, which nothing on the same CPU can split.
///
/// # Invariants
///
/// `words` came from `kprobe_alloc_per_cpu(count)`.
pub struct PerCpu {
    words: NonNull<usize>,
    count: usize,
}

// SAFETY: Per-CPU memory belongs to no thread.
unsafe impl Send for PerCpu {}
// SAFETY: All accesses are of a whole word at once.
unsafe impl Sync for PerCpu {}

impl PerCpu {
    /// How many there can be: C's per-CPU memory comes in pieces of up to `PCPU_MIN_UNIT_SIZE`.
    pub const MAX: usize = 4096;

    /// Makes so many, all 0. Sleeps.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, also if there are too many.
    pub fn new(count: usize) -> Result<Self> {
        if count > Self::MAX {
            return Err(ENOMEM);
        }
        // SAFETY: It can be called where one may sleep.
        let words = unsafe { bindings::kprobe_alloc_per_cpu(count) };
        let words = NonNull::new(words.cast()).ok_or(ENOMEM)?;
        // INVARIANT: It came from there.
        Ok(Self { words, count })
    }

    /// Returns how much memory so many take, in bytes.
    pub fn size(count: usize) -> usize {
        count * size_of::<usize>() * nr_cpu_ids() as usize
    }

    /// Where a word is, as per-CPU accesses have it.
    #[inline(always)]
    fn word(&self, index: usize) -> Option<*mut usize> {
        (index < self.count).then(|| self.words.as_ptr().wrapping_add(index))
    }

    /// Counts one up, in a handler. If there is none with this index, nothing happens.
    #[inline(always)]
    pub fn count(&self, _here: &Here<'_>, index: usize) {
        if let Some(word) = self.word(index) {
            // SAFETY: By the type invariant this CPU has it.
            unsafe { asm!("inc qword ptr gs:[{}]", in(reg) word, options(nostack)) };
        }
    }

    /// Returns where the first one is, as per-CPU accesses have it.
    #[inline(always)]
    pub(crate) fn as_ptr(&self) -> *mut usize {
        self.words.as_ptr()
    }

    /// Returns the sum of those of all CPUs with this index.
    pub fn sum(&self, index: usize) -> u64 {
        match self.word(index) {
            // SAFETY: By the type invariant each CPU has it.
            Some(word) => unsafe { bindings::kprobe_sum_per_cpu(word.cast()) },
            None => 0,
        }
    }

    /// Sets all of all CPUs to 0. What a handler does meanwhile may win.
    pub fn reset(&self) {
        // SAFETY: By the type invariant.
        unsafe { bindings::kprobe_reset_per_cpu(self.words.as_ptr().cast(), self.count) };
    }
}

impl Drop for PerCpu {
    fn drop(&mut self) {
        // SAFETY: By the type invariant, and nobody has it any more.
        unsafe { bindings::kprobe_free_per_cpu(self.words.as_ptr().cast()) };
    }
}
