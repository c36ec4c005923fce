/* SPDX-License-Identifier: GPL-2.0 */
/* Every helper, for one run of bindgen. */

#include "helpers/dentry.c"
#include "helpers/files.c"
#include "helpers/ftrace.c"
#include "helpers/held.c"
#include "helpers/inode.c"
#include "helpers/kprobes.c"
#include "helpers/locked.c"
#include "helpers/locktrack.c"
#include "helpers/pages.c"
#include "helpers/quota.c"
#include "helpers/signal.c"
#include "helpers/slots.c"
#include "helpers/sysfs.c"
#include "helpers/vfs.c"
