# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What every script needs: where things are, how steps report, what fails how.
# Source it after `set -euo pipefail`.
#
# What is set here is used there.
# shellcheck disable=SC2034

# The work tree, and the one directory for everything downloaded or built outside it.
tree=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
cache=${SAMPLEFS_CACHE:-${XDG_CACHE_HOME:-${HOME:-/var/cache}/.cache}/samplefs}

# Series of kernels that the code supports, newest first; the set-up takes the first that Debian
# has. Each of the others has kernels of its own, such as stock-7.2. scripts/supported.mk reads this line, too.
supported_kernels="7.3 7.2"
managed_kernels="stock test kasan kcsan"
for series in ${supported_kernels#"${supported_kernels%% *}"}; do
	managed_kernels+=" stock-$series test-$series"
done
unset series

# The managed root is named after what it is made from: checkouts that share a cache and
# want other packages do not take each other's root away.
root_from=$(cat "$tree"/scripts/env/{packages,install-kernels,requirements.txt} |
	sha256sum | cut -c 1-12)
root=$cache/root-$root_from
# Written last: which kernel the root has, and that it is complete. release-SERIES: the same of an
# older kernel.
release=$root/usr/lib/samplefs-release
kernels=$cache/kernel
# For kernels with sanitizers only. Of the LLVM that rustc has.
clang=$cache/clang-19/bin/clang

die() {
	printf '%s: %s\n' "${0##*/}" "$1" >&2
	shift
	[ $# -eq 0 ] || printf '    %s\n' "$@" >&2
	exit 1
}

case $cache in
*[[:space:]]*) die "SAMPLEFS_CACHE is '$cache', which has white space: kernels cannot be built there" ;;
/*) ;;
*) die "SAMPLEFS_CACHE is '$cache', which is not an absolute path" ;;
esac

say() {
	printf '%s\n' "$*" >&2
}

as_root() {
	[ "$(id -u)" -eq 0 ]
}

# "${with_ids[@]}" COMMAND runs as a user namespace's root where we are not root: files of
# the managed root belong to subordinate ids.
with_ids=()
as_root || with_ids=(unshare --mount --map-auto --map-root-user --setuid 0 --setgid 0 --)

# Removes a directory of the cache. Never crosses a mount: a bind mount that leaked
# into a managed root must not cost the host its files.
remove() {
	local mounted
	for d in "$@"; do
		[ -e "$d" ] || continue
		mounted=$(awk -v d="$(realpath -- "$d")/" 'index($5 "/", d) == 1 { print $5; exit }' \
			/proc/self/mountinfo)
		[ -z "$mounted" ] || die "not removing $d: $mounted is a mount point inside it" \
			"unmount it first (umount $mounted)"
		"${with_ids[@]}" rm -rf --one-file-system -- "$d"
	done
}

# step TITLE LINES COMMAND...
#
# Runs a long command with its output in a log and shows how far it is: by the number
# of lines in the log where LINES, about as many as it prints in all, is not 0. Says
# what failed, the command, and where the log is, and $hint, if that is set.
step() {
	local title=$1 lines=$2 log start pid now last=0 far
	shift 2
	mkdir -p "$cache/log"
	log=$cache/log/$(printf '%s' "$title" | tr -c 'a-zA-Z0-9\n' '-').log
	start=$SECONDS
	say "==> $title"
	"$@" >"$log" 2>&1 </dev/null &
	pid=$!
	# An interrupted step must not go on behind the user's back.
	trap 'kill $pid 2>/dev/null; wait $pid 2>/dev/null; exit 130' INT TERM
	while kill -0 "$pid" 2>/dev/null; do
		sleep 1
		now=$((SECONDS - start))
		[ $((now - last)) -ge 15 ] || continue
		last=$now
		far=''
		if [ "$lines" -gt 0 ]; then
			far=$(($(wc -l <"$log") * 100 / lines))
			far="about $((far > 99 ? 99 : far)) %, "
		fi
		say "    ${far}${now} s: $(tail -n 1 "$log" | tr -d '\r' | cut -c 1-70)"
	done
	trap - INT TERM
	if ! wait "$pid"; then
		tail -n 20 "$log" | sed 's/^/    | /' >&2
		die "failed: $title" "command: $*" "log: $log" ${hint:+"$hint"}
	fi
	say "    done, $((SECONDS - start)) s"
}

# done_as STEP WHAT: is STEP done, and made from WHAT?
done_as() {
	[ "$(cat "$cache/done/$1" 2>/dev/null)" = "$2" ]
}

mark_done() {
	mkdir -p "$cache/done"
	printf '%s\n' "$2" >"$cache/done/$1"
}

# One set-up at a time in a cache.
lock_cache() {
	mkdir -p "$cache" || die "cannot make the cache directory $cache" \
		"set SAMPLEFS_CACHE to a directory that you may write"
	exec {lock_fd}>"$cache/lock"
	flock -n "$lock_fd" || {
		say "waiting for another set-up in $cache"
		flock "$lock_fd"
	}
}

# check_kernel KERNEL [MORE...]: is there such a kernel? MORE is said, too, if not.
check_kernel() {
	case " $managed_kernels " in
	*" $1 "*) ;;
	*) die "no kernel '$1'" "there are: ${managed_kernels// /, }" "${@:2}" ;;
	esac
}

# "-SERIES" if KERNEL, or a step of the set-up, is of another series than the newest. Files and steps
# of that series end with it.
suffix() {
	case $1 in
	*-*) printf -- '-%s' "${1#*-}" ;;
	esac
}

# Sets version, stock_release and rustc_version: which kernel of Debian's the managed root has,
# of the series that KERNEL is of.
read_release() {
	# shellcheck disable=SC1090
	. "$release$(suffix "$1")"
}

# The source, kernel tree, image and compiler of KERNEL, as the set-up leaves them.
kernel_paths() {
	check_kernel "$1"
	read_release "$1"
	source=$cache/source$(suffix "$1")
	kdir=$kernels/$1
	image=$kdir/arch/x86/boot/bzImage
	case $1 in
	stock*)
		# By the name that Debian's kernel was configured with.
		cc=x86_64-linux-gnu-gcc-14
		image=/usr/lib/modules/${stock_release:?}/vmlinuz
		;;
	test*) cc=gcc-14 ;;
	*) cc=$clang ;;
	esac
}
