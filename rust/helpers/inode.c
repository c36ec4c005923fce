// SPDX-License-Identifier: GPL-2.0
/* Inline functions and macros that the vfs crate calls for names, attributes and superblocks. */

#include <linux/capability.h>
#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/lockdep.h>
#include <linux/posix_acl.h>
#include <linux/random.h>
#include <linux/security.h>
#include <linux/seqlock.h>

/* It relies on <linux/fs.h>. */
#include <linux/fileattr.h>

/* Lock assertions: nothing at all without CONFIG_PROVE_LOCKING. */

void rust_helper_dentry_assert_d_lock(struct dentry *dentry)
{
	lockdep_assert_held(&dentry->d_lock);
}

void rust_helper_assert_rename_lock(void)
{
	lockdep_assert_held(&rename_lock.lock);
}

void rust_helper_inode_assert_i_lock(struct inode *inode)
{
	lockdep_assert_held(&inode->i_lock);
}

void rust_helper_s_umount_assert_shared(struct super_block *sb)
{
	lockdep_assert_held(&sb->s_umount);
}

/* Inodes. */

unsigned int rust_helper_inode_i_flags(const struct inode *inode)
{
	return READ_ONCE(inode->i_flags);
}

bool rust_helper_inode_unhashed(struct inode *inode)
{
	return inode_unhashed(inode);
}

/* False for one that only looks so to the flusher: inode_fake_hash(). */
bool rust_helper_inode_in_hash(struct inode *inode)
{
	return !inode_unhashed(inode) && !hlist_fake(&inode->i_hash);
}

bool rust_helper_inode_is_new(struct inode *inode)
{
	return inode_state_read_once(inode) & I_NEW;
}

/* get_random_u32() is an inline function in some configurations. */
u32 rust_helper_random_u32(void)
{
	return get_random_u32();
}

bool rust_helper_fileattr_has_fsx(const struct file_kattr *fa)
{
	return fileattr_has_fsx(fa);
}

bool rust_helper_capable_sys_admin_noaudit(void)
{
	return ns_capable_noaudit(&init_user_ns, CAP_SYS_ADMIN);
}

void rust_helper_set_delayed_call(struct delayed_call *call, void (*fn)(void *), void *arg)
{
	set_delayed_call(call, fn, arg);
}

int rust_helper_inode_init_security(struct inode *inode, struct inode *dir,
					   const struct qstr *qstr, initxattrs set, void *data)
{
	return security_inode_init_security(inode, dir, qstr, set, data);
}

s64 rust_helper_inode_mtime_ns(const struct inode *inode)
{
	struct timespec64 ts = inode_get_mtime(inode);

	return timespec64_to_ns(&ts);
}

/* Access control lists. Without CONFIG_FS_POSIX_ACL there are none. */

void rust_helper_sb_set_posixacl(struct super_block *sb)
{
	sb->s_flags |= SB_POSIXACL;
}

void rust_helper_sb_set_nosec(struct super_block *sb)
{
	sb->s_flags |= SB_NOSEC;
}

void rust_helper_cache_no_acl(struct inode *inode)
{
	cache_no_acl(inode);
}

unsigned int rust_helper_posix_acl_count(const struct posix_acl *acl)
{
	return acl->a_count;
}

struct posix_acl *rust_helper_posix_acl_dup(struct posix_acl *acl)
{
	return posix_acl_dup(acl);
}

void rust_helper_posix_acl_release(struct posix_acl *acl)
{
	posix_acl_release(acl);
}

int rust_helper_posix_acl_chmod(struct mnt_idmap *idmap, struct dentry *dentry, umode_t mode)
{
	return posix_acl_chmod(idmap, dentry, mode);
}

int rust_helper_posix_acl_create(struct inode *dir, umode_t *mode,
				 struct posix_acl **default_acl, struct posix_acl **acl)
{
	return posix_acl_create(dir, mode, default_acl, acl);
}

#ifdef CONFIG_FS_POSIX_ACL
int rust_helper_posix_acl_update_mode(struct mnt_idmap *idmap, struct inode *inode,
				      struct posix_acl **acl)
{
	return posix_acl_update_mode(idmap, inode, &inode->i_mode, acl);
}

void rust_helper_set_cached_acl(struct inode *inode, int type, struct posix_acl *acl)
{
	set_cached_acl(inode, type, acl);
}

/* NULL where none is known. */
struct posix_acl *rust_helper_get_cached_acl(struct inode *inode, int type)
{
	struct posix_acl *acl = get_cached_acl(inode, type);

	return is_uncached_acl(acl) ? NULL : acl;
}
#else
int rust_helper_posix_acl_update_mode(struct mnt_idmap *idmap, struct inode *inode,
				      struct posix_acl **acl)
{
	return -EOPNOTSUPP;
}

void rust_helper_set_cached_acl(struct inode *inode, int type, struct posix_acl *acl)
{
}

struct posix_acl *rust_helper_get_cached_acl(struct inode *inode, int type)
{
	return NULL;
}
#endif
