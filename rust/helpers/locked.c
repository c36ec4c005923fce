// SPDX-License-Identifier: GPL-2.0
/* What tokens assert, with CONFIG_PROVE_LOCKING. */

#include <linux/bug.h>
#include <linux/fs.h>
#include <linux/lockdep.h>
#include <linux/pagemap.h>

void rust_helper_s_vfs_rename_mutex_assert_held(struct super_block *sb)
{
	lockdep_assert_held(&sb->s_vfs_rename_mutex);
}

/* A dentry whose name must not change. */
void rust_helper_d_parent_assert_exclusive(struct dentry *dentry)
{
	lockdep_assert_held_write(&dentry->d_parent->d_inode->i_rwsem);
}

/* The lock of a folio is a bit that lockdep does not know: somebody has it. */
void rust_helper_folio_assert_locked(struct folio *folio)
{
	WARN_ON_ONCE(!folio_test_locked(folio));
}
