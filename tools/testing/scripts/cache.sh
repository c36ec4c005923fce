#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# setup, enter and remove-cache, where the cache is not as they want it.

# The tests are called by their names, and their conditions end in a message.
# shellcheck disable=SC2317,SC2015

. "$(dirname -- "$0")/lib.sh"

export SAMPLEFS_CACHE=$tmp/cache

unknown_kernel() {
	run "$scripts/setup" stock 6.1
	exits 1 && err_has "setup: no kernel '6.1'" && err_has 'usage: scripts/setup' &&
		{ [ ! -e "$SAMPLEFS_CACHE" ] || say_all "it made a cache directory"; }
}

cannot_make_cache() {
	touch "$tmp/file"
	SAMPLEFS_CACHE=$tmp/file/cache run "$scripts/setup"
	exits 1 && err_has "setup: cannot make the cache directory $tmp/file/cache" &&
		err_has 'set SAMPLEFS_CACHE to a directory that you may write'
}

relative_cache() {
	cd "$tmp" || return
	SAMPLEFS_CACHE=cache run "$scripts/setup"
	exits 1 && err_has "SAMPLEFS_CACHE is 'cache', which is not an absolute path" &&
		{ [ ! -e "$tmp/cache" ] || say_all "it made a cache directory"; }
}

# Nobody listens at port 9: as without a network, and at once.
no_network() {
	local left
	SAMPLEFS_MIRROR=http://127.0.0.1:9/debian run "$scripts/setup"
	exits 1 && err_has 'setup: failed: make a Debian 13 root' &&
		err_has 'command: mmdebstrap' && err_has "log: $SAMPLEFS_CACHE/log/" || return
	left=$(cd "$SAMPLEFS_CACHE" && echo *)
	[ "$left" = 'lock log' ] || say_all "there is: $left"
}

enter_nothing() {
	SAMPLEFS_CACHE=$tmp/none run "$scripts/enter" true
	exits 1 && err_has "enter: there is no managed environment in $tmp/none" &&
		err_has 'make it: make setup' || return
	run "$scripts/enter"
	exits 1 && err_has 'usage: scripts/enter COMMAND...'
}

remove_not_ours() {
	mkdir -p "$tmp/mine"
	touch "$tmp/mine/letter"
	SAMPLEFS_CACHE=$tmp/mine run "$scripts/remove-cache"
	exits 1 && err_has "remove-cache: $tmp/mine was not made by the set-up" &&
		{ [ -e "$tmp/mine/letter" ] || say_all "it removed a file"; }
}

remove_ours() {
	mkdir -p "$tmp/ours/root/usr" "$tmp/ours/done"
	touch "$tmp/ours/lock" "$tmp/ours/root/usr/file"
	SAMPLEFS_CACHE=$tmp/ours run "$scripts/remove-cache"
	exits 0 && { [ ! -e "$tmp/ours" ] || say_all "it is still there"; } || return
	# Nothing to remove is no error.
	SAMPLEFS_CACHE=$tmp/ours run "$scripts/remove-cache"
	exits 0
}

# What leaked into a managed root must not be removed with it.
remove_mounted() {
	mkdir -p "$tmp/ours/root/work" "$tmp/host"
	touch "$tmp/ours/lock" "$tmp/host/file"
	SAMPLEFS_CACHE=$tmp/ours run unshare --mount sh -c 'mount --bind "$1" "$2" && exec "$0"' \
		"$scripts/remove-cache" "$tmp/host" "$tmp/ours/root/work"
	exits 1 && err_has "$tmp/ours/root/work is a mount point inside it" &&
		{ [ -e "$tmp/host/file" ] || say_all "the host's file is gone"; }
}

plan 8
t "setup: a kernel that it does not know" unknown_kernel
t "setup: a cache that cannot be made" cannot_make_cache
t "setup: a cache that is not an absolute path" relative_cache
if command -v mmdebstrap >/dev/null; then
	t "setup: no network leaves no half of an environment" no_network
else
	skip "setup: no network leaves no half of an environment" "no mmdebstrap"
fi
t "enter: no environment, no command" enter_nothing
t "remove-cache: not a directory that the set-up did not make" remove_not_ours
t "remove-cache: all that the set-up made" remove_ours
if [ "$(id -u)" -eq 0 ]; then
	t "remove-cache: nothing that is mounted there" remove_mounted
else
	skip "remove-cache: nothing that is mounted there" "not root"
fi
finish
