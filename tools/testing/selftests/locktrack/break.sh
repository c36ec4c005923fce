#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Breaks each rule by itself: locktrack has to show exactly that violation.

# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

# caught CASE CALLBACK OBJECT: one record, and all of it is right. Prints which rule was broken, as
# tested_rules does. One program for all of it: starting a program is slow where the tests run under emulation.
caught()
{
	case $1 in
	*-shared) found="shared someone-shared" ;;
	*) found="not-held" ;;
	esac
	case $1 in
	rename-moved-dir*) condition="is_dir(source) && old_dir != new_dir" ;;
	*) condition= ;;
	esac
	awk -F '\t' -v callback="inode_operations.$2" -v op="$2" -v object="$3" \
		-v fs="$fstype" -v device="$device" -v task="$task" -v found="$found" \
		-v condition="$condition" '
		function want(what, is, wanted) {
			if (is != wanted) {
				print what ": " is ", not " wanted
				bad = 1
			}
		}
		FNR == NR {
			if (!/^#/ && NF > 6)
				rule[$1] = $2 FS $3 FS $4 FS $5 FS $6 FS $7
			next
		}
		$1 == "violation" { all++ }
		$1 == "rule" { mine = $3 == callback; records += mine }
		$1 == "rule" && mine && $2 in rule { broken[$2] }
		!mine || records > 1 { next }
		$1 == "rule" {
			want("object", $4, object)
			if (condition != "")
				want("condition", $7, condition)
		}
		$1 == "when" { want("when", $2, "entry") }
		$1 == "source" && $2 !~ "^Documentation/filesystems/.*" op {
			want("source", $2, "about " op)
		}
		$1 == "fs" { want("filesystem", $2, fs); want("device", $3, device) }
		$1 == "found" && index(" " found " ", " " $2 " ") == 0 { want("found", $2, found) }
		$1 == "count" { want("count", $2, 1) }
		$1 == "task" { want("task", $2, task) }
		$1 == "via" { want("via", $2, "table") }
		$1 == "caller" {
			caller = $2
			if (caller !~ /^.+\+0x.* \[locktrack_break\]$/)
				want("caller", caller, "in locktrack_break")
		}
		$1 == "stack" && !stack++ { want("innermost frame", $2, caller) }
		$1 == "stack" && $2 ~ /^run_set\+/ { outer = 1 }
		END {
			want("records", records, 1)
			want("whole stack", outer, 1)
			# The callbacks of samplefs do not call each other; shmem_mkdir() does.
			if (fs == "samplefs")
				want("all records", all, 1)
			for (id in broken)
				print "rule" FS "broken" FS rule[id]
			want("rules", length(broken), 1)
			exit bad
		}' "$locktrack/rules" "$locktrack/violations"
}

one_case()
{
	echo 1 > "$locktrack/reset"
	echo "$1 $mnt" > "$run" || return 1
	caught "$@" || { cat "$locktrack/violations"; return 1; }
	# A glob, which is cheaper than ls.
	for left in "$mnt"/*; do
		if [ -e "$left" ]; then
			echo "left behind: $left"
			return 1
		fi
	done
}

# A rule that one case breaks is kept in others.
kept_in_others()
{
	echo 1 > "$locktrack/reset"
	while read -r name op object; do
		case $probes in
		*" inode_operations.$op "*) echo "$name $mnt" > "$run" || return 1 ;;
		esac
	done < "$cases"
	tested_rules
}

same_is_one_record()
{
	echo 1 > "$locktrack/reset"
	echo "unlink-victim $mnt" > "$run" && echo "unlink-victim $mnt" > "$run" || return 1
	awk -F '\t' '$1 == "violation" { records++ } { value[$1] = $2 }
		END { print records " records, count " value["count"]
			exit !(records == 1 && value["count"] == 2 && value["last"] > value["first"]) }' \
		"$locktrack/violations"
}

caller_outlives_its_module()
{
	module_unload locktrack_break || return 1
	grep "^caller.*+0x.*\[locktrack_break\]$" "$locktrack/violations"
	result=$?
	# This is a subshell: the end of the test expects it to be loaded.
	module_load locktrack_break && return $result
}

begin
need_break
fs_mount && echo "$fstype" > "$locktrack/attach" || exit "$KSFT_FAIL"
device=$(mountpoint -d "$mnt")
read -r task < /proc/$$/comm

# The first time, tables are new to locktrack: the cases come after that.
learn

cases=$(mktemp)
cat "$run" > "$cases"
probes=$(awk -F '\t' '$1 == "probe" { printf " %s ", $3 }' "$locktrack/attach")
ktap_set_plan $(($(wc -l < "$cases") + 3))
while read -r name op object; do
	case $probes in
	*" inode_operations.$op "*) test_result "$name" one_case "$name" "$op" "$object" ;;
	*) test_skip "$name" "$fstype has no $op" ;;
	esac
done < "$cases"
test_result kept_in_others kept_in_others
rm "$cases"
test_result same_is_one_record same_is_one_record
case " $MODULES_LOADED " in
*" locktrack_break "*) test_result caller_outlives_its_module caller_outlives_its_module ;;
*) test_skip caller_outlives_its_module "locktrack_break was loaded before the test" ;;
esac
ktap_finished
