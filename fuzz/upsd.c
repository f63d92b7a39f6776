/* upsd - requests of three clients, a driver's lines, time and reloads, into a whole upsd.
 *
 * A line of the input is one thing that happens, told by its first byte:
 *	1 2 3	that client sends the rest as a line;  a b c: without a newline
 *	x y z	client 1, 2 or 3 goes away
 *	D	the driver says the rest;  d: without a newline;  K: it goes away, and comes again
 *	T	as many seconds pass as the rest has bytes
 *	C U P	one more line of upsd.conf, ups.conf, upsd.users;  R: reload
 * In what a client or the driver says, $ is the last tracking id that was given.
 *
 * Each line of a client must have its one answer, which fits the request; an id has no result that
 * the driver did not tell, and never another; a reload that finds a fault must leave all as it
 * was. */
#include "fuzz/lib/fuzz.h"
#include "fuzz/lib/wire.h"

#include "ups/netmsg.h"
#include "upsd/driverlink.h"
#include "upsd/listen.h"
#include "upsd/tracking.h"
#include "upsd/upsd.h"

#include <stdio.h>

#define CLIENTS 3
#define ANSWER_MS 60000

#define UPSES                                                                                      \
	"[u]\ndriver = test\nport = x\ndesc = \"A \\\"box\\\"\"\n[Dead]\ndriver=test\nport=y\n"
#define USERS                                                                                      \
	"[mon]\npassword = m\nupsmon primary\n[sec]\npassword = s\nupsmon secondary\n"             \
	"[a]\npassword = a\nactions = SET\ninstcmds = ALL\n"                                       \
	"[h]\npassword = "                                                                         \
	"$6$fuzzsalt$AlCoJVyXUIlo38hUalcep79usTKPpVrm4l1IPb"                                       \
	"VtFJiKTQyNphiz9w.Q/6BoSk1XK/ijpmSyYDnotRknlKZDj0\nupsmon secondary\n"
#define DUMP                                                                                       \
	"SETINFO ups.status \"OL\"\nSETINFO ups.id \"abc\"\nSETFLAGS ups.id RW STRING\n"           \
	"SETAUX ups.id 8\nSETINFO i.s \"high\"\nSETFLAGS i.s RW\nADDENUM i.s \"high\"\n"           \
	"ADDENUM i.s \"a \\\"b\\\"\"\nSETINFO d \"20\"\nSETFLAGS d RW\nADDRANGE d 10 30\n"         \
	"ADDCMD load.off\nDATAOK\nDUMPDONE\n"

struct stage {
	struct sim *sim;
	struct upsd *upsd;
	struct upsdconf_source source;
	struct wire client[CLIENTS], driver;
	struct buf asked[CLIENTS]; /* sent, and not yet answered */
	int driver_listens;
	struct buf file[3];
	struct given {
		char id[TRACKING_ID_LEN + 1];
		bool may_be_done;   /* the driver said something since, or was lost */
		const char *result; /* once there is one */
	} given;		    /* the last */
};

static const char *const file_names[3] = { "upsd.conf", "ups.conf", "upsd.users" };

static void
run(struct stage *stage, int64_t ms)
{
	sim_run(stage->sim, ms);
	wire_accept(&stage->driver, stage->sim, "h/driver", stage->driver_listens);
	wire_read(&stage->driver);
	buf_take(&stage->driver.in, buf_len(&stage->driver.in));
}

/* ---- what must follow a request ---- */

/* The next line of IN, newline included; 0: none yet. */
static size_t
line_of(const char *bytes, size_t len)
{
	const char *newline = len ? memchr(bytes, '\n', len) : NULL;

	return newline ? (size_t)(newline - bytes) + 1 : 0;
}

static bool
begins(const char *bytes, size_t len, const struct buf *with)
{
	return len >= buf_len(with) && !memcmp(bytes, buf_bytes(with), buf_len(with));
}

