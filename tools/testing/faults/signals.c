// SPDX-License-Identifier: GPL-2.0
/*
 * A signal at the n-th place where a task might sleep.
 *
 * The kernel has no such fault, but says at each of these places that it is one, where it checks
 * sleeping (CONFIG_DEBUG_ATOMIC_SLEEP): __might_resched() is called there. A program of BPF counts the
 * calls of one process there, and sends the signal. What it goes by is in memory that is shared with it,
 * so that arming is not a system call.
 */
#include "faults.h"

#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <sys/ioctl.h>

static struct {
	uint32_t tgid, left, signal, sent;
} *shared;

static int map_fd = -1, program_fd = -1, event_fd = -1;

#define INSN(op, dst, src, offset, value) \
	((struct bpf_insn){ .code = (op), .dst_reg = (dst), .src_reg = (src), .off = (offset), .imm = (value) })
#define LOAD(dst, src, offset)	INSN(BPF_LDX | BPF_MEM | BPF_W, dst, src, offset, 0)
#define STORE(dst, src, offset)	INSN(BPF_STX | BPF_MEM | BPF_W, dst, src, offset, 0)
#define CALL(function)		INSN(BPF_JMP | BPF_CALL, 0, 0, 0, function)

static long bpf(int cmd, union bpf_attr *attr)
{
	return syscall(SYS_bpf, cmd, attr, sizeof(*attr));
}

static int load_program(void)
{
	const struct bpf_insn program[] = {
		CALL(BPF_FUNC_get_current_pid_tgid),
		INSN(BPF_ALU64 | BPF_RSH | BPF_K, 0, 0, 0, 32),
		/* r7 = shared, in two halves */
		INSN(BPF_LD | BPF_DW | BPF_IMM, 7, BPF_PSEUDO_MAP_VALUE, 0, map_fd),
		INSN(0, 0, 0, 0, 0),
		LOAD(1, 7, 0),
		INSN(BPF_JMP | BPF_JNE | BPF_X, 1, 0, 9, 0),
		LOAD(1, 7, 4),
		INSN(BPF_JMP | BPF_JEQ | BPF_K, 1, 0, 7, 0),
		INSN(BPF_ALU64 | BPF_SUB | BPF_K, 1, 0, 0, 1),
		STORE(7, 1, 4),
		INSN(BPF_JMP | BPF_JNE | BPF_K, 1, 0, 4, 0),
		INSN(BPF_ALU64 | BPF_MOV | BPF_K, 1, 0, 0, 1),
		STORE(7, 1, 12),
		LOAD(1, 7, 8),
		CALL(BPF_FUNC_send_signal),
		INSN(BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 0),
		INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0),
	};
	static char log[4096];
	union bpf_attr attr;
	int loaded;

	/* The kernel wants all of it to be zero that is not used, and an initialiser is about one member of a union. */
	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_KPROBE;
	attr.insns = (uintptr_t)program;
	attr.insn_cnt = ARRAY_SIZE(program);
	attr.license = (uintptr_t)"GPL";
	attr.log_buf = (uintptr_t)log;
	attr.log_size = sizeof(log);
	attr.log_level = 1;
	loaded = bpf(BPF_PROG_LOAD, &attr);
	if (loaded < 0)
		die("the program is not loaded: %s\n%s", strerror(errno), log);
	return loaded;
}

static int open_event(void)
{
	struct perf_event_attr attr = {
		.size = sizeof(attr),
		.sample_period = 1,
		.config1 = (uintptr_t)"__might_resched",
	};
	FILE *type = fopen("/sys/bus/event_source/devices/kprobe/type", "r");
	bool read = type && fscanf(type, "%u", &attr.type) == 1;

	if (type)
		fclose(type);
	return read ? syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC) : -1;
}

bool signals_begin(void)
{
	union bpf_attr attr;

	event_fd = open_event();
	if (event_fd < 0)
		return false;
	memset(&attr, 0, sizeof(attr));
	attr.map_type = BPF_MAP_TYPE_ARRAY;
	attr.key_size = 4;
	attr.value_size = sizeof(*shared);
	attr.max_entries = 1;
	attr.map_flags = BPF_F_MMAPABLE;
	map_fd = bpf(BPF_MAP_CREATE, &attr);
	NEED(map_fd >= 0);
	shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, map_fd, 0);
	NEED(shared != MAP_FAILED);
	program_fd = load_program();
	NEED(!ioctl(event_fd, PERF_EVENT_IOC_SET_BPF, program_fd));
	NEED(!ioctl(event_fd, PERF_EVENT_IOC_ENABLE, 0));
	return true;
}

void signals_end(void)
{
	close(event_fd);
	close(program_fd);
	munmap(shared, PAGE);
	close(map_fd);
}

void signals_arm(int signal, unsigned int n)
{
	shared->tgid = getpid();
	shared->signal = signal;
	shared->sent = 0;
	*(volatile uint32_t *)&shared->left = n;
}

bool signals_disarm(void)
{
	*(volatile uint32_t *)&shared->left = 0;
	return *(volatile uint32_t *)&shared->sent;
}
