/* story.h - what happens to one upsmon, and what it shall do.
 *
 * A story is text, one step per line.  It begins with upsmon.conf as `begin' makes it: the UPS u of
 * the pretended upsd "a", primary, power value 1; all timings are short (POLLFREQ 1, DEADTIME 3,
 * HOSTSYNC 2, FINALDELAY 0); every notification is logged and handed to NOTIFYCMD, a script that
 * writes it down; SHUTDOWNCMD is a script that writes down that it ran, and whether POWERDOWNFLAG
 * was there.  A step that names a server may begin with its letter, a if it does not.
 *
 *	server b [ROLE [POWER]]	another pretended upsd, monitored, too; or once upsmon reads its
 *				file again
 *	drop b			no longer so
 *	option -X		one more option for upsmon; before start
 *	role ROLE		primary, secondary, master or slave of a; before start, or for a
 *				reload
 *	password		another one, for a reload
 *	power N			power value of a; before start
 *	conf LINE		a line of upsmon.conf; before start, or for a reload
 *	noconf WORD		lines that begin with WORD are left out
 *	start			upsmon runs, and has polled every server that answers
 *	launch			upsmon runs
 *	[a] is WORDS		ups.status from now on
 *	[a] alarm TEXT		ups.alarm
 *	[a] raw TEXT		said in place of each answer about ups.status; %0a is a byte
 *	[a] flood N		N bytes without a newline in its place
 *	[a] drip MS		one byte each MS
 *	[a] freeze, [a] go	it is stopped; goes on
 *	[a] hangup		connections break
 *	[a] vanish, [a] listen	... and it does not listen; listens again
 *	[a] others N		so many logins are counted besides upsmon's
 *	[a] refuse		the next LOGIN
 *	[a] old			it knows MASTER only
 *	[a] polls N		until it has been asked for the status N times more
 *	[a] paced N LEAST MOST	N more polls take from LEAST to MOST ms
 *	[a] login N		until N clients are logged in
 *	[a] heard LINE		it is sent LINE
 *	[a] unheard LINE	it has not been
 *	told [N] TYPE [TEXT]	the notification is handed to NOTIFYCMD, N times in all if N is
 *				given, and its UPS and message contain TEXT
 *	untold TYPE		it has not been
 *	shut [MS]		SHUTDOWNCMD runs within MS; once, so far
 *	up MS			nor does it within MS
 *	flag, noflag		POWERDOWNFLAG was there, was not there, when it ran
 *	once			no second run within 1.5 s
 *	ends N			upsmon ends with status N
 *	lives			it does not
 *	signal HUP|TERM|USR1	to upsmon, the one of the pid file
 *	command N ARGUMENT...	`upsmon ARGUMENT...' ends with status N (* for any); PID is what
 *				the pid file says
 *	file NAME TEXT		a file in the private folder
 *	exists NAME, missing NAME
 *	log TEXT		its log holds TEXT
 *	logless N TEXT		fewer than N lines of it hold TEXT
 *	files			it has no more descriptors than at the last such step
 *	stranger		the pid file names a process that is no upsmon; before start
 *	patience MS		how long what follows may take
 *	after MS		nothing but time
 *
 * DIR in a line of configuration, an argument or a file is the private folder. */
#ifndef CONFORMANCE_STORY_H
#define CONFORMANCE_STORY_H

#include "bench.h"

void story(struct bench *bench, const char *text);

/* For cases that need more than one upsmon: the scripts NAME-tell and NAME-shut, NAME.conf with all
 * timings short, and LINES.  What happens is written into NAME.told and NAME.ran. */
void monitor_files(struct bench *bench, const char *name, const char *lines);
struct process *launch_upsmon(struct bench *bench, const char *name, const char *const *more);
/* What its pid file says; skips the case when there can be none of its own. */
pid_t upsmon_pid(struct bench *bench, const char *name);

#endif