/* The bytes of the list in BYTES; 0: not all is there.  The lines between must speak of SUBJECT. */
static size_t
list_len(const char *bytes, size_t len, const char *subject)
{
	size_t done = line_of(bytes, len), line, subject_len = strlen(subject);

	for (; (line = line_of(bytes + done, len - done)); done += line) {
		const char *at = bytes + done;

		if (line > 9 && !memcmp(at, "END LIST ", 9)) {
			size_t first = line_of(bytes, len);

			must(line + 2 == first && !memcmp(at + 9, bytes + 11, line - 9),
			    "%.*sends %.*s", (int)first, bytes, (int)line, at);
			return done + line;
		}
		must(line > subject_len && !strncasecmp(at, subject, subject_len),
		    "%.*sin a list of %s", (int)line, at, subject);
	}
	return 0;
}

static void
add_words(struct buf *out, const struct words *words, size_t from, size_t to)
{
	for (size_t i = from; i < to && i < words->len; i++) {
		buf_add_text(out, " ");
		if (words_is_name(words->word[i]))
			buf_add_text(out, words->word[i]);
		else
			words_quote(out, words->word[i]);
	}
}

/* Who has no right to know, or asks too late, hears UNKNOWN. */
static void
judge_tracking(struct given *given, const char *id, const char *answer)
{
	static const char *const any[] = { "PENDING", "SUCCESS", "ERR UNKNOWN", "ERR FAILED",
		"ERR INVALID-ARGUMENT", "ERR ACCESS-DENIED", "ERR FEATURE-NOT-CONFIGURED",
		"ERR USERNAME-REQUIRED", "ERR PASSWORD-REQUIRED" };
	size_t i = 0;

	while (i < sizeof(any) / sizeof(*any) && strcmp(answer, any[i]) != 0)
		i++;
	must(i < sizeof(any) / sizeof(*any), "%s to GET TRACKING %s", answer, id);
	if (!*given->id || strcasecmp(id, given->id) != 0 || i == 2 || i > 4)
		return;
	must(i == 0 || given->may_be_done, "%s, which the driver has not said", answer);
	must(!given->result || given->result == any[i], "%s, and now %s", given->result, answer);
	if (i > 0)
		given->result = any[i];
}

static void
remember_id(struct given *given, const char *bytes, size_t line)
{
	static const char begin[] = "OK TRACKING ";
	size_t before = sizeof(begin) - 1;

	if (line != before + TRACKING_ID_LEN + 1 || memcmp(bytes, begin, before) != 0)
		return;
	*given = (struct given){ 0 };
	memcpy(given->id, bytes + before, TRACKING_ID_LEN);
}

/* The bytes of the answer to WORDS at the front of BYTES, 0: not all is there. */
static size_t
answer_len(const struct words *words, const char *bytes, size_t len, struct given *given)
{
	size_t line = line_of(bytes, len);
	const char *verb = words->len ? words->word[0] : "",
		   *subject = words->len > 1 ? words->word[1] : "";
	struct buf want = { 0 };
	char name[64];

	if (!line)
		return 0;
	for (size_t i = 0; i + 1 < line; i++)
		must(bytes[i] >= ' ' && bytes[i] <= '~', "byte %d in %.*s", bytes[i], (int)line,
		    bytes);
	if (words->len > 2 && !strcasecmp(verb, "GET") && !strcasecmp(subject, "TRACKING")) {
		snprintf(name, sizeof(name), "%.*s", (int)line - 1, bytes);
		judge_tracking(given, words->word[2], name);
		return line;
	}
	if (line > 5 && !memcmp(bytes, "ERR ", 4)) {
		snprintf(name, sizeof(name), "%.*s", (int)line - 5, bytes + 4);
		must(net_error_parse(name) < NET_UNKNOWN_ERROR, "ERR %s", name);
		return line;
	}
	if (!strcasecmp(verb, "LIST")) {
		buf_add_text(&want, "BEGIN LIST");
		add_words(&want, words, 1,
		    !strcasecmp(subject, "UPS")					    ? 2
		    : !strcasecmp(subject, "ENUM") || !strcasecmp(subject, "RANGE") ? 4
										    : 3);
		must(begins(bytes, line, &want), "%.*sto LIST %s", (int)line, bytes, subject);
		line = list_len(bytes, len, subject);
	} else if (!strcasecmp(verb, "GET") && strcasecmp(subject, "TRACKING") != 0) {
		for (const char *c = subject; *c; c++)
			buf_add(&want, &(char){ (char)(*c & ~0x20) }, 1);
		add_words(&want, words, 2,
		    !strcasecmp(subject, "NUMLOGINS") || !strcasecmp(subject, "UPSDESC") ? 3 : 4);
		buf_add_text(&want, " ");
		must(begins(bytes, line, &want), "%.*sto GET %s", (int)line, bytes, subject);
	} else if (strcasecmp(verb, "GET") != 0 && strcasecmp(verb, "VER") != 0 &&
		   strcasecmp(verb, "NETVER") != 0 && strcasecmp(verb, "PROTVER") != 0 &&
		   strcasecmp(verb, "HELP") != 0) {
		must(!memcmp(bytes, "OK", 2), "%.*sto %s", (int)line, bytes, verb);
		remember_id(given, bytes, line);
	}
	buf_free(&want);
	return line;
}

