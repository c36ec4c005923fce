// SPDX-License-Identifier: GPL-2.0
/*
 * Random operations on files, each compared with a model of them in memory.
 *
 * Usage: model [-s SEED] [-n OPERATIONS] [-t SECONDS] [-p PROCESSES] [-b] [-e] [-v] DIRECTORY
 *
 * Two files are written, cut, punched, mapped and copied into each other. Every byte that is read,
 * by read(2), past the page cache or through a mapping, must be the one that was written last. The
 * same seed makes the same operations; without one, one is made up. It is printed.
 *
 *	-s SEED		0 is no seed
 *	-n OPERATIONS	how many, by default as many as there is time for
 *	-t SECONDS	how long, by default 10 if there is no -n
 *	-p PROCESSES	so many work on the same files at once, each on a stripe of its own, whose ends
 *			are amid blocks; the size of the files stays then
 *	-b		meanwhile, clean pages are dropped, dirty ones written back, and memory compacted
 *	-e		also store beyond the end of a file through a mapping, which must never be
 *			seen; on tmpfs it is
 *	-v		print each operation
 *
 * On a filesystem that has room for 2 MiB. The exit status is 0 if nothing differed, 1 if something
 * did or an operation failed, 2 if nothing could be tried.
 */
#include "model.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>

#define PROCESSES	16

/* Whether to store beyond the end, too. */
static bool beyond;

static void open_file(struct file *f)
{
	f->fd = openat(dir, f->name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	f->direct = openat(dir, f->name, O_RDWR | O_DIRECT | O_CLOEXEC);
	f->map = f->fd < 0 ? MAP_FAILED :
		mmap(NULL, MAX, PROT_READ | PROT_WRITE, MAP_SHARED, f->fd, 0);
	if (f->map == MAP_FAILED) {
		perror("model: cannot open or map a file");
		_exit(2);
	}
}

static void close_file(struct file *f)
{
	munmap(f->map, MAX);
	if (close(f->fd))
		fail("close: %s", strerror(errno));
	if (f->direct >= 0)
		close(f->direct);
}

/*
 * Some bytes of ours, below `limit`. Ends of blocks and of large folios, and both sides of the end of
 * the file, come more often than by chance.
 */
static size_t some_bytes(struct file *f, off_t limit, off_t *at)
{
	static const uint32_t sizes[] = { 16, BLOCK, BLOCK, 4 * BLOCK, 16 * BLOCK, MAX / 2 };
	off_t size;

	*at = begin + below(limit - begin);
	if (!below(4) && f->size >= begin && f->size < limit)
		*at = f->size - (f->size > begin ? below(f->size - begin < 64 ? 1 : 64) : 0);
	if (!below(3))
		*at -= *at % BLOCK;
	if (*at < begin)
		*at = begin;
	size = 1 + below(sizes[below(sizeof(sizes) / sizeof(sizes[0]))]);
	if (!below(3) && *at + size > BLOCK)
		size = (*at + size) / BLOCK * BLOCK - *at;
	if (size <= 0)
		size = 1;
	return size > limit - *at ? limit - *at : size;
}

static void write_spliced(struct file *f, off_t at, size_t count)
{
	int pipes[2];
	ssize_t done;

	if (pipe(pipes))
		fail("pipe: %s", strerror(errno));
	while (count) {
		size_t part = count < 16 * BLOCK ? count : 16 * BLOCK;
		off_t to = at;

		whole(write(pipes[1], f->bytes + at, part), part, "write to a pipe");
		for (; part; part -= done, at += done, count -= done) {
			done = splice(pipes[0], NULL, f->fd, &to, part, 0);
			if (done <= 0)
				fail("splice to the file: %zd, %s", done, strerror(errno));
		}
	}
	close(pipes[0]);
	close(pipes[1]);
}

static void copy(struct file *from, off_t at, struct file *to, off_t there, size_t count)
{
	/* sendfile(2) writes where the file is open at. */
	bool sent = !below(3);

	note("%s %s from 0x%llx, 0x%zx bytes, to %s at 0x%llx", sent ? "sendfile" : "copy_file_range",
	     from->name, (long long)at, count, to->name, (long long)there);
	if (sent && lseek(to->fd, there, SEEK_SET) != there)
		fail("lseek: %s", strerror(errno));
	while (count) {
		off_t in = at, out = there;
		ssize_t done = sent ? sendfile(to->fd, from->fd, &in, count) :
			copy_file_range(from->fd, &in, to->fd, &out, count, 0);

		if (done <= 0)
			fail("%zd, %s", done, strerror(errno));
		memmove(to->bytes + there, from->bytes + at, done);
		memmove(to->writer + there, from->writer + at, done * sizeof(from->writer[0]));
		at += done;
		there += done;
		count -= done;
		if (to->size < there)
			to->size = there;
	}
}

static void drop_caches(void)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);

	if (fd >= 0) {
		if (write(fd, "1", 1) != 1)
			fail("drop_caches: %s", strerror(errno));
		close(fd);
	}
}

