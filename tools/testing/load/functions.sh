# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# How often the functions that C calls in samplefs are called: all that its tables have, whether
# or not there is a rule for them. The module locktrack_calls counts, beside locktrack.

# The crate vfs makes the functions, for each type of samplefs that has methods; so their names have
# both. Prints the file of samplefs, the method and the symbol of each.
functions_of_samplefs()
{
	awk '$4 == "[samplefs]" { print $3 }' /proc/kallsyms | sed -nE '
		h
		s/Cs[0-9A-Za-z]*_//g
		/^_RNvM.*3vfs.*(5Table|6VTable|14FileSystemType).*8samplefs/b method
		/^_RINv.*3vfs.*(15init_fs_context|10free_inode|10get_dquots)N.*8samplefs/b function
		d
		:method
		s/^_RNvM.*8samplefs[0-9]+([a-z_]*[a-z])[0-9]+.*E[0-9]+([a-z].*)B[0-9A-Za-z]+_$/\1 \2/
		:function
		s/^_RINv.*[0-9](init_fs_context|free_inode|get_dquots)N.*/samplefs \1/
		G
		s/\n/ /
		p'
}

# functions_begin FILE: counts from now on. In the file is what is counted.
functions_begin()
{
	functions_of_samplefs | sort >"$1"
	# shellcheck disable=SC2154 # It is common.sh's.
	insmod "$build/locktrack_calls.ko" functions="$(cut -d ' ' -f 3 "$1" | paste -sd ,)"
}

# functions_end FILE: prints the counts. Fails if a function was never called or could not be probed, or
# if there is none.
functions_end()
{
	paste -d ' ' /sys/module/locktrack_calls/parameters/calls "$1" | awk '
		{
			printf "%9s  %s.%s%s\n", $1, $2, $3,
				$1 == "-" ? "  NO PROBE" : $1 + 0 ? "" : "  NOT REACHED"
			never += !($1 + 0)
		}
		END {
			printf "%d functions, %d not known to be reached\n", NR, never
			exit !NR || never
		}' && functions_status=0 || functions_status=$?
	rmmod locktrack_calls
	return "$functions_status"
}
