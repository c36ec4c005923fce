/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Races: processes that do something against each other for a while, each checking all the time what
 * must hold meanwhile. Included instead of testfs.h.
 *
 * RACE_SECONDS is how long each takes, by default a moment. With RACE_PLANT=1 one of the processes does
 * something wrong, as a broken filesystem would, which its test then has to find: it must fail.
 */
#ifndef RACE_H
#define RACE_H

#include "testfs.h"
#include "census.h"

#include <linux/fs.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>

#define RACE_WORKERS	8
#ifndef RACE_OPTIONS
#define RACE_OPTIONS	"size=16m,nr_inodes=4000"
#endif
#define RACE_MOMENT	"0.1"
/* As long as RACE_SECONDS may be, and what comes after it. */
#define RACE_TIMEOUT	1200
#ifndef PAGE
#define PAGE		4096
#endif

typedef void race_worker(int root);

/* What the processes of a test share. */
static struct race {
	atomic_bool stop;
	atomic_int failed;
	char why[200];
	atomic_ulong rounds[RACE_WORKERS];
	/* For the test's own use; zero at first. */
	atomic_long value[8];
} *race;

static int race_me;
static unsigned int race_state;
static bool race_planted;
static struct statfs race_before;

/* The head of each process's loop. One round is always made. */
static inline bool race_on(void)
{
	return atomic_fetch_add(&race->rounds[race_me], 1) == 0 || !atomic_load(&race->stop);
}

/* Whether to do something wrong in this round: in every second one. */
static inline bool race_plant(void)
{
	return race_planted && atomic_load(&race->rounds[race_me]) % 2 == 0;
}

static inline unsigned int race_random(unsigned int below)
{
	race_state = race_state * 1664525 + 1013904223;
	return (race_state >> 8) % below;
}

/* Something does not hold: the test fails, and the others are told to stop. */
static inline void __attribute__((noreturn, format(printf, 2, 3)))
race_wrong(int line, const char *format, ...)
{
	int none = 0, length;
	va_list args;

	if (atomic_compare_exchange_strong(&race->failed, &none, 1)) {
		length = snprintf(race->why, sizeof(race->why), "line %d: ", line);
		va_start(args, format);
		vsnprintf(race->why + length, sizeof(race->why) - length, format, args);
		va_end(args);
	}
	atomic_store(&race->stop, true);
	_exit(1);
}

#define WRONG(...)	race_wrong(__LINE__, __VA_ARGS__)

/* For what must hold in a worker. */
#define MUST(condition)							\
	do {								\
		if (!(condition))					\
			WRONG("not so: %s (%s)", #condition, strerror(errno));	\
	} while (0)

/* The call succeeds, or fails with one of the errors that are named. Its error, or 0. */
#define MAY(call, ...)							\
	({								\
		static const int race_errors[] = { 0, __VA_ARGS__ };	\
		unsigned int race_i = 0;				\
		int race_error = ERR(call);				\
									\
		while (race_errors[race_i] != race_error)		\
			if (++race_i == ARRAY_SIZE(race_errors))	\
				WRONG("%s: %s", #call, strerror(race_error));	\
		race_error;						\
	})

static inline double race_seconds(void)
{
	const char *seconds = getenv("RACE_SECONDS");

	return atof(seconds && *seconds ? seconds : RACE_MOMENT);
}

/* Whether what can come about will have, at least once; in a moment it may not, and not beside a fault. */
static inline bool race_has_time(void)
{
	return race_seconds() >= 3 && !race_planted;
}

static sigjmp_buf race_fault;

static inline void race_sigbus(int signal)
{
	(void)signal;
	siglongjmp(race_fault, 1);
}

/* Stores into a mapping; false where that is beyond the end of the file, or there is no room. */
static inline bool race_store(volatile uint64_t *to, uint64_t value)
{
	if (sigsetjmp(race_fault, 1))
		return false;
	signal(SIGBUS, race_sigbus);
	*to = value;
	return true;
}

/* Loads from a mapping: false beyond the end of the file. */
static inline bool race_load(volatile uint64_t *from, uint64_t *value)
{
	if (sigsetjmp(race_fault, 1))
		return false;
	signal(SIGBUS, race_sigbus);
	*value = *from;
	return true;
}

static inline void race_drop_caches(const char *which)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);

	MUST(fd >= 0);
	MUST(write(fd, which, 1) == 1);
	close(fd);
}

static inline double race_now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

