#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Calls the callbacks of every table with all their locks, without one of them, and with one
# shared that should be exclusive: locktrack has to show no violation, or exactly that one.

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

# Every rule of the callback is kept, and one at least was looked at.
kept()
{
	awk -F '\t' -v callback="$1" '
		FILENAME ~ /violations$/ && $1 == "violation" { bad = 1 }
		FILENAME ~ /coverage$/ && $2 == callback && $6 > 0 {
			hits++
			if ($6 != $7 + $8 + $11) { print; bad = 1 }
		}
		END { if (!hits) print "not reached"; exit bad || !hits }' \
		"$locktrack/violations" "$locktrack/coverage"
}

# broken CALLBACK OBJECT LOCK: there is one record, and it is about that.
broken()
{
	awk -F '\t' -v callback="$1" -v object="$2" -v lock="$3" -v fs="$fstype" '
		$1 == "violation" { records++ }
		$1 == "rule" && ($3 != callback || $4 != object || $5 != lock) { print; bad = 1 }
		$1 == "fs" && $2 != fs { print; bad = 1 }
		$1 == "caller" && $2 !~ /\[locktrack_breakfs\]$/ { print; bad = 1 }
		END { if (records != 1) print records + 0 " records"; exit bad || records != 1 }' \
		"$locktrack/violations"
}

one_case()
{
	echo 1 > "$locktrack/reset"
	echo "$1" > "$run" || return 1
	if [ "$4" = - ]; then
		kept "$2" && return 0
	else
		broken "$2" "$3" "$4" && return 0
	fi
	cat "$locktrack/violations"
	return 1
}

begin
need_module locktrack_breakfs
fstype=locktrack_breakfs
fs_mount && echo "$fstype" > "$locktrack/attach" || exit "$KSFT_FAIL"
# The callbacks of leases have a table of their own, which the document has not.
cases=$(mktemp)
sed 's/ lease_manager_operations\./ lock_manager_operations./' \
	/sys/kernel/debug/locktrack_breakfs > "$cases"
# What is checked here: callback, object and lock. Without lockdep that is less.
checked=$(awk -F '\t' '{ print " " $2 " " $3 " " $4 " " }' "$locktrack/coverage")
ktap_set_plan $(($(wc -l < "$cases") + 1))
test_result all_tables all_tables
while read -r name callback object lock; do
	case $lock,$checked in
	-,* | *" $callback $object $lock "*)
		test_result "$name" one_case "$name" "$callback" "$object" "$lock"
		;;
	*)
		test_skip "$name" "this kernel does not tell who holds $lock"
		;;
	esac
done < "$cases"
rm "$cases"
ktap_finished
