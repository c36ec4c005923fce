#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Callbacks of the crate vfs that samplefs has no use for, with the filesystems of
# tools/testing/kunit/slotfs.rs.

# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

contains()
{
	[ "$(cat "$1")" = "$2" ]
}

created()
{
	echo data > "$mnt/file" && contains "$mnt/file" data && [ -f "$mnt/file" ] || return 1
	# It is opened on, not made again.
	echo more >> "$mnt/file" && [ "$(wc -l < "$mnt/file")" -eq 2 ]
}

exclusive()
{
	! (set -C && : > "$mnt/file") 2> /dev/null
}

absent()
{
	# The first time it is looked up, the second time known not to exist.
	! cat "$mnt/none" 2> /dev/null && ! cat "$mnt/none" 2> /dev/null || return 1
	echo now > "$mnt/none" && contains "$mnt/none" now
}

left_to_c()
{
	echo data > "$mnt/left" && contains "$mnt/left" data
}

removed()
{
	rm "$mnt/file" && ! cat "$mnt/file" 2> /dev/null && created
}

# Of many who make a file, one does.
race()
{
	for round in 1 2 3 4 5; do
		for i in 1 2 3 4; do
			(set -C && echo "$i" >> "$mnt/won.$round.$i" && : > "$mnt/race.$round") \
				2> /dev/null || rm -f "$mnt/won.$round.$i" &
		done
		wait
		won=0
		# The directory cannot be read.
		for i in 1 2 3 4; do
			[ ! -e "$mnt/won.$round.$i" ] || won=$((won + 1))
		done
		[ "$won" -eq 1 ] && [ -f "$mnt/race.$round" ] || return 1
	done
}

# What is shared reads as zeroes, as there is nothing below the page cache.
shared()
{
	dd if=/dev/zero bs=4096 count=3 2> /dev/null | tr '\0' a > "$mnt/a" &&
		echo b > "$mnt/b" || return 1
	cp --reflink=always "$mnt/a" "$mnt/b" || return 1
	[ "$(wc -c < "$mnt/b")" -eq 12288 ] && [ "$(tr -d '\0' < "$mnt/b" | wc -c)" -eq 0 ] || return 1
	[ "$(tr -d a < "$mnt/a" | wc -c)" -eq 0 ] || return 1
	# Not into another filesystem.
	: > "$image" && ! cp --reflink=always "$mnt/a" "$image" 2> /dev/null
}

# What was written through a mapping beyond the end of a file is not in it when that grows.
shared_beyond()
{
	echo c > "$mnt/c" && "$(dirname "$0")/clone_beyond" "$mnt/a" "$mnt/c"
}

# An entry says itself what its path is; who asks gets that, and nothing after it.
path()
{
	# readlink(1) would not show what comes after a NUL.
	python3 -c 'import os; assert os.readlink("/proc/self/fd/3") == "slotfs:entry"' 3< "$mnt/a"
}

errors()
{
	sed -n "s#^slots $mnt .*errors=\\([0-9]*\\).*#\\1#p" /proc/mounts
}

# refused TEXT COMMAND...
refused()
{
	refused_text=$1
	shift
	refused_output=$("$@" 2>&1) && return 1
	case $refused_output in
	*"$refused_text"*) ;;
	*)
		echo "# $refused_output"
		return 1
		;;
	esac
}

# A directory has one name, in one directory.
one_name()
{
	refused "Is a directory" mkdir "$mnt/alias" || return 1
	refused "cross-device" stat "$mnt/self" && mkdir "$mnt/sub" &&
		refused "cross-device" stat "$mnt/sub/self"
}

# A directory that is found under another name has moved there, but not into itself.
spliced()
{
	mkdir "$mnt/from" "$mnt/from/made" && ino=$(stat -c %i "$mnt/from/made") &&
		[ "$(stat -c %i "$mnt/spliced")" = "$ino" ] || return 1
	! stat "$mnt/from/made" 2> /dev/null && [ "$(stat -c %i "$mnt/spliced/..")" = \
		"$(stat -c %i "$mnt")" ] && refused "Too many levels" stat "$mnt/spliced/spliced"
}

