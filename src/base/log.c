#include "base/log.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define LINE_MAX_LEN 1024
#define FACILITY_DAEMON (3 << 3) /* RFC 3164, 4.1.1 */

/* The one process-wide object of this program. */
static struct {
	struct log_settings settings;
	int fd; /* -1: closed */
	unsigned long syslog_lost, stderr_lost;
} state = { .settings = { .to_stderr = true }, .fd = -1 };

void
log_set(const struct log_settings *settings)
{
	state.settings = *settings;
}

const struct log_settings *
log_get(void)
{
	return &state.settings;
}

void
log_debug_level(int level)
{
	state.settings.debug = level;
}

void
log_open(void)
{
	struct sockaddr_un there = { .sun_family = AF_UNIX };
	const char *path = state.settings.syslog_path ? state.settings.syslog_path : "/dev/log";

	if (state.fd != -1)
		close(state.fd);
	state.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (state.fd == -1)
		return;
	snprintf(there.sun_path, sizeof(there.sun_path), "%s", path);
	if (connect(state.fd, (struct sockaddr *)&there, sizeof(there)) == -1) {
		close(state.fd);
		state.fd = -1;
	}
}

/* One datagram.  A logger that was restarted is found again; a full one is not waited for. */
static bool
send_syslog(enum log_level level, const char *line)
{
	const char *name = state.settings.name ? state.settings.name : "refnut";
	char datagram[LINE_MAX_LEN + 128];
	int len = snprintf(datagram, sizeof(datagram), "<%d>%.64s[%ld]: %s",
	    FACILITY_DAEMON | (int)level, name, (long)getpid(), line);

	for (int attempt = 0; attempt < 2; attempt++) {
		if (state.fd == -1)
			log_open();
		if (state.fd == -1)
			return false;
		if (send(state.fd, datagram, (size_t)len, MSG_NOSIGNAL) != -1)
			return true;
		if (errno == EAGAIN || errno == ENOBUFS || errno == EINTR)
			return false;
		close(state.fd);
		state.fd = -1;
	}
	return false;
}

static void
to_syslog(enum log_level level, const char *line)
{
	char lost[80];

	if (state.syslog_lost) {
		snprintf(lost, sizeof(lost),
		    "%lu lines were lost here: the logger did not take them", state.syslog_lost);
		if (send_syslog(LOG_LEVEL_WARNING, lost))
			state.syslog_lost = 0;
	}
	if (state.syslog_lost || !send_syslog(level, line))
		state.syslog_lost++;
}

/* Lines are shorter than PIPE_BUF, so one that poll() has room for does not block. */
static bool
write_stderr(const char *line, bool wait)
{
	const char *name = state.settings.name;
	char text[LINE_MAX_LEN + 128];
	struct pollfd room = { .fd = STDERR_FILENO, .events = POLLOUT };
	int len =
	    snprintf(text, sizeof(text), "%.64s%s%s\n", name ? name : "", name ? ": " : "", line);

	if (!wait && (poll(&room, 1, 0) != 1 || !(room.revents & POLLOUT)))
		return false;
	return write(STDERR_FILENO, text, (size_t)len) == len;
}

static void
to_stderr(const char *line, bool wait)
{
	char lost[80];

	if (state.stderr_lost) {
		snprintf(lost, sizeof(lost), "%lu lines were lost here: nobody read them",
		    state.stderr_lost);
		if (write_stderr(lost, wait))
			state.stderr_lost = 0;
	}
	if (state.stderr_lost || !write_stderr(line, wait))
		state.stderr_lost++;
}

/* Foreign and control bytes come out as \xNN; what does not fit ends in "...". */
static void
make_printable(char *to, size_t room, const char *from)
{
	size_t len = 0;

	for (; *from; from++) {
		unsigned char c = (unsigned char)*from;
		bool plain = c >= ' ' && c < 0x7f;

		if (len + (plain ? 1 : 4) + sizeof("...") > room) {
			memcpy(to + len, "...", 3);
			len += 3;
			break;
		}
		if (plain)
			to[len++] = (char)c;
		else
			len += (size_t)snprintf(to + len, room - len, "\\x%02x", c);
	}
	to[len] = '\0';
}

static void say(enum log_level level, bool wait, const char *prefix, int error, const char *format,
    va_list args) __attribute__((format(printf, 5, 0)));

static void
say(enum log_level level, bool wait, const char *prefix, int error, const char *format,
    va_list args)
{
	char raw[LINE_MAX_LEN], line[LINE_MAX_LEN];
	size_t len = strlen(prefix);
	int errno_before = errno;
	int added;

	memcpy(raw, prefix, len + 1);
	added = vsnprintf(raw + len, sizeof(raw) - len, format, args);
	if (added > 0)
		len += (size_t)added < sizeof(raw) - len ? (size_t)added : sizeof(raw) - len - 1;
	if (error)
		snprintf(raw + len, sizeof(raw) - len, ": %s", strerror(error));
	make_printable(line, sizeof(line), raw);
	if (state.settings.sink) {
		state.settings.sink(state.settings.sink_owner, level, line);
	} else {
		if (state.settings.to_stderr)
			to_stderr(line, wait);
		if (state.settings.to_syslog)
			to_syslog(level, line);
	}
	errno = errno_before;
}

static bool
is_shown(enum log_level level)
{
	enum log_level quietest = state.settings.quietest;

	return level <= (quietest ? quietest : LOG_LEVEL_INFO);
}

#define SAY(level, wait, error)                                                                    \
	do {                                                                                       \
		va_list args;                                                                      \
		int error_now = (error);                                                           \
                                                                                                   \
		if (!is_shown(level))                                                              \
			break;                                                                     \
		va_start(args, format);                                                            \
		say(level, wait, "", error_now, format, args);                                     \
		va_end(args);                                                                      \
	} while (0)

void
log_error(const char *format, ...)
{
	SAY(LOG_LEVEL_ERROR, false, 0);
}

void
log_warn(const char *format, ...)
{
	SAY(LOG_LEVEL_WARNING, false, errno);
}

void
log_warnx(const char *format, ...)
{
	SAY(LOG_LEVEL_WARNING, false, 0);
}

void
log_notice(const char *format, ...)
{
	SAY(LOG_LEVEL_NOTICE, false, 0);
}

void
log_info(const char *format, ...)
{
	SAY(LOG_LEVEL_INFO, false, 0);
}

void
log_debug(int level, const char *format, ...)
{
	char prefix[16];
	va_list args;

	if (level > state.settings.debug)
		return;
	snprintf(prefix, sizeof(prefix), "D%d: ", level);
	va_start(args, format);
	say(LOG_LEVEL_DEBUG, false, prefix, 0, format, args);
	va_end(args);
}

void
fatal(const char *format, ...)
{
	SAY(LOG_LEVEL_ERROR, true, errno);
	exit(EXIT_FAILURE);
}

void
fatalx(const char *format, ...)
{
	SAY(LOG_LEVEL_ERROR, true, 0);
	exit(EXIT_FAILURE);
}

bool
log_rate(struct log_rate *rate, int64_t now_ms, unsigned *missed)
{
	*missed = 0;
	if (!rate->said || now_ms - rate->since_ms >= rate->each_ms) {
		rate->since_ms = now_ms;
		rate->said = 0;
		*missed = rate->missed;
		rate->missed = 0;
	} else if (rate->said >= rate->burst) {
		rate->missed++;
		return false;
	}
	rate->said++;
	return true;
}
