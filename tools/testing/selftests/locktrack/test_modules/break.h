/* SPDX-License-Identifier: GPL-2.0 */
/* What locktrack_break.ko's files share. */

#ifndef BREAK_H
#define BREAK_H

#include <linux/dcache.h>
#include <linux/fs.h>

/* How an object is locked while the callback runs. */
enum how { FREE, SHARED, EXCL };

/* The objects, in the order in which they are locked. */
enum object { DIR, NEW_DIR, SOURCE, TARGET, OBJECTS };

struct test_case;

/* What a case works with. All dentries are references. */
struct call {
	const struct test_case *test;
	struct mnt_idmap *idmap;
	struct dentry *dir;
	struct dentry *new_dir;
	struct dentry *source;
	struct dentry *target;
};

struct test_case {
	const char *name;
	/* What locktrack has to report. */
	const char *op;
	const char *object;
	int (*call)(struct call *call);
	const char *source;
	const char *target;
	enum how how[OBJECTS];
	bool across;
	bool rename_mutex;
	unsigned int flags;
};

/* Calls ->lookup: the only one whose source is not looked up before. */
int call_lookup(struct call *call);

extern const struct test_case break_cases[];
extern const unsigned int break_cases_count;

#endif
