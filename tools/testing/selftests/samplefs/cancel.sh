#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A request for a lock that lockd takes back sets no lock.

# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

cancelled()
{
	module_load cancel_lock path="$mnt/file" && module_unload cancel_lock && return
	echo "# $MODULE_REASON"
	return 1
}

begin
fs_mount size=1m && : > "$mnt/file" || exit "$KSFT_FAIL"
ktap_set_plan 1
test_result cancelled cancelled
ktap_finished
