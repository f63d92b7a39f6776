/* nss_cert.c - what a certificate says, as text. */
#include "tls/nss.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

void
nss_time_text(PRTime at, char out[static NSS_TIME_TEXT])
{
	time_t seconds = (time_t)(at / PR_USEC_PER_SEC);
	struct tm when;

	*out = '\0';
	if (gmtime_r(&seconds, &when))
		strftime(out, NSS_TIME_TEXT, "%b %e %H:%M:%S %Y GMT", &when);
}

char *
nss_subject_text(const CERTCertificate *cert)
{
	char *text = strdup(cert->subjectName ? cert->subjectName : "");

	for (char *at = text; at && *at; at++)
		if (*at < 0x20 || *at > 0x7e)
			*at = '?';
	return text;
}

const char *
nss_says(void)
{
	const char *text = PR_ErrorToString(PR_GetError(), PR_LANGUAGE_I_DEFAULT);

	return text && *text ? text : "unknown error";
}
