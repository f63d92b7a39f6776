#include "base/confine.h"

#include "base/log.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>
#include <unistd.h>

#if defined(__x86_64__)
#define MACHINE AUDIT_ARCH_X86_64
#elif defined(__i386__)
#define MACHINE AUDIT_ARCH_I386
#elif defined(__aarch64__)
#define MACHINE AUDIT_ARCH_AARCH64
#else
#define MACHINE 0
#endif

/* What no library has a reason for: whoever calls it is not us any more. */
static const struct confine_call deadly[] = {
	CONFINE(execve, "another program"),
	CONFINE(execveat, "another program"),
	CONFINE(ptrace, "another process"),
	CONFINE(process_vm_readv, "another process's memory"),
	CONFINE(process_vm_writev, "another process's memory"),
	CONFINE(chroot, "out of a jail"),
	CONFINE(pivot_root, "out of a jail"),
	CONFINE(unshare, "root in a namespace of its own"),
	CONFINE(setns, "another namespace"),
	CONFINE(mount, "the file systems"),
	CONFINE(umount2, "the file systems"),
	CONFINE(move_mount, "the file systems"),
	CONFINE(swapon, "the kernel"),
	CONFINE(swapoff, "the kernel"),
	CONFINE(init_module, "the kernel"),
	CONFINE(finit_module, "the kernel"),
	CONFINE(delete_module, "the kernel"),
	CONFINE(kexec_load, "the kernel"),
	CONFINE(kexec_file_load, "the kernel"),
	CONFINE(bpf, "the kernel"),
	CONFINE(iopl, "the hardware"),
	CONFINE(ioperm, "the hardware"),
	CONFINE(reboot, "the host"),
	CONFINE(settimeofday, "the clock"),
	CONFINE(clock_settime, "the clock"),
	CONFINE_END,
};

/* What libraries try first, and do without: they are told ENOSYS even when we are strict. */
static const struct confine_call done_without[] = {
	CONFINE(clone3, "its flags lie where no filter looks; for a thread, clone does"),
	CONFINE_END,
};

/* ---- the program that the kernel runs at each call ---- */

#define STEPS_MAX 1024
#define X32_CALL 0x40000000 /* of x86_64, with pointers of 32 bits; no other machine has this bit  \
			     */
#define DIE SECCOMP_RET_KILL_PROCESS
#define REFUSE (SECCOMP_RET_ERRNO | ENOSYS)

struct program {
	struct sock_filter steps[STEPS_MAX];
	unsigned short len;
};

static void
add(struct program *program, unsigned code, uint32_t k, unsigned yes, unsigned no)
{
	if (program->len < STEPS_MAX)
		program->steps[program->len++] = (struct sock_filter){
			.code = (uint16_t)code, .jt = (uint8_t)yes, .jf = (uint8_t)no, .k = k
		};
}

static void
load(struct program *program, size_t from)
{
	add(program, BPF_LD | BPF_W | BPF_ABS, (uint32_t)from, 0, 0);
}

/* Over the next SKIP steps if it is not K. */
static void
unless(struct program *program, uint32_t k, unsigned skip)
{
	add(program, BPF_JMP | BPF_JEQ | BPF_K, k, 0, skip);
}

static void
end(struct program *program, uint32_t action)
{
	add(program, BPF_RET | BPF_K, action, 0, 0);
}

/* The lower half of an argument: all machines we know are little-endian. */
static void
add_call(struct program *program, const struct confine_call *call, uint32_t action)
{
	if (call->number == -1)
		return;
	if (!call->mask) {
		unless(program, (uint32_t)call->number, 1);
		end(program, action);
		return;
	}
	unless(program, (uint32_t)call->number, 5);
	load(program, offsetof(struct seccomp_data, args) + call->argument * sizeof(uint64_t));
	add(program, BPF_ALU | BPF_AND | BPF_K, call->mask, 0, 0);
	unless(program, call->value, 1);
	end(program, action);
	load(program, offsetof(struct seccomp_data, nr));
}

