#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# console-complaints, ktap-count, results.sh and race-table, on logs.

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
		[    4.000000] kasan: KernelAddressSanitizer initialized (generic)
		[    5.000000] kcsan: enabled early
		[    6.000000] kmemleak: Kernel memory leak detector initialized (mem pool available: 15660)
		[    7.000000] kobject: kobject_add_internal failed for 0:65 (error: -12 parent: samplefs)
	EOF
	run "$scripts/console-complaints" "$console"
	exits 0 && [ ! -s "$tmp/out" ] || say_all "complaints where there are none"
}

wanted_without_kmemleak() {
	cat >"$console" <<-EOF
		[    0.000000] Command line: virtme.guestname=samplefs kmemleak=off init=/init
		[    0.000000] kmemleak: Kernel memory leak detector disabled
		[    9.000000] kmemleak: detector disabled
	EOF
	run "$scripts/console-complaints" "$console"
	exits 0 && [ ! -s "$tmp/out" ] || say_all "complaints about what was asked for"
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
		BUG: KASAN: slab-use-after-free in misuse_init+0x10/0x20 [misuse]
		BUG: KCSAN: data-race in one / another
		UBSAN: shift-out-of-bounds in fs/inode.c:200:10
		kmemleak: 1 new suspected memory leaks (see /sys/kernel/debug/kmemleak)
		kmemleak: Kernel memory leak detector disabled
		sysfs: cannot create duplicate filename '/fs/samplefs/0:65'
		kobject: kobject_add_internal failed for 0:65 with -EEXIST, don't try to register things with the same name in the same directory.
		kobject: kobject_add_internal failed for 0:65 (error: -2 parent: samplefs)
		kcsan: setup_watchpoints: 0
		kobject: kobject (00000000a0b1c2d3): tried to init an initialized object, something is seriously wrong.
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

# How many stale frames are in its stack is not known: the log of a panic is whole.
panics() {
	{
		echo 'WARNING: the first'
		seq -f 'old %g' 1 60
		echo 'Kernel panic - not syncing: the second'
		seq 101 200
		echo 'WARNING: the last'
		seq 201 240
	} >"$console"
	run "$scripts/console-complaints" "$console"
	exits 0 && out_lacks 'old 41' && out_has 101 && out_has 200 && out_has 240
}

# race FRAME CALLER: a report of a read there, and of a write elsewhere.
race() {
	cat <<-EOF
		[    1.0] ==================================================================
		[    1.0] BUG: KCSAN: data-race in one+0x1/0x2 / another
		[    1.0] 
		[    1.0] write to 0xffff888000010000 of 8 bytes by task 487 on cpu 0:
		[    1.0]  one+0x1/0x2
		[    1.0]  vfs_write+0x1/0x2
		[    1.0]  _RNvCs8samplefs_init+0x1/0x2 [samplefs]
		[    1.0] 
		[    1.0] read to 0xffff888000010000 of 8 bytes by task 488 on cpu 1:
		[    1.0]  another+0x1/0x2$1
		[    1.0]  caller+0x1/0x2$2
		[    1.0]  ksys_read+0x1/0x2
		[    1.0] 
		[    1.0] Reported by Kernel Concurrency Sanitizer on:
		[    1.0] CPU: 1 PID: 488 Comm: cat
	EOF
}

races() {
	race '' '' >"$console"
	race '' '' >>"$console"
	run "$scripts/console-complaints" "$console"
	[ ! -s "$tmp/out" ] || say_all "complaints of the kernel's own races" || return
	exits 0 && err_has '2 reports of data races in the kernel, outside of modules:' &&
		err_has '     2 data-race in one / another' || return
	race ' [samplefs]' '' >"$console"
	run "$scripts/console-complaints" "$console"
	exits 0 && out_has 'BUG: KCSAN: data-race in one' && out_has '_init+0x1/0x2 [samplefs]' &&
		out_lacks 'CPU: 1' || return
	race '' ' [samplefs]' >"$console"
	run "$scripts/console-complaints" "$console"
	exits 0 && out_has 'BUG: KCSAN: data-race in one' || return
	# What interrupts a report, and a report that is cut.
	{
		race '' '' | head -n 5
		echo 'WARNING: something else'
		race '' '' | tail -n +6
		race '' '' | head -n 5
	} >"$console"
	run "$scripts/console-complaints" "$console"
	exits 0 && out_has 'WARNING: something else' &&
		[ "$(grep -c 'BUG: KCSAN' "$tmp/out")" -eq 2 ] || say_all "not two races"
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

# A failure in the middle of a long log is shown, not only the log's end.
shows_failures() {
	{
		printf '# ok %d before\n# # of before\n' 1
		printf '# not ok %d this\n# # of this\n' 2
		for i in {3..50}; do
			printf '# ok %d after\n# # of after\n' "$i"
		done
	} >"$log"
	run bash -c 'set -eu; . "$0/results.sh"; logs=; log=$1; took=1; result suite 49 1 0' "$scripts" "$log"
	exits 0 && out_has 'not ok - suite (1 failed, 1 s)' && out_has '# not ok 2 this' && out_has '# # of this' &&
		out_has '# ok 50 after' && ! grep -q 'of before\|ok 3 ' "$tmp/out" || say_all "not what failed, and the end"
}

# What a program with the kernel's harness said of a failure is before its result.
shows_failures_of_harness() {
	{
		for i in {1..50}; do
			printf '# #  RUN           suite.test%d ...\n' "$i"
			[ "$i" -ne 2 ] || printf '# # suite.c:7:test2:Expected 1 (1) == 2 (2)\n# #          FAIL  suite.test2\n# not '
			[ "$i" -eq 2 ] || printf '# #            OK  suite.test%d\n# ' "$i"
			printf 'ok %d suite.test%d\n' "$i" "$i"
		done
	} >"$log"
	run bash -c 'set -eu; . "$0/results.sh"; logs=; log=$1; took=1; result suite 49 1 0' "$scripts" "$log"
	exits 0 && out_has '# not ok 2 suite.test2' && out_has 'suite.c:7:test2:Expected' &&
		! grep -q 'OK  suite.test1$\|RUN  *suite.test3 ' "$tmp/out" || say_all "not what failed"
}

# What KCSAN has counted is no complaint, and is shown.
kcsan_counts() {
	printf '[    9.0] kcsan: %s\r\n' 'enabled: 1' 'used_watchpoints: 0' 'setup_watchpoints: 50' 'data_races: 0' >"$console"
	run "$scripts/console-complaints" "$console"
	[ ! -s "$tmp/out" ] || say_all "complaints about counts" || return
	exits 0 && err_has 'kcsan: setup_watchpoints: 50' && err_has 'kcsan: data_races: 0' || return
	printf '[    9.0] kcsan: %s\r\n' 'setup_watchpoints: 0' 'data_races: 0' >"$console"
	run "$scripts/console-complaints" "$console"
	exits 0 && out_has 'kcsan: setup_watchpoints: 0'
}

# race_result NAME RESULT: what the test says, and with it how many rounds if it was not skipped.
race_result() {
	case $2 in
	*SKIP*) ;;
	*) echo "# race $1: 500 rounds, the slowest of 3 processes 20, 0.1 s" ;;
	esac
	echo "${2%% #*} 1 race.$1${2#"${2%% #*}"}"
}

# races_said ONE OTHER: the logs, with these results of a test with two CPUs and with four.
races_said() {
	mkdir -p "$tmp/races"
	{
		race_result always 'not ok'
		race_result some 'not ok'
	} >"$tmp/races/planted-2.log"
	{
		race_result always ok
		race_result some "$1"
	} >"$tmp/races/real-2.log"
	{
		race_result always ok
		race_result some "$2"
	} >"$tmp/races/real-4.log"
}

races_table() {
	local both=("$tmp/races/planted-2.log" "$tmp/races/real-2.log" "$tmp/races/real-4.log")
	races_said ok ok
	run "$scripts/race-table" named=0 "${both[@]}"
	exits 0 && out_has '500 20 ok' && out_has found && out_has '2 tests, 0 results that should not be' || return
	races_said ok 'not ok'
	run "$scripts/race-table" named=0 "${both[@]}"
	exits 1 && out_has '500 20 FAIL' && out_has '2 tests, 1 results' || return
	# One that ends without a result; and a fault that is not found.
	sed -i '$d' "$tmp/races/real-4.log"
	sed -i 's/^not ok/ok/' "$tmp/races/planted-2.log"
	run "$scripts/race-table" named=0 "${both[@]}"
	exits 1 && out_has '500 20 NONE' && out_has 'NOT FOUND' && out_has '2 tests, 3 results'
}

# One that is skipped everywhere says its name only in its result.
races_skipped() {
	local logs=("$tmp/races/real-2.log" "$tmp/races/real-4.log")
	races_said 'ok # SKIP no quotas' 'ok # SKIP no quotas'
	run "$scripts/race-table" named=0 "${logs[@]}"
	exits 1 && out_has skip && out_has '2 tests, 2 results that should not be' || return
	run "$scripts/race-table" named=1 "${logs[@]}"
	exits 0 && out_has skip && out_has '2 tests, 0 results that should not be' || return
	races_said ok ok
	echo '1..0 # SKIP not root' >>"$tmp/races/real-4.log"
	run "$scripts/race-table" named=0 "${logs[@]}"
	exits 1 && out_has 'real-4: 1..0 # SKIP not root'
}

plan 17
t "console-complaints: nothing in a log without complaints" quiet_console
t "console-complaints: without kmemleak, as was asked for" wanted_without_kmemleak
t "console-complaints: each kind of complaint" each_complaint
t "console-complaints: two complaints, with what follows each" two_complaints
t "console-complaints: all that follows a panic" panics
t "console-complaints: data races, of modules and of others" races
t "console-complaints: what KCSAN has counted" kcsan_counts
t "ktap-count: results that passed" counts_results
t "ktap-count: results that failed, once each" counts_failures
t "ktap-count: a program that crashed or took too long" counts_crash
t "ktap-count: skips, each with its reason" counts_skips
t "ktap-count: programs that never ended" counts_lost_programs
t "ktap-count: no test at all" counts_nothing
t "results.sh: what failed is shown, wherever the log has it" shows_failures
t "results.sh: what the kernel's harness said of it, too" shows_failures_of_harness
t "race-table: what should not be" races_table
t "race-table: skips, where nobody named the tests" races_skipped
finish
