# SPDX-License-Identifier: GPL-2.0
#
# For the Kbuild files: stops what is built for a kernel that the code does not support, however make was called.
# scripts/lib.sh has the list.

supported_kernels := $(shell sed -n 's/^supported_kernels="\(.*\)"/\1/p' $(dir $(lastword $(MAKEFILE_LIST)))lib.sh)

ifeq ($(filter $(VERSION).$(PATCHLEVEL),$(supported_kernels)),)
$(error the kernel in $(objtree) is Linux $(VERSION).$(PATCHLEVEL), which is not supported: \
	build for a kernel of one of these series: $(supported_kernels))
endif