/* False where the filesystem cannot do that, as tmpfs cannot zero a range. */
static bool allocate(struct file *f, int mode, off_t at, size_t count, const char *what)
{
	note("fallocate %s %s at 0x%llx, 0x%zx bytes", what, f->name, (long long)at, count);
	if (!fallocate(f->fd, mode, at, count))
		return true;
	if (errno != EOPNOTSUPP)
		fail("fallocate: %s", strerror(errno));
	return false;
}

/* The operations that leave the bytes as they are. */
static void keep(struct file *f, off_t at, size_t count)
{
	size_t page = at / BLOCK * BLOCK;

	switch (below(9)) {
	case 0:
		note("fsync %s", f->name);
		if (fsync(f->fd))
			fail("fsync: %s", strerror(errno));
		break;
	case 1:
		note("drop caches");
		drop_caches();
		break;
	case 2:
		note("fadvise DONTNEED %s at 0x%llx, 0x%zx bytes", f->name, (long long)at, count);
		if (posix_fadvise(f->fd, at, count, POSIX_FADV_DONTNEED))
			fail("posix_fadvise");
		break;
	case 3:
		note("msync %s", f->name);
		if (msync(f->map, MAX, MS_SYNC))
			fail("msync: %s", strerror(errno));
		break;
	case 4:
		note("madvise DONTNEED %s at 0x%zx, 0x%zx bytes", f->name, page, count);
		if (madvise(f->map + page, count, MADV_DONTNEED))
			fail("madvise: %s", strerror(errno));
		break;
	case 5:
		note("sync_file_range %s at 0x%llx, 0x%zx bytes", f->name, (long long)at, count);
		if (sync_file_range(f->fd, at, count, SYNC_FILE_RANGE_WRITE))
			fail("sync_file_range: %s", strerror(errno));
		break;
	case 6:
		note("holes of %s", f->name);
		check_holes(f);
		break;
	case 7:
		note("open %s again", f->name);
		close_file(f);
		open_file(f);
		break;
	default:
		note("madvise PAGEOUT %s at 0x%zx, 0x%zx bytes", f->name, page, count);
		/* A kernel without it does not know it. */
		madvise(f->map + page, count, MADV_PAGEOUT);
	}
}

