/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of the program share: operations, faults, and what can be seen of a subject. */
#ifndef FAULTS_H
#define FAULTS_H

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ARRAY_SIZE(array)	(sizeof(array) / sizeof(*(array)))
#define PAGE			4096

/* An "error" beside the kernel's: the operation is a store or a load, and got this signal. */
#define GOT_SIGBUS		4095

/* What an operation may do besides all or nothing. */
enum {
	/* Ends amid: what is there is of before or of after, byte by byte. */
	PARTIAL = 1,
	/* The answer gets lost, and not what was done. */
	LATE = 2,
	/* It takes long: few places, and no signals. */
	COSTLY = 4,
	/* A kworker does what may fail: only for faults that happen there. */
	IN_WORKER = 8,
};

struct op {
	const char *name;
	/* One system call, or one access to memory. -1 and errno, or what it returned. */
	long (*run)(void);
	/* What there has to be beforehand, besides the fixture. */
	void (*before)(void);
	/* What can be said of a success besides the state; 0, or what is wrong. */
	const char *(*check)(long result);
	int flags;
	/* Errors that it may have besides those of the fault. */
	int may[4];
	/* What it says that it wrote is in this file from here on. */
	struct { const char *file; long at; } to;
};

/* For a function that returns its error. */
#define RETURNED(call)	({ int error_ = (call); errno = error_; error_ ? -1 : 0; })

/* Defines an operation. They are in a section of pointers to them, one for each subject. */
#define OP_OF(subject, ident, call, ...)							\
	static long run_##ident(void)								\
	{											\
		return call;									\
	}											\
	static const struct op op_##ident = { .name = #ident, .run = run_##ident, ##__VA_ARGS__ };	\
	static const struct op *const pointer_##ident						\
		__attribute__((used, section("ops_" #subject))) = &op_##ident

/* Something that can be seen: a file, or a line of a file of locktrack. */
struct item {
	char *name;
	/* All that is either as before or as after. */
	char *text;
	/* The rest is of regular files. */
	unsigned char *data;
	long size, blocks;
};

struct state {
	struct item *items;
	unsigned int count;
	/* What contradicts itself, or empty. */
	char wrong[256];
};

/* What operations are tried on. */
struct subject {
	const struct op *const *ops, *const *ops_end;
	/* Once for each fault. */
	void (*begin)(void);
	void (*end)(void);
	/* For each run: what there is at first; closing what the operation opened; what can be seen; and
	 * taking it all away. What is wrong after that, or 0.
	 */
	void (*set_up)(void);
	void (*close_all)(void);
	void (*look)(struct state *state);
	const char *(*clean)(void);
	/* Operations meet hundreds of places, and take long. */
	bool sampled;
};

extern const struct subject tree, modules;

/* The run's number, and a user, a group and a project that nothing was charged to before. */
extern unsigned int run_number;
unsigned int fresh_id(void);

void die(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));
#define NEED(condition)									\
	do {										\
		if (!(condition))							\
			die("%s:%d: not so: %s (%s)", __FILE__, __LINE__, #condition,	\
			    strerror(errno));						\
	} while (0)

/* state.c */
void state_free(struct state *state);
struct item *state_add(struct state *state, const char *name, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void state_wrong(struct state *state, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* 0 if they are the same, or what is not. */
const char *state_differ(const struct state *is, const struct state *expected);
const char *state_between(const struct state *is, const struct state *a, const struct state *b);
/* The same of `count` bytes of a file from `at` on. */
const char *state_differ_at(const struct state *is, const struct state *expected, const char *name, long at,
			    long count);

/* tree.c: where samplefs is mounted, and a second place, for operations on whole mounts. */
#define MOUNT		"/tmp/faults"
#define SECOND		"/tmp/second"
#define TREE_OPTIONS	"size=4m,nr_inodes=400,usrquota,grpquota,prjquota"
#define USER		1000
#define PROJECT		7
extern int root_fd, fd, second_fd, kept_fd;
extern char *map;
/* Another process of an operation's, or 0: it is ended after the run. */
extern pid_t helper;
extern char buffer[16 * PAGE];
/* Of what the files of the fixture are. */
unsigned char byte_of(long at);
/* For an operation that opens something: it is closed after the run. */
long kept(int new_fd);
/* Reads a text into `buffer`. 0, as its numbers have now more digits, now less; or -1. */
long read_text(int from);
void give_up(int capability);
void get_back(void);
int quota(int cmd, int type, unsigned int id, void *addr);

/* signals.c: a signal at the n-th place where this task might sleep. */
bool signals_begin(void);
void signals_end(void);
void signals_arm(int signal, unsigned int n);
bool signals_disarm(void);

/* kinds.c: what the functions from one to another in memory allocate, or others for them, does not fail. */
void memory_spares(const char *first, const char *last);

/* worker.c: a place in a kworker, below locktrack, where there is no memory. */
void worker_end(void);
void worker_arm(unsigned int n);
bool worker_disarm(void);
/* No memory for all that locktrack does, if the kernel can let that be; how often there was none; and the end of it. */
bool locktrack_memory_refused(void);
unsigned long locktrack_refusals(void);
void locktrack_memory_back(void);

struct fault {
	const char *name;
	/* False, with why, if the kernel has no such thing. */
	const char *(*begin)(void);
	void (*end)(void);
	void (*arm)(unsigned int n);
	/* Whether it was met. */
	bool (*disarm)(void);
	int errors[3];
	/* In a child, as it does not live to see the end. */
	bool kills;
	/* It is met if the operation does not succeed. */
	bool limit;
	/* There are many places. */
	bool many;
	/* It happens in a kworker: only for operations that have something done there. */
	bool in_worker;
};

extern const struct fault faults[];
extern const unsigned int fault_count;

#endif /* FAULTS_H */
