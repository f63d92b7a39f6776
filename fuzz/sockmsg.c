/* sockmsg - lines of a driver's socket, in both directions: what is taken is written so that it is
 * taken for the same again. */
#include "fuzz/lib/fuzz.h"

#include "ups/sockmsg.h"

static bool
same_text(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

static void
check_again(const struct sockmsg *msg)
{
	struct buf line = { 0 };
	struct sockmsg again;
	struct words words;
	const char *why;
	size_t used;

	if (!sockmsg_format(&line, msg))
		return;
	must(buf_len(&line) > 1 && buf_bytes(&line)[buf_len(&line) - 1] == '\n', "no whole line");
	must(words_cut(&words, buf_bytes(&line), buf_len(&line), WORDS_SOCKET, &used) == WORDS_OK &&
		 used == buf_len(&line),
	    "type %d is written as no words", msg->type);
	why = sockmsg_parse(&again, &words);
	must(!why, "type %d: %s", msg->type, why);
	must(again.type == msg->type && same_text(again.name, msg->name) &&
		 same_text(again.value, msg->value) && same_text(again.tracking, msg->tracking) &&
		 again.min == msg->min && again.max == msg->max && again.number == msg->number &&
		 again.flags == msg->flags,
	    "type %d became type %d", msg->type, again.type);
	buf_free(&line);
}

static bool
take(void *owner, const struct words *words, enum words_error error)
{
	struct sockmsg msg;
	const char *why = error ? NULL : sockmsg_parse(&msg, words);

	if (error)
		return true;
	must(!why == (msg.type != SOCKMSG_UNKNOWN) || words->len == 0, "%s",
	    why ? why : "no reason");
	if (!why && msg.type != SOCKMSG_UNKNOWN)
		check_again(&msg);
	return true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *bytes = fuzz_copy(data, size);

	(void)words_lines(bytes, size, take, NULL);
	free(bytes);
	return 0;
}
