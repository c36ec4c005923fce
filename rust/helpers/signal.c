// SPDX-License-Identifier: GPL-2.0
/* What filesystems and locktrack ask about signals. */

#include <linux/sched/signal.h>

bool rust_helper_current_fatal_signal_pending(void)
{
	return fatal_signal_pending(current);
}
