// SPDX-License-Identifier: GPL-2.0
/*
 * perf_count ID COMMAND [ARGUMENT...]: prints how often the tracepoint with this id was hit
 * by COMMAND and its children.
 */

#include <err.h>
#include <linux/perf_event.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_TRACEPOINT,
		.size = sizeof(attr),
		.inherit = 1,
	};
	uint64_t count;
	int fd, status;
	pid_t child;

	if (argc < 3)
		errx(2, "usage: perf_count ID COMMAND [ARGUMENT...]");
	attr.config = strtoull(argv[1], NULL, 0);
	fd = syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);
	if (fd < 0)
		err(2, "perf_event_open");
	child = fork();
	if (child < 0)
		err(2, "fork");
	if (child == 0) {
		execvp(argv[2], argv + 2);
		err(127, "%s", argv[2]);
	}
	if (waitpid(child, &status, 0) < 0)
		err(2, "waitpid");
	if (read(fd, &count, sizeof(count)) != sizeof(count))
		err(2, "read");
	printf("%llu\n", (unsigned long long)count);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
