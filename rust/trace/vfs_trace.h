/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a filesystem is asked for, and what it answers: events/SAMPLEFS/ and so on.
 *
 * They are the same for all filesystems of the crate vfs, which calls them where C calls the
 * callback of that name. To add one, define it here and declare it in rust/vfs/trace.rs.
 */

/* The name of the filesystem, from Kbuild. */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM VFS_TRACE_SYSTEM

#if !defined(_VFS_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _VFS_TRACE_H

#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/kdev_t.h>
#include <linux/pagemap.h>
#include <linux/tracepoint.h>
#include <linux/writeback.h>

/* A name in a directory. `ino` is 0 if there is no such name. */
DECLARE_EVENT_CLASS(vfs_name,
	TP_PROTO(struct inode *dir, struct dentry *dentry, int ret),
	TP_ARGS(dir, dentry, ret),
	TP_STRUCT__entry(
		__field(dev_t, dev)
		__field(int, ret)
		__field(u64, dir)
		__field(u64, ino)
		__string_len(name, dentry->d_name.name, dentry->d_name.len)
	),
	TP_fast_assign(
		__entry->dev = dir->i_sb->s_dev;
		__entry->ret = ret;
		__entry->dir = dir->i_ino;
		__entry->ino = d_really_is_positive(dentry) ? d_inode(dentry)->i_ino : 0;
		__assign_str(name);
	),
	TP_printk("dev %d:%d dir %llu name %s ino %llu ret %d",
		  MAJOR(__entry->dev), MINOR(__entry->dev), __entry->dir, __get_str(name),
		  __entry->ino, __entry->ret)
);

#define DEFINE_NAME_EVENT(name)						\
	DEFINE_EVENT(vfs_name, name,					\
		TP_PROTO(struct inode *dir, struct dentry *dentry, int ret), \
		TP_ARGS(dir, dentry, ret))

DEFINE_NAME_EVENT(lookup);
DEFINE_NAME_EVENT(create);
DEFINE_NAME_EVENT(link);
DEFINE_NAME_EVENT(unlink);
DEFINE_NAME_EVENT(symlink);
DEFINE_NAME_EVENT(mkdir);
DEFINE_NAME_EVENT(rmdir);
DEFINE_NAME_EVENT(mknod);

TRACE_EVENT(rename,
	TP_PROTO(struct inode *old_dir, struct dentry *old_dentry, struct inode *new_dir,
		 struct dentry *new_dentry, unsigned int flags, int ret),
	TP_ARGS(old_dir, old_dentry, new_dir, new_dentry, flags, ret),
	TP_STRUCT__entry(
		__field(dev_t, dev)
		__field(unsigned int, flags)
		__field(int, ret)
		__field(u64, old_dir)
		__field(u64, new_dir)
		__field(u64, ino)
		__string_len(old_name, old_dentry->d_name.name, old_dentry->d_name.len)
		__string_len(new_name, new_dentry->d_name.name, new_dentry->d_name.len)
	),
	TP_fast_assign(
		__entry->dev = old_dir->i_sb->s_dev;
		__entry->flags = flags;
		__entry->ret = ret;
		__entry->old_dir = old_dir->i_ino;
		__entry->new_dir = new_dir->i_ino;
		__entry->ino = d_inode(old_dentry)->i_ino;
		__assign_str(old_name);
		__assign_str(new_name);
	),
	TP_printk("dev %d:%d dir %llu name %s new_dir %llu new_name %s ino %llu flags %#x ret %d",
		  MAJOR(__entry->dev), MINOR(__entry->dev), __entry->old_dir,
		  __get_str(old_name), __entry->new_dir, __get_str(new_name), __entry->ino,
		  __entry->flags, __entry->ret)
);

/* `ino` is the new file's; 0 if there is none. */
TRACE_EVENT(tmpfile,
	TP_PROTO(struct inode *dir, struct file *file, umode_t mode, int ret),
	TP_ARGS(dir, file, mode, ret),
	TP_STRUCT__entry(
		__field(dev_t, dev)
		__field(umode_t, mode)
		__field(int, ret)
		__field(u64, dir)
		__field(u64, ino)
	),
	TP_fast_assign(
		__entry->dev = dir->i_sb->s_dev;
		__entry->mode = mode;
		__entry->ret = ret;
		__entry->dir = dir->i_ino;
		__entry->ino = ret ? 0 : d_inode(file->f_path.dentry)->i_ino;
	),
	TP_printk("dev %d:%d dir %llu ino %llu mode %#o ret %d",
		  MAJOR(__entry->dev), MINOR(__entry->dev), __entry->dir, __entry->ino,
		  __entry->mode, __entry->ret)
);

