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

# patiently COMMAND...: as eventually, where a program has to start on a slow machine.
patiently()
{
	eventually eventually "$@"
}

# says FILE PATTERN...: each of them is in it.
says()
{
	said=$1
	shift
	for text; do
		if ! grep -q -e "$text" "$said"; then
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
		"is called without victim->i_rwsem, which must be held exclusively" "by call_unlink+" &&
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
	expect_status 0 && says "$out" "1 by a known exception" "known: broken on purpose (this test)" ||
		return 1
	echo nonsense > "$file"
	run_tool run --fs "$fstype" --exceptions "$file" -- touch "$mnt/ran"
	expect_status 2 && says "$errors" "dmesg" && [ ! -e "$mnt/ran" ]
}

run_several()
{
	run_tool run --fs "$fstype" --fs proc -- sh -c "mkdir $mnt/a; cat /proc/mounts"
	rmdir "$mnt/a"
	expect_status 0 && says "$out" "$fstype  *inode_operations.mkdir" "proc  *file_operations.read_iter" &&
		none_attached || return 1
	# One that cannot be attached keeps none of the others.
	run_tool run --fs "$fstype" --fs nosuchfs -- touch "$mnt/ran"
	expect_status 2 && none_attached && [ ! -e "$mnt/ran" ]
}

none_attached()
{
	! grep '^fs' "$locktrack/attach"
}

# What was attached before stays, and nothing else does.
run_all()
{
	echo "$fstype" > "$locktrack/attach" || return 1
	run_tool run --fs all -- mkdir "$mnt/a"
	rmdir "$mnt/a"
	# There can be known violations of others.
	[ "$status" -le 1 ] || expect_status 0 || return 1
	says "$out" inode_operations.mkdir "$fstype" proc tmpfs || return 1
	left=$(awk -F '\t' '$1 == "fs" { print $2 }' "$locktrack/attach")
	echo -all > "$locktrack/attach"
	if [ "$left" != "$fstype" ]; then
		echo "attached afterwards: $left"
		return 1
	fi
}

# background ARGUMENT...: runs the tool in a process group of its own, as a terminal's shell does. Its pid
# is in $pid.
background()
{
	: > "$out"
	# A shell lets what it puts in the background ignore these.
	env --default-signal=INT,QUIT setsid "$tool" "$@" > "$out" 2> "$errors" < /dev/null &
	pid=$!
}

# ended_by SIGNAL NUMBER [-]: the command has ended too, and there is a report. With -, the terminal sends it to both.
ended_by()
{
	# shellcheck disable=SC2016	# The inner shell's.
	background run --fs "$fstype" -- sh -c 'echo > "$0"; exec sleep 60' "$fifo"
	if ! timeout 60 cat "$fifo"; then
		echo "it has not begun"
		return 1
	fi
	kill -s "$1" -- "$3$pid"
	wait "$pid"
	status=$?
	expect_status 3 && says "$errors" "ended by signal $2" && says "$out" "command: sh" && none_attached
}

run_ended()
{
	ended_by TERM 15 && ended_by HUP 1 && ended_by INT 2 -
}

# While it attaches, too.
run_interrupted()
{
	background run --fs all -- sleep 60
	patiently grep -q '^fs' "$locktrack/attach"
	kill -s INT -- "-$pid"
	wait "$pid"
	status=$?
	# It can have come to the command meanwhile.
	[ "$status" -eq 3 ] || expect_status 2 && says "$errors" "signal 2" && none_attached
}

