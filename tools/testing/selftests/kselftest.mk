# SPDX-License-Identifier: GPL-2.0
#
# Finds the kernel's selftest framework and says where build products go.
# Included by the Makefile of the selftests and by that of each suite, which then
# includes $(KSELFTEST)/lib.mk.

kselftest_of = $(patsubst %/lib.mk,%,$(wildcard $(1)/tools/testing/selftests/lib.mk))

ifeq ($(KSELFTEST),)
kernel_trees := $(KDIR:%=%/source) $(KDIR) \
	$(addprefix /lib/modules/$(shell uname -r)/,source build) \
	$(shell ls -dvr /usr/src/linux-source-7*/ 2>/dev/null)
KSELFTEST := $(firstword $(foreach tree,$(kernel_trees),$(call kselftest_of,$(tree))))
endif

ifeq ($(wildcard $(KSELFTEST)/lib.mk),)
$(error The selftest framework of the kernel is not in "$(KSELFTEST)". \
	Set KSELFTEST=/path/to/linux/tools/testing/selftests, or install a kernel source: \
	on Debian linux-source-7.x, unpacked in /usr/src)
endif

# A relative path would mean another place in each suite.
override KSELFTEST := $(abspath $(KSELFTEST))
export KSELFTEST

OUTPUT ?= $(CURDIR)
override OUTPUT := $(abspath $(OUTPUT))
$(shell mkdir -p $(OUTPUT))

# The kernel's runner reads a suite's settings only where the suite is installed.
ifneq ($(wildcard settings),)
export kselftest_override_timeout ?= $(shell sed -n 's/^timeout=//p' settings)
endif
