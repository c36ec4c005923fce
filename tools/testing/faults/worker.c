// SPDX-License-Identifier: GPL-2.0
/*
 * What locktrack does in a kworker, and memory that it does not get there: taking in new tables, and finding
 * texts for violations.
 *
 * fail-nth is of one task, and which kworker it will be is not known: so it is set for each. Only places below
 * locktrack's own functions count.
 */
#include "faults.h"
#include "../selftests/lib/fault.h"

#include <dirent.h>

/* All that the whole of memory is below. */
#define NO_END	"0xffffffffffffffff"

static int workers[512];
static unsigned int worker_count;

static void read_file(const char *path, char *text, size_t size)
{
	int file = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got;

	NEED(file >= 0);
	got = read(file, text, size - 1);
	NEED(got > 0);
	text[got] = '\0';
	close(file);
}

/* Behind the text of a module there can be what the kernel made for probes on anything. */
static void find_text(unsigned long *start, unsigned long *end)
{
	FILE *symbols = fopen("/proc/kallsyms", "re");
	unsigned long address;
	char line[1024], type;

	NEED(symbols);
	*start = *end = 0;
	while (fgets(line, sizeof(line), symbols)) {
		if (!strstr(line, "\t[locktrack]\n") || sscanf(line, "%lx %c", &address, &type) != 2 ||
		    (type != 't' && type != 'T'))
			continue;
		if (!*start || address < *start)
			*start = address;
		if (address > *end)
			*end = address;
	}
	fclose(symbols);
	NEED(*start && *end > *start);
}

/* Lets only places count that locktrack's functions lead to. */
static void below_locktrack(void)
{
	static unsigned long start, end;
	static char found_at[32];
	char text[32];

	read_file("/sys/module/locktrack/sections/.text", text, sizeof(text));
	if (strcmp(text, found_at))
		find_text(&start, &end);
	strcpy(found_at, text);
	snprintf(text, sizeof(text), "%#lx", start);
	NEED(fault_set("failslab", "require-start", text));
	snprintf(text, sizeof(text), "%#lx", end);
	NEED(fault_set("failslab", "require-end", text));
	NEED(fault_set("failslab", "stacktrace-depth", "32"));
}

/* require-start is set anew for each kind. */
void worker_end(void)
{
	NEED(fault_set("failslab", "require-end", NO_END));
}

static bool is_worker(const char *pid)
{
	char path[64], name[32];
	int file;
	bool is;

	snprintf(path, sizeof(path), "/proc/%s/comm", pid);
	file = open(path, O_RDONLY | O_CLOEXEC);
	is = file >= 0 && read(file, name, sizeof(name)) > 8 && !memcmp(name, "kworker/", 8);
	close(file);
	return is;
}

void worker_arm(unsigned int n)
{
	DIR *all = opendir("/proc");
	struct dirent *e;
	char path[64];

	below_locktrack();
	NEED(all);
	worker_count = 0;
	while ((e = readdir(all)) && worker_count < ARRAY_SIZE(workers)) {
		if (strspn(e->d_name, "0123456789") != strlen(e->d_name) || !is_worker(e->d_name))
			continue;
		snprintf(path, sizeof(path), "/proc/%s/fail-nth", e->d_name);
		workers[worker_count] = open(path, O_RDWR | O_CLOEXEC);
		if (workers[worker_count] < 0)
			continue;
		dprintf(workers[worker_count++], "%u", n);
	}
	closedir(all);
}

/* One may be gone, but not that which met it. */
bool worker_disarm(void)
{
	bool hit = false;
	char left[16];
	unsigned int i;

	for (i = 0; i < worker_count; i++) {
		hit |= pread(workers[i], left, sizeof(left), 0) > 0 && left[0] == '0';
		pwrite(workers[i], "0", 1, 0);
		close(workers[i]);
	}
	worker_count = 0;
	return hit;
}

/* What failslab has been set to meanwhile. */
static const char *const attributes[] = { "require-start", "require-end", "stacktrace-depth", "probability", "times" };
static char kept_values[ARRAY_SIZE(attributes)][32];

bool locktrack_memory_refused(void)
{
	char path[64];
	size_t i;

	if (access(FAULT_ROOT "failslab", F_OK))
		return false;
	for (i = 0; i < ARRAY_SIZE(attributes); i++) {
		snprintf(path, sizeof(path), FAULT_ROOT "failslab/%s", attributes[i]);
		read_file(path, kept_values[i], sizeof(kept_values[i]));
	}
	below_locktrack();
	NEED(fault_set("failslab", "verbose", "0") && fault_set("failslab", "ignore-gfp-wait", "N"));
	NEED(fault_set("failslab", "times", "1000000") && fault_set("failslab", "probability", "100"));
	return true;
}

unsigned long locktrack_refusals(void)
{
	char text[32];

	read_file(FAULT_ROOT "failslab/times", text, sizeof(text));
	return 1000000 - strtoul(text, NULL, 10);
}

void locktrack_memory_back(void)
{
	size_t i;

	for (i = ARRAY_SIZE(attributes); i--;)
		NEED(fault_set("failslab", attributes[i], kept_values[i]));
}
