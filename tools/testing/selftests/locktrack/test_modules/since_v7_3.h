/* SPDX-License-Identifier: GPL-2.0 */
/* What kernels before v7.3 have otherwise. */

#ifndef _SINCE_V7_3_H
#define _SINCE_V7_3_H

#include <linux/fs.h>
#include <linux/version.h>

/* ->create() was also told whether O_EXCL was given. */
static inline int inode_create(struct mnt_idmap *idmap, struct inode *dir, struct dentry *dentry,
			       umode_t mode)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(7, 3, 0)
	return dir->i_op->create(idmap, dir, dentry, mode, true);
#else
	return dir->i_op->create(idmap, dir, dentry, mode);
#endif
}

#endif
