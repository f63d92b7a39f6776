/* question.h - what a client asks of a server: how it goes over the wire, which lines answer it,
 * and the rows of a list as they come.  Inside of client.c, which sends them and waits. */
#ifndef QUESTION_H
#define QUESTION_H

#include "base/buf.h"
#include "base/words.h"
#include "client/client.h"

#define QUESTION_ARGS 3

/* Kinds that only the client itself asks. */
enum { ASK_STARTTLS = CLIENT_KINDS, ASK_USERNAME, ASK_PASSWORD, QUESTION_KINDS };

/* One question, from client_ask() until its answer. */
struct question {
	struct question *next;
	int kind;		   /* CLIENT_... or ASK_... */
	client_answered *answered; /* NULL: the client's own */
	void *owner;
	bool sent, begun; /* begun: BEGIN LIST has come */
	int64_t until_ms; /* of those sent */
	size_t args_len;
	char *args[QUESTION_ARGS]; /* owned */
	struct buf line;	   /* as it goes over the wire; empty once sent */
};

/* NULL and what is wrong in *ERROR: no memory, or arguments that cannot be sent. */
struct question *question_new(int kind, const char *const *args, const char **error);
/* NULL is fine.  What may be a secret is wiped. */
void question_free(struct question *question);
void question_free_all(struct question **list);
/* Its line has been sent: forget it. */
void question_forget_line(struct question *question);

static inline bool
question_is_own(const struct question *question)
{
	return question->kind >= CLIENT_KINDS;
}

bool question_wants_list(const struct question *question);
/* How many words of LINE, which has some, say only what was asked; -1 if it is no answer to
 * QUESTION, or no row of its list. */
int question_fits(const struct question *question, const struct words *line);
/* Is LINE the BRACKET, BEGIN or END, of its list?  They repeat the whole question. */
bool question_brackets(
    const struct question *question, const struct words *line, const char *bracket);

/* The rows of a list that is coming in; each ROW is one block of pointers and text. */
struct rows {
	struct client_row *rows;
	size_t len, size, bytes;
};

/* false: no memory.  The words are copied. */
bool rows_add(struct rows *list, const char *const *words, size_t len);
void rows_free(struct rows *list);

#endif
