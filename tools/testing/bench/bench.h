/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the parts of bench share.
 *
 * A measurement is a function that does what must be there first, calls begin(), does the
 * operation as often as is asked, calls end(), and removes what it has made.
 */

#ifndef BENCH_H
#define BENCH_H

/* Says what went wrong, with errno, and exits. */
void die(const char *what);

/* Between them is what is counted. The first lets work that was put off be done before; the second does not. */
void begin(void);
void begin_now(void);
void end(void);

/* What was counted, for one of `operations`; and prints it. */
double instructions(unsigned long operations);
void sample(const char *what, unsigned long operations);
/* Prints something else than a count. */
void sample_of(const char *what, const char *unit, double value);

/* Lets work that was put off be done. */
void settle(void);

/*
 * Makes names for files, so that this is not counted. A prefix tells one set of them from another
 * that was made before.
 */
void make_names(char prefix, unsigned long count);
/* The name with this number. */
const char *name(unsigned long i);

/* The measurements. The current directory is on the filesystem; but for `directory`, it is empty
 * before and after.
 */
void names(void);
void data(void);
void mixed(void);
void links(void);
void violations(const char *parameter, const char *directory, unsigned long count);
void memory(void);
void directory(unsigned long files, unsigned long rounds);

#endif
