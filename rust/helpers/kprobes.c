// SPDX-License-Identifier: GPL-2.0
/* Inline functions and macros that the kprobes crate calls. */

#include <linux/irq_work.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/ptrace.h>
#include <linux/sprintf.h>
#include <linux/string.h>
#include <linux/trace_recursion.h>
#include <linux/tracepoint.h>
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

/*
 * On x86, the first thing on the stack of a function that is just entered; or, if a
 * return probe put its trampoline there, what the unwinder says was there before.
 */
unsigned long rust_helper_kprobe_caller(struct pt_regs *regs)
{
	unsigned long caller;

	if (rust_helper_kprobe_stack(regs, &caller, 1))
		return caller;
	return regs_get_kernel_stack_nth(regs, 0);
}

/* rethook_trampoline_handler() puts the address in ip before it calls a handler. */
unsigned long rust_helper_kprobe_return_address(struct pt_regs *regs)
{
	return instruction_pointer(regs);
}

/* As at the entry: the function has returned, so its caller's frame is the innermost one. */
unsigned int rust_helper_kprobe_return_stack(struct pt_regs *regs, unsigned long *frames,
					     unsigned int size)
{
	struct unwind_state state;
	unsigned int found = 0;

	if (!size)
		return 0;
	frames[found++] = instruction_pointer(regs);
	unwind_start(&state, current, regs, NULL);
	while (found < size && !unwind_done(&state)) {
		frames[found] = unwind_get_return_address(&state);
		if (!frames[found])
			break;
		found++;
		unwind_next_frame(&state);
	}
	return found;
}

/* The return addresses from here outwards, without this module's own. */
unsigned int rust_helper_kprobe_stack_here(unsigned long *frames, unsigned int size)
{
	struct unwind_state state;
	unsigned int found = 0;

	unwind_start(&state, current, NULL, NULL);
	while (found < size && !unwind_done(&state)) {
		frames[found] = unwind_get_return_address(&state);
		if (!frames[found])
			break;
		if (found || !within_module(frames[found], THIS_MODULE))
			found++;
		unwind_next_frame(&state);
	}
	return found;
}

/*
 * What the code had that was hit. A breakpoint is entered as an NMI is; ftrace, the jump of
 * an optimised probe and the return's trampoline turn preemption off. Where a function has more
 * users of ftrace, their list turns it off once more.
 */
unsigned int rust_helper_kprobe_preempt_count(void)
{
	unsigned int count = preempt_count();

	if (in_nmi())
		return count - (NMI_OFFSET + HARDIRQ_OFFSET);
	if (trace_recursion_test(TRACE_LIST_START + trace_get_context_bit()))
		count -= PREEMPT_DISABLE_OFFSET;
	return count - PREEMPT_DISABLE_OFFSET;
}

/* Where the unwinder found the return address that it is at. */
static unsigned long rust_helper_kprobe_return_slot(struct unwind_state *state)
{
#if defined(CONFIG_UNWINDER_ORC)
	return state->sp - sizeof(long);
#elif defined(CONFIG_UNWINDER_FRAME_POINTER)
	return (unsigned long)(state->bp + 1);
#else
	return (unsigned long)state->sp;
#endif
}

/*
 * Finds the call from here outwards whose return address is in @slot. Returns that address, as it was
 * before a return probe put its trampoline there, and 0 if there is none; @callee becomes an
 * address in the function that was called, or in one that it went on in.
 */
unsigned long rust_helper_kprobe_call_at(unsigned long slot, unsigned long *callee)
{
	struct unwind_state state;

	unwind_start(&state, current, NULL, NULL);
	while (!unwind_done(&state)) {
		unsigned long address = unwind_get_return_address(&state);
		unsigned long at = rust_helper_kprobe_return_slot(&state);

		if (!address || at > slot)
			break;
		if (at == slot)
			return address;
		*callee = address;
		unwind_next_frame(&state);
	}
	return 0;
}

/* Not all tracepoints are exported, but all are in a list. */
struct rust_helper_kprobe_search {
	const char *name;
	struct tracepoint *found;
};

static void rust_helper_kprobe_if_named(struct tracepoint *tp, void *data)
{
	struct rust_helper_kprobe_search *search = data;

	if (!strcmp(tp->name, search->name))
		search->found = tp;
}

struct tracepoint *rust_helper_kprobe_find_tracepoint(const char *name)
{
	struct rust_helper_kprobe_search search = { .name = name };

	for_each_kernel_tracepoint(rust_helper_kprobe_if_named, &search);
	return search.found;
}

void rust_helper_kprobe_tracepoint_synchronize(void)
{
	tracepoint_synchronize_unregister();
}

bool rust_helper_kprobe_within_module(unsigned long address, const struct module *module)
{
	return within_module(address, module);
}

bool rust_helper_kprobe_in_nmi(void)
{
	return in_nmi();
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

/* Per-CPU memory is only to be had by macros. */
unsigned long __percpu *rust_helper_kprobe_alloc_per_cpu(size_t count)
{
	return __alloc_percpu(count * sizeof(unsigned long), SMP_CACHE_BYTES);
}

void rust_helper_kprobe_free_per_cpu(unsigned long __percpu *words)
{
	free_percpu(words);
}

u64 rust_helper_kprobe_sum_per_cpu(unsigned long __percpu *word)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(*per_cpu_ptr(word, cpu));
	return sum;
}

void rust_helper_kprobe_reset_per_cpu(unsigned long __percpu *words, size_t count)
{
	int cpu;

	for_each_possible_cpu(cpu)
		for (size_t index = 0; index < count; index++)
			WRITE_ONCE(per_cpu_ptr(words, cpu)[index], 0);
}
