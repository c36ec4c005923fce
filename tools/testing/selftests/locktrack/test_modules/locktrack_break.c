// SPDX-License-Identifier: GPL-2.0
/*
 * Calls the callbacks of a filesystem without the locks that they are promised.
 *
 * Each case breaks exactly one rule, so that locktrack has to show exactly one
 * violation:
 *
 *	insmod locktrack_break.ko
 *	cd /sys/module/locktrack_break/parameters
 *	cat run					# the cases
 *	echo "unlink-victim /mnt" > run		# a directory on any filesystem
 *
 * A case works in a directory of its own below the given one, where nobody else
 * comes, so that the missing locks harm nobody, and it removes that directory again.
 */

#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/namei.h>
#include <linux/slab.h>

/* It relies on <linux/fs.h>. */
#include <linux/fileattr.h>

#define SCRATCH "locktrack_break"

/* How an object is locked while the callback runs. */
enum how { FREE, SHARED, EXCL };

/* The objects, in the order in which they are locked. */
enum object { DIR, NEW_DIR, SOURCE, TARGET, OBJECTS };

static const unsigned int subclass[OBJECTS] = {
	[DIR] = I_MUTEX_PARENT,
	[NEW_DIR] = I_MUTEX_PARENT2,
	[SOURCE] = I_MUTEX_NORMAL,
	[TARGET] = I_MUTEX_NONDIR2,
};

/*
 * SCRATCH holds file, dir and sub; sub holds file and dir. Names without an
 * inode can be in either of the two.
 */
struct scratch {
	struct mnt_idmap *idmap;
	struct dentry *above;
	struct dentry *top;
	struct dentry *sub;
};

struct test_case;

/* What a case works with. All dentries are references. */
struct call {
	const struct test_case *test;
	struct mnt_idmap *idmap;
	struct dentry *dir;
	struct dentry *new_dir;
	struct dentry *source;
	struct dentry *target;
};

struct test_case {
	const char *name;
	/* What locktrack has to report. */
	const char *op;
	const char *object;
	int (*call)(struct call *call);
	const char *source;
	const char *target;
	enum how how[OBJECTS];
	bool across;
	bool rename_mutex;
	unsigned int flags;
};

/* The calls, with whatever locks the case has taken. */

static int call_lookup(struct call *call)
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
	return dir->i_op->create(call->idmap, dir, call->source, S_IFREG | 0600);
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

