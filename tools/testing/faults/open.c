// SPDX-License-Identifier: GPL-2.0
/* Operations on open files besides reading and writing: mappings, locks, leases. */
#include "faults.h"

#include <setjmp.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/swap.h>

#define OP(ident, call, ...)	OP_OF(tree, ident, call, ##__VA_ARGS__)

/* Mappings. What cannot be had is SIGBUS; what could only not be had now is tried again. */

static sigjmp_buf jump;
static char room[16 * PAGE] __attribute__((aligned(PAGE)));

static void on_signal(int signal)
{
	siglongjmp(jump, signal);
}

static long touch(long from, long pages, bool store)
{
	/* No signal stays blocked: to allow it again would be another place for a fault. */
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_NODEFER };
	volatile char *volatile at = map + from * PAGE;
	volatile long i;
	int signal;

	sigaction(SIGBUS, &action, NULL);
	/* What the kernel sends if it cannot tell of a signal. */
	sigaction(SIGSEGV, &action, NULL);
	signal = sigsetjmp(jump, 0);
	if (signal) {
		errno = signal == SIGBUS ? GOT_SIGBUS : EFAULT;
		return -1;
	}
	for (i = 0; i < pages; i++, at += PAGE) {
		if (store)
			*at = 'm';
		else
			buffer[i] = *at;
	}
	return pages;
}

static void map_name(const char *name, int flags, bool cached)
{
	fd = open(name, O_RDWR | O_CLOEXEC);
	NEED(fd >= 0);
	if (!cached)
		NEED(!fsync(fd) && !posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED));
	map = mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE, flags, fd, 0);
	NEED(map != MAP_FAILED);
}

static void map_file(void)
{
	map_name("file", MAP_SHARED, true);
}

static void map_uncached(void)
{
	map_name("file", MAP_SHARED, false);
}

static void map_sparse(void)
{
	map_name("sparse", MAP_SHARED, false);
}

static void map_owned(void)
{
	map_name("owned", MAP_SHARED, true);
	NEED(!ftruncate(fd, 4 * PAGE));
}

static void map_private(void)
{
	map_name("file", MAP_PRIVATE, false);
}

static void map_dirty(void)
{
	map_sparse();
	NEED(touch(6, 3, true) == 3);
}

static void open_sparse(void)
{
	fd = open("sparse", O_RDWR | O_CLOEXEC);
	NEED(fd >= 0);
}

static long mapped(char *at)
{
	if (at == MAP_FAILED)
		return -1;
	map = at;
	return 0;
}

OP(mmap, mapped(mmap(NULL, 16 * PAGE, PROT_READ, MAP_SHARED, fd, 0)), .before = open_sparse);
OP(mmap_private, mapped(mmap(NULL, 16 * PAGE, PROT_READ, MAP_PRIVATE, fd, 0)), .before = open_sparse);
OP(mmap_populate, mapped(mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0)),
   .before = open_sparse, .flags = PARTIAL);
OP(load, touch(0, 4, false), .before = map_file, .may = { GOT_SIGBUS });
OP(load_uncached, touch(0, 4, false), .before = map_uncached, .may = { GOT_SIGBUS });
OP(load_hole, touch(8, 4, false), .before = map_sparse, .may = { GOT_SIGBUS });
OP(load_beyond, touch(8, 1, false), .before = map_file, .may = { GOT_SIGBUS });
OP(store, touch(0, 4, true), .before = map_file, .flags = PARTIAL, .may = { GOT_SIGBUS });
OP(store_uncached, touch(0, 4, true), .before = map_uncached, .flags = PARTIAL, .may = { GOT_SIGBUS });
OP(store_hole, touch(6, 4, true), .before = map_sparse, .flags = PARTIAL, .may = { GOT_SIGBUS });
OP(store_owned, touch(0, 4, true), .before = map_owned, .flags = PARTIAL, .may = { GOT_SIGBUS });
OP(store_private, touch(0, 4, true), .before = map_private, .may = { GOT_SIGBUS });
OP(msync, msync(map, 16 * PAGE, MS_SYNC), .before = map_dirty);
OP(madvise_willneed, madvise(map, 16 * PAGE, MADV_WILLNEED), .before = map_sparse);
OP(madvise_populate_read, madvise(map, 16 * PAGE, MADV_POPULATE_READ), .before = map_sparse);
OP(madvise_populate_write, madvise(map, 16 * PAGE, MADV_POPULATE_WRITE), .before = map_sparse,
   .flags = PARTIAL, .may = { EFAULT });
OP(madvise_remove, madvise(map + 4 * PAGE, PAGE, MADV_REMOVE), .before = map_sparse, .flags = PARTIAL);
OP(mremap, mapped(mremap(map, 16 * PAGE, 16 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, room)),
   .before = map_dirty);
OP(mprotect, mprotect(map, 16 * PAGE, PROT_READ), .before = map_dirty);

static long unmap(void)
{
	long result = munmap(map, 16 * PAGE);

	map = result ? map : NULL;
	return result;
}

OP(munmap, unmap(), .before = map_dirty);

/* Memory is compacted: pages are moved. What was dirty gets there as it is. */

static void dirty_and_compact(void)
{
	map_dirty();
	second_fd = open("/proc/sys/vm/compact_memory", O_WRONLY | O_CLOEXEC);
	NEED(second_fd >= 0);
}

OP(migrate, write(second_fd, "1", 1), .before = dirty_and_compact, .flags = COSTLY);

