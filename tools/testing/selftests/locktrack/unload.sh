#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The module can go at any time, also while its probes fire; an open file keeps it.

# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

loads()
{
	for i in 1 2; do
		mkdir -p "$mnt/l$i" && load_start "$mnt/l$i"
	done
}

under_load()
{
	loads
	result=0
	for _ in 1 2 3 4 5; do
		sleep 0.3
		if [ "$(stat_of checked)" -eq 0 ]; then
			echo "no probe fired"
			result=1
		fi
		if ! module_unload locktrack || ! module_load locktrack ||
		   ! echo "$fstype" > "$locktrack/attach"; then
			echo "$MODULE_REASON"
			result=1
			break
		fi
	done
	load_stop
	return $result
}

detach_under_load()
{
	loads
	result=0
	for _ in 1 2 3 4 5; do
		echo "-$fstype" > "$locktrack/attach" && echo "$fstype" > "$locktrack/attach" ||
			result=1
	done
	load_stop
	return $result
}

open_file_keeps_it()
{
	exec 9< "$locktrack/coverage" || return 1
	if rmmod locktrack 2>/dev/null; then
		echo "rmmod succeeded"
		return 1
	fi
	head -n 1 <&9 | grep -q coverage || return 1
	exec 9<&-
	module_unload locktrack && module_load locktrack
}

# What is probed, by whomever. Of probes whose module is gone, no name is left to look for.
probed_functions()
{
	cat /sys/kernel/debug/kprobes/list
	# Function, and by how many.
	awk '{ print $1, $2 }' $tracing/enabled_functions
}

mounted()
{
	mountpoint -q "$2" || mount -t "$1" "$1" "$2"
}

nothing_left()
{
	module_unload locktrack && [ ! -e "$locktrack" ] || return 1
	now=$(probed_functions)
	[ "$now" = "$probed_before" ] || {
		echo "before: $probed_before"
		echo "now: $now"
		return 1
	}
	module_load locktrack
}

tracing=/sys/kernel/tracing
if [ "$(id -u)" -eq 0 ] && mounted debugfs /sys/kernel/debug && mounted tracefs $tracing; then
	probed_before=$(probed_functions)
fi
begin
quick_probes
case " $MODULES_LOADED " in
*" locktrack "*) ;;
*) skip_all "locktrack was loaded before the test, which must not unload it" ;;
esac
fs_mount && echo "$fstype" > "$locktrack/attach" || exit "$KSFT_FAIL"
ktap_set_plan 4
test_result under_load under_load
test_result detach_under_load detach_under_load
test_result open_file_keeps_it open_file_keeps_it
test_result nothing_left nothing_left
ktap_finished