static const struct test_case cases[] = {
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

/* Locks. */

static int call_with_locks(struct call *call)
{
	const struct test_case *test = call->test;
	struct dentry *objects[OBJECTS] = {
		[DIR] = call->dir,
		[NEW_DIR] = call->new_dir,
		[SOURCE] = call->source,
		[TARGET] = call->target,
	};
	struct super_block *sb = call->dir->d_sb;
	/* A callback can make the dentry lose its inode; who is locked stays. */
	struct inode *locked[OBJECTS] = {};
	int i, ret;

	if (test->rename_mutex)
		mutex_lock(&sb->s_vfs_rename_mutex);
	for (i = 0; i < OBJECTS; i++) {
		if (test->how[i] == FREE)
			continue;
		locked[i] = igrab(d_inode(objects[i]));
		if (!locked[i])
			continue;
		if (test->how[i] == EXCL)
			inode_lock_nested(locked[i], subclass[i]);
		else
			inode_lock_shared_nested(locked[i], subclass[i]);
	}

	ret = test->call(call);

	for (i = OBJECTS - 1; i >= 0; i--) {
		if (!locked[i])
			continue;
		if (test->how[i] == EXCL)
			inode_unlock(locked[i]);
		else
			inode_unlock_shared(locked[i]);
		iput(locked[i]);
	}
	if (test->rename_mutex)
		mutex_unlock(&sb->s_vfs_rename_mutex);
	return ret;
}

/* The directory that a case works in, made and removed with all locks. */

static struct dentry *find(struct dentry *dir, const char *name)
{
	return lookup_noperm_unlocked(&QSTR(name), dir);
}

static struct dentry *make(struct scratch *scratch, struct dentry *dir, const char *name,
			   umode_t mode)
{
	struct dentry *dentry = start_creating_noperm(dir, &QSTR(name));
	int ret;

	if (IS_ERR(dentry))
		return dentry;
	if (S_ISDIR(mode)) {
		dentry = vfs_mkdir(scratch->idmap, d_inode(dir), dentry, mode, NULL);
	} else {
		ret = vfs_create(scratch->idmap, dentry, mode, NULL);
		if (ret) {
			end_creating(dentry);
			return ERR_PTR(ret);
		}
	}
	/* vfs_mkdir() lets go of a dentry that it failed with, and unlocks its parent. */
	if (IS_ERR(dentry))
		return dentry;
	return end_creating_keep(dentry);
}

static void remove(struct scratch *scratch, struct dentry *dir, const char *name)
{
	struct dentry *dentry = start_removing_noperm(dir, &QSTR(name));
	int ret;

	if (IS_ERR(dentry)) {
		if (PTR_ERR(dentry) != -ENOENT)
			pr_warn("%s is left behind: error %ld\n", name, PTR_ERR(dentry));
		return;
	}
	if (d_is_dir(dentry))
		ret = vfs_rmdir(scratch->idmap, d_inode(dir), dentry, NULL);
	else
		ret = vfs_unlink(scratch->idmap, d_inode(dir), dentry, NULL);
	if (ret)
		pr_warn("%s is left behind: error %d\n", name, ret);
	end_removing(dentry);
}

static void scratch_remove(struct scratch *scratch)
{
	static const char * const names[] = { "file", "dir", "new" };
	int i;

	if (scratch->sub) {
		for (i = 0; i < ARRAY_SIZE(names); i++)
			remove(scratch, scratch->sub, names[i]);
		dput(scratch->sub);
	}
	if (scratch->top) {
		for (i = 0; i < ARRAY_SIZE(names); i++)
			remove(scratch, scratch->top, names[i]);
		if (scratch->sub)
			remove(scratch, scratch->top, "sub");
		dput(scratch->top);
		remove(scratch, scratch->above, SCRATCH);
	}
}

static int scratch_make(struct scratch *scratch, const struct path *path)
{
	const struct {
		struct dentry **dir;
		const char *name;
		umode_t mode;
		struct dentry **keep;
	} entries[] = {
		{ &scratch->above, SCRATCH, S_IFDIR | 0700, &scratch->top },
		{ &scratch->top, "sub", S_IFDIR | 0700, &scratch->sub },
		{ &scratch->top, "file", S_IFREG | 0600 },
		{ &scratch->top, "dir", S_IFDIR | 0700 },
		{ &scratch->sub, "file", S_IFREG | 0600 },
		{ &scratch->sub, "dir", S_IFDIR | 0700 },
	};
	struct dentry *dentry;
	int i;

	*scratch = (struct scratch) {
		.idmap = mnt_idmap(path->mnt),
		.above = path->dentry,
	};
	for (i = 0; i < ARRAY_SIZE(entries); i++) {
		dentry = make(scratch, *entries[i].dir, entries[i].name, entries[i].mode);
		if (IS_ERR(dentry)) {
			scratch_remove(scratch);
			return PTR_ERR(dentry);
		}
		if (entries[i].keep)
			*entries[i].keep = dentry;
		else
			dput(dentry);
	}
	return 0;
}

static int run_in(struct scratch *scratch, const struct test_case *test)
{
	struct call call = {
		.test = test,
		.idmap = scratch->idmap,
		.dir = scratch->top,
		.new_dir = test->across ? scratch->sub : scratch->top,
	};
	int ret;

	if (test->call == call_lookup)
		call.source = d_alloc_parallel(call.dir, &QSTR(test->source));
	else
		call.source = find(call.dir, test->source);
	if (IS_ERR(call.source))
		return PTR_ERR(call.source);
	if (test->target)
		call.target = find(call.new_dir, test->target);
	if (IS_ERR(call.target)) {
		ret = PTR_ERR(call.target);
		goto out_source;
	}
	ret = call_with_locks(&call);
	dput(call.target);
out_source:
	dput(call.source);
	return ret;
}

static int run(const struct test_case *test, const char *name)
{
	struct scratch scratch;
	struct path path;
	int ret;

	ret = kern_path(name, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &path);
	if (ret)
		return ret;
	ret = mnt_want_write(path.mnt);
	if (ret)
		goto out_path;
	ret = scratch_make(&scratch, &path);
	if (!ret) {
		ret = run_in(&scratch, test);
		scratch_remove(&scratch);
	}
	mnt_drop_write(path.mnt);
out_path:
	path_put(&path);
	return ret;
}

/* The parameter. */

static int run_set(const char *value, const struct kernel_param *kp)
{
	char *text, *path, *name;
	int i, ret = -EINVAL;

	text = kstrdup(value, GFP_KERNEL);
	if (!text)
		return -ENOMEM;
	path = strim(text);
	name = strsep(&path, " ");
	for (i = 0; path && i < ARRAY_SIZE(cases); i++) {
		if (!strcmp(cases[i].name, name)) {
			ret = run(&cases[i], path);
			break;
		}
	}
	kfree(text);
	return ret;
}

static int run_get(char *buffer, const struct kernel_param *kp)
{
	int i, length = 0;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		length += scnprintf(buffer + length, PAGE_SIZE - length, "%s %s %s\n",
				    cases[i].name, cases[i].op, cases[i].object);
	return length;
}

static const struct kernel_param_ops run_ops = {
	.set = run_set,
	.get = run_get,
};

module_param_cb(run, &run_ops, NULL, 0600);
MODULE_PARM_DESC(run, "CASE DIRECTORY: break the rule of CASE on the filesystem of DIRECTORY; read for the cases");

static int __init locktrack_break_init(void)
{
	return 0;
}
module_init(locktrack_break_init);

static void __exit locktrack_break_exit(void)
{
}
module_exit(locktrack_break_exit);

MODULE_AUTHOR("The samplefs and locktrack authors");
MODULE_DESCRIPTION("Breaks the lock rules of filesystem callbacks, one at a time");
MODULE_LICENSE("GPL");
