# gears: one non-recursive Makefile. `make help` lists the targets.
CC ?= cc
BUILD ?= build
PREFIX ?= /usr/local
SUNDIALS_PREFIX ?=

WARNINGS = -std=c11 -Wall -Wextra -Wpedantic -Wshadow -Wconversion
OPTIMISE ?= -O2 -g
PKGS = libfyaml jansson muparser zlib
CPPFLAGS += -I. -D_GNU_SOURCE -MMD -MP $(if $(SUNDIALS_PREFIX),-I$(SUNDIALS_PREFIX)/include)
CFLAGS += $(WARNINGS) $(OPTIMISE) $(SANITIZE) -pthread
LDFLAGS += $(SANITIZE) $(if $(SUNDIALS_PREFIX),-L$(SUNDIALS_PREFIX)/lib -Wl,-rpath,$(SUNDIALS_PREFIX)/lib)
LDLIBS = $(shell pkg-config --libs libfyaml jansson) -lsundials_cvodes -lgsl -llapacke -lopenblas -lz -lm

FOLDERS = base solver data config plots models growth growth/figures basin basin/figures
LIB_SOURCES = $(foreach d,$(FOLDERS),$(wildcard $(d)/*.c))
CLI_SOURCES = $(wildcard cli/*.c)
TEST_SOURCES = $(wildcard tests/test_*.c)
TEST_SUPPORT = $(filter-out $(TEST_SOURCES),$(wildcard tests/*.c))

objects = $(patsubst %.c,$(BUILD)/%.o,$(1))
LIBRARY = $(BUILD)/libgears.a
TESTS = $(patsubst tests/%.c,$(BUILD)/tests/%,$(TEST_SOURCES))

.PHONY: all tests
all: gears

gears: $(BUILD)/gears
	ln -sf $< $@

$(BUILD)/gears: $(call objects,$(CLI_SOURCES)) $(LIBRARY)
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(LIBRARY): $(call objects,$(LIB_SOURCES))
	rm -f $@
	ar rcs $@ $^

tests: $(TESTS)

$(BUILD)/tests/test_%: $(BUILD)/tests/test_%.o $(call objects,$(TEST_SUPPORT)) $(LIBRARY)
	$(CC) $(LDFLAGS) -o $@ $^ $(shell pkg-config --libs check) $(LDLIBS)

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

-include $(patsubst %.o,%.d,$(call objects,$(LIB_SOURCES) $(CLI_SOURCES) $(TEST_SOURCES) $(TEST_SUPPORT)))
