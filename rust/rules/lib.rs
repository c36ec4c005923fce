// SPDX-License-Identifier: GPL-2.0

//! rules.

#[allow(dead_code)]
const __LOG_PREFIX: &[u8] = b"rules\0";
