#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A reset forgets what was counted and found, and nothing else.

# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

forgets()
{
	workload "$mnt" && echo "unlink-victim $mnt" > "$run" || return 1
	[ "$(hits mkdir)" -gt 0 ] && [ "$(violations)" -eq 1 ] || return 1
	echo 1 > "$locktrack/reset" || return 1
	[ "$(violations)" -eq 0 ] && [ "$(hits mkdir)" -eq 0 ] && [ "$(hits rename)" -eq 0 ]
}

stays_attached()
{
	attached "$fstype" && workload "$mnt" && [ "$(hits mkdir)" -gt 0 ]
}

finds_again()
{
	echo "unlink-victim $mnt" > "$run" && [ "$(violations)" -eq 1 ]
}

under_load()
{
	load_start "$mnt"
	for _ in 1 2 3 4 5; do
		echo 1 > "$locktrack/reset" || return 1
	done
	load_stop
}

begin
need_break
fs_mount && echo "$fstype" > "$locktrack/attach" || exit "$KSFT_FAIL"
ktap_set_plan 4
test_result forgets forgets
test_result stays_attached stays_attached
test_result finds_again finds_again
test_result under_load under_load
ktap_finished
