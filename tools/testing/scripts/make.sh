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
printf 'modules_install:\n\t@echo installs $(MO)\n' >"$kdir/Makefile"

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

install_nothing() {
	with_kdir modules_install
	exits 2 && err_has "there are no modules in $tmp/build: build them with make KDIR=$kdir"
}

# check-env would refuse this kernel.
install_built() {
	mkdir "$tmp/build"
	touch "$tmp/build/modules.order"
	with_kdir modules_install
	exits 0 && out_has "installs $tmp/build" && out_lacks missing
}

plan 4
t "with KDIR, what needs the managed environment" managed_only
t "without KDIR, what needs a kernel of one's own" kdir_only
t "modules are installed that were not built" install_nothing
t "modules are installed without building them again" install_built
finish
