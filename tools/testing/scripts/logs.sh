#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# console-complaints and ktap-count, on logs.

# The tests are called by their names, and their conditions end in a message.
# shellcheck disable=SC2317,SC2015

. "$(dirname -- "$0")/lib.sh"

console=$tmp/console
log=$tmp/log

quiet_console() {
	cat >"$console" <<-EOF
		[    0.000000] Linux version 7.3.4+deb13-amd64
		[    0.100000] rcu: Preemptible hierarchical RCU implementation.
		[    0.200000] Lock dependency validator: Copyright (c) 2006
		[    1.000000] virtme-ng-init: WARNING: no network
		[    2.000000] samplefs: loading out-of-tree module taints kernel.
		[    3.000000] locktrack: warning of nothing, an error is not a complaint
	EOF
	run "$scripts/console-complaints" "$console"
	exits 0 && [ ! -s "$tmp/out" ] || say_all "complaints where there are none"
}

# Each line, as the kernel prints it, is a complaint by itself.
each_complaint() {
	local line
	while read -r line; do
		printf '[    1.0] before\n[    2.0] %s\r\n[    3.0] after\n' "$line" >"$console"
		run "$scripts/console-complaints" "$console"
		exits 0 && out_is "$(printf '[    2.0] %s\n[    3.0] after' "$line")" || return
	done <<-EOF
		WARNING: CPU: 1 PID: 99 at fs/namei.c:5000 vfs_unlink+0x10/0x20
		WARNING: possible circular locking dependency detected
		WARNING: possible recursive locking detected
		WARNING: suspicious RCU usage
		WARNING: bad unlock balance detected!
		BUG: kernel NULL pointer dereference, address: 0000000000000010
		BUG: sleeping function called from invalid context at kernel/locking/rwsem.c:1500
		BUG: scheduling while atomic: cat/100/0x00000002
		BUG: soft lockup - CPU#0 stuck for 26s! [cat:100]
		kernel BUG at mm/filemap.c:200!
		Oops: general protection fault, probably for non-canonical address 0xdead: 0000 [#1]
		Kernel panic - not syncing: sysrq triggered crash
		INFO: task cat:100 blocked for more than 120 seconds.
		INFO: trying to register non-static key.
		rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:
		refcount_t: underflow; use-after-free.
		DEBUG_LOCKS_WARN_ON(1)
	EOF
}

two_complaints() {
	{
		echo 'WARNING: the first'
		seq 1 60
		echo 'BUG: the second'
	} >"$console"
	run "$scripts/console-complaints" "$console"
	exits 0 && out_has 'WARNING: the first' && out_has 'BUG: the second' && out_has '--' &&
		out_has 39 && out_lacks 41
}

counts_results() {
	cat >"$log" <<-EOF
		TAP version 13
		1..2
		# timeout set to 300
		# selftests: samplefs: data
		# TAP version 13
		# 1..3
		# # Starting 3 tests from 1 test cases.
		# ok 1 data.read
		# ok 2 data.write
		# # a message: not ok 9 is no result
		# ok 3 data.mmap
		ok 1 selftests: samplefs: data
		# selftests: samplefs: module.sh
		# TAP version 13
		# 1..1
		# ok 1 loads
		ok 2 selftests: samplefs: module.sh
	EOF
	run "$scripts/ktap-count" "$log"
	exits 0 && out_is '4 0 0'
}

counts_failures() {
	cat >"$log" <<-EOF
		1..1
		# selftests: samplefs: data
		# ok 1 data.read
		# not ok 2 data.write
		# not ok 3 data.mmap
		not ok 1 selftests: samplefs: data # exit=1
	EOF
	run "$scripts/ktap-count" "$log"
	exits 0 && out_is 'failed: samplefs: data: not ok 2 data.write
failed: samplefs: data: not ok 3 data.mmap
1 2 0'
}

counts_crash() {
	cat >"$log" <<-EOF
		1..2
		# selftests: samplefs: data
		# ok 1 data.read
		# Segmentation fault
		not ok 1 selftests: samplefs: data # exit=139
		# selftests: samplefs: stress
		#
		not ok 2 selftests: samplefs: stress # TIMEOUT 300 seconds
	EOF
	run "$scripts/ktap-count" "$log"
	exits 0 && out_is 'failed: not ok 1 selftests: samplefs: data # exit=139
failed: not ok 2 selftests: samplefs: stress # TIMEOUT 300 seconds
1 2 0'
}

counts_skips() {
	cat >"$log" <<-EOF
		1..3
		# selftests: samplefs: mount.sh
		# ok 1 mounts
		# ok 2 remounts # SKIP not root
		ok 1 selftests: samplefs: mount.sh
		# selftests: samplefs: tree.sh
		# 1..0 # SKIP no module to load
		ok 2 selftests: samplefs: tree.sh # SKIP
		# selftests: locktrack: pin.sh
		ok 3 selftests: locktrack: pin.sh # SKIP
	EOF
	run "$scripts/ktap-count" "$log"
	exits 0 && out_has 'skipped: samplefs: mount.sh: ok 2 remounts # SKIP not root' &&
		out_has 'skipped: samplefs: tree.sh: 1..0 # SKIP no module to load' &&
		out_has 'skipped: locktrack: pin.sh:' &&
		[ "$(tail -n 1 "$tmp/out")" = '1 0 3' ] || say_all "not 1 0 3"
}

counts_lost_programs() {
	cat >"$log" <<-EOF
		1..3
		# selftests: samplefs: data
		# ok 1 data.read
		ok 1 selftests: samplefs: data
		# selftests: samplefs: stress
		# ok 1 stress.names
	EOF
	run "$scripts/ktap-count" "$log"
	exits 0 && out_is 'failed: 1 of 3 test programs came to an end
2 1 0'
}

counts_nothing() {
	echo 'run_kselftest.sh: not found' >"$log"
	run "$scripts/ktap-count" "$log"
	exits 0 && out_is 'failed: 0 of 0 test programs came to an end
0 1 0'
}

plan 9
t "console-complaints: nothing in a log without complaints" quiet_console
t "console-complaints: each kind of complaint" each_complaint
t "console-complaints: two complaints, with what follows each" two_complaints
t "ktap-count: results that passed" counts_results
t "ktap-count: results that failed, once each" counts_failures
t "ktap-count: a program that crashed or took too long" counts_crash
t "ktap-count: skips, each with its reason" counts_skips
t "ktap-count: programs that never ended" counts_lost_programs
t "ktap-count: no test at all" counts_nothing
finish
