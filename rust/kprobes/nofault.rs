// SPDX-License-Identifier: GPL-2.0

//! Reads of memory that may not be there, and reads of words that others write.
//!
//! C header: [`include/linux/uaccess.h`](srctree/include/linux/uaccess.h)

use core::arch::asm;

use kernel::sync::atomic::{
    Atomic,
    AtomicType, //
};

/// C's `VSYSCALL_ADDR`. What is mapped from there on is no object of the kernel, and the page itself is the user's.
const VSYSCALL_ADDR: usize = (-10isize << 20) as usize;

/// Returns whether there can be an object of the kernel, whose half of the addresses is negative as signed numbers.
#[inline(always)]
fn is_kernel(address: usize) -> bool {
    const END: usize = VSYSCALL_ADDR - size_of::<u64>();
    (address as isize) < END as isize
}

/// A number that [`read_nofault`] can read.
pub trait Number: Copy {
    /// See [`read_nofault`].
    fn read_nofault(address: usize) -> Option<Self>;
}

macro_rules! number {
    ($($number:ty, $load:literal;)*) => {
        $(impl Number for $number {
            #[inline(always)]
            fn read_nofault(address: usize) -> Option<Self> {
                if !is_kernel(address) {
                    return None;
                }
                let value: u64;
                let mut failed = 1u32;
                // SAFETY: It only reads. Where nothing can be read, `fixup_exception()` goes on behind it, as the entry
                // of the type `EX_TYPE_DEFAULT` says, for a page that is not there and for an address that is none.
                unsafe {
                    asm!(
                        concat!("2: ", $load),
                        "xor {failed:e}, {failed:e}",
                        "3:",
                        ".pushsection __ex_table, \"a\"",
                        ".balign 4",
                        ".long 2b - .",
                        ".long 3b - .",
                        ".long 1",
                        ".popsection",
                        value = out(reg) value,
                        failed = inout(reg) failed,
                        address = in(reg) address,
                        options(readonly, nostack),
                    )
                };
                (failed == 0).then_some(value as $number)
            }
        })*
    };
}

number! {
    u8, "movzx {value:e}, byte ptr [{address}]";
    u16, "movzx {value:e}, word ptr [{address}]";
    u32, "mov {value:e}, dword ptr [{address}]";
    u64, "mov {value}, qword ptr [{address}]";
    usize, "mov {value}, qword ptr [{address}]";
}

/// Reads a number from kernel memory at `address`, or returns [`None`] if nothing can be read there.
///
/// Can be called in any context. A handler looks at what the probed function was given, and has to
/// survive a pointer that does not point. So this is no access by Rust but a load that may fault, as that of C's
/// `copy_from_kernel_nofault()`, without a call.
#[inline(always)]
pub fn read_nofault<T: Number>(address: usize) -> Option<T> {
    T::read_nofault(address)
}

/// Reads a pointer from kernel memory at `address`, or returns 0 if nothing can be read there, as [`read_nofault`] does. For
/// those to whom null and nothing are the same.
#[inline(always)]
pub fn read_pointer(address: usize) -> usize {
    read_or(address, 0)
}

/// Reads a word from kernel memory at `address`, or returns `nothing` if nothing can be read there, as [`read_nofault`] does.
#[inline(always)]
pub fn read_or(address: usize, nothing: usize) -> usize {
    let mut value = nothing;
    if is_kernel(address) {
        // SAFETY: As for `read_nofault()`. A load that faults leaves the register alone.
        unsafe {
            asm!(
                "2: mov {value}, qword ptr [{address}]",
                "3:",
                ".pushsection __ex_table, \"a\"",
                ".balign 4",
                ".long 2b - .",
                ".long 3b - .",
                ".long 1",
                ".popsection",
                value = inout(reg) value,
                address = in(reg) address,
                options(readonly, nostack, preserves_flags),
            )
        };
    }
    value
}

/// Reads a word that others may write, as `READ_ONCE()` does.
///
/// It is [`Atomic::load`] with `Relaxed` without its call to C, for what each hit reads.
#[inline(always)]
pub fn read_once<T: AtomicType>(word: &Atomic<T>) -> T {
    // SAFETY: The pointer is valid for reads and aligned; a volatile read of a word is atomic.
    unsafe { word.as_ptr().read_volatile() }
}

/// Writes a word that others may read, as `WRITE_ONCE()` does: [`Atomic::store`] with `Relaxed` without its call to C.
#[inline(always)]
pub fn write_once<T: AtomicType>(word: &Atomic<T>, value: T) {
    // SAFETY: The pointer is valid for writes and aligned; a volatile write of a word is atomic.
    unsafe { word.as_ptr().write_volatile(value) }
}
