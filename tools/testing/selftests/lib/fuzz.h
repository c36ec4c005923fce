/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the fuzzers in the guest share: cases of a few steps that are made up, mutated, remembered where the kernel
 * answered something new, and made smaller where something is wrong.
 *
 * A case is a few lines, in a corpus and where it is printed:
 *
 *	KIND <tab> KEY <tab> NUMBER <tab> DATA
 *
 * with \xNN for each byte of the data that is not plain, and an empty line behind each case.
 */
#ifndef FUZZ_H
#define FUZZ_H

#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define FUZZ_STEPS	12
#define FUZZ_DATA	600
#define FUZZ_CASES	1024
#define FUZZ_ANSWERS	8192
/* How often a case that is only kept is run to make it smaller: at first nearly each case is kept. */
#define FUZZ_SHRINKS	16

#define ARRAY_LENGTH(array)	(sizeof(array) / sizeof((array)[0]))

struct fuzz_step {
	unsigned int kind, key, size;
	long number;
	char data[FUZZ_DATA];
};

struct fuzz_case {
	unsigned int count;
	struct fuzz_step steps[FUZZ_STEPS];
};

/* What is fuzzed. */
struct fuzz_target {
	const char *name;
	/* The names of the kinds of steps, and of what they are about; up to a NULL. */
	const char *const *kinds, *const *keys;
	/* Makes up a step. */
	void (*make)(struct fuzz_step *step);
	/* Runs a case from the same beginning; what is wrong is left by fuzz_fail(). */
	void (*run)(const struct fuzz_case *c);
};

static const struct fuzz_target *fuzz_target;
static uint64_t fuzz_seed, fuzz_state;
static struct fuzz_case fuzz_corpus[FUZZ_CASES];
static unsigned int fuzz_corpus_count;
static uint64_t fuzz_answers[FUZZ_ANSWERS];
static unsigned int fuzz_answers_count;
/* Of the case that runs: whether an answer was new, whether the wanted one came, and what is wrong. */
static bool fuzz_is_new, fuzz_came;
static uint64_t fuzz_wanted, fuzz_newest;
static char fuzz_why[512];

static inline uint32_t fuzz_below(uint32_t n)
{
	fuzz_state ^= fuzz_state >> 12;
	fuzz_state ^= fuzz_state << 25;
	fuzz_state ^= fuzz_state >> 27;
	return (fuzz_state * 0x2545f4914f6cdd1dull >> 33) % n;
}

static inline bool fuzz_one_in(uint32_t n)
{
	return !fuzz_below(n);
}

/* Says what is wrong with the case that runs. The first thing counts. */
static inline void __attribute__((format(printf, 1, 2))) fuzz_fail(const char *format, ...)
{
	va_list args;

	if (fuzz_why[0])
		return;
	va_start(args, format);
	vsnprintf(fuzz_why, sizeof(fuzz_why), format, args);
	va_end(args);
}

/* Tells of an answer: what was asked, the error, and a text in which numbers and what is quoted do not count. */
static inline void fuzz_answer(unsigned int kind, unsigned int key, int error, const char *text)
{
	uint64_t hash = 0xcbf29ce484222325ull;
	bool quoted = false;
	unsigned int i;

	hash = (hash ^ kind) * 0x100000001b3ull;
	hash = (hash ^ key) * 0x100000001b3ull;
	hash = (hash ^ error) * 0x100000001b3ull;
	for (; text && *text; text++) {
		if (*text == '\'')
			quoted = !quoted;
		if (!quoted && !isdigit((unsigned char)*text))
			hash = (hash ^ (unsigned char)*text) * 0x100000001b3ull;
	}
	hash |= 1;
	if (hash == fuzz_wanted)
		fuzz_came = true;
	for (i = hash % FUZZ_ANSWERS; fuzz_answers[i]; i = (i + 1) % FUZZ_ANSWERS)
		if (fuzz_answers[i] == hash)
			return;
	if (fuzz_answers_count >= FUZZ_ANSWERS / 2)
		return;
	fuzz_answers[i] = fuzz_newest = hash;
	fuzz_answers_count++;
	fuzz_is_new = true;
}

