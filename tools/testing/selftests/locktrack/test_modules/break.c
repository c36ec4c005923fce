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

#include "break.h"

#define SCRATCH "locktrack_break"

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
	for (i = 0; path && i < break_cases_count; i++) {
		if (!strcmp(break_cases[i].name, name)) {
			ret = run(&break_cases[i], path);
			break;
		}
	}
	kfree(text);
	return ret;
}

static int run_get(char *buffer, const struct kernel_param *kp)
{
	int i, length = 0;

	for (i = 0; i < break_cases_count; i++)
		length += scnprintf(buffer + length, PAGE_SIZE - length, "%s %s %s\n",
				    break_cases[i].name, break_cases[i].op, break_cases[i].object);
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
