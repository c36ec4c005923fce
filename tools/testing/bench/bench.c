// SPDX-License-Identifier: GPL-2.0
/*
 * bench: how many instructions an operation of a filesystem takes.
 *
 * Usage: bench names|data|mixed|links|memory SUBJECT DIRECTORY
 *        bench directory SUBJECT DIRECTORY FILES ROUNDS
 *        bench violations SUBJECT DIRECTORY PARAMETER COUNT
 *        bench method
 *
 * Prints one line for each operation, with tabs between: "sample", the operation, the unit, SUBJECT,
 * and how much it was. SUBJECT is what the result is to be called.
 *
 * It counts with the time stamp counter, and so works only in a machine whose clock counts
 * instructions: `scripts/vm --icount`. Each run makes sure of it; "method" does no more.
 * What is counted is all that the machine does meanwhile: there is one CPU, and nothing else to do.
 */

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#include "bench.h"

static const char *subject;
static uint64_t started, ended;

void die(const char *what)
{
	fprintf(stderr, "bench: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* What RCU and work queues were left to do. Such a machine does not wait: its clock jumps. */
void settle(void)
{
	struct timespec time = { .tv_nsec = 50 * 1000 * 1000 };

	nanosleep(&time, NULL);
}

void begin_now(void)
{
	started = __rdtsc();
}

void begin(void)
{
	settle();
	begin_now();
}

void end(void)
{
	ended = __rdtsc();
}

void sample_of(const char *what, const char *unit, double value)
{
	printf("sample\t%s\t%s\t%s\t%.2f\n", what, unit, subject, value);
	fflush(stdout);
}

double instructions(unsigned long operations)
{
	return (double)(ended - started) / operations;
}

void sample(const char *what, unsigned long operations)
{
	sample_of(what, "instructions", instructions(operations));
}

static char (*all_names)[16];

const char *name(unsigned long i)
{
	return all_names[i];
}

void make_names(char prefix, unsigned long count)
{
	free(all_names);
	all_names = calloc(count, sizeof(*all_names));
	if (!all_names)
		die("names");
	for (unsigned long i = 0; i < count; i++)
		snprintf(all_names[i], sizeof(*all_names), "%c%08u", prefix, (unsigned int)i);
}

/* A loop of two instructions. */
static uint64_t loop(uint64_t times)
{
	uint64_t before = __rdtsc();

	asm volatile("1: dec %0; jnz 1b" : "+r"(times));
	return __rdtsc() - before;
}

/*
 * Is a step of the counter an instruction? A loop that has so many more of them must take just as
 * many more steps, if no interrupt comes.
 */
static void check_method(void)
{
	const uint64_t more = 1000000;
	uint64_t best = UINT64_MAX;

	for (int i = 0; i < 99 && best != more; i++) {
		uint64_t steps = loop(1 + more / 2) - loop(1);

		if (steps < best)
			best = steps;
		/* The kernel may be at work on something. */
		usleep(10000);
	}
	if (best != more) {
		fprintf(stderr, "bench: this machine's clock does not count instructions: %lu took "
			"%lu of its steps. Run this with scripts/vm --icount\n",
			(unsigned long)more, (unsigned long)best);
		exit(1);
	}
}

static int usage(void)
{
	fprintf(stderr, "usage: bench names|data|mixed|links|memory SUBJECT DIRECTORY\n"
		"       bench directory SUBJECT DIRECTORY FILES ROUNDS\n"
		"       bench violations SUBJECT DIRECTORY PARAMETER COUNT\n"
		"       bench method\n");
	return 2;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (!strcmp(what, "method") && argc == 2) {
		check_method();
		return 0;
	}
	if (argc < 4)
		return usage();
	/* Or the first call of a function would be counted with the fault for it. */
	if (mlockall(MCL_CURRENT))
		die("mlockall");
	check_method();
	subject = argv[2];
	if (chdir(argv[3]))
		die(argv[3]);

	if (!strcmp(what, "names") && argc == 4)
		names();
	else if (!strcmp(what, "data") && argc == 4)
		data();
	else if (!strcmp(what, "mixed") && argc == 4)
		mixed();
	else if (!strcmp(what, "links") && argc == 4)
		links();
	else if (!strcmp(what, "violations") && argc == 6)
		violations(argv[4], argv[3], strtoul(argv[5], NULL, 10));
	else if (!strcmp(what, "memory") && argc == 4)
		memory();
	else if (!strcmp(what, "directory") && argc == 6)
		directory(strtoul(argv[4], NULL, 10), strtoul(argv[5], NULL, 10));
	else
		return usage();
	return 0;
}
