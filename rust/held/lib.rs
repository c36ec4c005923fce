// SPDX-License-Identifier: GPL-2.0

//! held.

#[allow(dead_code)]
const __LOG_PREFIX: &[u8] = b"held\0";
