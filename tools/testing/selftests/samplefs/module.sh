#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Loading and unloading samplefs, which is not possible while it is in use.

# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

registered()
{
	grep -qw samplefs /proc/filesystems
}

load_cycles()
{
	for _ in 1 2 3 4 5 6 7 8; do
		module_unload samplefs || return 1
		! registered || return 1
		fs_load || return 1
		registered || return 1
	done
}

used_load_cycles()
{
	for round in 1 2 3 4; do
		fs_mount defaults || return 1
		mkdir "$mnt/d" && echo "$round" > "$mnt/d/file" && ln "$mnt/d/file" "$mnt/link" &&
			ln -s d/file "$mnt/symlink" && mkfifo "$mnt/fifo" || return 1
		umount "$mnt" || return 1
		module_unload samplefs || return 1
		fs_load || return 1
	done
}

busy_while_mounted()
{
	fs_mount defaults || return 1
	if rmmod samplefs 2>/dev/null; then
		echo "rmmod succeeded"
		return 1
	fi
	echo data > "$mnt/file" && [ "$(cat "$mnt/file")" = data ] || return 1
	umount "$mnt" || return 1
	module_unload samplefs && fs_load
}

busy_while_open()
{
	fs_mount defaults && exec 9> "$mnt/file" || return 1
	umount -l "$mnt" || return 1
	if rmmod samplefs 2>/dev/null; then
		echo "rmmod succeeded"
		return 1
	fi
	echo data >&9 || return 1
	exec 9>&-
	module_unload samplefs && fs_load
}

# What is left of locks, leases and requests must not be called into any more.
after_locks()
{
	for round in 1 2 3; do
		fs_mount defaults || return 1
		: > "$mnt/file" || return 1
		exec 8< "$mnt/file" || return 1
		exec 9>> "$mnt/file" || return 1
		flock -s 8 && flock -s 9 || return 1
		if flock -n -x 9; then
			echo "two exclusive locks in round $round"
			return 1
		fi
		fallocate -l 100000 "$mnt/file" || return 1
		exec 8<&- 9>&-
		umount "$mnt" && module_unload samplefs && fs_load || return 1
	done
}

begin
if [ "$fstype" != samplefs ]; then
	skip_all "this is about the module samplefs, not about $fstype"
fi
if [ -z "$MODULES_LOADED" ]; then
	skip_all "samplefs was loaded before the test, which must not unload it"
fi

ktap_set_plan 5
test_result load_cycles load_cycles
test_result used_load_cycles used_load_cycles
test_result busy_while_mounted busy_while_mounted
test_result busy_while_open busy_while_open
test_result after_locks after_locks
ktap_finished
