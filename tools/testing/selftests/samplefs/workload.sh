#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A real workload on a mounted filesystem, compared with the same on tmpfs.
#
# Usage: workload.sh MOUNTPOINT SOURCE
#
# SOURCE is a source tree, as a directory or as a tar archive. It is unpacked on
# MOUNTPOINT and, as the original to compare with, on a tmpfs. Each step prints one
# line with what it counted. The exit status is 0 if nothing differs, 1 if
# something does or a step failed, 2 if it cannot be tried at all.
#
# Few programs are started, each for many files: to start one is what costs most
# under software emulation.

set -u

# LC_ALL: both sides must sort alike. TAR_OPTIONS could change what is unpacked.
export LC_ALL=C
unset TAR_OPTIONS

scripts=$(cd "$(dirname "$0")" && pwd) || exit 2

usage_error()
{
	echo "workload: $1" >&2
	echo "usage: workload.sh MOUNTPOINT SOURCE_DIRECTORY_OR_TAR" >&2
	exit 2
}

[ $# -eq 2 ] || usage_error "two arguments are needed"
mountpoint -q "$1" || usage_error "$1 is not a mount point"
[ -r "$2" ] || usage_error "cannot read $2"
[ -x "$scripts/mmap_read" ] || usage_error "$scripts/mmap_read is missing: build the selftests first"

root=$(cd "$1" && pwd) || exit 2
source=$(readlink -f "$2") || exit 2
fs=$root/workload
scratch=
failed=0

# shellcheck disable=SC2317	# a trap calls it
cleanup()
{
	[ -z "$scratch" ] && return
	rm -rf "$fs"
	umount "$scratch" && rmdir "$scratch"
	scratch=
}
trap cleanup EXIT
trap 'exit 1' INT TERM

scratch=$(mktemp -d /tmp/workload.XXXXXX) || exit 2
if ! mount -t tmpfs workload "$scratch"; then
	rmdir "$scratch"
	scratch=
	usage_error "no tmpfs for the original"
fi
original=$scratch/original
out=$scratch/out
mkdir "$fs" "$original" "$out" || exit 1

seconds_now()
{
	read -r seconds _ < /proc/uptime
}
seconds_now
begin=$seconds

# step TEXT: one line, with the time since the beginning.
step()
{
	seconds_now
	printf '%4d s  %s\n' $((${seconds%.*} - ${begin%.*})) "$1"
}

fail()
{
	step "FAILED: $1"
	failed=1
}

# The number of lines in a file, in $count.
count_lines()
{
	count=$(wc -l < "$1")
}

# both COMMAND: runs it in the tree on the filesystem, then in the original. Its
# output goes to $out/fs and $out/original and must be the same. The path of the
# scratch directory has no special characters: mktemp made it.
both()
{
	(cd "$fs" && eval "$1") > "$out/fs" 2>&1 || fail "$1"
	(cd "$original" && eval "$1") > "$out/original" 2>&1 || fail "$1, on the original"
	if ! cmp -s "$out/fs" "$out/original"; then
		fail "not the same as on the original: $1"
		diff "$out/original" "$out/fs" | head -n 20
	fi
}

# From the sorted list that find made of the tree: which files and which directories (those
# without subdirectories) each step takes. The lists do not overlap.
select_names()
{
	awk -F '\t' -v out="$out" '
	$1 ~ /^d ./ {
		dirs[++n] = substr($1, 3)
		parent = dirs[n]
		if (sub(/\/[^\/]*$/, "", parent))
			inner[parent] = 1
	}
	$1 ~ /^f / {
		files++
		file = substr($1, 3)
		if (files % 9 == 1) print file > (out "/rename-files")
		if (files % 9 == 2) print file > (out "/link")
		if (files % 9 == 4) print file > (out "/symlink")
		if (files % 9 == 6) print file > (out "/delete-files")
	}
	END {
		for (i = 1; i <= n; i++) {
			if (dirs[i] in inner || dirs[i] !~ /\//) continue
			leaves++
			if (leaves % 3 == 1) print dirs[i] > (out "/rename-dirs")
			if (leaves % 3 == 2) print dirs[i] > (out "/delete-dirs")
		}
	}'
}

# each_in LIST COMMAND...: as "both", for a command with the list's names as arguments.
each_in()
{
	list=$out/$1
	shift
	both "xargs -r -d '\n' -a $list $*"
}

archive=$scratch/source.tar
if [ -d "$source" ]; then
	tar -C "$source" -cf "$archive" .
else
	cp "$source" "$archive"
fi || { fail "read $source"; exit 1; }
for list in rename-files link symlink delete-files rename-dirs delete-dirs; do
	: > "$out/$list"
done

both "tar -xvf $archive"
[ $failed -eq 0 ] || exit 1
step "unpack: $(grep -vc '/$' "$out/fs") files and symbolic links"

# Not the times of directories: an archive need not hold each of them.
both 'find . -type d -printf "d %P\t%m %n\n" -o -printf "%y %P\t%m %n %s %T@ %l\n" | sort'
select_names < "$out/original"
[ -s "$out/rename-files" ] || { fail "$source holds no files"; exit 1; }
count_lines "$out/fs"
step "find: $count names, types, modes, link counts, sizes and times"

both 'grep -rIc struct . | grep -v ":0$" | sort'
count_lines "$out/fs"
step "grep: $count files match"

(cd "$fs" && find . -type f -print0 | "$scripts/mmap_read") > "$out/fs" 2>&1 ||
	fail "mmap: $(cat "$out/fs")"
step "mmap: $(cat "$out/fs")"

both 'mkdir renamed-files renamed-dirs links symlinks'
each_in rename-files mv -v --backup=numbered -t renamed-files
count_lines "$out/fs"
step "rename files to another directory: $count"

each_in link ln -v --backup=numbered -t links
count_lines "$out/fs"
step "hard links: $count"

each_in symlink ln -v -sr --backup=numbered -t symlinks
count_lines "$out/fs"
both 'cat symlinks/* | cksum'
step "symbolic links: $count, each read through"

each_in delete-files rm -v
count_lines "$out/fs"
deleted=$count
each_in delete-dirs rm -r
step "delete: $deleted files, and $(grep -c '' "$out/delete-dirs") directories with all in them"

each_in rename-dirs mv -v --backup=numbered -t renamed-dirs
count_lines "$out/fs"
step "rename directories to another directory: $count"

# What remains, in full: names, types, modes, link counts, sizes, contents.
both 'find . -type d -printf "%P %m %n\n" -o -printf "%P %y %m %n %s %l\n" | sort'
count_lines "$out/fs"
if diff -r --no-dereference "$original" "$fs" > "$out/diff" 2>&1; then
	step "diff -r: $count names, no difference"
else
	fail "diff -r"
	head -n 20 "$out/diff"
fi

rm -rf "$fs" || fail "delete the rest"
step "delete the rest"
exit $failed
