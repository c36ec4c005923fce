#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Attaching to a filesystem, what is shown of it, and detaching.

# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

attach_shows_probes()
{
	fs_mount && echo "$fstype" > "$locktrack/attach" && attached || return 1
	awk -F '\t' -v name="$fstype" '
		$1 == "fs" && $2 == name { tables = $3; probes = $4; refused = $5 }
		$1 == "probe" && $2 == name { functions[$4]; callbacks[$3] }
		$1 == "refused" { refusals[$4] }
		END {
			print tables " tables, " probes " probes, " refused " refused"
			exit !(tables > 0 && length(functions) == probes &&
				length(refusals) == refused &&
				"inode_operations.lookup" in callbacks)
		}' "$locktrack/attach"
}

attach_twice()
{
	expect_error attach "$fstype" "File exists" && attached
}

attach_two()
{
	echo proc > "$locktrack/attach" && attached proc && attached &&
		echo -proc > "$locktrack/attach" && ! attached proc && attached
}

# Each filesystem has its own counts, of the same rules.
by_filesystem()
{
	echo proc > "$locktrack/attach" && echo 1 > "$locktrack/reset" || return 1
	cat /proc/self/status > /dev/null && mkdir "$mnt/a" && rmdir "$mnt/a" || return 1
	echo -proc > "$locktrack/attach"
	awk -F '\t' -v fs="$fstype" '/^[0-9]/ { rules[$13]++ }
		$2 == "inode_operations.lookup" { hits["lookup", $13] += $6 }
		$2 == "inode_operations.mkdir" { hits["mkdir", $13] += $6 }
		END { exit !(rules[fs] > 0 && rules["proc"] == rules[fs] && hits["mkdir", fs] > 0 &&
			hits["lookup", "proc"] > 0 && hits["mkdir", "proc"] == 0) }' \
		"$locktrack/coverage" || { cat "$locktrack/coverage"; return 1; }
}

detach()
{
	echo "-$fstype" > "$locktrack/attach" && ! attached || return 1
	echo 1 > "$locktrack/reset"
	workload "$mnt" || return 1
	if [ "$(hits mkdir)" -ne 0 ] || [ "$(stat_of probes)" -ne 0 ]; then
		echo "still probed"
		return 1
	fi
}

detach_twice()
{
	expect_error attach "-$fstype" "No such file or directory"
}

again()
{
	for _ in 1 2 3; do
		echo "$fstype" > "$locktrack/attach" && echo "-$fstype" > "$locktrack/attach" ||
			return 1
	done
	echo "$fstype" > "$locktrack/attach" || return 1
	workload "$mnt" && [ "$(hits mkdir)" -gt 0 ]
}

# only_there NAME: what happens on $mnt is checked, what happens on another mount of it is not.
only_there()
{
	echo 1 > "$locktrack/reset"
	echo "$1" > "$locktrack/attach" && attached "$1" && workload "$mnt" || return 1
	there=$(hits mkdir)
	mkdir "$mnt/other" && mount -t "$fstype" locktrack-other "$mnt/other" || return 1
	workload "$mnt/other"
	elsewhere=$(($(hits mkdir) - there - 1))
	umount "$mnt/other" && rmdir "$mnt/other" && echo "-$1" > "$locktrack/attach" || return 1
	! attached "$1" && echo "$there there, $elsewhere elsewhere" &&
		[ "$there" -gt 0 ] && [ "$elsewhere" -eq 0 ]
}

by_path()
{
	echo "-$fstype" > "$locktrack/attach" && only_there "$mnt" &&
		expect_error attach "$mnt/nothing" "No such file or directory"
}

by_device()
{
	only_there "$(mountpoint -d "$mnt")" && expect_error attach 4095:1048575 "No such device"
}

# A superblock that is attached can go.
gone()
{
	other=$(mktemp -d)
	mount -t "$fstype" locktrack-other "$other" && echo "$other" > "$locktrack/attach" &&
		umount "$other" && attached "$other" && mount -t "$fstype" locktrack-other "$other" ||
		return 1
	echo 1 > "$locktrack/reset"
	workload "$other" && [ "$(hits mkdir)" -eq 0 ] && echo "-$other" > "$locktrack/attach" &&
		! attached "$other"
	result=$?
	umount "$other"
	rmdir "$other"
	return $result
}

# One that is gone is not mistaken for another one at the same address.
gone_by_address()
{
	others=$(mktemp -d)
	mkdir "$others/gone" && mount -t "$fstype" locktrack-other "$others/gone" &&
		echo "$others/gone" > "$locktrack/attach" && umount "$others/gone" || return 1
	sleep 0.2
	result=0
	for other in a b c d e f g h; do
		mkdir "$others/$other" && mount -t "$fstype" locktrack-other "$others/$other" &&
			echo "$others/$other" > "$locktrack/attach" && attached "$others/$other" || result=1
	done
	for other in a b c d e f g h gone; do
		umount "$others/$other" 2>/dev/null
		echo "-$others/$other" > "$locktrack/attach"
		rmdir "$others/$other"
	done
	rmdir "$others"
	return $result
}

# By another name, it is attached already.
by_two_names()
{
	echo "$mnt" > "$locktrack/attach" && expect_error attach "$mnt/." "File exists" &&
		expect_error attach "$(mountpoint -d "$mnt")" "File exists"
	result=$?
	echo "-$mnt" > "$locktrack/attach"
	return $result
}

everything()
{
	echo all > "$locktrack/attach" || return 1
	for name in "$fstype" proc sysfs tmpfs; do
		attached "$name" || { echo "$name is not attached"; return 1; }
	done
	workload "$mnt" && [ "$(hits mkdir)" -gt 0 ] || return 1
	echo -all > "$locktrack/attach" && ! grep '^fs' "$locktrack/attach" &&
		[ "$(stat_of probes)" -eq 0 ]
}

begin
quick_probes
ktap_set_plan 13
test_result attach_shows_probes attach_shows_probes
test_result attach_twice attach_twice
test_result attach_two attach_two
test_result by_filesystem by_filesystem
test_result detach detach
test_result detach_twice detach_twice
test_result again again
test_result by_path by_path
test_result by_device by_device
test_result gone gone
test_result gone_by_address gone_by_address
test_result by_two_names by_two_names
test_result everything everything
ktap_finished
