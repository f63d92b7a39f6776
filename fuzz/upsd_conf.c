/* upsd_conf - upsd.conf with its access lists. */
#include "fuzz/lib/fuzz.h"

#include "upsd/upsdconf.h"

static void
take(struct conffile *file, struct faults *faults, struct buf *said)
{
	static const struct upsdconf_source source = { .conf_path = "/nowhere",
		.state_path = "/nowhere",
		.data_path = "/nowhere",
		.port = 3493,
		.keys_later = true };
	struct upsdconf *conf = upsdconf_new(&source);

	if (!conf) {
		said->failed = true;
		return;
	}
	upsdconf_parse(conf, file, &source, faults);
	upsdconf_finish_access(conf, conffile_path(file), faults);
	must(conf->listens_len > 0 || faults->faults, "nowhere to listen");
	must(
	    conf->max_age_s > 0 && conf->max_conn >= 0, "%ld %ld", conf->max_age_s, conf->max_conn);
	for (size_t i = 0; i < conf->listens_len; i++)
		buf_add_format(said, "listen %s %u line %u\n", conf->listens[i].host,
		    conf->listens[i].port, conf->listens[i].line);
	buf_add_format(said, "%ld %ld %ld %ld %d %d %d %ld %d %s %s\n", conf->max_age_s,
	    conf->tracking_delay_s, conf->max_conn, conf->debug_min, conf->allow_no_device,
	    conf->allow_not_all_listeners, conf->force_ssl, conf->cert_request, conf->wants_tls,
	    conf->cert_file ? conf->cert_file : "-", conf->cert_path ? conf->cert_path : "-");
	if (!faults->faults) /* it is good for nothing else */
		access_print(conf->access, said);
	upsdconf_free(conf);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_conf("upsd.conf", data, size, take);
	return 0;
}
