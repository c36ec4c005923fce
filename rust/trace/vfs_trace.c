// SPDX-License-Identifier: GPL-2.0
/* The tracepoints of one filesystem: Kbuild compiles this once for each. */

#define CREATE_TRACE_POINTS
#define CREATE_RUST_TRACE_POINTS
#include "vfs_trace.h"
