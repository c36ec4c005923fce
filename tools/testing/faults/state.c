// SPDX-License-Identifier: GPL-2.0
/* What was seen of a subject, and how two such views compare. */
#include "faults.h"

#include <stdarg.h>

static char why[400];

void state_free(struct state *state)
{
	unsigned int i;

	for (i = 0; i < state->count; i++) {
		free(state->items[i].name);
		free(state->items[i].text);
		free(state->items[i].data);
	}
	free(state->items);
	memset(state, 0, sizeof(*state));
}

struct item *state_add(struct state *state, const char *name, const char *format, ...)
{
	struct item *item;
	va_list args;

	state->items = realloc(state->items, (state->count + 1) * sizeof(*item));
	NEED(state->items);
	item = &state->items[state->count++];
	memset(item, 0, sizeof(*item));
	item->name = strdup(name);
	va_start(args, format);
	NEED(item->name && vasprintf(&item->text, format, args) >= 0);
	va_end(args);
	return item;
}

void state_wrong(struct state *state, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (!state->wrong[0])
		vsnprintf(state->wrong, sizeof(state->wrong), format, args);
	va_end(args);
}

static const struct item *find(const struct state *state, const char *name)
{
	unsigned int i;

	for (i = 0; i < state->count; i++)
		if (!strcmp(state->items[i].name, name))
			return &state->items[i];
	return NULL;
}

static const char *differs(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why, sizeof(why), format, args);
	va_end(args);
	return why;
}

/* The first that one has and the other has not. */
static const char *names_differ(const struct state *is, const struct state *expected)
{
	unsigned int i;

	for (i = 0; i < is->count; i++)
		if (!find(expected, is->items[i].name))
			return differs("there is '%s' (%s)", is->items[i].name, is->items[i].text);
	for (i = 0; i < expected->count; i++)
		if (!find(is, expected->items[i].name))
			return differs("there is no '%s'", expected->items[i].name);
	return NULL;
}

const char *state_differ(const struct state *is, const struct state *expected)
{
	const char *found = names_differ(is, expected);
	unsigned int i;

	if (found)
		return found;
	for (i = 0; i < is->count; i++) {
		const struct item *a = &is->items[i], *b = find(expected, a->name);

		if (strcmp(a->text, b->text))
			return differs("'%s' is %s, not %s", a->name, a->text, b->text);
		if (a->size != b->size)
			return differs("'%s' has %ld bytes, not %ld", a->name, a->size, b->size);
		if (a->blocks != b->blocks)
			return differs("'%s' has %ld blocks, not %ld", a->name, a->blocks, b->blocks);
		if (a->size && memcmp(a->data, b->data, a->size))
			return differs("'%s' has other contents", a->name);
	}
	return NULL;
}

static bool within(long value, long a, long b)
{
	return (a < b ? a : b) <= value && value <= (a < b ? b : a);
}

const char *state_between(const struct state *is, const struct state *a, const struct state *b)
{
	unsigned int i;
	long at;

	for (i = 0; i < is->count; i++) {
		const struct item *now = &is->items[i], *x = find(a, now->name), *y = find(b, now->name);

		if (!x && !y)
			return differs("there is '%s'", now->name);
		if (!x || !y)
			x = y = x ? x : y;
		if (strcmp(now->text, x->text) && strcmp(now->text, y->text))
			return differs("'%s' is %s: neither %s nor %s", now->name, now->text, x->text,
				       y->text);
		if (!within(now->size, x->size, y->size))
			return differs("'%s' has %ld bytes, not %ld to %ld", now->name, now->size,
				       x->size, y->size);
		if (!within(now->blocks, x->blocks, y->blocks))
			return differs("'%s' has %ld blocks, not %ld to %ld", now->name, now->blocks,
				       x->blocks, y->blocks);
		for (at = 0; at < now->size; at++)
			if (!(at < x->size && now->data[at] == x->data[at]) &&
			    !(at < y->size && now->data[at] == y->data[at]))
				return differs("'%s': byte %ld is %#x, of neither", now->name, at,
					       now->data[at]);
	}
	for (i = 0; i < a->count; i++)
		if (find(b, a->items[i].name) && !find(is, a->items[i].name))
			return differs("there is no '%s'", a->items[i].name);
	return NULL;
}

const char *state_differ_at(const struct state *is, const struct state *expected, const char *name, long at,
			    long count)
{
	const struct item *now = find(is, name), *item = find(expected, name);
	long end = at + count;

	if (!now || !item)
		return differs("there is no '%s'", name);
	if (end > item->size)
		return differs("'%s' should have %ld bytes, and not %ld", name, item->size, end);
	for (; at < end; at++)
		if (at >= now->size || now->data[at] != item->data[at])
			return differs("'%s': byte %ld was written, and is not there", name, at);
	return NULL;
}
