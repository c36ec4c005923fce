#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Whole trees: the workload, and data that survives the dropping of caches.
#
# SAMPLEFS_TEST_TREE may name a directory or tar archive with a real source tree;
# without it a small one is made.

# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

made=

# Files of many sizes in nested directories, with some links.
make_tree()
{
	(
		cd "$1" || exit 1
		for dir in a b c d e f; do
			mkdir -p "$dir/$dir$dir/deep/er" "$dir/other" || exit 1
		done
		find . -mindepth 1 -type d | awk '{
			for (i = 0; i < 12; i++) {
				file = $0 "/file" i ".c"
				for (k = 0; k <= i * i; k++)
					printf "struct s%d_%d { int line_%d; };\n", NR, i, k > file
				close(file)
			}
		}' && ln -s ../a/file1.c b/to-a && ln -s no-such-file c/dangling
	)
}

workload()
{
	tree=${SAMPLEFS_TEST_TREE:-$made}
	fs_mount defaults && "$tests/workload.sh" "$mnt" "$tree" || return 1
	if [ -n "$(ls -A "$mnt")" ]; then
		echo "the workload left something behind"
		return 1
	fi
	umount "$mnt"
}

sums()
{
	find "$mnt" -type f -print0 | sort -z | xargs -0 cksum | cksum
	find "$mnt" -printf '%P %y %m %n %s %l\n' | sort | cksum
}

drop_caches()
{
	fs_mount defaults && cp -a "$made/." "$mnt" || return 1
	before=$(sums)
	for _ in 1 2 3; do
		sync
		echo 3 > /proc/sys/vm/drop_caches
		[ "$(sums)" = "$before" ] || return 1
	done
	diff -r --no-dereference "$made" "$mnt" && umount "$mnt"
}

begin
made=$(mktemp -d) || exit "$KSFT_FAIL"
trap 'rm -rf "$made"; end' EXIT
make_tree "$made" || exit "$KSFT_FAIL"

ktap_set_plan 2
test_result workload workload
if [ -w /proc/sys/vm/drop_caches ]; then
	test_result drop_caches drop_caches
else
	test_skip drop_caches "no /proc/sys/vm/drop_caches: CONFIG_SYSCTL"
fi
ktap_finished
