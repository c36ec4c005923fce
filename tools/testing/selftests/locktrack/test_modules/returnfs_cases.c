// SPDX-License-Identifier: GPL-2.0
/* The cases of locktrack_return.ko: how each calls its callback, and undoes what that did wrong. */

#include <linux/fs_context.h>
#include <linux/mount.h>
#include <linux/namei.h>

#include "returnfs.h"
#include "sleep.h"

/* Keeping the rule would take the superblock or the inode away from under its users. */
static int keep_nothing(struct call *call)
{
	return -EOPNOTSUPP;
}

static int call_kill_sb(struct call *call)
{
	struct super_block *sb = call->inode->i_sb;

	down_write(&sb->s_umount);
	sb->s_type->kill_sb(sb);
	up_write(&sb->s_umount);
	return 0;
}

static int call_get_tree(struct call *call)
{
	struct fs_context *fc = fs_context_for_mount(&returnfs_type, 0);
	struct super_block *sb;
	int ret;

	if (IS_ERR(fc))
		return PTR_ERR(fc);
	ret = fc->ops->get_tree(fc);
	if (!ret) {
		sb = fc->root->d_sb;
		dput(fc->root);
		fc->root = NULL;
		if (returnfs_breaks("get_tree"))
			down_write(&sb->s_umount);
		deactivate_locked_super(sb);
	}
	put_fs_context(fc);
	return ret;
}

static int call_permission(struct call *call)
{
	return call->inode->i_op->permission(mnt_idmap(call->path.mnt), call->inode,
					     MAY_READ | MAY_NOT_BLOCK);
}

static int call_d_revalidate(struct call *call)
{
	struct dentry *dentry = call->path.dentry;
	unsigned int flags = returnfs_breaks("d_revalidate-allowed") ? 0 : LOOKUP_RCU;

	return dentry->d_op->d_revalidate(d_inode(dentry->d_parent), &dentry->d_name, dentry,
					  flags) ? 0 : -ESTALE;
}

static int call_d_hash(struct call *call)
{
	struct qstr name = QSTR("file");

	return call->path.dentry->d_op->d_hash(call->path.dentry, &name);
}

static int call_d_compare(struct call *call)
{
	struct dentry *dentry = call->path.dentry;

	return dentry->d_op->d_compare(dentry, 4, "file", &QSTR("file"));
}

static int call_d_delete(struct call *call)
{
	return call->path.dentry->d_op->d_delete(call->path.dentry);
}

static int call_d_delete_atomic(struct call *call)
{
	int ret;

	preempt_disable();
	ret = call_d_delete(call);
	preempt_enable();
	return ret;
}

static int call_d_delete_between(struct call *call)
{
	int ret = call_d_delete(call);

	sleep_once(1);
	return call_d_delete(call) | ret;
}

static noinline int other_d_delete(const struct dentry *dentry)
{
	sleep_once(1);
	return 0;
}

/* The second call is made from the same place as the first, of a function that is no callback. */
static int call_d_delete_other(struct call *call)
{
	int (*functions[])(const struct dentry *dentry) = {
		call->path.dentry->d_op->d_delete,
		other_d_delete,
	};
	int ret = 0;

#pragma GCC unroll 1
	for (int i = 0; i < ARRAY_SIZE(functions); i++)
		ret |= READ_ONCE(functions[i])(call->path.dentry);
	return ret;
}

static int call_d_prune(struct call *call)
{
	call->path.dentry->d_op->d_prune(call->path.dentry);
	return 0;
}

static int call_d_dname(struct call *call)
{
	char buffer[8];

	call->path.dentry->d_op->d_dname(call->path.dentry, buffer, sizeof(buffer));
	return 0;
}

static int call_d_manage(struct call *call)
{
	return call->path.dentry->d_op->d_manage(&call->path, true);
}

static int call_d_unalias_trylock(struct call *call)
{
	call->path.dentry->d_op->d_unalias_trylock(call->path.dentry);
	return 0;
}

static int call_d_unalias_unlock(struct call *call)
{
	call->path.dentry->d_op->d_unalias_unlock(call->path.dentry);
	return 0;
}

static int call_drop_inode(struct call *call)
{
	call->inode->i_sb->s_op->drop_inode(call->inode);
	return 0;
}

static int call_free_inode(struct call *call)
{
	call->inode->i_sb->s_op->free_inode(call->inode);
	return 0;
}

