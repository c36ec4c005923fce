/* SPDX-License-Identifier: GPL-2.0 */
/* What locktrack_return.ko's files share. */

#ifndef RETURNFS_H
#define RETURNFS_H

#include <linux/fs.h>
#include <linux/path.h>

struct test_case;

/* What a case works with. */
struct call {
	const struct test_case *test;
	struct path path;
	struct inode *inode;
};

struct test_case {
	const char *name;
	/* What locktrack has to report. */
	const char *callback;
	const char *object;
	const char *lock;
	int (*call)(struct call *call);
	/* The call that keeps the rule, if it is another one. */
	int (*keep)(struct call *call);
	/* The file that it is about, if it is not "file". */
	const char *file;
};

/* Calls that case, or keeps its rule. One at a time. */
int returnfs_call(struct call *call, bool keep);

/* Whether the case of that name is tried: then its callback breaks the rule. */
bool returnfs_breaks(const char *name);

extern struct file_system_type returnfs_type;

/* How long a callback sleeps that sleeps once. */
extern unsigned int returnfs_sleep_ms;

/* Of returnfs_pages.c. */
int call_read_folio(struct call *call);
int call_write_begin(struct call *call);
int call_write_end(struct call *call);
int call_dirty_folio(struct call *call);
int call_invalidate_folio(struct call *call);
int call_release_folio(struct call *call);
int call_migrate_folio(struct call *call);
int call_launder_folio(struct call *call);
int call_is_partially_uptodate(struct call *call);
int call_error_remove_folio(struct call *call);
int call_fault(struct call *call);
int call_page_mkwrite(struct call *call);
int call_map_pages(struct call *call);
int call_mmap(struct call *call);

extern const struct test_case returnfs_cases[];
extern const unsigned int returnfs_cases_count;

#endif
