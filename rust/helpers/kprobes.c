// SPDX-License-Identifier: GPL-2.0
/* Inline functions and macros that the kprobes crate calls. */

#include <linux/irq_work.h>
#include <linux/kprobes.h>
#include <linux/preempt.h>
#include <linux/ptrace.h>
#include <linux/sprintf.h>
#include <linux/workqueue.h>
#include <asm/unwind.h>

unsigned long rust_helper_regs_get_kernel_argument(struct pt_regs *regs, unsigned int n)
{
	return regs_get_kernel_argument(regs, n);
}

unsigned long rust_helper_regs_return_value(struct pt_regs *regs)
{
	return regs_return_value(regs);
}

/* On x86, the first thing on the stack of a function that is just entered. */
unsigned long rust_helper_kprobe_caller(struct pt_regs *regs)
{
	return regs_get_kernel_stack_nth(regs, 0);
}

/*
 * The return addresses from the caller of a probed function outwards.
 *
 * stack_trace_save() would begin in the handler, and not get past the trampoline of a
 * probe that became a jump. So the walk begins at the probed instruction, which is
 * one byte before the ip that all kinds of probes show on x86, as after a breakpoint.
 */
unsigned int rust_helper_kprobe_stack(struct pt_regs *regs, unsigned long *frames,
				      unsigned int size)
{
	struct pt_regs entry = *regs;
	struct unwind_state state;
	unsigned int found = 0;

	entry.ip--;
	unwind_start(&state, current, &entry, NULL);
	while (found < size && !unwind_done(&state)) {
		frames[found] = unwind_get_return_address(&state);
		if (!frames[found])
			break;
		found++;
		unwind_next_frame(&state);
	}
	return found;
}

bool rust_helper_kprobe_in_nmi(void)
{
	return in_nmi();
}

struct kretprobe *rust_helper_get_kretprobe(struct kretprobe_instance *ri)
{
	return get_kretprobe(ri);
}

/* A flexible array: where it begins is for C to say. */
void *rust_helper_kretprobe_data(struct kretprobe_instance *ri)
{
	return ri->data;
}

void rust_helper_kprobe_init_irq_work(struct irq_work *work, void (*func)(struct irq_work *))
{
	init_irq_work(work, func);
}

/* A macro with a lock class key for each place that it stands at. */
void rust_helper_kprobe_init_work(struct work_struct *work, work_func_t func)
{
	INIT_WORK(work, func);
}

bool rust_helper_kprobe_queue_work(struct work_struct *work)
{
	return queue_work(system_dfl_wq, work);
}

int rust_helper_kprobe_symbol(char *buffer, size_t size, unsigned long address)
{
	return scnprintf(buffer, size, "%pB", (void *)address);
}

int rust_helper_kprobe_function(char *buffer, size_t size, unsigned long address)
{
	return scnprintf(buffer, size, "%ps", (void *)address);
}
