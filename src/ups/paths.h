/* paths.h - where things are, and which versions we are. */
#ifndef PATHS_H
#define PATHS_H

#define NUT_VERSION "2.8.0" /* the NUT release we are compatible with, and say so */
#define REFNUT_VERSION "0.1.0"
#define REFNUT_URL "https://github.com/refnut/refnut"
#define NUT_PROTOCOL "1.3"

/* Compiled in (make CONFPATH= ...), overridden by NUT_CONFPATH, NUT_STATEPATH, NUT_PIDPATH and
 * NUT_ALTPIDPATH.  All borrowed from constants or the environment. */
struct paths {
	const char *conf, *state, *pid, *altpid, *driver, *data;
	unsigned short port;
	const char *user, *group;
};
/* Reads the environment: main() calls it once. */
void paths_get(struct paths *out);
/* .port of these: upsd's where none is named, 3493 unless make PORT= said otherwise. */
unsigned short paths_port(void);

/* "Network UPS Tools upsd 2.8.0 (refnut 0.1.0)" for -V and banners; static text per PROGRAM is the
 * caller's: prints to stdout. */
void paths_print_version(const char *program);

#endif
