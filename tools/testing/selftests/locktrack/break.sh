#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Breaks each rule by itself: locktrack has to show exactly that violation.

# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

# field NAME COLUMN: of the only record.
field()
{
	awk -F '\t' -v name="$1" -v column="$2" '$1 == name { print $column; exit }' \
		"$locktrack/violations"
}

wanted()
{
	if [ "$1" != "$2" ]; then
		echo "$3: $1, not $2"
		return 1
	fi
}

# records_of CALLBACK
records_of()
{
	grep -c "^rule	[0-9]*	inode_operations.$1	" "$locktrack/violations"
}

# caught CASE CALLBACK OBJECT: one record, and all of it is right.
caught()
{
	wanted "$(records_of "$2")" 1 "number of records" || return 1
	# The callbacks of samplefs do not call each other; shmem_mkdir() does.
	if [ "$fstype" = samplefs ]; then
		wanted "$(violations)" 1 "number of all records" || return 1
	fi
	wanted "$(field rule 3)" "inode_operations.$2" callback || return 1
	wanted "$(field rule 4)" "$3" object || return 1
	wanted "$(field fs 2)" "$fstype" filesystem || return 1
	wanted "$(field fs 3)" "$device" device || return 1
	wanted "$(field count 2)" 1 count || return 1
	wanted "$(field task 2)" "$shell" "name of the task" || return 1

	case $1 in
	*-shared) found="shared someone-shared" ;;
	*) found="not-held" ;;
	esac
	case " $found " in
	*" $(field found 2) "*) ;;
	*) echo "found: $(field found 2), not $found"; return 1 ;;
	esac
	case $(field source 2) in
	Documentation/filesystems/*"$2"*) ;;
	*) echo "source: $(field source 2)"; return 1 ;;
	esac
	case $(field caller 2) in
	*+0x*"[locktrack_break]") ;;
	*) echo "caller: $(field caller 2)"; return 1 ;;
	esac
	if [ "$(field stack 2)" != "$(field caller 2)" ] ||
	   ! grep -q '^stack.run_set+' "$locktrack/violations"; then
		echo "no stack from the caller outwards"
		return 1
	fi
	case $1 in
	rename-moved-dir*) condition="is_dir(source) && old_dir != new_dir" ;;
	*) return 0 ;;
	esac
	wanted "$(field rule 7)" "$condition" condition
}

one_case()
{
	echo 1 > "$locktrack/reset"
	echo "$1 $mnt" > "$run" || return 1
	eventually grep -q '^stack' "$locktrack/violations"
	caught "$@" || { cat "$locktrack/violations"; return 1; }
	if [ -n "$(ls -A "$mnt")" ]; then
		echo "left behind: $(ls -A "$mnt")"
		return 1
	fi
}

same_is_one_record()
{
	echo 1 > "$locktrack/reset"
	echo "unlink-victim $mnt" > "$run" && echo "unlink-victim $mnt" > "$run" || return 1
	wanted "$(violations)" 1 "number of records" &&
		wanted "$(field count 2)" 2 count &&
		awk -F '\t' '$1 == "first" { first = $2 } $1 == "last" { last = $2 }
			END { exit !(last > first) }' "$locktrack/violations"
}

caller_outlives_its_module()
{
	if [ "${MODULES_LOADED#*locktrack_break}" = "$MODULES_LOADED" ]; then
		echo "locktrack_break was loaded before the test"
		return 0
	fi
	eventually grep -q '^stack' "$locktrack/violations"
	module_unload locktrack_break || return 1
	case $(field caller 2) in
	*+0x*"[locktrack_break]") ;;
	*) echo "caller: $(field caller 2)"; return 1 ;;
	esac
}

begin
need_module locktrack_break
fs_mount && echo "$fstype" > "$locktrack/attach" || exit "$KSFT_FAIL"
device=$(mountpoint -d "$mnt")
shell=$(cat /proc/$$/comm)

# The first time, tables are new to locktrack: the cases come after that.
workload "$mnt"

cases=$(mktemp)
cat "$run" > "$cases"
ktap_set_plan $(($(wc -l < "$cases") + 2))
while read -r name op object; do
	if ! awk -F '\t' -v op="inode_operations.$op" '$1 == "probe" && $3 == op { found = 1 }
		END { exit !found }' "$locktrack/attach"; then
		test_skip "$name" "$fstype has no $op"
		continue
	fi
	test_result "$name" one_case "$name" "$op" "$object"
done < "$cases"
rm "$cases"
test_result same_is_one_record same_is_one_record
test_result caller_outlives_its_module caller_outlives_its_module
ktap_finished
