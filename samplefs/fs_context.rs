// SPDX-License-Identifier: GPL-2.0

//! Mount options: `struct fs_context_operations`.

#![forbid(unsafe_code)]

use kernel::{
    page::PAGE_SHIFT,
    prelude::*,
    str::CStr,
    sync::aref::ARef, //
};
use vfs::{
    export,
    fs_context::{
        FsContext,
        Operations,
        Parameter,
        Parameters,
        Table,
        Value, //
    },
    idmap::{
        Kgid,
        Kuid, //
    },
    mode::{
        Mode,
        S_IALLUGO,
        S_IFDIR, //
    },
    sb::{
        New,
        MAX_LFS_FILESIZE, //
    },
    totalram_pages,
    Inode,
    Locked,
    SuperBlock, //
};

use crate::{
    export::Export,
    limits::{
        Limits,
        TooSmall, //
    },
    node,
    sb::{
        Info,
        Owner, //
    },
    xattr::XATTRS,
    SampleFs, //
};

/// The number by which statfs(2) names samplefs: `"smpl"`.
const SAMPLEFS_MAGIC: usize = 0x736d_706c;

/// The mode of the root, unless an option says otherwise: as that of `/tmp`.
const DEFAULT_MODE: Mode = 0o1777;

const MODE: u8 = 0;
const UID: u8 = 1;
const GID: u8 = 2;
const SIZE: u8 = 3;
const NR_INODES: u8 = 4;

static PARAMETERS: Parameters<5> = Parameters::new([
    Parameter::u32oct(c"mode", MODE),
    Parameter::uid(c"uid", UID),
    Parameter::gid(c"gid", GID),
    Parameter::string(c"size", SIZE),
    Parameter::string(c"nr_inodes", NR_INODES),
]);

/// The options parsed so far; those that were not given are `None`.
#[derive(Default)]
pub(crate) struct Context {
    mode: Option<Mode>,
    uid: Option<Kuid>,
    gid: Option<Kgid>,
    /// In pages; 0 is no limit.
    size: Option<u64>,
    /// 0 is no limit.
    nr_inodes: Option<u64>,
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

/// Parses a size in bytes, or in per cent of memory, and returns it in pages.
fn pages(text: &[u8]) -> Option<u64> {
    if let Some((b'%', percent)) = text.split_last() {
        let memory = totalram_pages() as u64;
        return Some(number(percent)?.checked_mul(memory)?.div_ceil(100));
    }
    Some(number(text)?.div_ceil(1 << PAGE_SHIFT))
}

impl Context {
    fn owner(&self) -> Owner {
        Owner {
            mode: self.mode.unwrap_or(DEFAULT_MODE),
            uid: self.uid.unwrap_or_else(Kuid::current_fsuid),
            gid: self.gid.unwrap_or_else(Kgid::current_fsgid),
        }
    }
}

fn bad_value(fc: &FsContext<'_>, option: &str, value: &CStr) -> Error {
    fc.invalf(fmt!("Bad value '{}' for '{}'", value, option))
}

#[vtable]
impl Operations for Context {
    type FileSystem = SampleFs;

    const PARAMETERS: Table = PARAMETERS.table();

    fn parse_param(&mut self, fc: &FsContext<'_>, opt: u8, value: Value<'_>) -> Result {
        match (opt, value) {
            (MODE, Value::U32(mode)) => {
                if mode > u32::from(S_IALLUGO) {
                    return Err(fc.invalf(fmt!("Bad value '{:o}' for 'mode'", mode)));
                }
                self.mode = Some(mode as Mode);
            }
            (UID, Value::Uid(uid)) => self.uid = Some(uid),
            (GID, Value::Gid(gid)) => self.gid = Some(gid),
            (SIZE, Value::String(text)) => {
                let size = pages(text.to_bytes()).ok_or_else(|| bad_value(fc, "size", text))?;
                self.size = Some(size);
            }
            (NR_INODES, Value::String(text)) => {
                let count =
                    number(text.to_bytes()).ok_or_else(|| bad_value(fc, "nr_inodes", text))?;
                self.nr_inodes = Some(count);
            }
            _ => return Err(EINVAL),
        }
        Ok(())
    }

    fn fill_super(
        &mut self,
        _fc: &FsContext<'_>,
        mut sb: New<'_, SampleFs>,
    ) -> Result<ARef<Inode<SampleFs>>> {
        let half = totalram_pages() as u64 / 2;
        let owner = self.owner();
        let limits = Limits::new(
            self.size.unwrap_or(half),
            self.nr_inodes.unwrap_or(half), //
        );
        sb.set_s_magic(SAMPLEFS_MAGIC)
            .set_s_maxbytes(MAX_LFS_FILESIZE)
            .set_s_blocksize_to_page()
            .set_s_time_gran(1)
            .set_dontcache()
            .set_s_xattr(&XATTRS)
            .set_sb_posixacl()
            .set_sb_nosec()
            .set_s_export_op(export::Ops::of::<Export>())
            .super_setup_bdi()?;
        let sb = sb.init(Info::new(owner, limits))?;
        node::create_root(sb, owner.uid, owner.gid, S_IFDIR | owner.mode)
    }

    fn reconfigure(
        &mut self,
        fc: &FsContext<'_>,
        sb: &Locked<'_, SuperBlock<SampleFs>, vfs::rules::Exclusive>,
    ) -> Result {
        // mount(8) repeats the options that there are, so the same value is no change.
        let owner = sb.info().owner();
        let fixed = |option: &str| Err(fc.invalf(fmt!("Cannot change '{}' on remount", option)));
        if self.mode.is_some_and(|mode| mode != owner.mode) {
            return fixed("mode");
        }
        if self.uid.is_some_and(|uid| uid != owner.uid) {
            return fixed("uid");
        }
        if self.gid.is_some_and(|gid| gid != owner.gid) {
            return fixed("gid");
        }
        match sb.info().limits().change(self.size, self.nr_inodes) {
            Ok(()) => Ok(()),
            Err(TooSmall::Blocks(used)) => Err(fc.invalf(fmt!(
                "Cannot make 'size' smaller than the {}k in use",
                used << (PAGE_SHIFT - 10)
            ))),
            Err(TooSmall::Inodes(used)) => Err(fc.invalf(fmt!(
                "Cannot make 'nr_inodes' smaller than the {} in use",
                used
            ))),
        }
    }
}
