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

# need_module NAME [PARAMETER=VALUE...]: skips the whole test where there is no such module. One that does not
# load fails it.
need_module()
{
	module_load "$@" && return
	if [ "$(id -u)" -ne 0 ]; then
		skip_all "$MODULE_REASON"
	elif [ -n "$MODULES_DIR" ]; then
		[ -e "$MODULES_DIR/$1.ko" ] || skip_all "there is no $1.ko in MODULES_DIR"
	else
		modinfo "$1" > /dev/null 2>&1 || skip_all "$MODULE_REASON"
	fi
	echo "# $1 does not load: $MODULE_REASON"
	dmesg | tail -n 5 | sed 's/^/# /'
	exit "$KSFT_FAIL"
}

# Loads the filesystem that the test is for, $fstype, if it is one of this tree.
fs_load()
{
	if [ "${fstype:?}" = samplefs ]; then
		need_module samplefs
	fi
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
