// SPDX-License-Identifier: GPL-2.0

//! Mount options: their descriptions, for C and for Rust, and their values.
//!
//! C header: [`include/linux/fs_parser.h`](srctree/include/linux/fs_parser.h)

use core::ptr;
use extra_bindings as bindings;
use kernel::{
    ffi::c_int,
    page::PAGE_SIZE,
    prelude::*,
    str::{
        as_char_ptr_in_const_context,
        CStr, //
    },
};

use super::FsContext;
use crate::{
    idmap::{
        Kgid,
        Kuid, //
    },
    totalram_pages, //
};

/// What a mount option expects after its `=`.
#[derive(Clone, Copy)]
enum Kind {
    Flag,
    U32Oct,
    Number,
    Bytes,
    String,
    Uid,
    Gid,
}

/// A mount option: `struct fs_parameter_spec`.
///
/// `opt` is the number by which [`super::Operations::parse_param`] gets to know it.
#[derive(Clone, Copy)]
pub struct Parameter {
    name: &'static CStr,
    opt: u8,
    kind: Kind,
}

impl Parameter {
    /// An option without a value, `fsparam_flag()`. Becomes [`Value::Flag`].
    pub const fn flag(name: &'static CStr, opt: u8) -> Self {
        Self {
            name,
            opt,
            kind: Kind::Flag,
        }
    }

    /// An octal number, `fsparam_u32oct()`. Becomes [`Value::U32`].
    pub const fn u32oct(name: &'static CStr, opt: u8) -> Self {
        Self {
            name,
            opt,
            kind: Kind::U32Oct,
        }
    }

    /// A number, which may end in one of the letters k, m, g, t, p and e, in either case: so many times
    /// a power of 1024. Becomes [`Value::U64`].
    ///
    /// C's filesystems do that with `memparse()`, which takes what it can and leaves the rest.
    pub const fn number(name: &'static CStr, opt: u8) -> Self {
        Self {
            name,
            opt,
            kind: Kind::Number,
        }
    }

    /// As [`Parameter::number`], of bytes; or, with a `%` at the end, so much of the memory that the
    /// kernel may use for data. Becomes [`Value::U64`].
    pub const fn bytes(name: &'static CStr, opt: u8) -> Self {
        Self {
            name,
            opt,
            kind: Kind::Bytes,
        }
    }

    /// Any text, `fsparam_string()`. Becomes [`Value::String`].
    pub const fn string(name: &'static CStr, opt: u8) -> Self {
        Self {
            name,
            opt,
            kind: Kind::String,
        }
    }

    /// A user, `fsparam_uid()`. Becomes [`Value::Uid`].
    pub const fn uid(name: &'static CStr, opt: u8) -> Self {
        Self {
            name,
            opt,
            kind: Kind::Uid,
        }
    }

    /// A group, `fsparam_gid()`. Becomes [`Value::Gid`].
    pub const fn gid(name: &'static CStr, opt: u8) -> Self {
        Self {
            name,
            opt,
            kind: Kind::Gid,
        }
    }

    const fn spec(self) -> bindings::fs_parameter_spec {
        let (ty, data): (bindings::fs_param_type, usize) = match self.kind {
            Kind::Flag => (None, 0),
            Kind::U32Oct => (Some(bindings::fs_param_is_u32), 8),
            Kind::Number | Kind::Bytes | Kind::String => (Some(bindings::fs_param_is_string), 0),
            Kind::Uid => (Some(bindings::fs_param_is_uid), 0),
            Kind::Gid => (Some(bindings::fs_param_is_gid), 0),
        };
        bindings::fs_parameter_spec {
            name: as_char_ptr_in_const_context(self.name),
            type_: ty,
            opt: self.opt,
            flags: 0,
            data: ptr::without_provenance(data),
        }
    }
}

/// What C finds after the last option.
const NO_SPEC: bindings::fs_parameter_spec = bindings::fs_parameter_spec {
    name: ptr::null(),
    type_: None,
    opt: 0,
    flags: 0,
    data: ptr::null(),
};

/// The mount options of a filesystem, in the form that C reads.
///
/// # Examples
///
/// ```
/// use vfs::fs_context::{Parameter, Parameters};
///
/// const MODE: u8 = 0;
/// const SIZE: u8 = 1;
///
/// static PARAMETERS: Parameters<2> = Parameters::new([
///     Parameter::u32oct(c"mode", MODE),
///     Parameter::string(c"size", SIZE),
/// ]);
///
/// let _table = PARAMETERS.table();
/// ```
#[repr(C)]
pub struct Parameters<const N: usize> {
    specs: [bindings::fs_parameter_spec; N],
    /// C ends at an option without a name.
    end: bindings::fs_parameter_spec,
    parameters: [Parameter; N],
}

// SAFETY: It never changes, and points to static strings only.
unsafe impl<const N: usize> Sync for Parameters<N> {}

