/* SPDX-License-Identifier: GPL-2.0 */
/* Probes on many functions that begin with a call to ftrace. */

#ifndef _HELPERS_FTRACE_H
#define _HELPERS_FTRACE_H

#include <linux/ftrace.h>

/* A handler, and the functions that it is for: those in the filter of the ops. */
struct kprobe_ftrace {
	struct ftrace_ops ops;
	/* Without registers, the hit is missed: it came inside another handler. */
	void (*hit)(struct kprobe_ftrace *probes, unsigned long ip, struct pt_regs *regs);
};

#endif /* _HELPERS_FTRACE_H */
