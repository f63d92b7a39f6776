#include "serve.h"

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "inside.h"
#include "talk.h"

void
serve(struct bench *bench, const struct reply *replies)
{
	struct server *server = calloc(1, sizeof(*server));

	if (!server)
		fail(bench, "suite: out of memory");
	server->replies = replies;
	server_add(bench, server);
}

void
server_add(struct bench *bench, struct server *server)
{
	server->next = bench->server;
	bench->server = server;
	server->listener = server->hold = -1;
	server->port = free_tcp_port(&server->hold);
	if (server->port == -1)
		fail(bench, "suite: no free port");
	server_listen(bench, server);
}

void
server_listen(struct bench *bench, struct server *server)
{
	if (server->listener == -1)
		server->listener = bind_to(bench, "127.0.0.1", server->port);
}

void
servers_free(struct server *server)
{
	while (server) {
		struct server *next = server->next;

		if (server->listener != -1)
			close(server->listener);
		if (server->hold != -1)
			close(server->hold);
		bytes_free(&server->heard);
		free(server);
		server = next;
	}
}

void
server_accept(struct bench *bench, struct server *server)
{
	int fd = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd != -1)
		conn_add(bench, fd, 's')->server = server;
}

static void
answer(struct conn *conn, const char *line)
{
	static const struct reply unknown = { "", "ERR UNKNOWN-COMMAND\n", THEN_GO_ON };
	const struct reply *reply = conn->server->replies;

	while (reply->request && strncasecmp(reply->request, line, strlen(reply->request)))
		reply++;
	if (!reply->request)
		reply = &unknown;
	bytes_add(&conn->out, reply->text, strlen(reply->text));
	conn->shut_after = reply->then == THEN_CLOSE;
	if (reply->then == THEN_REPEAT) {
		const char *newline = strchr(reply->text, '\n');

		conn->again = newline && newline[1] ? newline + 1 : reply->text;
	}
}

void
server_answer(struct conn *conn)
{
	char *newline;

	while (conn->in.len && (newline = memchr(conn->in.at, '\n', conn->in.len))) {
		size_t len = (size_t)(newline - conn->in.at) + 1;

		bytes_add(&conn->server->heard, conn->in.at, len);
		newline[0] = '\0';
		if (len > 1 && newline[-1] == '\r')
			newline[-1] = '\0';
		if (conn->server->answer)
			conn->server->answer(conn->server, conn, conn->in.at);
		else
			answer(conn, conn->in.at);
		bytes_drop(&conn->in, len);
	}
}

int
run_client(struct bench *bench, int ms, const char *program, const char *a, const char *b,
    const char *c, const char *d, const char *e, const char *f)
{
	const char *const given[] = { a, b, c, d, e, f };
	char path[512], filled[6][600];
	const char *argv[8] = { path };
	struct process *client;

	snprintf(path, sizeof(path), "%s/%s", bench->target->bindir, program);
	for (int i = 0; i < 6 && given[i]; i++) {
		const char *percent = strchr(given[i], '%');

		if (percent)
			snprintf(filled[i], sizeof(filled[i]), "%.*s127.0.0.1:%d%s",
			    (int)(percent - given[i]), given[i], bench->server->port, percent + 1);
		else
			snprintf(filled[i], sizeof(filled[i]), "%s", given[i]);
		argv[i + 1] = filled[i];
	}
	bench->split = true;
	client = spawn(bench, program, argv);
	bench->split = false;
	close(client->in); /* it shall not wait for answers of a person */
	client->in = -1;
	client->expected = true;
	bench->client = client;
	if (!wait_end(bench, client, ms)) {
		kill(client->pid, SIGKILL);
		fail(bench, "%s does not end within %d ms", program, ms);
	}
	return WIFEXITED(client->status) ? WEXITSTATUS(client->status)
					 : 1000 + WTERMSIG(client->status);
}

const char *
printed(struct bench *bench)
{
	return log_of(bench, bench->client);
}

const char *
complained(struct bench *bench)
{
	char name[320];

	snprintf(name, sizeof(name), "%s.err", bench->client->log);
	return get_file(bench, name);
}
