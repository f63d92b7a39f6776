/* replay - a main() for a harness where there is no libFuzzer.
 *
 *	replay PATH...		files, or folders of them; "N passed, M failed"
 *
 * They are taken one after another in a child; when one is its end, the next child goes on behind
 * it.  An input that takes longer than SECONDS_MAX has failed, too.  What a sanitizer finds when
 * the child exits (a leak) counts as one more failure: to see whose it is, name files one by one.
 */
#include "fuzz/lib/fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECONDS_MAX 60

static char **paths; /* owned, as each of them */
static size_t len;
static volatile size_t *done; /* shared with the child: inputs that are behind it */

static void
take(const char *path)
{
	FILE *file = fopen(path, "rb");
	struct stat about;
	uint8_t *bytes;
	size_t size;

	if (!file || fstat(fileno(file), &about) == -1) {
		perror(path);
		_exit(2);
	}
	size = (size_t)about.st_size;
	bytes = malloc(size ? size : 1);
	if (!bytes || fread(bytes, 1, size, file) != size)
		_exit(2);
	fclose(file);
	alarm(SECONDS_MAX);
	LLVMFuzzerTestOneInput(bytes, size);
	free(bytes);
}

static void
take_rest(void)
{
	while (*done < len) {
		take(paths[*done]);
		++*done;
	}
	exit(0); /* with whatever a sanitizer does there */
}

static unsigned
replay_all(void)
{
	unsigned failed = 0;

	while (*done < len) {
		int status = -1;
		pid_t pid;

		fflush(NULL);
		pid = fork();
		if (pid == 0)
			take_rest();
		if (pid != -1 && waitpid(pid, &status, 0) == pid && status == 0)
			continue;
		failed++;
		printf("FAILED %s (%s %d)\n",
		    *done < len ? paths[*done] : "one of these, at the end",
		    WIFSIGNALED(status) ? "signal" : "status",
		    WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
		if (*done < len)
			++*done;
	}
	return failed;
}

static void
add(const char *path)
{
	paths = realloc(paths, (len + 1) * sizeof(*paths));
	if (!paths || !(paths[len++] = strdup(path)))
		exit(2);
}

static void
add_folder(const char *folder)
{
	struct dirent **list;
	int found = scandir(folder, &list, NULL, alphasort);

	for (int i = 0; i < found; i++) {
		char path[4096];

		snprintf(path, sizeof(path), "%s/%s", folder, list[i]->d_name);
		if (list[i]->d_name[0] != '.')
			add(path);
		free(list[i]);
	}
	if (found >= 0)
		free(list);
}

int
main(int argc, char **argv)
{
	unsigned failed;

	for (int i = 1; i < argc; i++) {
		struct stat about;

		if (stat(argv[i], &about) == 0 && S_ISDIR(about.st_mode))
			add_folder(argv[i]);
		else
			add(argv[i]);
	}
	done = mmap(NULL, sizeof(*done), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (done == MAP_FAILED)
		return 2;
	failed = replay_all();
	printf("%zu passed, %u failed\n", len - (failed < len ? failed : len), failed);
	for (size_t i = 0; i < len; i++)
		free(paths[i]);
	free(paths);
	return failed || !len;
}