changed_mode()
{
	chmod 700 "$mnt/sub" && [ "$(stat -c %a "$mnt/sub")" = 700 ] && chmod 755 "$mnt"
}

reported()
{
	[ "$(errors)" = 0 ] && mkdir "$mnt/report" || return 1
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		[ "$(errors)" = 1 ] && return 0
		sleep 1
	done
	return 1
}

submounts()
{
	grep -c " $mnt/auto slotfs .*submount" /proc/mounts
}

automount()
{
	mkdir "$mnt/auto" && [ "$(submounts)" -eq 0 ] || return 1
	# That it is there is no reason to mount it.
	[ -d "$mnt/auto" ] && [ "$(submounts)" -eq 0 ] || return 1
	echo inner > "$mnt/auto/inner" && [ "$(submounts)" -eq 1 ] || return 1
	contains "$mnt/auto/inner" inner && [ "$(submounts)" -eq 1 ] || return 1
	umount "$mnt/auto" && [ "$(submounts)" -eq 0 ] || return 1
	# It comes back when somebody needs it, and goes with what it is on.
	! cat "$mnt/auto/inner" 2> /dev/null && [ "$(submounts)" -eq 1 ] &&
		umount "$mnt" && [ "$(submounts)" -eq 0 ]
}

device()
{
	mount -t slotdev "$dev" "$mnt" || return 1
	cmp "$image" "$mnt/device" || return 1
	echo 3 > /proc/sys/vm/drop_caches
	cmp "$image" "$mnt/device" || return 1
	# The device is a mount's, and it is read-only.
	! (: > "$mnt/new") 2> /dev/null && grep -q "^$dev $mnt slotdev ro" /proc/mounts
}

# Who looks for an inode that cannot be read does not wait for it, and may try again.
device_unread()
{
	for name in unread broken unread broken; do
		refused "Input/output error" stat "$mnt/$name" || return 1
	done
}

# A second mount has the same superblock.
device_again()
{
	mkdir "$mnt.2" && mount -t slotdev -o ro "$dev" "$mnt.2" || return 1
	[ "$(stat -c %d "$mnt")" = "$(stat -c %d "$mnt.2")" ] && cmp "$image" "$mnt.2/device"
	again=$?
	umount "$mnt.2" && rmdir "$mnt.2" && return "$again"
}

device_refused()
{
	umount "$mnt" && losetup -d "$dev" || return 1
	echo none > "$image" && truncate -s 8192 "$image" && dev=$(losetup -f --show "$image") || return 1
	! mount -t slotdev "$dev" "$mnt" 2> /dev/null &&
		! mount -t slotdev none "$mnt" 2> /dev/null && losetup -d "$dev"
}

fstype=slotfs
begin
need_kunit
mount -t slotfs slots "$mnt" || exit "$KSFT_FAIL"
image=$mnt.image
dev=
ktap_set_plan 18
test_result created created
test_result exclusive exclusive
test_result absent absent
test_result left_to_c left_to_c
test_result removed removed
test_result race race
test_result shared shared
test_result shared_beyond shared_beyond
test_result path path
test_result one_name one_name
test_result spliced spliced
test_result changed_mode changed_mode
test_result reported reported
test_result automount automount
if grep -q loop /proc/devices || modprobe loop 2> /dev/null; then
	{ echo slot && head -c 100000 /dev/urandom; } > "$image" && truncate -s 131072 "$image" &&
		dev=$(losetup -f --show "$image") || exit "$KSFT_FAIL"
	test_result device device
	test_result device_unread device_unread
	test_result device_again device_again
	test_result device_refused device_refused
else
	test_skip device "there are no loop devices"
	test_skip device_unread "there are no loop devices"
	test_skip device_again "there are no loop devices"
	test_skip device_refused "there are no loop devices"
fi
rm -f "$image"
ktap_finished
