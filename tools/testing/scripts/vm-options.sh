#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# What scripts/vm says to options that make no sense. No guest is booted.

# The tests are called by their names, and their conditions end in a message.
# shellcheck disable=SC2317,SC2015

. "$(dirname -- "$0")/lib.sh"

# refused MESSAGE OPTION...: are these refused, with that?
refused() {
	local message=$1
	shift
	run "$scripts/vm" "$@"
	exits 1 && err_has "vm: $message" && [ ! -s "$tmp/out" ] || say_all "not refused: $*"
}

unknown_option() {
	refused 'unknown option --cpu' --cpu 2 -- true &&
		refused 'unknown option true' true
}

no_value() {
	local option
	for option in --kernel --cpus --memory --timeout --append --disk; do
		refused "$option needs a value" "$option" || return
	done
}

no_command() {
	refused 'no command to run in the guest' && refused 'no command to run in the guest' --icount --
}

bad_numbers() {
	local bad
	for bad in '' 0 two -1 1.5; do
		refused "'$bad' is not a positive number" --cpus "$bad" -- true &&
			refused "'$bad' is not a positive number" --timeout "$bad" -- true || return
	done
}

bad_memory() {
	local bad
	for bad in '' 0 much 2X G; do
		refused "'$bad' is not an amount of memory" --memory "$bad" -- true || return
	done
}

no_disk() {
	refused "there is no file '/none'" --disk /none -- true
}

unknown_kernel() {
	run "$scripts/vm" --kernel 6.1 -- true
	exits 1 && err_has "no kernel '6.1'"
}

help() {
	local option
	run "$scripts/vm" --help
	exits 0 && out_has 'Usage: scripts/vm [OPTIONS] -- COMMAND...' || return
	# All that it takes, and nothing else.
	for option in --kernel --cpus --memory --icount --modules --timeout --append --disk --verbose; do
		out_has "  $option" || return
	done
}

plan 8
t "an option that it does not know" unknown_option
t "an option without its value" no_value
t "no command" no_command
t "numbers that are none" bad_numbers
t "memory that is none" bad_memory
t "a disk that is not there" no_disk
t "a kernel that it does not know" unknown_kernel
t "--help" help
finish
