# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# What the apps share. Each is a program that works in a directory, its argument, and verifies what it
# has done: its exit status says whether that was right. It takes APP_SECONDS (60), if it is for time,
# and does APP_SIZE (1) times as much otherwise.

set -eu

# Used by those that source this.
# shellcheck disable=SC2034
apps=$(cd "$(dirname "$0")" && pwd)
# shellcheck disable=SC2034
seconds=${APP_SECONDS:-60} size=${APP_SIZE:-1}
export LC_ALL=C
# shellcheck source=programs.sh
. "$apps/programs.sh"

cd "$1"

# The log says when.
step()
{
	echo "$(cut -d ' ' -f 1 /proc/uptime): $*"
}

# same DIRECTORY DIRECTORY [LINKS]: fails if anything in one differs from the other, and says what.
same()
{
	step "compare $1 with $2"
	python3 "$apps/tree.py" list "$1" "${3:-yes}" >list.1
	python3 "$apps/tree.py" list "$2" "${3:-yes}" >list.2
	if ! cmp -s list.1 list.2; then
		diff list.1 list.2 | cut -c 1-500 | head -n 10
		exit 1
	fi
	rm list.1 list.2
}
