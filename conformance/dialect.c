#include "dialect.h"

#include <string.h>

static const struct dialect dialects[] = {
	{ "2.8", .protocol = "1.3", .foreground = "-F", .primary = true, .allows = true,
	    .modes = true },
	{ "2.7.4", .protocol = "1.2", .foreground = "-D" },
};
#define DIALECTS (sizeof(dialects) / sizeof(dialects[0]))

static const struct {
	const char *new, *old; /* at the end of a line */
} roles[] = { { " primary", " master" }, { " secondary", " slave" } };

const struct dialect *
dialect_find(const char *name)
{
	for (size_t i = 0; i < DIALECTS; i++)
		if (!strcmp(dialects[i].name, name))
			return &dialects[i];
	return NULL;
}

const char *
dialect_names(void)
{
	return "2.8, 2.7.4";
}

static bool
is_configuration(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot && (!strcmp(dot, ".conf") || !strcmp(name, "upsd.users"));
}

static bool
begins(const char *line, size_t len, const char *word)
{
	while (len && (*line == ' ' || *line == '\t')) {
		line++;
		len--;
	}
	return len >= strlen(word) && !strncmp(line, word, strlen(word));
}

/* A line that the release has no word for is left out. */
static bool
is_too_new(const struct dialect *dialect, const char *line, size_t len)
{
	return (!dialect->allows && begins(line, len, "ALLOW_")) ||
	       (!dialect->modes && begins(line, len, "mode = dummy"));
}

static void
add_line(struct bytes *out, const struct dialect *dialect, const char *line, size_t len)
{
	for (size_t i = 0; !dialect->primary && i < sizeof(roles) / sizeof(roles[0]); i++) {
		size_t new_len = strlen(roles[i].new);

		if (len < new_len || strncmp(line + len - new_len, roles[i].new, new_len))
			continue;
		bytes_add(out, line, len - new_len);
		bytes_add(out, roles[i].old, strlen(roles[i].old));
		return;
	}
	bytes_add(out, line, len);
}

void
dialect_add(struct bytes *out, const struct dialect *dialect, const char *name, const char *text,
    size_t len)
{
	if (!is_configuration(name)) {
		bytes_add(out, text, len);
		return;
	}
	while (len) {
		const char *newline = memchr(text, '\n', len);
		size_t line = newline ? (size_t)(newline - text) : len;
		size_t whole = line + (newline != NULL);

		if (!is_too_new(dialect, text, line)) {
			add_line(out, dialect, text, line);
			bytes_add(out, "\n", newline != NULL);
		}
		text += whole;
		len -= whole;
	}
}
