// SPDX-License-Identifier: GPL-2.0
/* Operations on the data of files: reading, writing, room. Those on mappings and locks are in open.c. */
#include "faults.h"

#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/uio.h>

#define OP(ident, call, ...)	OP_OF(tree, ident, call, ##__VA_ARGS__)

/* Where there is nothing; the compiler need not know. */
static void *volatile nowhere = (void *)8;
static char aligned[16 * PAGE] __attribute__((aligned(PAGE)));

static void open_name(const char *name, int flags)
{
	fd = open(name, flags | O_CLOEXEC);
	NEED(fd >= 0);
	memset(aligned, 'w', sizeof(aligned));
	memset(buffer, 'w', sizeof(buffer));
}

static void open_file(void)
{
	open_name("file", O_RDWR);
}

static void open_sparse(void)
{
	open_name("sparse", O_RDWR);
}

static void open_append(void)
{
	open_name("file", O_RDWR | O_APPEND);
}

static void open_direct(void)
{
	open_name("file", O_RDWR | O_DIRECT);
}

static void open_sparse_direct(void)
{
	open_name("sparse", O_RDWR | O_DIRECT);
}

static void open_project(void)
{
	int file = open("proj/new", O_CREAT | O_EXCL | O_WRONLY, 0644);

	NEED(file >= 0 && !close(file));
	open_name("proj/new", O_RDWR);
}

static void open_owned(void)
{
	open_name("owned", O_RDWR);
}

/* What is in it has to come from below the page cache. */
static void drop_cached(void)
{
	NEED(!fsync(fd) && !posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED));
}

static void open_uncached(void)
{
	open_file();
	drop_cached();
}

static void open_sparse_uncached(void)
{
	open_sparse();
	drop_cached();
}

/* Who may keep set-id bits is not told that they go. */
static void open_suid(void)
{
	open_name("suid", O_RDWR);
	give_up(4 /* CAP_FSETID */);
}

static const char *check_at(const char *bytes, long from, long count)
{
	long i;

	for (i = 0; i < count; i++)
		if ((unsigned char)bytes[i] != byte_of(from + i))
			return "other bytes than there are";
	return NULL;
}

static const char *check_start(long result)
{
	return check_at(buffer, 0, result);
}

static const char *check_aligned(long result)
{
	return check_at(aligned, 0, result);
}

static const char *check_zeroes(long result)
{
	return result && (buffer[0] || memcmp(buffer, buffer + 1, result - 1)) ? "no zeroes" : NULL;
}

/* Reading */

OP(read, pread(fd, buffer, 100, 0), .before = open_file, .check = check_start, .flags = PARTIAL);
OP(read_all, pread(fd, buffer, sizeof(buffer), 0), .before = open_file, .check = check_start, .flags = PARTIAL);
OP(read_uncached, pread(fd, buffer, sizeof(buffer), 0), .before = open_uncached, .check = check_start,
   .flags = PARTIAL);
OP(read_hole, pread(fd, buffer, PAGE, 8 * PAGE), .before = open_sparse, .check = check_zeroes,
   .flags = PARTIAL);
OP(read_sparse_uncached, pread(fd, buffer, sizeof(buffer), 0), .before = open_sparse_uncached,
   .flags = PARTIAL);
OP(read_end, pread(fd, buffer, PAGE, 16 * PAGE), .before = open_file);
OP(read_direct, pread(fd, aligned, 2 * PAGE, 0), .before = open_direct, .check = check_aligned,
   .flags = PARTIAL);
OP(read_direct_hole, pread(fd, aligned, 6 * PAGE, 2 * PAGE), .before = open_sparse_direct, .flags = PARTIAL);
OP(read_bad_address, pread(fd, nowhere, 100, 0), .before = open_file, .may = { EFAULT });

static const struct iovec parts[] = { { buffer, 100 }, { buffer + 100, PAGE }, { buffer + 100 + PAGE, 1 } };

OP(readv, preadv(fd, parts, 3, 0), .before = open_uncached, .check = check_start, .flags = PARTIAL);
OP(read_nowait, preadv2(fd, parts, 3, 0, RWF_NOWAIT), .before = open_uncached, .may = { EOPNOTSUPP });
OP(readahead, readahead(fd, 0, 4 * PAGE), .before = open_uncached);
OP(fadvise_willneed, RETURNED(posix_fadvise(fd, 0, 0, POSIX_FADV_WILLNEED)), .before = open_uncached);
OP(fadvise_dontneed, RETURNED(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED)), .before = open_file);

static int pipe_ends[2];

