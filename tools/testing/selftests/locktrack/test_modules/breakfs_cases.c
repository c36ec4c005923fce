// SPDX-License-Identifier: GPL-2.0
/*
 * The calls of the callbacks of breakfs.c, with all the locks that each is promised,
 * without one of them, with one shared that should be exclusive, where nobody may sleep, or by
 * callbacks that do what they must not.
 */

#include <linux/dcache.h>
#include <linux/irqflags.h>

#include "breakfs.h"

/* The calls, through the tables as the kernel makes them. */

#define CALL(name, expression)						\
static void call_##name(struct breakfs *fs)				\
{									\
	expression;							\
}

CALL(d_delete, fs->dentry->d_op->d_delete(fs->dentry))
CALL(d_prune, fs->dentry->d_op->d_prune(fs->dentry))
CALL(d_unalias_trylock, fs->dentry->d_op->d_unalias_trylock(fs->dentry))
CALL(d_unalias_unlock, fs->dentry->d_op->d_unalias_unlock(fs->dentry))
CALL(d_revalidate, fs->dentry->d_op->d_revalidate(fs->dir, &fs->dentry->d_name, fs->dentry, 0))
CALL(atomic_open, fs->dir->i_op->atomic_open(fs->dir, fs->dentry, &fs->file, O_RDONLY, 0))
CALL(atomic_open_creat,
     fs->dir->i_op->atomic_open(fs->dir, fs->dentry, &fs->file, O_RDWR | O_CREAT, 0600))
CALL(fileattr_set, fs->inode->i_op->fileattr_set(&nop_mnt_idmap, fs->dentry, NULL))
CALL(xattr_set, fs->sb->s_xattr[0]->set(fs->sb->s_xattr[0], &nop_mnt_idmap, fs->dentry,
					fs->inode, "name", NULL, 0, 0))
CALL(free_inode, fs->sb->s_op->free_inode(fs->inode))
CALL(drop_inode, fs->sb->s_op->drop_inode(fs->inode))
CALL(put_super, fs->sb->s_op->put_super(fs->sb))
CALL(sync_fs, fs->sb->s_op->sync_fs(fs->sb, 1))
CALL(freeze_fs, fs->sb->s_op->freeze_fs(fs->sb))
CALL(unfreeze_fs, fs->sb->s_op->unfreeze_fs(fs->sb))
CALL(show_options, fs->sb->s_op->show_options(NULL, fs->dentry))
CALL(get_tree, fs->fc.ops->get_tree(&fs->fc))
CALL(reconfigure, fs->fc.ops->reconfigure(&fs->fc))
CALL(kill_sb, fs->sb->s_type->kill_sb(fs->sb))
CALL(read_folio, fs->inode->i_mapping->a_ops->read_folio(NULL, &fs->folio))
CALL(readahead, fs->inode->i_mapping->a_ops->readahead(&fs->rac))
CALL(write_begin, fs->inode->i_mapping->a_ops->write_begin(NULL, fs->inode->i_mapping, 0, 1,
							    NULL, NULL))
CALL(write_end, fs->inode->i_mapping->a_ops->write_end(NULL, fs->inode->i_mapping, 0, 1, 1,
							&fs->folio, NULL))
CALL(invalidate_folio, fs->inode->i_mapping->a_ops->invalidate_folio(&fs->folio, 0, PAGE_SIZE))
CALL(release_folio, fs->inode->i_mapping->a_ops->release_folio(&fs->folio, GFP_KERNEL))
CALL(free_folio, fs->inode->i_mapping->a_ops->free_folio(&fs->folio))
CALL(migrate_folio, fs->inode->i_mapping->a_ops->migrate_folio(fs->inode->i_mapping, &fs->other,
								&fs->folio, MIGRATE_SYNC))
CALL(launder_folio, fs->inode->i_mapping->a_ops->launder_folio(&fs->folio))
CALL(is_partially_uptodate,
     fs->inode->i_mapping->a_ops->is_partially_uptodate(&fs->folio, 0, 1))
CALL(error_remove_folio,
     fs->inode->i_mapping->a_ops->error_remove_folio(fs->inode->i_mapping, &fs->folio))
CALL(xattr_get, fs->sb->s_xattr[0]->get(fs->sb->s_xattr[0], fs->dentry, fs->inode, "name",
					NULL, 0))
