#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A mixed load on filesystems of each kind breaks no rule but those that are known to be broken:
# known_exceptions, where each has its reason. The filesystem is attached, or with
# LOCKTRACK_SWEEP_ALL=1 all are. LOCKTRACK_SWEEP_SECONDS is how long each is under load,
# LOCKTRACK_SWEEP_9P a directory of a 9p that may be written, if it is not that of MODULES_DIR,
# and LOCKTRACK_SWEEP_FS has names of filesystems, if it is not for all.

# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

seconds=${LOCKTRACK_SWEEP_SECONDS:-1}

# new FS: prints the violations there that are no known exceptions, and how much was looked at.
new()
{
	awk -F '\t' -v fs="$1" '
		FNR == 1 { file = $0 }
		file ~ /coverage/ && $13 == fs {
			rules += $6 > 0
			hits += $6
			excepted += $12
		}
		file !~ /violations/ || FNR == 1 { next }
		/^$/ { if (text != "" && !known) { print text; news++ } text = ""; known = 0 }
		{ text = text "\n" $0 }
		$1 == "exception" { known = 1 }
		END {
			if (text != "" && !known) { print text; news++ }
			printf "%s: %d rules looked at, %d times; %d excepted\n", fs, rules, hits, excepted
			exit news > 0 || hits == 0
		}' "$locktrack/coverage" "$locktrack/violations" || return 1
	lost=$(($(stat_of violations-lost) + $(stat_of tables-lost)))
	if [ "$lost" -ne 0 ]; then
		cat "$locktrack/stats"
		return 1
	fi
}

# on FS DIRECTORY: what the load is when a filesystem stores files.
on()
{
	# 9p makes one kind of lock of both, so that who has one waits for itself at the other.
	workload "$2" && { [ "$1" = 9p ] || files "$2"; } && python3 "$tests/mixed.py" "$2" "$seconds" &&
		echo 2 > /proc/sys/vm/drop_caches && python3 "$tests/mixed.py" "$2" "$seconds"
}

# mounted FS OPTION...: mounts it for the load, and looks when it is unmounted.
mounted()
{
	echo 1 > "$locktrack/reset"
	mount -t "$@" "$mnt" || return 1
	on "$1" "$mnt"
	result=$?
	# overlayfs refuses that.
	[ "$1" = overlay ] || mount -o remount,ro "$mnt" || result=1
	umount "$mnt" || result=1
	new "$1" || result=1
	return $result
}

on_overlay()
{
	[ -n "$everything" ] || echo tmpfs > "$locktrack/attach" || return 1
	layers=$(mktemp -d) && mount -t tmpfs layers "$layers" && mkdir "$layers/lower" "$layers/upper" \
		"$layers/work" || return 1
	workload "$layers/lower" && echo lower > "$layers/lower/n1" && mkdir "$layers/lower/d" || return 1
	mounted overlay -o "lowerdir=$layers/lower,upperdir=$layers/upper,workdir=$layers/work" overlay
	result=$?
	umount "$layers" && rmdir "$layers"
	return $result
}

# A directory of a 9p that is there: what the guest was given by its host.
on_9p()
{
	echo 1 > "$locktrack/reset"
	shared=$(mktemp -d "$1/sweep.XXXXXX") || return 1
	on 9p "$shared"
	result=$?
	rm -rf "$shared"
	new 9p || result=1
	return $result
}

# reads FS DIRECTORY: all names, and what stands in the first files.
reads()
{
	echo 1 > "$locktrack/reset"
	find "$2" -xdev -maxdepth 4 -ls > /dev/null 2>&1
	# Not those that wait for more.
	find "$2" -xdev -maxdepth 3 -type f -perm -400 ! -name '*pipe*' ! -name kmsg ! -name kcore \
		! -name 'profile*' ! -path '*/usb/*' ! -name pagemap 2>/dev/null |
		head -n "$((200 * seconds))" | xargs -r -P 2 -n 20 timeout -k 1 2 head -qc 65536 > /dev/null 2>&1
	new "$1"
}

on_proc()
{
	kept=$(cat /proc/sys/fs/lease-break-time) && echo "$kept" > /proc/sys/fs/lease-break-time &&
		echo 5 > /proc/self/oom_score_adj && python3 - <<-PYTHON && reads proc /proc
			import os, select
			os.utime("/proc/self/comm")
			fd = os.open("/proc/self/mounts", os.O_RDONLY)
			poll = select.poll()
			poll.register(fd)
			poll.poll(0)
			for task in os.listdir("/proc/self/task"):
			    for name in os.listdir("/proc/self/fd") + os.listdir("/proc/self/ns"):
			        try:
			            os.readlink("/proc/self/fd/" + name)
			        except OSError:
			            pass
			os.lseek(fd, 0, os.SEEK_SET)
			os.close(fd)
	PYTHON
}

on_sysfs()
{
	echo 1 > "$locktrack/reset"
	kept=$(cat /sys/kernel/mm/ksm/run 2>/dev/null) && echo "$kept" > /sys/kernel/mm/ksm/run
	chmod 400 /sys/kernel/notes && chmod 444 /sys/kernel/notes || return 1
	reads sysfs /sys
}

on_debugfs()
{
	echo 1 > "$locktrack/reset"
	echo 1 > "$locktrack/enable" && reads debugfs /sys/kernel/debug
}

# swept FS FUNCTION [ARGUMENT...]
swept()
{
	case " ${LOCKTRACK_SWEEP_FS:-$1} " in
	*" $1 "*) ;;
	*)
		test_skip "$1" "it is not in LOCKTRACK_SWEEP_FS"
		return
		;;
	esac
	if ! grep -qw "$1" /proc/filesystems; then
		test_skip "$1" "this kernel has no $1"
	elif [ -n "$everything" ]; then
		test_result "$@"
	else
		echo "$1" > "$locktrack/attach"
		test_result "$@"
		detach_all
	fi
}

begin
quick_probes
modprobe -qa ext4 loop overlay 2>/dev/null
everything=${LOCKTRACK_SWEEP_ALL:-}
except_known || exit "$KSFT_FAIL"
[ -z "$everything" ] || echo all > "$locktrack/attach" || exit "$KSFT_FAIL"
ktap_set_plan 8
swept ramfs mounted ramfs none
swept tmpfs mounted tmpfs none
if command -v mkfs.ext4 > /dev/null; then
	swept ext4 with_image mounted ext4 -o loop
else
	test_skip ext4 "no mkfs.ext4"
fi
swept overlay on_overlay
plan9=${LOCKTRACK_SWEEP_9P:-$MODULES_DIR}
if [ "$(findmnt -n -o FSTYPE -T "${plan9:-/}")" = 9p ]; then
	swept 9p on_9p "$plan9"
else
	test_skip 9p "$plan9 is on no 9p"
fi
swept proc on_proc
swept sysfs on_sysfs
swept debugfs on_debugfs
ktap_finished
