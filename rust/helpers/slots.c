// SPDX-License-Identifier: GPL-2.0
/* Inline functions that the vfs crate calls for opening, mounting and reporting errors. */

#include <linux/blkdev.h>
#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/fserror.h>
#include <linux/pagemap.h>
#include <linux/rcupdate.h>

/* Nothing at all without CONFIG_PROVE_LOCKING. */
void rust_helper_slots_assert_rcu_walk(void)
{
	RCU_LOCKDEP_WARN(!rcu_read_lock_held(), "no rcu_read_lock() in rcu-walk");
}

bool rust_helper_slots_d_in_lookup(const struct dentry *dentry)
{
	return d_in_lookup(dentry);
}

struct mnt_idmap *rust_helper_slots_file_mnt_idmap(const struct file *file)
{
	return file_mnt_idmap(file);
}

/* The flag has a type that sparse checks, which bindgen cannot express. */
void rust_helper_slots_file_set_created(struct file *file)
{
	file->f_mode |= FMODE_CREATED;
}

/* The kernel's own bindings have it only in some configurations. */
int rust_helper_slots_remap_prep(struct file *file_in, loff_t pos_in, struct file *file_out,
				 loff_t pos_out, loff_t *len, unsigned int flags)
{
	return generic_remap_file_range_prep(file_in, pos_in, file_out, pos_out, len, flags);
}

/* 0 where there is no device. */
u64 rust_helper_slots_sb_bdev_bytes(const struct super_block *sb)
{
	return sb->s_bdev ? bdev_nr_bytes(sb->s_bdev) : 0;
}

/* Only where there is a device. */
struct address_space *rust_helper_slots_sb_bdev_mapping(const struct super_block *sb)
{
	return sb->s_bdev->bd_mapping;
}

/* That of a file whose data nothing else has. */
void rust_helper_slots_mapping_set_unevictable(struct address_space *mapping)
{
	mapping_set_unevictable(mapping);
}

void rust_helper_slots_fserror_report(struct super_block *sb, struct inode *inode,
				      unsigned int type, loff_t pos, u64 len, int error)
{
	fserror_report(sb, inode, type, pos, len, error, GFP_NOFS);
}