/* Damages a text. */
static inline void fuzz_mutate(struct fuzz_step *step)
{
	static const char *const pieces[] = {
		"-", "+", "=", ",", "\n", "\t", "\0", "0x", "%", " ", "/", ":", "#", "18446744073709551615",
		"18446744073709551616", "4294967295", "9223372036854775808", "\xff", "\xc3\xa4", "%s%n",
	};
	unsigned int at, length, times = 1 + fuzz_below(3);
	const char *piece;

	while (times--) {
		at = fuzz_below(step->size + 1);
		switch (fuzz_below(6)) {
		case 0:
			if (at < step->size)
				step->data[at] ^= 1 << fuzz_below(8);
			break;
		case 1:
			length = fuzz_below(step->size - at + 1);
			memmove(step->data + at, step->data + at + length, step->size - at - length);
			step->size -= length;
			break;
		case 2:
			piece = pieces[fuzz_below(ARRAY_LENGTH(pieces))];
			length = strlen(piece) ?: 1;
			if (step->size + length > FUZZ_DATA)
				break;
			memmove(step->data + at + length, step->data + at, step->size - at);
			memcpy(step->data + at, piece, length);
			step->size += length;
			break;
		case 3:
			length = fuzz_below(step->size - at + 1);
			if (step->size + length > FUZZ_DATA)
				break;
			memmove(step->data + at + length, step->data + at, step->size - at);
			step->size += length;
			break;
		case 4:
			if (at < step->size)
				step->data[at] = fuzz_below(256);
			break;
		case 5:
			length = fuzz_below(FUZZ_DATA - step->size + 1);
			memset(step->data + step->size, '0' + fuzz_below(10), length);
			step->size += length;
			break;
		}
	}
}

static inline void fuzz_text(struct fuzz_step *step, const char *text)
{
	step->size = strlen(text);
	if (step->size > FUZZ_DATA)
		step->size = FUZZ_DATA;
	memcpy(step->data, text, step->size);
}

static inline void fuzz_print(FILE *to, const struct fuzz_case *c)
{
	unsigned int i, n;

	for (i = 0; i < c->count; i++) {
		const struct fuzz_step *step = &c->steps[i];

		fprintf(to, "%s\t%s\t%ld\t", fuzz_target->kinds[step->kind], fuzz_target->keys[step->key],
			step->number);
		for (n = 0; n < step->size; n++) {
			unsigned char byte = step->data[n];

			if (byte > ' ' && byte < 0x7f && byte != '\\')
				fputc(byte, to);
			else
				fprintf(to, "\\x%02x", byte);
		}
		fputc('\n', to);
	}
	fputc('\n', to);
}

static inline int fuzz_find(const char *const *names, const char *name)
{
	int i;

	for (i = 0; names[i]; i++)
		if (!strcmp(names[i], name))
			return i;
	return -1;
}

static inline void __attribute__((noreturn)) fuzz_bad_corpus(const char *file, const char *line)
{
	fprintf(stderr, "%s: this is no step: %s\n", file, line);
	exit(2);
}

