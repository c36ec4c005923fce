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
	return "$result"
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
	before=$(stat_of missed)
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
	lost=$(($(stat_of missed) - before))
	echo "$(hits create) of create, $(hits unlink) of unlink, $lost lost"
	result=0
	for callback in create unlink; do
		hits=$(hits $callback)
		[ "$hits" -ge 400 ] && [ "$hits" -le 800 ] && [ $((hits + lost)) -ge 800 ] || result=1
	done
	return "$result"
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

# in_trace_and_log DIRECTORY: what is said of a broken rule there is one line in the trace, and one in the log.
in_trace_and_log()
{
	echo > "$tracing/trace"
	echo 1 > "$tracing/events/locktrack/violation/enable"
	echo 1 > /sys/module/locktrack/parameters/warn_on_violation
	expect locktrack_violation
	echo "unlink-victim $1" > "$run"
	echo 0 > /sys/module/locktrack/parameters/warn_on_violation
	expect _assert_
	echo 0 > "$tracing/events/locktrack/violation/enable"
	said=0
	grep -F 'fs=/tmp' "$tracing/trace" | grep -F '\x0afs\x09ext4' || said=1
	dmesg | grep '^\[[^]]*\] fs.*ext4' && said=1
	grep '^fs	ext4' "$tracing/trace" && said=1
	return $said
}

# Nor does the path of a directory that somebody has made.
paths_do_not_lie()
{
	odd=$mnt/$(printf 'a\nfs\text4\t1\t2')
	as_nobody mkdir "$odd" && mount -t ramfs none "$odd" && echo "$odd" > "$locktrack/attach" || return 1
	attached ext4 && result=1 || result=0
	in_trace_and_log "$odd" || result=1
	grep '^fs' "$locktrack/attach"
	[ "$(grep -c '^fs	' "$locktrack/attach")" -eq 3 ] || result=1
	grep -c 'fs	ext4' "$locktrack/coverage" "$locktrack/observed" "$locktrack/violations" && result=1
	awk -F '\t' '!/^#/ && NR > 1 && NF != 13 { print; bad = 1 } END { exit bad }' "$locktrack/coverage" || result=1
	echo "-$odd" > "$locktrack/attach" || result=1
	umount "$odd"
	rmdir "$odd"
	return "$result"
}

# in_time COMMAND...: it ends before whoever waits for a user would. timeout(1) ends what a signal can end.
in_time()
{
	timeout "${limit:-60}" "$@" > /dev/null && return 0
	echo "not in ${limit:-60} s, or failed: $*"
	return 1
}

# put FILE TEXT: writes it to a file of locktrack.
put()
{
	in_time sh -c 'echo "$1" > "$2"' sh "$2" "$locktrack/$1"
}

# Nobody has to look through a table of open files more than once, however many processes share it.
shared_files_do_not_stall()
{
	prlimit --nofile=65536:65536 setpriv --reuid="$nobody" --regid="$nobody" --clear-groups -- \
		python3 - "$mnt" <<-'PYTHON' &
	import ctypes, os, signal, sys
	SYS_clone, CLONE_FILES = 56, 0x400
	clone = ctypes.CDLL(None, use_errno=True).syscall
	one = os.open(f"{sys.argv[1]}/shared", os.O_CREAT | os.O_RDWR, 0o600)
	for number in range(100, 60000):
	    os.dup2(one, number)
	for _ in range(3000):
	    child = clone(SYS_clone, CLONE_FILES | signal.SIGCHLD, 0, 0, 0, 0)
	    if child < 0:
	        sys.exit(os.strerror(ctypes.get_errno()))
	    if child == 0:
	        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
	        signal.pause()
	        os._exit(0)
	os.close(os.open(f"{sys.argv[1]}/ready", os.O_CREAT, 0o600))
	signal.pause()
	PYTHON
	sharers=$!
	until_ready "$mnt/ready" && result=0 || result=1
	began=$(cut -d . -f 1 /proc/uptime)
	[ "$result" -ne 0 ] || { limit=20 && put attach ramfs && put attach -ramfs; } || result=1
	limit=
	echo "$(($(cut -d . -f 1 /proc/uptime) - began)) s"
	kill "$sharers"
	wait "$sharers" 2>/dev/null
	rm -f "$mnt/ready" "$mnt/shared"
	return "$result"
}

