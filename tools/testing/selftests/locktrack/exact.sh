#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Who holds a lock shared: unknown on a kernel without lockdep, known where holders are
# followed. With lockdep there is nothing to follow.

# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

run=/sys/module/locktrack_shared/parameters/run

follows()
{
	[ "$(stat_of exact)" = "$1" ] && grep -q "^exact	$1\$" "$locktrack/exact"
}

# found CASE ANSWER: runs it in this task, which is younger than what follows holders, as each test is a
# process of its own.
found()
{
	echo 1 > "$locktrack/reset"
	echo "$1 $mnt" > "$run" || return 1
	awk -F '\t' -v test="$1" -v fs="$fstype" -v wanted="$2" '
		/^# id/ { split($0, name) }
		$2 == "inode_operations.lookup" && $4 == "i_rwsem" && $NF == fs {
			for (i = 6; i < NF; i++)
				if ($i > 0)
					is = is name[i]
		}
		$1 == "violation" { violations++ }
		END {
			print test ": " is ", " violations + 0 " violations"
			exit is != wanted || violations != (wanted == "not-held")
		}' "$locktrack/observed" "$locktrack/violations" && return 0
	cat "$locktrack/stats"
	return 1
}

# lookups COLUMN: in coverage, all lookups of names that were never looked up are there.
lookups()
{
	echo 1 > "$locktrack/reset"
	sh -c "test -e $(mktemp -u "$mnt/XXXXXX"); ls $(mktemp -u "$mnt/XXXXXX")" > /dev/null 2>&1
	awk -F '\t' -v fs="$fstype" -v column="$1" '
		$2 == "inode_operations.lookup" && $4 == "i_rwsem" && $NF == fs {
			print "hits " $6 ", ok " $7 ", someone " $8
			good = $6 > 0 && $column == $6
		}
		END { exit !good }' "$locktrack/coverage"
}

someone()
{
	follows 0 && lookups 8 && found own-down_read someone-shared && found other someone-shared
}

switched_on()
{
	echo 1 > "$locktrack/exact" && follows 1 && echo 1 > "$locktrack/exact" || return 1
	cat "$locktrack/exact"
	grep -q '^followed	down_read	' "$locktrack/exact" &&
		grep -q '^not-followed	vma_lock	' "$locktrack/exact" &&
		[ "$(stat_of exact-memory)" -gt 0 ]
}

# It was held before it was followed.
held_before()
{
	echo 0 > "$locktrack/exact" && echo "hold $mnt" > "$run" && echo 1 > "$locktrack/exact" ||
		return 1
	found ask someone-shared && found own-down_read shared
	result=$?
	before=$(stat_of exact-unmatched)
	echo "drop $mnt" > "$run"
	[ "$(stat_of exact-unmatched)" -gt "$before" ] || { echo "its end was not noticed"; result=1; }
	found own-down_read shared && return $result
}

lost_is_counted()
{
	found too-many someone-shared || return 1
	if [ "$(stat_of exact-lost)" -eq 0 ] || [ "$(stat_of exact-taken)" -le 40 ]; then
		cat "$locktrack/stats"
		return 1
	fi
	echo 1 > "$locktrack/reset"
	[ "$(stat_of exact-lost)" -eq 0 ]
}

# What nobody holds any more is not kept.
nothing_is_left()
{
	cat "$locktrack/stats"
	[ "$(stat_of exact-held)" -le 8 ]
}

switched_off()
{
	echo 0 > "$locktrack/exact" && follows 0 && echo 0 > "$locktrack/exact" || return 1
	! grep -q '^followed' "$locktrack/exact" && [ -z "$(stat_of exact-taken)" ] &&
		found other someone-shared
}

bad_text()
{
	expect_error exact yes "Invalid argument" && follows 0
}

# The module goes with holders followed, and others hold locks meanwhile.
unloads()
{
	echo 1 > "$locktrack/exact" && echo "hold $mnt" > "$run" || return 1
	detach_all
	module_unload locktrack && echo "drop $mnt" > "$run"
}

# This is a subshell: the end of the test expects it to be loaded.
at_load()
{
	module_load locktrack exact=1 || { echo "$MODULE_REASON"; return 1; }
	follows 1 && echo "$fstype" > "$locktrack/attach" && lookups 7
}

refused()
{
	expect_error exact 1 "Operation not supported" && follows 0 && lookups 7
}

refused_at_load()
{
	detach_all
	module_unload locktrack || return 1
	if module_load locktrack exact=1; then
		echo "it was loaded"
		return 1
	fi
	dmesg | grep "exact: this kernel has lockdep" && [ ! -d "$locktrack" ] || return 1
	# This is a subshell: the end of the test expects it to be loaded.
	module_load locktrack
}

begin
quick_probes
need_module locktrack_shared
fs_mount && echo "$fstype" > "$locktrack/attach" || exit "$KSFT_FAIL"
# The first time, tables are new to locktrack.
learn

loaded=
case " $MODULES_LOADED " in
*" locktrack "*) loaded=1 ;;
esac
if [ "$(stat_of query)" = lockdep ]; then
	ktap_set_plan 3
	test_result bad_text bad_text
	test_result refused refused
	if [ "$loaded" ]; then
		test_result refused_at_load refused_at_load
	else
		test_skip refused_at_load "locktrack was loaded before the test"
	fi
	ktap_finished
fi

cases=$(mktemp)
grep -v ' -$' "$run" > "$cases"
ktap_set_plan $(($(wc -l < "$cases") + 10))
test_result someone someone
test_result bad_text bad_text
test_result switched_on switched_on
test_result lookups lookups 7
while read -r name answer; do
	test_result "$name" found "$name" "$answer"
done < "$cases"
rm "$cases"
test_result held_before held_before
test_result lost_is_counted lost_is_counted
test_result nothing_is_left nothing_is_left
test_result switched_off switched_off
if [ "$loaded" ]; then
	test_result unloads unloads
	test_result at_load at_load
else
	test_skip unloads "locktrack was loaded before the test"
	test_skip at_load "locktrack was loaded before the test"
fi
ktap_finished
