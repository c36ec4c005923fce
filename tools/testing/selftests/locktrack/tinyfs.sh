#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The filesystem of Documentation/first_filesystem.rst works, and under locktrack the kernel
# keeps the rules with it.

# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

names()
{
	# shellcheck disable=SC2012	# It is ls that is tested.
	[ "$(ls -a "$mnt" | tr '\n' ' ')" = ". .. hello sub " ] || return 1
	# shellcheck disable=SC2012
	[ "$(ls -a "$mnt/sub" | tr '\n' ' ')" = ". .. source " ] || return 1
	[ -f "$mnt/hello" ] && [ -d "$mnt/sub" ] && [ -f "$mnt/sub/source" ] || return 1
	[ ! -e "$mnt/other" ] && [ ! -e "$mnt/source" ] && [ ! -e "$mnt/sub/hello" ]
}

contents()
{
	[ "$(cat "$mnt/hello")" = "Hello, world!" ] || return 1
	# Longer than a page; its last lines are there.
	[ "$(wc -c < "$mnt/sub/source")" -eq "$(stat -c %s "$mnt/sub/source")" ] || return 1
	[ "$(head -n 1 "$mnt/sub/source")" = "// SPDX-License-Identifier: GPL-2.0" ] || return 1
	[ "$(tail -n 1 "$mnt/sub/source")" = "}" ] || return 1
	[ "$(tail -c +8 "$mnt/hello")" = "world!" ] || return 1
	# A directory is not read like a file, and the empty rest of a file is empty.
	[ "$(tail -c +100 "$mnt/hello" | wc -c)" -eq 0 ] && ! cat "$mnt" 2> /dev/null
}

attributes()
{
	[ "$(stat -c '%F %a %u %g %i %h' "$mnt")" = "directory 555 0 0 1 2" ] || return 1
	[ "$(stat -c '%F %a %u %g %i %h %s' "$mnt/hello")" = "regular file 444 0 0 2 1 14" ] ||
		return 1
	[ "$(stat -c '%F %a %i' "$mnt/sub")" = "directory 555 3" ] || return 1
	[ "$(stat -c %i "$mnt/sub/..")" = 1 ] || return 1
	[ "$(stat -c '%i %s' "$mnt/sub/source")" = "4 $(wc -c < "$mnt/sub/source")" ] || return 1
	[ "$(stat -f -c %t "$mnt")" = 74696e79 ]
}

# What the cache has dropped is found again, with the number that it had.
dropped_cache()
{
	echo 3 > /proc/sys/vm/drop_caches
	attributes && contents
}

# refused COMMAND...: fails with EROFS.
refused()
{
	if refused_output=$("$@" 2>&1); then
		echo "$* worked"
		return 1
	fi
	case $refused_output in
	*"Read-only file system"*)
		;;
	*)
		echo "$refused_output"
		return 1
		;;
	esac
}

read_only()
{
	refused touch "$mnt/new" && refused mkdir "$mnt/new" && refused rm -f "$mnt/hello" &&
		refused ln "$mnt/hello" "$mnt/new" && refused mv "$mnt/hello" "$mnt/new" &&
		refused chmod 600 "$mnt/hello" && refused truncate -s 0 "$mnt/hello" || return 1
	# Also if somebody wants to change that.
	mount -o remount,rw "$mnt" 2> /dev/null
	refused touch "$mnt/new" && refused rm -f "$mnt/hello"
}

no_options()
{
	! mount -t tinyfs -o size=1m tinyfs /mnt 2> /dev/null
}

many_readers()
{
	for _ in 1 2 3 4; do
		for _ in 1 2 3 4 5 6 7 8; do
			[ "$(cat "$mnt/hello")" = "Hello, world!" ] && ls "$mnt/sub" > /dev/null || exit 1
			# Who looks it up meanwhile waits for the inode, or for the other.
			echo 2 > /proc/sys/vm/drop_caches
		done &
	done
	wait
}

no_violations()
{
	[ "$(hits lookup)" -gt 0 ] || return 1
	if [ "$(violations)" -ne 0 ]; then
		cat "$locktrack/violations"
		return 1
	fi
}

unload()
{
	! rmmod tinyfs 2> /dev/null || return 1
	umount "$mnt" && echo "-tinyfs" > "$locktrack/attach" && module_unload tinyfs || return 1
	! grep -qw tinyfs /proc/filesystems && module_load tinyfs
}

fstype=tinyfs
begin
need_module tinyfs
fs_mount && echo tinyfs > "$locktrack/attach" || exit "$KSFT_FAIL"
ktap_set_plan 9
test_result names names
test_result contents contents
test_result attributes attributes
test_result dropped_cache dropped_cache
test_result read_only read_only
test_result no_options no_options
test_result many_readers many_readers
test_result no_violations no_violations
case $MODULES_LOADED in
*tinyfs*)
	test_result unload unload
	;;
*)
	test_skip unload "tinyfs was loaded before"
	;;
esac
ktap_finished
