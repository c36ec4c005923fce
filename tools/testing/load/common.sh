# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# What the loads share. Each is a program that scripts/check-load runs in a guest; what it prints
# after a line "==> result" is its result. LOAD_SECONDS is how long it may take.

set -eu

# Used by those that source this.
# shellcheck disable=SC2034
load=$(cd "$(dirname "$0")" && pwd)
apps=$load/../apps
build=$MODULES_DIR
# shellcheck disable=SC2034
results=$LOAD_RESULTS
# shellcheck disable=SC2034
selftests=$build/selftests/kselftest_install
mnt=/tmp/mnt
report=/sys/kernel/debug/locktrack

# shellcheck source=../apps/programs.sh
. "$apps/programs.sh"

blocks_and_inodes()
{
	stat -f -c '%f of %b blocks and %d of %c inodes free' "$mnt"
}

# begin TYPE OPTIONS: mounts it on $mnt.
begin()
{
	[ "$1" != samplefs ] || [ -d /sys/module/samplefs ] || insmod "$build/samplefs.ko"
	mkdir -p "$mnt"
	mount -t "$1" -o "$2" none "$mnt"
	free=$(blocks_and_inodes)
}

# Nothing may be left of what has been removed.
finish()
{
	rm -rf "${mnt:?}"/*
	if [ "$(blocks_and_inodes)" != "$free" ]; then
		echo "empty, but $(blocks_and_inodes), not $free"
		exit 1
	fi
	umount "$mnt"
	if ! [ -d /sys/module/locktrack ]; then
		rmmod samplefs
	fi
}

# pjdfstest_all DIRECTORY OPTIONS...: all of its tests. Those that make the filesystem read-only come
# last, by themselves: the others leave files open. It fails where one does; what it prints says more.
pjdfstest_all()
{
	sed 's/^allow_remount = false/allow_remount = true/' "$load/pjdfstest.toml" >/tmp/remount.toml
	program pjdfstest -p "$@" -c "$load/pjdfstest.toml" | grep -vE '::erofs_| not allowed in' || true
	program pjdfstest -p "$@" -c /tmp/remount.toml erofs || true
}

# none_of NAME...: are these counts of locktrack 0?
none_of()
{
	some=0
	for name in "$@"; do
		if ! grep -q "^$name	0$" "$report/stats"; then
			echo "$name is not 0: $(cat "$report/stats")"
			some=1
		fi
	done
	return "$some"
}

# each_checked FS...: did locktrack look at calls of each of these filesystems? The columns are known by the names
# that stand above them.
each_checked()
{
	awk -F '\t' -v all="$*" '
		/^#/ {
			for (i = 1; i <= NF; i++) {
				name = $i
				sub(/^# /, "", name)
				column[name] = i
			}
			next
		}
		FNR > 1 { hits[$column["fs"]] += $column["hits"] }
		END {
			count = split(all, fs, " ")
			for (i = 1; i <= count; i++)
				if (!hits[fs[i]]) {
					print "no call of " fs[i] " was looked at"
					bad = 1
				}
			exit bad
		}' "$report/coverage"
}

result()
{
	echo '==> result'
}
