// SPDX-License-Identifier: GPL-2.0

//! tinyfs, your first filesystem. Documentation/first_filesystem.rst walks through it.

use kernel::prelude::*;
use vfs::{address_space, file, fs_context, inode, mode::fs_umode_to_dtype, prelude::*, sb};

module! {
    type: Module,
    name: "tinyfs",
    description: "A first filesystem: read-only, from a table",
    license: "GPL",
}

/// The number of the directory, and the number, mode, name and contents of the file.
type Row = (u64, u64, Mode, &'static [u8], &'static [u8]);
const FILES: [Row; 3] = [
    (1, 2, 0o100444, b"hello", b"Hello, world!\n"),
    (1, 3, 0o040555, b"sub", b""),
    (3, 4, 0o100444, b"source", include_bytes!("tinyfs.rs")),
];

#[derive(Default)]
struct TinyFs;
struct Dir;
struct Regular;
type Found = Result<ARef<Inode<TinyFs>>>;

impl FileSystem for TinyFs {
    type SbInfo = ();
    type InodeInfo = &'static [u8];
    type Guarded = ();
    type Super = TinyFs;
}

fn iget(sb: &SuperBlock<TinyFs>, &(_, ino, mode, _, data): &Row) -> Found {
    sb.iget_locked(ino, |new| {
        let mut new = new.init(Ok(data), ())?;
        new.set_owner(Kuid::GLOBAL_ROOT, Kgid::GLOBAL_ROOT, mode);
        new.set_i_size(data.len() as i64);
        if mode & S_IFMT == S_IFDIR {
            return new.directory(inode::Ops::of::<Dir>(), file::Ops::of::<Dir>());
        }
        let (i_op, i_fop) = (inode::Ops::NONE, file::Ops::of::<Regular>());
        new.regular(i_op, i_fop, address_space::Ops::of::<Regular>())
    })
}

#[vtable]
impl fs_context::Operations for TinyFs {
    type FileSystem = TinyFs;
    const READ_ONLY: bool = true;
    fn fill_super(&mut self, _: &FsContext<'_>, mut sb: sb::New<'_, Self>) -> Found {
        sb.set_s_magic(0x7469_6e79).set_s_blocksize_to_page();
        iget(&*sb.init(Ok(()))?, &(0, 1, 0o040555, b"", b""))
    }
}

#[vtable]
impl sb::Operations for TinyFs {
    type FileSystem = TinyFs;
}

#[vtable]
impl inode::Operations for Dir {
    type FileSystem = TinyFs;
    fn lookup(
        dir: &Locked<'_, Inode<TinyFs>, rule::lookup::Dir>,
        dentry: InLookup<'_, TinyFs>,
        _flags: u32,
    ) -> Result<Option<ARef<Dentry<TinyFs>>>> {
        let wanted = (dir.i_ino(), dentry.name());
        let file = FILES.iter().find(|file| (file.0, file.3) == wanted);
        dentry.d_splice_alias(file.map(|f| iget(dir.sb(), f)).transpose()?)
    }
}

#[vtable]
impl file::Operations for Dir {
    type FileSystem = TinyFs;
    type Private = ();
    const LLSEEK: Option<file::Llseek> = Some(file::Llseek::GENERIC_FILE_LLSEEK);
    const READ: Option<file::Read> = Some(file::Read::GENERIC_READ_DIR);
    fn iterate_shared(
        file: &file::OpenFile<Self>,
        dir: &Locked<'_, Inode<TinyFs>, Shared>,
        ctx: &mut file::DirContext,
    ) -> Result {
        let files = FILES.iter().filter(|file| file.0 == dir.i_ino());
        ctx.dir_emit_all(file, files.map(|f| (f.3, f.1, fs_umode_to_dtype(f.2))))
    }
}

#[vtable]
impl file::Operations for Regular {
    type FileSystem = TinyFs;
    type Private = ();
    const LLSEEK: Option<file::Llseek> = Some(file::Llseek::GENERIC_FILE_LLSEEK);
    const READ_ITER: Option<file::ReadIter> = Some(file::ReadIter::GENERIC_FILE_READ_ITER);
}

#[vtable]
impl address_space::Operations for Regular {
    type FileSystem = TinyFs;
    fn read_folio(folio: LockedFolio<'_, TinyFs>) -> Result {
        let data = folio.host().info().get(folio.folio_pos() as usize..);
        folio.folio_fill_tail(0, data.unwrap_or_default());
        folio.folio_mark_uptodate();
        Ok(())
    }
}

static TINYFS: FileSystemType<TinyFs> = FileSystemType::new(c"tinyfs", 0);
struct Module(#[allow(dead_code)] Registration<TinyFs>);

impl kernel::Module for Module {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        Ok(Self(Registration::new(&TINYFS, c"tinyfs_inode")?))
    }
}
