#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Random operations on files, compared with a model of them: see model.c.

# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

# model OPTIONS...: nothing differs, and nothing is left.
model()
{
	fs_mount size=16m && before=$(stat -f -c '%f %d' "$mnt") || return 1
	"$tests/model" "$@" "$mnt" || return 1
	if [ "$(stat -f -c '%f %d' "$mnt")" != "$before" ]; then
		echo "blocks or inodes are lost"
		return 1
	fi
	umount "$mnt"
}

# Stores beyond the end of a file must never be seen; but tmpfs shows them.
beyond=-e
if [ "$fstype" = tmpfs ]; then
	beyond=
fi

begin
ktap_set_plan 4
test_result same_operations model -s 1 -n 1000 $beyond
test_result other_operations model -t 8 $beyond
test_result caches_dropped model -t 8 -b $beyond
test_result stripes_at_once model -t 8 -p 4 -b
ktap_finished