/* `valid` is what was to be set, ATTR_*. */
TRACE_EVENT(setattr,
	TP_PROTO(struct inode *inode, struct iattr *attr, int ret),
	TP_ARGS(inode, attr, ret),
	TP_STRUCT__entry(
		__field(dev_t, dev)
		__field(unsigned int, valid)
		__field(int, ret)
		__field(u64, ino)
		__field(loff_t, size)
	),
	TP_fast_assign(
		__entry->dev = inode->i_sb->s_dev;
		__entry->valid = attr->ia_valid;
		__entry->ret = ret;
		__entry->ino = inode->i_ino;
		__entry->size = i_size_read(inode);
	),
	TP_printk("dev %d:%d ino %llu valid %#x size %lld ret %d",
		  MAJOR(__entry->dev), MINOR(__entry->dev), __entry->ino, __entry->valid,
		  __entry->size, __entry->ret)
);

TRACE_EVENT(evict_inode,
	TP_PROTO(struct inode *inode),
	TP_ARGS(inode),
	TP_STRUCT__entry(
		__field(dev_t, dev)
		__field(unsigned int, nlink)
		__field(u64, ino)
		__field(loff_t, size)
	),
	TP_fast_assign(
		__entry->dev = inode->i_sb->s_dev;
		__entry->nlink = inode->i_nlink;
		__entry->ino = inode->i_ino;
		__entry->size = i_size_read(inode);
	),
	TP_printk("dev %d:%d ino %llu nlink %u size %lld",
		  MAJOR(__entry->dev), MINOR(__entry->dev), __entry->ino, __entry->nlink,
		  __entry->size)
);

TRACE_EVENT(fallocate,
	TP_PROTO(struct file *file, int mode, loff_t pos, loff_t len, int ret),
	TP_ARGS(file, mode, pos, len, ret),
	TP_STRUCT__entry(
		__field(dev_t, dev)
		__field(int, mode)
		__field(int, ret)
		__field(u64, ino)
		__field(loff_t, pos)
		__field(loff_t, len)
	),
	TP_fast_assign(
		__entry->dev = file_inode(file)->i_sb->s_dev;
		__entry->mode = mode;
		__entry->ret = ret;
		__entry->ino = file_inode(file)->i_ino;
		__entry->pos = pos;
		__entry->len = len;
	),
	TP_printk("dev %d:%d ino %llu pos %lld len %lld mode %#x ret %d",
		  MAJOR(__entry->dev), MINOR(__entry->dev), __entry->ino, __entry->pos,
		  __entry->len, __entry->mode, __entry->ret)
);

/* These two are told before they are done: the folios are others' afterwards. */
TRACE_EVENT(read_folio,
	TP_PROTO(struct folio *folio),
	TP_ARGS(folio),
	TP_STRUCT__entry(
		__field(dev_t, dev)
		__field(u64, ino)
		__field(loff_t, pos)
		__field(size_t, len)
	),
	TP_fast_assign(
		__entry->dev = folio->mapping->host->i_sb->s_dev;
		__entry->ino = folio->mapping->host->i_ino;
		__entry->pos = folio_pos(folio);
		__entry->len = folio_size(folio);
	),
	TP_printk("dev %d:%d ino %llu pos %lld len %zu",
		  MAJOR(__entry->dev), MINOR(__entry->dev), __entry->ino, __entry->pos,
		  __entry->len)
);

TRACE_EVENT(readahead,
	TP_PROTO(struct readahead_control *rac),
	TP_ARGS(rac),
	TP_STRUCT__entry(
		__field(dev_t, dev)
		__field(u64, ino)
		__field(loff_t, pos)
		__field(size_t, len)
	),
	TP_fast_assign(
		__entry->dev = rac->mapping->host->i_sb->s_dev;
		__entry->ino = rac->mapping->host->i_ino;
		__entry->pos = readahead_pos(rac);
		__entry->len = readahead_length(rac);
	),
	TP_printk("dev %d:%d ino %llu pos %lld len %zu",
		  MAJOR(__entry->dev), MINOR(__entry->dev), __entry->ino, __entry->pos,
		  __entry->len)
);

/* `left` is how many pages of what was to be written are not. */
TRACE_EVENT(writepages,
	TP_PROTO(struct address_space *mapping, struct writeback_control *wbc, int ret),
	TP_ARGS(mapping, wbc, ret),
	TP_STRUCT__entry(
		__field(dev_t, dev)
		__field(int, sync)
		__field(int, ret)
		__field(u64, ino)
		__field(loff_t, start)
		__field(loff_t, end)
		__field(long, left)
	),
	TP_fast_assign(
		__entry->dev = mapping->host->i_sb->s_dev;
		__entry->sync = wbc->sync_mode == WB_SYNC_ALL;
		__entry->ret = ret;
		__entry->ino = mapping->host->i_ino;
		__entry->start = wbc->range_start;
		__entry->end = wbc->range_end;
		__entry->left = wbc->nr_to_write;
	),
	TP_printk("dev %d:%d ino %llu start %lld end %lld left %ld sync %d ret %d",
		  MAJOR(__entry->dev), MINOR(__entry->dev), __entry->ino, __entry->start,
		  __entry->end, __entry->left, __entry->sync, __entry->ret)
);

#endif /* _VFS_TRACE_H */

/* This is outside of the guard. */
#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE vfs_trace
#include <trace/define_trace.h>
