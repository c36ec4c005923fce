#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Whole trees: the workload, and data that survive what the kernel does to its caches.
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

# unchanged_by FILE VALUE: whether the tree is, when the value is written to this file.
unchanged_by()
{
	fs_mount defaults && cp -a "$made/." "$mnt" || return 1
	before=$(sums)
	for _ in 1 2; do
		sync
		echo "$2" > "$1" || return 1
		[ "$(sums)" = "$before" ] || return 1
	done
	diff -r --no-dereference "$made" "$mnt" && umount "$mnt"
}

# vm_test NAME VALUE: unchanged_by for a file of /proc/sys/vm.
vm_test()
{
	if [ -w "/proc/sys/vm/$1" ]; then
		test_result "$1" unchanged_by "/proc/sys/vm/$1" "$2"
	else
		test_skip "$1" "this kernel has no /proc/sys/vm/$1"
	fi
}

begin
made=$(mktemp -d) || exit "$KSFT_FAIL"
trap 'rm -rf "$made"; end' EXIT
make_tree "$made" || exit "$KSFT_FAIL"

ktap_set_plan 3
test_result workload workload
vm_test drop_caches 3
vm_test compact_memory 1
ktap_finished