CALL(xattr_list, fs->sb->s_xattr[0]->list(fs->dentry))
CALL(fl_release_private, fs->lock.fl_ops->fl_release_private(&fs->lock))
CALL(lm_grant, fs->lock.fl_lmops->lm_grant(&fs->lock, 0))
CALL(fl_copy_lock, fs->lock.fl_ops->fl_copy_lock(&fs->lock, &fs->lock))
CALL(lm_notify, fs->lock.fl_lmops->lm_notify(&fs->lock))
CALL(lm_lock_expirable, fs->lock.fl_lmops->lm_lock_expirable(&fs->lock))
CALL(lm_expire_lock, fs->lock.fl_lmops->lm_expire_lock())
CALL(lm_break, fs->lease.fl_lmops->lm_break(&fs->lease))
CALL(lm_change, fs->lease.fl_lmops->lm_change(&fs->lease, F_UNLCK, NULL))
CALL(lm_breaker_owns_lease, fs->lease.fl_lmops->lm_breaker_owns_lease(&fs->lease))
CALL(lm_open_conflict, fs->lease.fl_lmops->lm_open_conflict(&fs->file, F_RDLCK))
CALL(lm_breaker_timedout, fs->lease.fl_lmops->lm_breaker_timedout(&fs->lease))
CALL(disk_open, fs->disk.fops->open(&fs->disk, BLK_OPEN_READ))
CALL(disk_release, fs->disk.fops->release(&fs->disk))
CALL(swap_slot_free_notify, fs->disk.fops->swap_slot_free_notify(&fs->bdev, 0))
CALL(iterate_shared, fs->file.f_op->iterate_shared(&fs->file, NULL))
CALL(vm_open, fs->vma.vm_ops->open(&fs->vma))
CALL(vm_close, fs->vma.vm_ops->close(&fs->vma))
CALL(vm_access, fs->vma.vm_ops->access(&fs->vma, 0, NULL, 0, 0))
CALL(fault, fs->vma.vm_ops->fault(&fs->vmf))
CALL(huge_fault, fs->vma.vm_ops->huge_fault(&fs->vmf, 9))
CALL(map_pages, fs->vma.vm_ops->map_pages(&fs->vmf, 0, 0))
CALL(page_mkwrite, fs->vma.vm_ops->page_mkwrite(&fs->vmf))
CALL(pfn_mkwrite, fs->vma.vm_ops->pfn_mkwrite(&fs->vmf))

#ifdef CONFIG_QUOTA
CALL(write_info, fs->sb->dq_op->write_info(fs->sb, USRQUOTA))
#endif

/* A fault that is handled under the lock of its VMA. Its flags do not say so any more. */
#define call_page_mkwrite_vma call_page_mkwrite

/* Here they do. */
#define FAULT_CALL(name, expression)					\
static void call_##name##_vma(struct breakfs *fs)			\
{									\
	fs->vmf.flags = FAULT_FLAG_VMA_LOCK;	\
	expression;							\
	fs->vmf.flags = 0;				\
}

FAULT_CALL(fault, fs->vma.vm_ops->fault(&fs->vmf))
FAULT_CALL(huge_fault, fs->vma.vm_ops->huge_fault(&fs->vmf, 9))
FAULT_CALL(map_pages, fs->vma.vm_ops->map_pages(&fs->vmf, 0, 0))
FAULT_CALL(pfn_mkwrite, fs->vma.vm_ops->pfn_mkwrite(&fs->vmf))

/* The cases. */

#define CASE(table, op, ...)	{ #op, table "." #op, call_##op, { __VA_ARGS__ } }
#define DENTRY(op, ...)		CASE("dentry_operations", op, __VA_ARGS__)
#define SUPER(op, ...)		CASE("super_operations", op, __VA_ARGS__)
#define AOPS(op, ...)		CASE("address_space_operations", op, __VA_ARGS__)
#define LOCK_OP(op, ...)	CASE("lock_manager_operations", op, __VA_ARGS__)
#define VM_AS(op, as, ...)	{ #as, "vm_operations_struct." #op, call_##as, { __VA_ARGS__ } }

#define SB_EXCL		{ S_UMOUNT, "sb", EXCL }
#define LOCKED		{ FOLIO, "folio", SHARED }
#define CTX		{ FLC_LOCK, "ctx", SHARED }
#define MM(how)		{ MMAP_LOCK, "mm", how }
#define VMA		{ VMA_LOCK, "vma", SHARED }

