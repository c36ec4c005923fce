#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# locktrack's panic_on_violation, in a guest that dies of it. What does not panic - a known exception, a rule that
# is kept - is also seen by the kselftest locktrack:parameters.sh.

# The tests are called by their names, and their conditions end in a message.
# shellcheck disable=SC2317,SC2015

. "$(dirname -- "$0")/lib.sh"

modules=$tree/build/stock

# The pipe is given time: what is still in it dies with the guest.
panics() {
	run "$scripts/vm" -- sh -c '
		mkdir /tmp/mnt && mount -t tmpfs none /tmp/mnt || exit
		insmod "$0/locktrack.ko" attach=tmpfs panic_on_violation=1 && insmod "$0/locktrack_break.ko" || exit
		cd /sys/kernel/debug/locktrack
		mkdir /tmp/mnt/d && rmdir /tmp/mnt/d
		grep -c "^violation" violations
		awk "\$2 == \"inode_operations.rmdir\" && \$6 > 0 { print \"checked\"; exit }" coverage
		sleep 2
		echo "unlink-victim /tmp/mnt" >/sys/module/locktrack_break/parameters/run
		echo "it lives"' "$modules"
	exits 125 && out_is '0
checked' && err_has 'Kernel panic - not syncing: locktrack: inode_operations.unlink of tmpfs is called without victim->i_rwsem, which must be held exclusively, by call_unlink' &&
		err_has ' run_set+'
}

plan 1
name="panic_on_violation: a broken rule, and only that, ends the guest with the rule in its log"
if [ -e "$modules/locktrack.ko" ] && [ -e "$modules/locktrack_break.ko" ]; then
	managed "$name" panics
else
	skip "$name" "no modules: make selftests KERNEL=stock"
fi
finish
