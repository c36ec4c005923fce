/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Calls that fail on demand: the n-th place at which this task could fail does, and no other task.
 * See Documentation/fault-injection/fault-injection.rst of the kernel.
 */
#ifndef FAULT_H
#define FAULT_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FAULT_ROOT	"/sys/kernel/debug/"
#define FAULT_MISSING	"no CONFIG_FAILSLAB, or no debugfs"

/* In debugfs, each with what it leaves out by default. fail-nth counts the places of all. */
static const char *const fault_kinds[] = { "failslab", "fail_page_alloc", "fail_function", "fail_usercopy" };
/* That which fault_only() chose. */
static const char *fault_chosen = "";
static int fault_fd = -1;

static inline bool fault_write(const char *file, const char *value)
{
	int fd = open(file, O_WRONLY | O_CLOEXEC);
	bool done = fd >= 0 && write(fd, value, strlen(value)) == (ssize_t)strlen(value);

	if (fd >= 0)
		close(fd);
	return done;
}

static inline bool fault_set(const char *kind, const char *file, const char *value)
{
	char path[128];

	snprintf(path, sizeof(path), FAULT_ROOT "%s/%s", kind, file);
	return fault_write(path, value);
}

/*
 * Lets places of this kind fail, and of no other: those want a caller that there is not, and look at no
 * stack for it. Also where the allocation may wait, or is of a page. False if the kernel has no such kind.
 */
static inline bool fault_only(const char *kind)
{
	bool there = false, chosen;
	size_t i;

	fault_chosen = kind;
	for (i = 0; i < sizeof(fault_kinds) / sizeof(*fault_kinds); i++) {
		chosen = !strcmp(kind, fault_kinds[i]);
		if (!fault_set(fault_kinds[i], "stacktrace-depth", "0"))
			continue;
		fault_set(fault_kinds[i], "require-start", chosen ? "0" : "1");
		fault_set(fault_kinds[i], "verbose", "0");
		there |= chosen;
	}
	fault_set("failslab", "ignore-gfp-wait", "N");
	fault_set("fail_page_alloc", "ignore-gfp-wait", "N");
	fault_set("fail_page_alloc", "ignore-gfp-highmem", "N");
	fault_set("fail_page_alloc", "min-order", "0");
	if (there && fault_fd < 0)
		fault_fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	return there && fault_fd >= 0;
}

/* To write the number may be what fails; nothing is armed then. */
static inline void fault_arm(unsigned int n)
{
	char text[16];
	int length = snprintf(text, sizeof(text), "%u", n), tries = 3;

	while (pwrite(fault_fd, text, length, 0) != length && tries--)
		;
}

/* Whether something failed since. Leaves errno. */
static inline bool fault_disarm(void)
{
	char left[16] = "";
	int error = errno;
	/* It reads how much is left before it copies that, which may fail: then it was nothing else. */
	bool hit = pread(fault_fd, left, sizeof(left) - 1, 0) > 0 && left[0] == '0';

	fault_arm(0);
	errno = error;
	return hit;
}

#endif /* FAULT_H */
