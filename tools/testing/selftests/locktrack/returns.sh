#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Callbacks that return with the wrong lock or sleep where they must not, and calls that come
# where a callback must not sleep: locktrack has to show exactly that violation.

# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

fstype=locktrack_return
parameters=/sys/module/locktrack_return/parameters
run=$parameters/run

# caught CASE CALLBACK OBJECT LOCK: one record of this rule, at the end of the call or about sleeping,
# and nothing else of that kind. Prints which rules were broken, as tested_rules does. One program for all of
# it: starting a program is slow where the tests run under emulation.
caught()
{
	case $1 in
	read_folio | write_end) found=exclusive ;;
	kill_sb) found=exclusive ;;
	getattr-*) found=atomic ;;
	*) [ "$4" = sleep ] && found=slept || found=not-held ;;
	esac
	case $4 in
	sleep) when=entry ;;
	*) when='return' ;;
	esac
	awk -F '\t' -v callback="$2" -v object="$3" -v lock="$4" -v fs="$fstype" -v when="$when" \
		-v found="$found" -v task="$task" '
		function want(what, is, wanted) {
			if (is != wanted) {
				print what ": " is ", not " wanted
				bad = 1
			}
		}
		FNR == NR {
			if (!/^#/ && NF > 6)
				rule[$1] = $2 FS $3 FS $4 FS $5 FS $6 FS $7
			if ($6 == "return" || $4 == "sleep")
				mine[$1]
			next
		}
		$1 == "rule" && $2 in rule { broken[$2] }
		$1 == "rule" { counts = $2 in mine; records += counts }
		!counts || records > 1 { next }
		$1 == "rule" {
			want("callback", $3, callback); want("object", $4, object); want("lock", $5, lock)
		}
		$1 == "when" { want("when", $2, when); said = 1 }
		$1 == "fs" { want("filesystem", $2, fs) }
		$1 == "found" { want("found", $2, found) }
		$1 == "count" { want("count", $2, 1) }
		$1 == "task" { want("task", $2, task) }
		$1 == "caller" && $2 !~ /^.+\+0x.* \[locktrack_return\]$/ {
			want("caller", $2, "in locktrack_return")
		}
		$1 == "stack" && $2 ~ /^msleep\+/ { slept = 1 }
		$1 == "stack" && $2 ~ /^run_set\+/ { outer = 1 }
		END {
			want("records", records + 0, 1)
			want("line with when", said + 0, 1)
			want("whole stack", outer + 0, 1)
			want("stack of the sleep", slept + 0, found == "slept")
			for (id in broken)
				print "rule" FS "broken" FS rule[id]
			exit bad
		}' "$locktrack/rules" "$locktrack/violations"
}

one_case()
{
	case $1 in
	# The mount and the unmount of `kept` keep these.
	kill_sb | free_inode) ;;
	*) keeps "$@" || return 1 ;;
	esac
	echo 1 > "$locktrack/reset"
	echo "$1 $mnt" > "$run" || return 1
	caught "$@" || { cat "$locktrack/violations"; return 1; }
}

# A function that is two callbacks: a call breaks, or keeps, the rules of both.
two_callbacks()
{
	keeps "$@" && kept_rule address_space_operations.is_partially_uptodate folio PG_locked || return 1
	echo 1 > "$locktrack/reset"
	echo "$1 $mnt" > "$run" || return 1
	awk -F '\t' 'FNR == NR { if ($6 == "return") mine[$1]; next }
		$1 == "rule" { counts = $2 in mine }
		counts && $1 == "rule" { print; broken[$3] }
		counts && $1 == "found" && $2 == "not-held" { found++ }
		END { exit !(length(broken) == 2 && found == 2 &&
			"address_space_operations.launder_folio" in broken &&
			"address_space_operations.is_partially_uptodate" in broken) }' \
		"$locktrack/rules" "$locktrack/violations"
}

