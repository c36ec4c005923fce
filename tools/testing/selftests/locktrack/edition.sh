#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The edition can be switched: other rules are checked, and what was counted and found stays.

# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

old=v5.2

use()
{
	echo "$1" > "$locktrack/edition" && [ "$(active_edition)" = "$1" ]
}

# The second line has the active one, the rest has all.
lists_all()
{
	awk -F '\t' -v new="$new" -v old="$old" '
		NR == 2 { good = $0 == "active\t" new }
		NR > 2 && $1 != "edition" { good = 0 }
		NR > 2 { all = all " " $2 }
		END { exit !(good && index(all " ", " " old " ") && all ~ " " new "$") }' \
		"$locktrack/edition"
}

# The rules of all editions, each with whether it is checked, for scripts/rule-tests.
shows_rules()
{
	for edition in $(editions); do
		use "$edition" && awk -F '\t' -v edition="$edition" '
			/^[0-9]/ {
				print "rule" FS "checked=" $9 FS $2 FS $3 FS $4 FS $5 FS $6 FS $7 FS edition FS $10
				rules++
			}
			END { exit !rules }' "$locktrack/rules" || return 1
	done
	use "$new"
}

refuses_unknown()
{
	for text in v9.9 5.2 "$old $new" "" -; do
		expect_error edition "$text" "Invalid argument" || return 1
	done
	dmesg | grep 'locktrack: ' | tail -n $((1 + $(editions | wc -l))) | head -n 1 |
		grep "there is no '-'" && [ "$(active_edition)" = "$new" ]
}

# rules_of EDITION: only rules of it.
rules_of()
{
	for name in rules coverage observed; do
		cut -f 1 "$locktrack/$name" | grep '^[0-9]' > "$ids.$name"
	done
	cmp "$ids.coverage" "$ids.observed" || return 1
	awk -F '\t' -v edition="$1" '/^[0-9]/ && $8 !~ " " edition ", " { print; bad = 1 }
		END { exit bad }' "$locktrack/rules"
}

other_rules()
{
	ids=$(mktemp)
	rules_of "$new" && mv "$ids.rules" "$ids.new" && use "$old" && rules_of "$old" &&
		! grep -qxf "$ids.new" "$ids.rules"
	result=$?
	rm "$ids"*
	# One that has changed, one that came later.
	awk -F '\t' '$2 == "inode_operations.atomic_open" && $4 == "i_rwsem" {
			rules++; good = $5 == "exclusive" && $7 == "-" }
		$2 == "inode_operations.fileattr_set" { bad = 1 }
		END { exit bad || rules != 1 || !good }' "$locktrack/rules" || result=1
	use "$new" && return $result
}

counts_are_separate()
{
	echo 1 > "$locktrack/reset"
	workload "$mnt"
	before=$(hits mkdir)
	[ "$before" -gt 0 ] && use "$old" && [ "$(hits mkdir)" -eq 0 ] || return 1
	mkdir "$mnt/d" && rmdir "$mnt/d" && [ "$(hits mkdir)" -eq 1 ] || return 1
	use "$new" && [ "$(hits mkdir)" -eq "$before" ]
}

# source_of NUMBER: where the rule of a record stands.
source_of()
{
	awk -F '\t' '$1 == "source" { print $2 }' "$locktrack/violations" | sed -n "$1p"
}

violations_stay()
{
	echo 1 > "$locktrack/reset"
	use "$old" && echo "unlink-victim $mnt" > "$run" || return 1
	[ "$(violations)" -eq 1 ] || return 1
	use "$new" && [ "$(violations)" -eq 1 ] && echo "unlink-victim $mnt" > "$run" || return 1
	source_of 1
	source_of 2
	[ "$(violations)" -eq 2 ] && source_of 1 | grep -q " $old, " && source_of 2 | grep -q " $new, "
}

# A rule that the old edition does not have is not looked at.
only_the_active()
{
	echo 1 > "$locktrack/reset"
	use "$old" && echo "$later $mnt" > "$run" && [ "$(violations)" -eq 0 ] || return 1
	use "$new" && echo "$later $mnt" > "$run" && [ "$(violations)" -eq 1 ]
}

under_load()
{
	echo 1 > "$locktrack/reset"
	load_start "$mnt"
	for _ in 1 2 3 4 5; do
		use "$old" && use "$new" || return 1
	done
	load_stop
	if [ "$(violations)" -ne 0 ]; then
		cat "$locktrack/violations"
		return 1
	fi
}

# The active edition does not depend on what is attached.
stays_on_detach()
{
	use "$old" && detach_all && [ "$(active_edition)" = "$old" ] &&
		echo "$fstype" > "$locktrack/attach" && [ "$(active_edition)" = "$old" ] && use "$new"
}

begin
need_break
new=$(active_edition)
later=$(cut -f 1 "$run" | awk '{ print $1 }' | grep -m 1 '^rename-moved-dir')
fs_mount && echo "$fstype" > "$locktrack/attach" || exit "$KSFT_FAIL"
# The first time, tables are new to locktrack.
learn
ktap_set_plan 9
test_result lists_all lists_all
test_result shows_rules shows_rules
test_result refuses_unknown refuses_unknown
test_result other_rules other_rules
test_result counts_are_separate counts_are_separate
test_result violations_stay violations_stay
test_result only_the_active only_the_active
test_result under_load under_load
test_result stays_on_detach stays_on_detach
ktap_finished