static const struct breakfs_case cases[] = {
	DENTRY(d_delete, { D_LOCK, "dentry", SHARED }),
	DENTRY(d_prune, { D_LOCK, "dentry", SHARED }),
	DENTRY(d_unalias_trylock, { RENAME_LOCK, "-", SHARED }),
	DENTRY(d_unalias_unlock, { RENAME_LOCK, "-", SHARED }),
	DENTRY(d_revalidate),
	CASE("inode_operations", atomic_open, { I_RWSEM, "dir", SHARED }),
	{ "atomic_open_creat", "inode_operations.atomic_open", call_atomic_open_creat,
	  { { I_RWSEM, "dir", EXCL } } },
	CASE("inode_operations", fileattr_set, { I_RWSEM, "inode", EXCL }),
	{ "xattr_set", "xattr_handler.set", call_xattr_set, { { I_RWSEM, "inode", EXCL } } },
	{ "xattr_get", "xattr_handler.get", call_xattr_get },
	{ "xattr_list", "xattr_handler.list", call_xattr_list },
	SUPER(free_inode, { RCU_CALLBACK, "-", SHARED }),
	SUPER(drop_inode, { I_LOCK, "inode", SHARED }),
	SUPER(put_super, SB_EXCL),
	SUPER(sync_fs, { S_UMOUNT, "sb", SHARED }),
	SUPER(freeze_fs, SB_EXCL),
	SUPER(unfreeze_fs, SB_EXCL),
	SUPER(show_options, { NAMESPACE_SEM, "-", SHARED }),
	CASE("file_system_type", kill_sb, SB_EXCL),
	CASE("file_system_type", get_tree, SB_EXCL),
	/* As the editions call it that promise something. */
	{ "reconfigure", "super_operations.remount_fs", call_reconfigure, { SB_EXCL } },
	AOPS(read_folio, { INVALIDATE_LOCK, "mapping", SHARED }, LOCKED),
	AOPS(readahead, { INVALIDATE_LOCK, "mapping", SHARED }),
	AOPS(write_begin, { I_RWSEM, "inode", EXCL }),
	AOPS(write_end, { I_RWSEM, "inode", EXCL }, LOCKED),
	AOPS(invalidate_folio, { INVALIDATE_LOCK, "mapping", EXCL }, LOCKED),
	AOPS(release_folio, LOCKED),
	AOPS(free_folio, LOCKED),
	AOPS(migrate_folio, { FOLIO, "src", SHARED }, { OTHER_FOLIO, "dst", SHARED }),
	AOPS(launder_folio, LOCKED),
	AOPS(is_partially_uptodate, LOCKED),
	AOPS(error_remove_folio, LOCKED),
	CASE("file_lock_operations", fl_copy_lock, CTX),
	CASE("file_lock_operations", fl_release_private),
	LOCK_OP(lm_grant),
	/* Up to v5.5, it was promised another one. */
	LOCK_OP(lm_notify, CTX, { BLOCKED_LOCK_LOCK, "-", SHARED }),
	LOCK_OP(lm_lock_expirable, CTX),
	LOCK_OP(lm_expire_lock),
	LOCK_OP(lm_break, CTX),
	LOCK_OP(lm_change, CTX),
	LOCK_OP(lm_breaker_owns_lease, CTX),
	LOCK_OP(lm_open_conflict, CTX),
	LOCK_OP(lm_breaker_timedout, CTX),
	{ "disk_open", "block_device_operations.open", call_disk_open,
	  { { OPEN_MUTEX, "disk", SHARED } } },
	{ "disk_release", "block_device_operations.release", call_disk_release,
	  { { OPEN_MUTEX, "disk", SHARED } } },
	CASE("block_device_operations", swap_slot_free_notify, { SWAP_LOCK, "-", SHARED }),
	CASE("file_operations", iterate_shared, { F_POS_LOCK, "file", SHARED },
	     { I_RWSEM, "inode", SHARED }),
#ifdef CONFIG_QUOTA
	CASE("dquot_operations", write_info, { S_UMOUNT, "sb", SHARED }),
#endif
	VM_AS(open, vm_open, MM(EXCL)),
	VM_AS(close, vm_close, MM(SHARED)),
	VM_AS(access, vm_access, MM(SHARED)),
	VM_AS(fault, fault, MM(SHARED)),
	VM_AS(fault, fault_vma, VMA),
	VM_AS(huge_fault, huge_fault),
	VM_AS(huge_fault, huge_fault_vma, VMA),
	/* Up to v6.1, it was promised mmap_lock. */
	VM_AS(map_pages, map_pages, MM(SHARED), { RCU_READ_LOCK, "-", SHARED }),
	VM_AS(map_pages, map_pages_vma, VMA, { RCU_READ_LOCK, "-", SHARED }),
	/* Up to v6.1, it was promised mmap_lock. */
	VM_AS(page_mkwrite, page_mkwrite, { EITHER_MMAP_LOCK, "vma", SHARED }),
	VM_AS(page_mkwrite, page_mkwrite_vma, { EITHER_VMA_LOCK, "vma", SHARED }),
	VM_AS(pfn_mkwrite, pfn_mkwrite, MM(SHARED)),
	VM_AS(pfn_mkwrite, pfn_mkwrite_vma, VMA),
	{ }
};

typedef int (*breakfs_way)(const struct breakfs_case *test, const char *name, int broken,
			   enum breakfs_how how, void *data);

