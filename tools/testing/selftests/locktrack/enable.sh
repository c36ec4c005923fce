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

# What appears while it is off, or is being reset, is checked when it is on.
off_finds_tables()
{
	umount "$mnt" && echo "-$fstype" > "$locktrack/attach" && echo "$fstype" > "$locktrack/attach" &&
		echo 0 > "$locktrack/enable" && fs_mount && eventually probed inode_operations.mkdir
	result=$?
	echo 1 > "$locktrack/enable"
	return $result
}

begin
fs_mount && echo "$fstype" > "$locktrack/attach" || exit "$KSFT_FAIL"
ktap_set_plan 5
test_result on_at_first on_at_first
test_result off_counts_nothing off_counts_nothing
test_result reset_keeps_off reset_keeps_off
test_result on_again on_again
test_result off_finds_tables off_finds_tables
ktap_finished
