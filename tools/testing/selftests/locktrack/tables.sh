#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Calls the callbacks of every table with all their locks, without one of them, with one
# shared that should be exclusive, where nobody may sleep, and so that they do what they must not:
# locktrack has to show no violation, or exactly that one.

# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

run=/sys/module/locktrack_breakfs/parameters/run

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
		}' "$found" && tested_rules
}

# results KIND FOUND: a line for each case that breaks a rule: its name, and whether that was seen
# once, with the rule.
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
		# Sleeping is left to the kinds that are about it.
		file == "rules" {
			columns[$1] = $2 "\t" $3 "\t" $4 "\t" $5 "\t" $6 "\t" $7
			if ($6 == "return" || ($4 == "sleep") != (kind == "atomic" || kind == "misbehaving"))
				left_out[$1]
			else if ($5 != "not promised")
				is_rule[$2 " " $3 " " $4]
		}
		file == "rules" && $4 == "sleep" && $5 == "allowed" { of_kind["atomic", $2] }
		file == "rules" && $4 == "sleep" && $5 == "forbidden" && $7 == "-" { of_kind["misbehaving", $2] }
		file == "cases" && $1 ~ "-" kind "(-|$)" &&
		($2 " " $3 " " $4) in is_rule && ($4 != "sleep" || (kind, $2) in of_kind) {
			name[++cases] = $1
			rule[cases] = $2 " " $3 " " $4
			expected[rule[cases]]++
		}
		file == "coverage" { checked[$2 " " $3 " " $4] }
		file != "violations" { next }
		$1 == "rule" { of_entry = !($2 in left_out) }
		!of_entry { next }
		$1 == "rule" { now = $3 " " $4 " " $5; id[now] = id[now] " " $2 }
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
				print name[i] "\t" result
				count = split(id[r], ids, " ")
				for (j = 1; j <= count; j++)
					if (result == "ok")
						print "\trule\tbroken\t" columns[ids[j]]
			}
			for (r in broken)
				if (!(r in expected))
					print "nothing-else\trecord of " r
		}' "$found" > "$found.$1"
}

# A folio that was unlocked meanwhile is not locked at the return.
unlocks()
{
	run_all free_folio-misbehaving || return 1
	awk -F '\t' '$6 == "return" && $2 ~ /\.free_folio$/ { print "rule\tbroken\t" $2 FS $3 FS $4 FS $5 FS $6 FS $7
			id = $1 }
		$1 == "rule" { mine = $2 == id; records += mine }
		mine && $1 == "found" && $2 == "not-held" { good++ }
		END { exit !(records == 1 && good == 1) }' "$found" || { cat "$found"; return 1; }
}

# The same by an older edition, which may promise other locks than those that a case has.
older_edition()
{
	for kind in kept without shared atomic misbehaving; do
		run_all "$kind" && tested_rules || return 1
	done
}

# How the callback was called.
via()
{
	for how in table direct jump; do
		echo 1 > "$locktrack/reset"
		echo "via-$how" > "$run" || return 1
		awk -F '\t' -v how="$how" '
			$1 == "rule" { mine = $3 == "super_operations.sync_fs" && $5 == "s_umount" }
			mine && $1 == "caller" && $2 ~ /^breakfs_call_sync/ { callers++ }
			mine && $1 == "via" && $2 == how { found++ }
			END { exit !(callers == 1 && found == 1) }' "$locktrack/violations" && continue
		cat "$locktrack/violations"
		return 1
	done
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
	results atomic " atomic " && results misbehaving " slept " || exit "$KSFT_FAIL"
cat "$found.without" "$found.shared" "$found.atomic" "$found.misbehaving" > "$cases.results"
ktap_set_plan $(($(grep -c '^[^	]' "$cases.results") + 5))
test_result all_tables has_all_tables
test_result kept kept
test_result unlocks unlocks
test_result via via
# Each case, and below it the rules that it broke.
while IFS= read -r line; do
	case $line in
	*"	unchecked")
		test_skip "${line%	*}" "this kernel does not tell who holds the lock"
		;;
	*"	ok") ktap_test_pass "${line%	*}" ;;
	"	"*) echo "# ${line#	}" ;;
	*) ktap_test_fail "${line%%	*}"; echo "# ${line#*	}" ;;
	esac
done < "$cases.results"
test_result older_editions in_older_editions older_edition
rm "$cases" "$found" "$cases.results" "$found".*
ktap_finished