/* Waits for all; kills those that do not stop a minute after they were told to. How many were killed. */
static inline int race_wait(pid_t *pids, int count, int root)
{
	int i, left = count, status, hung = 0;
	double until = race_now() + 60;

	while (left) {
		for (i = left = 0; i < count; i++) {
			if (!pids[i])
				continue;
			if (!waitpid(pids[i], &status, WNOHANG)) {
				left++;
				continue;
			}
			pids[i] = 0;
			if (status && !atomic_exchange(&race->failed, 1))
				snprintf(race->why, sizeof(race->why), "process %d ended with status 0x%x",
					 i, status);
		}
		if (left && race_now() > until) {
			hung = left;
			for (i = 0; i < count; i++)
				if (pids[i])
					kill(pids[i], SIGKILL);
			until = race_now() + 60;
		}
		/* One that failed may have left others waiting. */
		if (hung || atomic_load(&race->failed))
			ioctl(root, FITHAW, 0);
		usleep(2000);
	}
	return hung;
}

/* Runs the workers, each a process, for RACE_SECONDS. */
static inline void race_run(struct __test_metadata *_metadata, const char *name, int root,
			    race_worker *const *workers)
{
	unsigned long all = 0, least = ULONG_MAX, rounds;
	double begun = race_now();
	pid_t pids[RACE_WORKERS];
	int i, count;

	fflush(NULL);
	for (count = 0; workers[count]; count++) {
		ASSERT_GT(RACE_WORKERS, count);
		pids[count] = fork();
		ASSERT_LE(0, pids[count]);
		if (pids[count])
			continue;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		race_me = count;
		race_state = getpid() * 2654435761u;
		workers[count](root);
		_exit(0);
	}
	while (race_now() < begun + race_seconds() && !atomic_load(&race->failed))
		usleep(5000);
	atomic_store(&race->stop, true);
	EXPECT_EQ(0, race_wait(pids, count, root)) TH_LOG("processes that did not stop");
	for (i = 0; i < count; i++) {
		rounds = atomic_load(&race->rounds[i]);
		all += rounds;
		if (rounds < least)
			least = rounds;
	}
	EXPECT_EQ(0, atomic_load(&race->failed)) TH_LOG("%s", race->why);
	EXPECT_LT(0, least);
	printf("# race %s: %lu rounds, the slowest of %d processes %lu, %.1f s%s%s\n", name, all, count,
	       least, race_now() - begun, atomic_load(&race->failed) ? "; " : "", race->why);
	fflush(stdout);
}

static inline void race_begin(struct __test_metadata *_metadata, int root)
{
	const char *plant = getenv("RACE_PLANT");

	race_planted = plant && *plant == '1';
	race = mmap(NULL, sizeof(*race), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, race);
	ASSERT_EQ(0, fstatfs(root, &race_before));
}

/* Link counts are the names that there are; and when those have gone, all room is there again. */
static inline void race_end(struct __test_metadata *_metadata, int root)
{
	struct census *census = calloc(1, sizeof(*census));
	struct statfs after;
	int i;

	ASSERT_NE(NULL, census);
	take_census(openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), census);
	EXPECT_EQ(0, census->wrong);
	for (i = 0; i < census->files; i++)
		EXPECT_EQ(census->file[i].nlink, census->file[i].names)
			TH_LOG("inode %lu", (unsigned long)census->file[i].ino);
	free(census);
	EXPECT_EQ(0, remove_all(openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)));
	ASSERT_EQ(0, fstatfs(root, &after));
	EXPECT_EQ(race_before.f_bfree, after.f_bfree);
	EXPECT_EQ(race_before.f_ffree, after.f_ffree);
	EXPECT_EQ(2, testfs_nlink(root, "."));
}

/* A test on a mount of its own. In its body, RACE_RUN() is given what the processes do. */
#define RACE(name)							\
	static void body_of_##name(struct __test_metadata *_metadata, const char *race_name, int root);	\
	TEST_F_TIMEOUT(race, name, RACE_TIMEOUT)			\
	{								\
		race_begin(_metadata, self->root);			\
		body_of_##name(_metadata, #name, self->root);		\
		race_end(_metadata, self->root);			\
	}								\
	static void body_of_##name(struct __test_metadata *_metadata, const char *race_name, int root)

#define RACE_RUN(...)							\
	race_run(_metadata, race_name, root, (race_worker *const[]){ __VA_ARGS__, NULL })

#endif /* RACE_H */
