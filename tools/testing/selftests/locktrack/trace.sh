#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The tracepoint locktrack:violation, by tracefs, perf and trace-cmd.

# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

break_rule()
{
	echo "$1 $mnt" > "$run"
}

# Each violation hits it, also the second one of a record, and each field is right.
fields()
{
	echo 1 > "$locktrack/reset"
	: > "$tracing/trace"
	echo 1 > "$event/enable"
	break_rule unlink-victim && break_rule unlink-victim
	echo 0 > "$event/enable"
	lines=$(grep ' violation: ' "$tracing/trace")
	if [ "$(echo "$lines" | wc -l)" -ne 2 ]; then
		cat "$tracing/trace"
		return 1
	fi
	rule=$(awk -F '\t' '$2 == "inode_operations.unlink" && $3 == "victim" { print $1; exit }' \
		"$locktrack/coverage")
	for field in "rule=$rule" callback=inode_operations.unlink object=victim lock=i_rwsem \
		requires=exclusive found=not-held "fs=$fstype" "dev=$(mountpoint -d "$mnt")" \
		'caller=call_unlink+' "comm=$(cat /proc/$$/comm)" pid= excepted=0; do
		case $lines in
		*" $field"*"
"*" $field"*) ;;
		*)
			echo "$field is not in: $lines"
			return 1
			;;
		esac
	done
}

filter()
{
	: > "$tracing/trace"
	echo 'callback == "inode_operations.rmdir" && excepted == 0' > "$event/filter" || return 1
	echo 1 > "$event/enable"
	break_rule unlink-victim && break_rule rmdir-victim
	echo 0 > "$event/enable"
	echo 0 > "$event/filter"
	[ "$(grep -c ' violation: .*callback=inode_operations.rmdir ' "$tracing/trace")" -eq 1 ] &&
		! grep 'callback=inode_operations.unlink' "$tracing/trace"
}

off_by_default()
{
	: > "$tracing/trace"
	break_rule unlink-victim
	! grep ' violation: ' "$tracing/trace"
}

perf_counts()
{
	count=$("$tests/perf_count" "$(cat "$event/id")" sh -c "
		echo 'unlink-victim $mnt' > $run && echo 'unlink-victim $mnt' > $run") || return 1
	echo "$count hits"
	[ "$count" -eq 2 ]
}

perf_tool()
{
	data=$(mktemp)
	perf record -q -o "$data" -e locktrack:violation -- sh -c "echo 'unlink-victim $mnt' > $run" &&
		perf script -i "$data" | grep 'locktrack:violation.*callback=inode_operations.unlink'
	result=$?
	rm "$data"
	return $result
}

trace_cmd_tool()
{
	data=$(mktemp)
	trace-cmd record -q -o "$data" -e locktrack:violation sh -c "echo 'unlink-victim $mnt' > $run" &&
		trace-cmd report -i "$data" | grep 'violation:.*callback=inode_operations.unlink'
	result=$?
	rm "$data"
	return $result
}

begin
need_break
tracing=/sys/kernel/tracing
event=$tracing/events/locktrack/violation
[ -d "$tracing/events" ] || mount -t tracefs tracefs "$tracing" || skip_all "no tracefs"
fs_mount && echo "$fstype" > "$locktrack/attach" || exit "$KSFT_FAIL"
learn
ktap_set_plan 6
test_result fields fields
test_result filter filter
test_result off_by_default off_by_default
test_result perf_counts perf_counts
for tool in perf trace-cmd; do
	name=$(echo "${tool}_tool" | tr - _)
	if command -v "$tool" > /dev/null; then
		test_result "$name" "$name"
	else
		test_skip "$name" "there is no $tool"
	fi
done
ktap_finished