# A mount that does not end: an overlay of what a FUSE server does not say anything about. Who attaches overlayfs waits for
# it, and nobody else.
mounts_do_not_stall()
{
	chmod 666 /dev/fuse
	places=$(mktemp -d) && mkdir "$places/fuse" "$places/other" "$places/overlay" && chmod -R 777 "$places" || return 1
	# Not by the function, or it would be a shell that is killed.
	setpriv --reuid="$nobody" --regid="$nobody" --clear-groups -- unshare --user --map-root-user --mount -- \
		python3 - "$places" <<-'PYTHON' &
	import ctypes, os, struct, sys
	GETATTR, STATFS, INIT, ENOSYS = 3, 17, 26, 38
	places = sys.argv[1]
	def mount(source, where, fstype, options):
	    if ctypes.CDLL(None, use_errno=True).mount(source, where.encode(), fstype, 0, options.encode()):
	        sys.exit(f"{where}: {os.strerror(ctypes.get_errno())}")
	fuse = os.open("/dev/fuse", os.O_RDWR)
	mount(b"fuse", f"{places}/fuse", b"fuse", f"fd={fuse},rootmode=40000,user_id=0,group_id=0")
	# In a process of its own: one that waits cannot close what it waits for.
	if os.fork() == 0:
	    os.close(fuse)
	    mount(b"none", f"{places}/overlay", b"overlay", f"lowerdir={places}/fuse:{places}/other")
	    os._exit(0)
	while True:
	    request = os.read(fuse, 1 << 17)
	    opcode, unique = struct.unpack_from("=IQ", request, 4)
	    if opcode == STATFS:
	        open(f"{places}/ready", "w").close()
	        continue
	    error, reply = 0, b""
	    if opcode == INIT:
	        reply = struct.pack("=4I48x", 7, 31, 0, 0)
	    elif opcode == GETATTR:
	        reply = struct.pack("=Q8x6Q12x5I8x", 60, 1, 0, 0, 0, 0, 0, 0o40777, 2, 0, 0, 0)
	    else:
	        error = -ENOSYS
	    os.write(fuse, struct.pack("=IiQ", 16 + len(reply), error, unique) + reply)
	PYTHON
	server=$! attacher=
	until_ready "$places/ready" && result=0 || result=1
	if [ "$result" -eq 0 ]; then
		echo overlay > "$locktrack/attach" &
		attacher=$!
		eventually attached overlay || { echo "nobody attaches"; result=1; }
		others_go_on || result=1
		kill -0 "$attacher" || { echo "attaching did not wait"; result=1; }
	fi
	# With the server, what it does not answer ends.
	kill -9 "$server"
	wait "$server" 2>/dev/null
	[ -z "$attacher" ] || wait "$attacher" || result=1
	put attach -overlay || result=1
	rm -r "$places"
	return "$result"
}

# What everybody else does with locktrack: reading its files, changing what is attached and checked; and a module can go.
others_go_on()
{
	went=0
	for file in attach coverage edition exceptions observed rules stats violations; do
		in_time cat "$locktrack/$file" || went=1
	done
	put attach "-$fstype" && put attach "$fstype" && put reset 1 && put edition "$newest" || went=1
	in_time rmmod locktrack_break && load_again locktrack_break || went=1
	return $went
}

# load_again NAME: a module that is on the list of those that are unloaded at the end.
load_again()
{
	insmod "$MODULES_DIR/$1.ko" 2>/dev/null || modprobe "$1"
}

# until_ready FILE: a user's program takes its time.
until_ready()
{
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12; do
		eventually test -e "$1" && return 0
	done
	echo "nobody is ready"
	return 1
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
	until_ready "$mnt/ready" || { kill "$waiters"; return 1; }
	began=$(cut -d . -f 1 /proc/uptime)
	others_go_on && result=0 || result=1
	timeout 120 rmmod locktrack || result=1
	echo "$(($(cut -d . -f 1 /proc/uptime) - began)) s"
	kill "$waiters"
	wait "$waiters" 2>/dev/null
	[ "$result" -ne 0 ] || load_again locktrack
	return "$result"
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
ktap_set_plan 8
test_result nobody_opens nobody_opens
test_result mounts_do_not_grow mounts_do_not_grow
test_result calls_are_counted calls_are_counted
test_result names_do_not_lie names_do_not_lie
test_result paths_do_not_lie paths_do_not_lie
test_result shared_files_do_not_stall shared_files_do_not_stall
modprobe -qa overlay fuse
if grep -qw overlay /proc/filesystems && [ -c /dev/fuse ]; then
	test_result mounts_do_not_stall mounts_do_not_stall
else
	test_skip mounts_do_not_stall "no overlayfs, or no FUSE"
fi
test_result waiters_do_not_stall waiters_do_not_stall
rm "$seen"
ktap_finished
