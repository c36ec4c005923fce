// SPDX-License-Identifier: GPL-2.0

//! Mount options: `struct fs_context_operations`.

#![forbid(unsafe_code)]

use kernel::{
    page::{
        PAGE_SHIFT,
        PAGE_SIZE, //
    },
    prelude::*, //
};
use vfs::{
    dentry,
    export,
    fs_context::{
        Operations,
        Parameter,
        Parameters,
        Table,
        Value, //
    },
    limits::{
        Limits,
        TooSmall, //
    },
    mode::S_IALLUGO,
    prelude::*,
    sb::{
        New,
        MAX_LFS_FILESIZE, //
    },
    totalram_pages, //
};

use crate::{
    dentry::{
        Casefold,
        Entry, //
    },
    export::Export,
    node,
    quota::{
        HardLimits,
        FORMAT, //
    },
    sb::{
        Info,
        Owner,
        QUOTA_NAMES, //
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
const QUOTA: u8 = 5;
const USRQUOTA: u8 = 6;
const GRPQUOTA: u8 = 7;
const PRJQUOTA: u8 = 8;
const USRQUOTA_BLOCK_HARDLIMIT: u8 = 9;
const GRPQUOTA_BLOCK_HARDLIMIT: u8 = 10;
const PRJQUOTA_BLOCK_HARDLIMIT: u8 = 11;
const USRQUOTA_INODE_HARDLIMIT: u8 = 12;
const GRPQUOTA_INODE_HARDLIMIT: u8 = 13;
const PRJQUOTA_INODE_HARDLIMIT: u8 = 14;
const CASEFOLD: u8 = 15;

static PARAMETERS: Parameters<16> = Parameters::new([
    Parameter::u32oct(c"mode", MODE),
    Parameter::uid(c"uid", UID),
    Parameter::gid(c"gid", GID),
    Parameter::bytes(c"size", SIZE),
    Parameter::number(c"nr_inodes", NR_INODES),
    Parameter::flag(c"casefold", CASEFOLD),
    Parameter::flag(c"quota", QUOTA),
    Parameter::flag(c"usrquota", USRQUOTA),
    Parameter::flag(c"grpquota", GRPQUOTA),
    Parameter::flag(c"prjquota", PRJQUOTA),
    Parameter::number(c"usrquota_block_hardlimit", USRQUOTA_BLOCK_HARDLIMIT),
    Parameter::number(c"grpquota_block_hardlimit", GRPQUOTA_BLOCK_HARDLIMIT),
    Parameter::number(c"prjquota_block_hardlimit", PRJQUOTA_BLOCK_HARDLIMIT),
    Parameter::number(c"usrquota_inode_hardlimit", USRQUOTA_INODE_HARDLIMIT),
    Parameter::number(c"grpquota_inode_hardlimit", GRPQUOTA_INODE_HARDLIMIT),
    Parameter::number(c"prjquota_inode_hardlimit", PRJQUOTA_INODE_HARDLIMIT),
]);

/// What the options say of quotas of one type.
#[derive(Clone, Copy, Default)]
struct QuotaOptions {
    on: bool,
    /// In bytes; 0 is no limit.
    block: Option<u64>,
    /// 0 is no limit.
    inode: Option<u64>,
}

impl QuotaOptions {
    fn limits(&self) -> HardLimits {
        HardLimits {
            block: self.block.unwrap_or(0),
            inode: self.inode.unwrap_or(0),
        }
    }

    /// Whether they would change what there is.
    fn change(&self, limits: HardLimits) -> bool {
        self.block.is_some_and(|block| block != limits.block)
            || self.inode.is_some_and(|inode| inode != limits.inode)
    }
}

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
    casefold: bool,
    /// By the number of the type.
    quota: [QuotaOptions; QuotaType::ALL.len()],
}

impl Context {
    fn owner(&self) -> Owner {
        Owner {
            mode: self.mode.unwrap_or(DEFAULT_MODE),
            uid: self.uid.unwrap_or_else(Kuid::current_fsuid),
            gid: self.gid.unwrap_or_else(Kgid::current_fsgid),
        }
    }

    /// The types, their names, and what the options say of them.
    fn quota(&self) -> impl Iterator<Item = (QuotaType, &'static str, QuotaOptions)> {
        QuotaType::ALL
            .into_iter()
            .zip(QUOTA_NAMES)
            .zip(self.quota)
            .map(|((ty, name), options)| (ty, name, options))
    }

    /// Turns on the quotas that the options name.
    fn load_quota(
        &self,
        fc: &FsContext<'_>,
        sb: &Locked<'_, SuperBlock<SampleFs>, Exclusive>,
    ) -> Result {
        for (ty, name, _) in self.quota().filter(|(_, _, options)| options.on) {
            sb.dquot_load_quota_sb(ty, &FORMAT).inspect_err(|error| {
                if *error == EOPNOTSUPP {
                    fc.errorf(fmt!("No '{}': the kernel has no CONFIG_QUOTA", name));
                } else {
                    fc.errorf(fmt!("Cannot turn '{}' on: {:?}", name, error));
                }
            })?;
        }
        Ok(())
    }
}

/// The type that an option is for, of three options from `first` on.
fn quota_type(opt: u8, first: u8) -> QuotaType {
    match opt.wrapping_sub(first) {
        0 => QuotaType::User,
        1 => QuotaType::Group,
        _ => QuotaType::Project,
    }
}

/// Checks that C can count so far.
fn hardlimit(fc: &FsContext<'_>, ty: QuotaType, what: &str, limit: u64) -> Result<u64> {
    if i64::try_from(limit).is_err() {
        let name = QUOTA_NAMES[ty as usize];
        return Err(fc.invalf(fmt!("'{}_{}_hardlimit' is too large", name, what)));
    }
    Ok(limit)
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
            (SIZE, Value::U64(bytes)) => self.size = Some(bytes.div_ceil(PAGE_SIZE as u64)),
            (NR_INODES, Value::U64(count)) => self.nr_inodes = Some(count),
            (CASEFOLD, Value::Flag) => self.casefold = true,
            (QUOTA, Value::Flag) => {
                self.quota[QuotaType::User as usize].on = true;
                self.quota[QuotaType::Group as usize].on = true;
            }
            (USRQUOTA..=PRJQUOTA, Value::Flag) => {
                let ty = quota_type(opt, USRQUOTA);
                self.quota[ty as usize].on = true;
            }
            (USRQUOTA_BLOCK_HARDLIMIT..=PRJQUOTA_BLOCK_HARDLIMIT, Value::U64(limit)) => {
                let ty = quota_type(opt, USRQUOTA_BLOCK_HARDLIMIT);
                self.quota[ty as usize].block = Some(hardlimit(fc, ty, "block", limit)?);
            }
            (USRQUOTA_INODE_HARDLIMIT..=PRJQUOTA_INODE_HARDLIMIT, Value::U64(limit)) => {
                let ty = quota_type(opt, USRQUOTA_INODE_HARDLIMIT);
                self.quota[ty as usize].inode = Some(hardlimit(fc, ty, "inode", limit)?);
            }
            _ => return Err(EINVAL),
        }
        Ok(())
    }

    fn fill_super(
        &mut self,
        fc: &FsContext<'_>,
        mut sb: New<'_, SampleFs>,
    ) -> Result<ARef<Inode<SampleFs>>> {
        for (_, name, options) in self.quota().filter(|(_, _, options)| !options.on) {
            if options.change(HardLimits::default()) {
                return Err(fc.invalf(fmt!("A limit for '{}', which is not on", name)));
            }
        }
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
            .set_s_xattr(&XATTRS)
            .set_sb_posixacl()
            .set_sb_nosec()
            .set_s_export_op(export::Ops::of::<Export>())
            .set_default_d_op(if self.casefold {
                dentry::Ops::of::<(Casefold, Entry)>()
            } else {
                dentry::Ops::of::<Entry>()
            })
            .super_setup_bdi()?;
        let quota_limits = self.quota.map(|options| options.limits());
        let sb = sb.init(Info::new(owner, self.casefold, limits, quota_limits))?;
        self.load_quota(fc, &sb)?;
        node::create_root(&sb, owner.uid, owner.gid, S_IFDIR | owner.mode)
    }

    fn reconfigure(
        &mut self,
        fc: &FsContext<'_>,
        sb: &Locked<'_, SuperBlock<SampleFs>, Exclusive>,
    ) -> Result {
        // mount(8) repeats the options that there are, so the same value is no change.
        let owner = sb.info().owner;
        let changes = [
            ("mode", self.mode.is_some_and(|mode| mode != owner.mode)),
            ("uid", self.uid.is_some_and(|uid| uid != owner.uid)),
            ("gid", self.gid.is_some_and(|gid| gid != owner.gid)),
            ("casefold", self.casefold && !sb.info().casefold),
        ];
        if let Some((option, _)) = changes.iter().find(|(_, change)| *change) {
            return Err(fc.invalf(fmt!("Cannot change '{}' on remount", option)));
        }
        for (ty, name, options) in self.quota() {
            if options.on && !sb.sb_has_quota_active(ty) {
                return Err(fc.invalf(fmt!("Cannot turn '{}' on by remount", name)));
            }
            if options.change(sb.info().quota_limits[ty as usize]) {
                return Err(fc.invalf(fmt!("Cannot change a limit of '{}' on remount", name)));
            }
        }
        match sb.info().limits.change(self.size, self.nr_inodes) {
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
