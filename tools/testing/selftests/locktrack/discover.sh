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
	eventually has_tables 1 || return 1
	mkdir "$mnt/dir" && rmdir "$mnt/dir" && [ "$(hits mkdir)" -gt 0 ]
}

new_kinds_of_inodes()
{
	echo data > "$mnt/file" && ln -s file "$mnt/symlink" && mkfifo "$mnt/fifo" || return 1
	# Files have another table than directories.
	eventually has_tables 2 || return 1
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

all_places_watched()
{
	if grep '^discover-refused' "$locktrack/stats"; then
		return 1
	fi
	[ "$(stat_of discover-probes)" -gt 0 ]
}

begin
ktap_set_plan 5
test_result mounted_after_attach mounted_after_attach
test_result new_kinds_of_inodes new_kinds_of_inodes
test_result second_mount second_mount
test_result existing_inodes existing_inodes
test_result all_places_watched all_places_watched
ktap_finished
