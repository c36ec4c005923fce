# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Results of single tests. Sourced by the shell tests, after the kernel's ktap_helpers.sh.

# test_result NAME COMMAND...: one result; what the command prints is a diagnostic.
test_result()
{
	test_name=$1
	shift
	if test_output=$("$@" 2>&1); then
		ktap_test_pass "$test_name"
	else
		ktap_test_fail "$test_name"
	fi
	case $test_output in
	'') ;;
	*"
"*) echo "$test_output" | sed 's/^/# /' ;;
	# No program for a line.
	*) printf '# %s\n' "$test_output" ;;
	esac
}

# test_skip NAME REASON: the kernel's own function has no room for the reason.
test_skip()
{
	__ktap_test ok "$1" "SKIP $2"
	KTAP_CNT_SKIP=$((KTAP_CNT_SKIP + 1))
}

# skip_all REASON: skips the whole test.
skip_all()
{
	ktap_skip_all "$1"
	exit "$KSFT_SKIP"
}
