#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Tracepoints: what the filesystem was asked for, and what it answered.

# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

tracing=/sys/kernel/tracing
# A buffer of our own: what others trace is left alone.
instance=$tracing/instances/samplefs-test.$$
mounted=

trace_end()
{
	# A module with an event that is on cannot be unloaded.
	[ ! -d "$instance" ] || rmdir "$instance"
	[ -z "$mounted" ] || umount "$tracing"
	end
}

trace_begin()
{
	trap trace_end EXIT
	if [ ! -d "$tracing/events" ]; then
		mount -t tracefs none "$tracing" 2>/dev/null || return 1
		mounted=y
	fi
	[ -d "$tracing/events/samplefs" ] && mkdir "$instance"
}

# traced COMMAND...: what was traced of samplefs while the command ran, in $lines.
traced()
{
	: > "$instance/trace"
	echo 1 > "$instance/events/samplefs/enable" || return 1
	"$@"
	status=$?
	echo 0 > "$instance/events/samplefs/enable" || return 1
	lines=$(grep -v '^#' "$instance/trace" | sed 's/^.*: \([a-z_]*: dev\)/\1/')
	return "$status"
}

# has PATTERN...: there is a line for each of these, in this order.
has()
{
	rest=$lines
	for wanted in "$@"; do
		if ! printf '%s\n' "$rest" | grep -q -- "$wanted"; then
			echo "no '$wanted' in:"
			echo "$lines"
			return 1
		fi
		rest=$(printf '%s\n' "$rest" | awk -v re="$wanted" 'found; $0 ~ re { found = 1 }')
	done
}

ino()
{
	stat -c %i "$mnt/$1"
}

events()
{
	for event in lookup create link unlink symlink mkdir rmdir mknod rename tmpfile setattr \
		evict_inode fallocate read_folio readahead writepages; do
		if [ ! -f "$tracing/events/samplefs/$event/format" ]; then
			echo "no event $event"
			return 1
		fi
	done
}

make_names()
{
	: > "$mnt/file" && mkdir "$mnt/dir" && ln -s file "$mnt/symlink" && mkfifo "$mnt/fifo" &&
		ln "$mnt/file" "$mnt/dir/link"
}

names()
{
	traced make_names || return 1
	has "lookup: dev $dev dir $root name file ino 0 ret 0" \
		"create: dev $dev dir $root name file ino $(ino file) ret 0" \
		"mkdir: dev $dev dir $root name dir ino $(ino dir) ret 0" \
		"symlink: dev $dev dir $root name symlink ino $(ino symlink) ret 0" \
		"mknod: dev $dev dir $root name fifo ino $(ino fifo) ret 0" \
		"link: dev $dev dir $(ino dir) name link ino $(ino file) ret 0"
}

renames()
{
	was=$(ino fifo)
	traced mv "$mnt/fifo" "$mnt/dir/renamed" || return 1
	has "rename: dev $dev dir $root name fifo new_dir $(ino dir) new_name renamed ino $was .*ret 0"
}

refuse()
{
	! rmdir "$mnt/dir" 2>/dev/null
}

errors()
{
	traced refuse || return 1
	has "rmdir: dev $dev dir $root name dir ino $(ino dir) ret -39"
}

removals()
{
	file=$(ino file) renamed=$(ino dir/renamed) dir=$(ino dir)
	traced rm -r "$mnt/dir" "$mnt/file" || return 1
	has "unlink: .* name renamed ino $renamed ret 0" "rmdir: .* name dir ino $dir ret 0" &&
		has "evict_inode: dev $dev ino $renamed nlink 0" &&
		has "unlink: .* name file ino $file ret 0" "evict_inode: dev $dev ino $file nlink 0"
}

use_data()
{
	head -c 20000 /dev/zero > "$mnt/data" && sync "$mnt/data" &&
		fallocate -o 4096 -l 4096 -p "$mnt/data" && truncate -s 100 "$mnt/data"
}

data()
{
	traced use_data || return 1
	has "writepages: dev $dev ino $(ino data) .* sync 1 ret 0" \
		"fallocate: dev $dev ino $(ino data) pos 4096 len 4096 mode 0x3 ret 0" \
		"setattr: dev $dev ino $(ino data) valid .* size 100 ret 0" || return 1
	echo 3 > /proc/sys/vm/drop_caches
	traced cat "$mnt/data" > /dev/null || return 1
	has "readahead: dev $dev ino $(ino data) pos 0 len "
}

only_failures()
{
	echo 'ret != 0' > "$instance/events/samplefs/filter" || return 1
	mkdir "$mnt/dir" && : > "$mnt/dir/file"
	traced refuse || return 1
	echo 0 > "$instance/events/samplefs/filter"
	has "rmdir: .* ret -39" && [ "$(printf '%s\n' "$lines" | wc -l)" -eq 1 ] && rm -r "$mnt/dir"
}

off()
{
	: > "$instance/trace"
	: > "$mnt/unseen" && rm "$mnt/unseen" || return 1
	! grep -q samplefs "$instance/trace" && ! grep -q unseen "$instance/trace"
}

if [ "$fstype" != samplefs ]; then
	ktap_print_header
	skip_all "about samplefs alone"
fi
begin
if ! trace_begin; then
	skip_all "no tracefs, or a kernel without tracepoints"
fi
ktap_set_plan 8
fs_mount size=1m
dev=$(mountpoint -d "$mnt") root=$(ino .)
test_result events events
test_result names names
test_result renames renames
test_result errors errors
test_result removals removals
test_result data data
test_result only_failures only_failures
test_result nothing_when_off off
ktap_finished
