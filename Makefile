# gears: one non-recursive Makefile. `make help` lists the targets.
#
# Settings, on the command line or in the environment:
#   CC, OPTIMISE, SANITIZE     compiler, -O2 -g, and sanitizer flags
#   BUILD                      where everything is built
#   PREFIX, DESTDIR            where `make install` puts things
#   SUNDIALS_PREFIX            a SUNDIALS 6.x of your own (Debian's is built without optimisation)
CC ?= cc
BUILD ?= build
PREFIX ?= /usr/local
OPTIMISE ?= -O2 -g
SANITIZE ?=
SUNDIALS_PREFIX ?=

MAKEFLAGS += --no-builtin-rules
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j$(or $(shell nproc 2>/dev/null),2)
endif
.DELETE_ON_ERROR:

# --- flags -----------------------------------------------------------------------------------------------------------
# pkg-config is called by the recipes, never while this file is read: the first `make check` on a new machine installs it.

# -fopenmp-simd: loops marked `omp simd` are vectorised; no threads, no reordering of other sums. -fno-trapping-math,
# -fno-math-errno: nobody asks for floating-point exceptions or errno, without which such loops may hold choices and
# square roots; no value changes. -ffp-contract=fast: a * b + c may be one instruction, rounded once, where the machine
# that is compiled for has it: on x86-64 only in the variants of solver/wide.h
STANDARD = -std=c11 -D_GNU_SOURCE -fopenmp-simd -fno-trapping-math -fno-math-errno -ffp-contract=fast -I.
# the last one: clang remarks on loops that it leaves narrow (a call of erfc in them), which is no mistake
WARNINGS = -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-pass-failed
PACKAGES = libfyaml jansson zlib

sundials_include = $(if $(SUNDIALS_PREFIX),-isystem $(SUNDIALS_PREFIX)/include)
sundials_lib = $(foreach d,$(wildcard $(SUNDIALS_PREFIX:%=%/lib) $(SUNDIALS_PREFIX:%=%/lib64)),-L$(d) -Wl,-rpath,$(d))

COMPILE = $(CC) $(STANDARD) $(sundials_include) $(CPPFLAGS) $(WARNINGS) $(WERROR) $(OPTIMISE) $(SANITIZE) -pthread $(CFLAGS)
LINK = $(CC) $(OPTIMISE) $(SANITIZE) -pthread $(sundials_lib) $(LDFLAGS)
# GSL's own BLAS stays out: it is many times slower than OpenBLAS, and the first BLAS on the line wins.
LIBRARIES = $$(pkg-config --libs $(PACKAGES)) -lsundials_cvodes -lgsl -llapacke -lopenblas -lm

# --- what is built ---------------------------------------------------------------------------------------------------