static void make_pipe(void)
{
	NEED(!pipe2(pipe_ends, O_NONBLOCK | O_CLOEXEC));
	kept_fd = pipe_ends[0];
	second_fd = pipe_ends[1];
}

static void file_and_pipe(void)
{
	open_uncached();
	make_pipe();
}

static void pipe_and_file(void)
{
	open_file();
	make_pipe();
	NEED(write(second_fd, aligned, 2 * PAGE) == 2 * PAGE);
}

/* What is in the other is not what comes there. */
static void file_and_other(void)
{
	open_uncached();
	second_fd = open("other", O_RDWR | O_CLOEXEC);
	NEED(second_fd >= 0 && pwrite(second_fd, aligned, PAGE, 0) == PAGE);
}

/* How much was asked for says nothing about how much came. */
static const char *check_pipe(long result)
{
	long got = read(kept_fd, buffer, sizeof(buffer));

	return got == result ? check_start(result) : "not what came through the pipe";
}

OP(splice_read, splice(fd, NULL, second_fd, NULL, 3 * PAGE, 0), .before = file_and_pipe, .check = check_pipe,
   .flags = PARTIAL);
OP(splice_write, splice(kept_fd, NULL, fd, NULL, 2 * PAGE, 0), .before = pipe_and_file, .flags = PARTIAL,
   .to = { "file", 0 });
OP(sendfile_to_pipe, sendfile(second_fd, fd, NULL, 3 * PAGE), .before = file_and_pipe, .check = check_pipe,
   .flags = PARTIAL);
OP(sendfile, sendfile(second_fd, fd, NULL, 3 * PAGE), .before = file_and_other, .flags = PARTIAL,
   .to = { "other", 0 });
OP(copy_file_range, copy_file_range(fd, NULL, second_fd, NULL, 3 * PAGE, 0), .before = file_and_other,
   .flags = PARTIAL, .to = { "other", 0 });
OP(clone, ioctl(second_fd, 0x40049409 /* FICLONE */, fd), .before = file_and_other, .may = { EOPNOTSUPP });

/* Writing */

OP(write, pwrite(fd, buffer, 100, 10), .before = open_file, .flags = PARTIAL, .to = { "file", 10 });
OP(write_pages, pwrite(fd, buffer, 2 * PAGE, 0), .before = open_file, .flags = PARTIAL, .to = { "file", 0 });
OP(write_part_uncached, pwrite(fd, buffer, PAGE, 100), .before = open_uncached, .flags = PARTIAL,
   .to = { "file", 100 });
OP(write_extend, pwrite(fd, buffer, 2 * PAGE, 3 * PAGE), .before = open_file, .flags = PARTIAL,
   .to = { "file", 3 * PAGE });
OP(write_append, write(fd, buffer, 2 * PAGE), .before = open_append, .flags = PARTIAL,
   .to = { "file", 3 * PAGE + 100 });
OP(write_hole, pwrite(fd, buffer, PAGE + 100, 6 * PAGE - 50), .before = open_sparse, .flags = PARTIAL,
   .to = { "sparse", 6 * PAGE - 50 });
OP(write_beyond, pwrite(fd, buffer, PAGE, 20 * PAGE + 10), .before = open_sparse, .flags = PARTIAL,
   .to = { "sparse", 20 * PAGE + 10 });
OP(write_many, pwrite(fd, buffer, sizeof(buffer), 0), .before = open_sparse, .flags = PARTIAL,
   .to = { "sparse", 0 });
OP(write_new_batch, pwrite(fd, buffer, 8 * PAGE, 60 * PAGE), .before = open_file, .flags = PARTIAL,
   .to = { "file", 60 * PAGE });
OP(write_project, pwrite(fd, buffer, 2 * PAGE, 0), .before = open_project, .flags = PARTIAL,
   .to = { "proj/new", 0 });
OP(write_owned, pwrite(fd, buffer, 2 * PAGE, PAGE), .before = open_owned, .flags = PARTIAL,
   .to = { "owned", PAGE });
OP(write_suid, pwrite(fd, buffer, 10, 0), .before = open_suid, .flags = PARTIAL, .to = { "suid", 0 });
OP(writev, pwritev(fd, parts, 3, 3 * PAGE), .before = open_file, .flags = PARTIAL, .to = { "file", 3 * PAGE });
OP(write_dsync, pwritev2(fd, parts, 3, 2 * PAGE, RWF_DSYNC), .before = open_file, .flags = PARTIAL,
   .to = { "file", 2 * PAGE });
