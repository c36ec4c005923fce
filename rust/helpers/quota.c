// SPDX-License-Identifier: GPL-2.0
/*
 * What the vfs crate calls for quotas: inline functions, and everything that a
 * kernel without CONFIG_QUOTA does not have.
 */

#include <linux/fs.h>
#include <linux/lockdep.h>
#include <linux/quotaops.h>

/* Lock assertion: nothing at all without CONFIG_PROVE_LOCKING. */
void rust_helper_dquot_assert_dq_lock(struct dquot *dquot)
{
	lockdep_assert_held(&dquot->dq_lock);
}

void rust_helper_dquot_lock_dqb(struct dquot *dquot)
{
	spin_lock(&dquot->dq_dqb_lock);
}

void rust_helper_dquot_unlock_dqb(struct dquot *dquot)
{
	spin_unlock(&dquot->dq_dqb_lock);
}

void rust_helper_dquot_set_fake(struct dquot *dquot)
{
	set_bit(DQ_FAKE_B, &dquot->dq_flags);
}

kprojid_t rust_helper_kprojid_from_init(projid_t id)
{
	return make_kprojid(&init_user_ns, id);
}

projid_t rust_helper_kprojid_into_init(kprojid_t id)
{
	return from_kprojid(&init_user_ns, id);
}

/* These have an inline form without CONFIG_QUOTA. */

int rust_helper_vfs_dquot_initialize(struct inode *inode)
{
	return dquot_initialize(inode);
}

void rust_helper_vfs_dquot_drop(struct inode *inode)
{
	dquot_drop(inode);
}

int rust_helper_vfs_dquot_alloc_inode(struct inode *inode)
{
	return dquot_alloc_inode(inode);
}

void rust_helper_vfs_dquot_free_inode(struct inode *inode)
{
	dquot_free_inode(inode);
}

int rust_helper_dquot_alloc_space_nodirty(struct inode *inode, qsize_t number)
{
	return dquot_alloc_space_nodirty(inode, number);
}

void rust_helper_dquot_free_space_nodirty(struct inode *inode, qsize_t number)
{
	dquot_free_space_nodirty(inode, number);
}

int rust_helper_vfs_dquot_transfer(struct mnt_idmap *idmap, struct inode *inode,
				   struct iattr *iattr)
{
	return dquot_transfer(idmap, inode, iattr);
}

/* dquot_quota_off() of all types. */
void rust_helper_sb_quota_off(struct super_block *sb)
{
	dquot_disable(sb, -1, DQUOT_USAGE_ENABLED | DQUOT_LIMITS_ENABLED);
}

/* These have not. */

#ifdef CONFIG_QUOTA
void rust_helper_sb_init_quota(struct super_block *sb, const struct dquot_operations *dq_op)
{
	sb->dq_op = dq_op;
	sb->s_qcop = &dquot_quotactl_sysfile_ops;
	/* No quota file is a file of the filesystem. */
	sb_dqopt(sb)->flags |= DQUOT_QUOTA_SYS_FILE;
}

int rust_helper_sb_load_quota(struct super_block *sb, int type, int format_id)
{
	int err = dquot_load_quota_sb(sb, type, format_id,
				      DQUOT_USAGE_ENABLED | DQUOT_LIMITS_ENABLED);

	if (!err)
		sb->s_quota_types |= 1 << type;
	return err;
}

bool rust_helper_sb_has_quota_active(struct super_block *sb, int type)
{
	return sb_has_quota_active(sb, type);
}

int rust_helper_vfs_register_quota_format(struct quota_format_type *fmt)
{
	register_quota_format(fmt);
	return 0;
}

void rust_helper_vfs_unregister_quota_format(struct quota_format_type *fmt)
{
	unregister_quota_format(fmt);
}

struct dquot *rust_helper_vfs_dquot_alloc(struct super_block *sb, int type)
{
	return dquot_alloc(sb, type);
}

void rust_helper_vfs_dquot_destroy(struct dquot *dquot)
{
	dquot_destroy(dquot);
}

