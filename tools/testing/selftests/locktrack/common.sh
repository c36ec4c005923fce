# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# What the tests of locktrack share. A test calls begin first.

tests=$(cd "$(dirname "$0")" && pwd)
# The runner stands beside the suites where they are installed.
# shellcheck source=/dev/null
. "${KSELFTEST:-$tests/..}/kselftest/ktap_helpers.sh"
# shellcheck source=../lib/modules.sh
. "$tests/../lib/modules.sh"
# shellcheck source=../lib/results.sh
. "$tests/../lib/results.sh"

# The error messages below are in English.
export LC_ALL=C

# The filesystem to attach to: any that can be mounted without a device.
fstype=${LOCKTRACK_TEST_FSTYPE:-samplefs}
locktrack=/sys/kernel/debug/locktrack
# shellcheck disable=SC2034	# For the tests.
run=/sys/module/locktrack_break/parameters/run
mnt=
breaking=
optimization=
load=

# expect TEXT: what reads the console need not stop at warnings with this TEXT.
expect()
{
	echo "console-complaints: expect $1" > /dev/kmsg
}

# Loads the module that breaks rules. With lockdep, samplefs asserts the locks that its
# types stand for, and warns.
need_break()
{
	need_module locktrack_break
	breaking=1
	expect _assert_
}

# While the kernel turns breakpoints into jumps, which it does after each few, no other probe is set. Tests that
# attach often go without.
quick_probes()
{
	optimization=$(sysctl -n debug.kprobes-optimization 2>/dev/null) && sysctl -q debug.kprobes-optimization=0
}

# Loads locktrack and the filesystem, prepares a mount point at $mnt, and that
# everything is undone at the end.
begin()
{
	ktap_print_header
	if [ "$(id -u)" -ne 0 ]; then
		skip_all "not root"
	fi
	if ! mountpoint -q /sys/kernel/debug; then
		mount -t debugfs debugfs /sys/kernel/debug || skip_all "no debugfs"
	fi
	mnt=$(mktemp -d) || exit "$KSFT_FAIL"
	trap end EXIT
	trap 'exit 1' INT TERM
	need_module locktrack
	fs_load
	settle
}

end()
{
	while umount "$mnt" 2>/dev/null; do :; done
	rmdir "$mnt"
	if [ -e "$locktrack/attach" ]; then
		detach_all
	fi
	modules_unload_all
	[ -z "$optimization" ] || sysctl -q "debug.kprobes-optimization=$optimization"
	if [ -n "$breaking" ]; then
		expect nothing
	fi
}

# settle: begins anew with nothing attached and nothing counted, by the newest edition.
settle()
{
	detach_all
	newest=$(tail -n 1 "$locktrack/edition" | cut -f 2)
	echo "$newest" > "$locktrack/edition"
	echo 1 > "$locktrack/enable"
	echo 1 > "$locktrack/reset"
}

detach_all()
{
	awk -F '\t' '$1 == "fs" { print $2 }' "$locktrack/attach" | while read -r name; do
		echo "-$name" > "$locktrack/attach"
	done
}

fs_mount()
{
	mount -t "$fstype" locktrack-test "$mnt"
}

# with_image COMMAND...: COMMAND gets a new image of ext4 as its last argument.
with_image()
{
	image=$(mktemp) && truncate -s 32M "$image" && mkfs.ext4 -q "$image" || return 1
	"$@" "$image"
	image_result=$?
	rm "$image"
	return $image_result
}

# test_ext4 NAME COMMAND...: the result of it with an image, where there is ext4.
test_ext4()
{
	ext4_name=$1
	shift
	modprobe -qa ext4 loop 2>/dev/null
	if ! command -v mkfs.ext4 > /dev/null; then
		test_skip "$ext4_name" "no mkfs.ext4"
	elif ! grep -qw ext4 /proc/filesystems; then
		test_skip "$ext4_name" "no ext4"
	else
		test_result "$ext4_name" with_image "$@"
	fi
}

# write FILE TEXT: prints why it failed, if it did.
write()
{
	printf '%s\n' "$2" | dd of="$locktrack/$1" bs=4096 2>&1 | sed -n "s/^dd: .*: //p"
}

