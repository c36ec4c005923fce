/* SPDX-License-Identifier: GPL-2.0 */
/* The C headers of what bindgen_parameters names. */

#include <linux/kprobes.h>
#include <linux/falloc.h>
#include <linux/filelock.h>
#include <linux/fs_context.h>
#include <linux/fs_parser.h>
#include <linux/namei.h>
#include <linux/splice.h>
#include <linux/statfs.h>

/* Macros that bindgen cannot evaluate by itself. */
const unsigned int RUST_CONST_HELPER_LOOKUP_RCU = LOOKUP_RCU;
