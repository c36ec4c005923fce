#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The parameters of the module: attach at load, the edition at load, warn, and panic.

# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

parameters=/sys/module/locktrack/parameters

# again PARAMETER...: unloads locktrack and loads it with them.
again()
{
	module_unload locktrack && module_load locktrack "$@"
}

attach_at_load()
{
	again "attach=$fstype,proc" || { echo "$MODULE_REASON"; return 1; }
	attached && attached proc && [ "$(cat "$parameters/attach")" = "$fstype,proc" ] || return 1
	fs_mount && workload "$mnt" && [ "$(hits mkdir)" -gt 0 ]
	result=$?
	umount "$mnt"
	return $result
}

# All or nothing, and the log says which one.
attach_unknown()
{
	module_unload locktrack || return 1
	if module_load locktrack "attach=$fstype,nosuchfs"; then
		echo "it was loaded"
		return 1
	fi
	echo "$MODULE_REASON"
	dmesg | grep "attach: no filesystem 'nosuchfs'" || return 1
	[ ! -d /sys/module/locktrack ] && [ ! -d "$locktrack" ] && module_load locktrack
}

none()
{
	again attach= && ! grep -q '^fs' "$locktrack/attach"
}

# Its rules are checked from the first call on; it can be changed later.
edition_at_load()
{
	newest=$(active_edition)
	oldest=$(editions | head -n 1)
	[ "$newest" != "$oldest" ] || return 1
	again "attach=$fstype" "edition=$oldest" || { echo "$MODULE_REASON"; return 1; }
	[ "$(active_edition)" = "$oldest" ] && [ "$(cat "$parameters/edition")" = "$oldest" ] || return 1
	fs_mount && workload "$mnt"
	awk -F '\t' -v edition="$oldest" '
		/^locktrack / { split($0, header, " "); file = header[2] }
		file == "rules" && $8 ~ " " edition ", " { of_edition[$1] }
		file == "coverage" && /^[0-9]/ && $6 > 0 { hit += $1 in of_edition; other += !($1 in of_edition) }
		END { exit !(hit > 0 && other == 0) }' "$locktrack/rules" "$locktrack/coverage"
	result=$?
	umount "$mnt"
	echo "$newest" > "$locktrack/edition" && [ "$(active_edition)" = "$newest" ] && return $result
}

# The log says what there is.
edition_unknown()
{
	all=$(editions)
	module_unload locktrack || return 1
	if module_load locktrack edition=v9.9; then
		echo "it was loaded"
		return 1
	fi
	echo "$MODULE_REASON"
	dmesg > "$mnt.log"
	result=0
	for line in "there is no 'v9.9'; there is:" $all; do
		tail -n 20 "$mnt.log" | grep -q "locktrack: edition: *$line" || { echo "not in the log: $line"; result=1; }
	done
	rm "$mnt.log"
	[ ! -d /sys/module/locktrack ] && [ ! -d "$locktrack" ] && module_load locktrack && return $result
}

# warnings: how often it has warned.
warnings()
{
	dmesg | grep -c 'locktrack: inode_operations\.unlink of .* is called without victim->i_rwsem, which must be held exclusively, by call_unlink'
}

warn()
{
	[ "$(cat "$parameters/warn_on_violation")" = N ] || return 1
	fs_mount && echo "$fstype" > "$locktrack/attach" && workload "$mnt" || return 1
	before=$(warnings)
	echo "unlink-victim $mnt" > "$run"
	[ "$(warnings)" -eq "$before" ] || { echo "it warned unasked"; return 1; }
	echo 1 > "$locktrack/reset"
	echo Y > "$parameters/warn_on_violation" || return 1
	# Once for a record.
	echo "unlink-victim $mnt" > "$run" && echo "unlink-victim $mnt" > "$run" || return 1
	if [ "$(warnings)" -ne $((before + 1)) ]; then
		echo "$before warnings before, $(warnings) now"
		return 1
	fi
	# The stack is that of the caller.
	dmesg | grep -A 60 'locktrack: inode_operations\.unlink' | grep -q ' run_set+'
}

# Neither warns nor panics: it is known.
excepted()
{
	printf 'inode_operations.unlink\tvictim\ti_rwsem\texclusive\tcall_unlink\twhy\twhere\n' \
		> "$locktrack/exceptions" || return 1
	echo 1 > "$locktrack/reset"
	before=$(warnings)
	echo Y > "$parameters/panic_on_violation"
	echo "unlink-victim $mnt" > "$run"
	echo N > "$parameters/panic_on_violation"
	echo N > "$parameters/warn_on_violation"
	excepted=$(stat_of excepted)
	echo > "$locktrack/exceptions"
	[ "$(warnings)" -eq "$before" ] && [ "$excepted" -eq 1 ]
}

# In other words where a rule is about the return, or about sleeping.
words()
{
	module_load locktrack_return || { echo "$MODULE_REASON"; return 1; }
	said=/sys/module/locktrack_return/parameters/run
	echo 1 > "$locktrack/reset"
	mount -t locktrack_return none "$mnt" && echo locktrack_return > "$locktrack/attach" || return 1
	echo Y > "$parameters/warn_on_violation"
	result=0
	while read -r case words; do
		echo "$case $mnt" > $said
		if ! dmesg | grep "locktrack: [a-z_.]* of locktrack_return $words, by .*\[locktrack_return\]"; then
			echo "$case: no warning has: $words"
			result=1
		fi
	done <<-WORDS
		write_end returns with folio->PG_locked held (exclusive), which must not be held
		write_begin returns without folio->PG_locked, which must be held
		d_delete slept, and must not
		$(grep -o '^getattr-[a-z]*' $said | head -n 1) is called where it may not sleep
	WORDS
	echo N > "$parameters/warn_on_violation"
	umount "$mnt"
	echo -locktrack_return > "$locktrack/attach"
	return $result
}

modes()
{
	[ "$(stat -c %a "$parameters/attach")" = 400 ] &&
		[ "$(stat -c %a "$parameters/edition")" = 400 ] &&
		[ "$(stat -c %a "$parameters/warn_on_violation")" = 600 ] &&
		[ "$(stat -c %a "$parameters/panic_on_violation")" = 600 ]
}

# samplefs would warn of its own.
fstype=tmpfs
begin
case " $MODULES_LOADED " in
*" locktrack "*)
	;;
*)
	skip_all "locktrack was loaded before"
	;;
esac
need_break
# It warns on purpose here.
expect locktrack_violation
ktap_set_plan 9
test_result modes modes
test_result attach_at_load attach_at_load
test_result attach_unknown attach_unknown
test_result none none
test_result edition_at_load edition_at_load
test_result edition_unknown edition_unknown
test_result warn warn
test_result excepted excepted
test_result words words
ktap_finished
