// SPDX-License-Identifier: GPL-2.0
/*
 * faults: each operation with each fault, at each place where it can be met.
 *
 * Usage: faults [-p PLANT] [-f FAULT]... samplefs|modules [OPERATION...]
 *
 * With fault number n = 1, 2, 3, ... an operation is tried on a subject that is set up anew each time,
 * until it succeeds without having met the fault. Each time, the error must be one that the fault may
 * give, or the operation must have succeeded; after an error everything must be as before it, after a
 * success as after one without a fault; and when all is taken away, all room must be there again.
 *
 * Prints, with tabs between, a line for each operation and fault:
 *
 *	faults OPERATION FAULT RUNS HITS FAILED KILLED WRONG ERRORS
 *
 * HITS of the runs met the fault; FAILED of these did not end as without it, with ERRORS or KILLED.
 * and for what should not be "wrong OPERATION FAULT N WHAT", and "missing FAULT WHY". Exits with 1 if
 * anything was wrong.
 *
 * -p plants a mistake, which has to be found: errno, promise, lost, half, or leak.
 */
#include "faults.h"

#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/wait.h>

/* As many as any operation meets, or it has no end. */
#define MOST	1000000000

unsigned int run_number;
static const char *planted = "";
static const struct subject *subject;
static unsigned int wrong_all;

/* What an operation was like without a fault. */
struct reference {
	bool there;
	long result;
	int error;
	struct state before, after;
};

/* What became of one run; the child that may be killed writes it. */
static struct outcome {
	long result;
	int error;
	bool ended, hit;
	char wrong[400];
} *outcome;

struct row {
	unsigned int runs, hits, failed, killed, wrong;
	struct { int error; unsigned int count; } errors[12];
};

void die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fprintf(stderr, "faults: run %u: ", run_number);
	vfprintf(stderr, format, args);
	fprintf(stderr, "\n");
	va_end(args);
	fflush(NULL);
	_exit(2);
}

unsigned int fresh_id(void)
{
	return 100000 + run_number;
}

static const char *error_name(int error)
{
	return error == GOT_SIGBUS ? "SIGBUS" : strerrorname_np(error) ?: "?";
}

/* The operation, in this process or in one that is killed by it. */
static void perform(const struct op *op, const struct fault *fault, unsigned int n)
{
	errno = 0;
	if (fault)
		fault->arm(n);
	outcome->result = op->run();
	outcome->error = outcome->result < 0 ? errno : 0;
	outcome->hit = fault && fault->disarm();
	if (!strcmp(planted, "errno") && fault && outcome->error == fault->errors[0])
		outcome->error = EIO;
	if (outcome->result >= 0 && op->check) {
		const char *wrong = op->check(outcome->result);

		if (wrong)
			snprintf(outcome->wrong, sizeof(outcome->wrong), "%s", wrong);
	}
	outcome->ended = true;
}

static void perform_and_die(const struct op *op, const struct fault *fault, unsigned int n)
{
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	NEED(pid >= 0);
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		perform(op, fault, n);
		_exit(0);
	}
	NEED(waitpid(pid, &status, 0) == pid);
	if (WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL)
		snprintf(outcome->wrong, sizeof(outcome->wrong), "killed by signal %d", WTERMSIG(status));
	fault->disarm();
	/* It was met where it was not lived to be seen. */
	outcome->hit |= WIFSIGNALED(status);
	outcome->ended &= !WIFSIGNALED(status);
}

/* Sets up, does it, and looks. Without an operation, only looks at what it would have begun with. */
static const char *run(const struct op *op, const struct fault *fault, unsigned int n, bool perform_it,
		       struct state *state)
{
	const char *wrong = NULL;
	int leaked = -1;

