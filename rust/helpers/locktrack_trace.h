/* SPDX-License-Identifier: GPL-2.0 */
/* The tracepoint locktrack:violation. */

#undef TRACE_SYSTEM
#define TRACE_SYSTEM locktrack

#if !defined(_LOCKTRACK_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _LOCKTRACK_TRACE_H

#include <linux/kdev_t.h>
#include <linux/sched.h>
#include <linux/sprintf.h>
#include <linux/tracepoint.h>

#include "locktrack.h"

TRACE_EVENT(violation,
	TP_PROTO(const struct locktrack_violation *v),
	TP_ARGS(v),

	TP_STRUCT__entry(
		__field(unsigned int, rule)
		__field(dev_t, dev)
		__field(unsigned long, caller)
		__field(pid_t, pid)
		__field(bool, excepted)
		__array(char, comm, TASK_COMM_LEN)
		__dynamic_array(char, callback, v->table.length + v->op.length + 2)
		__string_len(object, v->object.start, v->object.length)
		__string_len(lock, v->lock.start, v->lock.length)
		__string_len(requires, v->requires.start, v->requires.length)
		__string_len(found, v->found.start, v->found.length)
		__string(fs, v->fs)
	),

	TP_fast_assign(
		__entry->rule = v->rule;
		__entry->dev = v->dev;
		__entry->caller = v->caller;
		__entry->pid = current->pid;
		__entry->excepted = v->excepted;
		memcpy(__entry->comm, current->comm, TASK_COMM_LEN);
		snprintf(__get_str(callback), v->table.length + v->op.length + 2, "%.*s.%.*s",
			 v->table.length, v->table.start, v->op.length, v->op.start);
		__assign_str(object);
		__assign_str(lock);
		__assign_str(requires);
		__assign_str(found);
		__assign_str(fs);
	),

	TP_printk("rule=%u callback=%s object=%s lock=%s requires=%s found=%s fs=%s dev=%u:%u caller=%pS comm=%s pid=%d excepted=%d",
		  __entry->rule, __get_str(callback), __get_str(object), __get_str(lock),
		  __get_str(requires), __get_str(found), __get_str(fs), MAJOR(__entry->dev),
		  MINOR(__entry->dev), (void *)__entry->caller, __entry->comm, __entry->pid,
		  __entry->excepted)
);

#endif /* _LOCKTRACK_TRACE_H */

#undef TRACE_INCLUDE_PATH
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_PATH .
#define TRACE_INCLUDE_FILE locktrack_trace
#include <trace/define_trace.h>
