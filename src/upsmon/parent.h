/* parent.h - the privileged half of upsmon: it reads one byte and runs one command, both fixed
 * before anything else was known.  Nothing that the other half says enters the command. */
#ifndef PARENT_H
#define PARENT_H

#include <stdbool.h>
#include <sys/types.h>

#define PARENT_PRIMARY 'P'   /* set POWERDOWNFLAG, then run SHUTDOWNCMD */
#define PARENT_SECONDARY 'S' /* run SHUTDOWNCMD */

#define PARENT_FLAG_S 5	  /* a flag that takes longer to be on the disk is not waited for */
#define PARENT_AGAIN_S 10 /* a command that failed, or still runs, is run again after so long */

/* Fork.  Returns in the child, with the descriptor to write the byte to; end of file there means
 * that the parent is gone.  The parent never returns: it starts a child again that died, and exits
 * when one left by itself, with its status.  *AGAIN: we are not the first, and what was read before
 * may have been read again since.  FLAG may be NULL. */
int parent_split(const char *command, const char *flag, bool *again);

/* The same, here and now, for a upsmon that runs as one process: returns when the command has been
 * run with success, however often that takes. */
void parent_shut_down(char byte, const char *command, const char *flag);

#endif
