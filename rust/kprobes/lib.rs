// SPDX-License-Identifier: GPL-2.0

//! kprobes.

#[allow(dead_code)]
const __LOG_PREFIX: &[u8] = b"kprobes\0";