static void step(void)
{
	struct file *f = &files[below(FILES)], *from;
	off_t at, source, limit = f->size < end ? f->size : end;
	size_t count = some_bytes(f, end, &at), blocks;
	struct iovec vec;

	lines[operation % LINES][0] = '\0';
	switch (below(16)) {
	case 0:
	case 1:
		note("pwrite %s at 0x%llx, 0x%zx bytes", f->name, (long long)at, count);
		put(f, at, count);
		whole(pwrite(f->fd, f->bytes + at, count, at), count, "pwrite");
		break;
	case 2:
	case 3:
		if (limit <= begin)
			return;
		count = some_bytes(f, limit, &at);
		note("mmap write %s at 0x%llx, 0x%zx bytes", f->name, (long long)at, count);
		put(f, at, count);
		memcpy(f->map + at, f->bytes + at, count);
		break;
	case 4:
		if (!resize)
			return;
		if (!below(3))
			at = f->size > 1 ? below(f->size) : 0;
		note("ftruncate %s from 0x%llx to 0x%llx", f->name, (long long)f->size, (long long)at);
		if (at < f->size)
			clear(f, at, f->size - at);
		f->size = at;
		if (ftruncate(f->fd, at))
			fail("ftruncate: %s", strerror(errno));
		break;
	case 5:
		if (allocate(f, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, at, count, "PUNCH_HOLE"))
			clear(f, at, count);
		break;
	case 6:
		if (allocate(f, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, at, count,
			     "ZERO_RANGE, KEEP_SIZE"))
			clear(f, at, count);
		break;
	case 7:
		allocate(f, FALLOC_FL_KEEP_SIZE, at, count, "KEEP_SIZE");
		break;
	case 8:
		if (!resize)
			return;
		if (below(2)) {
			if (!allocate(f, FALLOC_FL_ZERO_RANGE, at, count, "ZERO_RANGE"))
				return;
			clear(f, at, count);
		} else if (!allocate(f, 0, at, count, "")) {
			return;
		}
		if (f->size < at + (off_t)count)
			f->size = at + count;
		break;
	case 9:
		/* Within a file, the two may not overlap. */
		from = &files[below(FILES)];
		limit = from->size < end ? from->size : end;
		if (limit <= begin)
			return;
		blocks = some_bytes(from, limit, &source);
		if (count > blocks)
			count = blocks;
		if (from == f && source < at + (off_t)count && at < source + (off_t)count)
			return;
		copy(from, source, f, at, count);
		break;
	case 10:
	case 11:
		at = (at + BLOCK - 1) / BLOCK * BLOCK;
		blocks = (count + BLOCK - 1) / BLOCK * BLOCK;
		if (f->direct < 0 || at + (off_t)blocks > end)
			return;
		count = blocks;
		note("direct pwrite %s at 0x%llx, 0x%zx bytes", f->name, (long long)at, count);
		put(f, at, count);
		memcpy(buffer, f->bytes + at, count);
		whole(pwrite(f->direct, buffer, count, at), count, "direct pwrite");
		break;
	case 12:
		note("splice to %s at 0x%llx, 0x%zx bytes", f->name, (long long)at, count);
		put(f, at, count);
		write_spliced(f, at, count);
		break;
	case 13:
		if (!resize)
			return;
		if (beyond && f->size % BLOCK && below(2)) {
			note("mmap write %s beyond 0x%llx", f->name, (long long)f->size);
			memset(f->map + f->size, 0xee, BLOCK - f->size % BLOCK);
			return;
		}
		if (count > (size_t)(MAX - f->size))
			count = MAX - f->size;
		at = f->size;
		note("append 0x%zx bytes to %s at 0x%llx", count, f->name, (long long)at);
		put(f, at, count);
		vec = (struct iovec){ f->bytes + at, count };
		whole(pwritev2(f->fd, &vec, 1, 0, RWF_APPEND), count, "pwritev2 RWF_APPEND");
		break;
	default:
		keep(f, at, count);
	}
	check_size(f);
	check(f, at - BLOCK, count + 2 * BLOCK, below(WAYS));
}

static void check_all(void)
{
	int i;

	for (i = 0; i < FILES * WAYS; i++)
		check(&files[i / WAYS], 0, MAX, i % WAYS);
	for (i = 0; i < FILES; i++)
		check_holes(&files[i]);
}

static time_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec;
}

