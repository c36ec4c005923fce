// SPDX-License-Identifier: GPL-2.0
/*
 * As long as this module is loaded, nobody can register a probe on a tracepoint: the kernel says
 * that there is no memory. So one can see what locktrack does without the one on sched_switch.
 */

#include <linux/errno.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/tracepoint.h>

static noinline int refuse(struct tracepoint *tp, void *probe, void *data)
{
	return -ENOMEM;
}

/* It goes on in refuse(), which has the same arguments and returns to the same caller. */
static int go_to_refuse(struct kprobe *p, struct pt_regs *regs)
{
	instruction_pointer_set(regs, (unsigned long)refuse);
	return 1;
}

/* A probe that has one is made neither a jump nor a call that cannot go elsewhere. */
static void nothing(struct kprobe *p, struct pt_regs *regs, unsigned long flags)
{
}

static struct kprobe probe = {
	.symbol_name = "tracepoint_probe_register",
	.pre_handler = go_to_refuse,
	.post_handler = nothing,
};

static int __init refuse_init(void)
{
	return register_kprobe(&probe);
}

static void __exit refuse_exit(void)
{
	unregister_kprobe(&probe);
}

module_init(refuse_init);
module_exit(refuse_exit);
MODULE_DESCRIPTION("Refuses probes on tracepoints, for the tests of locktrack");
MODULE_LICENSE("GPL");
