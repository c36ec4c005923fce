#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Made-up text for the files: see fuzz_files.c. FUZZ_SECONDS (2) is for how long; with FUZZ_KEEP, what found something new
# is added to that file.

# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

# The same each time.
same_again()
{
	"$tests/fuzz_files" -s 1 -n 10 "$tests/debugfs.corpus"
}

others()
{
	# shellcheck disable=SC2086	# Two words or none.
	"$tests/fuzz_files" $seed -t "${FUZZ_SECONDS:-2}" ${FUZZ_KEEP:+-k "$FUZZ_KEEP"} "$tests/debugfs.corpus"
}

# Three at once, where nobody knows what the others do.
at_once()
{
	status=0
	runs=
	for run in 1 2 3; do
		FUZZ_FREE=1 "$tests/fuzz_files" -t "${FUZZ_SECONDS:-2}" -s "$run${FUZZ_SECONDS:+$$}" "$tests/debugfs.corpus" &
		runs="$runs $!"
	done
	for run in $runs; do
		wait "$run" || status=1
	done
	return $status
}

# What came of it all: it can be used, and it forgets.
still_works()
{
	settle
	echo 0 > "$locktrack/exact"
	echo 'locktrack exceptions 1' > "$locktrack/exceptions"
	[ "$(stat_of attached)" -eq 0 ] && [ "$(stat_of probes)" -eq 0 ] && [ "$(stat_of violations)" -eq 0 ] &&
		fs_mount && echo "$fstype" > "$locktrack/attach" && workload "$mnt" && [ "$(hits create)" -gt 0 ]
}

unloads()
{
	umount "$mnt"
	module_unload locktrack && [ ! -e "$locktrack" ] && module_load locktrack
}

# Without a time, they are the same each time, too: what is new is found by those who look for it.
seed=
[ "${FUZZ_SECONDS:-}" ] || seed='-s 2'

begin
quick_probes
ktap_set_plan 5
test_result same_again same_again
test_result others others
test_result at_once at_once
test_result still_works still_works
test_result unloads unloads
ktap_finished
