// SPDX-License-Identifier: GPL-2.0

//! Errors that a filesystem reports: what `->report_error` gets, and fanotify(7).
//!
//! C header: [`include/linux/fserror.h`](srctree/include/linux/fserror.h)

use core::marker::PhantomData;
use kernel::{
    prelude::*,
    types::NotThreadSafe, //
};

use super::SuperBlock;
use crate::{
    FileSystem,
    Inode, //
};

/// What went wrong: `enum fserror_type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FsErrorType {
    /// Reading into the page cache: `FSERR_BUFFERED_READ`.
    BufferedRead,
    /// Writing back from the page cache: `FSERR_BUFFERED_WRITE`.
    BufferedWrite,
    /// Reading past it: `FSERR_DIRECTIO_READ`.
    DirectIoRead,
    /// Writing past it: `FSERR_DIRECTIO_WRITE`.
    DirectIoWrite,
    /// Data were lost, says the device: `FSERR_DATA_LOST`.
    DataLost,
    /// It was about something other than data: `FSERR_METADATA`.
    Metadata,
}

impl FsErrorType {
    const ALL: [(Self, extra_bindings::fserror_type); 6] = [
        (
            Self::BufferedRead,
            extra_bindings::fserror_type_FSERR_BUFFERED_READ,
        ),
        (
            Self::BufferedWrite,
            extra_bindings::fserror_type_FSERR_BUFFERED_WRITE,
        ),
        (
            Self::DirectIoRead,
            extra_bindings::fserror_type_FSERR_DIRECTIO_READ,
        ),
        (
            Self::DirectIoWrite,
            extra_bindings::fserror_type_FSERR_DIRECTIO_WRITE,
        ),
        (Self::DataLost, extra_bindings::fserror_type_FSERR_DATA_LOST),
        (Self::Metadata, extra_bindings::fserror_type_FSERR_METADATA),
    ];

    fn as_raw(self) -> extra_bindings::fserror_type {
        let found = Self::ALL.iter().find(|(ty, _)| *ty == self);
        found.map_or(extra_bindings::fserror_type_FSERR_METADATA, |(_, raw)| *raw)
    }

    fn from_raw(raw: extra_bindings::fserror_type) -> Self {
        let found = Self::ALL.iter().find(|(_, known)| *known == raw);
        found.map_or(Self::Metadata, |(ty, _)| *ty)
    }
}

/// An error that was reported, in `->report_error`: `struct fserror_event`.
///
/// # Invariants
///
/// The event is valid for `'a`. Its inode, if it has one, is of `F`, and the event has a reference to
/// it.
pub struct FsErrorEvent<'a, F: FileSystem> {
    event: &'a extra_bindings::fserror_event,
    _fs: PhantomData<F>,
    _not_send: NotThreadSafe,
}

impl<'a, F: FileSystem> FsErrorEvent<'a, F> {
    /// # Safety
    ///
    /// `event` must be what C passes to `->report_error` of `F`, and `'a` within that call.
    pub(super) unsafe fn from_raw(event: *const extra_bindings::fserror_event) -> Self {
        // INVARIANT: The caller promises it.
        Self {
            // SAFETY: The caller promises it; nobody changes an event once it is queued.
            event: unsafe { &*event },
            _fs: PhantomData,
            _not_send: NotThreadSafe::default(),
        }
    }

    /// The superblock.
    #[inline]
    pub fn sb(&self) -> &'a SuperBlock<F> {
        // SAFETY: By the invariants it is one of `F`; it is not shut down before all events are done.
        unsafe { SuperBlock::from_raw(self.event.sb) }
    }

    /// The inode, if it is about one.
    #[inline]
    pub fn inode(&self) -> Option<&'a Inode<F>> {
        // SAFETY: By the invariants it is one of `F` that has references.
        (!self.event.inode.is_null()).then(|| unsafe { Inode::from_raw(self.event.inode) })
    }

    /// What went wrong.
    #[inline]
    pub fn ty(&self) -> FsErrorType {
        FsErrorType::from_raw(self.event.type_)
    }

    /// Where the data are that it is about, in bytes.
    #[inline]
    pub fn pos(&self) -> i64 {
        self.event.pos
    }

    /// How many bytes they are.
    #[inline]
    pub fn len(&self) -> u64 {
        self.event.len
    }

    /// Whether it is about no data.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.event.len == 0
    }

    /// The error.
    #[inline]
    pub fn error(&self) -> Error {
        Error::from_errno(self.event.error)
    }
}

impl<F: FileSystem> SuperBlock<F> {
    /// Reports an error that is about no inode: to fanotify(7), and to `->report_error`.
    ///
    /// Mirrors `fserror_report_metadata()`. Takes no lock; may sleep for memory. What waits for
    /// it runs later, in a workqueue.
    pub fn fserror_report_metadata(&self, error: Error) {
        // SAFETY: The superblock is valid.
        unsafe {
            extra_bindings::slots_fserror_report(
                self.as_ptr(),
                core::ptr::null_mut(),
                FsErrorType::Metadata.as_raw(),
                0,
                0,
                error.to_errno(),
            )
        };
    }
}

impl<F: FileSystem> Inode<F> {
    /// Reports an error about `len` bytes of the file from `pos` on: to fanotify(7), and to
    /// `->report_error`.
    ///
    /// Mirrors `fserror_report()` of `fs/fserror.c`. Takes `i_lock`; may sleep for memory. What waits
    /// for it runs later, in a workqueue.
    pub fn fserror_report(&self, ty: FsErrorType, pos: i64, len: u64, error: Error) {
        // SAFETY: The inode is valid, and its superblock is.
        unsafe {
            extra_bindings::slots_fserror_report(
                self.sb().as_ptr(),
                self.as_ptr(),
                ty.as_raw(),
                pos,
                len,
                error.to_errno(),
            )
        };
    }
}
