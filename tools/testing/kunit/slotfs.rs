// SPDX-License-Identifier: GPL-2.0

//! slotfs: callbacks of the crate `vfs` that no other filesystem here has, for slots.sh.
//!
//! Its files have their data in the page cache alone, so what is shared of them with FICLONE reads as
//! zeroes. A directory with the name `auto` is an automount, one with the name `report` reports an
//! error, one with the name `alias` would be its own parent; to look `self` up finds the directory itself, and
//! `spliced` the one that was made last, which is moved there. `slotdev` is the same for what is on a block device: its file `device` is all of that.

#![forbid(unsafe_code)]

use kernel::{
    prelude::*,
    seq_file::SeqFile,
    seq_print,
    sync::{
        aref::ARef,
        atomic::{
            Atomic,
            Relaxed, //
        },
    },
};
use vfs::{
    address_space,
    dentry::{
        self,
        Automount,
        Bare,
        Dname,
        DnameBuffer,
        Mount, //
    },
    file,
    folio::LockedFolio,
    fs_context::{
        self,
        GetTree, //
    },
    inode::{
        self,
        AtomicOpen,
        AtomicOpened, //
    },
    prelude::*,
    sb,
};

/// A mount, of either filesystem: whether slotfs made it itself.
#[derive(Default)]
pub struct SlotFs {
    submount: bool,
}

/// What a superblock remembers.
pub struct Info {
    submount: bool,
    errors: Atomic<u32>,
    /// The number of the last directory that was made.
    last: Atomic<u64>,
}

impl FileSystem for SlotFs {
    type SbInfo = Info;
    type InodeInfo = ();
    type Guarded = ();
    type Super = SlotFs;
}

/// Makes a directory.
fn directory(mut new: inode::New<SlotFs>, name: &[u8]) -> Result<ARef<Inode<SlotFs>>> {
    if name == b"auto" {
        new.set_automount()?;
    }
    new.directory(inode::Ops::of::<Dir>(), file::Ops::of::<Dir>())
}

#[vtable]
impl fs_context::Operations for SlotFs {
    type FileSystem = SlotFs;

    fn fill_super(
        &mut self,
        _: &FsContext<'_>,
        mut sb: sb::New<'_, SlotFs>,
    ) -> Result<ARef<Inode<SlotFs>>> {
        sb.set_s_blocksize_to_page()
            .set_default_d_op(dentry::Ops::of::<Entry>());
        let info = Info {
            submount: self.submount,
            errors: Atomic::new(0),
            last: Atomic::new(0),
        };
        let sb = sb.init(Ok(info))?;
        let mut new = inode::New::new_inode(&sb, Ok(()), ())?;
        // Without a callback for it there is no automount: C would call it without looking.
        new.set_owner(Kuid::GLOBAL_ROOT, Kgid::GLOBAL_ROOT, S_IFDIR | 0o755);
        directory(new, b"")
    }
}

#[vtable]
impl sb::Operations for SlotFs {
    type FileSystem = SlotFs;

    fn show_options(seq: &SeqFile, sb: &SuperBlock<SlotFs>) -> Result {
        if sb.info().submount {
            seq_print!(seq, ",submount");
        }
        seq_print!(seq, ",errors={}", sb.info().errors.load(Relaxed));
        Ok(())
    }

    fn report_error(event: &sb::FsErrorEvent<'_, SlotFs>) {
        let known = event.inode().is_some_and(|inode| inode.is_dir())
            && event.ty() == sb::FsErrorType::DataLost
            && (event.pos(), event.len()) == (4096, 10)
            && event.error() == EIO;
        event
            .sb()
            .info()
            .errors
            .fetch_add(u32::from(known), Relaxed);
    }
}

/// The entries.
struct Entry;

#[vtable]
impl dentry::Operations for Entry {
    type FileSystem = SlotFs;

    fn d_init(mut dentry: dentry::New<'_, SlotFs>) -> Result {
        // There is no callback for it: C would call it without looking.
        match dentry.set_manage_transit() {
            Err(EINVAL) => Ok(()),
            _ => Err(EIO),
        }
    }

    fn d_dname<'a>(_: &Bare<SlotFs>, buffer: DnameBuffer<'a>) -> Result<Dname<'a>> {
        buffer.set(&[b"slotfs:", b"entry"])
    }

    fn d_automount(path: &Automount<'_, SlotFs>) -> Result<Option<Mount>> {
        let mount = path.mount(&SLOTFS, |context| {
            context.submount = true;
            Ok(())
        })?;
        Ok(Some(mount))
    }
}

/// Directories.
struct Dir;

#[vtable]
impl inode::Operations for Dir {
    type FileSystem = SlotFs;

