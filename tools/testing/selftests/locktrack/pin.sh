#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The module of an attached filesystem stays until it is detached.

# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

stays_while_attached()
{
	echo "$fstype" > "$locktrack/attach" || return 1
	if rmmod "$fstype" 2>/dev/null; then
		echo "rmmod succeeded"
		return 1
	fi
	fs_mount && workload "$mnt" && umount "$mnt" || return 1
	if rmmod "$fstype" 2>/dev/null; then
		echo "rmmod succeeded after a mount"
		return 1
	fi
}

goes_after_detach()
{
	echo "-$fstype" > "$locktrack/attach" && module_unload "$fstype"
}

comes_back()
{
	module_load "$fstype" && echo "$fstype" > "$locktrack/attach" && fs_mount &&
		eventually grep -q '^probe' "$locktrack/attach" && workload "$mnt" &&
		[ "$(hits mkdir)" -gt 0 ] && umount "$mnt"
}

failed_attach_pins_nothing()
{
	expect_error attach "$fstype" "File exists" && echo "-$fstype" > "$locktrack/attach" &&
		module_unload "$fstype" && module_load "$fstype"
}

begin
case " $MODULES_LOADED " in
*" $fstype "*) ;;
*) skip_all "$fstype is no module, or was loaded before the test" ;;
esac
ktap_set_plan 4
test_result stays_while_attached stays_while_attached
test_result goes_after_detach goes_after_detach
test_result comes_back comes_back
test_result failed_attach_pins_nothing failed_attach_pins_nothing
ktap_finished