static inline void fuzz_load(const char *file)
{
	char line[4 * FUZZ_DATA + 128], kind[64], key[64];
	struct fuzz_case *c = &fuzz_corpus[fuzz_corpus_count];
	FILE *from = fopen(file, "r");

	if (!from) {
		perror(file);
		exit(2);
	}
	while (fgets(line, sizeof(line), from) && fuzz_corpus_count < FUZZ_CASES - 1) {
		struct fuzz_step *step = &c->steps[c->count];
		int data = 0, k, n;
		char *at;

		line[strcspn(line, "\n")] = '\0';
		if (line[0] == '#')
			continue;
		if (!line[0]) {
			if (c->count)
				c = &fuzz_corpus[++fuzz_corpus_count];
			continue;
		}
		if (c->count == FUZZ_STEPS ||
		    sscanf(line, "%63[^\t]\t%63[^\t]\t%ld\t%n", kind, key, &step->number, &data) < 3 || !data)
			fuzz_bad_corpus(file, line);
		k = fuzz_find(fuzz_target->kinds, kind);
		n = fuzz_find(fuzz_target->keys, key);
		if (k < 0 || n < 0)
			fuzz_bad_corpus(file, line);
		step->kind = k;
		step->key = n;
		for (at = line + data, step->size = 0; *at && step->size < FUZZ_DATA; step->size++) {
			unsigned int byte;

			if (sscanf(at, "\\x%2x", &byte) == 1) {
				step->data[step->size] = byte;
				at += 4;
			} else {
				step->data[step->size] = *at++;
			}
		}
		c->count++;
	}
	if (c->count)
		fuzz_corpus_count++;
	fclose(from);
}

static inline void fuzz_run(const struct fuzz_case *c)
{
	fuzz_why[0] = '\0';
	fuzz_came = fuzz_is_new = false;
	fuzz_target->run(c);
}

/* Takes away what can be missed: the case still fails, or still gets the answer that is wanted. */
static inline void fuzz_shrink(struct fuzz_case *c)
{
	bool failed = fuzz_why[0], less = true;
	struct fuzz_case *was = malloc(sizeof(*was));
	unsigned int i, length, left = failed ? UINT_MAX : FUZZ_SHRINKS;

	while (was && less) {
		less = false;
		for (i = 0; i < c->count && left; i++, left--) {
			*was = *c;
			memmove(&c->steps[i], &c->steps[i + 1], (c->count - i - 1) * sizeof(c->steps[0]));
			c->count--;
			fuzz_run(c);
			if (failed ? fuzz_why[0] : fuzz_came) {
				less = true;
				i--;
			} else {
				*c = *was;
			}
		}
		for (i = 0; i < c->count; i++)
			for (length = c->steps[i].size; length && left; length /= 2) {
				*was = *c;
				if (length > c->steps[i].size)
					continue;
				c->steps[i].size -= length;
				left--;
				fuzz_run(c);
				if (failed ? fuzz_why[0] : fuzz_came)
					less = true;
				else
					*c = *was;
			}
	}
	free(was);
	/* Once more, for what it says. */
	fuzz_run(c);
}

/* Makes up a case, of nothing or of what is known. */
static inline void fuzz_make(struct fuzz_case *c)
{
	unsigned int i, from;

	c->count = 0;
	if (fuzz_corpus_count && !fuzz_one_in(4))
		*c = fuzz_corpus[fuzz_below(fuzz_corpus_count)];
	for (i = 1 + fuzz_below(4); i; i--) {
		unsigned int at = fuzz_below(c->count + 1);

		switch (fuzz_below(c->count ? 5 : 1)) {
		case 0:
			if (c->count == FUZZ_STEPS)
				break;
			memmove(&c->steps[at + 1], &c->steps[at], (c->count - at) * sizeof(c->steps[0]));
			memset(&c->steps[at], 0, sizeof(c->steps[0]));
			fuzz_target->make(&c->steps[at]);
			c->count++;
			break;
		case 1:
			at %= c->count;
			memmove(&c->steps[at], &c->steps[at + 1], (c->count - at - 1) * sizeof(c->steps[0]));
			c->count--;
			break;
		case 2:
			fuzz_mutate(&c->steps[at % c->count]);
			break;
		case 3:
			c->steps[at % c->count].number += fuzz_below(3) - 1;
			break;
		case 4:
			from = fuzz_corpus_count ? fuzz_below(fuzz_corpus_count) : 0;
			if (fuzz_corpus[from].count)
				c->steps[at % c->count] =
					fuzz_corpus[from].steps[fuzz_below(fuzz_corpus[from].count)];
			break;
		}
	}
}

static inline double fuzz_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

