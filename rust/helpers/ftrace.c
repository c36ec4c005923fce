// SPDX-License-Identifier: GPL-2.0
/* What the kprobes crate needs of ftrace. */

#include <linux/ftrace.h>
#include <linux/string.h>
#include <linux/trace_recursion.h>
#include <asm/ibt.h>

#include "ftrace.h"

/* The way of a kprobe on ftrace, without what only a kprobe needs. */
static void notrace rust_helper_kprobe_ftrace_hit(unsigned long ip, unsigned long parent_ip,
						  struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	struct kprobe_ftrace *probes = container_of(ops, struct kprobe_ftrace, ops);
	int bit = ftrace_test_recursion_trylock(ip, parent_ip);

	if (unlikely(bit < 0)) {
		probes->hit(probes, ip, NULL);
		return;
	}
	probes->hit(probes, ip, &arch_ftrace_regs(fregs)->regs);
	ftrace_test_recursion_unlock(bit);
}

void rust_helper_kprobe_ftrace_init(struct kprobe_ftrace *probes,
				    void (*hit)(struct kprobe_ftrace *probes, unsigned long ip,
						struct pt_regs *regs))
{
	memset(probes, 0, sizeof(*probes));
	probes->ops.func = rust_helper_kprobe_ftrace_hit;
	/* Where kernel.ftrace_enabled=0 has an effect, hits would be lost without a count. */
	probes->ops.flags = FTRACE_OPS_FL_PERMANENT;
	probes->hit = hit;
}

/*
 * Where a function calls ftrace, or 0 if it does not. ftrace_location() is not exported, but what
 * sets filters refuses all other addresses. It takes each byte of the call, and the function's own
 * address: one byte behind the call that would stand there tells that it stands behind an ENDBR.
 */
unsigned long rust_helper_kprobe_ftrace_location(unsigned long function)
{
	struct ftrace_ops ops = {};
	unsigned long ip = 0;

	if (ENDBR_INSN_SIZE && !ftrace_set_filter_ip(&ops, function + MCOUNT_INSN_SIZE, 0, 1))
		ip = function + ENDBR_INSN_SIZE;
	else if (!ftrace_set_filter_ip(&ops, function, 0, 1))
		ip = function;
	ftrace_free_filter(&ops);
	return ip;
}

int rust_helper_kprobe_ftrace_filter(struct kprobe_ftrace *probes, unsigned long *ips,
				     unsigned int count, bool remove)
{
	return ftrace_set_filter_ips(&probes->ops, ips, count, remove, 0);
}

/* An empty filter would mean all functions: there has to be one. */
int rust_helper_kprobe_ftrace_register(struct kprobe_ftrace *probes)
{
	return register_ftrace_function(&probes->ops);
}

int rust_helper_kprobe_ftrace_unregister(struct kprobe_ftrace *probes)
{
	return unregister_ftrace_function(&probes->ops);
}

void rust_helper_kprobe_ftrace_free(struct kprobe_ftrace *probes)
{
	ftrace_free_filter(&probes->ops);
}
