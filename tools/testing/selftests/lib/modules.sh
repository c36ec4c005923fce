# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Loads and unloads the modules under test. Sourced by the shell tests.
#
# MODULES_DIR names a directory with the .ko files; without it modprobe finds
# them. A module that was loaded before is used and stays loaded.

# Why the last module_load failed, for the test that called it.
MODULE_REASON=
# What module_load loaded, last first.
MODULES_LOADED=

# module_load NAME [PARAMETER=VALUE...]: 0, or 1 with the reason in MODULE_REASON.
# shellcheck disable=SC2034	# MODULE_REASON is for the caller
module_load()
{
	module_name=$1
	shift
	MODULE_REASON=

	if [ -d "/sys/module/$module_name" ]; then
		return 0
	fi
	if [ "$(id -u)" -ne 0 ]; then
		MODULE_REASON="cannot load $module_name: not root"
		return 1
	fi
	if [ -n "$MODULES_DIR" ]; then
		MODULE_REASON=$(insmod "$MODULES_DIR/$module_name.ko" "$@" 2>&1) || return 1
	else
		MODULE_REASON=$(modprobe "$module_name" "$@" 2>&1) || return 1
	fi
	MODULES_LOADED="$module_name $MODULES_LOADED"
}

# module_unload NAME: fails, and says why, if the module is in use.
module_unload()
{
	rmmod "$1" || return 1
	module_list=
	for module_name in $MODULES_LOADED; do
		[ "$module_name" = "$1" ] || module_list="$module_list $module_name"
	done
	MODULES_LOADED=$module_list
}

# Unloads what module_load loaded.
modules_unload_all()
{
	for module_name in $MODULES_LOADED; do
		module_unload "$module_name" || return 1
	done
}
