/* nut-emu - emulated UPSes.  nut-emu(1), docs/emulators.md. */
#include "base/log.h"
#include "base/loop.h"
#include "base/proc.h"
#include "emulators/control.h"
#include "emulators/emu.h"
#include "emulators/orders.h"
#include "emulators/record.h"
#include "emulators/scenario.h"
#include "ups/paths.h"

#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ASK_TIMEOUT_MS 65000 /* longer than a wait's */

struct arguments {
	const char *device, *transport, *control, *scenario;
	const char *record, *address, *id, *descriptor;
	struct emu_options options;
	double speed;
	bool ready, pace, list;
	int debug;
	char **argv; /* all of it */
};

static const char usage[] =
    "usage: nut-emu --device NAME|FILE [--link PATH] [--control PATH] [--speed N]\n"
    "               [--scenario FILE] [--transport pty|umockdev|usbip|gadget] [--udc NAME]\n"
    "               [--mode 0660] [--pace] [--ready] [-D]\n"
    "       nut-emu --record CAPTURE [--address BUS.DEVICE] [--id VENDOR:PRODUCT]\n"
    "               [--report-descriptor FILE]\n"
    "       nut-emu ctl PATH ORDER...\n"
    "       nut-emu --list | --help | --version\n";

static const struct option long_options[] = { { "device", required_argument, NULL, 'd' },
	{ "transport", required_argument, NULL, 't' }, { "link", required_argument, NULL, 'l' },
	{ "control", required_argument, NULL, 'c' }, { "scenario", required_argument, NULL, 's' },
	{ "udc", required_argument, NULL, 'u' }, { "speed", required_argument, NULL, 'x' },
	{ "mode", required_argument, NULL, 'm' }, { "record", required_argument, NULL, 'R' },
	{ "address", required_argument, NULL, 'a' }, { "id", required_argument, NULL, 'i' },
	{ "report-descriptor", required_argument, NULL, 'e' }, { "pace", no_argument, NULL, 'p' },
	{ "ready", no_argument, NULL, 'r' }, { "list", no_argument, NULL, 'L' },
	{ "help", no_argument, NULL, 'h' }, { "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 } };

static void
bad_usage(const char *what)
{
	fprintf(stderr, "nut-emu: %s\n%s", what, usage);
	exit(2);
}

static unsigned
read_mode(const char *text)
{
	char *end;
	unsigned long mode = strtoul(text, &end, 8);

	if (end == text || *end || mode == 0 || mode > 0777)
		bad_usage("--mode wants permissions in octal, like 0660");
	return (unsigned)mode;
}

static void
read_arguments(struct arguments *out, int argc, char **argv)
{
	int option;

	*out = (struct arguments){ .transport = "pty", .speed = 1, .argv = argv };
	while ((option = getopt_long(argc, argv, "DhV", long_options, NULL)) != -1) {
		switch (option) {
		case 'd':
			out->device = optarg;
			break;
		case 't':
			out->transport = optarg;
			break;
		case 'l':
			out->options.link = optarg;
			break;
		case 'u':
			out->options.udc = optarg;
			break;
		case 'c':
			out->control = optarg;
			break;
		case 's':
			out->scenario = optarg;
			break;
		case 'x':
			if (!emu_order_number(optarg, 0.01, 100000, &out->speed))
				bad_usage("--speed wants a number from 0.01 to 100000");
			break;
		case 'm':
			out->options.mode = read_mode(optarg);
			break;
		case 'R':
			out->record = optarg;
			break;
		case 'a':
			out->address = optarg;
			break;
		case 'i':
			out->id = optarg;
			break;
		case 'e':
			out->descriptor = optarg;
			break;
		case 'p':
			out->pace = true;
			break;
		case 'r':
			out->ready = true;
			break;
		case 'L':
			out->list = true;
			break;
		case 'D':
			out->debug++;
			break;
		case 'h':
			printf("%s", usage);
			exit(0);
		case 'V':
			paths_print_version("nut-emu");
			exit(0);
		default:
			exit(2);
		}
	}
	if (optind < argc)
		bad_usage("too many words");
}

/* ---- where device files are ---- */

/* DIR/emulators/devices for the nearest DIR above the program that has one: the tree it was built
 * in.  false if there is none. */
static bool
find_in_tree(char *out, size_t size)
{
	char program[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", program, sizeof(program) - 1);

	if (len == -1)
		return false;
	program[len] = '\0';
	for (int up = 0; up < 5; up++) {
		char *slash = strrchr(program, '/');

		if (!slash)
			return false;
		*slash = '\0';
		if (snprintf(out, size, "%s/emulators/devices", program) < (int)size &&
		    access(out, R_OK) == 0)
			return true;
	}
	return false;
}

static void
devices_folder(char *out, size_t size)
{
	const char *told = getenv("NUT_EMU_DEVICES");
	struct paths paths;

	if (told && *told) {
		snprintf(out, size, "%s", told);
	} else if (!find_in_tree(out, size)) {
		paths_get(&paths);
		snprintf(out, size, "%s/emulators/devices", paths.data);
	}
}

static int
is_device(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return len > 4 && !strcmp(entry->d_name + len - 4, ".dev");
}

static void
list_device(const char *folder, const char *name)
{
	struct emu_device_file device;
	struct faults faults = { 0 };
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	if (emu_device_read(&device, path, &faults)) {
		printf("%-28s %-12s %s\n", device.name, device.dialect->name, device.title);
		emu_device_free(&device);
	}
	faults_log(&faults);
	faults_free(&faults);
}

static int
list_devices(void)
{
	char folder[PATH_MAX - 300];
	struct dirent **entries;
	int len;

	devices_folder(folder, sizeof(folder));
	len = scandir(folder, &entries, is_device, alphasort);
	if (len == -1)
		fatal("%s", folder);
	for (int i = 0; i < len; i++) {
		list_device(folder, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	return 0;
}

/* A word without / or . is the name of one of ours. */
static void
read_device(struct emu_device_file *out, const char *name)
{
	struct faults faults = { 0 };
	char folder[PATH_MAX - 300], path[PATH_MAX];

	devices_folder(folder, sizeof(folder));
	snprintf(path, sizeof(path), "%s/%s.dev", folder, name);
	if (!emu_device_read(out, strpbrk(name, "/.") ? name : path, &faults)) {
		faults_log(&faults);
		exit(1);
	}
}

/* ---- running ---- */

static const struct emu_transport *
find_transport(const char *name)
{
	for (size_t i = 0; emu_transports[i]; i++)
		if (!strcmp(emu_transports[i]->name, name))
			return emu_transports[i];
	bad_usage("no such transport");
	return NULL;
}

/* A USB device does not fit a serial line. */
static const struct emu_transport *
transport_for(const struct emu_device_file *device, const char *name)
{
	const struct emu_transport *transport = find_transport(name);

	if (transport->usb != (emu_usb_of(device) != NULL))
		fatalx("%s is a %s device: not by %s", device->name,
		    emu_usb_of(device) ? "USB" : "serial", name);
	return transport;
}

/* Again, with the library that the transport wants in front of all others. */
static void
preload(const char *library, char **argv)
{
	const char *before = getenv("LD_PRELOAD");
	char list[1024];

	if (!library || (before && strstr(before, library)))
		return;
	snprintf(list, sizeof(list), "%s%s%s", library, before ? ":" : "", before ? before : "");
	setenv("LD_PRELOAD", list, 1);
	execv("/proc/self/exe", argv);
	fatal("cannot start again with %s", library);
}

static struct emu_scenario *
read_scenario(const char *path)
{
	struct faults faults = { 0 };
	struct conffile *file = conffile_read(path, &faults);
	struct emu_scenario *scenario = file ? emu_scenario_read(file, &faults) : NULL;

	faults_log(&faults);
	faults_free(&faults);
	conffile_close(file);
	if (!scenario)
		exit(1);
	return scenario;
}

/* SIGTERM and its like end the loop, so that links and sockets go with us. */
static void
got_signal(void *loop, int signal)
{
	loop_stop(loop);
}

static int
run(const struct arguments *arguments, struct loop *loop)
{
	static const int signals[] = { SIGTERM, SIGINT, SIGHUP, 0 };
	struct emu_device_file device;
	struct emu_scenario *scenario = NULL;
	struct emu_control *control = NULL;
	const char *why;

	read_device(&device, arguments->device);
	const struct emu_transport *transport = transport_for(&device, arguments->transport);

	preload(transport->preload, arguments->argv);

	if (arguments->scenario)
		scenario = read_scenario(arguments->scenario);
	struct emu *emu = emu_new(loop, &device, transport, &arguments->options);

	if (!emu)
		fatalx("out of memory");
	emu_speed(emu, arguments->speed);
	emu_pace(emu, arguments->pace);
	proc_signals(loop, signals, got_signal, loop);
	if (!emu_plug(emu, &why))
		fatal("%s", why);
	if (arguments->control && !(control = emu_control_new(emu, arguments->control)))
		fatal("%s", arguments->control);
	log_info("%s (%s) at %s", device.name, device.dialect->name, emu_where(emu));
	if (arguments->ready) {
		printf("ready %s\n", emu_where(emu));
		fflush(stdout);
	}
	if (scenario)
		emu_scenario_start(scenario, emu);
	loop_run(loop);
	proc_signals_end(loop);
	emu_scenario_free(scenario);
	emu_control_free(control);
	emu_free(emu);
	emu_device_free(&device);
	return 0;
}

int
main(int argc, char **argv)
{
	struct log_settings log = { .name = "nut-emu", .to_stderr = true };
	struct arguments arguments = { 0 };

	proc_begin();
	bool ask = argc > 1 && !strcmp(argv[1], "ctl");

	if (!ask)
		read_arguments(&arguments, argc, argv);
	else if (argc < 4)
		bad_usage("ctl wants the socket and an order");
	if (!ask)
		log.debug = arguments.debug;
	log.quietest = log.debug ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARNING;
	log_set(&log);
	if (!ask && arguments.list)
		return list_devices();
	if (!ask && arguments.record)
		return emu_record_main(
		    arguments.record, arguments.address, arguments.id, arguments.descriptor);
	if (!ask && !arguments.device)
		bad_usage("which device?");

	struct world *world = world_kernel_new(-1);
	struct loop *loop = world ? loop_new(world) : NULL;

	if (!loop)
		fatalx("out of memory");
	int status =
	    ask ? emu_control_ask(loop, argv[2], argv + 3, ASK_TIMEOUT_MS) : run(&arguments, loop);

	loop_free(loop);
	world_kernel_free(world);
	return status;
}
