#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The files: who may use them, and how they are written.

# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

modes()
{
	result=0
	while read -r mode name; do
		if [ "$(stat -c '%a %u' "$locktrack/$name")" != "$mode 0" ]; then
			echo "$name: $(stat -c '%a %u' "$locktrack/$name")"
			result=1
		fi
	done <<-MODES
		600 attach
		400 coverage
		600 edition
		600 enable
		600 exact
		600 exceptions
		400 observed
		200 reset
		400 rules
		400 stats
		400 violations
	MODES
	return $result
}

versions()
{
	for name in attach coverage edition enable exact exceptions observed rules stats violations; do
		first=$(head -n 1 "$locktrack/$name")
		case $name in
		coverage | edition | observed | rules) version=2 ;;
		*) version=1 ;;
		esac
		if [ "$first" != "locktrack $name $version" ]; then
			echo "$name: $first"
			return 1
		fi
	done
}

# Every line has the columns that the line with # names.
columns()
{
	for name in rules coverage observed; do
		awk -F '\t' -v name="$name" '
			/^#/ { columns = NF }
			!/^#/ && NR > 1 && (NF != columns || $0 ~ /\t(\t|$)/) {
				print name ": " $0; bad = 1
			}
			END { exit bad || NR < 10 }' "$locktrack/$name" || return 1
	done
}

# The rules that are checked are the same in the same order for each filesystem, and there are others.
same_rules()
{
	names=$(awk -F '\t' '$9 == "yes" { print $1, $2, $3, $4, $5 }' "$locktrack/rules")
	for name in coverage observed; do
		awk -F '\t' '!/^#/ && NR > 1 { print $NF }' "$locktrack/$name" | sort -u |
			while read -r fs; do
				[ "$(awk -F '\t' -v fs="$fs" '$NF == fs { print $1, $2, $3, $4, $5 }' \
					"$locktrack/$name")" = "$names" ] || return 1
			done || return 1
	done
}

# Every rule is either checked or has a reason why not, and says of what it is. Of every table
# of the document some are checked.
all_rules()
{
	awk -F '\t' '/^#/ || NR == 1 { next }
		$9 == "yes" && $4 == "sleep" { sleep++ }
		$9 == "yes" { tables[substr($2, 1, index($2, ".") - 1)] }
		$9 !~ /^(yes|no)$/ || $3 == "" || $4 == "" { print; bad = 1 }
		($9 == "yes") != ($10 == "-") || $10 == "" { print; bad = 1 }
		END {
			for (table in tables)
				n++
			print n " tables"
			exit bad || !sleep || n != 12
		}' "$locktrack/rules"
}

# What the document says of parents, victims and renames is there.
rules_are_there()
{
	result=0
	while read -r op object lock mode; do
		if ! awk -F '\t' -v op="inode_operations.$op" -v object="$object" -v lock="$lock" \
			-v mode="$mode" '$2 == op && $3 == object && $4 == lock && $5 == mode &&
				$9 == "yes" && $8 ~ /^Documentation\/filesystems\/.* v7/ { found = 1 }
				END { exit !found }' "$locktrack/rules"; then
			echo "missing: $op $object $lock $mode"
			result=1
		fi
	done <<-RULES
		lookup dir i_rwsem shared
		create dir i_rwsem exclusive
		link dir i_rwsem exclusive
		link inode i_rwsem exclusive
		mknod dir i_rwsem exclusive
		symlink dir i_rwsem exclusive
		mkdir dir i_rwsem exclusive
		unlink dir i_rwsem exclusive
		unlink victim i_rwsem exclusive
		rmdir dir i_rwsem exclusive
		rmdir victim i_rwsem exclusive
		rename old_dir i_rwsem exclusive
		rename new_dir i_rwsem exclusive
		rename source i_rwsem exclusive
		rename target i_rwsem exclusive
		rename sb s_vfs_rename_mutex held
		setattr inode i_rwsem exclusive
		fileattr_set inode i_rwsem exclusive
		atomic_open dir i_rwsem shared
		atomic_open dir i_rwsem exclusive
	RULES
	return $result
}

begin
ktap_set_plan 6
test_result modes modes
test_result versions versions
test_result columns columns
test_result same_rules same_rules
test_result all_rules all_rules
test_result rules_are_there rules_are_there
ktap_finished
