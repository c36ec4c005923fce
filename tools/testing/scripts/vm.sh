#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# scripts/vm with guests. Each boot takes a while, so each has to show several things.

# The tests are called by their names, and their conditions end in a message.
# shellcheck disable=SC2317,SC2015

. "$(dirname -- "$0")/lib.sh"

# no_messages: but that QEMU had to be started again, as happens.
no_messages() {
	! grep -v '^scripts/vm: .*: booting it again$' "$tmp/err" || say_all "there are messages"
}

# The status is the one that timeout(1) has for what it had to end: here it is the command's.
output_and_status() {
	local shared=$tree/build/vm-test.$$
	mkdir -p "$tree/build"
	run "$scripts/vm" --cpus 3 --memory 1G --append samplefs_test=1 -- sh -c '
		printf "%s\n" "$@"
		nproc
		pwd
		grep -o samplefs_test=1 /proc/cmdline
		awk "/^MemTotal/ { print (\$2 < 1048576) }" /proc/meminfo
		mountpoint -q /sys/kernel/debug && echo debugfs
		id -u
		echo "$KERNEL $SAMPLEFS_BUILD"
		echo written >"$0"
		exit 124' "$shared" 'two words' "it's" '$HOME' 'a	tab' 'two
lines' 'ä' ''
	exits 124 && out_is "two words
it's
\$HOME
a	tab
two
lines
ä

3
$tree
samplefs_test=1
1
debugfs
0
stock $tree/build/stock" && no_messages &&
		{ [ "$(cat "$shared")" = written ] || say_all "the work tree was not written"; }
	local result=$?
	rm -f -- "$shared"
	return "$result"
}

# The kernel's own words in its log are enough, and count also where the command succeeds.
complaint() {
	run "$scripts/vm" --kernel test -- sh -c '
		uname -r
		echo "WARNING: possible circular locking dependency detected" >/dev/kmsg
		echo "what follows" >/dev/kmsg'
	exits 125 && out_has -samplefs-test && err_has "the guest's kernel complained" &&
		err_has 'WARNING: possible circular locking dependency detected' &&
		err_has 'what follows'
}

# What is still in the pipe dies with the guest.
panic() {
	run "$scripts/vm" -- sh -c 'echo before; sleep 2; echo c >/proc/sysrq-trigger; echo after'
	exits 125 && out_is before && err_has 'Kernel panic - not syncing: sysrq triggered crash'
}

hang() {
	run "$scripts/vm" --timeout 30 -- sleep 1000
	exits 124 && err_has 'the guest hung: it did not finish in 30 s.' && err_has 'end of its console'
}

# The directory for temporary files is another one in the managed root and in the guest, but not
# if the work tree is in it.
below_tmp() {
	local mine
	mine=$(mktemp -d /tmp/samplefs.XXXXXX)
	cp -r -- "$scripts" "$mine/scripts"
	run "$mine/scripts/vm" -- sh -c 'pwd; : >written'
	exits 0 && out_is "$mine" && { [ -e "$mine/written" ] || say_all "the work tree was not written"; }
	local result=$?
	rm -rf -- "$mine"
	return "$result"
}

# The guest has one CPU if nothing else is said, and its clock counts instructions.
icount() {
	run "$scripts/vm" --icount --verbose -- nproc
	exits 0 && out_is 1 && err_has 'Linux version 7.'
}

# Ended from outside, it takes its guest along.
terminated() {
	local mark=samplefs_mark=$$ pid i
	"$scripts/vm" --append "$mark" -- sleep 1000 >"$tmp/out" 2>"$tmp/err" &
	pid=$!
	for i in $(seq 60); do
		! pgrep -f "^/usr/bin/qemu.*$mark" >/dev/null || break
		sleep 1
	done
	[ "$i" -lt 60 ] || say_all "no guest was started" || return
	kill -TERM "$pid"
	status=0
	wait "$pid" || status=$?
	exits 130 || return
	for i in $(seq 20); do
		pgrep -f "^/usr/bin/qemu.*$mark" >/dev/null || return 0
		sleep 0.5
	done
	say_all "the guest is still there"
}

plan 7
managed "output, exit status, options, the work tree" output_and_status
managed "a complaint in the kernel's log" complaint
managed "a panic" panic
managed "a hang" hang
managed "a work tree below /tmp" below_tmp
managed "--icount, --verbose" icount
managed "ended from outside" terminated
finish
