#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Known exceptions: what they cover is counted apart, and a list with a bad line changes nothing.

# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

tab=$(printf '\t')
rule="inode_operations.unlink${tab}victim${tab}i_rwsem${tab}exclusive"
caller='call_unlink [locktrack_break]'
why="broken on purpose${tab}Documentation/locktrack.rst"

# list LINE...: loads it as a file is loaded.
list()
{
	printf '%s\n' "$@" > "$file"
	cat "$file" > "$locktrack/exceptions"
}

# lists: the exceptions, without their hits.
lists()
{
	grep -v -e '^locktrack ' -e '^#' "$locktrack/exceptions" | cut -f 1-7
}

break_rule()
{
	echo "$1 $mnt" > "$run"
}

# of_rule COLUMN: what coverage has in it for the rule.
of_rule()
{
	awk -F '\t' -v column="$1" -v fs="$fstype" '$2 == "inode_operations.unlink" &&
		$3 == "victim" && $13 == fs { print $column }' "$locktrack/coverage"
}

# expect_counts VIOLATIONS EXCEPTED
expect_counts()
{
	counts="$(of_rule 9) $(of_rule 12) $(stat_of violations) $(stat_of excepted)"
	if [ "$counts" != "$1 $2 $1 $2" ]; then
		echo "counts: $counts, not $1 $2 $1 $2"
		return 1
	fi
}

begin_again()
{
	echo > "$locktrack/exceptions" && echo 1 > "$locktrack/reset"
}

counted_apart()
{
	begin_again && list "$rule$tab$caller$tab$why" && break_rule unlink-victim || return 1
	expect_counts 0 1 || return 1
	# Not hidden: the record is there, and says so.
	[ "$(violations)" -eq 1 ] && grep -qx "exception$tab$why" "$locktrack/violations" &&
		[ "$(grep -v '^#' "$locktrack/exceptions" | sed -n 2p)" = "$rule$tab$caller$tab$why${tab}1" ]
}

others_stay_violations()
{
	begin_again && list "$rule$tab$caller$tab$why" && break_rule unlink-dir || return 1
	[ "$(stat_of violations)" -eq 1 ] && [ "$(stat_of excepted)" -eq 0 ] &&
		! grep -q '^exception' "$locktrack/violations"
}

# A record that is there is judged again, whether the list gets longer or shorter.
judged_again()
{
	begin_again && break_rule unlink-victim && break_rule unlink-victim &&
		expect_counts 2 0 || return 1
	list "$rule$tab$caller$tab$why" && expect_counts 0 2 || return 1
	break_rule unlink-victim && expect_counts 0 3 || return 1
	echo > "$locktrack/exceptions" && expect_counts 3 0 && [ -z "$(lists)" ]
}

any_module()
{
	begin_again && list "$rule${tab}call_unlink$tab$why" && break_rule unlink-victim &&
		expect_counts 0 1 || return 1
	list "$rule${tab}call_unlink [other]$tab$why" && expect_counts 1 0
}

# refused LINE-NUMBER REASON LINE...: the list stays as it was, and the log says where and why.
refused()
{
	number=$1 reason=$2
	shift 2
	before=$(lists)
	message=$(list "$@" 2>&1) && {
		echo "it was taken"
		return 1
	}
	case $message in
	*"Invalid argument"*)
		;;
	*)
		echo "$message"
		return 1
		;;
	esac
	if ! dmesg | grep 'locktrack: ' | tail -n 4 | grep "exceptions: line $number: .*$reason"; then
		dmesg | tail -n 3
		return 1
	fi
	if [ "$(lists)" != "$before" ]; then
		echo "the list is now: $(lists)"
		return 1
	fi
}

bad_lines()
{
	good="$rule$tab$caller$tab$why"
	begin_again && list "$good" || return 1
	refused 2 "columns" "# comment" "$rule$tab$caller" || return 1
	refused 1 "no edition has" "inode_operations.unlink${tab}victim${tab}i_lock${tab}exclusive$tab$caller$tab$why" ||
		return 1
	refused 3 "without offset" "" "# comment" "$rule${tab}call_unlink+0x2f/0x60 [locktrack_break]$tab$why" ||
		return 1
	refused 1 "no name of a function" "$rule${tab}two words$tab$why" || return 1
	refused 1 "no reason" "$rule$tab$caller$tab ${tab}reference" || return 1
	refused 1 "no reference" "$rule$tab$caller${tab}reason$tab" || return 1
	refused 1 "number of hits" "$good${tab}many" || return 1
	refused 2 "same rule and caller" "$good" "$good" || return 1
	refused 1 "locktrack exceptions 1" "locktrack exceptions 9" "$good" || return 1
	# The good lines of a list with bad ones are not taken either, and all bad ones are named.
	refused 2 "columns" "inode_operations.unlink${tab}dir${tab}i_rwsem${tab}exclusive$tab$caller$tab$why" bad worse &&
		dmesg | tail -n 4 | grep -q "exceptions: line 3: "
}