	run_number++;
	memset(outcome, 0, sizeof(*outcome));
	subject->set_up();
	if (op->before)
		op->before();
	if (perform_it && fault && fault->kills)
		perform_and_die(op, fault, n);
	else if (perform_it)
		perform(op, fault, n);
	subject->close_all();
	if (fault && perform_it) {
		bool failed = !outcome->ended || outcome->result < 0;

		if (!strcmp(planted, "lost") && !failed)
			unlink("new");
		if (!strcmp(planted, "half") && failed)
			NEED(!mknod("half", S_IFREG | 0600, 0));
		if (!strcmp(planted, "leak") && failed) {
			leaked = open(".", O_TMPFILE | O_WRONLY, 0600);
			NEED(write(leaked, "x", 1) == 1);
		}
	}
	subject->look(state);
	/* Or nothing could be unmounted any more. */
	if (leaked >= 0)
		close(leaked);
	if (state->wrong[0])
		wrong = state->wrong;
	if (!wrong && outcome->wrong[0])
		wrong = outcome->wrong;
	if (!wrong)
		wrong = subject->clean();
	else
		subject->clean();
	return wrong;
}

static bool may_have(const struct op *op, const struct fault *fault, int error)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(fault->errors); i++)
		if (error == fault->errors[i])
			return true;
	for (i = 0; i < ARRAY_SIZE(op->may); i++)
		if (error == op->may[i])
			return true;
	return false;
}

static void count(struct row *row, const struct reference *reference)
{
	bool same = outcome->result == reference->result && outcome->error == reference->error;
	unsigned int i;

	row->runs++;
	row->hits += outcome->hit;
	if (outcome->ended && (same || !outcome->hit))
		return;
	row->failed++;
	if (!outcome->ended) {
		row->killed++;
	} else if (outcome->result < 0) {
		for (i = 0; i < ARRAY_SIZE(row->errors) - 1; i++)
			if (!row->errors[i].count || row->errors[i].error == outcome->error)
				break;
		row->errors[i].error = outcome->error;
		row->errors[i].count++;
	}
}

/* What is wrong with how it ended and what it left, or 0. */
static const char *judge(const struct op *op, const struct fault *fault, const struct reference *reference,
			 const struct state *state)
{
	bool same = outcome->result == reference->result && outcome->error == reference->error;
	const char *wrong, *other;
	static char text[1000];

	if (outcome->ended && same)
		return state_differ(state, &reference->after);
	if (outcome->ended && outcome->result >= 0 && !(op->flags & PARTIAL)) {
		snprintf(text, sizeof(text), "returned %ld, not %ld", outcome->result, reference->result);
		return text;
	}
	if (outcome->ended && outcome->result < 0 && !may_have(op, fault, outcome->error)) {
		snprintf(text, sizeof(text), "%s", error_name(outcome->error));
		return text;
	}
	if (op->flags & PARTIAL) {
		wrong = state_between(state, &reference->before, &reference->after);
		/* What it says that it did, it did; what it did before an error, it does not say. */
		if (!wrong && outcome->ended && outcome->result > 0 && op->to.file)
			wrong = state_differ_at(state, &reference->after, op->to.file, op->to.at,
						outcome->result);
		return wrong;
	}
	wrong = state_differ(state, &reference->before);
	if (!wrong || (outcome->ended && !(op->flags & LATE)))
		return wrong;
	snprintf(text, sizeof(text), "not as before: %s", wrong);
	other = state_differ(state, &reference->after);
	if (!other)
		return NULL;
	snprintf(text + strlen(text), sizeof(text) - strlen(text), "; nor as after: %s", other);
	return text;
}

/* What is wrong without a fault, or 0. */
static const char *refer(const struct op *op, struct reference *reference)
{
	const char *wrong = run(op, NULL, 0, false, &reference->before);
	static char text[100];
	unsigned int i;

	if (!wrong)
		wrong = run(op, NULL, 0, true, &reference->after);
	if (wrong)
		return wrong;
	reference->result = outcome->result;
	reference->error = outcome->error;
	reference->there = true;
	for (i = 0; i < ARRAY_SIZE(op->may) && op->may[i] != outcome->error; i++)
		;
	if (outcome->result >= 0 || i < ARRAY_SIZE(op->may))
		return NULL;
	snprintf(text, sizeof(text), "fails with %s", error_name(outcome->error));
	return text;
}

/*
 * Where there are many places, not all from the tenth on. A signal of which nothing comes stays until somebody
 * looks, so that of these fewer will do.
 */
static unsigned int next(const struct op *op, const struct fault *fault, unsigned int n)
{
	if (op->flags & COSTLY)
		return (fault->many ? 10 : 2) * n;
	if (fault->many && subject->sampled)
		return 2 * n;
	if (n < (fault->many || subject->sampled ? 10 : 40))
		return n + 1;
	return n + 1 + n / (subject->sampled ? 2 : 6);
}

