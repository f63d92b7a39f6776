#include "tests/seeds/wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NEVER INT64_MIN
#define SPARE_MS 5000
#define LINES_MAX 64

/* Of one UPS; all times are of the host's awake time. */
struct told {
	bool fsd, carried; /* by the battery */
	bool old;	   /* the next answer may be */
	int64_t low_ms;	   /* since when it was told of OB LB without a break; NEVER */
	int64_t last_ms;   /* when it was told anything */
};

struct line {
	uint64_t connection;
	size_t host, len;
	char text[128];
};

struct wire {
	struct site *site;
	struct line lines[LINES_MAX];
	size_t next_line;
	struct told told[HOSTS_MAX_OF_SITE][UNITS_MAX];
	int64_t needed_ms[HOSTS_MAX_OF_SITE]; /* since when it should shut down; NEVER */
};

/* A whole word of TEXT. */
static bool
says(const char *text, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = text; (at = strstr(at, word)); at += len)
		if ((at == text || at[-1] == ' ') && (at[len] == ' ' || !at[len]))
			return true;
	return false;
}

static void
hear_status(struct told *told, const char *text, int64_t now_ms)
{
	bool source =
	    says(text, "OL") || says(text, "OB") || says(text, "OFF") || says(text, "BYPASS");

	if (told->old) {
		told->old = false;
		told->carried = says(text, "OB") && !says(text, "OL");
		told->last_ms = now_ms;
		return;
	}
	/* A status without a source of power takes nothing back. */
	if (source)
		told->carried = says(text, "OB") && !says(text, "OL");
	if (!told->carried || !says(text, "LB") || says(text, "CAL"))
		told->low_ms = NEVER;
	else if (told->low_ms == NEVER)
		told->low_ms = now_ms;
	told->fsd = says(text, "FSD");
	told->last_ms = now_ms;
}

/* VAR u0 ups.status "OB LB" */
static void
hear_line(struct wire *wire, size_t host, char *text)
{
	struct site *site = wire->site;
	unsigned unit;
	int from = 0;
	char *end;

	if (sscanf(text, "VAR u%u ups.status \"%n", &unit, &from) != 1 || !from ||
	    unit >= site->units_len || !(end = strrchr(text + from, '"')))
		return;
	*end = '\0';
	if (text[from] && !site->hosts[site->units[unit].server].evil)
		hear_status(&wire->told[host][unit], text + from, site->hosts[host].awake_ms);
}

static struct line *
line_of(struct wire *wire, uint64_t connection, size_t host)
{
	struct line *line;

	for (size_t i = 0; i < LINES_MAX; i++)
		if (wire->lines[i].connection == connection)
			return &wire->lines[i];
	line = &wire->lines[wire->next_line++ % LINES_MAX];
	*line = (struct line){ .connection = connection, .host = host };
	return line;
}

static void
was_read(void *owner, const char *where, uint64_t connection, const char *bytes, size_t len)
{
	struct wire *wire = owner;
	struct line *line;

	/* "h0/upsmon" */
	if (where[0] != 'h' || strcmp(where + 2, "/upsmon") != 0)
		return;
	line = line_of(wire, connection, (size_t)(where[1] - '0'));
	for (size_t i = 0; i < len; i++) {
		if (bytes[i] != '\n') {
			if (line->len < sizeof(line->text) - 1)
				line->text[line->len++] = bytes[i];
			continue;
		}
		line->text[line->len] = '\0';
		line->len = 0;
		hear_line(wire, line->host, line->text);
	}
}

struct wire *
wire_new(struct site *site)
{
	struct wire *wire = calloc(1, sizeof(*wire));

	if (!wire)
		abort();
	wire->site = site;
	sim_on_read(site->sim, was_read, wire);
	return wire;
}

void
wire_free(struct wire *wire)
{
	free(wire);
}

void
wire_forgets(struct wire *wire, const struct host_of_site *host, bool gap)
{
	size_t h = (size_t)(host - host->site->hosts);

	for (size_t u = 0; u < UNITS_MAX; u++)
		wire->told[h][u] = (struct told){ .low_ms = NEVER, .old = gap };
	if (!host->began)
		wire->needed_ms[h] = NEVER;
}

static bool
is_critical(const struct told *told, const struct feed *feed, const struct host_of_site *host)
{
	const struct limits *limits = &host->limits;
	int64_t low_s = limits->oblbduration > 0 ? limits->oblbduration : 0;

	if (!feed->primary)
		low_s += limits->hostsync;
	return told->fsd ||
	       (told->low_ms != NEVER && host->awake_ms - told->low_ms >= 1000 * low_s) ||
	       (told->carried && host->awake_ms - told->last_ms > 1000 * limits->deadtime);
}

void
wire_tick(struct wire *wire, const struct host_of_site *host)
{
	const struct limits *limits = &host->limits;
	size_t h = (size_t)(host - host->site->hosts);
	int64_t spare_ms =
	    1000 * (limits->pollfreqalert + limits->hostsync + limits->finaldelay) + SPARE_MS;
	long sum = 0;

	if (host->ran || host->rehearses || host->parent_gone || !upsmon_can_run(host))
		return;
	for (size_t f = 0; f < host->feeds_len; f++) {
		struct told *told = &wire->told[h][host->feeds[f].unit];

		if (host->site->hosts[host->site->units[host->feeds[f].unit].server].evil)
			*told = (struct told){ .low_ms = NEVER };
		if (!is_critical(told, &host->feeds[f], host))
			sum += (long)host->feeds[f].value;
	}
	if (sum >= limits->min_supplies && !host->began)
		wire->needed_ms[h] = NEVER;
	else if (wire->needed_ms[h] == NEVER)
		wire->needed_ms[h] = host->awake_ms;
	if (wire->needed_ms[h] != NEVER && host->awake_ms - wire->needed_ms[h] > spare_ms)
		site_fail(host->site, "late",
		    "%s was told %.1f s ago what should shut it down; SHUTDOWNCMD has not run",
		    host->name, (double)(host->awake_ms - wire->needed_ms[h]) / 1000);
}