int rust_helper_vfs_dquot_acquire(struct dquot *dquot)
{
	return dquot_acquire(dquot);
}

int rust_helper_vfs_dquot_release(struct dquot *dquot)
{
	return dquot_release(dquot);
}

int rust_helper_vfs_dquot_commit(struct dquot *dquot)
{
	return dquot_commit(dquot);
}

int rust_helper_vfs_dquot_mark_dquot_dirty(struct dquot *dquot)
{
	return dquot_mark_dquot_dirty(dquot);
}

/* Not every type need be on. */
int rust_helper_vfs_dquot_commit_info(struct super_block *sb, int type)
{
	return sb_dqopt(sb)->ops[type] ? dquot_commit_info(sb, type) : -ESRCH;
}

int rust_helper_vfs_dquot_get_next_id(struct super_block *sb, struct kqid *qid)
{
	return dquot_get_next_id(sb, qid);
}

void rust_helper_quota_info_clean(struct super_block *sb, int type)
{
	spin_lock(&dq_data_lock);
	sb_dqopt(sb)->info[type].dqi_flags &= ~DQF_INFO_DIRTY;
	spin_unlock(&dq_data_lock);
}

qid_t rust_helper_kqid_into_init(struct kqid qid)
{
	return from_kqid(&init_user_ns, qid);
}

void rust_helper_kqid_set_init(struct kqid *qid, qid_t id)
{
	*qid = make_kqid(&init_user_ns, qid->type, id);
}

struct dquot *rust_helper_dqget_projid(struct super_block *sb, kprojid_t projid)
{
	return dqget(sb, make_kqid_projid(projid));
}

void rust_helper_vfs_dqput(struct dquot *dquot)
{
	dqput(dquot);
}

int rust_helper_vfs___dquot_transfer(struct inode *inode, struct dquot **transfer_to)
{
	return __dquot_transfer(inode, transfer_to);
}

#else /* Nothing can be turned on, so nobody gets a dquot. */

void rust_helper_sb_init_quota(struct super_block *sb, const struct dquot_operations *dq_op)
{
}

int rust_helper_sb_load_quota(struct super_block *sb, int type, int format_id)
{
	return -EOPNOTSUPP;
}

bool rust_helper_sb_has_quota_active(struct super_block *sb, int type)
{
	return false;
}

int rust_helper_vfs_register_quota_format(struct quota_format_type *fmt)
{
	return 0;
}

void rust_helper_vfs_unregister_quota_format(struct quota_format_type *fmt)
{
}

struct dquot *rust_helper_vfs_dquot_alloc(struct super_block *sb, int type)
{
	return NULL;
}

void rust_helper_vfs_dquot_destroy(struct dquot *dquot)
{
}

int rust_helper_vfs_dquot_acquire(struct dquot *dquot)
{
	return -EOPNOTSUPP;
}

int rust_helper_vfs_dquot_release(struct dquot *dquot)
{
	return -EOPNOTSUPP;
}

int rust_helper_vfs_dquot_commit(struct dquot *dquot)
{
	return -EOPNOTSUPP;
}

int rust_helper_vfs_dquot_mark_dquot_dirty(struct dquot *dquot)
{
	return 0;
}

int rust_helper_vfs_dquot_commit_info(struct super_block *sb, int type)
{
	return -EOPNOTSUPP;
}

int rust_helper_vfs_dquot_get_next_id(struct super_block *sb, struct kqid *qid)
{
	return -EOPNOTSUPP;
}

void rust_helper_quota_info_clean(struct super_block *sb, int type)
{
}

qid_t rust_helper_kqid_into_init(struct kqid qid)
{
	return (qid_t)-1;
}

void rust_helper_kqid_set_init(struct kqid *qid, qid_t id)
{
}

struct dquot *rust_helper_dqget_projid(struct super_block *sb, kprojid_t projid)
{
	return ERR_PTR(-ESRCH);
}

void rust_helper_vfs_dqput(struct dquot *dquot)
{
}

int rust_helper_vfs___dquot_transfer(struct inode *inode, struct dquot **transfer_to)
{
	return 0;
}
#endif
