// SPDX-License-Identifier: GPL-2.0
/* The faults: what they are called, how they are met, and which errors they may give. */
#include "faults.h"
#include "../selftests/lib/fault.h"

#include <linux/quota.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/statfs.h>

/* <linux/quota.h> has no prefix for them. */
#define USR	0
#define GRP	1
#define PRJ	2

/* What fails for want of memory. */

static const char *begin_failslab(void)
{
	return fault_only("failslab") ? NULL : "no CONFIG_FAILSLAB";
}

static const char *begin_page_alloc(void)
{
	return fault_only("fail_page_alloc") ? NULL : "no CONFIG_FAIL_PAGE_ALLOC";
}

/* The address of a symbol, or of the one behind that address. */
static unsigned long address_of(const char *symbol, unsigned long behind)
{
	FILE *symbols = fopen("/proc/kallsyms", "re");
	unsigned long address, found = 0;
	char name[512];

	NEED(symbols);
	while (fscanf(symbols, "%lx %*c %511s%*[^\n]", &address, name) == 2)
		if (symbol ? !strcmp(name, symbol) : address > behind && (!found || address < found))
			found = address;
	fclose(symbols);
	return found;
}

void memory_spares(const char *first, const char *last)
{
	static const char *const kinds[] = { "failslab", "fail_page_alloc" };
	unsigned long start = address_of(first, 0), end = address_of(last, 0);
	char from[32], to[32];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		/* The others must not look at the stack. */
		if (strcmp(kinds[i], fault_chosen))
			continue;
		NEED(start && end >= start);
		snprintf(from, sizeof(from), "%#lx", start);
		snprintf(to, sizeof(to), "%#lx", address_of(NULL, end));
		NEED(fault_set(kinds[i], "reject-start", from) && fault_set(kinds[i], "reject-end", to));
		NEED(fault_set(kinds[i], "stacktrace-depth", "32"));
	}
}

static const char *begin_usercopy(void)
{
	return fault_only("fail_usercopy") ? NULL : "no CONFIG_FAULT_INJECTION_USERCOPY";
}

/* Of the functions that the kernel lets fail, the one that a filesystem in memory reaches. */
#define FUNCTION	"__filemap_add_folio"

static const char *begin_function(void)
{
	char retval[32];

	if (!fault_only("fail_function"))
		return "no CONFIG_FAIL_FUNCTION";
	if (!fault_set("fail_function", "inject", FUNCTION))
		return "no " FUNCTION "() that may fail";
	snprintf(retval, sizeof(retval), "%#lx", (unsigned long)-ENOMEM);
	return fault_set("fail_function", FUNCTION "/retval", retval) ? NULL : "no error for " FUNCTION "()";
}

static void end_function(void)
{
	fault_set("fail_function", "inject", " ");
}

/* No room: there are n - 1 blocks or inodes more than are in use. */

static void limit_mount(const char *what, unsigned long number, const char *unit)
{
	char options[64];

	snprintf(options, sizeof(options), "%s=%lu%s", what, number, unit);
	NEED(!mount("none", MOUNT, NULL, MS_REMOUNT, options));
}

static void arm_blocks(unsigned int n)
{
	struct statfs st;

	NEED(!fstatfs(root_fd, &st));
	limit_mount("size", (st.f_blocks - st.f_bfree + n - 1) * (PAGE / 1024), "k");
}

static void arm_inodes(unsigned int n)
{
	struct statfs st;

	NEED(!fstatfs(root_fd, &st));
	limit_mount("nr_inodes", st.f_files - st.f_ffree + n - 1, "");
}

static bool disarm_limits(void)
{
	NEED(!mount("none", MOUNT, NULL, MS_REMOUNT, TREE_OPTIONS));
	return false;
}

/* The same for everybody whose quota an operation may charge. A limit of 0 would be none. */