/* Are all lines of client I answered?  Answered ones are forgotten. */
static bool
is_answered(struct stage *stage, int i)
{
	struct wire *wire = &stage->client[i];
	struct buf *asked = &stage->asked[i];

	wire_read(wire);
	for (;;) {
		char *copy = fuzz_copy(buf_bytes(asked), buf_len(asked));
		struct words words;
		size_t used = 0, answer = 0;
		enum words_error error =
		    words_cut(&words, copy, buf_len(asked), WORDS_SOCKET, &used);

		if (used)
			answer = answer_len(
			    &words, buf_bytes(&wire->in), buf_len(&wire->in), &stage->given);
		free(copy);
		if (!used)
			return error == WORDS_MORE || wire->fd == -1;
		if (!answer)
			return false;
		buf_take(&wire->in, answer);
		buf_take(asked, used);
	}
}

/* Who may be here, and who is answered, is not checked once the configuration is another. */
static bool
is_judged(const struct stage *stage)
{
	return stage->upsd->generation == 1;
}

static void
forget(struct stage *stage, int i)
{
	wire_close(&stage->client[i]);
	buf_free(&stage->asked[i]);
	stage->asked[i].max = 1 << 20;
	stage->client[i].in.max = 16 << 20;
}

/* TEXT with the id for $. */
static void
fill_in(const struct stage *stage, const char *text, size_t len, struct buf *out)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] == '$')
			buf_add_text(out, stage->given.id);
		else
			buf_add(out, text + i, 1);
}

static void
driver_says(struct stage *stage, const char *text, size_t len, bool newline)
{
	wire_send(&stage->driver, text, len);
	wire_send(&stage->driver, "\n", newline);
	run(stage, 5);
}

static void
client_says(struct stage *stage, int i, const char *text, size_t len, bool newline)
{
	static const char *const hosts[CLIENTS] = { "c1", "c2", "h/client" };
	struct wire *wire = &stage->client[i];
	struct addr at = sim_addr(stage->sim, "h", 3493);

	if (wire->fd == -1) {
		forget(stage, i);
		wire_connect(wire, stage->sim, hosts[i], &at);
		run(stage, 10);
	}
	wire_send(wire, text, len);
	buf_add(&stage->asked[i], text, len);
	if (newline) {
		wire_send(wire, "\n", 1);
		buf_add(&stage->asked[i], "\n", 1);
	}
	run(stage, 5);
	if (!is_judged(stage)) {
		wire_read(wire);
		buf_take(&wire->in, buf_len(&wire->in));
		buf_take(&stage->asked[i], buf_len(&stage->asked[i]));
		return;
	}
	for (int64_t waited = 0; !is_answered(stage, i) && wire->fd != -1; waited += 500) {
		must(waited < ANSWER_MS, "client %d: no whole answer to %.*s", i + 1,
		    (int)buf_len(&stage->asked[i]), buf_bytes(&stage->asked[i]));
		run(stage, 500);
	}
	must(buf_len(&wire->in) == 0, "client %d: an answer too many, %.*s", i + 1,
	    (int)buf_len(&wire->in), buf_bytes(&wire->in));
}

