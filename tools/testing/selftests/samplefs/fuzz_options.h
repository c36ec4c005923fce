/* SPDX-License-Identifier: GPL-2.0 */
/* The model of the mount options in fuzz_options.c: what the kernel must make of a text. */
#ifndef FUZZ_OPTIONS_H
#define FUZZ_OPTIONS_H

#include "../lib/fuzz.h"

#include <sys/sysinfo.h>

#define WHERE	"/tmp/fuzz-options/m"
#define PAGE	4096ull
#define DEFAULT_MODE	01777

enum kind { STRING, FLAG, BINARY, PATH, FD, ODD, CREATE, RECONFIGURE, DATA, REMOUNT };

static const char *const kinds[] = {
	"string", "flag", "binary", "path", "fd", "odd", "create", "reconfigure", "data", "remount", NULL,
};

/* The first are options of samplefs, in the order of the types of quota; of the rest, some are the VFS's. */
enum key {
	MODE, UID, GID, SIZE, NR_INODES, CASEFOLD, QUOTA, USRQUOTA, GRPQUOTA, PRJQUOTA,
	USR_BLOCK, GRP_BLOCK, PRJ_BLOCK, USR_INODE, GRP_INODE, PRJ_INODE, OPTIONS,
	RO = OPTIONS, RW, SYNC, DIRSYNC, LAZYTIME, SOURCE, OTHERS,
};

static const char *const keys[] = {
	"mode", "uid", "gid", "size", "nr_inodes", "casefold", "quota", "usrquota", "grpquota", "prjquota",
	"usrquota_block_hardlimit", "grpquota_block_hardlimit", "prjquota_block_hardlimit",
	"usrquota_inode_hardlimit", "grpquota_inode_hardlimit", "prjquota_inode_hardlimit",
	"ro", "rw", "sync", "dirsync", "lazytime", "source",
	/* No options. */
	"nonsense", "mod", "modes", "nocasefold", "MODE", "size ", "-", "noquota", NULL,
};

/* What the options of a context say, or what a mount was made with. */
struct options {
	bool given[OPTIONS];
	/* Of limits, 0 is none. */
	uint64_t value[OPTIONS];
	bool source;
	/* The VFS's own, of which a remount cannot change this one. */
	bool dirsync;
};

/* kstrtouint() */
static bool is_u32(const char *text, int base, uint64_t *value)
{
	unsigned int digits = 0;

	if (*text == '+')
		text++;
	if (!base) {
		base = 10;
		if (text[0] == '0' && tolower(text[1]) == 'x' && isxdigit(text[2])) {
			base = 16;
			text += 2;
		} else if (text[0] == '0') {
			base = 8;
		}
	}
	for (*value = 0; *text && *text != '\n'; text++, digits++) {
		int digit = isdigit(*text) ? *text - '0' : isxdigit(*text) ? tolower(*text) - 'a' + 10 : 99;

		if (digit >= base)
			return false;
		*value = *value * base + digit;
		if (*value > UINT32_MAX)
			return false;
	}
	return digits && (!*text || !text[1]);
}

/* As Documentation/samplefs.rst has it: digits, and perhaps one of k, m, g, t, p and e. */
static bool is_number(const char *text, size_t length, uint64_t *value)
{
	static const char suffixes[] = "kmgtpe";
	const char *suffix;
	unsigned __int128 sum = 0;
	int shift = 0;
	size_t i;

	suffix = length ? strchr(suffixes, tolower(text[length - 1])) : NULL;
	if (suffix && *suffix) {
		shift = 10 * (suffix - suffixes + 1);
		length--;
	}
	for (i = 0; i < length; i++) {
		if (!isdigit(text[i]))
			return false;
		sum = sum * 10 + (text[i] - '0');
		if (sum > UINT64_MAX)
			return false;
	}
	sum <<= shift;
	*value = sum;
	return length && sum <= UINT64_MAX;
}

static bool is_size(const char *text, uint64_t *value)
{
	size_t length = strlen(text);
	struct sysinfo info;
	unsigned __int128 bytes;

	if (!length || text[length - 1] != '%')
		return is_number(text, length, value);
	if (sysinfo(&info) || !is_number(text, length - 1, value))
		return false;
	bytes = (unsigned __int128)*value * info.totalram * info.mem_unit;
	*value = bytes / 100 + !!(bytes % 100);
	return bytes <= UINT64_MAX;
}

/* What the kernel must make of an option; a flag has no value. The error, or 0. */
static int take(struct options *to, const char *key, const char *value)
{
	int option = fuzz_find(keys, key);
	uint64_t number;
	bool ok;

	if (option < 0 || option >= OTHERS)
		return EINVAL;
	if (option == SOURCE) {
		if (!value || to->source)
			return EINVAL;
		to->source = true;
		return 0;
	}
	if (option >= OPTIONS) {
		to->dirsync |= option == DIRSYNC;
		return 0;
	}
	if (option >= CASEFOLD && option <= PRJQUOTA) {
		if (value)
			return EINVAL;
		if (option == QUOTA)
			to->given[USRQUOTA] = to->given[GRPQUOTA] = true;
		else
			to->given[option] = true;
		return 0;
	}
	if (!value)
		return EINVAL;
	switch (option) {
	case MODE:
		ok = is_u32(value, 8, &number) && number <= 07777;
		break;
	case UID:
	case GID:
		ok = is_u32(value, 0, &number) && number != UINT32_MAX;
		break;
	case SIZE:
		ok = is_size(value, &number);
		number = number / PAGE + !!(number % PAGE);
		break;
	case NR_INODES:
		ok = is_number(value, strlen(value), &number);
		break;
	default:
		ok = is_number(value, strlen(value), &number) && number <= INT64_MAX;
	}
	if (!ok)
		return EINVAL;
	to->given[option] = true;
	to->value[option] = number;
	return 0;
}

/* Whether a new mount can have these options: a limit is for quotas that are on. */
static int can_create(const struct options *asked)
{
	int type;

	for (type = 0; type < 3; type++)
		if (!asked->given[USRQUOTA + type] &&
		    (asked->value[USR_BLOCK + type] || asked->value[USR_INODE + type]))
			return EINVAL;
	return 0;
}

/* Whether a mount can get these options. It has the root and, if there was room for it, one file with one block. */
static int can_change(const struct options *is, const struct options *asked)
{
	int option;

	/* reconfigure_super() asks for nothing outside of MS_RMT_MASK. */
	if (asked->dirsync)
		return EINVAL;
	for (option = MODE; option < OPTIONS; option++) {
		if (!asked->given[option])
			continue;
		if (option >= CASEFOLD && option <= PRJQUOTA) {
			if (!is->given[option])
				return EINVAL;
		} else if (option != SIZE && option != NR_INODES) {
			uint64_t has = option == MODE && !is->given[MODE] ? DEFAULT_MODE : is->value[option];

			if (asked->value[option] != has)
				return EINVAL;
		}
	}
	if (asked->given[NR_INODES] && asked->value[NR_INODES] == 1 && !access(WHERE "/file", F_OK))
		return EINVAL;
	return 0;
}

#endif /* FUZZ_OPTIONS_H */
