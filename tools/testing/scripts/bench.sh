#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# make bench: that it counts instructions, and what it makes of the counts.

# The tests are called by their names, and their conditions end in a message.
# shellcheck disable=SC2317,SC2015

. "$(dirname -- "$0")/lib.sh"

bench=$tree/tools/testing/bench

# The ratio of each round counts: here 2, 4 and 1, of medians that are equal.
samples() {
	printf 'compare\t%s\t%s\t%s\t%s\n' instructions ours theirs 1.1 instructions ours other - \
		bytes ours theirs 1
	printf 'sample\tcreate\tinstructions\t%s\t%s\n' ours 20 theirs 10 ours 40 theirs 10 \
		ours 10 theirs 10
	printf 'sample\tstat an entry\tinstructions\t%s\t%s\n' ours 30.5 theirs 30.5 ours 10 theirs 20
	printf 'sample\tmemory\tbytes\t%s\t%s\n' ours 1000 theirs 1000
}

# reported FORMAT: leaves what the report says.
reported() {
	samples >"$tmp/samples"
	run awk -f "$bench/report" "FORMAT=$1" "$tmp/samples"
	exits 0
}

tsv() {
	reported tsv || return
	out_is "name	subject	baseline	median ratio	lowest	highest
create	ours	theirs	2.000	1.000	4.000
stat an entry	ours	theirs	0.750	0.500	1.000
memory	ours	theirs	1.000	1.000	1.000" &&
		err_has 'target missed: create: ours is 2.000 times theirs, and should be at most 1.1' &&
		{ [ "$(wc -l <"$tmp/err")" -eq 1 ] || say_all "more targets are missed than one"; }
}

# Added to what is bare: 10 and 20 to the same, 10 and 40 each to its own.
added() {
	{
		printf 'added\tinstructions\t%s\t%s\t%s\t%s\t%s\t%s\n' ours theirs 1 bare stat '' \
			ours theirs 1 bare stat poor
		printf 'sample\tstat\tinstructions\t%s\t%s\n' bare 100 ours 110 theirs 120 poor 80
	} >"$tmp/samples"
	run awk -f "$bench/report" FORMAT=tsv "$tmp/samples"
	exits 0 && out_is "name	subject	baseline	median ratio	lowest	highest
stat, added	ours	theirs	0.500	0.500	0.500
stat, added	ours	theirs	1.500	1.500	1.500" &&
		err_has 'target missed: stat, added: ours is 1.500 times theirs' || say_all "wrong ratios"
}

table() {
	reported table || return
	out_is "name           subject  baseline  median ratio  lowest  highest
create         ours     theirs           2.000   1.000    4.000
stat an entry  ours     theirs           0.750   0.500    1.000
memory         ours     theirs           1.000   1.000    1.000"
}

counts() {
	reported counts || return
	out_is "name           unit          ours  theirs
create         instructions    20      10
stat an entry  instructions    20      25
memory         bytes         1000    1000"
}

no_samples() {
	: >"$tmp/samples"
	run awk -f "$bench/report" FORMAT=table "$tmp/samples"
	exits 1 && err_has 'there are no samples'
}

bad_settings() {
	run env FORMAT=html "$scripts/bench"
	exits 1 && err_has "no format 'html'" || return
	run env ROUNDS=0 "$scripts/bench"
	exits 1 && err_has "'0' is not a positive number" || return
	run env FILES=999 "$scripts/bench"
	exits 1 && err_has 'a large directory has at least 1000'
}

# It says so in a guest whose clock is one, and only there; a million instructions are to the
# last one what a loop of so many takes.
method() {
	local out=$tree/build/bench-test.$$ result=0
	mkdir -p "$out"
	run "$scripts/enter" make -C "$bench" CC=gcc-14 OUTPUT="$out"
	exits 0 && run "$scripts/vm" --icount -- "$out/bench" method && exits 0 &&
		run "$scripts/vm" --cpus 1 -- "$out/bench" method && exits 1 &&
		{ err_has 'does not count instructions' || out_has 'does not count instructions'; } ||
		result=1
	rm -rf -- "$out"
	return "$result"
}

plan 7
t "FORMAT=tsv" tsv
t "FORMAT=table" table
t "what is added to a baseline" added
t "FORMAT=counts" counts
t "no samples" no_samples
t "settings that make no sense" bad_settings
managed "only instructions are counted" method
finish
