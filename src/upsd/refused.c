#include "upsd/refused.h"

#include <stdlib.h>
#include <string.h>

struct refused {
	struct upsd *upsd; /* borrowed */
	struct refused *next;
	struct conn *conn; /* owned */
	struct timer end;
	unsigned lines;
};

static const char refusal[] = "ERR ACCESS-DENIED\n";

static void
refused_free(struct refused *refused)
{
	struct upsd *upsd = refused->upsd;
	struct refused **at = &upsd->refusals;

	while (*at != refused)
		at = &(*at)->next;
	*at = refused->next;
	upsd->refusals_len--;
	loop_timer_clear(upsd->loop, &refused->end);
	conn_free(refused->conn);
	free(refused);
}

void
refused_free_all(struct upsd *upsd)
{
	while (upsd->refusals)
		refused_free(upsd->refusals);
}

static void
end(void *owner)
{
	refused_free(owner);
}

static void
closed(void *owner, const char *why)
{
	refused_free(owner);
}

/* Whatever the bytes are, only their lines count. */
static size_t
input(void *owner, char *bytes, size_t len)
{
	struct refused *refused = owner;

	for (size_t i = 0; i < len && refused->lines < REFUSED_LINES; i++) {
		if (bytes[i] != '\n')
			continue;
		if (refused->lines++)
			conn_send_text(refused->conn, refusal);
		if (refused->lines == REFUSED_LINES)
			conn_end(refused->conn);
	}
	return len;
}

void
refused_turn_away(struct upsd *upsd, int fd)
{
	/* A fresh socket has room for one line. */
	(void)upsd->world->write(upsd->world->owner, fd, refusal, sizeof(refusal) - 1);
	upsd->world->close(upsd->world->owner, fd);
}

void
refused_new(struct upsd *upsd, int fd)
{
	static const struct conn_calls calls = { input, closed, NULL };
	struct refused *refused =
	    upsd->refusals_len < REFUSED_MAX ? calloc(1, sizeof(*refused)) : NULL;

	if (refused)
		refused->conn = conn_new(upsd->loop, fd, false, 4096, &calls, refused);
	if (!refused || !refused->conn) {
		free(refused);
		refused_turn_away(upsd, fd);
		return;
	}
	refused->upsd = upsd;
	refused->next = upsd->refusals;
	upsd->refusals = refused;
	upsd->refusals_len++;
	refused->end = (struct timer){ .fire = end, .owner = refused };
	loop_timer_in(upsd->loop, &refused->end, REFUSED_MS);
	conn_send_text(refused->conn, refusal);
}