OP(write_nowait, pwritev2(fd, parts, 3, 4 * PAGE, RWF_NOWAIT), .before = open_file, .flags = PARTIAL,
   .to = { "file", 4 * PAGE }, .may = { EOPNOTSUPP });
OP(write_bad_address, pwrite(fd, nowhere, 100, 20 * PAGE), .before = open_file, .may = { EFAULT });
OP(write_direct, pwrite(fd, aligned, 2 * PAGE, 0), .before = open_direct, .flags = PARTIAL,
   .to = { "file", 0 });
OP(write_direct_hole, pwrite(fd, aligned, 3 * PAGE, 7 * PAGE), .before = open_sparse_direct, .flags = PARTIAL,
   .to = { "sparse", 7 * PAGE });
OP(write_direct_beyond, pwrite(fd, aligned, 2 * PAGE, 20 * PAGE), .before = open_direct, .flags = PARTIAL,
   .to = { "file", 20 * PAGE });
OP(write_direct_across_end, pwrite(fd, aligned, 4 * PAGE, 2 * PAGE), .before = open_direct, .flags = PARTIAL,
   .to = { "file", 2 * PAGE });
OP(write_direct_unaligned, pwrite(fd, aligned, 100, 10), .before = open_direct, .flags = PARTIAL,
   .to = { "file", 10 });

/* Writing back */

static void open_dirty(void)
{
	open_sparse();
	NEED(pwrite(fd, buffer, 3 * PAGE, 7 * PAGE) == 3 * PAGE);
}

OP(fsync, fsync(fd), .before = open_dirty);
OP(fdatasync, fdatasync(fd), .before = open_dirty);
OP(sync_file_range, sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER),
   .before = open_dirty);
OP(syncfs, syncfs(fd), .before = open_dirty);
OP(sync, (sync(), 0), .before = open_dirty);
OP(close_dirty, close(dup(fd)), .before = open_dirty, .may = { EBADF, EMFILE });

/* Sizes and room */

OP(truncate, truncate("file", PAGE));
OP(truncate_amid, truncate("file", PAGE + 10));
OP(truncate_all, truncate("file", 0));
OP(truncate_extend, truncate("file", 10 * PAGE));
OP(truncate_suid, truncate("suid", 5), .before = open_suid);
OP(ftruncate, ftruncate(fd, PAGE + 10), .before = open_uncached);
OP(ftruncate_sparse, ftruncate(fd, 4 * PAGE + 10), .before = open_sparse_uncached);
OP(fallocate, fallocate(fd, 0, 0, 12 * PAGE), .before = open_sparse, .flags = PARTIAL);
OP(fallocate_extend, fallocate(fd, 0, 0, 20 * PAGE), .before = open_sparse, .flags = PARTIAL);
OP(fallocate_keep, fallocate(fd, 1, 10 * PAGE, 20 * PAGE), .before = open_sparse, .flags = PARTIAL);
OP(fallocate_batches, fallocate(fd, 1, 0, 200 * PAGE), .before = open_sparse, .flags = PARTIAL);
OP(fallocate_project, fallocate(fd, 0, 0, 4 * PAGE), .before = open_project, .flags = PARTIAL);
OP(punch, fallocate(fd, 3, PAGE, PAGE), .before = open_file, .flags = PARTIAL);
OP(punch_part, fallocate(fd, 3, 100, PAGE), .before = open_uncached, .flags = PARTIAL);
OP(punch_all, fallocate(fd, 3, 0, 16 * PAGE), .before = open_sparse, .flags = PARTIAL);
OP(zero_range, fallocate(fd, 0x10, 100, 2 * PAGE), .before = open_file, .flags = PARTIAL);
OP(zero_range_extend, fallocate(fd, 0x10, 2 * PAGE, 6 * PAGE), .before = open_file, .flags = PARTIAL);
OP(zero_range_keep, fallocate(fd, 0x11, 10, 8 * PAGE), .before = open_sparse, .flags = PARTIAL);
OP(collapse_range, fallocate(fd, 0x08, 0, PAGE), .before = open_file, .may = { EOPNOTSUPP });
OP(seek_data, lseek(fd, 0, SEEK_DATA), .before = open_sparse);
OP(seek_hole, lseek(fd, 4 * PAGE, SEEK_HOLE), .before = open_sparse);
OP(seek_end, lseek(fd, 0, SEEK_END), .before = open_sparse);
OP(seek_data_none, lseek(fd, 8 * PAGE, SEEK_DATA), .before = open_sparse, .may = { ENXIO });
OP(fibmap, ioctl(fd, 1 /* FIBMAP */, buffer), .before = open_file, .may = { EINVAL });