static void limit_quotas(int valid, unsigned int more)
{
	const struct { int type; unsigned int id; } all[] = {
		{ USR, 0 }, { USR, USER }, { USR, fresh_id() }, { GRP, 0 }, { GRP, fresh_id() },
		{ PRJ, PROJECT }, { PRJ, fresh_id() },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(all); i++) {
		struct if_dqblk q;

		NEED(!quota(Q_GETQUOTA, all[i].type, all[i].id, &q));
		q.dqb_bhardlimit = valid == QIF_BLIMITS ?
			q.dqb_curspace / 1024 + more * (PAGE / 1024) : 0;
		q.dqb_ihardlimit = valid == QIF_ILIMITS ? q.dqb_curinodes + more : 0;
		if (valid == QIF_BLIMITS && !q.dqb_bhardlimit)
			q.dqb_bhardlimit = 1;
		if (valid == QIF_ILIMITS && !q.dqb_ihardlimit)
			q.dqb_ihardlimit = 1;
		q.dqb_valid = QIF_LIMITS;
		NEED(!quota(Q_SETQUOTA, all[i].type, all[i].id, &q));
	}
	/* Limits do not hold for who has it. */
	if (valid)
		give_up(24 /* CAP_SYS_RESOURCE */);
}

static void arm_quota_blocks(unsigned int n)
{
	limit_quotas(QIF_BLIMITS, n - 1);
}

static void arm_quota_inodes(unsigned int n)
{
	limit_quotas(QIF_ILIMITS, n - 1);
}

static bool disarm_quotas(void)
{
	get_back();
	limit_quotas(0, 0);
	return false;
}

/* Signals: one that is handled, and one that kills. */

static void nothing(int signal)
{
	(void)signal;
}

static const char *begin_signals(void)
{
	struct sigaction action = { .sa_handler = nothing };

	sigaction(SIGUSR1, &action, NULL);
	return signals_begin() ? NULL : "no __might_resched(), as without CONFIG_DEBUG_ATOMIC_SLEEP";
}

static void arm_signal(unsigned int n)
{
	signals_arm(SIGUSR1, n);
}

static void arm_kill(unsigned int n)
{
	signals_arm(SIGKILL, n);
}

const struct fault faults[] = {
	{ .name = "failslab", .begin = begin_failslab, .arm = fault_arm, .disarm = fault_disarm,
	  .errors = { ENOMEM } },
	{ .name = "failslab-worker", .begin = begin_failslab, .end = worker_end, .arm = worker_arm,
	  .disarm = worker_disarm, .errors = { ENOMEM }, .in_worker = true },
	{ .name = "fail_page_alloc", .begin = begin_page_alloc, .arm = fault_arm, .disarm = fault_disarm,
	  .errors = { ENOMEM } },
	{ .name = "fail_function", .begin = begin_function, .end = end_function, .arm = fault_arm,
	  .disarm = fault_disarm, .errors = { ENOMEM } },
	{ .name = "fail_usercopy", .begin = begin_usercopy, .arm = fault_arm, .disarm = fault_disarm,
	  .errors = { EFAULT } },
	{ .name = "ENOSPC", .arm = arm_blocks, .disarm = disarm_limits, .errors = { ENOSPC },
	  .limit = true, .many = true },
	{ .name = "ENOSPC-inodes", .arm = arm_inodes, .disarm = disarm_limits, .errors = { ENOSPC },
	  .limit = true, .many = true },
	{ .name = "EDQUOT", .arm = arm_quota_blocks, .disarm = disarm_quotas, .errors = { EDQUOT },
	  .limit = true, .many = true },
	{ .name = "EDQUOT-inodes", .arm = arm_quota_inodes, .disarm = disarm_quotas, .errors = { EDQUOT },
	  .limit = true, .many = true },
	{ .name = "EINTR", .begin = begin_signals, .end = signals_end, .arm = arm_signal,
	  .disarm = signals_disarm, .errors = { EINTR }, .many = true },
	{ .name = "killed", .begin = begin_signals, .end = signals_end, .arm = arm_kill,
	  .disarm = signals_disarm, .errors = { EINTR }, .kills = true, .many = true },
};

const unsigned int fault_count = ARRAY_SIZE(faults);
