#include "upsmon/flag.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char magic[] = "upsmon-shutdown-file";

/* How much of the magic text the file holds, and nothing else; -1 if it is something else. */
static ssize_t
magic_in(const char *path)
{
	char text[sizeof(magic) + 1];
	struct stat st;
	ssize_t len;
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd == -1)
		return -1;
	len = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? read(fd, text, sizeof(text)) : -1;
	close(fd);
	if (len == (ssize_t)sizeof(magic) && text[len - 1] == '\n')
		len--;
	return len >= 0 && len < (ssize_t)sizeof(magic) && !memcmp(text, magic, (size_t)len) ? len
											     : -1;
}

bool
flag_is_set(const char *path)
{
	return magic_in(path) == (ssize_t)sizeof(magic) - 1;
}

/* A new name is only safe once its directory is on the disk. */
static bool
sync_directory(const char *path)
{
	char copy[PATH_MAX];
	bool ok;
	int fd;

	if (strlen(path) >= sizeof(copy)) {
		errno = ENAMETOOLONG;
		return false;
	}
	strcpy(copy, path);
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1)
		return false;
	ok = fsync(fd) == 0 || errno == EINVAL;
	close(fd);
	return ok;
}

bool
flag_set(const char *path)
{
	ssize_t len = (ssize_t)sizeof(magic) - 1;
	bool ok;
	int fd;

	if (flag_is_set(path))
		return true;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd == -1)
		return false;
	ok = write(fd, magic, (size_t)len) == len && fsync(fd) == 0;
	if (close(fd) == -1)
		ok = false;
	if (!ok) { /* half of it would be in our way the next time */
		int error = errno;

		unlink(path);
		errno = error;
	}
	return ok && sync_directory(path);
}

bool
flag_clear(const char *path)
{
	struct stat st;

	if (lstat(path, &st) == -1)
		return errno == ENOENT;
	/* Cut short: the host went down, or its disk was full, while it was written. */
	return magic_in(path) >= 0 && unlink(path) == 0;
}