# A call in a call: the inner one sleeps, and so does the outer one.
nested()
{
	keeps "$@" || return 1
	echo 1 > "$locktrack/reset"
	echo "$1 $mnt" > "$run" || return 1
	awk -F '\t' 'FNR == NR { if ($4 == "sleep") mine[$1]; next }
		$1 == "rule" { counts = $2 in mine }
		counts && $1 == "rule" { print; broken[$3] }
		counts && $1 == "found" && $2 == "slept" { found++ }
		counts && $1 == "count" && $2 == 1 { once++ }
		END { exit !(length(broken) == 2 && found == 2 && once == 2 &&
			"dentry_operations.d_delete" in broken && "dentry_operations.d_prune" in broken) }' \
		"$locktrack/rules" "$locktrack/violations"
}

# With somebody else for each CPU, who preempts.
busy()
{
	busy=
	for _ in 1 2; do
		while :; do :; done &
		busy="$busy $!"
	done
	"$@"
	result=$?
	# shellcheck disable=SC2086	# Each is a word.
	kill $busy
	return $result
}

# keeps CASE CALLBACK OBJECT LOCK: the same call, with the rule kept.
keeps()
{
	echo 1 > "$locktrack/reset"
	echo "keep-$1 $mnt" > "$run" || return 1
	kept_and_tested "$2" "$3" "$4" && return
	cat "$locktrack/violations"
	return 1
}

# kept_and_tested CALLBACK OBJECT LOCK: kept_rule, no_violation_of_mine and tested_rules by one program.
kept_and_tested()
{
	awk -F '\t' -v callback="$1" -v object="$2" -v lock="$3" '
		FNR == 1 { file++ }
		/^#/ { next }
		file == 1 {
			if (NF > 6)
				rule[$1] = $2 FS $3 FS $4 FS $5 FS $6 FS $7
			if ($6 == "return" || $4 == "sleep")
				mine[$1]
		}
		file == 2 && NF > 6 && $7 + $8 > 0 && $1 in rule { kept[$1] }
		file == 2 && $1 in mine && $2 == callback && $3 == object && $4 == lock && $6 > 0 &&
			$6 == $7 + $8 { found = 1 }
		file == 3 && $1 == "rule" && $2 in rule { broken[$2] }
		file == 3 && $1 == "rule" && $2 in mine { print "broken: " $0; bad = 1 }
		END {
			if (!found)
				print "not kept: " callback " " object " " lock
			for (id in kept)
				print "rule" FS "kept" FS rule[id]
			for (id in broken)
				print "rule" FS "broken" FS rule[id]
			exit bad || !found
		}' "$locktrack/rules" "$locktrack/coverage" "$locktrack/violations"
}

# kept_rule CALLBACK OBJECT LOCK: it was looked at and kept.
kept_rule()
{
	if ! awk -F '\t' -v callback="$1" -v object="$2" -v lock="$3" '
		FNR == NR { if ($6 == "return" || $4 == "sleep") mine[$1]; next }
		$1 in mine && $2 == callback && $3 == object && $4 == lock && $6 > 0 &&
			$6 == $7 + $8 { found = 1 }
		END { exit !found }' "$locktrack/rules" "$locktrack/coverage"; then
		echo "not kept: $*"
		return 1
	fi
}

no_violation_of_mine()
{
	if ! awk -F '\t' 'FNR == NR { if ($6 == "return" || $4 == "sleep") mine[$1]; next }
		$1 == "rule" && $2 in mine { found = 1 } END { exit found }' \
		"$locktrack/rules" "$locktrack/violations"; then
		cat "$locktrack/violations"
		return 1
	fi
}

# The callback was called, and its rules were looked at and kept.
breaks_nothing()
{
	echo 1 > "$locktrack/reset"
	echo "$1 $mnt" > "$run" || return 1
	no_violation_of_mine
}

# The callbacks as they should be. Those that nobody calls in this way are left out.
kept()
{
	echo 1 > "$locktrack/reset"
	cat "$mnt/file" > /dev/null && echo data > "$mnt/file" && : > "$mnt/file" &&
		stat "$mnt/file" > /dev/null && echo "mmap $mnt" > "$run" &&
		umount "$mnt" && fs_mount && stat "$mnt/file" > /dev/null || return 1
	result=0
	no_violation_of_mine || result=1
	while read -r callback object lock; do
		kept_rule "$callback" "$object" "$lock" || result=1
	done <<-RULES
		address_space_operations.read_folio folio PG_locked
		address_space_operations.write_begin folio PG_locked
		address_space_operations.write_end folio PG_locked
		address_space_operations.dirty_folio - sleep
		file_system_type.kill_sb sb s_umount
		file_system_type.get_tree sb s_umount
		dentry_operations.d_hash - sleep
		dentry_operations.d_compare - sleep
		super_operations.drop_inode - sleep
		super_operations.free_inode - sleep
		inode_operations.permission - sleep
	RULES
	tested_rules
	return $result
}

