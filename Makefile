# refnut - GNU make, no generator.
#
#   make                  everything, into build/ (B= another folder)
#   make check            the unit tests;  make SAN=1 check  the same under ASan and UBSan
#   make install          DESTDIR= PREFIX= CONFPATH= STATEPATH= PIDPATH= ALTPIDPATH= DRVPATH= DATAPATH=
#                         MANPATH= UFWPATH= (ufw itself reads /etc/ufw/applications.d)
#                         SYSTEMDPATH= (systemd itself reads /lib/systemd)
#                         UDEVPATH= (udev itself reads /lib/udev)
#                         PORT= RUN_AS_USER= RUN_AS_GROUP=
#   make bench            the programs behind bench/compare (some need OpenSSL)
#   make fuzz-replay      fuzz/corpus through the harnesses of fuzz/ (docs/fuzzing.md)
#   make fuzz             each harness for FUZZ_SECONDS= under clang's libFuzzer; make fuzz-NAME: one
#   make fuzz-long        each for a minute, and on until there were FUZZ_MILLIONS= of executions in all
#   make fuzz-coverage    what the corpus reaches, as a table and as HTML
#   make soak             MINUTES= SEED= : the real programs with bad luck mixed at random (ci/soak)
#   make clean
#
#   CC=clang              the other compiler
#   TLS=openssl|nss|none  which src/tls/*.c stand behind tls.h
#   WRAP=auto|yes|no      tcp-wrappers in upsd; auto: when tcpd.h is there
#   UMOCKDEV=auto|yes|no  nut-emu --transport umockdev; auto: when pkg-config knows it
#   SUITE_TLS=auto|openssl|none  does nut-conform speak TLS (whatever TLS= says)?  auto: with OpenSSL's headers
#   USB=auto|libusb|none  which drivers/core/usb_*.c has the bus; auto: libusb when its header is there
#   ONLY="words loop"     check these tests alone

PREFIX		= /usr/local
CONFPATH	= $(PREFIX)/etc/nut
STATEPATH	= /var/state/ups
PIDPATH		= /run
ALTPIDPATH	= $(STATEPATH)
DRVPATH		= $(PREFIX)/lib/nut
DATAPATH	= $(PREFIX)/share/nut
MANPATH		= $(PREFIX)/share/man
UFWPATH		= $(DATAPATH)/ufw
SYSTEMDPATH	= $(DATAPATH)/systemd
UDEVPATH	= $(DATAPATH)/udev
PORT		= 3493
RUN_AS_USER	= nobody
RUN_AS_GROUP	= nogroup

CC		= gcc
TLS		= openssl
WRAP		= auto
USB		= auto
UMOCKDEV	= auto
SUITE_TLS	= auto
SAN		=
OPTIMIZE	= -O2 -g
ifneq ($(SAN),)
B		= build/san
OPTIMIZE	= -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
else
B		= build
AS_NEEDED	= -Wl,--as-needed # (under ASan its own crypt_r() would do, and call nothing)
HARDEN		= -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE -fno-plt
HARDEN_LINK	= -pie -Wl,-z,relro,-z,now
endif

# Of `make fuzz` alone: harnesses without a main(), for the one of libFuzzer.
ENGINE		=
ifneq ($(ENGINE),)
B		= build/libfuzzer
CC		= clang
OPTIMIZE	= -O2 -g -fsanitize=fuzzer-no-link,address,undefined,float-cast-overflow \
		  -fno-sanitize-recover=all -fno-omit-frame-pointer
AS_NEEDED	=
HARDEN		=
HARDEN_LINK	=
endif
FUZZ_SECONDS	= 60
FUZZ_MILLIONS	= 100

WARNINGS	= -Wall -Wextra -Wformat=2 -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes \
		  -Wno-unused-parameter -Werror
CFLAGS		= $(OPTIMIZE) $(HARDEN) $(WARNINGS)
CPPFLAGS	=
LDFLAGS		= $(AS_NEEDED) $(HARDEN_LINK)
# (the same programs, whatever folder they are made in)
HOUSE		= -std=c11 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -I. -Isrc -MMD -MP -fdebug-prefix-map=$(CURDIR)=. -fmacro-prefix-map=$(CURDIR)=.
LIBS		=
LIBS_none	=
LIBS_openssl	= -lssl -lcrypto
LIBS_nss	= -lssl3 -lnss3 -lnssutil3 -lnspr4
LIBS_libwrap	= -lwrap
LIBS_libusb	= -lusb-1.0

