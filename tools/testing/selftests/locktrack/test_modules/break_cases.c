// SPDX-License-Identifier: GPL-2.0
/* The cases of locktrack_break.ko: which callback each calls, with whatever locks it has taken. */

#include <linux/fs.h>

/* It relies on <linux/fs.h>. */
#include <linux/fileattr.h>

#include "break.h"
#include "since_v7_3.h"

int call_lookup(struct call *call)
{
	struct inode *dir = d_inode(call->dir);
	struct dentry *found;

	/* d_alloc_parallel() gave a dentry that nobody has looked up yet. */
	found = dir->i_op->lookup(dir, call->source, 0);
	d_lookup_done(call->source);
	if (IS_ERR(found))
		return PTR_ERR(found);
	dput(found);
	return 0;
}

static int call_create(struct call *call)
{
	struct inode *dir = d_inode(call->dir);

	if (!dir->i_op->create)
		return -EOPNOTSUPP;
	return inode_create(call->idmap, dir, call->source, S_IFREG | 0600);
}

static int call_mkdir(struct call *call)
{
	struct inode *dir = d_inode(call->dir);
	struct dentry *made;

	if (!dir->i_op->mkdir)
		return -EOPNOTSUPP;
	made = dir->i_op->mkdir(call->idmap, dir, call->source, S_IFDIR | 0700);
	if (IS_ERR(made))
		return PTR_ERR(made);
	dput(made);
	return 0;
}

static int call_mknod(struct call *call)
{
	struct inode *dir = d_inode(call->dir);

	if (!dir->i_op->mknod)
		return -EOPNOTSUPP;
	return dir->i_op->mknod(call->idmap, dir, call->source, S_IFIFO | 0600, 0);
}

static int call_symlink(struct call *call)
{
	struct inode *dir = d_inode(call->dir);

	if (!dir->i_op->symlink)
		return -EOPNOTSUPP;
	return dir->i_op->symlink(call->idmap, dir, call->source, "nowhere");
}

static int call_link(struct call *call)
{
	struct inode *dir = d_inode(call->dir);

	if (!dir->i_op->link)
		return -EOPNOTSUPP;
	return dir->i_op->link(call->source, dir, call->target);
}

static int call_unlink(struct call *call)
{
	struct inode *dir = d_inode(call->dir);
	int ret;

	if (!dir->i_op->unlink)
		return -EOPNOTSUPP;
	ret = dir->i_op->unlink(dir, call->source);
	if (!ret)
		d_delete(call->source);
	return ret;
}

static int call_rmdir(struct call *call)
{
	struct inode *dir = d_inode(call->dir);
	int ret;

	if (!dir->i_op->rmdir)
		return -EOPNOTSUPP;
	ret = dir->i_op->rmdir(dir, call->source);
	if (!ret) {
		d_inode(call->source)->i_flags |= S_DEAD;
		d_delete(call->source);
	}
	return ret;
}

static int call_rename(struct call *call)
{
	struct inode *dir = d_inode(call->dir);
	int ret;

	if (!dir->i_op->rename)
		return -EOPNOTSUPP;
	ret = dir->i_op->rename(call->idmap, dir, call->source, d_inode(call->new_dir),
				call->target, call->test->flags);
	if (ret || dir->i_sb->s_type->fs_flags & FS_RENAME_DOES_D_MOVE)
		return ret;
	if (call->test->flags & RENAME_EXCHANGE)
		d_exchange(call->source, call->target);
	else
		d_move(call->source, call->target);
	return 0;
}

static int call_setattr(struct call *call)
{
	struct inode *inode = d_inode(call->source);
	struct iattr attr = {
		.ia_valid = ATTR_MODE | ATTR_CTIME,
		.ia_mode = inode->i_mode,
	};

	if (!inode->i_op->setattr)
		return -EOPNOTSUPP;
	return inode->i_op->setattr(call->idmap, call->source, &attr);
}

static int call_fileattr_set(struct call *call)
{
	struct inode *inode = d_inode(call->source);
	struct file_kattr fa = {};
	int ret;

	if (!inode->i_op->fileattr_get || !inode->i_op->fileattr_set)
		return -EOPNOTSUPP;
	fa.flags_valid = true;
	ret = inode->i_op->fileattr_get(call->source, &fa);
	if (ret)
		return ret;
	return inode->i_op->fileattr_set(call->idmap, call->source, &fa);
}

/* The cases. */