/* ---- reloads ---- */

static char *
all_of(const struct stage *stage)
{
	struct upsd *upsd = stage->upsd;
	struct buf out = { .max = 4 << 20 };
	bool settled;

	buf_add_format(&out, "%u %ld %ld %zu %zu\n", upsd->generation, upsd->conf->max_age_s,
	    upsd->conf->max_conn, listen_open(upsd, &settled), upsd->visitors.len);
	for (size_t i = 0; i < upsd->upses_len; i++) {
		struct ups *ups = upsd->upses[i];
		size_t len;
		const struct state_var *const *vars = state_vars(ups->state, &len);

		buf_add_format(&out, "%s %s %u %d %d\n", ups->conf->name,
		    ups->conf->desc ? ups->conf->desc : "", ups->logins, ups->fsd,
		    driverlink_check(ups));
		for (size_t k = 0; k < len; k++)
			buf_add_format(&out, "%s %s\n", vars[k]->name, vars[k]->quoted);
	}
	for (const struct peer *peer = upsd->members.first; peer; peer = peer->after)
		buf_add_format(&out, "%s %s\n", peer->host, peer->login->conf->name);
	access_print(upsd->conf->access, &out);
	buf_add(&out, "", 1);
	return buf_steal(&out);
}

/* One allocation fails: that is a fault, or nothing is different. */
static void
read_scarcely(const struct stage *stage, const struct upsdconf_source *source, size_t count)
{
	struct faults faults = { 0 };
	struct upsdconf *conf;

	fuzz_scarce_by(buf_bytes(&stage->file[0]), buf_len(&stage->file[0]), count);
	conf = upsdconf_read(source, &faults);
	(void)fuzz_plenty();
	must(conf || faults.faults, "without memory: nothing is read, and nothing is wrong");
	upsdconf_free(conf);
	faults_free(&faults);
}

static void
reload(struct stage *stage)
{
	struct upsdconf_source source = stage->source;
	uint32_t generation = stage->upsd->generation;
	struct faults faults = { 0 };
	struct upsdconf *conf;
	char *before, *after;
	size_t count;

	for (int i = 0; i < 3; i++)
		fuzz_file(file_names[i],
		    buf_bytes(&stage->file[i]) ? buf_bytes(&stage->file[i]) : "",
		    buf_len(&stage->file[i]));
	source.state_path_now = stage->upsd->conf->state_path;
	source.users_now = stage->upsd->conf->has_users;
	fuzz_scarce(0, false);
	conf = upsdconf_read(&source, &faults);
	count = fuzz_plenty();
	read_scarcely(stage, &source, count);
	before = all_of(stage);
	upsd_reload(stage->upsd);
	after = all_of(stage);
	must((stage->upsd->generation == generation) == (faults.faults != 0), "%s",
	    faults.faults ? faults_first(&faults) : "refused");
	if (faults.faults)
		must(before && after && !strcmp(before, after), "%sbecame\n%s", before, after);
	free(before);
	free(after);
	upsdconf_free(conf);
	faults_free(&faults);
	run(stage, 1000);
}

/* ---- the whole ---- */

/* The first configuration: from memory, which is quicker than files. */
static struct upsdconf *
first_conf(struct stage *stage)
{
	static const char *const texts[3] = { "LISTEN 0.0.0.0 3493\n", UPSES, USERS };
	struct upsdconf *conf = upsdconf_new(&stage->source);
	struct conffile *files[3];
	struct faults faults = { 0 };

	must(conf, "no memory");
	for (int i = 0; i < 3; i++) {
		must(files[i] = conffile_from(file_names[i], texts[i], strlen(texts[i])),
		    "no memory");
		buf_add_text(&stage->file[i], texts[i]);
	}
	upsdconf_parse(conf, files[0], &stage->source, &faults);
	upsdconf_take_upses(conf, upsconf_from(files[1], &faults), &faults);
	users_parse(conf->users, files[2], &faults);
	users_finish(conf->users, file_names[2], conf->access, conf->upsconf, &faults);
	conf->has_users = true;
	upsdconf_finish_access(conf, file_names[0], &faults);
	must(faults.faults == 0, "%s", faults_first(&faults));
	faults_free(&faults);
	for (int i = 0; i < 3; i++)
		conffile_close(files[i]);
	return conf;
}

