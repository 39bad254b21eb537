/* Linked into the C tests' quiet build: aborts, naming the call, when the audio thread allocates, frees, locks,
 * waits, prints or touches a file. The audio thread is whoever waits in epoll. */
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
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

/* The C library's own function behind the one of that name here. */
#define REAL(name) ((__typeof__(&name))real(#name))

static void *real(const char *name)
{
    bool was = audio;

    audio = false; /* dlsym may allocate */
    void *found = dlsym(RTLD_NEXT, name);
    audio = was;
    return found;
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

void free(void *p)
{
    if (p)
        refuse("free");
    __libc_free(p);
}

/* Locks and waiting ----------------------------------------------------------------------------- */

int pthread_mutex_lock(pthread_mutex_t *mutex)
{
    static int (*lock)(pthread_mutex_t *);

    refuse("pthread_mutex_lock");
    if (!lock)
        lock = REAL(pthread_mutex_lock);
    return lock(mutex);
}

int pthread_cond_wait(pthread_cond_t *condition, pthread_mutex_t *mutex)
{
    refuse("pthread_cond_wait");
    return REAL(pthread_cond_wait)(condition, mutex);
}

int sem_wait(sem_t *semaphore)
{
    refuse("sem_wait");
    return REAL(sem_wait)(semaphore);
}

int nanosleep(const struct timespec *time, struct timespec *left)
{
    refuse("nanosleep");
    return (int)syscall(SYS_nanosleep, time, left);
}

int usleep(useconds_t us)
{
    struct timespec time = {us / 1000000, us % 1000000 * 1000};

    refuse("usleep");
    return (int)syscall(SYS_nanosleep, &time, NULL);
}

/* Printing -------------------------------------------------------------------------------------- */

int vfprintf(FILE *file, const char *format, va_list args)
{
    refuse("vfprintf");
    return REAL(vfprintf)(file, format, args);
}

int printf(const char *format, ...)
{
    va_list args;

    refuse("printf");
    va_start(args, format);
    int n = vfprintf(stdout, format, args);
    va_end(args);
    return n;
}

int fprintf(FILE *file, const char *format, ...)
{
    va_list args;

    refuse("fprintf");
    va_start(args, format);
    int n = vfprintf(file, format, args);
    va_end(args);
    return n;
}

int puts(const char *text)
{
    refuse("puts");
    return REAL(puts)(text);
}

size_t fwrite(const void *p, size_t size, size_t n, FILE *file)
{
    refuse("fwrite");
    return REAL(fwrite)(p, size, n, file);
}

/* Files: a link's terminal, sockets and event counters are what this thread is for --------------- */

static bool is_file(int fd)
{
    struct stat s;

    return fd == STDOUT_FILENO || fd == STDERR_FILENO || (!fstat(fd, &s) && (S_ISREG(s.st_mode) || S_ISDIR(s.st_mode)));
}

ssize_t write(int fd, const void *bytes, size_t n)
{
    if (audio && is_file(fd))
        refuse("write to a file");
    return syscall(SYS_write, fd, bytes, n);
}

ssize_t read(int fd, void *bytes, size_t n)
{
    if (audio && is_file(fd))
        refuse("read from a file");
    return syscall(SYS_read, fd, bytes, n);
}

int open(const char *path, int flags, ...)
{
    va_list args;

    refuse("open");
    va_start(args, flags);
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, flags, va_arg(args, mode_t));
    va_end(args);
    return fd;
}

int close(int fd)
{
    refuse("close");
    return (int)syscall(SYS_close, fd);
}

FILE *fopen(const char *path, const char *mode)
{
    refuse("fopen");
    return REAL(fopen)(path, mode);
}

int fsync(int fd)
{
    refuse("fsync");
    return (int)syscall(SYS_fsync, fd);
}

int unlink(const char *path)
{
    refuse("unlink");
    return (int)syscall(SYS_unlink, path);
}