static int call_getattr(struct call *call)
{
	struct kstat stat;

	return call->inode->i_op->getattr(mnt_idmap(call->path.mnt), &call->path, &stat,
					  STATX_BASIC_STATS, 0);
}

static int call_getattr_preempt(struct call *call)
{
	int ret;

	preempt_disable();
	ret = call_getattr(call);
	preempt_enable();
	return ret;
}

static int call_getattr_irqs(struct call *call)
{
	int ret;

	local_irq_disable();
	ret = call_getattr(call);
	local_irq_enable();
	return ret;
}

static int call_getattr_softirq(struct call *call)
{
	int ret;

	local_bh_disable();
	ret = call_getattr(call);
	local_bh_enable();
	return ret;
}

static int call_getattr_rcu(struct call *call)
{
	int ret;

	rcu_read_lock();
	ret = call_getattr(call);
	rcu_read_unlock();
	return ret;
}

static int call_getattr_spinlock(struct call *call)
{
	int ret;

	spin_lock(&call->path.dentry->d_lock);
	ret = call_getattr(call);
	spin_unlock(&call->path.dentry->d_lock);
	return ret;
}

/* The cases. */

#define FOLIO(op)	{ #op, "address_space_operations." #op, "folio", "PG_locked", call_##op }
#define PAGE(op)	{ #op, "vm_operations_struct." #op, "page", "PG_locked", call_##op }
#define SLEEP(table, op) { #op, #table "." #op, "-", "sleep", call_##op }
#define ATOMIC(how)	{ "getattr-" #how, "inode_operations.getattr", "-", "sleep",	\
			  call_getattr_##how, call_getattr }

const struct test_case returnfs_cases[] = {
	FOLIO(read_folio),
	FOLIO(write_begin),
	FOLIO(write_end),
	FOLIO(invalidate_folio),
	FOLIO(release_folio),
	{ "migrate_folio-dst", "address_space_operations.migrate_folio", "dst", "PG_locked",
	  call_migrate_folio },
	{ "migrate_folio-src", "address_space_operations.migrate_folio", "src", "PG_locked",
	  call_migrate_folio },
	FOLIO(launder_folio),
	FOLIO(is_partially_uptodate),
	FOLIO(error_remove_folio),
	PAGE(fault),
	PAGE(page_mkwrite),
	{ "kill_sb", "file_system_type.kill_sb", "sb", "s_umount", call_kill_sb,
	  keep_nothing },
	{ "get_tree", "file_system_type.get_tree", "sb", "s_umount", call_get_tree },
	SLEEP(inode_operations, permission),
	SLEEP(dentry_operations, d_revalidate),
	SLEEP(dentry_operations, d_hash),
	SLEEP(dentry_operations, d_compare),
	SLEEP(dentry_operations, d_delete),
	{ "d_delete-twice", "dentry_operations.d_delete", "-", "sleep", call_d_delete },
	{ "d_delete-preempted", "dentry_operations.d_delete", "-", "sleep", call_d_delete },
	{ "d_delete-atomic", "dentry_operations.d_delete", "-", "sleep", call_d_delete_atomic },
	SLEEP(dentry_operations, d_prune),
	SLEEP(dentry_operations, d_dname),
	SLEEP(dentry_operations, d_manage),
	SLEEP(dentry_operations, d_unalias_trylock),
	SLEEP(dentry_operations, d_unalias_unlock),
	SLEEP(super_operations, drop_inode),
	{ "free_inode", "super_operations.free_inode", "-", "sleep", call_free_inode,
	  keep_nothing },
	SLEEP(address_space_operations, dirty_folio),
	SLEEP(vm_operations_struct, map_pages),
	ATOMIC(preempt),
	ATOMIC(irqs),
	ATOMIC(softirq),
	ATOMIC(rcu),
	ATOMIC(spinlock),
	/* These break the rules of two callbacks at once. */
	{ "d_delete-nested", "dentry_operations.d_delete", "-", "sleep", call_d_delete },
	{ "shared-folio", "address_space_operations.launder_folio", "folio", "PG_locked",
	  call_launder_folio, .file = "shared" },
	/* These break nothing. */
	{ "mmap", "-", "-", "-", call_mmap },
	{ "d_revalidate-allowed", "-", "-", "-", call_d_revalidate },
	{ "d_delete-only_preempted", "-", "-", "-", call_d_delete },
	{ "d_delete-between", "-", "-", "-", call_d_delete_between },
	{ "d_delete-other", "-", "-", "-", call_d_delete_other },
};

const unsigned int returnfs_cases_count = ARRAY_SIZE(returnfs_cases);
