#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Bad input gets the right error, a line in the log that says what to do, and changes nothing.

# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

# logged TEXT: whether the last message of locktrack has it.
logged()
{
	last=$(dmesg | grep 'locktrack: ' | tail -n 1)
	case $last in
	*"$1"*) ;;
	*) echo "log: $last"; return 1 ;;
	esac
}

unknown_filesystem()
{
	expect_error attach nosuchfs "No such device" && logged "/proc/filesystems" &&
		! attached nosuchfs && ! grep -qw nosuchfs /proc/filesystems
}

# A module of that name would be found by modprobe, but is not loaded.
no_autoload()
{
	helper=$(cat /proc/sys/kernel/modprobe 2>/dev/null) || return 0
	ran=$(mktemp)
	trap_script=$(mktemp)
	printf '#!/bin/sh\necho "$@" > %s\n' "$ran" > "$trap_script"
	chmod 700 "$trap_script"
	echo "$trap_script" > /proc/sys/kernel/modprobe
	expect_error attach nosuchfs "No such device"
	result=$?
	echo "$helper" > /proc/sys/kernel/modprobe
	if [ -s "$ran" ]; then
		echo "the kernel ran modprobe: $(cat "$ran")"
		result=1
	fi
	rm "$ran" "$trap_script"
	return $result
}

# Nobody else must meet a filesystem that is only asked for.
not_registered()
{
	tracing=/sys/kernel/tracing
	[ -d "$tracing/events" ] || mount -t tracefs tracefs "$tracing" || return 1
	echo 'p:locktrack_test/register register_filesystem' >> "$tracing/kprobe_events" || return 1
	event=$tracing/events/locktrack_test/register
	echo 1 > "$event/enable"
	expect_error attach nosuchfs "No such device"
	result=$?
	echo 0 > "$event/enable"
	hits=$(awk '$1 == "locktrack_test/register" || $1 == "register" { print $2 }' "$tracing/kprobe_profile")
	echo '-:locktrack_test/register' >> "$tracing/kprobe_events"
	echo "$hits filesystems registered"
	[ "$hits" = 0 ] && return $result
}

no_name()
{
	for text in "" "-" "two words" "a/b" 7: :0 7:x 4096:0 "ext4.sub" "$(printf 'x\001')"; do
		expect_error attach "$text" "Invalid argument" && logged "names nothing" ||
			return 1
	done
}

too_long()
{
	long=$(mktemp)
	printf '%05000d\n' 0 > "$long"
	dd if="$long" of="$locktrack/attach" bs=8192 2>&1 | grep "Invalid argument" && logged "at most 4097 bytes"
	result=$?
	rm "$long"
	return $result
}

long_path()
{
	mount -t tmpfs locktrack-test "$mnt" || return 1
	long=$mnt/$(printf '%0250d/%0250d' 0 0)
	mkdir -p "$long" && write attach "$long" && attached "$long" && write attach "-$long" && ! attached "$long"
	result=$?
	umount "$mnt"
	return $result
}

not_attached()
{
	expect_error attach -proc "No such file or directory" && logged "not attached"
}

bad_enable()
{
	for text in 2 on ""; do
		expect_error enable "$text" "Invalid argument" && logged "write 1" || return 1
	done
	[ "$(sed -n 2p "$locktrack/enable")" = 1 ]
}

bad_reset()
{
	expect_error reset 0 "Invalid argument" && logged "write 1"
}

begin
ktap_set_plan 9
test_result unknown_filesystem unknown_filesystem
test_result no_autoload no_autoload
test_result not_registered not_registered
test_result no_name no_name
test_result too_long too_long
test_result long_path long_path
test_result not_attached not_attached
test_result bad_enable bad_enable
test_result bad_reset bad_reset
ktap_finished