static void
add_calls(struct program *program, const struct confine_call *calls, uint32_t action)
{
	for (; calls->name; calls++)
		add_call(program, calls, action);
}

struct actions {
	uint32_t worst, done_without, others;
};

static void
build(struct program *program, const struct confine_call *const *tables,
    const struct actions *actions)
{
	load(program, offsetof(struct seccomp_data, arch));
	add(program, BPF_JMP | BPF_JEQ | BPF_K, MACHINE, 1, 0);
	end(program, actions->worst); /* those of another machine, as i386's on x86_64 */
	load(program, offsetof(struct seccomp_data, nr));
	add(program, BPF_JMP | BPF_JSET | BPF_K, X32_CALL, 0, 1);
	end(program, actions->worst);
	for (; *tables; tables++)
		add_calls(program, *tables, SECCOMP_RET_ALLOW);
	add_calls(program, deadly, actions->worst);
	add_calls(program, done_without, actions->done_without);
	end(program, actions->others);
}

const char *
confine_in_mode(const struct confine_call *const *tables, enum confine_mode mode)
{
	static const struct actions actions[] = {
		[CONFINE_YES] = { DIE, REFUSE, REFUSE },
		[CONFINE_LOG] = { SECCOMP_RET_LOG, SECCOMP_RET_LOG, SECCOMP_RET_LOG },
		[CONFINE_STRICT] = { DIE, REFUSE, DIE },
	};
	struct program program = { .len = 0 };
	struct sock_fprog given = { .filter = program.steps };

	errno = ENOSYS;
	if (!MACHINE)
		return "the calls of this machine are not known";
	build(&program, tables, &actions[mode]);
	given.len = program.len;
	errno = E2BIG;
	if (program.len == STEPS_MAX)
		return "too many calls";
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1 ||
	    syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER,
		SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_LOG, &given) != 0)
		return "the kernel cannot";
	return NULL;
}

/* ---- whether ---- */

/* What a compiler puts into a program to watch it makes calls of its own. */
extern void __asan_init(void) __attribute__((weak));
extern void __tsan_init(void) __attribute__((weak));
extern void __msan_init(void) __attribute__((weak));
extern void __gcov_init(void) __attribute__((weak));
extern int __llvm_profile_runtime __attribute__((weak));

static bool
is_watched(void)
{
	return __asan_init || __tsan_init || __msan_init || __gcov_init || &__llvm_profile_runtime;
}

static enum confine_mode
wanted(void)
{
	static const struct {
		const char *word;
		enum confine_mode mode;
	} words[] = {
		{ "no", CONFINE_NO },
		{ "yes", CONFINE_YES },
		{ "log", CONFINE_LOG },
		{ "strict", CONFINE_STRICT },
	};
	const char *word = getenv("NUT_CONFINE");

	if (!word || !*word)
		return CONFINE_YES;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (!strcasecmp(word, words[i].word))
			return words[i].mode;
	log_warnx("NUT_CONFINE=%s is not yes, no, log or strict: taken for yes", word);
	return CONFINE_YES;
}

bool
confine(const struct confine_call *const *tables)
{
	enum confine_mode mode = wanted();
	const char *preloaded = getenv("LD_PRELOAD"), *why;

	if (mode == CONFINE_NO) {
		log_info("not confined: NUT_CONFINE=no");
		return false;
	}
	if (is_watched()) {
		log_info("not confined: built with a sanitizer or for coverage");
		return false;
	}
	if (preloaded && *preloaded) {
		log_info("not confined: LD_PRELOAD is set");
		return false;
	}
	if ((why = confine_in_mode(tables, mode))) {
		log_warn("not confined: %s", why);
		return false;
	}
	log_debug(1, "confined%s",
	    mode == CONFINE_LOG	     ? ": the kernel's log will tell what is not allowed"
	    : mode == CONFINE_STRICT ? ": what is not allowed ends us"
				     : "");
	return true;
}