    fn lookup(
        dir: &Locked<'_, Inode<SlotFs>, rule::lookup::Dir>,
        dentry: InLookup<'_, SlotFs>,
        _flags: u32,
    ) -> Result<Option<ARef<Dentry<SlotFs>>>> {
        if dentry.name() == b"self" {
            return Ok(Some(Inode::d_obtain_alias(ARef::from(&**dir))?));
        }
        if dentry.name() == b"spliced" {
            let last = dir.sb().info().last.load(Relaxed);
            return dentry.d_splice_alias(dir.sb().ilookup(last, 0));
        }
        dentry.d_add(None)
    }

    fn atomic_open<'a>(
        file: AtomicOpen<'_, 'a, SlotFs>,
        _open_flag: u32,
    ) -> Result<AtomicOpened<'a>> {
        let (dir, mut file, mode) = match file {
            // What there is the dcache has.
            AtomicOpen::Lookup(_, file) => return Ok(file.finish_no_open()),
            AtomicOpen::Create(dir, file, mode) => (dir, file, mode),
        };
        let mut new = inode::New::new_inode(dir.sb(), Ok(()), ())?;
        new.inode_init_owner(file.idmap(), dir, mode | S_IFREG);
        let inode = new.regular(
            inode::Ops::NONE,
            file::Ops::of::<Regular>(),
            address_space::Ops::RAM_AOPS,
        )?;
        file.negative()?.d_make_persistent(inode)?;
        dir.set_mtime_and_ctime_current();
        if file.name().starts_with(b"left") {
            return Ok(file.finish_no_open());
        }
        file.finish_open()
    }

    fn unlink(
        dir: &mut Locked<'_, Inode<SlotFs>, rule::unlink::Dir>,
        dentry: Positive<'_, SlotFs>,
        victim: &mut Locked<'_, Inode<SlotFs>, rule::unlink::Victim>,
    ) -> Result {
        dir.set_mtime_and_ctime_current();
        victim.drop_nlink();
        dentry.d_make_discardable();
        Ok(())
    }

    fn mkdir(
        idmap: &Idmap,
        dir: &mut Locked<'_, Inode<SlotFs>, rule::mkdir::Dir>,
        dentry: Negative<'_, SlotFs>,
        mode: Mode,
    ) -> Result<Option<ARef<Dentry<SlotFs>>>> {
        if dentry.name() == b"report" {
            dir.fserror_report(sb::FsErrorType::DataLost, 4096, 10, EIO);
        }
        if dentry.name() == b"alias" {
            dentry.d_make_persistent(ARef::from(&**dir))?;
            return Ok(None);
        }
        let mut new = inode::New::new_inode(dir.sb(), Ok(()), ())?;
        new.inode_init_owner(idmap, dir, mode | S_IFDIR);
        let inode = directory(new, dentry.name())?;
        inode.insert_inode_hash();
        dir.sb().info().last.store(inode.i_ino(), Relaxed);
        dentry.d_make_persistent(inode)?;
        dir.inc_nlink();
        Ok(None)
    }

    fn setattr(
        idmap: &Idmap,
        dentry: &Dentry<SlotFs>,
        inode: &mut Locked<'_, Inode<SlotFs>, rule::setattr::Inode>,
        attr: &mut Iattr,
    ) -> Result {
        // Not for another inode; the root is its own parent.
        let parent = dentry.dget_parent();
        if !core::ptr::eq(&*parent, dentry)
            && inode.setattr_prepare(idmap, &parent, attr) != Err(EINVAL)
        {
            return Err(EIO);
        }
        inode.setattr_prepare(idmap, dentry, attr)?;
        inode.setattr_copy(idmap, attr);
        Ok(())
    }
}

#[vtable]
impl file::Operations for Dir {
    type FileSystem = SlotFs;
    type Private = ();
    const READ: Option<file::Read> = Some(file::Read::GENERIC_READ_DIR);
}

/// Regular files.
struct Regular;

#[vtable]
impl file::Operations for Regular {
    type FileSystem = SlotFs;
    type Private = ();
    const LLSEEK: Option<file::Llseek> = Some(file::Llseek::GENERIC_FILE_LLSEEK);
    const READ_ITER: Option<file::ReadIter> = Some(file::ReadIter::GENERIC_FILE_READ_ITER);
    const WRITE_ITER: Option<file::WriteIter> = Some(file::WriteIter::GENERIC_FILE_WRITE_ITER);
    const MMAP_PREPARE: Option<file::MmapPrepare> =
        Some(file::MmapPrepare::GENERIC_FILE_MMAP_PREPARE);
    const FSYNC: Option<file::Fsync> = Some(file::Fsync::NOOP_FSYNC);

    fn remap_file_range(range: file::RemapFileRange<'_, Self>) -> Result<i64> {
        range.generic_remap_file_range(|_, _| Ok(()))
    }
}

/// A mount of what is on a block device.
#[derive(Default)]
pub struct SlotDev;

impl FileSystem for SlotDev {
    type SbInfo = ();
    type InodeInfo = ();
    type Guarded = ();
    type Super = SlotDev;
}

