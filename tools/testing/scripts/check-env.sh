#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# check-env, on kernel trees made for it, and on those of the managed environment.

# The tests are called by their names, and their conditions end in a message.
# shellcheck disable=SC2317,SC2015

. "$(dirname -- "$0")/lib.sh"

kdir=$tmp/linux
rustc='rustc 1.85.1 (4eb161250 2025-03-15)'

# A kernel tree and tools that lack nothing.
complete() {
	local tool
	rm -rf -- "$kdir" "${tmp:?}/bin"
	mkdir -p "$kdir/include/config" "$kdir/rust" "${tmp:?}/bin"
	echo 7.3.4-mine >"$kdir/include/config/kernel.release"
	cat >"$kdir/.config" <<-EOF
		CONFIG_CC_VERSION_TEXT="gcc-of-the-kernel (Debian 14.2.0-19) 14.2.0"
		CONFIG_RUSTC_VERSION_TEXT="$rustc"
		CONFIG_BINDGEN_VERSION_TEXT="bindgen 0.71.1"
		CONFIG_X86_64=y
		CONFIG_MODULES=y
		CONFIG_RUST=y
		CONFIG_KPROBES=y
		CONFIG_FUNCTION_TRACER=y
		CONFIG_DEBUG_FS=y
	EOF
	echo '0x0 printk vmlinux EXPORT_SYMBOL' >"$kdir/Module.symvers"
	touch "$kdir/rust/libkernel.rmeta" "$kdir/rust/libmacros.so"
	for tool in bindgen cargo gcc-of-the-kernel; do
		printf '#!/bin/sh\necho "%s 1.0"\n' "$tool" >"$tmp/bin/$tool"
	done
	printf '#!/bin/sh\necho "%s"\n' "$rustc" >"$tmp/bin/rustc"
	chmod +x "$tmp/bin/"*
}

# check [OPTION]: check-env with those.
check() {
	run env -u CC PATH="$tmp/bin:$PATH" "$scripts/check-env" "$@" "$kdir"
}

# lacks WHAT WHY: does it fail because of that, and of nothing else?
lacks() {
	check --quiet
	exits 1 && out_has "missing  $1: " && out_has "$2" && err_has 'check-env: 1 missing' &&
		{ [ "$(wc -l <"$tmp/out")" -eq 1 ] || say_all "more than one line"; }
}

lacks_nothing() {
	complete
	check
	exits 0 && out_has 'ok       kernel 7.3.4-mine' && out_has 'ok       CONFIG_RUST=y' &&
		out_has "ok       rustc: $rustc" && out_lacks missing || return
	check --quiet
	exits 0 && [ ! -s "$tmp/out" ] || say_all "--quiet says more than what is missing"
}

no_tree() {
	complete
	rm -r -- "$kdir"
	lacks "$kdir" 'there is no such directory; KDIR names a built kernel tree'
}

not_configured() {
	complete
	rm -- "$kdir/include/config/kernel.release"
	lacks "kernel build in $kdir" "it is not configured and prepared; build it: make -C $kdir"
}

# release RELEASE: of which the complete tree is now.
release() {
	complete
	echo "$1" >"$kdir/include/config/kernel.release"
}

other_release() {
	local release what
	for release in 6.12.1 7.1.9 7.10-rc1 7.30.1 17.3; do
		case $release in
		6.* | 7.1.*) what='too old' ;;
		*) what='too new' ;;
		esac
		release "$release"
		lacks 'supported kernel' "$kdir is $release, which is $what; the code supports 7.3, 7.2" || return
	done
}

supported_release() {
	local release
	for release in 7.2.12+deb13-amd64 7.2.0 7.3.0-rc4 7.3.4-mine; do
		release "$release"
		check
		exits 0 && out_has "ok       kernel $release" && out_lacks missing || return
	done
}

# make refuses it with the reason, and builds nothing.
make_refuses() {
	local release what
	while read -r release what; do
		release "$release"
		run env PATH="$tmp/bin:$PATH" make -C "$tree" KDIR="$kdir" BUILD="$tmp/build" modules
		exits 2 && out_has "missing  supported kernel: $kdir is $release, which is $what; the code supports 7.3, 7.2" &&
			{ [ ! -e "$tmp/build" ] || say_all "something was built"; } || return
	done <<-END
		7.1.9 too old
		7.4.0-rc1 too new
	END
}

