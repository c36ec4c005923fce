// SPDX-License-Identifier: GPL-2.0
/* What misuse.rs cannot do, as Rust defines it. */

#include <linux/types.h>

int misuse_shift(int by);

int misuse_shift(int by)
{
	return 1 << by;
}
