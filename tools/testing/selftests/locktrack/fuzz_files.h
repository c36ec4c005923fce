/* SPDX-License-Identifier: GPL-2.0 */
/* The model of the files in fuzz_files.c: what must come of a write. */
#ifndef FUZZ_FILES_H
#define FUZZ_FILES_H

#include "../lib/fuzz.h"

#define WHERE	"/tmp/fuzz-files"
#define LOCKTRACK	"/sys/kernel/debug/locktrack"

enum kind { WRITE, PIECES, PLACE, HUGE_WRITE, READ, ODD, WORK };

static const char *const kinds[] = { "write", "pieces", "place", "huge", "read", "odd", "work", NULL };

enum key { ATTACH, EDITION, EXCEPTIONS, ENABLE, EXACT, RESET, WRITABLE, RULES = 8, STATS };

static const char *const keys[] = {
	"attach", "edition", "exceptions", "enable", "exact", "reset",
	"coverage", "observed", "rules", "stats", "violations", NULL,
};

/* The longest text that can be written at once. */
static const size_t longest[] = { 4097, 256, 65536, 256, 256, 256 };

/* What cannot be foreseen. */
#define ANY	-1

#define BIG	(1 << 20)

static struct {
	bool free;
	/* The texts of the files that keep what was written, as they are now. */
	char text[WRITABLE][BIG / 4];
	/* What was changed, and has to be undone. */
	bool changed[WRITABLE];
} now;

static char big[BIG + 1];

static int open_file(unsigned int key, int flags)
{
	char path[128];

	snprintf(path, sizeof(path), LOCKTRACK "/%s", keys[key]);
	return open(path, flags | O_CLOEXEC);
}

static size_t read_file(unsigned int key, char *to, size_t size)
{
	int fd = open_file(key, O_RDONLY);
	size_t sum = 0;
	ssize_t length;

	while (fd >= 0 && sum < size - 1 && (length = read(fd, to + sum, size - 1 - sum)) > 0)
		sum += length;
	to[sum] = '\0';
	if (fd >= 0)
		close(fd);
	return sum;
}

/* What of a file can only be changed by a write: names, and no counts. */
static void kept_text(unsigned int key, char *to, size_t size)
{
	size_t length = 0;
	char *line, *rest;

	to[0] = '\0';
	if (key == RESET)
		return;
	read_file(key, big, sizeof(big));
	for (rest = big; (line = strsep(&rest, "\n"));) {
		char *end = line + strlen(line);

		if (key == ATTACH) {
			if (strncmp(line, "fs\t", 3))
				continue;
			end = strchrnul(line + 3, '\t');
		} else if (key == EXCEPTIONS && strrchr(line, '\t')) {
			end = strrchr(line, '\t');
		} else if (key == EXACT && strncmp(line, "exact\t", 6)) {
			continue;
		}
		if (length + (end - line) + 2 > size)
			break;
		memcpy(to + length, line, end - line);
		length += end - line;
		to[length++] = '\n';
		to[length] = '\0';
	}
}

static bool attached(const char *name, size_t length)
{
	char line[4200];
	int size = snprintf(line, sizeof(line), "fs\t%.*s\n", (int)length, name);

	return size < (int)sizeof(line) && strstr(now.text[ATTACH], line);
}

static bool registered(const char *name, size_t length)
{
	static char list[8192];
	char line[300];
	FILE *from;

	if (!list[0] && (from = fopen("/proc/filesystems", "r"))) {
		list[fread(list, 1, sizeof(list) - 1, from)] = '\0';
		fclose(from);
	}
	if (length > 256)
		return false;
	snprintf(line, sizeof(line), "\t%.*s\n", (int)length, name);
	return strstr(list, line);
}

/* Whether attaching can be foreseen: by name. */
static int expect_attach(const char *text, size_t length)
{
	bool detach = length && text[0] == '-';
	size_t i;

	if (detach) {
		text++;
		length--;
		if (!length)
			return EINVAL;
		if (length == 3 && !memcmp(text, "all", 3))
			return 0;
		/* A path that was attached is shown with what is no plain text escaped. */
		return attached(text, length) ? 0 : text[0] == '/' ? ANY : ENOENT;
	}
	if (!length)
		return EINVAL;
	if ((length == 3 && !memcmp(text, "all", 3)) || text[0] == '/' || memchr(text, ':', length))
		return ANY;
	for (i = 0; i < length; i++)
		if (text[i] <= ' ' || text[i] > '~' || text[i] == '/' || text[i] == '.')
			return EINVAL;
	if (!registered(text, length))
		return ENODEV;
	return attached(text, length) ? EEXIST : ANY;
}

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_plain(const char *text, size_t length)
{
	size_t i;

	for (i = 0; i < length; i++)
		if (!text[i] || (unsigned char)text[i] >= 0x80)
			return false;
	return true;
}

static bool is_edition(const char *text, size_t length)
{
	char line[300], all[4096];

	if (!length || length > 64 || memchr(text, '\n', length))
		return false;
	snprintf(line, sizeof(line), "edition\t%.*s\n", (int)length, text);
	read_file(EDITION, all, sizeof(all));
	return strstr(all, line);
}

/* What must come of writing this at a place of the file; 0, an error or ANY. */
static int expected(unsigned int key, const char *text, size_t length, off_t place)
{
	if (key >= WRITABLE)
		return EINVAL;
	if (length > longest[key])
		return key == EXCEPTIONS ? E2BIG : EINVAL;
	if (key == EXCEPTIONS) {
		if (place || !length || text[length - 1] != '\n')
			return EINVAL;
		return ANY;
	}
	if (!is_plain(text, length))
		return ANY;
	while (length && is_space(text[length - 1]))
		length--;
	while (length && is_space(*text)) {
		text++;
		length--;
	}
	switch (key) {
	case ATTACH:
		return expect_attach(text, length);
	case EDITION:
		return is_edition(text, length) ? 0 : EINVAL;
	case RESET:
		return length == 1 && *text == '1' ? 0 : EINVAL;
	case EXACT:
		return length == 1 && *text == '0' ? 0 : length == 1 && *text == '1' ? ANY : EINVAL;
	default:
		return length == 1 && (*text == '0' || *text == '1') ? 0 : EINVAL;
	}
}

#endif /* FUZZ_FILES_H */
