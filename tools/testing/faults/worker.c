// SPDX-License-Identifier: GPL-2.0
/* What locktrack does in a kworker, and memory that it does not get there: finding texts for violations. */
#include "faults.h"
#include "../selftests/lib/fault.h"

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
