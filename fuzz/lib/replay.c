/* replay - a main() for a harness where there is no libFuzzer: each file is one input, taken in a
 * process of its own, so that the rest is tried after a crash.
 *
 *	replay PATH...		files, or folders of them; "N passed, M failed"
 *
 * An input that takes longer than SECONDS_MAX has failed, too. */
#include "fuzz/lib/fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECONDS_MAX 60

static unsigned passed, failed;

static void
take(const char *path)
{
	FILE *file = fopen(path, "rb");
	struct stat about;
	uint8_t *bytes;
	size_t size;

	if (!file || fstat(fileno(file), &about) == -1) {
		perror(path);
		exit(2);
	}
	size = (size_t)about.st_size;
	bytes = malloc(size ? size : 1);
	if (!bytes || fread(bytes, 1, size, file) != size)
		exit(2);
	fclose(file);
	alarm(SECONDS_MAX);
	LLVMFuzzerTestOneInput(bytes, size);
	free(bytes);
	exit(0); /* with whatever a sanitizer does there */
}

static void
replay(const char *path)
{
	int status = -1;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0)
		take(path);
	if (pid == -1 || waitpid(pid, &status, 0) != pid || status != 0) {
		printf("FAILED %s (%s %d)\n", path, WIFSIGNALED(status) ? "signal" : "status",
		    WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
		failed++;
	} else {
		passed++;
	}
}

static void
replay_folder(const char *folder)
{
	struct dirent **list;
	int len = scandir(folder, &list, NULL, alphasort);

	for (int i = 0; i < len; i++) {
		char path[4096];

		snprintf(path, sizeof(path), "%s/%s", folder, list[i]->d_name);
		if (list[i]->d_name[0] != '.')
			replay(path);
		free(list[i]);
	}
	if (len >= 0)
		free(list);
}

int
main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		struct stat about;

		if (stat(argv[i], &about) == 0 && S_ISDIR(about.st_mode))
			replay_folder(argv[i]);
		else
			replay(argv[i]);
	}
	printf("%u passed, %u failed\n", passed, failed);
	return failed || !passed;
}
