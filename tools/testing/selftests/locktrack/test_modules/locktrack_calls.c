// SPDX-License-Identifier: GPL-2.0
/*
 * Counts how often functions are called, those in Rust among them, on which the kernel's own
 * kprobe_events puts no probe.
 *
 *	insmod locktrack_calls.ko functions=vfs_read,vfs_write
 *	cat /sys/module/locktrack_calls/parameters/calls
 *
 * prints a line for each of them, in the same order: "-" for one on which there can be no probe,
 * as it begins with a jump label, for example.
 */

#include <linux/atomic.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/sysfs.h>

#define MAX_FUNCTIONS 200

static char *functions[MAX_FUNCTIONS];
static unsigned int count;
module_param_array(functions, charp, &count, 0400);
MODULE_PARM_DESC(functions, "their names");

static struct kprobe probes[MAX_FUNCTIONS];
static atomic_t hits[MAX_FUNCTIONS];

static int get_calls(char *buf, const struct kernel_param *param)
{
	int at = 0;

	for (unsigned int i = 0; i < count; i++) {
		if (probes[i].pre_handler)
			at += sysfs_emit_at(buf, at, "%lu\n",
					    atomic_read(&hits[i]) + probes[i].nmissed);
		else
			at += sysfs_emit_at(buf, at, "-\n");
	}
	return at;
}

static const struct kernel_param_ops calls = { .get = get_calls };
module_param_cb(calls, &calls, NULL, 0400);
MODULE_PARM_DESC(calls, "how often each was called");

static int hit(struct kprobe *probe, struct pt_regs *regs)
{
	atomic_inc(&hits[probe - probes]);
	return 0;
}
NOKPROBE_SYMBOL(hit);

static int __init calls_init(void)
{
	for (unsigned int i = 0; i < count; i++) {
		probes[i].symbol_name = functions[i];
		probes[i].pre_handler = hit;
		if (register_kprobe(&probes[i]))
			probes[i].pre_handler = NULL;
	}
	return 0;
}
module_init(calls_init);

static void __exit calls_exit(void)
{
	for (unsigned int i = 0; i < count; i++) {
		if (probes[i].pre_handler)
			unregister_kprobe(&probes[i]);
	}
}
module_exit(calls_exit);

MODULE_AUTHOR("The samplefs and locktrack authors");
MODULE_DESCRIPTION("Counts calls of functions");
MODULE_LICENSE("GPL");
