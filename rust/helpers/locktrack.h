/* SPDX-License-Identifier: GPL-2.0 */
/* A broken rule on its way from Rust to the tracepoint. */

#ifndef _LOCKTRACK_H
#define _LOCKTRACK_H

#include <linux/types.h>

/* Rust's strings have no NUL at their end. */
struct locktrack_text {
	const char *start;
	unsigned int length;
};

struct locktrack_violation {
	unsigned int rule;
	struct locktrack_text table;
	struct locktrack_text op;
	struct locktrack_text object;
	struct locktrack_text lock;
	struct locktrack_text requires;
	struct locktrack_text found;
	/* What was wrong, in words: one after the other. */
	struct locktrack_text said[8];
	const char *fs;
	dev_t dev;
	unsigned long caller;
	bool excepted;
};

#endif /* _LOCKTRACK_H */
