#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# locktrack and its own files: with probes on the callbacks of debugfs and tracefs, reading its
# reports ends and is counted as any other call, and shows no address. unprivileged.sh is about who may read them.

# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

tracing=/sys/kernel/tracing

# calls FS CALLBACK: how often rules of this callback were looked at there.
calls()
{
	awk -F '\t' -v fs="$1" -v op="$2" '$2 == op && $13 == fs && $6 > n { n = $6 }
		END { print n + 0 }' "$locktrack/coverage"
}

# One open of a file is one call, and reading the report of it does not make more and more.
reads_are_counted_once()
{
	for file in coverage observed violations stats rules attach exceptions; do
		cat "$locktrack/$file" > /dev/null || return 1
	done
	eventually debugfs_is_probed || { cat "$locktrack/attach"; return 1; }
	echo 1 > "$locktrack/reset"
	for _ in 1 2 3 4 5; do
		cat "$locktrack/violations" > /dev/null || return 1
	done
	# It is itself another one.
	opened=$(calls debugfs file_operations.open)
	echo "$opened calls of open"
	[ "$opened" -ge 5 ] && [ "$opened" -le 14 ]
}

debugfs_is_probed()
{
	grep -q '^probe	debugfs	file_operations.open	' "$locktrack/attach" &&
		grep -q '^probe	debugfs	file_operations.release	' "$locktrack/attach"
}

# All at once: reports, tracefs, and changes of what is attached.
under_load()
{
	{
		for _ in 1 2 3 4 5; do
			cat "$locktrack"/[acorsv]* "$tracing/trace" "$tracing/available_events"
		done > /dev/null 2>&1
	} &
	for _ in 1 2 3 4 5; do
		echo -tracefs > "$locktrack/attach" && echo tracefs > "$locktrack/attach" &&
			echo 1 > "$locktrack/reset" || return 1
	done
	wait
	cat "$tracing/trace" > /dev/null
	[ "$(calls tracefs file_operations.open)" -gt 0 ] && [ "$(stat_of enabled)" -eq 1 ]
}

# The violations that locktrack itself reports go through tracefs meanwhile.
traces_itself()
{
	echo 1 > "$tracing/events/locktrack/violation/enable" || return 1
	result=0
	echo "unlink-victim $mnt" > "$run" || result=1
	echo 0 > "$tracing/events/locktrack/violation/enable"
	[ "$result" -eq 0 ] && grep -q ' violation: ' "$tracing/trace"
}

# Not even root's: names with offsets, and nothing else.
no_address()
{
	echo "unlink-victim $mnt" > "$run" || return 1
	grep -q '^stack' "$locktrack/violations" || return 1
	for file in attach coverage edition enable exceptions observed rules stats violations; do
		cat "$locktrack/$file"
	done > "$texts"
	grep ' violation: ' "$tracing/trace" >> "$texts"
	dmesg | grep locktrack: >> "$texts"
	! grep -iE '(^|[^0-9a-f])(0x)?ffff[89a-f][0-9a-f]{11}' "$texts"
}

begin
quick_probes
need_break
mountpoint -q "$tracing" || mount -t tracefs tracefs "$tracing" || skip_all "no tracefs"
fs_mount && echo "$fstype" > "$locktrack/attach" && echo debugfs > "$locktrack/attach" &&
	echo tracefs > "$locktrack/attach" || exit "$KSFT_FAIL"
learn
texts=$(mktemp)
ktap_set_plan 4
test_result reads_are_counted_once reads_are_counted_once
test_result under_load under_load
test_result traces_itself traces_itself
test_result no_address no_address
rm "$texts"
ktap_finished
