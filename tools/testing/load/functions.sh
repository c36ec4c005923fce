# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# How often the functions that C calls in samplefs are called: all that its tables have, whether
# or not there is a rule for them. The kernel's own probes count, beside those of locktrack.

functions_tracing=/sys/kernel/tracing

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

# functions_begin FILE: counts from now on. In the file is what each probe counts.
functions_begin()
{
	[ -e "$functions_tracing/kprobe_events" ] || mount -t tracefs none "$functions_tracing"
	functions_of_samplefs | sort | awk '{ print "f" NR, $0 }' >"$1"
	# Counting is enough.
	echo 0 >"$functions_tracing/tracing_on"
	while read -r event _ _ symbol; do
		echo "p:samplefs_functions/$event samplefs:$symbol" >>"$functions_tracing/kprobe_events"
	done <"$1"
	echo 1 >"$functions_tracing/events/samplefs_functions/enable"
}

# functions_end FILE: prints the counts. Fails if a function was never called, or there is none.
functions_end()
{
	awk '
		FNR == NR { hits[$1] = $2; missed += $3; next }
		{
			printf "%9d  %s.%s%s\n", hits[$1], $2, $3, hits[$1] ? "" : "  NOT REACHED"
			count++
			never += !hits[$1]
		}
		END {
			printf "%d functions, %d not reached; %d calls not counted\n", count, never, missed
			exit !count || never
		}' "$functions_tracing/kprobe_profile" "$1" && functions_status=0 || functions_status=$?
	echo 0 >"$functions_tracing/events/samplefs_functions/enable"
	echo >"$functions_tracing/kprobe_events"
	echo 1 >"$functions_tracing/tracing_on"
	return "$functions_status"
}
