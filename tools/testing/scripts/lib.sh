# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034
#
# What the tests of scripts/ share. A test is a function that succeeds, or fails and has
# printed what is wrong.

set -uo pipefail

tree=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../../.." && pwd -P)
scripts=$tree/scripts
tmp=$(mktemp -d)
trap 'rm -rf -- "$tmp"' EXIT

number=0 failures=0 status=0

# plan N: there are N tests.
plan() {
	echo "TAP version 13"
	echo "1..$1"
}

# t NAME FUNCTION: runs a test.
t() {
	local said
	number=$((number + 1))
	if said=$("$2"); then
		echo "ok $number $1"
	else
		echo "not ok $number $1"
		printf '%s\n' "$said" | sed 's/^/# /'
		failures=$((failures + 1))
	fi
}

# skip NAME WHY
skip() {
	number=$((number + 1))
	echo "ok $number $1 # SKIP $2"
}

# managed NAME FUNCTION: runs a test that needs the managed environment. It is not made
# for the test: that takes far longer than any test may.
managed() {
	if "$scripts/check-env" --quiet >/dev/null 2>&1; then
		t "$1" "$2"
	else
		skip "$1" "no managed environment: make setup"
	fi
}

finish() {
	exit $((failures > 0))
}

# run COMMAND...: leaves its $status, and its output in $tmp/out and $tmp/err.
run() {
	status=0
	"$@" >"$tmp/out" 2>"$tmp/err" </dev/null || status=$?
}

# say_all WHAT: what went wrong, and what there is to see.
say_all() {
	echo "$1"
	echo "exit status: $status; standard output, then standard error:"
	tail -n 30 "$tmp/out"
	tail -n 30 "$tmp/err"
	return 1
}

# exits N: did the command that was run exit with N?
exits() {
	[ "$status" -eq "$1" ] || say_all "exit status $status, not $1"
}

# out_is TEXT: was this its standard output, exactly?
out_is() {
	[ "$(cat "$tmp/out" && echo .)" = "$1
." ] || say_all "the standard output is not: $1"
}

# out_has TEXT, err_has TEXT: was this in its standard output, or in its errors?
out_has() {
	grep -qF -- "$1" "$tmp/out" || say_all "not in the standard output: $1"
}

err_has() {
	grep -qF -- "$1" "$tmp/err" || say_all "not in the errors: $1"
}

# out_lacks TEXT
out_lacks() {
	! grep -qF -- "$1" "$tmp/out" || say_all "in the standard output: $1"
}
