// SPDX-License-Identifier: GPL-2.0
/* Inline functions and macros of entries that the vfs crate calls. */

#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/spinlock.h>
#include <linux/string.h>

bool rust_helper_d_can_lookup(const struct dentry *dentry)
{
	return d_can_lookup(dentry);
}

bool rust_helper_inode_has_alias(struct inode *inode)
{
	bool has;

	spin_lock(&inode->i_lock);
	has = !hlist_empty(&inode->i_dentry);
	spin_unlock(&inode->i_lock);
	return has;
}

/* Nobody renames the entry while its d_lock is held, which only inline functions take. */
bool rust_helper_d_name_is(struct dentry *dentry, const unsigned char *name, size_t len)
{
	bool same;

	spin_lock(&dentry->d_lock);
	same = dentry->d_name.len == len && !memcmp(dentry->d_name.name, name, len);
	spin_unlock(&dentry->d_lock);
	return same;
}
