#include "ups/status.h"

#include <string.h>
#include <strings.h>

static const struct {
	enum status_bit bit;
	const char *word;
} words[] = {
	{ STATUS_ALARM, "ALARM" },
	{ STATUS_OL, "OL" },
	{ STATUS_OB, "OB" },
	{ STATUS_LB, "LB" },
	{ STATUS_HB, "HB" },
	{ STATUS_RB, "RB" },
	{ STATUS_CHRG, "CHRG" },
	{ STATUS_DISCHRG, "DISCHRG" },
	{ STATUS_BYPASS, "BYPASS" },
	{ STATUS_CAL, "CAL" },
	{ STATUS_OFF, "OFF" },
	{ STATUS_OVER, "OVER" },
	{ STATUS_TRIM, "TRIM" },
	{ STATUS_BOOST, "BOOST" },
	{ STATUS_FSD, "FSD" },
	{ STATUS_ECO, "ECO" },
	{ STATUS_TEST, "TEST" },
};
#define WORDS (sizeof(words) / sizeof(*words))

static uint32_t
bit_of(const char *word, size_t len)
{
	for (size_t i = 0; i < WORDS; i++)
		if (strlen(words[i].word) == len && strncasecmp(words[i].word, word, len) == 0)
			return words[i].bit;
	return STATUS_OTHER;
}

uint32_t
status_parse(const char *text)
{
	static const char blanks[] = " \t\r\n\v\f";
	uint32_t bits = 0;

	for (text += strspn(text, blanks); *text; text += strspn(text, blanks)) {
		size_t len = strcspn(text, blanks);

		bits |= bit_of(text, len);
		text += len;
	}
	return bits;
}

bool
status_format(struct buf *buf, uint32_t bits)
{
	bool first = true;

	for (size_t i = 0; i < WORDS; i++) {
		if (!(bits & words[i].bit))
			continue;
		if (!first)
			buf_add(buf, " ", 1);
		buf_add_text(buf, words[i].word);
		first = false;
	}
	return !buf->failed;
}
