# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# What the shell tests of samplefs share. A test calls begin first.

tests=$(cd "$(dirname "$0")" && pwd)
# The runner stands beside the suites where they are installed.
# shellcheck source=/dev/null
. "${KSELFTEST:-$tests/..}/kselftest/ktap_helpers.sh"
# shellcheck source=../lib/modules.sh
. "$tests/../lib/modules.sh"
# shellcheck source=../lib/results.sh
. "$tests/../lib/results.sh"

# SAMPLEFS_TEST_FSTYPE runs the same tests on another filesystem: see testfs.h.
fstype=${SAMPLEFS_TEST_FSTYPE:-samplefs}
mnt=

# Prepares a mount point at $mnt, and that everything is undone at the end.
# Skips the whole test, with the reason, where the filesystem cannot be had.
begin()
{
	ktap_print_header
	if [ "$(id -u)" -ne 0 ]; then
		skip_all "not root"
	fi
	fs_load
	mnt=$(mktemp -d) || exit "$KSFT_FAIL"
	trap end EXIT
	trap 'exit 1' INT TERM
}

end()
{
	while umount "$mnt" 2>/dev/null; do :; done
	rmdir "$mnt"
	modules_unload_all
}

# fs_mount OPTIONS
fs_mount()
{
	mount -t "$fstype" -o "$1" samplefs-test "$mnt"
}

# Loads the module with what KUnit runs, or skips the whole test.
need_kunit()
{
	[ -d /sys/module/kunit ] || skip_all "the kernel has no KUnit (CONFIG_KUNIT)"
	need_module vfs_kunit
}
