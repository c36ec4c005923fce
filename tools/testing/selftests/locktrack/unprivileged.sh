#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# What users without rights can do to locktrack while it watches them: nothing. They neither read it, nor make it grow,
# wait or say what is not so.

# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

nobody=65534
tracing=/sys/kernel/tracing

as_nobody()
{
	setpriv --reuid="$nobody" --regid="$nobody" --clear-groups --bounding-set=-all -- "$@"
}

# As root of a user namespace, where every capability counts for what is in it.
in_namespace()
{
	setpriv --reuid="$nobody" --regid="$nobody" --clear-groups -- unshare --user --map-root-user --mount -- "$@"
}

# refused COMMAND...
refused()
{
	if "$@" > /dev/null 2>&1; then
		echo "succeeded: $*"
		return 1
	fi
}

# By no way: by its name, by a descriptor that root has left open, from a namespace. Also where debugfs lets all in.
nobody_opens()
{
	mode=$(stat -c %a /sys/kernel/debug)
	mount -o remount,mode=755 /sys/kernel/debug || return 1
	result=0
	python3 - "$locktrack"/* <<-'PYTHON' || result=1
	import os, sys
	files = {name: os.open(name, os.O_RDONLY) for name in sys.argv[1:]}
	def become_nobody():
	    os.setgroups([])
	    os.setresgid(65534, 65534, 65534)
	    os.setresuid(65534, 65534, 65534)
	def enter_namespace():
	    become_nobody()
	    os.unshare(os.CLONE_NEWUSER)
	def attempts(name, fd):
	    for path in name, f"/proc/self/fd/{fd}":
	        for flags in os.O_RDONLY, os.O_WRONLY, os.O_RDWR, os.O_WRONLY | os.O_TRUNC:
	            yield f"open {path}, {flags:#x}", lambda: os.open(path, flags)
	        yield f"chmod {path}", lambda: os.chmod(path, 0o666)
	        yield f"chown {path}", lambda: os.chown(path, 65534, 65534)
	        yield f"truncate {path}", lambda: os.truncate(path, 0)
	    yield f"fchmod {name}", lambda: os.fchmod(fd, 0o666)
	    yield f"unlink {name}", lambda: os.unlink(name)
	bad = 0
	for become in become_nobody, enter_namespace:
	    if os.fork() == 0:
	        tried = 0
	        become()
	        for what, attempt in (a for item in files.items() for a in attempts(*item)):
	            tried += 1
	            try:
	                attempt()
	                print(f"{become.__name__}: {what}", flush=True)
	                bad = 1
	            except PermissionError:
	                pass
	            except OSError as error:
	                # There, 65534 is nobody.
	                if not what.startswith("chown"):
	                    raise error
	        os._exit(bad or tried < 100)
	    bad |= os.wait()[1]
	sys.exit(bad != 0)
	PYTHON
	cat "$tracing/events/locktrack/violation/enable" > /dev/null || result=1
	refused as_nobody cat "$tracing/events/locktrack/violation/enable" || result=1
	for file in /sys/module/locktrack/parameters/*; do
		refused as_nobody sh -c ': >> "$1"' sh "$file" || result=1
	done
	refused in_namespace mount -t debugfs debugfs /mnt || result=1
	refused in_namespace mount -o remount,uid=0 /sys/kernel/debug || result=1
	mount -o remount,mode="$mode" /sys/kernel/debug
	return $result
}

# Mounts of users' own come and go, and nothing of them stays.
mounts_do_not_grow()
{
	stat_of tables > "$seen"
	before=$(cat "$seen") lost=$(stat_of tables-lost)
	in_namespace sh -c '
		for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
			mount -t tmpfs "m$i" /mnt || exit 1
			echo x > /mnt/file && mv /mnt/file /mnt/other && mkdir /mnt/dir || exit 1
		done' || { echo "no mounts in a user namespace"; return 1; }
	# The first mount can show a table.
	after=$(stat_of tables)
	echo "tables: $before, then $after; memory $(stat_of memory) of $(stat_of memory-max)"
	[ $((after - before)) -le 8 ] && [ "$(stat_of tables-lost)" -eq "$lost" ] &&
		[ "$(stat_of memory)" -le "$(stat_of memory-max)" ] && [ "$(stat_of attached)" -eq 2 ]
}

# Each call is counted, or counted as lost, however many come at once.
calls_are_counted()
{
	chmod 1777 "$mnt"
	echo 1 > "$locktrack/reset"
	as_nobody python3 - "$mnt" <<-'PYTHON' || return 1
	import os, sys
	children = []
	for child in range(4):
	    pid = os.fork()
	    if pid == 0:
	        for i in range(200):
	            name = f"{sys.argv[1]}/{child}-{i}"
	            os.close(os.open(name, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
	            os.unlink(name)
	        os._exit(0)
	    children.append(pid)
	sys.exit(any(os.waitpid(pid, 0)[1] for pid in children))
	PYTHON
	echo "$(hits create) of create, $(hits unlink) of unlink, $(stat_of missed) lost"
	[ $(($(hits create) + $(stat_of missed))) -ge 800 ] && [ "$(hits create)" -le 800 ] &&
		[ $(($(hits unlink) + $(stat_of missed))) -ge 800 ] && [ "$(hits unlink)" -le 800 ]
}

# A task calls itself what it likes. That is one word in the reports, whatever is in it.
names_do_not_lie()
{
	echo 1 > "$locktrack/reset"
	for name in 'a\tb\nfs\text4' '\nviolation\t7' '\033[2Jx' 'x\nstack\tf' '\377\376' "<b>&'\"" '%%s%%n%%p'; do
		# The name of the shell that breaks the rule.
		sh -c 'printf "$1" > /proc/self/comm && echo "$2" > "$3"' sh "$name" "unlink-victim $mnt" "$run" ||
			return 1
		cat "$locktrack/violations" > "$seen"
		records=$(grep -c '^violation	' "$seen")
		if [ "$records" -ne "$(stat_of records)" ] || [ "$records" -eq 0 ]; then
			echo "$records records"
			return 1
		fi
		if LC_ALL=C grep -n '[^ -~	]' "$seen" || ! awk -F '\t' '
			$1 == "task" && (NF != 3 || $3 !~ /^[0-9]+$/) { print; bad = 1 }
			$1 == "fs" && NF != 3 { print; bad = 1 }
			$1 !~ /^(locktrack violations 1|violation|rule|when|source|fs|found|count|first|last|task|caller|via|stack|exception|)$/ {
				print; bad = 1
			}
			END { exit bad }' "$seen"; then
			return 1
		fi
		echo 1 > "$locktrack/reset"
	done
}

# Nor does the path of a directory that somebody has made.
paths_do_not_lie()
{
	odd=$mnt/$(printf 'a\nfs\text4\t1\t2')
	as_nobody mkdir "$odd" && mount -t ramfs none "$odd" && echo "$odd" > "$locktrack/attach" || return 1
	attached ext4 && result=1 || result=0
	grep '^fs' "$locktrack/attach"
	[ "$(grep -c '^fs	' "$locktrack/attach")" -eq 3 ] || result=1
	grep -c 'fs	ext4' "$locktrack/coverage" "$locktrack/observed" "$locktrack/violations" && result=1
	awk -F '\t' '!/^#/ && NR > 1 && NF != 13 { print; bad = 1 } END { exit bad }' "$locktrack/coverage" || result=1
	echo "-$odd" > "$locktrack/attach" || result=1
	umount "$odd"
	rmdir "$odd"
	return "$result"
}

# Who waits in a callback for what never comes - the other end of a FIFO, a lock - keeps nobody from anything.
waiters_do_not_stall()
{
	# Not by the function, or it would be a shell that is killed.
	setpriv --reuid="$nobody" --regid="$nobody" --clear-groups -- python3 - "$mnt" > /dev/null 2>&1 <<-'PYTHON' &
	import fcntl, os, signal, sys, threading
	os.chdir(sys.argv[1])
	threading.stack_size(65536)
	os.mkfifo("fifo", 0o600)
	lock = os.open("lock", os.O_CREAT | os.O_RDWR, 0o600)
	fcntl.flock(lock, fcntl.LOCK_EX)
	def wait_for_fifo():
	    os.open("fifo", os.O_RDONLY)
	def wait_for_lock():
	    fcntl.flock(os.open("lock", os.O_RDWR), fcntl.LOCK_EX)
	for i in range(100):
	    threading.Thread(target=wait_for_lock if i % 2 else wait_for_fifo, daemon=True).start()
	open("ready", "w").close()
	signal.pause()
	PYTHON
	waiters=$!
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12; do
		eventually test -e "$mnt/ready" && break
	done
	[ -e "$mnt/ready" ] || { echo "nobody waits"; kill "$waiters"; return 1; }
	began=$(cut -d . -f 1 /proc/uptime)
	result=0
	for file in attach coverage edition exceptions observed rules stats violations; do
		timeout 60 cat "$locktrack/$file" > /dev/null || { echo "$file"; result=1; }
	done
	for text in "-$fstype" "$fstype"; do
		timeout 60 sh -c 'echo "$1" > "$2"' sh "$text" "$locktrack/attach" || { echo "$text"; result=1; }
	done
	timeout 60 sh -c 'echo 1 > "$1"' sh "$locktrack/reset" || result=1
	timeout 120 rmmod locktrack || result=1
	echo "$(($(cut -d . -f 1 /proc/uptime) - began)) s"
	kill "$waiters"
	wait "$waiters" 2>/dev/null
	[ "$result" -ne 0 ] || insmod "$MODULES_DIR/locktrack.ko" 2>/dev/null || modprobe locktrack
	return $result
}

begin
quick_probes
need_break
command -v setpriv > /dev/null || skip_all "no setpriv"
mountpoint -q "$tracing" || mount -t tracefs tracefs "$tracing" || skip_all "no tracefs"
fs_mount && echo "$fstype" > "$locktrack/attach" && echo tmpfs > "$locktrack/attach" || exit "$KSFT_FAIL"
# So that its tables are known.
mkdir "$mnt/first" && mount -t tmpfs none "$mnt/first" && workload "$mnt/first" && umount "$mnt/first" &&
	rmdir "$mnt/first" || exit "$KSFT_FAIL"
chmod 1777 "$mnt"
seen=$(mktemp)
ktap_set_plan 6
test_result nobody_opens nobody_opens
test_result mounts_do_not_grow mounts_do_not_grow
test_result calls_are_counted calls_are_counted
test_result names_do_not_lie names_do_not_lie
test_result paths_do_not_lie paths_do_not_lie
test_result waiters_do_not_stall waiters_do_not_stall
rm "$seen"
ktap_finished
