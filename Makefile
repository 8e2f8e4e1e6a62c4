# weir. `make run` shows the main job, `make test` builds and runs every test; see README.md.
B ?= build
CC ?= gcc
CXX ?= g++
PY ?= .venv/bin/python
OPT ?= -O2 -g
SANFLAGS ?=
WARN = -Wall -Wextra -Werror
CSTD = -std=gnu17 -D_GNU_SOURCE -fno-strict-aliasing -march=x86-64-v2
PKGS = libnghttp2 openssl libprotobuf-c libzstd liblz4 sqlite3 libpcre2-8 zlib rdkafka expat
LIBS = $(shell pkg-config --libs $(PKGS)) -lxxhash -lsnappy -lbz2 -ldl -lpthread -lm
# V=1 shows the commands
Q = $(if $(V),,@)
say = $(if $(V),true,printf '  %-5s %s\n' $(1) $(2))
JOBS = $(if $(findstring j,$(firstword -$(MAKEFLAGS))),,-j$(shell nproc))
CFLAGS_ALL = $(CSTD) $(OPT) $(WARN) $(SANFLAGS) -Isrc -I$(B)/gen -MMD -MP $(CFLAGS)

SRC = $(filter-out %_test.c,$(wildcard src/*/*.c))
TESTS = $(wildcard src/*/*_test.c)
MAIN = src/app/main.c
LIBSRC = $(filter-out $(MAIN),$(SRC))
OBJ = $(LIBSRC:%.c=$(B)/%.o)
TESTBIN = $(TESTS:src/%.c=$(B)/test/%)
FUZZ = $(notdir $(basename $(wildcard test/fuzz/*_fuzz.c)))

all: $(B)/weir $(B)/libweir_arrow.so $(B)/kafka_driver $(B)/librdkafka.so.1

.venv/stamp: tools/bootstrap.sh
	tools/bootstrap.sh

# The protobuf messages come from the descriptors inside the installed client: no .proto file is kept here.
$(B)/gen/stamp: tools/protogen.py | .venv/stamp
	@$(call say,GEN,$(B)/gen)
	$(Q)$(PY) tools/protogen.py $(B)/gen
	@touch $@

$(B)/gen/libproto.a: $(B)/gen/stamp
	@find $(B)/gen -name '*.pb-c.c' | sed 's/\.c$$/.o/' > $(B)/gen/objects
	@$(MAKE) --no-print-directory $(JOBS) -f tools/proto.mk B=$(B) CC="$(CC)" SANFLAGS="$(SANFLAGS)"

$(B)/src/%.o: src/%.c | $(B)/gen/stamp
	@mkdir -p $(@D)
	@$(call say,CC,$<)
	$(Q)$(CC) $(CFLAGS_ALL) -c $< -o $@

$(B)/libweir.a: $(OBJ)
	@rm -f $@
	@$(call say,AR,$@)
	$(Q)ar rcs $@ $(OBJ)

$(B)/weir: $(B)/src/app/main.o $(EXTRA) $(B)/libweir.a $(B)/gen/libproto.a
	@$(call say,LINK,$@)
	$(Q)$(CC) $(OPT) $(SANFLAGS) -o $@ $^ $(LIBS) -Wl,-rpath,'$$ORIGIN'

# Debian's librdkafka 2.0.2 is what weir is built against; a newer one, of a Python package, is what it runs with: that
# knows SCRAM as brokers of Kafka 4 want it, and fetches OAUTHBEARER tokens. A file that is written over takes its
# relocated pages from the processes that run with it: they end
$(B)/librdkafka.so.1: .venv/stamp
	@mkdir -p $(@D)
	@$(call say,COPY,$@)
	$(Q)cp --remove-destination $$(ls .venv/lib/python3*/site-packages/confluent_kafka.libs/librdkafka-*.so.1 | tail -1) $@

$(B)/libweir_arrow.so: $(wildcard src/arrow/*.cc src/arrow/*.h) | .venv/stamp
	@$(call say,CXX,$@)
	$(Q)$(PY) tools/arrow_build.py $@ "$(CXX)"

$(B)/test/%_test: src/%_test.c $(B)/libweir.a $(B)/gen/libproto.a
	@mkdir -p $(@D)
	@$(call say,CC,$<)
	$(Q)$(CC) $(CFLAGS_ALL) $< -o $@ $(B)/libweir.a $(B)/gen/libproto.a -lcmocka $(LIBS)

# Kafka for the Python tests: a mock cluster and a client
$(B)/kafka_driver: test/kafka/driver.c
	@mkdir -p $(@D)
	$(CC) $(CSTD) $(OPT) $(WARN) $< -o $@ -lrdkafka -Wl,-rpath,'$$ORIGIN'

# Whether the sanitizers of a build act
$(B)/canary: test/canary/canary.c
	@mkdir -p $(@D)
	@$(call say,CC,$<)
	$(Q)$(CC) $(CSTD) $(OPT) -Wall -Werror $(SANFLAGS) $< -o $@ -lpthread

tests: $(TESTBIN)

deps: .venv/stamp

run: deps
	@$(MAKE) --no-print-directory $(JOBS) all
	@$(PY) examples/demo.py

SAN = -fsanitize=address,undefined -fno-omit-frame-pointer -fno-sanitize-recover=undefined
san:
	@$(MAKE) --no-print-directory $(JOBS) B=build-san OPT="-O1 -g" SANFLAGS="$(SAN)" EXTRA=test/lsan_openssl.c all tests build-san/canary

test: deps
	@$(MAKE) --no-print-directory $(JOBS) all
	@$(MAKE) --no-print-directory san
	@$(PY) tools/test.py

# The concurrent tests under ThreadSanitizer
tsan: deps
	$(MAKE) --no-print-directory B=build-tsan OPT="-O1 -g" SANFLAGS="-fsanitize=thread" EXTRA=test/tsan_threads.c all build-tsan/canary
	$(PY) tools/test.py --server tsan $(addprefix test/py/test_,$(addsuffix .py,basic connect recovery stream golden statestore hazards kafka_source kafka_sink))

tidy:
	$(PY) tools/tidy.py

interop: all
	$(PY) tools/interop.py
	$(PY) tools/kafka_test.py

# Other PySpark clients
clients: all
	$(PY) tools/clients.py

# On loopback, bounded: hostile queries in 5 GiB of addresses and in a cgroup of 1 GiB, beside streams; then what clients may
# take from the server, what grows, what is cut, who is who
ATTACK_SEED ?= 1
attack: all
	$(PY) tools/attack.py --seed $(ATTACK_SEED)
	$(PY) tools/attack.py --seed $(ATTACK_SEED) --addresses 0 --memory 1073741824
	$(PY) tools/test.py --server plain $(addprefix test/py/test_,$(addsuffix .py,wire growth cut_files tokens who artifacts confined names alloc_faults))

verify: all
	$(PY) tools/verify.py

bench: all
	$(PY) bench/run.py
	$(PY) bench/kafka.py

# Fuzzers need clang: make fuzz FUZZ_SECONDS=600
FUZZ_SECONDS ?= 60
fuzz: deps
	tools/bootstrap.sh clang-14 libclang-rt-14-dev
	$(MAKE) --no-print-directory B=build-fuzz CC=clang-14 OPT="-O1 -g" SANFLAGS="-fsanitize=address,undefined,fuzzer-no-link" build-fuzz/libweir.a build-fuzz/gen/libproto.a
	$(PY) tools/fuzz.py $(FUZZ_SECONDS)

clean:
	rm -rf build build-san build-fuzz build-tsan

-include $(OBJ:.o=.d) $(TESTBIN:=.d)
# Random queries and streams, on Spark and on weir
differential: all
	$(PY) tools/differential.py

.PHONY: all run test tests san tsan tidy interop clients differential attack verify bench fuzz clean deps