/* In the kernel's log, where it is seen after a crash. */
static inline void fuzz_mark(unsigned long n)
{
	char text[128];
	int fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);

	snprintf(text, sizeof(text), "%s: seed %llu, case %lu\n", fuzz_target->name, (unsigned long long)fuzz_seed, n);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		return;
	close(fd);
}

#define FUZZ_USAGE	"usage: %s [-s SEED] [-t SECONDS | -n CASES] [-k FILE] [CORPUS]\n"

/*
 * Tries the cases of the corpus, and then those that are made up, for so long or so many. With -k, what got new answers
 * is added to a file, as small as it can be, and what an earlier run left there belongs to the corpus. The same seed and
 * number of cases do the same again.
 */
static inline int fuzz_main(const struct fuzz_target *target, int argc, char **argv)
{
	unsigned long n = 0, count = 0, known;
	unsigned int loaded, i;
	double seconds = 2, start = fuzz_now();
	static struct fuzz_case c;
	const char *keep = NULL;
	FILE *kept = NULL;
	int option;

	fuzz_target = target;
	fuzz_seed = time(NULL) ^ getpid() << 16;
	while ((option = getopt(argc, argv, "s:t:n:k:")) != -1)
		switch (option) {
		case 's':
			fuzz_seed = strtoull(optarg, NULL, 0);
			break;
		case 't':
			seconds = atof(optarg);
			break;
		case 'n':
			count = strtoul(optarg, NULL, 0);
			seconds = 0;
			break;
		case 'k':
			keep = optarg;
			break;
		default:
			fprintf(stderr, FUZZ_USAGE, argv[0]);
			return 2;
		}
	if (argc - optind > 1) {
		fprintf(stderr, FUZZ_USAGE, argv[0]);
		return 2;
	}
	if (optind < argc)
		fuzz_load(argv[optind]);
	if (keep && !access(keep, F_OK))
		fuzz_load(keep);
	loaded = fuzz_corpus_count;
	printf("%s: seed %llu, %u cases in the corpus\n", target->name, (unsigned long long)fuzz_seed, loaded);
	fflush(stdout);
	for (i = 0; i < loaded && !fuzz_why[0]; i++) {
		c = fuzz_corpus[i];
		fuzz_run(&c);
	}
	known = fuzz_answers_count;
	if (keep && !(kept = fopen(keep, "a"))) {
		perror(keep);
		return 2;
	}
	while (!fuzz_why[0] && (seconds ? fuzz_now() - start < seconds : n < count)) {
		fuzz_state = (fuzz_seed + n * 0x9e3779b97f4a7c15ull) ?: 1;
		fuzz_below(2);
		if (n % 512 == 0)
			fuzz_mark(n);
		n++;
		fuzz_make(&c);
		fuzz_run(&c);
		if (fuzz_why[0] || !fuzz_is_new)
			continue;
		if (fuzz_corpus_count < FUZZ_CASES - 1)
			fuzz_corpus[fuzz_corpus_count++] = c;
		if (kept) {
			fuzz_wanted = fuzz_newest;
			fuzz_shrink(&c);
			fuzz_wanted = 0;
			fuzz_print(kept, &c);
		}
	}
	if (fuzz_why[0]) {
		printf("%s: FAILED with seed %llu, in case %lu: %s\n", target->name, (unsigned long long)fuzz_seed, n,
		       fuzz_why);
		fuzz_shrink(&c);
		printf("made smaller: %s\n", fuzz_why[0] ? fuzz_why : "it does not fail once more");
		fuzz_print(stdout, &c);
	}
	if (kept)
		fclose(kept);
	printf("%s: %lu inputs in %.0f s, %d failed; %u answers, %lu of them new\n", target->name, n + loaded,
	       fuzz_now() - start, !!fuzz_why[0], fuzz_answers_count, fuzz_answers_count - known);
	return fuzz_why[0] ? 1 : 0;
}

#endif /* FUZZ_H */
