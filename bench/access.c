/* access - what one decision over large access lists costs: 10 000 ACL lines, 1 000 ACCESS lines,
 * and a client that none of them holds, so that all must be looked at.  Prints the least CPU time
 * of some rounds and how often memory was asked for; fails above 100 us, or when it was asked for
 * at all. */
#include "upsd/access.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ACLS 10000
#define RULES 1000
#define ROUNDS 200
#define BUDGET_NS 100000

/* Every allocation of this program, counted. */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t len, size_t size);
extern void *__libc_realloc(void *old, size_t size);
void *malloc(size_t size);
void *calloc(size_t len, size_t size);
void *realloc(void *old, size_t size);
static unsigned long asked;

void *
malloc(size_t size)
{
	asked++;
	return __libc_malloc(size);
}

void *
calloc(size_t len, size_t size)
{
	asked++;
	return __libc_calloc(len, size);
}

void *
realloc(void *old, size_t size)
{
	asked++;
	return __libc_realloc(old, size);
}

/* NAMES different ACLs; V6: addresses that are equal but for their last bits. */
static struct access_list *
make(unsigned names, bool v6)
{
	static char text[4 << 20];
	struct access_list *list = access_new();
	struct faults faults = { 0 };
	struct conffile *file;
	struct words words;
	size_t len = 0;

	for (unsigned i = 0; i < ACLS; i++)
		len += (size_t)sprintf(text + len,
		    v6 ? "ACL a%u 2001:db8:0:0:1:1:1:%x/128\n" : "ACL a%u 10.0.%u.%u/32\n",
		    i % names, v6 ? i + 1 : i / 256, i % 256);
	for (unsigned i = 0; i < RULES; i++)
		len += (size_t)sprintf(text + len, "ACCESS grant monitor a%u\n",
		    i * (names > RULES ? names / RULES : 1) % names);
	file = conffile_from("upsd.conf", text, len);
	while (list && file && conffile_next(file, &words, &faults))
		access_add(list, &words, "upsd.conf", conffile_line(file), &faults);
	conffile_close(file);
	access_finish(list, "upsd.conf", &(struct access_sockets){ 0 }, &faults);
	if (faults.faults) {
		fprintf(stderr, "%s\n", faults_first(&faults));
		exit(2);
	}
	faults_free(&faults);
	return list;
}

static long
cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return now.tv_sec * 1000000000 + now.tv_nsec;
}

static bool
measure(const char *what, unsigned names, bool v6)
{
	struct access_list *list = make(names, v6);
	struct access_rights rights;
	struct addr client;
	long least = 1000000000;
	unsigned long before;

	addr_parse(&client, v6 ? "2001:db8:0:0:1:1:1:ffff" : "10.1.0.1", 0);
	before = asked;
	for (int i = 0; i < ROUNDS; i++) {
		long began = cpu_ns(), took;

		access_walk(list, &client, &rights);
		took = cpu_ns() - began;
		if (access_connect(list, &rights) != ACCESS_END_DENIED)
			exit(2);
		if (took < least)
			least = took;
	}
	before = asked - before; /* printf() asks for a buffer of its own */
	printf("%-46s %6.1f us, %lu allocations\n", what, (double)least / 1000, before);
	access_free(list);
	return least <= BUDGET_NS && !before;
}

int
main(void)
{
	bool good = measure("10 000 names of one block, a tenth of them used", ACLS, false);

	good = measure("1 000 names of ten blocks", RULES, false) && good;
	good = measure("1 000 names of ten blocks, IPv6", RULES, true) && good;
	good = measure("one name of 10 000 blocks", 1, false) && good;
	good = measure("one name of 10 000 blocks, IPv6", 1, true) && good;
	return good ? 0 : 1;
}