static void run(uint32_t operations, time_t until)
{
	int i;

	for (i = 0; i < FILES; i++)
		open_file(&files[i]);
	do {
		operation++;
		step();
		if (operation % 100 == 0)
			check_all();
	} while (operation != operations && now() < until);
	note("the end");
	check_all();
	drop_caches();
	check_all();
	for (i = 0; i < FILES; i++)
		close_file(&files[i]);
}

/* Goes on until it is killed. */
static void __attribute__((noreturn)) disturb(void)
{
	int compact = open("/proc/sys/vm/compact_memory", O_WRONLY | O_CLOEXEC), round;

	for (round = 0;; round++) {
		syncfs(dir);
		drop_caches();
		if (round % 8 == 0 && compact >= 0 && write(compact, "1", 1) != 1)
			fail("compact_memory: %s", strerror(errno));
		usleep(20000);
	}
}

static int usage(void)
{
	fputs("usage: model [-s SEED] [-n OPERATIONS] [-t SECONDS] [-p PROCESSES] [-b] [-e] [-v] "
	      "DIRECTORY\n", stderr);
	return 2;
}

int main(int argc, char **argv)
{
	uint32_t operations = 0;
	long seconds = 0;
	int i, option, status, failed = 0, processes = 1;
	bool background = false;
	pid_t disturber = -1, pids[PROCESSES];

	while ((option = getopt(argc, argv, "s:n:t:p:bev")) != -1) {
		switch (option) {
		case 's': seed = strtoull(optarg, NULL, 0); break;
		case 'n': operations = strtoul(optarg, NULL, 0); break;
		case 't': seconds = strtol(optarg, NULL, 0); break;
		case 'p': processes = atoi(optarg); break;
		case 'b': background = true; break;
		case 'e': beyond = true; break;
		case 'v': verbose = true; break;
		default: return usage();
		}
	}
	if (optind != argc - 1 || processes < 1 || processes > PROCESSES)
		return usage();
	dir = open(argv[optind], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0 || posix_memalign((void **)&buffer, BLOCK, MAX)) {
		perror(argv[optind]);
		return 2;
	}
	while (!seed)
		if (getrandom(&seed, sizeof(seed), 0) < 0)
			return 2;
	if (!seconds)
		seconds = operations ? 1 << 30 : 10;
	printf("model: seed %llu\n", (unsigned long long)seed);
	fflush(stdout);
	for (i = 0; i < FILES; i++) {
		snprintf(files[i].name, sizeof(files[i].name), "model-%c", 'a' + i);
		unlinkat(dir, files[i].name, 0);
		if (processes == 1)
			continue;
		open_file(&files[i]);
		files[i].size = MAX;
		if (ftruncate(files[i].fd, MAX))
			fail("ftruncate: %s", strerror(errno));
		close_file(&files[i]);
	}
	if (background) {
		disturber = fork();
		if (!disturber)
			disturb();
	}
	seconds += now();
	for (i = 0; i < processes; i++) {
		pids[i] = fork();
		if (pids[i] < 0)
			return 2;
		if (pids[i])
			continue;
		state = seed + i;
		if (processes > 1) {
			process = i;
			resize = false;
			begin = MAX / processes * i + (i ? 100 * i : 0);
			end = i + 1 == processes ? MAX : MAX / processes * (i + 1) + 100 * (i + 1);
		}
		run(operations, seconds);
		printf("model: %u operations%s, nothing differs\n", operation,
		       processes > 1 ? " of a process" : "");
		fflush(stdout);
		_exit(0);
	}
	for (i = 0; i < processes; i++) {
		if (waitpid(pids[i], &status, 0) != pids[i] || !WIFEXITED(status)) {
			printf("model: FAILED: a process died of signal %d\n", WTERMSIG(status));
			failed = 1;
		} else if (WEXITSTATUS(status)) {
			failed = WEXITSTATUS(status);
		}
	}
	if (disturber > 0)
		kill(disturber, SIGKILL);
	for (i = 0; i < FILES; i++)
		unlinkat(dir, files[i].name, 0);
	return failed;
}
