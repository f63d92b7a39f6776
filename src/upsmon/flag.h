/* flag.h - POWERDOWNFLAG: the file that tells the last script of a shutdown to have the UPS
 * switched off.  Set by a primary's privileged parent alone. */
#ifndef FLAG_H
#define FLAG_H

#include <stdbool.h>

/* Create PATH with the magic text and see it on the disk: never through a link, never into a file
 * that was there (one that holds the magic already is fine).  false with errno. */
bool flag_set(const char *path);
/* Is PATH a regular file with the magic text and nothing else? */
bool flag_is_set(const char *path);
/* Remove a flag that an earlier shutdown left; anything else at PATH stays, and false is returned.
 */
bool flag_clear(const char *path);

#endif
