/* Linked into the C tests' quiet build: aborts, naming the call, when the audio thread allocates, frees, locks,
 * waits, prints or touches a file, be it through a library's hands. The audio thread is whoever waits in epoll. */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <syslog.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
extern void __libc_free(void *p);

static _Thread_local bool audio;

static void refuse(const char *what)
{
    static const char text[] = "the audio thread called ";

    if (!audio)
        return;
    syscall(SYS_write, STDERR_FILENO, text, sizeof text - 1);
    syscall(SYS_write, STDERR_FILENO, what, strlen(what));
    syscall(SYS_write, STDERR_FILENO, "\n", 1);
    audio = false; /* abort may do as it likes */
    abort();
}

static void *real(const char *name)
{
    bool was = audio;

    audio = false; /* dlsym may allocate */
    void *found = dlsym(RTLD_NEXT, name);
    audio = was;
    return found;
}

/* The C library's own function of that name, for all threads but this one. */
#define REFUSED(type, name, parameters, ...)           \
    type name parameters                               \
    {                                                  \
        static type(*next) parameters;                 \
        refuse(#name);                                 \
        if (!next)                                     \
            next = (type(*) parameters)real(#name);    \
        return next(__VA_ARGS__);                      \
    }

int epoll_wait(int fd, struct epoll_event *events, int most, int timeout)
{
    audio = true;
    return (int)syscall(SYS_epoll_wait, fd, events, most, timeout);
}

/* Memory ---------------------------------------------------------------------------------------- */

void *malloc(size_t size)
{
    refuse("malloc");
    return __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
    refuse("calloc");
    return __libc_calloc(n, size);
}

void *realloc(void *p, size_t size)
{
    refuse("realloc");
    return __libc_realloc(p, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    refuse("aligned_alloc");
    return __libc_memalign(alignment, size);
}

void *memalign(size_t alignment, size_t size)
{
    refuse("memalign");
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **p, size_t alignment, size_t size)
{
    refuse("posix_memalign");
    *p = __libc_memalign(alignment, size);
    return *p ? 0 : ENOMEM;
}

void free(void *p)
{
    if (p)
        refuse("free");
    __libc_free(p);
}

REFUSED(void *, mmap, (void *at, size_t n, int access, int flags, int fd, off_t from), at, n, access, flags, fd, from)
REFUSED(int, munmap, (void *at, size_t n), at, n)

/* Locks: libcrypto's are those for readers and writers ------------------------------------------- */

REFUSED(int, pthread_mutex_lock, (pthread_mutex_t *m), m)
REFUSED(int, pthread_mutex_trylock, (pthread_mutex_t *m), m)
REFUSED(int, pthread_mutex_timedlock, (pthread_mutex_t *m, const struct timespec *until), m, until)
REFUSED(int, pthread_mutex_clocklock, (pthread_mutex_t *m, clockid_t clock, const struct timespec *until), m, clock, until)
REFUSED(int, pthread_rwlock_rdlock, (pthread_rwlock_t *l), l)
REFUSED(int, pthread_rwlock_wrlock, (pthread_rwlock_t *l), l)
REFUSED(int, pthread_rwlock_tryrdlock, (pthread_rwlock_t *l), l)
REFUSED(int, pthread_rwlock_trywrlock, (pthread_rwlock_t *l), l)
REFUSED(int, pthread_rwlock_timedrdlock, (pthread_rwlock_t *l, const struct timespec *until), l, until)
REFUSED(int, pthread_rwlock_timedwrlock, (pthread_rwlock_t *l, const struct timespec *until), l, until)
REFUSED(int, pthread_spin_lock, (pthread_spinlock_t *l), l)
REFUSED(int, mtx_lock, (mtx_t *m), m)

/* Waiting --------------------------------------------------------------------------------------- */

REFUSED(int, pthread_cond_wait, (pthread_cond_t *c, pthread_mutex_t *m), c, m)
REFUSED(int, pthread_cond_timedwait, (pthread_cond_t *c, pthread_mutex_t *m, const struct timespec *until), c, m, until)
REFUSED(int, pthread_cond_clockwait, (pthread_cond_t *c, pthread_mutex_t *m, clockid_t clock, const struct timespec *until), c, m,
        clock, until)
REFUSED(int, pthread_barrier_wait, (pthread_barrier_t *b), b)
REFUSED(int, pthread_join, (pthread_t thread, void **result), thread, result)
REFUSED(int, pthread_create, (pthread_t *thread, const pthread_attr_t *how, void *(*run)(void *), void *arg), thread, how, run, arg)
REFUSED(int, sem_wait, (sem_t *s), s)
REFUSED(int, sem_timedwait, (sem_t *s, const struct timespec *until), s, until)
REFUSED(int, sem_clockwait, (sem_t *s, clockid_t clock, const struct timespec *until), s, clock, until)
REFUSED(int, nanosleep, (const struct timespec *time, struct timespec *left), time, left)
REFUSED(int, clock_nanosleep, (clockid_t clock, int flags, const struct timespec *time, struct timespec *left), clock, flags, time, left)
REFUSED(int, usleep, (useconds_t us), us)
REFUSED(unsigned, sleep, (unsigned s), s)
REFUSED(int, sched_yield, (void))
REFUSED(int, poll, (struct pollfd *fds, nfds_t n, int ms), fds, n, ms)
REFUSED(int, select, (int n, fd_set *in, fd_set *out, fd_set *bad, struct timeval *most), n, in, out, bad, most)
REFUSED(int, pselect, (int n, fd_set *in, fd_set *out, fd_set *bad, const struct timespec *most, const sigset_t *mask), n, in, out,
        bad, most, mask)
REFUSED(pid_t, waitpid, (pid_t child, int *status, int options), child, status, options)
REFUSED(pid_t, fork, (void))

/* engine.c gathers for a millisecond what many handsets say, and longer than that nobody may be kept waiting. */
int ppoll(struct pollfd *fds, nfds_t n, const struct timespec *most, const sigset_t *mask)
{
    if (!most || most->tv_sec || most->tv_nsec > 1000000)
        refuse("ppoll for more than 1 ms");
    struct timespec left = most ? *most : (struct timespec){0};
    return (int)syscall(SYS_ppoll, fds, n, most ? &left : NULL, mask, sizeof(uint64_t));
}

/* Printing -------------------------------------------------------------------------------------- */

REFUSED(int, vfprintf, (FILE *file, const char *format, va_list args), file, format, args)
REFUSED(int, __vfprintf_chk, (FILE *file, int flag, const char *format, va_list args), file, flag, format, args)
REFUSED(int, vprintf, (const char *format, va_list args), format, args)
REFUSED(int, vdprintf, (int fd, const char *format, va_list args), fd, format, args)
REFUSED(int, puts, (const char *text), text)
REFUSED(int, fputs, (const char *text, FILE *file), text, file)
REFUSED(int, putchar, (int c), c)
REFUSED(int, fputc, (int c, FILE *file), c, file)
REFUSED(int, putc, (int c, FILE *file), c, file)
REFUSED(size_t, fwrite, (const void *p, size_t size, size_t n, FILE *file), p, size, n, file)
REFUSED(int, fflush, (FILE *file), file)

#define PRINTS(name, parameters, to, last)      \
    int name parameters                         \
    {                                           \
        va_list args;                           \
        refuse(#name);                          \
        va_start(args, last);                   \
        int n = vfprintf(to, last, args);       \
        va_end(args);                           \
        return n;                               \
    }

PRINTS(printf, (const char *format, ...), stdout, format)
PRINTS(fprintf, (FILE *file, const char *format, ...), file, format)
/* What libraries call that were built with checks of their formats. */
PRINTS(__printf_chk, (int flag __attribute__((unused)), const char *format, ...), stdout, format)
PRINTS(__fprintf_chk, (FILE *file, int flag __attribute__((unused)), const char *format, ...), file, format)

void perror(const char *text)
{
    refuse("perror");
    fprintf(stderr, "%s: %s\n", text, strerror(errno));
}

#define LOGS(name, parameters)                  \
    void name parameters                        \
    {                                           \
        va_list args;                           \
        refuse(#name);                          \
        va_start(args, format);                 \
        vsyslog(priority, format, args);        \
        va_end(args);                           \
    }

LOGS(syslog, (int priority, const char *format, ...))
LOGS(__syslog_chk, (int priority, int flag __attribute__((unused)), const char *format, ...))

/* Files: a link's terminal, sockets and event counters are what this thread is for, but not to wait for ---------- */

static bool is_file(int fd)
{
    struct stat s;

    return fd == STDOUT_FILENO || fd == STDERR_FILENO || (!fstat(fd, &s) && (S_ISREG(s.st_mode) || S_ISDIR(s.st_mode)));
}

static void refuse_at(int fd, const char *of_a_file, const char *that_waits)
{
    if (!audio)
        return;
    if (is_file(fd))
        refuse(of_a_file);
    if (!(fcntl(fd, F_GETFL) & O_NONBLOCK))
        refuse(that_waits);
}

ssize_t write(int fd, const void *bytes, size_t n)
{
    refuse_at(fd, "write to a file", "write that may wait");
    return syscall(SYS_write, fd, bytes, n);
}

ssize_t read(int fd, void *bytes, size_t n)
{
    refuse_at(fd, "read from a file", "read that may wait");
    return syscall(SYS_read, fd, bytes, n);
}

int sendmmsg(int fd, struct mmsghdr *packets, unsigned n, int flags)
{
    if (!(flags & MSG_DONTWAIT))
        refuse_at(fd, "sendmmsg to a file", "sendmmsg that may wait");
    return (int)syscall(SYS_sendmmsg, fd, packets, n, flags);
}

int recvmmsg(int fd, struct mmsghdr *packets, unsigned n, int flags, struct timespec *most)
{
    if (!(flags & MSG_DONTWAIT))
        refuse_at(fd, "recvmmsg from a file", "recvmmsg that may wait");
    return (int)syscall(SYS_recvmmsg, fd, packets, n, flags, most);
}

REFUSED(ssize_t, send, (int fd, const void *bytes, size_t n, int flags), fd, bytes, n, flags)
REFUSED(ssize_t, sendto, (int fd, const void *bytes, size_t n, int flags, const struct sockaddr *to, socklen_t len), fd, bytes, n,
        flags, to, len)
REFUSED(ssize_t, sendmsg, (int fd, const struct msghdr *m, int flags), fd, m, flags)
REFUSED(ssize_t, recv, (int fd, void *bytes, size_t n, int flags), fd, bytes, n, flags)
REFUSED(ssize_t, recvfrom, (int fd, void *bytes, size_t n, int flags, struct sockaddr *from, socklen_t *len), fd, bytes, n, flags,
        from, len)
REFUSED(ssize_t, recvmsg, (int fd, struct msghdr *m, int flags), fd, m, flags)
REFUSED(int, socket, (int family, int type, int protocol), family, type, protocol)
REFUSED(int, connect, (int fd, const struct sockaddr *to, socklen_t len), fd, to, len)

REFUSED(ssize_t, pread, (int fd, void *bytes, size_t n, off_t at), fd, bytes, n, at)
REFUSED(ssize_t, pwrite, (int fd, const void *bytes, size_t n, off_t at), fd, bytes, n, at)
REFUSED(ssize_t, readv, (int fd, const struct iovec *parts, int n), fd, parts, n)
REFUSED(ssize_t, writev, (int fd, const struct iovec *parts, int n), fd, parts, n)
REFUSED(int, close, (int fd), fd)
REFUSED(FILE *, fopen, (const char *path, const char *mode), path, mode)
REFUSED(FILE *, fopen64, (const char *path, const char *mode), path, mode)
REFUSED(FILE *, fdopen, (int fd, const char *mode), fd, mode)
REFUSED(int, fclose, (FILE *file), file)
REFUSED(size_t, fread, (void *p, size_t size, size_t n, FILE *file), p, size, n, file)
REFUSED(char *, fgets, (char *text, int most, FILE *file), text, most, file)
REFUSED(int, fsync, (int fd), fd)
REFUSED(int, fdatasync, (int fd), fd)
REFUSED(int, ftruncate, (int fd, off_t n), fd, n)
REFUSED(int, rename, (const char *from, const char *to), from, to)
REFUSED(int, unlink, (const char *path), path)
REFUSED(int, access, (const char *path, int mode), path, mode)
REFUSED(int, stat, (const char *path, struct stat *s), path, s)
REFUSED(int, mkdir, (const char *path, mode_t mode), path, mode)
REFUSED(DIR *, opendir, (const char *path), path)

static int opened(const char *what, int at, const char *path, int flags, va_list args)
{
    refuse(what);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(args, mode_t) : 0;
    return (int)syscall(SYS_openat, at, path, flags, mode);
}

#define OPENS(name, at, parameters)                            \
    int name parameters                                        \
    {                                                          \
        va_list args;                                          \
        va_start(args, flags);                                 \
        int fd = opened(#name, at, path, flags, args);         \
        va_end(args);                                          \
        return fd;                                             \
    }

OPENS(open, AT_FDCWD, (const char *path, int flags, ...))
OPENS(open64, AT_FDCWD, (const char *path, int flags, ...))
OPENS(openat, at, (int at, const char *path, int flags, ...))
