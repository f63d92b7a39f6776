/* bench.h - one private folder with its pretended drivers, its processes and its connections.
 *
 * Every wait goes through bench_turn(), one poll() over all that is open, so that the pretended
 * drivers answer while the case waits for something else. */
#ifndef CONFORMANCE_BENCH_H
#define CONFORMANCE_BENCH_H

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/wait.h>
#include "suite.h"
#include "target.h"

struct bytes {
	char *at;
	size_t len, size;
};

void bytes_add(struct bytes *bytes, const void *from, size_t len);
void bytes_add_format(struct bytes *bytes, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));
void bytes_drop(struct bytes *bytes, size_t len); /* forget the first LEN */
/* The first line moves to LINE, without its newline; false when there is none yet. */
bool bytes_take_line(struct bytes *bytes, struct bytes *line);
void bytes_free(struct bytes *bytes);

/* One stream socket, ours or a daemon's to us. */
struct conn {
	struct conn *next;
	int fd;	  /* -1: closed by us or seen closed */
	char tag; /* how the trace names it */
	struct bytes in, out;
	bool eof;	       /* the other side closed or reset */
	bool held;	       /* do not read */
	bool shut_after;       /* half-close when OUT is empty */
	int cut;	       /* bytes per write, 0: as many as go, -1: none */
	bool logged_in;	       /* to a pretended upsd, by LOGIN */
	struct fake *fake;     /* a pretended driver's peer: its lines are answered at once */
	struct server *server; /* a client of the pretended upsd: likewise */
	const char *again;     /* said again whenever OUT is empty */
	struct veil *veil;     /* TLS over it: IN and OUT are what is said beneath; NULL: clear */
};

/* A pretended driver: a listening unix socket STATEPATH/dummy-ups-NAME. */
struct fake {
	struct fake *next;
	char name[64];
	int listener;	  /* -1: not there */
	const char *dump; /* the answer to DUMPALL, whole, DUMPDONE included; borrowed */
	bool mute;	  /* answers nothing */
	bool stuffed;	  /* accepts nothing */
	bool no_pong;
	struct conn *peer; /* the newest upsd; owned by bench->conns */
	unsigned connects, dumps, pings;
	struct bytes heard; /* lines that were neither DUMPALL nor PING */
};

struct process {
	struct process *next;
	pid_t pid;
	char name[32];
	bool done, expected; /* over; and was meant to be */
	int status;	     /* wait status when done */
	char log[300];	     /* its stdout and stderr */
	int in;		     /* its stdin, or -1 */
};

struct bench {
	const struct target *target;
	const struct test_case *test; /* the one that runs */
	unsigned cases; /* so far: what the last one left running knows no file of this one */
	char dir[256];
	int port;      /* of upsd */
	int port_hold; /* while it is open the port is ours; -1: there is none yet */
	struct conn *conns;
	struct fake *fakes;
	struct process *processes;
	struct process *upsd, *driver; /* borrowed: the running ones, or NULL */
	struct conn *talker[10];       /* connections of a talk, by digit */
	char captured[4][256];	       /* groups of the last pattern that had some */
	enum bench_kind ready;	       /* what runs now: SHARED, DRIVER or EMPTY */
	bool dirty;
	struct server *server;	/* owned: the pretended upsds, the newest first, or NULL */
	struct process *client; /* borrowed: the last client run */
	struct rig *rig;	/* owned: an emulated device and a driver (rig.h), or NULL */
	bool split;		/* stderr goes to a file of its own */
	const char *pid_dir;	/* where a process finds its pid file; NULL: dir */
	unsigned umask;		/* what daemons are started with */
	int patience_ms;	/* how long an expectation waits */
	struct bytes trace;
	char why[2048]; /* verdict of the case when not passed */
	bool skipped;
	jmp_buf out;
};

extern volatile sig_atomic_t bench_interrupted;

/* A new bench in a new folder, or exit. */
struct bench *bench_new(const struct target *target);
/* End all processes, close all, and remove the folder unless KEEP. */
void bench_free(struct bench *bench, bool keep);
/* Run one case: true when it passed; otherwise why says why, and skipped whether it was skipped. */
bool bench_run(struct bench *bench, const struct test_case *test);

