#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The module proves when it is loaded that it sees locks that are not held, and does not load if
# it cannot.

# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

refuses_a_wrong_query()
{
	if module_load locktrack selftest_wrong_query=1; then
		echo "it loaded"
		module_unload locktrack
		return 1
	fi
	# ENOTSUPP, for which libc has no words.
	case $MODULE_REASON in
	*524*) ;;
	*) echo "$MODULE_REASON"; return 1 ;;
	esac
	dmesg | grep 'locktrack: ' | tail -n 1 | grep 'self-test failed.*the query says'
}

nothing_left()
{
	[ ! -e "$locktrack" ] && [ ! -d /sys/module/locktrack ]
}

loads_with_the_right_one()
{
	module_load locktrack && [ -e "$locktrack/attach" ]
}

begin
case " $MODULES_LOADED " in
*" locktrack "*) ;;
*) skip_all "locktrack was loaded before the test, which must not unload it" ;;
esac
# The last test loads it again, in a subshell: for this one it stays loaded.
rmmod locktrack || exit "$KSFT_FAIL"
ktap_set_plan 3
test_result refuses_a_wrong_query refuses_a_wrong_query
test_result nothing_left nothing_left
test_result loads_with_the_right_one loads_with_the_right_one
ktap_finished