# auto asks the compiler once.
ifeq ($(WRAP),auto)
override WRAP	:= $(shell $(CC) $(CPPFLAGS) -include tcpd.h -E -x c /dev/null >/dev/null 2>&1 && echo yes || echo no)
endif
WRAPPER		= $(if $(filter yes,$(WRAP)),libwrap,$(if $(filter no,$(WRAP)),none,$(error WRAP is auto, yes or no)))
ifeq ($(USB),auto)
override USB	:= $(shell $(CC) $(CPPFLAGS) -include libusb-1.0/libusb.h -E -x c /dev/null >/dev/null 2>&1 && echo libusb || echo none)
endif
ifeq ($(SUITE_TLS),auto)
override SUITE_TLS := $(shell $(CC) $(CPPFLAGS) -include openssl/ssl.h -E -x c /dev/null >/dev/null 2>&1 && echo openssl || echo none)
endif
ifeq ($(UMOCKDEV),auto)
override UMOCKDEV := $(shell pkg-config --exists umockdev-1.0 2>/dev/null && echo yes || echo no)
endif
MOCKER		= $(if $(filter yes,$(UMOCKDEV)),umockdev,umockdev_none)
LIBS_umockdev	= $(shell pkg-config --libs umockdev-1.0)

# Programs.  A program is one file with a main(); all the rest of the code is one library, which
# the tests link as well.
CLIENTS		= $(patsubst src/client/%.c,$(B)/bin/%,$(CLIENT_MAINS))
BIN		= $(CLIENTS) $(addprefix $(B)/bin/,$(if $(wildcard emulators/main.c),nut-emu) \
		  $(if $(wildcard conformance/main.c),nut-conform))
