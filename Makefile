# SPDX-License-Identifier: GPL-2.0

# The kernel of the managed environment to work with: stock, test, kasan or kcsan, or of an
# older series: stock-7.2, test-7.2.
KERNEL ?= stock

MAKEFLAGS += --no-builtin-rules --no-print-directory

help:
	@echo 'Without KDIR, everything is done in a managed environment that is made in'
	@echo 'SAMPLEFS_CACHE (default: samplefs in the XDG cache directory) where it is missing.'
	@echo
	@echo '  make demo          see it work: a workload under locktrack, then broken locking'
	@echo '  make check         every test but the long ones below; about an hour the first time'
	@echo '  make check-all     kernels with sanitizers: every kselftest, and a load; some hours; KERNELS="kasan ..."'
	@echo '  make check-kernels what make check does, on older kernels that are supported; about an hour; KERNELS="..."'
	@echo '  make bench         count instructions of samplefs, tmpfs and ramfs'
	@echo '  make modules       build samplefs.ko, locktrack.ko and tinyfs.ko into build/KERNEL'
	@echo '  make tools         build the front end into build/KERNEL/bin'
	@echo '  make setup         only make the managed environment'
	@echo '  make check-env     say what is there to build with and what is missing'
	@echo '  make clippy        lint the crates, with the kernel'\''s lints'
	@echo '  make sparse        check the C helpers'
	@echo '  make selftests     build the kselftests into build/KERNEL/selftests'
	@echo '  make compile-fail  compile what must not compile, and the examples of the crates'
	@echo '  make rustdoc       document the crates, into build/KERNEL/rustdoc'
	@echo '  make rust-analyzer write rust-project.json for all crates'
	@echo '  make rustfmt       format all Rust; make rustfmtcheck only checks'
	@echo '  make check-load    loads on samplefs, about half an hour; LOADS="fio ..." for some'
	@echo '  make check-races   races on samplefs with 2 and with 4 CPUs, about an hour; RACES="rename_over ..."'
	@echo '  make check-faults  each operation with each fault, some hours; FAULT_OPS="create ..." for some'
	@echo '  make check-apps    programs that others wrote, on samplefs and tmpfs; APPS="git ..." for some'
	@echo '  make fuzz          feed tools and modules with made-up input, about 35 minutes'
	@echo '  make docs          build Documentation/ into build/docs'
	@echo '  make clean         remove build/'
	@echo '  make distclean     remove build/, rust-project.json and the cache directory'
	@echo
	@echo '  LOAD_SECONDS=N     how long make check-load takes for each load (300)'
	@echo '  RACE_SECONDS=N     how long make check-races takes for each race (30); RACE_CPUS="2 4"'
	@echo '  FAULT_PARTS="..."  what of make check-faults: planted samplefs modules (all); FAULTS="EINTR ..."'
	@echo '  APP_SECONDS=N, APP_SIZE=N  how long (60) or how much (1) make check-apps does of each'
	@echo '  FUZZ_SECONDS=N     how long make fuzz takes for each of the six targets (310)'
	@echo '  FORMAT=table|tsv|counts, ROUNDS=N, FILES=N  what make bench prints and measures'
	@echo '  KERNEL=stock|test  Debian'\''s own kernel, or the one with every lock check'
	@echo '  KERNEL=kasan|kcsan that one with KASAN, kmemleak and UBSAN, or with KCSAN'
	@echo '  KERNEL=stock-7.2|test-7.2  the same two of an older series'
	@echo
	@echo 'KERNEL is for what builds (modules, tools, selftests, clippy, sparse, compile-fail, rustdoc,'
	@echo 'rust-analyzer: stock), and for check-load, check-races, check-apps, fuzz (test) and check-faults (kasan).'
	@echo 'Documentation/building.rst has more variables (SAMPLEFS_MIRROR, SAMPLEFS_KVM, BUILD), and so has'
	@echo 'Documentation/testing.rst (LOAD_CYCLES, LOAD_CPUS).'
	@echo
	@echo 'make KDIR=/path/to/built/kernel builds the modules for that kernel with this'
	@echo 'machine'\''s tools, into build/RELEASE. Targets with KDIR: modules, modules_install, tools,'
	@echo 'selftests, check-env, clippy, sparse, compile-fail, rustdoc, rust-analyzer.'

.PHONY: help setup modules modules_install tools selftests check-env check check-all check-kernels demo bench clippy \
	sparse rustdoc compile-fail rust-analyzer rustfmt rustfmtcheck docs fuzz check-load check-races check-faults check-apps \
	clean distclean

ifdef KDIR

# As for any module out of the tree.
.DEFAULT_GOAL := modules

# A developer's own kernel, or one of the managed environment entered by scripts/managed.
# ---------------------------------------------------------------------------

CACHE := $(or $(SAMPLEFS_CACHE),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/samplefs)
RELEASE := $(shell cat $(KDIR)/include/config/kernel.release 2>/dev/null)
BUILD ?= $(CURDIR)/build/$(RELEASE)
CARGO ?= cargo

