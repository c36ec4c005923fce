#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Tables of callbacks are found as mounts and inodes appear.

# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

tables()
{
	awk -F '\t' -v name="$fstype" '$1 == "fs" && $2 == name { print $3 }' "$locktrack/attach"
}

has_tables()
{
	[ "$(tables)" -ge "$1" ]
}

mounted_after_attach()
{
	echo "$fstype" > "$locktrack/attach" && fs_mount || return 1
	# The root directory's.
	eventually probed inode_operations.mkdir || return 1
	mkdir "$mnt/dir" && rmdir "$mnt/dir" && [ "$(hits mkdir)" -gt 0 ]
}

new_kinds_of_inodes()
{
	echo data > "$mnt/file" && ln -s file "$mnt/symlink" && mkfifo "$mnt/fifo" || return 1
	# Files have another table than directories.
	eventually probed inode_operations.setattr || return 1
	echo 1 > "$locktrack/reset"
	chmod 600 "$mnt/file" && [ "$(hits setattr)" -gt 0 ]
}

second_mount()
{
	before=$(hits mkdir)
	mount -t "$fstype" locktrack-test "$mnt" || return 1
	mkdir "$mnt/other" && rmdir "$mnt/other" && [ "$(hits mkdir)" -gt "$before" ]
	result=$?
	umount "$mnt"
	return $result
}

existing_inodes()
{
	echo "-$fstype" > "$locktrack/attach" && echo "$fstype" > "$locktrack/attach" || return 1
	has_tables 2 || return 1
	echo 1 > "$locktrack/reset"
	chmod 644 "$mnt/file" && [ "$(hits setattr)" -gt 0 ]
}

# attached_now CALLBACK...: after a new attach, they are probed at once.
attached_now()
{
	! attached "$fstype" || echo "-$fstype" > "$locktrack/attach"
	echo "$fstype" > "$locktrack/attach" || return 1
	for callback; do
		probed "$callback" || { echo "$callback is not probed"; return 1; }
	done
}

# with_file PYTHON COMMAND...: it runs while a process has $mnt/file open as `file` and did that.
with_file()
{
	python3 - "$mnt/file" "$1" <<-'PYTHON' &
		import fcntl, mmap, signal, sys
		with open(sys.argv[1], "r+b") as file:
		    exec(sys.argv[2])
		    open(sys.argv[1] + ".ready", "w").close()
		    signal.pause()
	PYTHON
	holder=$!
	shift
	eventually [ -e "$mnt/file.ready" ] && "$@"
	result=$?
	kill "$holder"
	rm "$mnt/file.ready"
	return $result
}

existing_mapping()
{
	with_file 'file.truncate(4096); mapped = mmap.mmap(file.fileno(), 4096); mapped[0]' \
		attached_now vm_operations_struct.fault
}

existing_lease()
{
	with_file 'fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_WRLCK)' \
		attached_now lease_manager_operations.lm_break
}

# The file of a device has the device's callbacks, not its inode's. It counts for the filesystem that it is on.
existing_file()
{
	mknod "$mnt/zero" c 1 5 || return 1
	exec 9< "$mnt/zero"
	attached_now && grep -q "^probe	$fstype	file_operations\.[^	]*	[a-z_]*_zero\>" "$locktrack/attach"
	result=$?
	exec 9<&-
	rm "$mnt/zero"
	[ "$result" -eq 0 ] || grep 'file_operations' "$locktrack/attach"
	return $result
}

# That of a process: it is in memory, as its directory is in use.
existing_dentry()
{
	(
		cd /proc/self/task || exit 1
		fstype=proc
		attached_now && grep -q "^\(probe\|return\)	proc	dentry_operations.d_revalidate	pid_revalidate\>" "$locktrack/attach"
	)
	result=$?
	[ "$result" -eq 0 ] || grep 'dentry_operations' "$locktrack/attach"
	echo -proc > "$locktrack/attach"
	return $result
}

# Objects that no usual filesystem has: locks with callbacks, and a dentry with callbacks behind one without.
existing_others()
{
	other=$(mktemp -d)
	mount -t locktrack_breakfs none "$other" &&
		echo hold > /sys/module/locktrack_breakfs/parameters/run && (
			fstype=locktrack_breakfs
			attached_now file_lock_operations.fl_copy_lock lock_manager_operations.lm_notify \
				lease_manager_operations.lm_break vm_operations_struct.fault \
				file_operations.iterate_shared super_operations.sync_fs || exit 1
			grep -q "dentry_operations.d_delete	breakfs_d_delete\>" "$locktrack/attach" ||
				{ grep dentry_operations "$locktrack/attach"; exit 1; }
		)
	result=$?
	echo -locktrack_breakfs > "$locktrack/attach"
	umount "$other"
	rmdir "$other"
	return $result
}

all_places_watched()
{
	if grep '^discover-refused' "$locktrack/stats"; then
		return 1
	fi
	[ "$(stat_of discover-probes)" -gt 0 ]
}

# Only the module of an attached filesystem stays. That of the disk below it can go, and its tables with it.
loop_callbacks()
{
	cut -f 3,4 "$locktrack/attach" | grep -c '^block_device_operations.*\[loop\]'
}

without_loop()
{
	mount -o loop "$1" "$mnt/loop" && echo ext4 > "$locktrack/attach" || return 1
	before=$(loop_callbacks)
	umount "$mnt/loop" && modprobe -r loop || return 1
	gone=$(loop_callbacks)
	modprobe loop && mount -o loop "$1" "$mnt/loop" || return 1
	# They are probed a moment later, at an old address or at a new one.
	for _ in $(seq 50); do
		again=$(loop_callbacks)
		[ "$again" -eq 0 ] || break
		sleep 0.1
	done
	umount "$mnt/loop"
	echo "callbacks of loop: $before, without it $gone, with it again $again"
	[ "$before" -gt 0 ] && [ "$gone" -eq 0 ] && [ "$again" -eq "$before" ]
}

other_module_goes()
{
	mkdir "$mnt/loop" || return 1
	without_loop "$1"
	result=$?
	echo -ext4 > "$locktrack/attach"
	rmdir "$mnt/loop"
	return $result
}

begin
need_module locktrack_breakfs
ktap_set_plan 11
modprobe -q loop
test_result mounted_after_attach mounted_after_attach
test_result new_kinds_of_inodes new_kinds_of_inodes
test_result second_mount second_mount
test_result existing_inodes existing_inodes
test_result existing_mapping existing_mapping
test_result existing_lease existing_lease
test_result existing_file existing_file
test_result existing_dentry existing_dentry
test_result existing_others existing_others
test_result all_places_watched all_places_watched
if [ -e /sys/module/loop/initstate ]; then
	test_ext4 other_module_goes other_module_goes
else
	test_skip other_module_goes "loop is no module here"
fi
ktap_finished
