// SPDX-License-Identifier: GPL-2.0
/*
 * Cancels a request for a POSIX lock of a file, as lockd and nfsd do: that is nothing that
 * a process can ask for. Fails to load with EALREADY if there is a lock afterwards.
 */
#include <linux/filelock.h>
#include <linux/fs.h>
#include <linux/module.h>

static char *path;
module_param(path, charp, 0);
MODULE_PARM_DESC(path, "The file, which nobody has locked");

static int __init cancel_lock_init(void)
{
	struct file *file = filp_open(path, O_RDWR, 0);
	struct file_lock fl;
	int ret;

	if (IS_ERR(file))
		return PTR_ERR(file);
	locks_init_lock(&fl);
	fl.c.flc_file = file;
	fl.c.flc_owner = file;
	fl.c.flc_pid = current->tgid;
	fl.c.flc_flags = FL_POSIX;
	fl.c.flc_type = F_WRLCK;
	fl.fl_end = OFFSET_MAX;
	ret = vfs_cancel_lock(file, &fl);
	if (!ret && vfs_inode_has_locks(file_inode(file)))
		ret = -EALREADY;
	locks_remove_posix(file, file);
	locks_release_private(&fl);
	filp_close(file, NULL);
	return ret;
}
module_init(cancel_lock_init);

static void __exit cancel_lock_exit(void)
{
}
module_exit(cancel_lock_exit);

MODULE_DESCRIPTION("Cancels a request for a lock");
MODULE_LICENSE("GPL");