/* The helper, which tells whether a password fits a hash: that of h is h; who says z never hears.
 */
static const char *
judge(void *owner, const char *where, const char *question, int64_t *after_ms)
{
	size_t len = strlen(question);

	*after_ms = len && question[len - 1] == 'z' ? -1 : 30;
	return len > 2 && !strcmp(question + len - 2, " h") ? "yes" : "no";
}

static void
begin(struct stage *stage)
{
	char path[128];
	struct addr at;

	fuzz_log();
	stage->source = (struct upsdconf_source){ .conf_path = fuzz_folder(),
		.state_path = fuzz_folder(),
		.data_path = fuzz_folder(),
		.port = 3493 };
	stage->sim = sim_new(1);
	sim_on_ask(stage->sim, judge, stage);
	snprintf(path, sizeof(path), "%s/test-u", fuzz_folder());
	addr_unix(&at, path);
	stage->driver_listens = wire_listen(stage->sim, "h/driver", &at);
	stage->upsd = upsd_new(sim_loop(stage->sim, "h/upsd"), first_conf(stage));
	must(stage->upsd && listen_start(stage->upsd), "no upsd");
	stage->upsd->source = &stage->source;
	for (int i = 0; i < CLIENTS; i++) {
		stage->client[i].fd = -1;
		forget(stage, i);
	}
	stage->driver.fd = -1;
	run(stage, 100);
	wire_send(&stage->driver, DUMP, strlen(DUMP));
	run(stage, 100);
}

static void
end(struct stage *stage)
{
	for (int i = 0; i < CLIENTS; i++)
		forget(stage, i);
	wire_close(&stage->driver);
	upsd_free(stage->upsd);
	sim_free(stage->sim);
	for (int i = 0; i < 3; i++)
		buf_free(&stage->file[i]);
}

static void
happen(struct stage *stage, const char *line, size_t len)
{
	char what = len ? *line : ' ';
	const char *rest = line + 1;
	size_t rest_len = len - 1;
	struct buf said = { 0 };

	if (len && strchr("DdKT", what))
		stage->given.may_be_done = true;
	if (len && strchr("123abcDd", what)) {
		fill_in(stage, rest, rest_len, &said);
		rest = buf_len(&said) ? buf_bytes(&said) : "";
		rest_len = buf_len(&said);
	}
	switch (what) {
	case '1' ... '3':
		client_says(stage, what - '1', rest, rest_len, true);
		break;
	case 'a' ... 'c':
		client_says(stage, what - 'a', rest, rest_len, false);
		break;
	case 'x' ... 'z':
		forget(stage, what - 'x');
		break;
	case 'D':
	case 'd':
		driver_says(stage, rest, rest_len, what == 'D');
		break;
	case 'K':
		wire_close(&stage->driver);
		break;
	case 'T':
		run(stage, 1000 * (int64_t)(rest_len < 100 ? rest_len : 100));
		break;
	case 'C':
	case 'U':
	case 'P':
		buf_add(&stage->file[what == 'C' ? 0 : what == 'U' ? 1 : 2], rest, rest_len);
		buf_add_text(&stage->file[what == 'C' ? 0 : what == 'U' ? 1 : 2], "\n");
		break;
	case 'R':
		reload(stage);
		break;
	}
	buf_free(&said);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end_of_data = data + size;
	struct stage stage = { 0 };
	const char *line;
	size_t len;

	begin(&stage);
	for (int n = 0; n < 60 && fuzz_line(&data, end_of_data, &line, &len); n++)
		happen(&stage, line, len);
	end(&stage);
	return 0;
}
