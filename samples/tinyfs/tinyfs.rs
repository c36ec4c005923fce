// SPDX-License-Identifier: GPL-2.0

//! tinyfs, your first filesystem. Documentation/first_filesystem.rst walks through it.

use kernel::{prelude::*, sync::aref::ARef};
use vfs::{address_space, file, folio::LockedFolio, fs_context, inode, inode::New, prelude::*, sb};

module! {
    type: Module,
    name: "tinyfs",
    description: "A first filesystem: read-only, from a table",
    license: "GPL",
}

/// The names and the contents of all files. The root has the number 1, they have those from 2 on.
const FILES: [(&[u8], &[u8]); 2] = [
    (b"hello", b"Hello, world!\n"),
    (b"source", include_bytes!("tinyfs.rs")),
];

#[derive(Default)]
struct TinyFs;
struct Dir;
struct Regular;
type NewSb<'a> = sb::New<'a, TinyFs>;

impl FileSystem for TinyFs {
    type SbInfo = ();
    type InodeInfo = &'static [u8];
    type Guarded = ();
    type Super = TinyFs;
}

fn new(sb: &SuperBlock<TinyFs>, ino: u64, mode: Mode, data: &'static [u8]) -> Result<New<TinyFs>> {
    let mut new = New::new_inode(sb, Ok(data), ())?;
    new.set_i_ino(ino);
    new.set_owner(Kuid::GLOBAL_ROOT, Kgid::GLOBAL_ROOT, mode);
    new.set_i_size(data.len() as i64);
    Ok(new)
}

#[vtable]
impl fs_context::Operations for TinyFs {
    type FileSystem = TinyFs;
    const READ_ONLY: bool = true;

    fn fill_super(&mut self, _: &FsContext<'_>, mut sb: NewSb<'_>) -> Result<ARef<Inode<Self>>> {
        sb.set_s_magic(0x7469_6e79).set_s_blocksize_to_page();
        let root = new(&*sb.init(Ok(()))?, 1, S_IFDIR | 0o555, b"")?;
        root.directory(inode::Ops::of::<Dir>(), file::Ops::of::<Dir>())
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
        let mut files = (2..).zip(FILES);
        let Some((ino, (_, data))) = files.find(|(_, (name, _))| *name == dentry.name()) else {
            return dentry.d_add(None);
        };
        let new = new(dir.sb(), ino, S_IFREG | 0o444, data)?;
        let (i_op, i_fop) = (inode::Ops::NONE, file::Ops::of::<Regular>());
        let inode = new.regular(i_op, i_fop, address_space::Ops::of::<Regular>())?;
        dentry.d_add(Some(inode))
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
        _dir: &Locked<'_, Inode<TinyFs>, Shared>,
        ctx: &mut file::DirContext,
    ) -> Result {
        ctx.dir_emit_all(
            file,
            (2..).zip(FILES).map(|(ino, (name, _))| (name, ino, DT_REG)),
        )
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