/* End the case. */
_Noreturn void fail(struct bench *bench, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
#define WITHOUT "without the feature:" /* begins the reason why a section is skipped */
_Noreturn void skip(struct bench *bench, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
#define need(bench, what, ...)                                                                     \
	do {                                                                                       \
		if (!(what))                                                                       \
			fail(bench, __VA_ARGS__);                                                  \
	} while (0)

int64_t now_ms(void);
/* One turn: wait at most MS for anything to happen and handle it. */
void bench_turn(struct bench *bench, int ms);
/* Turns until the time has passed: only where silence is the requirement. */
void bench_idle(struct bench *bench, int ms);

/* Files of the private folder; NAME is relative to it. */
const char *path_of(struct bench *bench, const char *name);
void put_file(struct bench *bench, const char *name, const char *text);
void put_bytes(struct bench *bench, const char *name, const void *at, size_t len);
void add_to_file(struct bench *bench, const char *name, const char *text);
/* The whole file, NUL-ended, "" when missing.  Valid until the next call. */
const char *get_file(struct bench *bench, const char *name);
/* The stock files: ups.conf, upsd.conf, upsd.users, cmdvartab, stock.dev. */
void put_stock(struct bench *bench);
/* upsd.conf as it is in stock, and these lines. */
void put_upsd_conf(struct bench *bench, const char *more);

/* Processes.  ARGV ends with NULL; argv[0] is a path. */
struct process *spawn(struct bench *bench, const char *name, const char *const *argv);
/* True when it ended within MS. */
bool wait_end(struct bench *bench, struct process *process, int ms);
void stop(struct bench *bench, struct process *process, int signal);
const char *log_of(struct bench *bench, struct process *process);
/* How often TEXT stands in its log. */
unsigned log_count(struct bench *bench, struct process *process, const char *text);
/* Kilobytes resident, and milliseconds of CPU used so far; -1 when unknown. */
long memory_kb(struct process *process);
long cpu_ms(struct process *process);
/* Milliseconds it ran or wanted to run, in which it did not sleep: the same on a busy machine. */
long awake_ms(struct process *process);
long open_files(struct process *process);

/* upsd with the files that are there: started and answering VER, and every pretended driver that
 * is listening has been asked for its dump.  Fails the case when it does not come up. */
void start_upsd(struct bench *bench);
/* Started with further arguments (NULL-ended, or NULL) and not waited for. */
struct process *launch_upsd(struct bench *bench, const char *const *more);
void stop_upsd(struct bench *bench);
/* SIGHUP, then until upsd has had time to act on it: it answers again and read its files. */
void reload_upsd(struct bench *bench);
void upsd_alive(struct bench *bench);

/* A listening socket on that address, to be closed by the caller. */
int bind_to(struct bench *bench, const char *host, int port);

/* The target's dummy-ups on stock.dev. */
void start_driver(struct bench *bench);
/* The same with ups.conf as it is. */
void start_driver_as_is(struct bench *bench);
/* The same with these lines in its section of ups.conf. */
void start_driver_with(struct bench *bench, const char *lines);
struct process *launch_driver(struct bench *bench, const char *const *more);

/* Pretended drivers. */
struct fake *fake_add(struct bench *bench, const char *name, const char *dump);
struct fake *fake_get(struct bench *bench, const char *name); /* fails when unknown */
void fake_listen(struct bench *bench, struct fake *fake);
void fake_vanish(struct bench *bench, struct fake *fake); /* close all, unlink */
/* Fill its queue of connections, so that the next connect() has to wait. */
void fake_stuff(struct bench *bench, struct fake *fake);
void fake_say(struct bench *bench, struct fake *fake, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void fake_bytes(struct bench *bench, struct fake *fake, const void *at, size_t len);
/* The next line upsd sent that was neither DUMPALL nor PING. */
const char *fake_hear(struct bench *bench, struct fake *fake);
void fake_want(struct bench *bench, struct fake *fake, const char *line);
/* No such line within MS. */
void fake_silent(struct bench *bench, struct fake *fake, int ms);
/* Until upsd connected (again) and asked for the dump COUNT times in all. */
void fake_dumped(struct bench *bench, struct fake *fake, unsigned count);
extern const char stock_dump[];

#endif