FOLDERS = base solver data config plots models growth growth/baselines growth/claims growth/figures growth/fit growth/forecast growth/identify basin basin/figures
LIB_SOURCES = $(wildcard $(FOLDERS:%=%/*.c))
CLI_SOURCES = $(wildcard cli/*.c)
TEST_SOURCES = $(wildcard tests/test_*.c)
TEST_SUPPORT = $(filter-out $(TEST_SOURCES),$(wildcard tests/*.c))
VALIDATE_SOURCES = $(wildcard tests/validate/validate_*.c)
VALIDATE_SUPPORT = $(filter-out $(VALIDATE_SOURCES),$(wildcard tests/validate/*.c))
BENCH_SOURCES = $(wildcard bench/bench_*.c)
FUZZ_SOURCES = $(wildcard tests/fuzz/fuzz_*.c)
SOURCES = $(LIB_SOURCES) $(CLI_SOURCES) $(TEST_SOURCES) $(TEST_SUPPORT) $(VALIDATE_SOURCES) $(VALIDATE_SUPPORT) \
	$(BENCH_SOURCES) $(FUZZ_SOURCES)
HEADERS = $(wildcard $(FOLDERS:%=%/*.h) cli/*.h tests/*.h tests/fuzz/*.h tests/validate/*.h bench/*.h)

objects = $(patsubst %.c,$(BUILD)/%.o,$(1))
LIBRARY = $(BUILD)/libgears.a
PROGRAM = $(if $(CLI_SOURCES),$(BUILD)/gears)
TESTS = $(TEST_SOURCES:%.c=$(BUILD)/%)
VALIDATIONS = $(VALIDATE_SOURCES:%.c=$(BUILD)/%)
BENCHES = $(BENCH_SOURCES:%.c=$(BUILD)/%)
FUZZERS = $(FUZZ_SOURCES:%.c=$(BUILD)/%)

.PHONY: all tests
all: $(PROGRAM) $(LIBRARY) ## build the program, ./gears
	$(if $(PROGRAM),@ln -sf $(PROGRAM) gears)

tests: $(TESTS) $(PROGRAM) ## build the test programs

$(BUILD)/gears: $(call objects,$(CLI_SOURCES)) $(LIBRARY) $(BUILD)/link.flags
	@echo "  link  $@"
	@$(LINK) -o $@ $(filter %.o %.a,$^) $(LIBRARIES)

$(LIBRARY): $(call objects,$(LIB_SOURCES)) $(BUILD)/library.flags
	@echo "  ar    $@"
	@rm -f $@
	@ar rcs $@ $(filter %.o,$^)

$(TESTS): $(BUILD)/%: $(BUILD)/%.o $(call objects,$(TEST_SUPPORT)) $(LIBRARY) $(BUILD)/link.flags
	@echo "  link  $@"
	@$(LINK) -o $@ $(filter %.o %.a,$^) $$(pkg-config --libs check) $(LIBRARIES)

$(VALIDATIONS): $(BUILD)/%: $(BUILD)/%.o $(call objects,$(VALIDATE_SUPPORT)) $(LIBRARY) $(BUILD)/link.flags
	@echo "  link  $@"
	@$(LINK) -o $@ $(filter %.o %.a,$^) $(LIBRARIES)

$(BENCHES): $(BUILD)/%: $(BUILD)/%.o $(LIBRARY) $(BUILD)/link.flags
	@echo "  link  $@"
	@$(LINK) -o $@ $(filter %.o %.a,$^) $(LIBRARIES)

$(FUZZERS): $(BUILD)/%: $(BUILD)/%.o $(LIBRARY) $(BUILD)/link.flags
	@echo "  link  $@"
	@$(LINK) -fsanitize=fuzzer -o $@ $(filter %.o %.a,$^) $(LIBRARIES)

$(call objects,$(SOURCES)): $(BUILD)/%.o: %.c $(BUILD)/compile.flags | packages
	@mkdir -p $(@D)
	@echo "  cc    $<"
	@$(COMPILE) -MMD -MP -c -o $@ $< $$(pkg-config --cflags $(PACKAGES))

-include $(patsubst %.o,%.d,$(call objects,$(SOURCES)))

# A flags file changes only when its text does, and what depends on it is then made again.
$(BUILD)/compile.flags: text = $(COMPILE)
$(BUILD)/link.flags: text = $(LINK) $(LIBRARIES)
$(BUILD)/library.flags: text = $(LIB_SOURCES)
$(BUILD)/%.flags: FORCE
	@mkdir -p $(@D)
	@echo '$(text)' | cmp -s - $@ || echo '$(text)' > $@

.PHONY: FORCE
FORCE:

# --- packages --------------------------------------------------------------------------------------------------------
# These goals install the Debian packages they miss before anything is compiled; the others only list what a build lacks.

needs_check = build plot test
needs_validate = build plot
needs_demo = build plot
needs_docs = build plot docs
needs_asan = build plot test
needs_memcheck = build plot test memcheck
needs_fuzz = build fuzz
needs_lint = build test lint
needs_fmt = lint
needs_bench = build bench

.PHONY: packages
packages:
	@.ci/install-packages $(or $(sort $(foreach goal,$(MAKECMDGOALS),$(needs_$(goal)))),--list build)

# --- checking --------------------------------------------------------------------------------------------------------

.PHONY: check asan memcheck lint fmt
check: packages tests ## install what is missing, build, run every test
	@tests/run $(BUILD) $(notdir $(TESTS))

SANITIZERS = -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
asan: packages ## every test under AddressSanitizer and UBSan, in build/asan
	@$(MAKE) BUILD=$(BUILD)/asan SANITIZE="$(SANITIZERS)" OPTIMISE="-O1 -g" check

VALGRIND = valgrind -q --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite
memcheck: packages tests ## every test under valgrind
	@CK_DEFAULT_TIMEOUT=1800 TEST_TIMEOUT=3600 TEST_WRAPPER="$(VALGRIND)" tests/run $(BUILD) $(notdir $(TESTS))

VALIDATE ?=
.PHONY: validate
validate: packages all $(VALIDATIONS) ## the long statistics, VALIDATE (all of them): tables into docs/validation/
	@tests/validate/run $(BUILD) $(VALIDATE)

FUZZ_SECONDS ?= 60
.PHONY: fuzz fuzzers
fuzzers: $(FUZZERS)
fuzz: packages ## the readers of outside files under libFuzzer, FUZZ_SECONDS (60) each, in build/fuzz
	@$(MAKE) CC=clang BUILD=$(BUILD)/fuzz SANITIZE="-fsanitize=fuzzer-no-link $(SANITIZERS)" OPTIMISE="-O1 -g" fuzzers
	@tests/fuzz/run $(BUILD)/fuzz $(FUZZ_SECONDS)

# clang-tidy is slow, so each file is looked at again only when it or a header changed.
TIDIED = $(SOURCES:%.c=$(BUILD)/tidy/%.ok)
$(TIDIED): $(BUILD)/tidy/%.ok: %.c $(HEADERS) .clang-tidy | packages
	@mkdir -p $(@D)
	@echo "  tidy  $<"
	@clang-tidy --quiet --warnings-as-errors='*' $< -- $(STANDARD) $(WARNINGS) 2>$@.log || { cat $@.log; exit 1; }
	@touch $@

lint: packages $(TIDIED) ## formatting, clang-tidy, cppcheck, shellcheck, gcc and clang with -Werror
	@clang-format --dry-run --Werror $(SOURCES) $(HEADERS)
	@mkdir -p $(BUILD)/cppcheck
	@cppcheck --quiet --std=c11 --enable=warning,performance,portability --inline-suppr --error-exitcode=1 \
		--suppress=missingIncludeSystem --cppcheck-build-dir=$(BUILD)/cppcheck -I. $(SOURCES)
	@shellcheck $$(git grep -lE '^#!.*sh$$')
	@$(MAKE) CC=gcc WERROR=-Werror BUILD=$(BUILD)/lint-gcc tests
	@$(MAKE) CC=clang WERROR=-Werror BUILD=$(BUILD)/lint-clang tests
	@echo "lint: nothing to complain about"

fmt: packages ## format the sources
	@clang-format -i $(SOURCES) $(HEADERS)

# bench/growth, bench/fit and each bench/*.py run a program of ours beside what a user would run instead, and print a table of docs/bench.md.
.PHONY: bench
bench: packages $(BENCHES) ## our speed beside other programs'
	@for script in bench/growth bench/fit $(wildcard bench/*.py); do echo "$$script"; $$script $(BUILD) || exit 1; done

# --- showing ---------------------------------------------------------------------------------------------------------

DEMO_OVERLAY = scenarios/five-phases.yaml scenarios/frontier.yaml scenarios/world.yaml
.PHONY: demo
demo: packages all ## install what is missing, build, run scenarios/, say where to look
	@./gears run scenarios/five-phases.yaml
	@./gears run --quiet $(filter-out scenarios/five-phases.yaml,$(wildcard scenarios/*.yaml))
	@./gears growth compare --out out/compare $(DEMO_OVERLAY)
	@./gears basin audit scenarios/basin-digits.yaml
	@echo
	@echo "Every scenario has its page: out/NAME/report.html (figures also as SVG, PNG and gnuplot script; series as CSV)."
	@ls -d out/*/report.html | sed 's/^/  /'

.PHONY: docs
docs: packages all ## write the generated parts of docs/ and data/README.md again
	@docs/update

# --- installing and cleaning -----------------------------------------------------------------------------------------

SHARED = $(filter-out %.c %.h,$(wildcard data/*/* scenarios/*.yaml scenarios/*/*))
share = $(DESTDIR)$(PREFIX)/share/gears

.PHONY: install uninstall clean help
install: all ## the program, data and scenarios under PREFIX (/usr/local), below DESTDIR
	install -D -m 755 $(PROGRAM) $(DESTDIR)$(PREFIX)/bin/gears
	for f in $(SHARED); do install -D -m 644 $$f $(share)/$$f || exit 1; done

uninstall: ## remove what install put there
	rm -f $(DESTDIR)$(PREFIX)/bin/gears
	rm -rf $(share)

clean: ## remove everything that was built
	rm -rf $(BUILD) gears

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
