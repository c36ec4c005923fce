// SPDX-License-Identifier: GPL-2.0
/*
 * Races of data: truncate, holes, mappings, writeback, direct I/O.
 *
 * Files are of 64-bit words. What is stored is the number of the generation, which only grows, so that
 * what comes back from before is seen; twice, as a word may be copied in parts.
 */
#include "race.h"

TESTFS_FIXTURE(race, RACE_OPTIONS)

#define PAGES	16
#define SIZE	(PAGES * PAGE)
#define WORDS	(SIZE / sizeof(uint64_t))

#define generation	(race->value[0])

static uint64_t word(uint64_t number)
{
	return number << 32 | number;
}

/* 0 for a word that is not whole. */
static uint64_t number(uint64_t word)
{
	return word >> 32 == (word & UINT32_MAX) ? word >> 32 : 0;
}

static int open_file(int root)
{
	int fd = openat(root, "f", O_RDWR | O_CREAT | O_CLOEXEC, 0644);

	MUST(fd >= 0);
	return fd;
}

static volatile uint64_t *map_file(int fd)
{
	void *map = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	MUST(map != MAP_FAILED);
	return map;
}

/* Stores through a mapping. What they store may be as old as the store itself. */
static void store_words(int root)
{
	volatile uint64_t *map = map_file(open_file(root));

	while (race_on())
		race_store(&map[race_random(WORDS)], word(atomic_load(&generation)));
}

/* How many words from there on are older than the generation, and not zero. */
static int stale_words(int fd, off_t from, uint64_t oldest)
{
	static uint64_t words[WORDS];
	long size = pread(fd, words, SIZE, from), at;
	int stale = 0;

	MUST(size >= 0);
	for (at = 0; at < size / 8; at++)
		stale += number(words[at]) && number(words[at]) < oldest;
	return stale;
}

/* Beyond where the file was cut is nothing of what was stored, but of those who were just storing. */
static void cut_and_extend(int root)
{
	int fd = open_file(root);
	uint64_t now;
	off_t at;

	while (race_on()) {
		now = atomic_fetch_add(&generation, 1) + 1;
		at = race_random(2) ? 0 : race_random(WORDS) * 8;
		if (!race_plant())
			MUST(!ftruncate(fd, at));
		MUST(!ftruncate(fd, SIZE));
		MUST(stale_words(fd, at, now) <= 2);
		usleep(race_random(1000));
	}
}

RACE(truncate_mmap_store)
{
	atomic_store(&generation, 1);
	RACE_RUN(cut_and_extend, store_words, store_words);
}

/* The same with holes, and with zeroes. */
static void punch(int root)
{
	int fd = open_file(root), mode;
	uint64_t now;

	while (race_on()) {
		now = atomic_fetch_add(&generation, 1) + 1;
		mode = testfs_is_samplefs() && race_random(2) ? FALLOC_FL_ZERO_RANGE :
			FALLOC_FL_PUNCH_HOLE;
		if (!race_plant())
			MUST(!fallocate(fd, mode | FALLOC_FL_KEEP_SIZE, 0, SIZE));
		MUST(stale_words(fd, 0, now) <= 2);
		usleep(race_random(1000));
	}
}

RACE(punch_mmap_fault)
{
	ASSERT_EQ(0, testfs_touch(root, "f"));
	ASSERT_EQ(0, truncate(TESTFS_MOUNT "/f", SIZE));
	atomic_store(&generation, 1);
	RACE_RUN(punch, store_words, store_words);
}

/* A reader sees what was written or zeroes, of a file that is cut; and nothing older than before. */
static void write_whole(int root)
{
	static uint64_t words[WORDS];
	int fd = open_file(root);
	unsigned int i;
	uint64_t now;

	while (race_on()) {
		now = atomic_fetch_add(&generation, 1) + 1;
		for (i = 0; i < WORDS; i++)
			words[i] = word(race_plant() ? now / 2 : now);
		MUST(pwrite(fd, words, SIZE, 0) == SIZE);
		if (race_random(2))
			MUST(!ftruncate(fd, race_random(SIZE)));
	}
}

/* What this reader saw last of each word. */
static void see(uint64_t *last, const volatile uint64_t *words, unsigned int count)
{
	unsigned int i;
	uint64_t now;

	for (i = 0; i < count; i++) {
		now = number(words[i]);
		if (!now)
			continue;
		if (now < last[i] || now > (uint64_t)atomic_load(&generation))
			WRONG("word %u is %lu, after %lu", i, (unsigned long)now, (unsigned long)last[i]);
		last[i] = now;
	}
}

static void read_whole(int root)
{
	static uint64_t words[WORDS], last[WORDS];
	int fd = open_file(root);
	long size;

	while (race_on()) {
		size = pread(fd, words, SIZE, 0);
		MUST(size >= 0);
		see(last, words, size / 8);
	}
}