/* The faults of one kind that an operation meets. */
static void try(const struct op *op, const struct fault *fault, struct reference *reference)
{
	struct row row = { 0 };
	unsigned int n, i;

	if (!reference->there) {
		const char *wrong = refer(op, reference);

		if (wrong) {
			printf("wrong\t%s\twithout a fault\t0\t%s\n", op->name, wrong);
			wrong_all++;
			return;
		}
	}
	for (n = 1; n < MOST; n = next(op, fault, n)) {
		struct state state = { 0 };
		const char *wrong = run(op, fault, n, true, &state);

		if (fault->limit)
			outcome->hit = outcome->result != reference->result ||
				outcome->error != reference->error;
		count(&row, reference);
		if (!strcmp(planted, "promise") && outcome->result > 0 && outcome->result < reference->result)
			outcome->result++;
		if (!wrong)
			wrong = judge(op, fault, reference, &state);
		if (wrong) {
			row.wrong++;
			printf("wrong\t%s\t%s\t%u\t%s\t%s\n", op->name, fault->name, n, !outcome->ended ?
			       "killed" : outcome->error ? error_name(outcome->error) : "succeeded",
			       wrong);
		}
		state_free(&state);
		if (!outcome->hit || row.wrong > 5)
			break;
	}
	if (n >= MOST) {
		row.wrong++;
		printf("wrong\t%s\t%s\t%u\tthere is no end\n", op->name, fault->name, n);
	}
	wrong_all += row.wrong;
	printf("faults\t%s\t%s\t%u\t%u\t%u\t%u\t%u\t", op->name, fault->name, row.runs, row.hits,
	       row.failed, row.killed, row.wrong);
	for (i = 0; i < ARRAY_SIZE(row.errors) && row.errors[i].count; i++)
		printf("%s%s:%u", i ? "," : "", error_name(row.errors[i].error), row.errors[i].count);
	printf("\n");
	fflush(stdout);
}

static bool chosen(const char *name, char **names, int number)
{
	int i;

	for (i = 0; i < number; i++)
		if (!strcmp(name, names[i]))
			return true;
	return !number;
}

int main(int argc, char **argv)
{
	struct reference *references;
	char *kinds[16];
	int option, kind_count = 0;
	unsigned int i;
	size_t at;

	while ((option = getopt(argc, argv, "p:f:")) != -1) {
		if (option == 'p')
			planted = optarg;
		else if (option == 'f' && kind_count < (int)ARRAY_SIZE(kinds))
			kinds[kind_count++] = optarg;
		else
			return 2;
	}
	subject = optind < argc && !strcmp(argv[optind], "samplefs") ? &tree :
		optind < argc && !strcmp(argv[optind], "modules") ? &modules : NULL;
	if (!subject) {
		fprintf(stderr, "usage: faults [-p PLANT] [-f FAULT]... samplefs|modules [OPERATION...]\n");
		return 2;
	}
	argv += optind + 1;
	argc -= optind + 1;
	outcome = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	NEED(outcome != MAP_FAILED);
	references = calloc(subject->ops_end - subject->ops, sizeof(*references));
	NEED(references);
	for (i = 0; i < fault_count; i++) {
		const struct fault *fault = &faults[i];
		const char *missing;

		if (!chosen(fault->name, kinds, kind_count) || (fault->limit && subject != &tree) ||
		    (fault->in_worker && subject != &modules))
			continue;
		missing = fault->begin ? fault->begin() : NULL;
		if (missing) {
			printf("missing\t%s\t%s\n", fault->name, missing);
			continue;
		}
		subject->begin();
		for (at = 0; subject->ops + at < subject->ops_end; at++)
			if (chosen(subject->ops[at]->name, argv, argc) &&
			    fault->in_worker == !!(subject->ops[at]->flags & IN_WORKER))
				try(subject->ops[at], fault, &references[at]);
		subject->end();
		if (fault->end)
			fault->end();
	}
	printf("all\t%u\t%u\n", run_number, wrong_all);
	return wrong_all ? 1 : 0;
}
