#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Calls the callbacks of every table with all their locks, without one of them, with one
# shared that should be exclusive, and where nobody may sleep: locktrack has to show no violation,
# or exactly that one. What returns.sh is about is left out.

# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

run=/sys/module/locktrack_breakfs/parameters/run

# probed CALLBACK...
probed()
{
	for callback; do
		grep -q "^probe	[^	]*	$callback	" "$locktrack/attach" || return 1
	done
}

all_tables()
{
	echo announce > "$run" || return 1
	eventually probed dentry_operations.d_delete inode_operations.atomic_open \
		super_operations.sync_fs file_system_type.kill_sb xattr_handler.set \
		address_space_operations.read_folio file_lock_operations.fl_copy_lock \
		lock_manager_operations.lm_notify lease_manager_operations.lm_break \
		block_device_operations.open file_operations.iterate_shared \
		vm_operations_struct.fault && return 0
	cat "$locktrack/attach"
	return 1
}

# run_all KIND: one file with the cases, what was found and how often the rules were looked at.
run_all()
{
	echo 1 > "$locktrack/reset"
	echo "$1" > "$run" || return 1
	{
		cat "$locktrack/rules"
		echo "locktrack cases"
		cat "$cases" "$locktrack/violations" "$locktrack/coverage"
	} > "$found"
}

# Every rule of the callbacks is kept, and of each that has one which can be checked here, one was looked at.
kept()
{
	run_all kept || return 1
	awk -F '[\t ]' '
		$1 == "locktrack" { file = $2; next }
		file == "cases" && $4 == "-" { wanted[$2] }
		file == "violations" && $1 == "rule" { print "broken: " $0; bad = 1 }
		file == "coverage" { split($0, column, "\t"); checked[column[2]] }
		file == "coverage" && column[2] in wanted && column[6] > 0 {
			hit[column[2]]
			if (column[6] != column[7] + column[8] + column[11]) { print; bad = 1 }
		}
		END {
			for (callback in wanted)
				if (callback in checked && !(callback in hit)) { print "not reached: " callback; bad = 1 }
			exit bad
		}' "$found"
}

# results KIND FOUND: a line for each case that breaks a rule: its name, and whether that was seen
# once.
results()
{
	run_all "$1" || return 1
	awk -v kind="$1" -v wanted="$2" -v fs="$fstype" '
		/^locktrack / {
			split($0, header, " ")
			file = header[2]
			FS = file == "cases" ? " " : "\t"
			next
		}
		file == "rules" && $6 == "return" { left_out[$1] }
		file == "rules" && $4 == "sleep" && $5 == "allowed" { may_sleep[$2] }
		file == "cases" && $1 ~ "-" kind "(-|$)" && (kind != "atomic" || $2 in may_sleep) {
			name[++cases] = $1
			rule[cases] = $2 " " $3 " " $4
			expected[rule[cases]]++
		}
		file == "coverage" { checked[$2 " " $3 " " $4] }
		file != "violations" { next }
		$1 == "rule" { of_entry = !($2 in left_out) }
		!of_entry { next }
		$1 == "rule" { now = $3 " " $4 " " $5 }
		$1 == "fs" && $2 != fs { wrong[now] = $0 }
		$1 == "found" && index(wanted, " " $2 " ") == 0 { wrong[now] = $0 }
		$1 == "count" { broken[now] += $2 }
		$1 == "caller" && $2 !~ /\[locktrack_breakfs\]$/ { wrong[now] = $0 }
		END {
			for (i = 1; i <= cases; i++) {
				r = rule[i]
				result = "ok"
				if (!(r in checked))
					result = "unchecked"
				else if (r in wrong)
					result = wrong[r]
				else if (broken[r] != expected[r])
					result = "broken " broken[r] + 0 " times"
				print name[i], result
			}
			for (r in broken)
				if (!(r in expected))
					print "nothing-else", "record of " r
		}' "$found" > "$found.$1"
}

has_result()
{
	[ "$1" = ok ] || { echo "$1"; return 1; }
}

has_all_tables()
{
	[ "$complete" -eq 0 ] || { echo "$missing"; return 1; }
}

begin
need_module locktrack_breakfs
fstype=locktrack_breakfs
fs_mount && echo "$fstype" > "$locktrack/attach" || exit "$KSFT_FAIL"
cases=$(mktemp)
found=$(mktemp)
# The callbacks of leases have a table of their own, which the document has not.
sed 's/ lease_manager_operations\./ lock_manager_operations./' \
	/sys/kernel/debug/locktrack_breakfs > "$cases"
missing=$(all_tables)
complete=$?
results without " not-held " && results shared " shared someone-shared " &&
	results atomic " atomic " || exit "$KSFT_FAIL"
cat "$found.without" "$found.shared" "$found.atomic" > "$cases.results"
ktap_set_plan $(($(wc -l < "$cases.results") + 2))
test_result all_tables has_all_tables
test_result kept kept
while read -r name result; do
	if [ "$result" = unchecked ]; then
		test_skip "$name" "this kernel does not tell who holds the lock"
	else
		test_result "$name" has_result "$result"
	fi
done < "$cases.results"
rm "$cases" "$found" "$cases.results" "$found.without" "$found.shared" "$found.atomic"
ktap_finished
