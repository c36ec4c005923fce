/* SPDX-License-Identifier: GPL-2.0 */
/* The C headers of what bindgen_parameters names. */

#include <linux/kprobes.h>
#include <linux/filelock.h>
#include <linux/fs_context.h>
#include <linux/fs_parser.h>
#include <linux/statfs.h>
