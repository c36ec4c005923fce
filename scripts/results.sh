# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# How scripts that run many tests run one, and count. Source it after lib.sh.
#
# tree is of lib.sh, lane of a script that has a second one.
# shellcheck disable=SC2154

passed=0 failed=0 skipped=0

# results_in DIRECTORY: the logs are there.
results_in() {
	logs=$1
	mkdir -p "$logs"
}

# run NAME COMMAND...: COMMAND with its output in a log, $log; it took $took seconds. Without
# COMMAND, it is one that the second lane runs.
run() {
	local status=0 began=$SECONDS
	log=$logs/$(printf '%s' "$1" | tr -c 'a-zA-Z0-9\n' '-').log
	printf '# %s\n' "$1"
	if [ $# -gt 1 ]; then
		"${@:2}" >"$log" 2>&1 </dev/null || status=$?
		took=$((SECONDS - began))
		return "$status"
	fi
	while [ ! -e "$log.status" ]; do
		kill -0 "$lane" 2>/dev/null || [ -e "$log.status" ] || return 1
		sleep 1
	done
	read -r status took <"$log.status"
	return "$status"
}

# What a log has to say of failures: the results of kselftests that failed, with what belongs to each, and the end. A program
# with the kernel's harness says that before the result, from a line "RUN" on; others say it after it.
what_failed() {
	awk '
		/^# # +RUN / { said = ""; runs = 1 }
		runs { said = said $0 "\n" }
		/^# (not )?ok |^# # Totals|^(not )?ok / { on = 0 }
		/^# not ok / { on = 1; lines = 0; if (runs) { printf "%s", said; lines = 40 } }
		/^# (not )?ok / { runs = 0; said = "" }
		on && lines++ < 40' "$log"
	tail -n 20 "$log"
}

# result NAME PASSED FAILED SKIPPED [WHY]: what running NAME came to.
result() {
	passed=$((passed + $2)) failed=$((failed + $3)) skipped=$((skipped + $4))
	if [ "$3" -eq 0 ]; then
		printf 'ok - %s (%d passed, %d skipped, %d s)\n' "$1" "$2" "$4" "$took"
	else
		printf 'not ok - %s (%d failed, %d s)\n' "$1" "$3" "$took"
		what_failed | sed 's/^/  | /'
		printf '  log: %s\n' "$log"
	fi
	[ -z "${5:-}" ] || printf '%s\n' "$5" | sed 's/^/  /'
}

# one NAME COMMAND...: a test that passes or fails as a whole.
one() {
	if run "$@"; then
		result "$1" 1 0 0
	else
		result "$1" 0 1 0
	fi
}

# kselftests NAME COMMAND...: the figures of the kernel's runner count; a guest that
# fails as a whole is one more failure.
kselftests() {
	local status=0 counts why
	run "$@" || status=$?
	counts=$(scripts/ktap-count "$log")
	why=$(sed '$d' <<<"$counts")
	read -r p f s <<<"${counts##*$'\n'}"
	[ "$status" -eq 0 ] || [ "$f" -gt 0 ] || f=1
	result "$1" "$p" "$f" "$s" "$why"
}

# results: the last line, "N passed, N failed, N skipped". Fails if a test did.
results() {
	echo "$passed passed, $failed failed, $skipped skipped"
	[ "$failed" -eq 0 ]
}