# The crates that are linked into the modules, one directory for each lock file.
CRATES_IO := $(CACHE)/crates-$(firstword $(shell sha256sum rust/Cargo.lock))
# Where cargo builds the tools, which are the same for all kernels.
TOOLS ?= $(BUILD)/cargo
LOCKSPEC := $(TOOLS)/release/lockspec

KBUILD = $(MAKE) -C $(KDIR) M=$(CURDIR) MO=$(BUILD) CRATES_IO=$(CRATES_IO) LOCKSPEC=$(LOCKSPEC)

modules clippy sparse compile-fail rustdoc rust-analyzer: prepare
modules:
	+$(KBUILD) modules

# Of what was built, as it may be root who installs: with another PATH, and without the tools.
modules_install: | $(filter modules,$(MAKECMDGOALS))
	@test -e $(BUILD)/modules.order || { \
		echo 'there are no modules in $(BUILD): build them with make KDIR=$(KDIR)' >&2; exit 1; }
	+$(KBUILD) modules_install

tools:
	@mkdir -p $(BUILD)/bin
	$(CARGO) build --quiet --release --locked --manifest-path tools/Cargo.toml \
		--target-dir $(TOOLS) --package locktrack
	cp $(TOOLS)/release/locktrack $(BUILD)/bin

# In a directory of its own, or the next build would have to compile everything again.
clippy:
	@mkdir -p $(BUILD)/clippy
	+$(KBUILD) MO=$(BUILD)/clippy CLIPPY=1 KRUSTFLAGS=-Dwarnings KCFLAGS=-Werror modules

# Of every C file, also of those that need no compiling. The kernel refuses a sparse that
# does not know __typeof_unqual__, as Debian 13's; for ours the older word will do. Nor does it
# know the length of a literal, which MODULE_PARM_DESC() asserts.
# Only Rust calls the helpers, so C declares them nowhere.
sparse: modules
	+$(KBUILD) C=2 CF='-Wsparse-error -Wno-decl -D__typeof_unqual__=__typeof__ -D__builtin_strlen=-1+sizeof' modules

selftests: modules tools
	$(CARGO) build --quiet --release --locked --manifest-path tools/Cargo.toml \
		--target-dir $(TOOLS) --package oracle
	+$(MAKE) -C tools/testing/selftests/locktrack/test_modules MO=$(BUILD)/test_modules
	cp $(BUILD)/test_modules/*.ko $(BUILD)
	cp $(LOCKSPEC) $(TOOLS)/release/oracle $(BUILD)/bin
	+$(MAKE) -C tools/testing/selftests install OUTPUT=$(BUILD)/selftests

compile-fail: modules
	@tools/testing/compile_fail/run $(BUILD)

rustdoc: modules
	+$(KBUILD) RUSTDOC_OUT=$(BUILD)/rustdoc modules

rust-analyzer: modules
	+$(MAKE) -C $(KDIR) M=$(CURDIR) MO=$(BUILD) rust-analyzer
	scripts/rust-project $(BUILD) >rust-project.json.tmp
	mv rust-project.json.tmp rust-project.json

.PHONY: prepare
prepare:
	@scripts/check-env --quiet $(KDIR)
	@mkdir -p $(BUILD)
	@test -d $(CRATES_IO) || { \
		mkdir -p $(CACHE) && rm -rf $(CRATES_IO).tmp && \
		$(CARGO) vendor --quiet --locked --manifest-path rust/Cargo.toml $(CRATES_IO).tmp >/dev/null && \
		mv $(CRATES_IO).tmp $(CRATES_IO); } || \
		{ echo 'cannot fetch the crates that rust/Cargo.lock names: is the network there?' >&2; exit 1; }
	$(CARGO) build --quiet --release --locked --manifest-path tools/Cargo.toml \
		--target-dir $(TOOLS) --package lockspec

check-env:
	@scripts/check-env $(KDIR)

setup check check-all check-kernels check-load check-races check-faults check-apps demo bench:
	@echo '$@ needs the managed environment: call it without KDIR' >&2
	@false

else

# The managed environment
# ---------------------------------------------------------------------------

setup:
	@scripts/setup stock test

modules tools selftests clippy sparse compile-fail rustdoc rust-analyzer:
	+@scripts/managed $(KERNEL) $@

modules_install:
	@echo 'modules_install needs KDIR=/path/to/built/kernel: the managed kernels are only booted' >&2
	@false

check-env:
	@scripts/check-env

check:
	@scripts/check

check-all:
	@scripts/check-all $(KERNELS)

check-kernels:
	@scripts/check-kernels $(KERNELS)

# On a kernel of their own choice, if nobody says KERNEL; what is said, make hands on.
check-load:
	@scripts/check-load $(LOADS)

check-races:
	@scripts/check-races $(RACES)

check-faults:
	@FAULTS="$(FAULTS)" scripts/check-faults $(FAULT_OPS)

check-apps:
	@scripts/check-apps $(APPS)

demo:
	@scripts/demo

bench:
	@scripts/bench

endif

rustfmt rustfmtcheck docs fuzz:
	@scripts/setup && scripts/$@

clean:
	rm -rf -- build

distclean: clean
	rm -f -- rust-project.json
	@scripts/remove-cache
