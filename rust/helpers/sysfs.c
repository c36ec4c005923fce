// SPDX-License-Identifier: GPL-2.0
/* Inline functions and macros of sysfs that the vfs crate calls. */

#include <linux/kobject.h>
#include <linux/sysfs.h>

/* What is in it depends on the configuration, and the lockdep key has to be static. */
void rust_helper_kobj_attribute_init(struct kobj_attribute *attr, const char *name,
				     ssize_t (*show)(struct kobject *kobj,
						     struct kobj_attribute *attr, char *buf))
{
	sysfs_attr_init(&attr->attr);
	attr->attr.name = name;
	attr->attr.mode = 0444;
	attr->show = show;
}
