// SPDX-License-Identifier: GPL-2.0
/*
 * Empty probes: what the kernel itself takes for one, to compare with.
 *
 *	insmod locktrack_empty.ko
 *	echo FUNCTION > /sys/module/locktrack_empty/parameters/probe
 *	echo FUNCTION > /sys/module/locktrack_empty/parameters/return_probe
 *
 * puts a kprobe or a kretprobe with an empty handler on it. All go with the module.
 */

#include <linux/kprobes.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>

struct probe {
	struct list_head list;
	struct kprobe entry;
	struct kretprobe ret;
	char function[];
};

static LIST_HEAD(probes);
static LIST_HEAD(return_probes);
static DEFINE_MUTEX(lock);

static int on_entry(struct kprobe *probe, struct pt_regs *regs)
{
	return 0;
}

static int on_call(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	return 0;
}

static struct probe *new_probe(const char *function)
{
	struct probe *probe;

	probe = kzalloc(struct_size(probe, function, strlen(function) + 1), GFP_KERNEL);
	if (!probe)
		return NULL;
	strcpy(probe->function, function);
	strim(probe->function);
	return probe;
}

static int probe_set(const char *value, const struct kernel_param *kp)
{
	struct probe *probe = new_probe(value);
	int ret;

	if (!probe)
		return -ENOMEM;
	probe->entry.symbol_name = probe->function;
	probe->entry.pre_handler = on_entry;
	ret = register_kprobe(&probe->entry);
	if (ret) {
		kfree(probe);
		return ret;
	}
	mutex_lock(&lock);
	list_add(&probe->list, &probes);
	mutex_unlock(&lock);
	return 0;
}

static int return_probe_set(const char *value, const struct kernel_param *kp)
{
	struct probe *probe = new_probe(value);
	int ret;

	if (!probe)
		return -ENOMEM;
	probe->ret.kp.symbol_name = probe->function;
	probe->ret.entry_handler = on_call;
	probe->ret.handler = on_call;
	ret = register_kretprobe(&probe->ret);
	if (ret) {
		kfree(probe);
		return ret;
	}
	mutex_lock(&lock);
	list_add(&probe->list, &return_probes);
	mutex_unlock(&lock);
	return 0;
}

static const struct kernel_param_ops probe_ops = { .set = probe_set };
static const struct kernel_param_ops return_probe_ops = { .set = return_probe_set };

module_param_cb(probe, &probe_ops, NULL, 0200);
MODULE_PARM_DESC(probe, "FUNCTION: put an empty kprobe on it");
module_param_cb(return_probe, &return_probe_ops, NULL, 0200);
MODULE_PARM_DESC(return_probe, "FUNCTION: put an empty kretprobe on it");

static int __init locktrack_empty_init(void)
{
	return 0;
}
module_init(locktrack_empty_init);

static void __exit locktrack_empty_exit(void)
{
	struct probe *probe, *next;

	list_for_each_entry_safe(probe, next, &probes, list) {
		unregister_kprobe(&probe->entry);
		kfree(probe);
	}
	list_for_each_entry_safe(probe, next, &return_probes, list) {
		unregister_kretprobe(&probe->ret);
		kfree(probe);
	}
}
module_exit(locktrack_empty_exit);

MODULE_AUTHOR("The samplefs and locktrack authors");
MODULE_DESCRIPTION("Empty probes, to compare with");
MODULE_LICENSE("GPL");
