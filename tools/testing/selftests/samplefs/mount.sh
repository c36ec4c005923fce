#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Mounting, remounting and unmounting, with the tools that people use.

# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

# The options in /proc/mounts, enclosed in commas.
options()
{
	awk -v dir="$mnt" '$2 == dir { print "," $4 "," }' /proc/mounts
}

# shows OPTION...: /proc/mounts has them all.
shows()
{
	for wanted in "$@"; do
		case $(options) in
		*,"$wanted",*)
			;;
		*)
			echo "no $wanted in $(options)"
			return 1
			;;
		esac
	done
}

mount_loop()
{
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		fs_mount defaults && : > "$mnt/file" && umount "$mnt" || return 1
		[ ! -e "$mnt/file" ] || return 1
	done
}

shown_options()
{
	fs_mount "mode=1750,uid=12,gid=34,size=512k,nr_inodes=99,noatime" || return 1
	shows rw noatime mode=1750 uid=12 gid=34 size=512k nr_inodes=99 || return 1
	[ "$(stat -c '%a %u %g' "$mnt")" = "1750 12 34" ] || return 1
	# What /proc/mounts shows must be what mounts the same again.
	again=$(options | sed 's/^,//; s/,$//; s/inode64//')
	umount "$mnt" && fs_mount "$again" && shows mode=1750 uid=12 gid=34 size=512k nr_inodes=99 ||
		return 1
	umount "$mnt"
}

remount()
{
	fs_mount size=512k && head -c 300000 /dev/zero > "$mnt/data" || return 1
	mount -o remount,size=1m "$mnt" && shows size=1024k || return 1
	if mount -o remount,size=64k "$mnt" 2>/dev/null; then
		echo "a size below use was accepted"
		return 1
	fi
	shows size=1024k || return 1
	mount -o remount,ro "$mnt" && shows ro size=1024k || return 1
	if touch "$mnt/new" 2>/dev/null; then
		echo "a file was made on a read-only mount"
		return 1
	fi
	mount -o remount,rw "$mnt" && : > "$mnt/new" || return 1
	[ "$(stat -c %s "$mnt/data")" -eq 300000 ] && umount "$mnt"
}

# No mount comes of a bad option.
refused()
{
	for bad in nonsense nonsense=1 size=abc mode=8 uid=-1 gid=-1 nr_inodes=few; do
		if fs_mount "$bad" 2>/dev/null; then
			echo "$bad was accepted"
			umount "$mnt"
			return 1
		fi
	done
	! mountpoint -q "$mnt"
}

bind_mount()
{
	fs_mount defaults && mkdir "$mnt/a" "$mnt/b" && echo data > "$mnt/a/file" || return 1
	mount --bind "$mnt/a" "$mnt/b" && [ "$(cat "$mnt/b/file")" = data ] || return 1
	if umount "$mnt" 2>/dev/null; then
		echo "unmounted under a bind mount"
		return 1
	fi
	umount "$mnt/b" && umount "$mnt"
}

space_used()
{
	df --output=used,iused "$mnt" | tail -n 1
}

df_follows()
{
	fs_mount "size=1m,nr_inodes=50" || return 1
	before=$(space_used)
	mkdir "$mnt/d" && head -c 100000 /dev/zero > "$mnt/d/file" || return 1
	if [ "$(space_used)" = "$before" ]; then
		echo "df shows no difference"
		return 1
	fi
	rm -r "$mnt/d" || return 1
	[ "$(space_used)" = "$before" ] && umount "$mnt"
}

busy()
{
	fs_mount defaults && mkdir "$mnt/d" && exec 9> "$mnt/d/file" || return 1
	if umount "$mnt" 2>/dev/null; then
		echo "unmounted with an open file"
		return 1
	fi
	exec 9>&-
	umount "$mnt"
}

# All layers of an overlay: what is below is copied up, whited out, and looked through. Only a
# filesystem on top asks for the target of a short symbolic link.
overlay()
{
	fs_mount defaults && mkdir "$mnt/lower" "$mnt/upper" "$mnt/work" "$mnt/merged" &&
		echo below > "$mnt/lower/file" && echo gone > "$mnt/lower/removed" &&
		ln -s file "$mnt/lower/link" || return 1
	mount -t overlay -o "lowerdir=$mnt/lower,upperdir=$mnt/upper,workdir=$mnt/work" \
		samplefs-test "$mnt/merged" || return 1
	[ "$(readlink "$mnt/merged/link")" = file ] && [ "$(cat "$mnt/merged/link")" = below ] ||
		return 1
	echo above >> "$mnt/merged/file" && rm "$mnt/merged/removed" || return 1
	[ "$(cat "$mnt/merged/file")" = "$(printf 'below\nabove')" ] &&
		[ "$(cat "$mnt/lower/file")" = below ] && [ ! -e "$mnt/merged/removed" ] &&
		[ -c "$mnt/upper/removed" ] || return 1
	umount "$mnt/merged" && umount "$mnt"
}

begin
ktap_set_plan 8
test_result mount_loop mount_loop
test_result shown_options shown_options
test_result remount remount
test_result refused_options refused
test_result bind_mount bind_mount
test_result df_follows df_follows
test_result busy_while_open busy
modprobe -q overlay
if grep -qw overlay /proc/filesystems; then
	test_result overlay overlay
else
	test_skip overlay "this kernel has no overlayfs"
fi
ktap_finished