#[vtable]
impl fs_context::Operations for SlotDev {
    type FileSystem = SlotDev;
    const READ_ONLY: bool = true;
    const GET_TREE: GetTree = GetTree::GET_TREE_BDEV;

    fn fill_super(
        &mut self,
        fc: &FsContext<'_>,
        sb: sb::New<'_, SlotDev>,
    ) -> Result<ARef<Inode<SlotDev>>> {
        let sb = sb.init(Ok(()))?;
        let mut magic = [0; 4];
        sb.read_bdev(0, &mut magic)?;
        if &magic != b"slot" {
            return Err(fc.invalf(fmt!("not a slotdev\n")));
        }
        // What is not on the device cannot be read.
        if sb.read_bdev(sb.bdev_nr_bytes() - 1, &mut magic) != Err(EINVAL) {
            return Err(EIO);
        }
        let mut new = inode::New::new_inode(&sb, Ok(()), ())?;
        new.set_owner(Kuid::GLOBAL_ROOT, Kgid::GLOBAL_ROOT, S_IFDIR | 0o555);
        // Its entries have no `->d_automount`.
        if new.set_automount() != Err(EINVAL) {
            return Err(EIO);
        }
        new.directory(inode::Ops::of::<DevDir>(), file::Ops::of::<DevDir>())
    }
}

#[vtable]
impl sb::Operations for SlotDev {
    type FileSystem = SlotDev;

    fn shutdown(_sb: &SuperBlock<SlotDev>) {
        pr_info!("slotdev: the device has gone\n");
    }
}

/// The directory.
struct DevDir;

#[vtable]
impl inode::Operations for DevDir {
    type FileSystem = SlotDev;

    fn lookup(
        dir: &Locked<'_, Inode<SlotDev>, rule::lookup::Dir>,
        dentry: InLookup<'_, SlotDev>,
        _flags: u32,
    ) -> Result<Option<ARef<Dentry<SlotDev>>>> {
        match dentry.name() {
            b"device" => {}
            // These cannot be read.
            b"unread" => {
                return dentry.d_splice_alias(Some(dir.sb().iget_locked(3, |_| Err(EIO))?));
            }
            b"broken" => {
                let inode = dir.sb().iget_locked(3, |new| {
                    let _new = new.init(Ok(()), ())?;
                    Err(EIO)
                })?;
                return dentry.d_splice_alias(Some(inode));
            }
            _ => return dentry.d_splice_alias(None),
        }
        let inode = dir.sb().iget_locked(2, |new| {
            let mut new = new.init(Ok(()), ())?;
            new.set_owner(Kuid::GLOBAL_ROOT, Kgid::GLOBAL_ROOT, S_IFREG | 0o444);
            new.set_i_size(dir.sb().bdev_nr_bytes() as i64);
            new.regular(
                inode::Ops::NONE,
                file::Ops::of::<DevFile>(),
                address_space::Ops::of::<DevFile>(),
            )
        })?;
        dentry.d_splice_alias(Some(inode))
    }
}

#[vtable]
impl file::Operations for DevDir {
    type FileSystem = SlotDev;
    type Private = ();
    const READ: Option<file::Read> = Some(file::Read::GENERIC_READ_DIR);
}

/// The file.
struct DevFile;

#[vtable]
impl file::Operations for DevFile {
    type FileSystem = SlotDev;
    type Private = ();
    const LLSEEK: Option<file::Llseek> = Some(file::Llseek::GENERIC_FILE_LLSEEK);
    const READ_ITER: Option<file::ReadIter> = Some(file::ReadIter::GENERIC_FILE_READ_ITER);
}

#[vtable]
impl address_space::Operations for DevFile {
    type FileSystem = SlotDev;

    fn read_folio(folio: LockedFolio<'_, SlotDev>) -> Result {
        let mut data = [0; 512];
        let mut at = 0;
        while at < folio.folio_size() {
            let pos = folio.folio_pos() as u64 + at as u64;
            let left = folio.host().sb().bdev_nr_bytes().saturating_sub(pos);
            let part = &mut data[..left.min(512) as usize];
            folio.host().sb().read_bdev(pos, part)?;
            if part.is_empty() {
                folio.folio_zero_range(at, usize::MAX);
                break;
            }
            folio.memcpy_to_folio(at, part);
            at += part.len();
        }
        folio.folio_mark_uptodate();
        Ok(())
    }
}

static SLOTFS: FileSystemType<SlotFs> = FileSystemType::new(c"slotfs", 0);
static SLOTDEV: FileSystemType<SlotDev> = FileSystemType::new(c"slotdev", 0);

/// Both, registered.
pub struct Registrations(Registration<SlotFs>, Registration<SlotDev>);

impl Registrations {
    /// Registers them.
    pub fn new() -> Result<Self> {
        Ok(Self(
            Registration::new(&SLOTFS, c"slotfs_inode")?,
            Registration::new(&SLOTDEV, c"slotdev_inode")?,
        ))
    }
}