#define CREATE(op)								\
	{ #op, #op, "dir", call_##op, "new", .how = { FREE } },			\
	{ #op "-shared", #op, "dir", call_##op, "new", .how = { SHARED } }

#define REMOVE(op, name)							\
	{ #op "-dir", #op, "dir", call_##op, name,				\
	  .how = { FREE, FREE, EXCL } },					\
	{ #op "-dir-shared", #op, "dir", call_##op, name,			\
	  .how = { SHARED, FREE, EXCL } },					\
	{ #op "-victim", #op, "victim", call_##op, name,			\
	  .how = { EXCL, FREE, FREE } },					\
	{ #op "-victim-shared", #op, "victim", call_##op, name,			\
	  .how = { EXCL, FREE, SHARED } }

#define ATTRIBUTE(op)								\
	{ #op, #op, "inode", call_##op, "file", .how = { FREE } },		\
	{ #op "-shared", #op, "inode", call_##op, "file",			\
	  .how = { FREE, FREE, SHARED } }

/* One from SCRATCH to sub; a macro's last arguments are the locks. */
#define ACROSS(case_name, object, from, to, mutex, rename_flags, ...)		\
	{ "rename-" case_name, "rename", object, call_rename, from, to,		\
	  .across = true, .rename_mutex = mutex, .flags = rename_flags,		\
	  .how = { __VA_ARGS__ } }

const struct test_case break_cases[] = {
	{ "lookup", "lookup", "dir", call_lookup, "new", .how = { FREE } },
	CREATE(create),
	CREATE(mkdir),
	CREATE(mknod),
	CREATE(symlink),
	{ "link-dir", "link", "dir", call_link, "file", "new",
	  .how = { FREE, FREE, EXCL } },
	{ "link-dir-shared", "link", "dir", call_link, "file", "new",
	  .how = { SHARED, FREE, EXCL } },
	{ "link-inode", "link", "inode", call_link, "file", "new",
	  .how = { EXCL, FREE, FREE } },
	{ "link-inode-shared", "link", "inode", call_link, "file", "new",
	  .how = { EXCL, FREE, SHARED } },
	REMOVE(unlink, "file"),
	REMOVE(rmdir, "dir"),
	ATTRIBUTE(setattr),
	ATTRIBUTE(fileattr_set),
	ACROSS("mutex", "sb", "file", "new", false, 0, EXCL, EXCL, EXCL),
	ACROSS("old_dir", "old_dir", "file", "new", true, 0, FREE, EXCL, EXCL),
	ACROSS("old_dir-shared", "old_dir", "file", "new", true, 0, SHARED, EXCL, EXCL),
	ACROSS("new_dir", "new_dir", "file", "new", true, 0, EXCL, FREE, EXCL),
	ACROSS("new_dir-shared", "new_dir", "file", "new", true, 0, EXCL, SHARED, EXCL),
	ACROSS("source", "source", "file", "new", true, 0, EXCL, EXCL, FREE),
	ACROSS("source-shared", "source", "file", "new", true, 0, EXCL, EXCL, SHARED),
	{ "rename-source-same-dir", "rename", "source", call_rename, "file", "new",
	  .how = { EXCL, FREE, FREE } },
	ACROSS("moved-dir", "source", "dir", "new", true, 0, EXCL, EXCL, FREE),
	ACROSS("moved-dir-shared", "source", "dir", "new", true, 0, EXCL, EXCL, SHARED),
	ACROSS("target", "target", "file", "file", true, 0, EXCL, EXCL, EXCL, FREE),
	ACROSS("target-shared", "target", "file", "file", true, 0, EXCL, EXCL, EXCL, SHARED),
	ACROSS("target-dir", "target", "dir", "dir", true, 0, EXCL, EXCL, EXCL, FREE),
	ACROSS("exchange-source", "source", "file", "file", true, RENAME_EXCHANGE,
	       EXCL, EXCL, FREE, EXCL),
	ACROSS("exchange-target", "target", "file", "file", true, RENAME_EXCHANGE,
	       EXCL, EXCL, EXCL, FREE),
	ACROSS("exchange-source-dir", "source", "dir", "dir", true, RENAME_EXCHANGE,
	       EXCL, EXCL, FREE, EXCL),
	ACROSS("exchange-target-dir", "target", "dir", "dir", true, RENAME_EXCHANGE,
	       EXCL, EXCL, EXCL, FREE),
};

const unsigned int break_cases_count = ARRAY_SIZE(break_cases);
