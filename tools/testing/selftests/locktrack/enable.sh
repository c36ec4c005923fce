#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Turning the checks off and on.

# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

enabled()
{
	[ "$(sed -n 2p "$locktrack/enable")" = "$1" ]
}

on_at_first()
{
	enabled 1
}

off_counts_nothing()
{
	echo 0 > "$locktrack/enable" && enabled 0 || return 1
	echo 1 > "$locktrack/reset"
	workload "$mnt" && [ "$(hits mkdir)" -eq 0 ] && [ "$(stat_of checked)" -eq 0 ]
}

reset_keeps_off()
{
	echo 1 > "$locktrack/reset" && enabled 0
}

on_again()
{
	echo 1 > "$locktrack/enable" && enabled 1 || return 1
	workload "$mnt" && [ "$(hits mkdir)" -gt 0 ]
}

begin
fs_mount && echo "$fstype" > "$locktrack/attach" || exit "$KSFT_FAIL"
ktap_set_plan 4
test_result on_at_first on_at_first
test_result off_counts_nothing off_counts_nothing
test_result reset_keeps_off reset_keeps_off
test_result on_again on_again
ktap_finished
