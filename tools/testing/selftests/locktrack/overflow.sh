#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# More violations than there is room for: none is lost in silence.

# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

# The filesystem must not complain of missing locks itself.
fstype=tmpfs

flood()
{
	echo "$mnt" > "$run"
}

# values NAME: of the field NAME of all records.
values()
{
	awk -F '\t' -v name="$1" '$1 == name { print $2 }' "$locktrack/violations"
}

full()
{
	echo 1 > "$locktrack/reset"
	flood || return 1
	records=$(violations)
	lost=$(stat_of violations-lost)
	echo "$records records, $lost lost, of $callers"
	[ "$lost" -gt 0 ] && [ $((records + lost)) -eq "$callers" ] &&
		[ "$(values caller | sort -u | wc -l)" -eq "$records" ] &&
		[ "$(values count | sort -u)" = 1 ]
}

# What has a record is counted there; what has none is lost again.
full_again()
{
	flood || return 1
	[ "$(violations)" -eq "$records" ] && [ "$(values count | sort -u)" = 2 ] &&
		[ "$(stat_of violations-lost)" -eq $((2 * lost)) ]
}

counted()
{
	awk -F '\t' -v all=$((2 * callers)) '$2 == "inode_operations.setattr" && $9 == all { found = 1 }
		END { exit !found }' "$locktrack/coverage"
}

room_after_reset()
{
	echo 1 > "$locktrack/reset"
	[ "$(violations)" -eq 0 ] && [ "$(stat_of violations-lost)" -eq 0 ] || return 1
	flood && [ "$(violations)" -eq "$records" ]
}

begin
need_module locktrack_flood
run=/sys/module/locktrack_flood/parameters/run
callers=$(cat "$run")
fs_mount && echo "$fstype" > "$locktrack/attach" || exit "$KSFT_FAIL"
ktap_set_plan 4
# A result runs in a shell of its own: what the first found is asked once more.
test_result full full
records=$(violations)
lost=$(stat_of violations-lost)
test_result full_again full_again
test_result counted counted
test_result room_after_reset room_after_reset
ktap_finished