static int each_way_of(const struct breakfs_case *test, breakfs_way f, void *data)
{
	char name[64];
	int n, ret;

	ret = f(test, test->name, -1, FREE, data);
	if (ret)
		return ret;
	scnprintf(name, sizeof(name), "%s-atomic", test->name);
	ret = f(test, name, -1, ATOMIC, data);
	if (ret)
		return ret;
	scnprintf(name, sizeof(name), "%s-misbehaving", test->name);
	ret = f(test, name, -1, MISBEHAVING, data);
	for (n = 0; !ret && n < NEEDS && test->needs[n].lock != NONE; n++) {
		const struct breakfs_need *need = &test->needs[n];

		scnprintf(name, sizeof(name), "%s-without-%s", test->name,
			  strcmp(need->object, "-") ? need->object : breakfs_lock_names[need->lock]);
		ret = f(test, name, n, FREE, data);
		if (ret || need->how != EXCL)
			continue;
		scnprintf(name, sizeof(name), "%s-shared-%s", test->name, need->object);
		ret = f(test, name, n, SHARED, data);
	}
	return ret;
}

/*
 * Calls f for each way to run each case: with all locks, so where nobody may sleep, by a
 * callback that misbehaves, without one lock, and with one shared that should be exclusive. Stops
 * at the first that returns something else than 0.
 */
static int each_way(breakfs_way f, void *data)
{
	const struct breakfs_case * const all[] = { cases, breakfs_idle_cases };
	const struct breakfs_case *test;
	int i, ret;

	for (i = 0; i < ARRAY_SIZE(all); i++)
		for (test = all[i]; test->name; test++) {
			ret = each_way_of(test, f, data);
			if (ret)
				return ret;
		}
	return 0;
}

static int list_one(const struct breakfs_case *test, const char *name, int broken,
		    enum breakfs_how how, void *data)
{
	const struct breakfs_need *need = broken < 0 ? NULL : &test->needs[broken];

	seq_printf(data, "%s %s %s %s\n", name, test->callback, need ? need->object : "-",
		   need ? breakfs_lock_names[need->lock] : how == FREE ? "-" : "sleep");
	return 0;
}

void breakfs_list(struct seq_file *seq)
{
	each_way(list_one, seq);
}

struct wanted {
	struct breakfs *fs;
	const char *name;
	int runs;
};

/* Whether it is the case of that name, or one of that kind. */
static bool is_wanted(const char *wanted, const char *name, int broken, enum breakfs_how how)
{
	if (!strcmp(wanted, "kept"))
		return broken < 0 && how == FREE;
	if (!strcmp(wanted, "atomic"))
		return how == ATOMIC;
	if (!strcmp(wanted, "misbehaving"))
		return how == MISBEHAVING;
	if (!strcmp(wanted, "without"))
		return broken >= 0 && how == FREE;
	if (!strcmp(wanted, "shared"))
		return broken >= 0 && how == SHARED;
	return !strcmp(wanted, name);
}

/* Whether the case has that lock while it calls: who sleeps cannot have one that is spun for. */
static bool has(const struct breakfs_need *need, bool broken, enum breakfs_how how)
{
	if (how == MISBEHAVING)
		return need->lock == FOLIO || need->lock == OTHER_FOLIO;
	return !broken || how != FREE;
}

static int run_one(const struct breakfs_case *test, const char *name, int broken,
		   enum breakfs_how how, void *data)
{
	struct wanted *wanted = data;
	struct breakfs *fs = wanted->fs;
	struct file_lock_context *ctx = fs->inode->i_flctx;
	unsigned long flags;
	int i;

	if (!is_wanted(wanted->name, name, broken, how))
		return 0;
	fs->inode->i_flctx = &fs->ctx;
	breakfs_pretends = true;
	breakfs_misbehaves = how == MISBEHAVING;
	if (test->idle)
		inode_lock(fs->idle);
	for (i = 0; i < NEEDS && test->needs[i].lock != NONE; i++)
		if (has(&test->needs[i], i == broken, how))
			breakfs_take(fs, &test->needs[i], i == broken ? how : test->needs[i].how);
	if (how == ATOMIC)
		local_irq_save(flags);
	test->call(fs);
	if (how == ATOMIC)
		local_irq_restore(flags);
	while (i--)
		if (has(&test->needs[i], i == broken, how))
			breakfs_release(fs, &test->needs[i], i == broken ? how : test->needs[i].how);
	if (test->idle)
		inode_unlock(fs->idle);
	breakfs_misbehaves = false;
	breakfs_pretends = false;
	fs->inode->i_flctx = ctx;
	wanted->runs++;
	return 0;
}

int breakfs_run(struct breakfs *fs, const char *name)
{
	struct wanted wanted = { .fs = fs, .name = name };

	each_way(run_one, &wanted);
	return wanted.runs ? 0 : -EINVAL;
}
