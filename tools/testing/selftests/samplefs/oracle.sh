#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Random operations on names, attributes and data, compared with a model of POSIX: see tools/oracle.

# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

oracle=${MODULES_DIR:+$MODULES_DIR/bin/}oracle

# compare OPTIONS...: nothing differs, and nothing is left.
compare()
{
	fs_mount size=16m && before=$(stat -f -c '%f %d' "$mnt") || return 1
	"$oracle" "$@" "$mnt" >"/tmp/oracle.$$" 2>&1 || {
		cat "/tmp/oracle.$$"
		return 1
	}
	tail -n 1 "/tmp/oracle.$$"
	if [ "$(stat -f -c '%f %d' "$mnt")" != "$before" ]; then
		echo "blocks or inodes are lost"
		return 1
	fi
	umount "$mnt"
}

# A fault that is done on purpose is found.
finds()
{
	fs_mount size=16m || return 1
	"$oracle" -n 20000 --seed 1 --fault "$1" "$mnt" >"/tmp/oracle.$$" 2>&1
	status=$?
	umount "$mnt"
	[ "$status" -eq 1 ] && grep 'FAILED in' "/tmp/oracle.$$"
}

begin
command -v "$oracle" >/dev/null || skip_all "the program oracle is not there: make selftests"
ktap_set_plan 3
test_result same_operations compare --seed 1 -n 500
test_result other_operations compare -n 500
test_result finds_a_fault finds exchange-loses-directories
rm -f "/tmp/oracle.$$"
ktap_finished