# Neither make here nor check-env has a say in what is built by the kernel's own make: Kbuild refuses it. Another series
# is said to a kernel of the managed environment.
kbuild_refuses() {
	local kdir patchlevel modules
	# shellcheck disable=SC2016 # That shell's.
	kdir=$(bash -c '. "$0/lib.sh" && kernel_paths stock && echo "$kdir"' "$scripts")
	for patchlevel in 1 4 30; do
		for modules in "$tree" "$tree/tools/testing/selftests/locktrack/test_modules"; do
			run "$scripts/enter" make -C "$kdir" M="$modules" MO="$tree/build/refused" PATCHLEVEL="$patchlevel" modules
			exits 2 && err_has "Linux 7.$patchlevel, which is not supported: build for a kernel of one of these series: 7.3 7.2" &&
				out_lacks ' [M] ' || return
		done
	done
	rm -r -- "$tree/build/refused"
}

no_option() {
	local option
	for option in X86_64 RUST MODULES KPROBES FUNCTION_TRACER DEBUG_FS; do
		complete
		sed -i "s/^CONFIG_$option=y/# CONFIG_$option is not set/" "$kdir/.config"
		lacks "CONFIG_$option" 'the kernel was built without it' || return
	done
}

realtime() {
	complete
	echo CONFIG_PREEMPT_RT=y >>"$kdir/.config"
	lacks 'kernel without CONFIG_PREEMPT_RT' 'CONFIG_LOCKTRACK=n leaves locktrack out' || return
	run env -u CC PATH="$tmp/bin:$PATH" make -C "$tree" KDIR="$kdir" CONFIG_LOCKTRACK=n check-env
	exits 0 && out_lacks missing
}

other_rustc() {
	complete
	printf '#!/bin/sh\necho "rustc 1.90.0 (1159e78c4 2025-09-14)"\n' >"$tmp/bin/rustc"
	lacks "the kernel's rustc" "this is rustc 1.90.0 (1159e78c4 2025-09-14), the kernel was built with $rustc"
}

no_metadata() {
	complete
	rm -- "$kdir/rust/libkernel.rmeta"
	lacks 'Rust metadata' 'modules_prepare makes them'
}

no_symvers() {
	complete
	: >"$kdir/Module.symvers"
	lacks "$kdir/Module.symvers" 'the kernel is prepared, but not built'
}

no_compiler() {
	complete
	rm -- "$tmp/bin/gcc-of-the-kernel"
	lacks gcc-of-the-kernel 'install the C compiler that the kernel was built with'
}

# Without tools, PATH has only what the script itself needs.
no_tools() {
	local tool
	complete
	rm -r -- "${tmp:?}/bin"
	mkdir "${tmp:?}/bin"
	for tool in bash cat cut df dirname env grep head id sed sha256sum tail tr; do
		ln -s "$(command -v "$tool")" "$tmp/bin/$tool"
	done
	run env -i PATH="$tmp/bin" HOME="$tmp" bash "$scripts/check-env" "$kdir"
	exits 1 && err_has 'check-env: 5 missing' || return
	for tool in rustc bindgen cargo make gcc-of-the-kernel; do
		out_has "missing  $tool: install" || return
	done
}

# make says the same, and builds nothing.
make_says_so() {
	complete
	rm -- "$kdir/rust/libmacros.so"
	run env PATH="$tmp/bin:$PATH" make -C "$tree" KDIR="$kdir" BUILD="$tmp/build" modules
	exits 2 && out_has 'missing  Rust metadata: ' &&
		{ [ ! -e "$tmp/build" ] || say_all "something was built"; }
}

managed_kernels() {
	local kernel
	for kernel in stock test; do
		run "$scripts/managed" "$kernel" check-env
		exits 0 && out_has 'ok       kernel 7.' && out_has 'ok       CONFIG_RUST=y' &&
			out_has 'ok       Rust metadata in ' && out_lacks missing || return
	done
}

managed_environment() {
	run "$scripts/check-env"
	exits 0 && out_has 'ok       managed root: Debian 13, rustc ' &&
		out_has 'ok       kernel stock: 7.' && out_has 'ok       kernel test: 7.' && out_lacks missing
}

no_environment() {
	run env SAMPLEFS_CACHE="$tmp/none" "$scripts/check-env"
	exits 1 && out_has 'missing  managed environment: not made yet; make it: make setup'
}

plan 17
t "nothing is missing" lacks_nothing
t "no such kernel tree" no_tree
t "a tree that was not configured" not_configured
t "a kernel that is not supported" other_release
t "kernels that are supported" supported_release
t "each option that the kernel must have" no_option
t "a kernel with PREEMPT_RT" realtime
t "another rustc than the kernel's" other_rustc
t "no Rust metadata" no_metadata
t "a kernel that was not built" no_symvers
t "no C compiler" no_compiler
t "no tools" no_tools
t "make stops with what is missing" make_says_so
t "make refuses a kernel that is too old or too new" make_refuses
managed "Kbuild refuses it, too" kbuild_refuses
managed "the managed kernels" managed_kernels
managed "the managed environment" managed_environment
t "no managed environment" no_environment
finish
