#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Made-up mount options: see fuzz_options.c. FUZZ_SECONDS (2) is for how long; with FUZZ_KEEP, what found something new is
# added to that file.

# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

# The same each time.
same_again()
{
	"$tests/fuzz_options" -s 1 -n 200 "$tests/options.corpus"
}

others()
{
	# shellcheck disable=SC2086	# Two words or none.
	"$tests/fuzz_options" $seed -t "${FUZZ_SECONDS:-2}" ${FUZZ_KEEP:+-k "$FUZZ_KEEP"} "$tests/options.corpus"
}

unloads()
{
	[ "${MODULES_LOADED#*samplefs}" = "$MODULES_LOADED" ] || { module_unload samplefs && module_load samplefs; }
}

# Without a time, they are the same each time, too: what is new is found by those who look for it.
seed=
[ "${FUZZ_SECONDS:-}" ] || seed='-s 2'

begin
[ "$fstype" = samplefs ] || skip_all "about samplefs alone"
ktap_set_plan 3
test_result same_again same_again
test_result others others
test_result unloads unloads
ktap_finished