# The tables of a mapping show when there is one.
sees_mappings()
{
	echo "mmap $mnt" > "$run" && eventually probed return "$fstype" vm_operations_struct.fault
}

# probed KIND FS CALLBACK: KIND is that of the line, probe or return.
probed()
{
	awk -F '\t' -v kind="$1" -v name="$2" -v callback="$3" '
		$1 == kind && $2 == name && $3 == callback { found = 1 } END { exit !found }' \
		"$locktrack/attach"
}

break_rule()
{
	echo "$1 $mnt" > "$run"
}

# What the newest edition calls by other names or does not have.
older_edition()
{
	for keep in keep- ''; do
		echo 1 > "$locktrack/reset"
		while read -r name callback object lock; do
			case $keep$name in
			keep-*) echo "$keep$name $mnt" 2>/dev/null > "$run" ;;
			# Somebody has to be there who preempts.
			*preempted) busy break_rule "$name" ;;
			*) break_rule "$name" ;;
			esac || [ "$keep" ] || { echo "$name"; return 1; }
		done < "$cases"
		tested_rules
	done
}

# An interrupt can come inside a handler, and what it calls is missed. So it may take another time to see none.
lost_nothing()
{
	for _ in 1 2 3; do
		followed=$(stat_of followed)
		before=$(stat_of return-missed)
		cat "$mnt/file" > /dev/null && echo data > "$mnt/file" && stat "$mnt/file" > /dev/null || return 1
		after=$(stat_of return-missed)
		[ "$after" -ne "$before" ] || break
		echo "$after calls missed, $before before"
	done
	bad=$((after - before))
	[ "$(stat_of followed)" -gt "$followed" ] || bad=1
	for name in unwatched return-refused asleep; do
		[ "$(stat_of $name)" -eq 0 ] || bad=1
	done
	[ "$bad" -eq 0 ] || { cat "$locktrack/stats"; return 1; }
}

# answers CALLBACK ANSWER: how often that was the answer about sleeping, or "-" if nothing was asked.
answers()
{
	awk -F '\t' -v callback="$1" -v answer="$2" '
		FNR == NR { if ($2 == callback && $4 == "sleep") mine[$1]; next }
		/^# id/ { for (i = 1; i <= NF; i++) if ($i == answer) column = i }
		$1 in mine { asked = 1; count += $column }
		END { print asked && column ? count + 0 : "-" }' "$locktrack/rules" "$locktrack/observed"
}

# unseen CASE: nobody sees the task sleep, and it is not said that it does not.
unseen()
{
	echo 1 > "$locktrack/reset"
	echo "$1 $mnt" > "$run" || return 1
	[ "$(answers dentry_operations.d_delete unknown)" -gt 0 ] &&
		[ "$(answers dentry_operations.d_delete awake)" -eq 0 ] &&
		[ "$(answers dentry_operations.d_delete slept)" -eq 0 ] && no_violation_of_mine && return 0
	grep -F "dentry_operations.d_delete" "$locktrack/observed"
	cat "$locktrack/stats"
	return 1
}

# The kernel refuses the probe that sees tasks sleep, until the module that makes it do so goes.
without_switches()
{
	echo "-$fstype" > "$locktrack/attach"
	echo "$fstype" > "$locktrack/attach" || return 1
	refused=$(awk -F '\t' '$1 == "return-refused-by" { print $2 }' "$locktrack/stats")
	result=0
	[ "$refused" = sched_switch ] || { echo "refused: $refused"; result=1; }
	unseen keep-d_delete || result=1
	unseen d_delete || result=1
	return $result
}

sees_switches_again()
{
	echo "-$fstype" > "$locktrack/attach"
	echo "$fstype" > "$locktrack/attach" && ! grep -q '^return-refused-by' "$locktrack/stats" &&
		one_case d_delete dentry_operations.d_delete - sleep
}

asleep()
{
	[ "$(stat_of asleep)" -eq 1 ]
}

