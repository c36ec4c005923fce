// SPDX-License-Identifier: GPL-2.0

//! What goes into the slots of a table: methods, or C's generic helpers, for which there are names. And what methods return.

use kernel::prelude::*;

/// Declares a type for the functions of one slot, and the helpers that fit it.
///
/// The field is private: only functions that are sound in their slot, whatever the filesystem does
/// in its other slots, get a name.
macro_rules! slot {
    (
        $(#[$meta:meta])*
        pub struct $name:ident($function:ty) {
            $($(#[$helper_meta:meta])* $helper:ident = $path:path;)*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy)]
        pub struct $name($function);

        impl $name {
            $($(#[$helper_meta])* pub const $helper: Self = Self($path);)*

            /// Returns what goes into the slot.
            #[allow(dead_code)]
            pub(crate) const fn get(slot: Option<Self>) -> Option<$function> {
                match slot {
                    Some(slot) => Some(slot.0),
                    None => None,
                }
            }
        }
    };
}

/// What goes into a slot: the callback if the filesystem has its method, or else the helper, if there
/// is one.
macro_rules! callback {
    ($has:expr, $callback:expr $(,)?) => {
        $crate::helper::callback!($has, $callback, None)
    };
    ($has:expr, $callback:expr, $helper:expr $(,)?) => {
        if $has {
            Some($callback)
        } else {
            $helper
        }
    };
}

/// A table with the slots of the first of two, and where they are empty those of the second.
macro_rules! either {
    ($table:path, $first:expr, $second:expr; $($slot:ident)*) => {{
        const fn or<T: Copy>(first: Option<T>, second: Option<T>) -> Option<T> {
            match first {
                Some(_) => first,
                None => second,
            }
        }
        // All slots, or it does not compile.
        $table {
            $($slot: or($first.$slot, $second.$slot),)*
        }
    }};
}

/// What a callback that moves bytes returns. C counts on it that they are no more than it `asked` for.
pub(crate) fn size_or_errno(result: Result<usize>, asked: usize) -> isize {
    match result {
        Ok(size) => size.min(asked) as isize,
        Err(error) => error.to_errno() as isize,
    }
}

pub(crate) use callback;
pub(crate) use either;
pub(crate) use slot;
