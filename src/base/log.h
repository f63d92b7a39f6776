/* log.h - what a daemon says: to its own non-blocking socket on /dev/log, or to stderr.
 *
 * log_warn() adds errno's text, log_warnx() does not.  Lines are bounded, control and 8-bit bytes
 * from outside come out as \xNN.  Never pass a secret. */
#ifndef LOG_H
#define LOG_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

enum log_level {
	LOG_LEVEL_ERROR = 3,
	LOG_LEVEL_WARNING,
	LOG_LEVEL_NOTICE,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG
};

struct log_settings {
	const char *name; /* borrowed: the program's, in front of each line */
	bool to_stderr, to_syslog;
	int debug;		 /* highest log_debug() level shown */
	enum log_level quietest; /* lines less urgent than this are not shown; 0 means INFO */
	const char *syslog_path; /* borrowed: where the logger listens; NULL means /dev/log */
	/* A test's ear; when set, lines go here alone. */
	void (*sink)(void *owner, enum log_level level, const char *line);
	void *sink_owner;
};

/* The one process-wide object.  main() sets it up; a test sets its own sink. */
void log_set(const struct log_settings *settings);
const struct log_settings *log_get(void);
void log_debug_level(int level);
/* Open the /dev/log socket now (before a chroot). */
void log_open(void);

void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *format, ...) __attribute__((format(printf, 1, 2))); /* with errno */
void log_warnx(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_notice(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_debug(int level, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Start-up only: log, then exit(1).  fatal() adds errno. */
void fatal(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
void fatalx(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* At most BURST lines each EACH_MS; the first line let through afterwards should say how many were
 * held back.  {.each_ms = 60000, .burst = 1} is ready to use.
 * 	if (log_rate(&rate, loop_now_ms(loop), &missed)) log_warnx(..., missed); */
struct log_rate {
	int64_t each_ms;
	unsigned burst;
	int64_t since_ms;
	unsigned said, missed;
};
bool log_rate(struct log_rate *rate, int64_t now_ms, unsigned *missed);

#endif
