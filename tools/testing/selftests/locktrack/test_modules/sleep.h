/* SPDX-License-Identifier: GPL-2.0 */
/* A sleep that the scheduler sees. */

#ifndef SLEEP_H
#define SLEEP_H

#include <linux/delay.h>
#include <linux/sched.h>

/* On a busy machine, the time can be over before the task sleeps, which just goes on then. */
static inline void sleep_once(unsigned int ms)
{
	unsigned long before = current->nvcsw;

	do
		msleep(ms);
	while (current->nvcsw == before);
}

#endif
