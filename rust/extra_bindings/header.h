/* SPDX-License-Identifier: GPL-2.0 */
/* The C headers of what bindgen_parameters names. */

#include <linux/kprobes.h>
#include <linux/exportfs.h>
#include <linux/falloc.h>
#include <linux/fiemap.h>
#include <linux/filelock.h>
#include <linux/fs_context.h>
#include <linux/fs_parser.h>
#include <linux/fserror.h>
#include <linux/namei.h>
#include <linux/posix_acl.h>
#include <linux/splice.h>
#include <linux/statfs.h>

#include "helpers/ftrace.h"
#include "helpers/locktrack.h"

/* It relies on <linux/fs.h>. */
#include <linux/fileattr.h>

/* Macros that bindgen cannot evaluate by itself. */
const unsigned int RUST_CONST_HELPER_NMI_OFFSET = NMI_OFFSET;
const unsigned int RUST_CONST_HELPER_SOFTIRQ_MASK = SOFTIRQ_MASK;
const unsigned int RUST_CONST_HELPER_HARDIRQ_OFFSET = HARDIRQ_OFFSET;
const unsigned long RUST_CONST_HELPER_THREAD_SIZE = THREAD_SIZE;
const unsigned int RUST_CONST_HELPER_LOOKUP_FOLLOW = LOOKUP_FOLLOW;
const unsigned int RUST_CONST_HELPER_LOOKUP_CREATE = LOOKUP_CREATE;
const unsigned int RUST_CONST_HELPER_LOOKUP_RCU = LOOKUP_RCU;
const unsigned int RUST_CONST_HELPER_LOOKUP_RENAME_TARGET = LOOKUP_RENAME_TARGET;
const unsigned int RUST_CONST_HELPER_SB_RDONLY = SB_RDONLY;
const unsigned int RUST_CONST_HELPER_IOCB_NOWAIT = (__force unsigned int)IOCB_NOWAIT;
