// SPDX-License-Identifier: GPL-2.0

//! vfs.

#[allow(dead_code)]
const __LOG_PREFIX: &[u8] = b"vfs\0";
