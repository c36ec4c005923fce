#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A kernel that keeps the rules has no violations, and the rules were looked at.

# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

# The operations of the workload.
ops="lookup create mkdir mknod symlink link unlink rmdir rename setattr"

no_violations()
{
	workload "$mnt" && files "$mnt" || return 1
	only_known || return 1
	lost=$(($(stat_of violations-lost) + $(stat_of tables-lost)))
	if [ "$lost" -ne 0 ]; then
		cat "$locktrack/stats"
		return 1
	fi
	tested_rules
}

# looked_at CALLBACK LOCK: rules about it were.
looked_at()
{
	awk -F '\t' -v callback="$1" -v lock="$2" '
		$2 == callback && $4 == lock && $6 > 0 { found = 1 }
		END { exit !found }' "$locktrack/coverage"
}

# hit_rule CALLBACK LOCK: as soon as there is a probe. The table of a mapping is not known before there is one.
hit_rule()
{
	looked_at "$@" || { eventually probed "$1" && files "$mnt" && looked_at "$@"; }
}

# What cannot be said is not counted as kept, and what nobody called has no hits.
all_judged()
{
	awk -F '\t' '!/^#/ && NF > 3 && $6 != $7 + $8 + $9 + $10 + $11 + $12 {
		print "sums differ: " $0; bad = 1 } END { exit bad }' "$locktrack/coverage"
}

op_hit()
{
	[ "$(hits "$1")" -gt 0 ]
}

parallel_load()
{
	for i in 1 2 3 4; do
		mkdir "$mnt/p$i" && load_start "$mnt/p$i" || return 1
	done
	sleep 2
	load_stop
	rmdir "$mnt"/p* || return 1
	no_violations
}

with()
{
	echo 1 > "$locktrack/reset"
	mount -t "$1" locktrack-test "$mnt" && echo "$1" > "$locktrack/attach" || return 1
	no_violations
	result=$?
	# More callbacks come at the end.
	umount "$mnt"
	only_known || result=1
	echo "-$1" > "$locktrack/attach"
	return $result
}

# with_ext4 IMAGE
with_ext4()
{
	echo 1 > "$locktrack/reset"
	mount -o loop "$1" "$mnt" && echo ext4 > "$locktrack/attach" || return 1
	no_violations && op_hit rename && op_hit setattr
	result=$?
	umount "$mnt"
	only_known || result=1
	echo -ext4 > "$locktrack/attach"
	return $result
}

begin
except_known && fs_mount && echo "$fstype" > "$locktrack/attach" || exit "$KSFT_FAIL"
# shellcheck disable=SC2086	# A list.
set -- $ops
# And of the other tables.
rules="super_operations.drop_inode:i_lock file_operations.iterate_shared:i_rwsem
	file_operations.iterate_shared:f_pos_lock address_space_operations.write_begin:i_rwsem
	address_space_operations.write_end:PG_locked xattr_handler.set:i_rwsem
	vm_operations_struct.map_pages:rcu_read_lock"
case $fstype in
samplefs) ;;
*) rules= ;;
esac
# shellcheck disable=SC2086	# A list.
ktap_set_plan $(($# + $(echo $rules | wc -w) + 6))
test_result no_violations no_violations
test_result all_judged all_judged
for op; do
	test_result "hit_$op" op_hit "$op"
done
for rule in $rules; do
	test_result "hit_$rule" hit_rule "${rule%:*}" "${rule#*:}"
done
test_result parallel_load parallel_load
umount "$mnt"
echo "-$fstype" > "$locktrack/attach"

for other in tmpfs ramfs; do
	if [ "$other" = "$fstype" ] || ! grep -qw "$other" /proc/filesystems; then
		test_skip "with_$other" "$other is tested already, or not there"
	else
		test_result "with_$other" with "$other"
	fi
done
test_ext4 with_ext4 with_ext4
ktap_finished
