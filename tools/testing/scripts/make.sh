#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# What make does with targets that are not for what it is called with. Nothing is built.

# The tests are called by their names, and their conditions end in a message.
# shellcheck disable=SC2317,SC2015

. "$(dirname -- "$0")/lib.sh"

kdir=$tmp/linux

# A kernel of one's own, as far as make looks at it here.
mkdir -p "$kdir/include/config"
echo 7.3.4-mine >"$kdir/include/config/kernel.release"

# with_kdir TARGET
with_kdir() {
	run make -C "$tree" KDIR="$kdir" BUILD="$tmp/build" "$1"
}

managed_only() {
	local target
	for target in setup check check-all check-kernels check-load check-races check-faults check-apps demo bench; do
		with_kdir "$target"
		exits 2 && err_has "$target needs the managed environment: call it without KDIR" || return
	done
}

kdir_only() {
	run make -C "$tree" modules_install
	exits 2 && err_has 'modules_install needs KDIR=/path/to/built/kernel'
}

plan 2
t "with KDIR, what needs the managed environment" managed_only
t "without KDIR, what needs a kernel of one's own" kdir_only
finish
