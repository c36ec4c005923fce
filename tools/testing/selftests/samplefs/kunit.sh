#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The examples in the documentation of the crate vfs do what they say: KUnit runs them when
# their module is loaded.

# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

# What the kernel printed since the module was loaded.
printed()
{
	dmesg | awk '/vfs_kunit: begin/ { text = ""; next } { text = text $0 "\n" }
		END { printf "%s", text }'
}

results()
{
	printed | sed -nE 's/^\[[^]]*\] *((not )?ok [0-9]+ example_.*)/\1/p'
}

ran()
{
	results | grep -q "^ok [0-9]* $1\$" && return 0
	printed | grep -F -B 10 "$1"
	return 1
}

ktap_print_header
echo "vfs_kunit: begin" > /dev/kmsg
need_kunit
trap modules_unload_all EXIT
if ! printed | grep -q "KTAP version"; then
	skip_all "the kernel was not booted with kunit.enable=1 and kunit.autorun=1"
fi
examples=$(results | sed 's/.* //')
ktap_set_plan $(($(echo "$examples" | wc -w) + 1))
test_result examples_found [ -n "$examples" ]
for example in $examples; do
	test_result "$example" ran "$example"
done
ktap_finished
