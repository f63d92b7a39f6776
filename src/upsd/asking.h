/* asking.h - requests that base/helper must judge, in their turn: those of one address never stand
 * in the way of those of the others.
 *
 * ASKING_AT_ONCE are asked at a time, of one address ASKING_OF_ONE; of those that wait, who came
 * first is next.  Whoever has no answer after ASKING_MOST_MS, waiting included, gets none. */
#ifndef ASKING_H
#define ASKING_H

#include "base/helper.h"

#define ASKING_AT_ONCE HELPER_WORKERS
#define ASKING_OF_ONE (HELPER_WORKERS / 2)
#define ASKING_MOST_MS HELPER_DEADLINE_MS

enum asking_answer { ASKING_YES, ASKING_NO, ASKING_NONE /* nobody knows: refuse */ };

/* All of one loop. */
struct asking {
	struct loop *loop;		     /* borrowed */
	struct asker *first, *last;	     /* all, in the order they came */
	struct asker *asked[ASKING_AT_ONCE]; /* those that are not waiting; NULL: free */
	struct later next;
};

/* One request, wherever its owner keeps it.  {0}: idle. */
struct asker {
	struct asking *asking; /* borrowed; NULL: idle */
	struct asker *before, *after;
	const char *host;		  /* borrowed until the end: whose it is */
	struct helper_question *question; /* owned; NULL: waits for its turn */
	struct timer deadline;
	/* Put the question: helper_ask() or one that ends in it; NULL: it cannot be asked. */
	struct helper_question *(*ask)(void *owner, helper_answered *answered, void *asker);
	/* Called once, never from inside asking_begin(); the asker is idle again. */
	void (*answered)(void *owner, enum asking_answer answer);
	void *owner;
};

void asking_init(struct asking *asking, struct loop *loop);
/* HOST, ASK, ANSWERED and OWNER are set. */
void asking_begin(struct asking *asking, struct asker *asker);
/* No answer is wanted any more.  An idle one is fine. */
void asking_end(struct asker *asker);

#endif
