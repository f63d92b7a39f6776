/* docs/devices/voltronic.md, spoken by the emulated device. */
#include "tests/emutest.h"

#define DEVICE                                                                                     \
	"model voltronic\ntopology online\nups.mfr BOH\nups.model OLHV1K0\nups.firmware "          \
	"01574.04\n"                                                                               \
	"ups.serial 83311905100127\nprotocol PI01\nflags EashcrDbogfej\nups.load 12\n"             \
	"ups.power.nominal 1000\nups.realpower.nominal 800\ninput.current.nominal 4\n"             \
	"battery.voltage.nominal 36\nbattery.voltage.float 41\nambient.temperature 24\n"

Test(emu_voltronic, status)
{
	begin(DEVICE);
	cr_expect_str_eq(ask("QGS\r"),
	    "(230.0 50.0 230.0 50.0 000.5 012 368.0 ---.- 041.0 ---.- 025.4 100000000000\r");
	order("mains off");
	order("beeper off");
	cr_expect_str_eq(strrchr(ask("QGS\r"), ' '), " 101000000100\r");
	cr_expect_str_eq(ask("QMOD\r"), "(B\r");
	order("battery 10");
	cr_expect_eq(ask("QWS\r")[8], '1', "battery low");
	order("mains on");
	order("battery 100");
	ask("T\r");
	cr_expect_str_eq(ask("QMOD\r"), "(T\r");
	ask("CT\r");
	cr_expect_str_eq(ask("QMOD\r"), "(L\r");
	end();
}

Test(emu_voltronic, says_what_it_is)
{
	begin(DEVICE);
	cr_expect_str_eq(ask("QPI\r"), "(PI01\r");
	cr_expect_str_eq(ask("QRI\r"), "(230.0 004 036.0 50.0\r");
	cr_expect_str_eq(ask("F\r"), "#230.0 004 036.0 50.0\r");
	cr_expect_str_eq(ask("QMD\r"), "(########OLHV1K0 ###1000 80 1/1 230 230 03 12.0\r");
	cr_expect_str_eq(ask("QMF\r"), "(#######BOH\r");
	cr_expect_str_eq(ask("QVFW\r"), "(VERFW:01574.04\r");
	cr_expect_str_eq(ask("QID\r"), "(83311905100127\r");
	cr_expect(strncmp(ask("QBV\r"), "(041.0 03 01 100 ", 17) == 0, "%s", got);
	cr_expect_str_eq(ask("QXX\r"), "(NAK\r");
	end();
}

Test(emu_voltronic, settings_are_kept)
{
	begin(DEVICE);
	cr_expect_str_eq(ask("QFLAG\r"), "(EachrsDbefgjo\r");
	cr_expect_str_eq(ask("PDR\r"), "(ACK\r");
	cr_expect_str_eq(ask("PEB\r"), "(ACK\r");
	cr_expect_str_eq(ask("PEX\r"), "(NAK\r", "it has no x");
	cr_expect_str_eq(ask("QFLAG\r"), "(EabchsDefgjor\r");
	cr_expect_str_eq(ask("PDA\r"), "(ACK\r");
	cr_expect_str_eq(show("ups.beeper.status"), "disabled");
	cr_expect_str_eq(ask("QHE\r"), "(242 218\r");
	cr_expect_str_eq(ask("HEH250\r"), "(ACK\r");
	cr_expect_str_eq(ask("HEL999\r"), "(NAK\r");
	cr_expect_str_eq(ask("QHE\r"), "(250 218\r");
	cr_expect_str_eq(ask("BATGN04\r"), "(ACK\r");
	cr_expect(strncmp(ask("QBV\r"), "(041.0 03 04", 12) == 0, "%s", got);
	end();
}

Test(emu_voltronic, output_and_delays)
{
	begin(DEVICE);
	cr_expect_str_eq(ask("SOFF\r"), "(ACK\r");
	cr_expect_str_eq(ask("QMOD\r"), "(S\r");
	cr_expect_str_eq(ask("SON\r"), "(ACK\r");
	cr_expect_str_eq(ask("S99R0001\r"), "(ACK\r");
	cr_expect_str_eq(show("ups.timer.shutdown"), "5940.0");
	cr_expect_str_eq(ask("CS\r"), "(ACK\r");
	cr_expect_str_eq(show("ups.timer.shutdown"), "-1.0");
	cr_expect_str_eq(ask("PEE\r"), "(ACK\r");
	cr_expect_str_eq(ask("QMOD\r"), "(E\r");
	end();
}

Test(emu_voltronic, a_device_may_be_wrong_about_its_load)
{
	begin(DEVICE "no-load\n");
	cr_expect_not_null(strstr(ask("QGS\r"), " 000.5 000 "));
	cr_expect_str_eq(show("ups.load"), "12.0");
	end();
}