# A call that is asleep when its probe goes is forgotten: nobody sees its end.
detach_and_attach()
{
	result=0
	echo 3000 > $parameters/sleep_ms
	echo "d_delete $mnt" > "$run" &
	sleeper=$!
	eventually asleep && echo "-$fstype" > "$locktrack/attach" && kill -0 $sleeper || result=1
	for name in return-probes asleep; do
		[ "$(stat_of $name)" -eq 0 ] || { echo "$name: $(stat_of $name)"; result=1; }
	done
	wait $sleeper || result=1
	echo 1 > $parameters/sleep_ms
	echo "$fstype" > "$locktrack/attach" && one_case d_delete dentry_operations.d_delete - sleep || result=1
	return $result
}

# on NAME [OPTION...]: another filesystem keeps the rules, and they are looked at.
on()
{
	fs=$1
	shift
	other=$(mktemp -d) || return 1
	echo 1 > "$locktrack/reset"
	echo "$fs" > "$locktrack/attach" && on_workload "$fs" "$@"
	result=$?
	umount "$other" 2>/dev/null
	echo "-$fs" > "$locktrack/attach"
	rmdir "$other"
	return $result
}

on_workload()
{
	# The second time, all tables are known: a mapping's are only seen when there is one.
	for _ in 1 2; do
		mount -t "$@" "$other" && workload "$other" && cp "$(command -v sleep)" "$other/run" &&
			"$other/run" 0 && cat "$other/run" > /dev/null && rm "$other/run" &&
			eventually probed probe "$fs" vm_operations_struct.map_pages && umount "$other" || return 1
	done
	result=0
	no_violation_of_mine || result=1
	while read -r callback object lock; do
		kept_rule "$callback" "$object" "$lock" || result=1
	done <<-RULES
		file_system_type.kill_sb sb s_umount
		file_system_type.get_tree sb s_umount
		super_operations.drop_inode - sleep
		super_operations.free_inode - sleep
		vm_operations_struct.map_pages - sleep
		inode_operations.lookup - sleep
		inode_operations.rename - sleep
		inode_operations.setattr - sleep
	RULES
	# ext4 writes by its buffers, or by iomap.
	[ "$1" = ext4 ] && return $result
	kept_rule address_space_operations.dirty_folio - sleep || result=1
	kept_rule address_space_operations.write_begin folio PG_locked || result=1
	kept_rule address_space_operations.write_end folio PG_locked || result=1
	return $result
}

begin
need_module locktrack_return
fs_mount && echo "$fstype" > "$locktrack/attach" || exit "$KSFT_FAIL"
read -r task < /proc/$$/comm
cases=$(mktemp)
cat "$run" > "$cases"
ktap_set_plan $(($(wc -l < "$cases") + 10))
test_result sees_mappings sees_mappings
test_result kept kept
while read -r name callback object lock; do
	case $name-$callback in
	*-only_preempted-*) test_result "$name" busy breaks_nothing "$name" ;;
	*--) test_result "$name" breaks_nothing "$name" ;;
	*-preempted-*) test_result "$name" busy one_case "$name" "$callback" "$object" "$lock" ;;
	*-nested-*) test_result "$name" nested "$name" "$callback" "$object" "$lock" ;;
	shared-folio-*) test_result "$name" two_callbacks "$name" "$callback" "$object" "$lock" ;;
	*) test_result "$name" one_case "$name" "$callback" "$object" "$lock" ;;
	esac
done < "$cases"
test_result older_editions in_older_editions older_edition
rm "$cases"
settle
echo "$fstype" > "$locktrack/attach"
test_result lost_nothing lost_nothing
test_result detach_and_attach detach_and_attach
if module_load locktrack_refuse; then
	test_result without_switches without_switches
	module_unload locktrack_refuse
	test_result sees_switches_again sees_switches_again
else
	test_skip without_switches "$MODULE_REASON"
	test_skip sees_switches_again "$MODULE_REASON"
fi
umount "$mnt"
echo "-$fstype" > "$locktrack/attach"
if module_load samplefs; then
	test_result on_samplefs on samplefs none
else
	test_skip on_samplefs "$MODULE_REASON"
fi
test_result on_tmpfs on tmpfs none
test_ext4 on_ext4 on ext4 -o loop
ktap_finished
