#include "emulators/scenario.h"

#include "base/log.h"
#include "emulators/orders.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define LINES_MAX 10000
#define DURATION_MAX_MS 1e12 /* 31 years: the sum of all lines is a time, too */

struct line {
	int64_t at_ms;
	unsigned number;
	char *text; /* owned: the order's words, quoted */
};

struct emu_scenario {
	char *path;
	bool real; /* time is the loop's, not the battery's */
	struct line *lines;
	size_t len, next;
	struct emu *emu; /* borrowed; NULL before the start */
	int64_t start_ms;
	struct timer timer; /* real */
};

int64_t
emu_duration_ms(const char *text)
{
	static const struct unit {
		const char *name;
		double ms;
	} units[] = { { "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 } };
	double total = 0;

	if (!*text)
		return -1;
	while (*text) {
		char *unit;
		double number = strtod(text, &unit);
		size_t letters = strspn(unit, "msh"), i;

		if (unit == text || !isdigit((unsigned char)*text) || !(number < 1e9))
			return -1;
		for (i = 0; i < 4; i++)
			if (strlen(units[i].name) == letters &&
			    !memcmp(units[i].name, unit, letters))
				break;
		if (i == 4)
			return -1;
		total += number * units[i].ms;
		if (total > DURATION_MAX_MS)
			return -1;
		text = unit + letters;
	}
	return (int64_t)total;
}

static char *
join(const struct words *words, size_t from)
{
	struct buf text = { .max = 65536 };

	for (size_t i = from; i < words->len; i++) {
		buf_add_text(&text, i > from ? " " : "");
		words_quote(&text, words->word[i]);
	}
	return buf_steal(&text);
}

/* "at TIME ORDER...", "after TIME ORDER...": since the start, since the line before. */
static const char *
read_line(struct emu_scenario *scenario, const struct words *words, unsigned number)
{
	int64_t before_ms = scenario->len ? scenario->lines[scenario->len - 1].at_ms : 0;
	bool after = !strcmp(words->word[0], "after");
	int64_t at_ms = words->len > 1 ? emu_duration_ms(words->word[1]) : -1;
	struct line *lines;

	if (!strcmp(words->word[0], "time")) {
		scenario->real = words->len == 2 && !strcmp(words->word[1], "real");
		return scenario->real || (words->len == 2 && !strcmp(words->word[1], "virtual"))
			   ? NULL
			   : "write time virtual or time real";
	}
	if (!after && strcmp(words->word[0], "at") != 0)
		return "a line begins with at, after or time";
	if (at_ms == -1 || words->len < 3)
		return "write at TIME ORDER, with a time like 2s, 500ms or 1m30s";
	if (after)
		at_ms += before_ms;
	if (at_ms < before_ms)
		return "earlier than the line before";
	lines = realloc(scenario->lines, (scenario->len + 1) * sizeof(*lines));
	if (!lines || scenario->len == LINES_MAX) {
		scenario->lines = lines ? lines : scenario->lines;
		return "too long";
	}
	scenario->lines = lines;
	lines[scenario->len] = (struct line){ at_ms, number, join(words, 2) };
	return lines[scenario->len++].text ? NULL : "out of memory";
}

struct emu_scenario *
emu_scenario_read(struct conffile *file, struct faults *faults)
{
	struct emu_scenario *scenario = calloc(1, sizeof(*scenario));
	size_t before = faults->faults;
	struct words words;

	if (!scenario || !(scenario->path = strdup(conffile_path(file)))) {
		faults_add(faults, conffile_path(file), 0, "out of memory");
		free(scenario);
		return NULL;
	}
	while (conffile_next(file, &words, faults)) {
		const char *why = read_line(scenario, &words, conffile_line(file));

		if (why)
			conffile_fault(file, faults, "%s", why);
	}
	if (faults->faults == before)
		return scenario;
	emu_scenario_free(scenario);
	return NULL;
}

static void
run_line(struct emu_scenario *scenario, const struct line *line)
{
	struct words words;
	struct buf out = { 0 };
	char *text = strdup(line->text);
	const char *why = "out of memory";

	if (text && words_split(&words, text, WORDS_FILE) == WORDS_OK && words.len > 0)
		why = emu_order(scenario->emu, &words, &out);
	if (why)
		log_warnx("%s:%u: %s", scenario->path, line->number, why);
	else
		log_info("%s:%u: %s", scenario->path, line->number, line->text);
	free(text);
	buf_free(&out);
}

static void set_next(struct emu_scenario *scenario);

static void
run_next(void *owner)
{
	struct emu_scenario *scenario = owner;

	run_line(scenario, &scenario->lines[scenario->next++]);
	set_next(scenario);
}

static void
set_next(struct emu_scenario *scenario)
{
	if (emu_scenario_over(scenario))
		return;
	int64_t at_ms = scenario->start_ms + scenario->lines[scenario->next].at_ms;

	if (scenario->real)
		loop_timer_at(emu_loop(scenario->emu), &scenario->timer, at_ms);
	else
		emu_alarm(scenario->emu, at_ms, run_next, scenario);
}

void
emu_scenario_start(struct emu_scenario *scenario, struct emu *emu)
{
	scenario->emu = emu;
	scenario->timer = (struct timer){ .fire = run_next, .owner = scenario };
	scenario->start_ms = scenario->real ? loop_now_ms(emu_loop(emu)) : emu_clock_ms(emu);
	set_next(scenario);
}

bool
emu_scenario_over(const struct emu_scenario *scenario)
{
	return scenario->next == scenario->len;
}

void
emu_scenario_free(struct emu_scenario *scenario)
{
	if (!scenario)
		return;
	if (scenario->emu) {
		loop_timer_clear(emu_loop(scenario->emu), &scenario->timer);
		if (!scenario->real)
			emu_alarm(scenario->emu, EMU_NEVER, run_next, scenario);
	}
	for (size_t i = 0; i < scenario->len; i++)
		free(scenario->lines[i].text);
	free(scenario->lines);
	free(scenario->path);
	free(scenario);
}