# On a kernel with lockdep, answers are exact anyway.
run_exact()
{
	run_tool run --exact --fs "$fstype" -- sh -c "cat $locktrack/stats > $file"
	expect_status 0 && grep -qx 'exact	1\|query	lockdep' "$file" && [ "$(stat_of exact)" -eq 0 ] ||
		return 1
	[ "$(stat_of query)" != lockdep ] || return 0
	# What was on before stays on.
	echo 1 > "$locktrack/exact"
	run_tool run --exact --fs "$fstype" -- true
	expect_status 0 && [ "$(stat_of exact)" -eq 1 ]
	result=$?
	echo 0 > "$locktrack/exact"
	return $result
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

# lockspec ARGUMENT...: as run_tool, with what was observed.
run_lockspec()
{
	"$lockspec" "$@" "$locktrack/observed" --rules "$rules"/*.toml > "$out" 2> "$errors"
	status=$?
}

as_a_document()
{
	echo 1 > "$locktrack/reset"
	echo "$fstype" > "$locktrack/attach" && workload "$mnt" || return 1
	run_lockspec drift
	expect_status 0 && says "$out" inode_operations unlink "0 promises were not kept" || return 1
	run_lockspec table
	expect_status 0 && says "$out" "locking rules:" && grep '^unlink: .*exclusive' "$out" || return 1
	echo "unlink-victim $mnt" > "$run"
	run_lockspec drift --fs "$fstype"
	echo "-$fstype" > "$locktrack/attach"
	expect_status 1 && says "$out" "NOT KEPT, 1 of" "1 promise was not kept"
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
	echo 1 > "$locktrack/reset"
	background top --interval 0.2
	patiently test -s "$out"
	echo "unlink-victim $mnt" > "$run" && mkdir "$mnt/a" && rmdir "$mnt/a"
	patiently grep -q "inode_operations.rmdir" "$out"
	kill -s INT -- "-$pid"
	wait "$pid"
	status=$?
	echo "-$fstype" > "$locktrack/attach"
	# The callback, its calls in a second and in all, and how often it was broken.
	expect_status 0 && says "$out" "violations: 1 (1 new), 0 by known exceptions; hits lost: 0" &&
		grep "^ $fstype  *inode_operations.unlink  *[0-9.][0-9.]*  *[1-9][0-9]*  *1\$" "$out"
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
	rm -f "$out" "$errors" "$file" "$fifo"
	end
}

tool=$(command -v "${MODULES_DIR:+$MODULES_DIR/bin/}locktrack") || tool=$(command -v locktrack) || {
	ktap_print_header
	skip_all "there is no program locktrack: make tools"
}
lockspec=${MODULES_DIR:+$MODULES_DIR/bin/lockspec}
rules=${MODULES_DIR:+$MODULES_DIR/../../rules}
begin
quick_probes
need_break
out=$(mktemp) errors=$(mktemp) file=$(mktemp)
fifo=$file.fifo
trap forget EXIT
mkfifo "$fifo" || exit "$KSFT_FAIL"
fs_mount || exit "$KSFT_FAIL"
# The first time, tables are new to locktrack.
echo "$fstype" > "$locktrack/attach" && learn && echo "-$fstype" > "$locktrack/attach"
ktap_set_plan 19
test_result run_clean run_clean
test_result run_violation run_violation
test_result run_only_the_command run_only_the_command
test_result run_failure run_failure
test_result run_here run_here
test_result run_exceptions run_exceptions
test_result run_several run_several
test_result run_ended run_ended
test_result run_exact run_exact
test_result forms forms
if [ -x "$lockspec" ] && [ -d "$rules" ]; then
	test_result as_a_document as_a_document
else
	test_skip as_a_document "there is no lockspec, or no rules"
fi
test_result report_of_now report_of_now
test_result top_ends top_ends
test_result wrong_use wrong_use
if command -v setpriv > /dev/null; then
	test_result not_root not_root
else
	test_skip not_root "there is no setpriv"
fi
test_result no_debugfs no_debugfs
# From here on, reports are about all filesystems.
test_result run_all run_all
test_result run_interrupted run_interrupted
case " $MODULES_LOADED " in
*" locktrack "*)
	test_result not_loaded not_loaded
	;;
*)
	test_skip not_loaded "locktrack was loaded before"
	;;
esac
ktap_finished