/* What mkswap(8) writes. It is refused at the end, when it is known where the file's blocks are: on no device. */
static void make_swap(void)
{
	struct {
		char boot[1024];
		uint32_t version, last_page;
		char none[PAGE - 1024 - 8 - 10], magic[10];
	} header = { .version = 1, .last_page = 15, .magic = "SWAPSPACE2" };

	open_sparse();
	NEED(!fallocate(fd, 0, 0, 16 * PAGE) && pwrite(fd, &header, PAGE, 0) == PAGE);
	NEED(!fsync(fd) && !posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED));
}

OP(swapon, swapon("sparse", 0), .before = make_swap, .may = { EINVAL });

/* Locks */

static void open_file(void)
{
	fd = open("file", O_RDWR | O_CLOEXEC);
	NEED(fd >= 0);
}

static long lock(int cmd, short type, long from, long count)
{
	struct flock fl = { .l_type = type, .l_start = from, .l_len = count };

	return fcntl(fd, cmd, &fl);
}

/* By the open file: an operation that may be killed is done in another process, which has no locks of this one. */
static void lock_all(void)
{
	open_file();
	NEED(!lock(F_OFD_SETLK, F_WRLCK, 0, 0));
}

static void lock_elsewhere(void)
{
	open_file();
	NEED(!lock(F_OFD_SETLK, F_WRLCK, 0, 0));
	second_fd = fd;
	open_file();
}

static void flock_elsewhere(void)
{
	open_file();
	NEED(!flock(fd, LOCK_EX));
	second_fd = fd;
	open_file();
}

/* For who waits, another process gives back the lock that it has from this one as soon as it is waited for. */
static void give_back_when_waited(void (*give_back)(void))
{
	int locks;

	fflush(NULL);
	helper = fork();
	NEED(helper >= 0);
	if (helper)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	locks = open("/proc/locks", O_RDONLY | O_CLOEXEC);
	NEED(locks >= 0);
	do {
		usleep(1000);
		NEED(!lseek(locks, 0, SEEK_SET) && !read_text(locks));
	} while (!strstr(buffer, "->"));
	give_back();
	_exit(0);
}

static void give_back_lock(void)
{
	fd = second_fd;
	NEED(!lock(F_OFD_SETLK, F_UNLCK, 0, 0));
}

static void give_back_flock(void)
{
	NEED(!flock(second_fd, LOCK_UN));
}

static void lock_to_wait_for(void)
{
	lock_elsewhere();
	give_back_when_waited(give_back_lock);
}

static void flock_to_wait_for(void)
{
	flock_elsewhere();
	give_back_when_waited(give_back_flock);
}

OP(setlk, lock(F_SETLK, F_WRLCK, 0, 100), .before = open_file, .may = { ENOLCK });
OP(setlk_shared, lock(F_SETLK, F_RDLCK, 10, 0), .before = open_file, .may = { ENOLCK });
OP(setlkw, lock(F_SETLKW, F_WRLCK, 0, 100), .before = open_file, .may = { ENOLCK });
OP(setlkw_wait, lock(F_SETLKW, F_WRLCK, 0, 100), .before = lock_to_wait_for, .may = { ENOLCK, EINTR });
OP(setlk_conflict, lock(F_SETLK, F_WRLCK, 0, 100), .before = lock_elsewhere, .may = { EAGAIN, ENOLCK });
OP(getlk, lock(F_GETLK, F_WRLCK, 0, 100), .before = lock_elsewhere);
OP(ofd_setlk, lock(F_OFD_SETLK, F_WRLCK, 0, 100), .before = open_file, .may = { ENOLCK });
OP(ofd_setlk_split, lock(F_OFD_SETLK, F_UNLCK, 10, 10), .before = lock_all, .may = { ENOLCK });
OP(ofd_setlk_change, lock(F_OFD_SETLK, F_RDLCK, 10, 10), .before = lock_all, .may = { ENOLCK });
OP(ofd_unlock, lock(F_OFD_SETLK, F_UNLCK, 0, 0), .before = lock_all, .may = { ENOLCK });
OP(flock, flock(fd, LOCK_EX), .before = open_file, .may = { ENOLCK });
OP(flock_shared, flock(fd, LOCK_SH), .before = open_file, .may = { ENOLCK });
OP(flock_wait, flock(fd, LOCK_EX), .before = flock_to_wait_for, .may = { ENOLCK, EINTR });
OP(flock_conflict, flock(fd, LOCK_EX | LOCK_NB), .before = flock_elsewhere, .may = { EAGAIN, ENOLCK });
OP(funlock, flock(second_fd, LOCK_UN), .before = flock_elsewhere);

static void open_only_reading(void)
{
	fd = open("other", O_RDONLY | O_CLOEXEC);
	NEED(fd >= 0);
}

static void lease(void)
{
	open_only_reading();
	NEED(!fcntl(fd, F_SETLEASE, F_RDLCK));
	signal(SIGIO, SIG_IGN);
}

OP(setlease, fcntl(fd, F_SETLEASE, F_RDLCK), .before = open_only_reading, .may = { EAGAIN });
OP(setlease_write, fcntl(fd, F_SETLEASE, F_WRLCK), .before = open_only_reading, .may = { EAGAIN });
OP(unlease, fcntl(fd, F_SETLEASE, F_UNLCK), .before = lease);
OP(break_lease, kept(open("other", O_WRONLY | O_NONBLOCK)), .before = lease, .may = { EAGAIN });

/* What procfs says of it. */

static void open_fdinfo(void)
{
	char path[64];

	lock_all();
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	second_fd = open(path, O_RDONLY | O_CLOEXEC);
	NEED(second_fd >= 0);
}

static const char *check_fdinfo(long result)
{
	(void)result;
	return strstr(buffer, "samplefs-locks:\t1\n") ? NULL : "the lock is not shown";
}

OP(fdinfo, read_text(second_fd), .before = open_fdinfo, .check = check_fdinfo);
