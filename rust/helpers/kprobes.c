// SPDX-License-Identifier: GPL-2.0
/* Inline functions that the kprobes crate calls. */

#include <linux/ptrace.h>

unsigned long rust_helper_regs_get_kernel_argument(struct pt_regs *regs, unsigned int n)
{
	return regs_get_kernel_argument(regs, n);
}