static void map_and_read(int root)
{
	static uint64_t words[WORDS], last[WORDS];
	volatile uint64_t *map = map_file(open_file(root));
	unsigned int i;

	while (race_on()) {
		for (i = 0; i < WORDS; i += 8)
			if (!race_load(&map[i], &words[i]))
				words[i] = 0;
		see(last, words, WORDS);
	}
}

RACE(truncate_read)
{
	RACE_RUN(write_whole, read_whole, map_and_read);
}

/* Dropping clean pages and writing dirty ones back brings nothing old into sight. */
static void write_back(int root)
{
	int fd = open_file(root);

	while (race_on()) {
		switch (race_random(3)) {
		case 0: MUST(!syncfs(root)); break;
		case 1: MUST(!fsync(fd)); break;
		default: MUST(!sync_file_range(fd, 0, SIZE, SYNC_FILE_RANGE_WRITE |
					       SYNC_FILE_RANGE_WAIT_AFTER));
		}
		if (!race_random(8))
			race_drop_caches("1");
		MUST(!posix_fadvise(fd, 0, SIZE, POSIX_FADV_DONTNEED));
		usleep(race_random(500));
	}
}

RACE(writeback_truncate)
{
	RACE_RUN(write_whole, read_whole, write_back, write_back);
}

/* Each process has every third word; others' stores, and writeback, leave it as it is. */
static void own_words(int root)
{
	static uint64_t words[WORDS];
	int fd = open_file(root);
	volatile uint64_t *map = map_file(fd);
	unsigned int i, at;

	while (race_on()) {
		uint64_t now = atomic_load(&race->rounds[race_me]);

		for (i = 0; i < 16; i++) {
			at = race_random(WORDS / 3) * 3 + race_me % 3;
			words[at] = now;
			if (race_random(2))
				MUST(race_store(&map[at], now));
			else
				MUST(pwrite(fd, &now, 8, at * 8) == 8);
		}
		if (race_plant())
			MUST(pwrite(fd, &(uint64_t){ 7 }, 8, (at + 1) % WORDS * 8) == 8);
		for (at = race_me % 3; at < WORDS; at += 3)
			if (map[at] != words[at])
				WRONG("word %u is %lu, not %lu", at, (unsigned long)map[at],
				      (unsigned long)words[at]);
	}
}

RACE(writeback_mmap_store)
{
	ASSERT_EQ(0, testfs_touch(root, "f"));
	ASSERT_EQ(0, truncate(TESTFS_MOUNT "/f", SIZE));
	RACE_RUN(own_words, own_words, own_words, write_back);
}

/* Files that go while they are written back keep their data as long as they are open. */
static void dirty_and_unlink(int root)
{
	static unsigned char wrote[SIZE], read[SIZE];
	char name[16];

	snprintf(name, sizeof(name), "d%d", race_me);
	while (race_on()) {
		int fd = openat(root, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

		MUST(fd >= 0);
		memset(wrote, 1 + race_random(255), SIZE);
		MUST(pwrite(fd, wrote, SIZE, 0) == SIZE);
		usleep(race_random(300));
		MUST(!unlinkat(root, name, 0));
		if (race_plant())
			MUST(!fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, PAGE, PAGE));
		MUST(pread(fd, read, SIZE, 0) == SIZE);
		MUST(!memcmp(wrote, read, SIZE));
		close(fd);
	}
}

RACE(writeback_unlink)
{
	RACE_RUN(dirty_and_unlink, dirty_and_unlink, write_back, write_back);
}

/* Records that many append are all there, each in one piece, also for who reads meanwhile. */
#define RECORD	64
#define RECORDS	2000