# What is read can be loaded again.
round_trip()
{
	begin_again && list "# two" "" "$rule$tab$caller$tab$why" \
		"inode_operations.unlink${tab}dir${tab}i_rwsem${tab}exclusive$tab$caller$tab$why" &&
		break_rule unlink-victim || return 1
	before=$(cat "$locktrack/exceptions")
	printf '%s\n' "$before" > "$file" && echo > "$locktrack/exceptions" &&
		cat "$file" > "$locktrack/exceptions" || return 1
	[ "$(cat "$locktrack/exceptions")" = "$before" ] && [ "$(lists | wc -l)" -eq 2 ]
}

# In pieces, the second would replace the first: it is refused, and so is what ends in a line.
whole_lists_only()
{
	begin_again && list "$rule$tab$caller$tab$why" && before=$(lists) || return 1
	if printf '%s' "$rule$tab$caller$tab$why" 2>/dev/null > "$locktrack/exceptions"; then
		echo "half a line was taken"
		return 1
	fi
	{ head -c 70000 /dev/zero | tr '\0' '#'; echo; } > "$file"
	if dd if="$file" of="$locktrack/exceptions" bs=100000 2>/dev/null; then
		echo "too much was taken"
		return 1
	fi
	[ "$(lists)" = "$before" ] || return 1
	printf '# one\n# two\n' > "$file"
	! dd if="$file" of="$locktrack/exceptions" bs=6 2>/dev/null
}

long_list()
{
	begin_again || return 1
	i=0
	while [ $i -lt 300 ]; do
		printf '%s\n' "$rule${tab}no_such_function_$i$tab$why"
		i=$((i + 1))
	done > "$file"
	printf '%s\n' "$rule$tab$caller$tab$why" >> "$file"
	cat "$file" > "$locktrack/exceptions" && [ "$(lists | wc -l)" -eq 301 ] &&
		break_rule unlink-victim && expect_counts 0 1
}

# The first violation and the second one, which comes while the first makes its record, are both excepted.
at_once()
{
	tracing=/sys/kernel/tracing
	[ -d "$tracing/events" ] || mount -t tracefs tracefs "$tracing" || return 1
	event=$tracing/events/locktrack/violation
	other=$(mktemp -d)
	mount -t tmpfs locktrack-test "$other" && echo tmpfs > "$locktrack/attach" && begin_again &&
		list "inode_operations.setattr${tab}inode${tab}i_rwsem${tab}exclusive${tab}race_calls$tab$why" ||
		return 1
	: > "$tracing/trace"
	echo 'excepted == 0' > "$event/filter"
	echo 1 > "$event/enable"
	result=0
	echo "$other" > /sys/module/locktrack_flood/parameters/race || result=1
	echo 0 > "$event/enable"
	echo 0 > "$event/filter"
	umount "$other"
	rmdir "$other"
	echo -tmpfs > "$locktrack/attach"
	echo "$(stat_of excepted) excepted, $(stat_of violations) not"
	[ "$(stat_of excepted)" -eq 200 ] && [ "$(stat_of violations)" -eq 0 ] || return 1
	! grep -m 1 ' violation: ' "$tracing/trace" && return $result
}

forget()
{
	echo > "$locktrack/exceptions"
	rm "$file"
	end
}

begin
quick_probes
need_break
need_module locktrack_flood
file=$(mktemp)
trap forget EXIT
fs_mount && echo "$fstype" > "$locktrack/attach" || exit "$KSFT_FAIL"
learn
ktap_set_plan 9
test_result counted_apart counted_apart
test_result others_stay_violations others_stay_violations
test_result judged_again judged_again
test_result any_module any_module
test_result bad_lines bad_lines
test_result round_trip round_trip
test_result whole_lists_only whole_lists_only
test_result long_list long_list
if [ "$(nproc)" -gt 1 ]; then
	test_result at_once at_once
else
	test_skip at_once "there is one CPU"
fi
ktap_finished
