// SPDX-License-Identifier: GPL-2.0
/* What the alarm crate needs of C: the tracepoint, and parameters that can be changed. */

#include <linux/bug.h>
#include <linux/kernel.h>
#include <linux/moduleparam.h>
#include <linux/panic.h>

#include "locktrack.h"

/* bindgen has to see what can be called, and no more. */
#ifndef __BINDGEN__

#define CREATE_TRACE_POINTS
#include "locktrack_trace.h"

/*
 * The parameters of a Rust module cannot be changed, and are neither strings nor, before v7.3,
 * bool.
 */
static char *attach;
module_param(attach, charp, 0400);
MODULE_PARM_DESC(attach, "What to attach to at load, as it is written to the file attach, divided by commas");

static char *edition;
module_param(edition, charp, 0400);
MODULE_PARM_DESC(edition, "Whose rules are checked at first, as it is written to the file edition");

static bool warn_on_violation;
module_param(warn_on_violation, bool, 0600);
MODULE_PARM_DESC(warn_on_violation, "Warn in the log, with a stack, when a new violation is recorded");

static bool panic_on_violation;
module_param(panic_on_violation, bool, 0600);
MODULE_PARM_DESC(panic_on_violation, "Panic on the first violation that is not excepted");

static bool exact;
module_param(exact, bool, 0);
MODULE_PARM_DESC(exact, "Follow who holds locks shared, as the file exact does");

static bool selftest_wrong_query;
module_param(selftest_wrong_query, bool, 0);
MODULE_PARM_DESC(selftest_wrong_query, "Let the self-test ask in a way that is known to be wrong: the module must refuse to load");

#define SAID "locktrack: %.*s.%.*s of %s %.*s%.*s%.*s%.*s%.*s%.*s%.*s%.*s, by %pS\n"
#define TEXT(text) (text).length, (text).start
#define SAY(v)									\
	TEXT((v)->table), TEXT((v)->op), (v)->fs, TEXT((v)->said[0]),		\
	TEXT((v)->said[1]), TEXT((v)->said[2]), TEXT((v)->said[3]),		\
	TEXT((v)->said[4]), TEXT((v)->said[5]), TEXT((v)->said[6]),		\
	TEXT((v)->said[7]), (void *)(v)->caller

const char *rust_helper_locktrack_attach_at_load(void)
{
	return attach;
}

const char *rust_helper_locktrack_edition_at_load(void)
{
	return edition;
}

bool rust_helper_locktrack_exact_at_load(void)
{
	return exact;
}

bool rust_helper_locktrack_selftest_wrong_query(void)
{
	return selftest_wrong_query;
}

void rust_helper_locktrack_violation(const struct locktrack_violation *v, bool first)
{
	trace_violation(v);
	if (v->excepted)
		return;
	if (READ_ONCE(panic_on_violation))
		panic(SAID, SAY(v));
	if (first && READ_ONCE(warn_on_violation))
		WARN(1, SAID, SAY(v));
}

#else

const char *rust_helper_locktrack_attach_at_load(void);
const char *rust_helper_locktrack_edition_at_load(void);
bool rust_helper_locktrack_exact_at_load(void);
bool rust_helper_locktrack_selftest_wrong_query(void);
void rust_helper_locktrack_violation(const struct locktrack_violation *v, bool first);

#endif
