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

scratch=$(mktemp -d) || exit 2
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
	elapsed=$((${seconds%.*} - ${begin%.*}))
	printf '%4d s  %s\n' "$elapsed" "$1"
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
# output goes to $out/fs and $out/original and must be the same.
both()
{
	(cd "$fs" && eval "$1") > "$out/fs" 2>&1 || fail "$1"
	(cd "$original" && eval "$1") > "$out/original" 2>&1 || fail "$1, on the original"
	if ! cmp -s "$out/fs" "$out/original"; then
		fail "not the same as on the original: $1"
		diff "$out/original" "$out/fs" | head -n 20
	fi
}

# Every $1th line of the sorted list of what find prints for "$2", ended by NULs.
# The rest of the expression is find's.
# shellcheck disable=SC2317	# both() calls it
every()
{
	every_nth=$1
	shift
	find "$@" | sort | awk -v n="$every_nth" 'NR % n == 0' | tr '\n' '\0'
}

unpack()
{
	if [ -d "$source" ]; then
		tar -C "$source" -cf - . | tar -C "$1" -xf -
	else
		tar -C "$1" -xf "$source"
	fi
}

unpack "$fs" || { fail "unpack"; exit 1; }
unpack "$original" || { fail "unpack the original"; exit 1; }
both 'find . -type f -printf "%P\n" | sort'
count_lines "$out/fs"
files=$count
both 'find . ! -type d -printf "%P %y %m %s %T@ %l\n" | sort'
step "unpack: $files files"
[ "$files" -gt 0 ] || { fail "$source holds no files"; exit 1; }

both 'find . -printf "%y %P\n" | sort'
count_lines "$out/fs"
step "find: $count names"

both 'grep -rIc "struct" . | grep -v ":0$" | sort'
count_lines "$out/fs"
step "grep: $count files match"

(cd "$fs" && find . -type f -print0 | "$scripts/mmap_read") > "$out/fs" 2>&1 ||
	fail "mmap: $(cat "$out/fs")"
step "mmap: $(cat "$out/fs")"

both 'mkdir moved-files && every 9 . -type f ! -path "./moved*" | xargs -0 mv --backup=numbered -t moved-files'
both 'find moved-files -type f | sort'
count_lines "$out/fs"
step "rename files to another directory: $count"

both 'mkdir moved-dirs && every 5 . -mindepth 2 -type d -links 2 ! -path "./moved*" | xargs -0 mv --backup=numbered -t moved-dirs'
both 'find moved-dirs -mindepth 1 -maxdepth 1 -type d | sort'
count_lines "$out/fs"
step "rename directories to another directory: $count"

both 'mkdir links && every 11 . -type f ! -path "./links*" | xargs -0 ln --backup=numbered -t links'
both 'find . -type f -links +1 -printf "%n %P\n" | sort'
count_lines "$out/fs"
step "hard links: $count names of linked files"

both 'mkdir symlinks && every 13 . -type f ! -path "./links*" | xargs -0 ln -sr --backup=numbered -t symlinks'
both 'find symlinks -type l -printf "%P %l\n" | sort; find symlinks -xtype f -print0 | xargs -0 cat | cksum'
count_lines "$out/fs"
step "symbolic links: $((count - 1)), each followed to its file"

both 'every 4 . -mindepth 2 -type d | xargs -0 rm -rf; every 6 . ! -type d | xargs -0 rm'
both 'find . -printf "%y %P\n" | sort'
count_lines "$out/fs"
step "delete a part: $count names remain"

# What remains, in full: names, types, modes, link counts, sizes, contents.
both 'find . -type d -printf "%P %m %n\n" -o -printf "%P %y %m %n %s %l\n" | sort'
if diff -r --no-dereference "$original" "$fs" > "$out/diff" 2>&1; then
	both 'find . -type f | sort'
	count_lines "$out/fs"
	step "diff -r: $count files, no difference"
else
	fail "diff -r"
	head -n 20 "$out/diff"
fi

rm -rf "$fs" || fail "delete the rest"
step "delete the rest"
exit $failed
