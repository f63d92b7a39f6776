#include "page.h"

#include "area.h"
#include "bench.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

#define MARK "<!-- runs -->\n"
#define BEGINS "{\"suite\":\"nut-conform\""

/* As a JSON string.  Bytes that are no ASCII become the characters of the same number, and < is
 * never plain, so that the text may stand in a page. */
static void
print_string(FILE *file, const char *text)
{
	fputc('"', file);
	for (; text && *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\')
			fprintf(file, "\\%c", c);
		else if (c == '\n')
			fputs("\\n", file);
		else if (c < 0x20 || c >= 0x7f || c == '<')
			fprintf(file, "\\u%04x", c);
		else
			fputc(c, file);
	}
	fputc('"', file);
}

static void
print_member(FILE *file, const char *name, const char *text)
{
	fprintf(file, ",\"%s\":", name);
	print_string(file, text);
}

static void
print_case(FILE *file, const struct test_case *test, const struct result *result,
    const struct target *target)
{
	const struct deviation *deviation = target_deviation(target, test->id);

	fputs("{\"id\":", file);
	print_string(file, test->id);
	print_member(file, "level", test->level == MUST ? "MUST" : "SHOULD");
	print_member(file, "cites", test->cites);
	print_member(file, "says", test->says);
	fputs(",\"sections\":[\"", file);
	area_print(file, test, "\",\"");
	fputs("\"]", file);
	print_member(file, "verdict", report_verdict(test, result, target));
	fprintf(file, ",\"ms\":%d", result->ms);
	if (deviation)
		print_member(file, "deviation", deviation->reason);
	if (result->why && *result->why)
		print_member(file, "why", result->why);
	if (result->trace && *result->trace)
		print_member(file, "trace", result->trace);
	fputs("}", file);
}

/* What the target's upsd says of itself. */
static void
print_version(FILE *file, const struct target *target)
{
	char command[1024], line[256] = "";
	FILE *pipe;

	/* A place with a quote in it goes without. */
	if (!strchr(target->sbindir, '\'') && !strchr(target->upsd, '\'') &&
	    snprintf(command, sizeof(command), "'%s/%s' -V 2>&1", target->sbindir, target->upsd) <
		(int)sizeof(command) &&
	    (pipe = popen(command, "r"))) {
		if (!fgets(line, sizeof(line), pipe))
			line[0] = '\0';
		pclose(pipe);
	}
	line[strcspn(line, "\n")] = '\0';
	print_member(file, "version", line);
}

/* The distribution, the kernel and the machine: what a report of a fault begins with. */
static void
print_host(FILE *file)
{
	char line[256], host[512] = "";
	FILE *release = fopen("/etc/os-release", "r");
	struct utsname name;
	size_t len;

	while (release && fgets(line, sizeof(line), release)) {
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, "PRETTY_NAME=", 12) != 0)
			continue;
		len = strlen(line);
		if (line[12] == '"' && line[len - 1] == '"')
			line[len - 1] = '\0';
		snprintf(host, sizeof(host), "%s, ", line + 12 + (line[12] == '"'));
	}
	if (release)
		fclose(release);
	len = strlen(host);
	if (!uname(&name))
		snprintf(host + len, sizeof(host) - len, "%s %.64s %.64s", name.sysname,
		    name.release, name.machine);
	print_member(file, "host", host);
}

static void
print_run(FILE *file, const struct run *run)
{
	struct tally tally = report_count(run);
	time_t now = time(NULL);
	char when[32] = "";
	struct tm tm;

	if (gmtime_r(&now, &tm))
		strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm);
	fputs(BEGINS, file);
	print_member(file, "target", run->target->name);
	print_version(file, run->target);
	print_member(file, "sbindir", run->target->sbindir);
	print_host(file);
	print_member(file, "when", when);
	fprintf(file,
	    ",\"ms\":%lld,\"passed\":%zu,\"failed\":%zu,\"deviations\":%zu,\"skipped\":%zu,"
	    "\"without\":%zu,\n\"cases\":[\n",
	    (long long)run->ms, tally.passed, tally.unexpected, tally.deviated, tally.skipped,
	    tally.without);
	for (size_t i = 0; i < run->len; i++) {
		print_case(file, run->tests[i], &run->results[i], run->target);
		fputs(i + 1 < run->len ? ",\n" : "\n", file);
	}
	fputs("]}\n", file);
}

static bool
closed_well(FILE *file)
{
	bool well = !ferror(file);

	return !fclose(file) && well;
}

bool
page_json(const char *name, const struct run *run)
{
	FILE *file = fopen(name, "w");

	if (!file)
		return false;
	print_run(file, run);
	return closed_well(file);
}

/* The whole of FILE, which is closed.  at is NULL when FILE is, too. */
static struct bytes
read_whole(FILE *file)
{
	struct bytes whole = { 0 };
	char room[16384];
	size_t got;

	if (!file)
		return whole;
	bytes_add(&whole, "", 0);
	while ((got = fread(room, 1, sizeof(room), file)) > 0)
		bytes_add(&whole, room, got);
	fclose(file);
	return whole;
}

static bool
is_run(const char *text)
{
	return !strncmp(text, BEGINS, strlen(BEGINS)) && !strchr(text, '<');
}

/* "ID tab page tab text" becomes "ID":["page","text"]; they are UTF-8, and stay so. */
static void
print_sentence(FILE *file, const char *line, size_t len)
{
	fputs("\"", file);
	for (size_t i = 0, tabs = 0; i < len; i++) {
		if (line[i] == '\t')
			fputs(!tabs++ ? "\":[\"" : "\",\"", file);
		else if (line[i] == '"' || line[i] == '\\')
			fprintf(file, "\\%c", line[i]);
		else if (line[i] == '<')
			fputs("\\u003c", file);
		else
			fputc(line[i], file);
	}
	fputs("\"]", file);
}

static void
print_sentences(FILE *file, const char *lines)
{
	const char *between = "";

	fputs("<script type=\"application/json\" id=\"sentences\">\n{", file);
	while (lines && *lines) {
		size_t len = strcspn(lines, "\n");

		fputs(between, file);
		print_sentence(file, lines, len);
		between = ",\n";
		lines += len + (lines[len] == '\n');
	}
	fputs("}\n</script>\n", file);
}

bool
page_html(
    const char *name, const struct run *run, const char *beside, FILE *template, FILE *sentences)
{
	struct bytes page = read_whole(template),
		     other = read_whole(beside ? fopen(beside, "r") : NULL),
		     said = read_whole(sentences);
	const char *mark = page.at ? strstr(page.at, MARK) : NULL;
	bool well = !beside || other.at;
	FILE *file;

	if (!mark || (other.at && !is_run(other.at))) {
		errno = EINVAL;
		well = false;
	}
	file = well ? fopen(name, "w") : NULL;
	if (file) {
		fprintf(file, "%.*s", (int)(mark - page.at), page.at);
		print_sentences(file, said.at);
		fputs("<script type=\"application/json\" class=\"run\">\n", file);
		print_run(file, run);
		fputs("</script>\n", file);
		if (other.at)
			fprintf(file,
			    "<script type=\"application/json\" class=\"run\">\n%s</script>\n",
			    other.at);
		fputs(mark + strlen(MARK), file);
		well = closed_well(file);
	}
	bytes_free(&page);
	bytes_free(&other);
	bytes_free(&said);
	return file && well;
}
