# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Programs that the guest has not: scripts/programs left them in $PROGRAMS.

# program NAME ARGUMENT...: in memory, as the tree comes from the host one message at a time. Its
# libraries are not for the shell's own programs, which have others.
program()
{
	get_program "$1"
	LD_LIBRARY_PATH="/tmp/programs/$1/lib" PATH="/tmp/programs/$1:$PATH" "$@"
}

# get_program NAME: it is in /tmp/programs/NAME then, with what came with it.
get_program()
{
	mkdir -p /tmp/programs
	[ -d "/tmp/programs/$1" ] || cp -r "$PROGRAMS/$1" "/tmp/programs/$1"
}