static void append(int root)
{
	int fd = openat(root, "f", O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
	int other = open_file(root);
	uint64_t record[RECORD / 8];
	struct stat st;

	MUST(fd >= 0);
	while (race_on()) {
		int j;

		for (j = 0; j < RECORD / 8; j++)
			record[j] = race_me + 1;
		if (race_plant()) {
			MUST(!fstat(fd, &st));
			MUST(pwrite(other, record, RECORD, st.st_size + 8) == RECORD);
			continue;
		}
		/* Enough of them: it begins anew. */
		MUST(!fstat(fd, &st));
		if (st.st_size >= RECORD * RECORDS)
			MUST(!ftruncate(fd, 0));
		MUST(write(fd, record, RECORD) == RECORD);
	}
}

static void read_records(int root)
{
	static uint64_t records[RECORD / 8 * RECORDS * 2];
	int fd = open_file(root);
	long size, at;

	while (race_on()) {
		size = pread(fd, records, sizeof(records), 0);
		MUST(size >= 0 && size % RECORD == 0);
		for (at = 0; at < size / 8; at++) {
			uint64_t first = records[at - at % (RECORD / 8)];

			/* Zeroes are of a page that was cut off under the reader's hands. */
			if (records[at] != first && records[at] && first)
				WRONG("record %ld is not whole", at / (RECORD / 8));
			MUST(records[at] <= RACE_WORKERS);
		}
	}
}

RACE(append_read_truncate)
{
	RACE_RUN(append, append, append, read_records);
}

/* What was written past the page cache is what readers see, through it and past it. */
static void write_direct(int root)
{
	int fd = openat(root, "f", O_RDWR | O_DIRECT | O_CLOEXEC);
	unsigned int i, page;
	uint64_t *words;

	MUST(fd >= 0);
	words = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	MUST(words != MAP_FAILED);
	while (race_on()) {
		uint64_t now = atomic_fetch_add(&generation, 1) + 1;

		if (race_plant())
			now /= 2;
		for (i = 0; i < PAGE / 8; i++)
			words[i] = word(now);
		page = race_random(PAGES);
		MUST(pwrite(fd, words, PAGE, page * PAGE) == PAGE);
		MUST(pread(fd, words, PAGE, page * PAGE) == PAGE);
		for (i = 0; i < PAGE / 8; i++)
			MUST(words[i] == word(now));
	}
}

RACE(direct_write_read)
{
	ASSERT_EQ(0, testfs_touch(root, "f"));
	ASSERT_EQ(0, truncate(TESTFS_MOUNT "/f", SIZE));
	RACE_RUN(write_direct, read_whole, map_and_read, write_back);
}

/* What is allocated, punched and written at once is counted right: it all comes back at the end. */
static void allocate(int root)
{
	static unsigned char bytes[4 * PAGE];
	int fd = open_file(root);
	struct stat st;

	while (race_on()) {
		off_t at = race_random(SIZE), size = 1 + race_random(4 * PAGE);

		switch (race_random(6)) {
		case 0: MUST(!fallocate(fd, 0, at, size)); break;
		case 1: MUST(!fallocate(fd, FALLOC_FL_KEEP_SIZE, at, size)); break;
		case 2: MUST(!fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, at, size)); break;
		case 3: MUST(!ftruncate(fd, at)); break;
		case 4: MUST(pwrite(fd, bytes, size, at) == size); break;
		default: MUST(lseek(fd, 0, SEEK_DATA) >= 0 || errno == ENXIO);
		}
		MUST(!fstat(fd, &st));
		/* SIZE and what a write or an allocation may go beyond it. */
		MUST(st.st_blocks >= 0 && st.st_blocks <= (PAGES + 5) * (PAGE / 512));
		if (race_plant())
			atomic_store(&race->value[1], 1);
	}
}

RACE(fallocate_truncate_write)
{
	struct statfs empty;

	ASSERT_EQ(0, testfs_touch(root, "f"));
	RACE_RUN(allocate, allocate, allocate, write_back);
	ASSERT_EQ(0, truncate(TESTFS_MOUNT "/f", 0));
	if (atomic_load(&race->value[1]))
		ASSERT_EQ(0, testfs_write(root, "f", "x", 1));
	ASSERT_EQ(0, fstatfs(root, &empty));
	EXPECT_EQ(race_before.f_bfree, empty.f_bfree);
}

/* Writers that are killed amid what they do leave nothing half done, and take no room with them. */
static void die_writing(int root)
{
	static unsigned char bytes[8 * PAGE];
	pid_t child;
	char name[16];

	snprintf(name, sizeof(name), "k%d", race_me);
	while (race_on()) {
		child = fork();
		MUST(child >= 0);
		if (!child) {
			int fd = openat(root, name, O_RDWR | O_CREAT | O_CLOEXEC, 0644);

			prctl(PR_SET_PDEATHSIG, SIGKILL);
			race_state = getpid();
			for (;;) {
				pwrite(fd, bytes, sizeof(bytes), race_random(SIZE));
				fallocate(fd, FALLOC_FL_KEEP_SIZE, race_random(SIZE), SIZE);
				ftruncate(fd, race_random(SIZE));
			}
		}
		usleep(race_random(3000));
		kill(child, SIGKILL);
		MUST(waitpid(child, NULL, 0) == child);
		MAY(unlinkat(root, name, 0), ENOENT);
		if (race_plant())
			atomic_store(&race->value[1], 1);
	}
}

RACE(kill_write)
{
	struct statfs after;

	RACE_RUN(die_writing, die_writing, write_back);
	EXPECT_EQ(0, unlinkat(root, "f", 0));
	if (atomic_load(&race->value[1]))
		ASSERT_EQ(0, testfs_write(root, "left", "x", 1));
	ASSERT_EQ(0, fstatfs(root, &after));
	EXPECT_EQ(race_before.f_bfree, after.f_bfree);
	EXPECT_EQ(race_before.f_ffree, after.f_ffree);
}

TESTFS_MAIN
