// SPDX-License-Identifier: GPL-2.0
/* Inline functions that the vfs crate calls. */

#include <linux/fs.h>

bool rust_helper_dir_emit_dots(struct file *file, struct dir_context *ctx)
{
	return dir_emit_dots(file, ctx);
}
