/* A build without TLS says so, and refuses what it could not keep. */
#include "upsdstage.h"

Test(tls_none, starttls_is_not_supported, .init = stage_live, .fini = stage_end)
{
	int fd = client_from("192.0.2.1");

	cr_expect_str_eq(ask(fd, "STARTTLS\nNETVER\n"), "ERR FEATURE-NOT-SUPPORTED\n1.3\n");
	close(fd);
}

/* */
Test(tls_none, a_certificate_cannot_be_used, .init = stage_live, .fini = stage_end)
{
	stage_file("upsd.conf", "LISTEN 127.0.0.1\nCERTFILE /etc/upsd.pem\n");
	upsd_reload(stage.upsd);
	cr_expect(strstr(stage.log,
		      "upsd.conf:2: TLS is configured but cannot be used: this build has no "
		      "TLS (make TLS=openssl)\n"),
	    "%s", stage.log);
	cr_expect(strstr(stage.log, "reload refused"));
}
