// SPDX-License-Identifier: GPL-2.0
/*
 * A filesystem whose callbacks break their own side of a rule: they return with the
 * wrong lock, or sleep where they must not. And a caller that comes where a callback
 * must not sleep.
 *
 *	insmod locktrack_return.ko
 *	mount -t locktrack_return none /mnt
 *	cd /sys/module/locktrack_return/parameters
 *	cat run					# the cases
 *	echo "write_end /mnt" > run		# the mounted directory
 *	echo "keep-write_end /mnt" > run	# the same call, with the rule kept
 *
 * Each case calls one callback of a file, directly, and undoes afterwards what the
 * callback did wrong, so that it harms nobody. Otherwise the callbacks do as they should.
 */

#include <linux/module.h>
#include <linux/namei.h>
#include <linux/slab.h>

#include "returnfs.h"

static DEFINE_MUTEX(current_lock);

static int run(const struct test_case *test, bool keep, const char *name)
{
	struct call call = { .test = test };
	struct path dir;
	int ret;

	ret = kern_path(name, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &dir);
	if (ret)
		return ret;
	ret = -EINVAL;
	if (dir.dentry->d_sb->s_type != &returnfs_type)
		goto out_dir;
	ret = vfs_path_lookup(dir.dentry, dir.mnt, test->file ?: "file", 0, &call.path);
	if (ret)
		goto out_dir;
	call.inode = d_inode(call.path.dentry);
	ret = returnfs_call(&call, keep);
	path_put(&call.path);
out_dir:
	path_put(&dir);
	return ret;
}

static int run_set(const char *value, const struct kernel_param *kp)
{
	char *text, *path, *name;
	int i, ret = -EINVAL;
	bool keep;

	text = kstrdup(value, GFP_KERNEL);
	if (!text)
		return -ENOMEM;
	path = strim(text);
	name = strsep(&path, " ");
	keep = !strncmp(name, "keep-", 5);
	if (keep)
		name += 5;
	mutex_lock(&current_lock);
	for (i = 0; path && i < returnfs_cases_count; i++) {
		if (!strcmp(returnfs_cases[i].name, name)) {
			ret = run(&returnfs_cases[i], keep, path);
			break;
		}
	}
	mutex_unlock(&current_lock);
	kfree(text);
	return ret;
}

static int run_get(char *buffer, const struct kernel_param *kp)
{
	int i, length = 0;

	for (i = 0; i < returnfs_cases_count; i++)
		length += scnprintf(buffer + length, PAGE_SIZE - length, "%s %s %s %s\n",
				    returnfs_cases[i].name, returnfs_cases[i].callback, returnfs_cases[i].object,
				    returnfs_cases[i].lock);
	return length;
}

static const struct kernel_param_ops run_ops = {
	.set = run_set,
	.get = run_get,
};

module_param_cb(run, &run_ops, NULL, 0600);
MODULE_PARM_DESC(run, "CASE DIRECTORY: break the rule of CASE on the file in DIRECTORY, where locktrack_return is mounted; read for the cases");

module_param_named(sleep_ms, returnfs_sleep_ms, uint, 0600);
MODULE_PARM_DESC(sleep_ms, "How many milliseconds a callback sleeps");

static int __init locktrack_return_init(void)
{
	return register_filesystem(&returnfs_type);
}
module_init(locktrack_return_init);

static void __exit locktrack_return_exit(void)
{
	unregister_filesystem(&returnfs_type);
	/* Inodes that wait to be freed come back into this module. */
	rcu_barrier();
}
module_exit(locktrack_return_exit);

MODULE_AUTHOR("The samplefs and locktrack authors");
MODULE_DESCRIPTION("A filesystem that breaks lock rules at the return of callbacks, and by sleeping");
MODULE_LICENSE("GPL");