impl<const N: usize> Parameters<N> {
    /// Makes the table of these options.
    pub const fn new(parameters: [Parameter; N]) -> Self {
        let mut specs = [NO_SPEC; N];
        let mut i = 0;
        while i < N {
            specs[i] = parameters[i].spec();
            i += 1;
        }
        Self {
            specs,
            end: NO_SPEC,
            parameters,
        }
    }

    /// The table, for [`super::Operations::PARAMETERS`].
    pub const fn table(&'static self) -> Table {
        Table {
            specs: self.specs.as_ptr(),
            parameters: &self.parameters,
        }
    }
}

pub(super) static NO_PARAMETERS: Parameters<0> = Parameters::new([]);

/// A reference to [`Parameters`], whatever their number.
#[derive(Clone, Copy)]
pub struct Table {
    specs: *const bindings::fs_parameter_spec,
    parameters: &'static [Parameter],
}

impl Table {
    pub(crate) const fn as_ptr(&self) -> *const bindings::fs_parameter_spec {
        self.specs
    }

    /// The option with this number, and the value that C has found for it.
    ///
    /// # Errors
    ///
    /// `EINVAL`, and a message, if the text is none for the option.
    ///
    /// # Safety
    ///
    /// `opt` and `result` must be from `__fs_parse()` for this table and this parameter, which is valid
    /// for `'a`.
    pub(super) unsafe fn value<'a>(
        &self,
        fc: &FsContext<'_>,
        opt: c_int,
        result: bindings::fs_parse_result,
        param: *const bindings::fs_parameter,
    ) -> Result<(u8, Value<'a>)> {
        let mut parameters = self.parameters.iter();
        let parameter = parameters.find(|p| c_int::from(p.opt) == opt);
        let parameter = parameter.ok_or(EINVAL)?;
        let result = result.__bindgen_anon_1;
        let value = match parameter.kind {
            Kind::Flag => Value::Flag,
            // SAFETY: This is the field that `fs_param_is_u32()` sets.
            Kind::U32Oct => Value::U32(*unsafe { result.uint_32.as_ref() }),
            // SAFETY: This is the field that `fs_param_is_uid()` sets.
            Kind::Uid => Value::Uid(Kuid(*unsafe { result.uid.as_ref() })),
            // SAFETY: This is the field that `fs_param_is_gid()` sets.
            Kind::Gid => Value::Gid(Kgid(*unsafe { result.gid.as_ref() })),
            kind @ (Kind::Number | Kind::Bytes | Kind::String) => {
                // SAFETY: `fs_param_is_string()` has checked that it is a string.
                let string = unsafe { (*param).__bindgen_anon_1.string };
                if string.is_null() {
                    return Err(EINVAL);
                }
                // SAFETY: It ends in a NUL and lives for the call.
                let text = unsafe { CStr::from_char_ptr(string) };
                let number = match kind {
                    Kind::Number => number(text.to_bytes()),
                    Kind::Bytes => bytes(text.to_bytes()),
                    _ => return Ok((parameter.opt, Value::String(text))),
                };
                let name = parameter.name;
                let bad = || fc.invalf(fmt!("Bad value '{}' for '{}'", text, name));
                Value::U64(number.ok_or_else(bad)?)
            }
        };
        Ok((parameter.opt, value))
    }
}

/// Parses a number with one of the suffixes k, m, g, t, p and e, in either case.
fn number(text: &[u8]) -> Option<u64> {
    let (digits, shift) = match text.split_last()? {
        (b'k' | b'K', rest) => (rest, 10),
        (b'm' | b'M', rest) => (rest, 20),
        (b'g' | b'G', rest) => (rest, 30),
        (b't' | b'T', rest) => (rest, 40),
        (b'p' | b'P', rest) => (rest, 50),
        (b'e' | b'E', rest) => (rest, 60),
        _ => (text, 0),
    };
    if digits.is_empty() {
        return None;
    }
    let number = digits.iter().try_fold(0u64, |number, digit| {
        let digit = digit.is_ascii_digit().then(|| u64::from(digit - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })?;
    number.checked_mul(1 << shift)
}

/// Parses a size in bytes, or in per cent of memory.
fn bytes(text: &[u8]) -> Option<u64> {
    if let Some((b'%', percent)) = text.split_last() {
        let memory = totalram_pages() as u64 * PAGE_SIZE as u64;
        return Some(number(percent)?.checked_mul(memory)?.div_ceil(100));
    }
    number(text)
}

/// The value of a mount option, of the type that its [`Parameter`] says.
pub enum Value<'a> {
    /// The option was given.
    Flag,
    /// A number.
    U32(u32),
    /// A number, of bytes or of something else.
    U64(u64),
    /// A text. It may be empty.
    String(&'a CStr),
    /// A user who exists in the user namespace of the mounter.
    Uid(Kuid),
    /// A group that exists in the user namespace of the mounter.
    Gid(Kgid),
}
