#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# rule-tests, on a log with the rules and one on which the tests ran.

# The tests are called by their names, and their conditions end in a message.
# shellcheck disable=SC2317,SC2015

. "$(dirname -- "$0")/lib.sh"

rules=$tmp/rules
log=$tmp/log
unlink=$'inode_operations.unlink\tdir\ti_rwsem\texclusive\tentry\t-'
d_real=$'dentry_operations.d_real\t-\tsleep\tallowed\tentry\t-'
hidden=$'super_operations.show_options\t-\tnamespace_sem\theld\tentry\t-'
buffer=$'block_device_operations.bh\tbh\tbh_lock\theld\tentry\t-'
nothing=$'inode_operations.getattr\tinode\ti_rwsem\tnot promised\tentry\t-'

{
	printf '# selftests: locktrack: edition.sh\n# ok 1 shows_rules\n'
	printf '# # rule\tchecked=yes\t%s\tv7.3\t-\n' "$unlink" "$d_real" "$nothing"
	printf '# # rule\tchecked=no\t%s\tv7.3\twithout lockdep\n' "$hidden"
	printf '# # rule\tchecked=no\t%s\tv7.3\tno buffer\n' "$buffer"
	printf '# # rule\tchecked=yes\t%s\tv6.1\t-\n' "$unlink"
} >"$rules"

# tested RESULT NAME HOW RULE...: a result, and the rules below it.
tested() {
	printf '# %s %s\n' "$1" "$2"
	printf "# # rule\t$3\t%s\n" "${@:4}"
}

all_tested() {
	{
		echo '# selftests: locktrack: tables.sh'
		tested 'ok 1' kept kept "$unlink" "$d_real"
		tested 'ok 2' all broken "$unlink" "$d_real"
		tested 'ok 3' again broken "$unlink"
	} >"$log"
	run "$scripts/rule-tests" "$rules" "$log"
	exits 0 && grep -Eq 'unlink dir i_rwsem exclusive +v7.3..v6.1 +tables.sh: kept +tables.sh: all \+1$' "$tmp/out" &&
		grep -q '^not checked: no buffer' "$tmp/out" && grep -q '^5 rules: 2 .*, 0 not; 2 not checked; 1 ' "$tmp/out" ||
		say_all "not all are tested"
}

# What one kernel cannot check is a rule like any other, if another kernel can.
other_kernel() {
	printf '# ok 1 shows_rules\n# # rule\tchecked=yes\t%s\tv7.3\t-\n' "$hidden" >>"$log"
	run "$scripts/rule-tests" "$rules" "$log"
	exits 1 && grep -Eq 'show_options namespace_sem held .* NONE +NONE$' "$tmp/out" || say_all "it is missed"
}

# untested TEXT...: one rule lacks what the log does not have.
untested() {
	{
		echo '# selftests: locktrack: tables.sh'
		"$@"
	} >"$log"
	run "$scripts/rule-tests" "$rules" "$log"
	exits 1 && grep -q ' NONE' "$tmp/out" && grep -q '^5 rules: 1 .*, 1 not;' "$tmp/out" || say_all "nothing is missed"
}

never_broken() {
	untested eval 'tested "ok 1" kept kept "$unlink" "$d_real"; tested "ok 2" one broken "$unlink"'
}

never_kept() {
	untested eval 'tested "ok 1" kept kept "$unlink"; tested "ok 2" all broken "$unlink" "$d_real"'
}

failed_is_none() {
	untested eval 'tested "ok 1" kept kept "$unlink" "$d_real"; tested "ok 2" one broken "$unlink"
		tested "not ok 3" other broken "$d_real"'
}

nothing_is_no_success() {
	echo '# selftests: locktrack: tables.sh' >"$log"
	run "$scripts/rule-tests" "$log"
	exits 1 || say_all "no rules, and no failure"
}

plan 6
t "every rule has both tests" all_tested
t "a rule that only another kernel checks" other_kernel
t "a rule that is never broken" never_broken
t "a rule that is never kept" never_kept
t "a test that failed is none" failed_is_none
t "no rules at all" nothing_is_no_success
finish
