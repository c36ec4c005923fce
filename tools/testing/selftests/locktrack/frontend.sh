#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The front end, tools/locktrack, with a real module.

# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

# locktrack [ARGUMENT...]: its exit status is in $status, and what it wrote in $out and $errors.
run_tool()
{
	"$tool" "$@" > "$out" 2> "$errors" < /dev/null
	status=$?
}

# expect_status STATUS
expect_status()
{
	if [ "$status" -ne "$1" ]; then
		echo "exit status $status, not $1"
		cat "$out" "$errors"
		return 1
	fi
}

# says FILE TEXT...: each of them is in it.
says()
{
	said=$1
	shift
	for text in "$@"; do
		if ! grep -qF -e "$text" "$said"; then
			echo "'$text' is not in:"
			cat "$said"
			return 1
		fi
	done
}

run_clean()
{
	run_tool run --fs "$fstype" -- mkdir "$mnt/a"
	expect_status 0 && says "$out" "no violation" "command: mkdir $mnt/a" \
		inode_operations.mkdir || return 1
	[ -d "$mnt/a" ] && rmdir "$mnt/a" && ! attached "$fstype"
}

run_violation()
{
	run_tool run --fs "$fstype" -- sh -c "echo 'unlink-victim $mnt' > $run"
	expect_status 1 && says "$out" "1 violation" "inode_operations.unlink" \
		"victim->i_rwsem is not-held, not exclusive" "by call_unlink+" &&
		! attached "$fstype"
}

# Only what the command did is in the report.
run_only_the_command()
{
	echo "$fstype" > "$locktrack/attach" || return 1
	echo "unlink-victim $mnt" > "$run"
	run_tool run --fs "$fstype" -- mkdir "$mnt/a"
	rmdir "$mnt/a"
	expect_status 0 && says "$out" "no violation" || return 1
	# What was there before stays, counts and all.
	attached "$fstype" && [ "$(violations)" -ge 1 ] && echo "-$fstype" > "$locktrack/attach"
}

run_failure()
{
	run_tool run --fs "$fstype" -- sh -c 'exit 7'
	expect_status 3 && says "$errors" "exit status 7" && ! attached "$fstype" || return 1
	run_tool run --fs "$fstype" -- sh -c 'kill -9 $$'
	expect_status 3 && says "$errors" "signal 9" || return 1
	run_tool run --fs "$fstype" -- sh -c "echo 'unlink-victim $mnt' > $run; exit 7"
	expect_status 1 && says "$errors" "exit status 7" || return 1
	run_tool run --fs "$fstype" -- /no/such/program
	expect_status 2 && says "$errors" "cannot run /no/such/program" && ! attached "$fstype"
}

run_here()
{
	( cd "$mnt" && run_tool run -- mkdir a && expect_status 0 &&
		says "$out" "inode_operations.mkdir" ) || return 1
	rmdir "$mnt/a" && ! attached "$fstype"
}

run_exceptions()
{
	printf 'inode_operations.unlink\tvictim\ti_rwsem\texclusive\tcall_unlink\tbroken on purpose\tthis test\n' > "$file"
	run_tool run --fs "$fstype" --exceptions "$file" -- sh -c "echo 'unlink-victim $mnt' > $run"
	echo > "$locktrack/exceptions"
	expect_status 0 && says "$out" "1 by known exceptions" "known: broken on purpose (this test)" ||
		return 1
	echo nonsense > "$file"
	run_tool run --fs "$fstype" --exceptions "$file" -- touch "$mnt/ran"
	expect_status 2 && says "$errors" "dmesg" && [ ! -e "$mnt/ran" ]
}

forms()
{
	echo 1 > "$locktrack/reset"
	run_tool run --fs "$fstype" --format json --output "$file" -- sh -c "echo 'unlink-victim $mnt' > $run"
	expect_status 1 || return 1
	run_tool report --from "$file"
	expect_status 1 && says "$out" "1 violation" "by call_unlink+" || return 1
	run_tool report --from "$file" --format html
	expect_status 1 && says "$out" "<!DOCTYPE html>" "href=\"#inode_operations-$fstype\"" \
		"id=\"inode_operations-$fstype\"" "call_unlink+" || return 1
	run_tool diff "$file" "$file"
	expect_status 0 && says "$out" "0 new violations"
}

report_of_now()
{
	echo "$fstype" > "$locktrack/attach" && mkdir "$mnt/a" && rmdir "$mnt/a" || return 1
	echo 1 > "$locktrack/reset"
	mkdir "$mnt/a" && rmdir "$mnt/a"
	run_tool report
	echo "-$fstype" > "$locktrack/attach"
	expect_status 0 && says "$out" "Linux $(uname -r)" "no violation" "inode_operations.rmdir"
}

top_ends()
{
	echo "$fstype" > "$locktrack/attach" || return 1
	run_tool top --interval 0.2 --count 2
	expect_status 0 && says "$out" "attached: $fstype" || return 1
	: > "$out"
	"$tool" top --interval 0.2 >> "$out" 2> "$errors" < /dev/null &
	# Before it has begun, a shell's child in the background ignores an interrupt.
	eventually test -s "$out"
	kill -INT $!
	wait $!
	status=$?
	echo "-$fstype" > "$locktrack/attach"
	expect_status 0
}

# advises TEXT ARGUMENT...: fails with it.
advises()
{
	text=$1
	shift
	run_tool "$@"
	expect_status 2 && says "$errors" "$text"
}

wrong_use()
{
	advises "/proc/filesystems" run --fs nosuchfs -- true || return 1
	advises "is the directory the right one?" --dir /nowhere report
}

not_root()
{
	setpriv --reuid 65534 --regid 65534 --clear-groups "$tool" report > "$out" 2> "$errors"
	status=$?
	expect_status 2 && says "$errors" "only root may use locktrack"
}

not_loaded()
{
	module_unload locktrack || return 1
	advises "modprobe locktrack" report
	result=$?
	module_load locktrack && return $result
}

# Also where the module is loaded.
no_debugfs()
{
	unshare --mount sh -c "
		while umount /sys/kernel/debug/tracing || umount -l /sys/kernel/debug; do :; done 2> /dev/null
		'$tool' report" > "$out" 2> "$errors"
	status=$?
	expect_status 2 && says "$errors" "mount -t debugfs"
}

forget()
{
	rm -f "$out" "$errors" "$file"
	end
}

tool=$(command -v "${MODULES_DIR:+$MODULES_DIR/bin/}locktrack") || tool=$(command -v locktrack) || {
	ktap_print_header
	skip_all "there is no program locktrack: make tools"
}
begin
quick_probes
need_break
out=$(mktemp) errors=$(mktemp) file=$(mktemp)
trap forget EXIT
fs_mount || exit "$KSFT_FAIL"
# The first time, tables are new to locktrack.
echo "$fstype" > "$locktrack/attach" && workload "$mnt" && echo "-$fstype" > "$locktrack/attach"
ktap_set_plan 13
test_result run_clean run_clean
test_result run_violation run_violation
test_result run_only_the_command run_only_the_command
test_result run_failure run_failure
test_result run_here run_here
test_result run_exceptions run_exceptions
test_result forms forms
test_result report_of_now report_of_now
test_result top_ends top_ends
test_result wrong_use wrong_use
if command -v setpriv > /dev/null; then
	test_result not_root not_root
else
	test_skip not_root "there is no setpriv"
fi
test_result no_debugfs no_debugfs
case " $MODULES_LOADED " in
*" locktrack "*)
	test_result not_loaded not_loaded
	;;
*)
	test_skip not_loaded "locktrack was loaded before"
	;;
esac
ktap_finished