# expect_error FILE TEXT MESSAGE
expect_error()
{
	write_error=$(write "$1" "$2")
	if [ "$write_error" != "$3" ]; then
		echo "'$2' > $1: '$write_error', not '$3'"
		return 1
	fi
}

# stat_of NAME: a value of the file stats.
stat_of()
{
	awk -F '\t' -v name="$1" '$1 == name { print $2 }' "$locktrack/stats"
}

# attached [NAME]: whether it is attached.
attached()
{
	awk -F '\t' -v name="${1:-$fstype}" '$1 == "fs" && $2 == name { found = 1 }
		END { exit !found }' "$locktrack/attach"
}

# hits CALLBACK: how often rules of this callback were looked at.
hits()
{
	awk -F '\t' -v op="inode_operations.$1" '$2 == op && $6 > n { n = $6 }
		END { print n + 0 }' "$locktrack/coverage"
}

# tested_rules: the rules that were looked at since the last reset, each that was kept and each that
# was broken. scripts/rule-tests reads that.
tested_rules()
{
	awk -F '\t' '
		/^locktrack / { split($0, header, " "); file = header[2] }
		/^#/ { next }
		file == "rules" && NF > 6 {
			rule[$1] = $2 FS $3 FS $4 FS $5 FS $6 FS $7
		}
		file == "coverage" && NF > 6 && $7 + $8 > 0 { print "rule" FS "kept" FS rule[$1] }
		file == "violations" && $1 == "rule" && $2 in rule { broken[$2] }
		END { for (id in broken) print "rule" FS "broken" FS rule[id] }' \
		"$locktrack/rules" "$locktrack/coverage" "$locktrack/violations"
}

active_edition()
{
	awk -F '\t' '$1 == "active" { print $2 }' "$locktrack/edition"
}

# All editions, the oldest first.
editions()
{
	awk -F '\t' '$1 == "edition" { print $2 }' "$locktrack/edition"
}

# in_older_editions COMMAND...: runs it by the rules of each edition that has some which neither the
# newest nor another one has; the oldest has most of them.
in_older_editions()
{
	known=$(mktemp)
	cut -f 2-7 "$locktrack/rules" > "$known"
	editions_result=0
	for edition in $(editions); do
		echo "$edition" > "$locktrack/edition"
		cut -f 2-7 "$locktrack/rules" | grep -qvxFf "$known" || continue
		cut -f 2-7 "$locktrack/rules" >> "$known"
		"$@" || editions_result=1
	done
	rm "$known"
	return "$editions_result"
}

violations()
{
	grep -c '^violation' "$locktrack/violations"
}

# Violations that Documentation/locktrack.rst has under "Findings" are counted apart.
except_known()
{
	cat "$tests/known_exceptions" > "$locktrack/exceptions"
}

# Nothing else was found.
only_known()
{
	[ "$(stat_of violations)" -eq 0 ] && return 0
	cat "$locktrack/violations"
	return 1
}

# files DIRECTORY: data, mappings, attributes and locks of a file, at least once.
files()
{
	"$tests/workload" files "$1" && cat /proc/self/mountinfo /proc/mounts > /dev/null
}

# probed CALLBACK...: whether all of them are.
probed()
{
	for callback; do
		grep -q "^probe	[^	]*	$callback	" "$locktrack/attach" || return 1
	done
}

# eventually COMMAND...: what handlers leave to a work queue takes a moment.
eventually()
{
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		"$@" && return 0
		sleep 0.2
	done
	return 1
}

# workload DIRECTORY: each operation on names and attributes at least once.
workload()
{
	"$tests/workload" names "$1"
}

count_probes()
{
	grep -c "^\(probe\|return\)	" "$locktrack/attach"
}

# learn: a workload on $mnt until locktrack has found nothing new by it.
learn()
{
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		known=$(count_probes)
		workload "$mnt" || return 1
		[ "$(count_probes)" -ne "$known" ] || return 0
	done
}

# load_start DIRECTORY: a workload there, beside what follows.
load_start()
{
	"$tests/workload" load "$1" &
	load="$load $!"
}

load_stop()
{
	# shellcheck disable=SC2086	# A list.
	kill $load
	wait
	load=
}