SBIN		= $(patsubst src/%/main.c,$(B)/sbin/%,$(wildcard src/*/main.c))
DRIVERS		= $(patsubst drivers/%.c,$(B)/drivers/%,$(wildcard drivers/*.c))
PLANTED		= $(patsubst tests/%.c,$(B)/tests/%,$(filter-out %/hoard.c,$(wildcard tests/planted/*.c)))
# tests/tls_openssl*.c are for TLS=openssl alone, and so on.
TEST_SRC	= $(filter-out tests/tls_%.c,$(wildcard tests/*.c)) $(wildcard tests/tls_$(TLS)*.c)
TESTS		= $(patsubst tests/%.c,$(B)/tests/%,$(TEST_SRC))
BENCH		= $(patsubst bench/%.c,$(B)/bench/%,$(wildcard bench/*.c))

HARNESSES	= $(patsubst fuzz/%.c,%,$(wildcard fuzz/*.c))
FUZZERS		= $(addprefix $(B)/fuzz/,$(HARNESSES) planted/overflow)
FUZZ_LIB	= $(filter-out $(if $(ENGINE),fuzz/lib/replay.c),$(wildcard fuzz/lib/*.c))

CLIENT_MAINS	= $(wildcard src/client/ups*.c)
MAINS		= $(wildcard src/*/main.c) $(CLIENT_MAINS) drivers/core/main.c emulators/main.c
ROOMS		= $(wildcard src/base/*.c src/ups/*.c src/upsd/*.c src/client/*.c src/upsmon/*.c src/upsdrvctl/*.c \
		  src/upssched/*.c drivers/*.c drivers/*/*.c emulators/*.c emulators/*/*.c)
HOUSE_SRC	= $(filter-out $(MAINS) drivers/core/usb_%.c emulators/transports/umockdev%,$(ROOMS)) \
		  src/tls/session.c $(wildcard src/tls/$(TLS)*.c) src/wrap/wrap.c src/wrap/$(WRAPPER).c drivers/core/usb_$(USB).c \
		  emulators/transports/$(MOCKER).c
CONFORM_SRC	= $(filter-out conformance/veil_%.c,$(wildcard conformance/*.c conformance/*/*.c)) \
		  conformance/veil_$(SUITE_TLS).c
SIM_SRC		= $(wildcard tests/sim/*.c)
PLANTED_AT	= $(shell sed -n 's/^WRAP.[^,]*, \([a-z_]*\),.*/\1/p' tests/seeds/planted.c)
comma		= ,
SEEDS_SRC	= $(wildcard tests/seeds/*.c)

objects		= $(patsubst %.c,$(B)/%.o,$(1))
LIBRARY		= $(B)/librefnut.a

all: $(SBIN) $(BIN) $(DRIVERS) $(B)/conformance/sentences.txt
# The harnesses are compiled with the tests, so that whoever changes a header sees it.
tests: $(TESTS) $(if $(SEEDS_SRC),$(B)/tests/simulate) $(HARNESSES:%=$(B)/fuzz/%.o)
fuzzers: $(FUZZERS)
.PHONY: all tests fuzzers check bench fuzz fuzz-long fuzz-replay fuzz-coverage soak install clean
.PRECIOUS: $(B)/%.o

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(HOUSE) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

# libFuzzer is not to look for ways through these; nor to note what is compared, many a turn, where no
# input is read or a slow reading decides the same.
ifneq ($(ENGINE),)
NO_INPUT	= loop conn buf log hash helper
$(B)/tests/sim/%.o $(B)/fuzz/lib/%.o: CFLAGS += -fno-sanitize=fuzzer-no-link
$(B)/emulators/%.o $(NO_INPUT:%=$(B)/src/base/%.o) $(B)/fuzz/access.o $(B)/fuzz/words.o: CFLAGS += -fno-sanitize-coverage=trace-cmp
endif

# Where Debian has the headers.
NSS_INCLUDE	= /usr/include/nss /usr/include/nspr
$(call objects,$(wildcard src/tls/nss*.c)): CPPFLAGS += $(addprefix -isystem ,$(NSS_INCLUDE))

# The only file that is told where things are installed; told something else, it is made anew.
TOLD		= $(CONFPATH) $(STATEPATH) $(PIDPATH) $(ALTPIDPATH) $(DRVPATH) $(DATAPATH) $(PORT) \
		  $(RUN_AS_USER) $(RUN_AS_GROUP)
PATHS		:= $(firstword $(shell echo '$(TOLD)' | cksum))
$(B)/src/ups/paths.o: $(B)/paths.is.$(PATHS)
$(B)/src/ups/paths.o: CPPFLAGS += -DCONFPATH='"$(CONFPATH)"' -DSTATEPATH='"$(STATEPATH)"' \
	-DPIDPATH='"$(PIDPATH)"' -DALTPIDPATH='"$(ALTPIDPATH)"' -DDRVPATH='"$(DRVPATH)"' \
	-DDATAPATH='"$(DATAPATH)"' -DPORT='$(PORT)' -DRUN_AS_USER='"$(RUN_AS_USER)"' \
	-DRUN_AS_GROUP='"$(RUN_AS_GROUP)"'

$(B)/emulators/transports/umockdev.o: CPPFLAGS += $(patsubst -I%,-isystem %,$(shell pkg-config --cflags umockdev-1.0))

$(LIBRARY): $(call objects,$(HOUSE_SRC)) $(B)/tls.is.$(TLS) $(B)/wrap.is.$(WRAPPER) $(B)/usb.is.$(USB) \
		$(B)/emu.is.$(MOCKER)
	@rm -f $@
	ar rcs $@ $(filter %.o,$^)

# So that another TLS=, WRAP=, USB= or UMOCKDEV= makes the library anew.
$(B)/tls.is.$(TLS) $(B)/wrap.is.$(WRAPPER) $(B)/usb.is.$(USB) $(B)/emu.is.$(MOCKER) $(B)/paths.is.$(PATHS):
	@mkdir -p $(@D)
	@rm -f $(basename $@).*
	@touch $@

link		= $(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(LIBS_$(TLS)) \
		  $(LIBS_$(WRAPPER)) -lcrypt $(LIBS)

$(SBIN): $(B)/sbin/%: $(B)/src/%/main.o $(LIBRARY)
	@mkdir -p $(@D)
	$(link)

$(B)/bin/nut-emu: $(B)/emulators/main.o $(LIBRARY)
	@mkdir -p $(@D)
	$(link) $(LIBS_$(MOCKER)) -lm

$(B)/bin/nut-conform: $(call objects,$(CONFORM_SRC))
	@mkdir -p $(@D)
	$(link) $(LIBS_$(SUITE_TLS)) -lm

$(CLIENTS): $(B)/bin/%: $(B)/src/client/%.o $(LIBRARY)
	@mkdir -p $(@D)
	$(link)

# What the cases cite, for the page of nut-conform --html.
$(B)/conformance/sentences.txt: conformance/sentences $(wildcard docs/*.md)
	@mkdir -p $(@D)
	conformance/sentences docs/*.md >$@

# One driver program = the core's main() told which driver it runs: dummy-ups -> dummy_ups_driver.
$(DRIVERS:$(B)/drivers/%=$(B)/drivers/main-%.o): $(B)/drivers/main-%.o: drivers/core/main.c
	@mkdir -p $(@D)
	$(CC) $(HOUSE) $(CPPFLAGS) -DTHIS_DRIVER=$(subst -,_,$*)_driver $(CFLAGS) -c -o $@ $<

$(DRIVERS): $(B)/drivers/%: $(B)/drivers/main-%.o $(LIBRARY)
	@mkdir -p $(@D)
	$(link) $(LIBS_$(USB)) -lm

$(B)/libsim.a: $(call objects,$(SIM_SRC))
	@rm -f $@
	ar rcs $@ $^

$(TESTS) $(PLANTED): $(B)/tests/%: $(B)/tests/%.o $(if $(SIM_SRC),$(B)/libsim.a) $(LIBRARY)
	@mkdir -p $(@D)
	$(link) -lcriterion $(LIBS_$(USB)) $(LIBS_$(MOCKER)) -lm

# Wrong servers, for ci/mutants.
$(B)/tests/mutants/%.o: CFLAGS += -fPIC
$(B)/tests/mutants/list: $(B)/tests/mutants/main.o $(B)/tests/mutants/mutants.o
	$(link)
$(B)/tests/mutants/shim.so: $(B)/tests/mutants/shim.o $(B)/tests/mutants/mutants.o
	$(filter-out -pie,$(link)) -shared -ldl

# A library that forgets, for ci/soak.
$(B)/tests/planted/hoard.o: CFLAGS += -fPIC
$(B)/tests/planted/hoard.so: $(B)/tests/planted/hoard.o
	$(filter-out -pie,$(link)) -shared -ldl

# Whole sites from seeds (docs/simulation.md).  planted.c stands between the files of src/.
$(B)/tests/simulate: $(call objects,$(SEEDS_SRC)) $(B)/libsim.a $(LIBRARY)
	$(link) -lm $(addprefix -Wl$(comma)--wrap=,$(PLANTED_AT))

# One harness = one program, which takes files (fuzz/lib/replay.c) or, with ENGINE, is libFuzzer.
# fuzz/lib/scarce.c stands between it and its memory.
SCARCE		= malloc calloc realloc reallocarray strdup strndup
$(FUZZERS): $(B)/fuzz/%: $(B)/fuzz/%.o $(call objects,$(FUZZ_LIB)) $(B)/libsim.a $(LIBRARY)
	@mkdir -p $(@D)
	$(link) $(LIBS_$(USB)) $(LIBS_$(MOCKER)) -lm $(if $(ENGINE),-fsanitize=fuzzer) \
		$(addprefix -Wl$(comma)--wrap=,$(SCARCE))

fuzz-replay: fuzzers
	ci/fuzz replay $(B) $(HARNESSES)

fuzz:
	@$(MAKE) --no-print-directory ENGINE=libfuzzer fuzzers
	ci/fuzz run $(FUZZ_SECONDS) $(HARNESSES)

fuzz-long:
	@$(MAKE) --no-print-directory ENGINE=libfuzzer fuzzers
	ci/fuzz long $(FUZZ_MILLIONS) $(HARNESSES)

fuzz-coverage:
	ci/fuzz coverage $(HARNESSES)

$(addprefix fuzz-,$(HARNESSES)): fuzz-%:
	@$(MAKE) --no-print-directory ENGINE=libfuzzer build/libfuzzer/fuzz/$*
	ci/fuzz run $(FUZZ_SECONDS) $*

# They stand alone: a generator that also speaks TLS, pretended drivers, and the floor to compare with.
bench: $(BENCH)
$(B)/bench/nutload $(B)/bench/tlsecho: LIBS += -lssl -lcrypto
$(B)/bench/access: $(LIBRARY)
$(BENCH): $(B)/bench/%: $(B)/bench/%.o
	@mkdir -p $(@D)
	$(link) -lm

MINUTES		= 5
SEED		=
soak: all
	B=$(B) ci/soak --minutes $(MINUTES) $(SEED:%=--seed %)

check: all tests
	ci/check $(B) $(or $(ONLY),$(notdir $(TESTS)))

INSTALL		= install -D
SYSTEMD		= $(patsubst conf/systemd/%,%,$(wildcard conf/systemd/*/*))
EXAMPLE		= $(PREFIX)/share/nut-conform/examples/debian/tests
install: all
	$(INSTALL) -d $(DESTDIR)$(CONFPATH) $(DESTDIR)$(DATAPATH) $(DESTDIR)$(DRVPATH)
	$(INSTALL) -t $(DESTDIR)$(PREFIX)/bin $(BIN)
	$(INSTALL) -t $(DESTDIR)$(PREFIX)/sbin $(SBIN)
	$(INSTALL) -t $(DESTDIR)$(DRVPATH) $(DRIVERS)
	$(INSTALL) -m 644 -t $(DESTDIR)$(DATAPATH) share/cmdvartab
	$(INSTALL) -m 644 -t $(DESTDIR)$(DATAPATH)/emulators/devices emulators/devices/*.dev
	$(INSTALL) -m 644 -t $(DESTDIR)$(DATAPATH)/emulators/scenarios emulators/scenarios/*.scenario
	$(INSTALL) -m 644 -t $(DESTDIR)$(PREFIX)/share/nut-conform/targets conformance/targets/*.conf
	sed 's|^driverdir.*|driverdir $(patsubst $(PREFIX)/%,%,$(DRVPATH))|' conformance/targets/ours.conf >$(B)/ours.conf
	$(INSTALL) -m 644 -t $(DESTDIR)$(PREFIX)/share/nut-conform/targets $(B)/ours.conf
	$(INSTALL) -m 644 -t $(DESTDIR)$(EXAMPLE) $(filter-out %/conform,$(wildcard conformance/examples/debian/tests/*))
	$(INSTALL) -t $(DESTDIR)$(EXAMPLE) conformance/examples/debian/tests/conform
	$(INSTALL) -m 644 -t $(DESTDIR)$(PREFIX)/share/nut-conform conformance/report.html $(B)/conformance/sentences.txt
	$(INSTALL) -m 644 -t $(DESTDIR)$(CONFPATH) conf/*.sample
	$(INSTALL) -m 644 conf/ufw/nut $(DESTDIR)$(UFWPATH)/nut
	$(INSTALL) -t $(DESTDIR)$(DATAPATH)/tls conf/tls/*
	conf/udev/generate rules $(RUN_AS_GROUP) $(DRIVERS) >$(B)/udev
	$(INSTALL) -m 644 $(B)/udev $(DESTDIR)$(UDEVPATH)/rules.d/62-nut-usbups.rules
	conf/udev/generate hwdb $(DRIVERS) >$(B)/udev
	$(INSTALL) -m 644 $(B)/udev $(DESTDIR)$(UDEVPATH)/hwdb.d/62-nut-usbups.hwdb
	for file in $(SYSTEMD); do \
		sed 's|@SBINDIR@|$(PREFIX)/sbin|; s|@CONFPATH@|$(CONFPATH)|' conf/systemd/$$file >$(B)/unit && \
		$(INSTALL) -m $$(stat -c %a conf/systemd/$$file) $(B)/unit $(DESTDIR)$(SYSTEMDPATH)/$$file || exit 1; \
	done
	$(INSTALL) -m 644 -t $(DESTDIR)$(MANPATH)/man1 docs/man/*.1
	$(INSTALL) -m 644 -t $(DESTDIR)$(MANPATH)/man5 docs/man/*.5
	$(INSTALL) -m 644 -t $(DESTDIR)$(MANPATH)/man8 docs/man/*.8

clean:
	rm -rf $(B)

-include $(shell find $(B) -name '*.d' -type f 2>/dev/null)
