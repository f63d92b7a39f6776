/* site.c - upsd.conf with TLS: a PEM file (CERTFILE) for those on OpenSSL, a database for NSS. */
#include "site.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CERTUTIL "/usr/bin/certutil"

bool
site_is_nss(const struct bench *bench)
{
	return !strcmp(bench->target->tls, "nss");
}

/* Asked once, of a upsd without a certificate: it knows what it was built with. */
static bool
has_tls(struct bench *bench)
{
	static enum { UNKNOWN, NO, YES } known;

	if (known == UNKNOWN) {
		struct conn *conn;

		start_upsd(bench);
		conn = dial(bench);
		known =
		    strcmp(ask(bench, conn, "STARTTLS"), "ERR FEATURE-NOT-SUPPORTED") ? YES : NO;
		hang_up(bench, conn);
		stop_upsd(bench);
	}
	return known == YES;
}

void
site_need_tls(struct bench *bench)
{
	if (!veil_here())
		skip(bench, WITHOUT " this suite was built without OpenSSL");
	if (site_is_nss(bench) && access(CERTUTIL, X_OK))
		skip(bench,
		    "there is no " CERTUTIL " to make a database for NSS with (libnss3-tools)");
	if (!has_tls(bench))
		skip(bench, WITHOUT " upsd answers STARTTLS with ERR FEATURE-NOT-SUPPORTED");
}

/* Run a tool of NSS to its end. */
static void
tool(struct bench *bench, const char *const *argv)
{
	struct process *process = spawn(bench, "tool", argv);

	need(bench, wait_end(bench, process, 15000) && !process->status, "suite: %s: %s", argv[0],
	    log_of(bench, process));
}
#define TOOL(...) tool(bench, (const char *const[]){ __VA_ARGS__, NULL })

/* A new database, in which lie SHOW with its key and the authority TRUST. */
static void
database(struct bench *bench, const struct site *site, const char *folder)
{
	const char *password = site->password ? site->password : "database";
	char file[200], crl[400];

	put_file(bench, "database.password", password);
	need(bench, !mkdir(folder, 0700), "suite: cannot make %s", folder);
	snprintf(file, sizeof(file), "%s", path_of(bench, "database.password"));
	TOOL(CERTUTIL, "-N", "-d", folder, "-f", file);
	if (site->show) {
		pkcs12(bench, site->show);
		snprintf(crl, sizeof(crl), "%s.p12", site->show);
		TOOL("/usr/bin/pk12util", "-i", path_of(bench, crl), "-W", "x", "-d", folder, "-k",
		    file);
	}
	if (site->trust) {
		snprintf(crl, sizeof(crl), "%s.crt", site->trust);
		TOOL(CERTUTIL, "-A", "-d", folder, "-f", file, "-n", site->trust, "-t", "TC,,",
		    "-a", "-i", path_of(bench, crl));
	}
	if (site->lists) {
		snprintf(crl, sizeof(crl), "%s.crl.der", site->trust);
		TOOL("/usr/bin/crlutil", "-I", "-d", folder, "-f", file, "-i", path_of(bench, crl),
		    "-B");
	}
}

static void
conf_nss(struct bench *bench, const struct site *site, char *conf, size_t size)
{
	static unsigned serial;
	char folder[300];

	snprintf(folder, sizeof(folder), "%s/db%u", bench->dir, serial++);
	database(bench, site, folder);
	snprintf(conf, size, "CERTPATH %s\nCERTIDENT \"%s\" \"%s\"\n%s", folder,
	    site->ident ? site->ident : site->show, site->password ? site->password : "database",
	    site->more ? site->more : "");
}

static void
conf_pem(struct bench *bench, const struct site *site, char *conf, size_t size)
{
	char name[200];
	size_t len = 0;

	if (site->show)
		len += (size_t)snprintf(conf, size, "CERTFILE %s/%s.pem\n", bench->dir, site->show);
	if (site->ident || site->password)
		len += (size_t)snprintf(conf + len, size - len, "CERTIDENT \"%s\" \"%s\"\n",
		    site->ident ? site->ident : "", site->password ? site->password : "");
	if (site->trust) {
		put_file(bench, "trust.pem", "");
		snprintf(name, sizeof(name), "%s.crt", site->trust);
		add_to_file(bench, "trust.pem", get_file(bench, name));
		snprintf(name, sizeof(name), "%s.crl", site->trust);
		if (site->lists)
			add_to_file(bench, "trust.pem", get_file(bench, name));
		len +=
		    (size_t)snprintf(conf + len, size - len, "CERTPATH %s/trust.pem\n", bench->dir);
	}
	snprintf(conf + len, size - len, "%s", site->more ? site->more : "");
}

void
site_conf(struct bench *bench, const struct site *site)
{
	char conf[2048] = "";

	if (site_is_nss(bench))
		conf_nss(bench, site, conf, sizeof(conf));
	else
		conf_pem(bench, site, conf, sizeof(conf));
	put_upsd_conf(bench, conf);
}

void
site_secure(struct bench *bench)
{
	site_need_tls(bench);
	certificate(bench, &(struct issue){ .name = "ca", .authority = true });
	certificate(bench, &(struct issue){ .name = "server", .by = "ca" });
	site_conf(bench, &(struct site){ .show = "server", .trust = "ca" });
}
