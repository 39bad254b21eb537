/* The quiet build sees what it must: each offence ends the process that commits it as an audio thread. */
#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <syslog.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_spinlock_t spin;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static mtx_t c11;
static sem_t semaphore;
static CRYPTO_RWLOCK *libcryptos;
static const struct timespec moment = {0, 1}, long_time = {0, 2000000};
static struct pollfd nothing = {.fd = -1};
static struct mmsghdr none;
static void *volatile block;
static FILE *stream;
static int file, counter, waiting_counter, pair[2];

static void *nothing_to_do(void *arg)
{
    return arg;
}

/* X(what it does, how) */
#define OFFENCES                                                                     \
    X(allocates, block = malloc(10))                                                 \
    X(allocates_zeros, block = calloc(1, 10))                                        \
    X(allocates_more, block = realloc(block, 100))                                   \
    X(allocates_aligned, block = aligned_alloc(64, 64))                              \
    X(allocates_as_posix_does, CHECK(!posix_memalign((void **)&block, 64, 64)))      \
    X(frees, free(block))                                                            \
    X(maps, block = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) \
    X(locks, pthread_mutex_lock(&mutex))                                             \
    X(tries_a_lock, pthread_mutex_trylock(&mutex))                                   \
    X(locks_for_a_while, pthread_mutex_timedlock(&mutex, &moment))                   \
    X(locks_to_read, pthread_rwlock_rdlock(&rwlock))                                 \
    X(locks_to_write, pthread_rwlock_wrlock(&rwlock))                                \
    X(spins, pthread_spin_lock(&spin))                                               \
    X(locks_as_c11_does, mtx_lock(&c11))                                             \
    X(has_libcrypto_lock_to_read, CHECK(CRYPTO_THREAD_read_lock(libcryptos)))        \
    X(has_libcrypto_lock_to_write, CHECK(CRYPTO_THREAD_write_lock(libcryptos)))      \
    X(has_libcrypto_look_for_a_cipher, block = EVP_CIPHER_fetch(NULL, "AES-128-CTR", NULL)) \
    X(waits_on_a_condition, pthread_cond_wait(&condition, &mutex))                   \
    X(waits_on_it_for_a_while, pthread_cond_timedwait(&condition, &mutex, &moment))  \
    X(waits_on_a_semaphore, sem_wait(&semaphore))                                    \
    X(waits_on_that_for_a_while, sem_timedwait(&semaphore, &moment))                 \
    X(sleeps, nanosleep(&moment, NULL))                                              \
    X(sleeps_by_a_clock, clock_nanosleep(CLOCK_MONOTONIC, 0, &moment, NULL))         \
    X(sleeps_for_microseconds, usleep(1))                                            \
    X(sleeps_for_seconds, sleep(1))                                                  \
    X(yields, sched_yield())                                                         \
    X(polls, poll(&nothing, 1, 0))                                                   \
    X(polls_for_long, ppoll(&nothing, 1, &long_time, NULL))                          \
    X(polls_for_ever, ppoll(&nothing, 1, NULL, NULL))                                \
    X(selects, select(0, NULL, NULL, NULL, &(struct timeval){0, 1}))                 \
    X(makes_a_thread, pthread_create(&(pthread_t){0}, NULL, nothing_to_do, NULL))    \
    X(forks, fork())                                                                 \
    X(prints, printf("%d\n", file))                                                  \
    X(prints_to, fprintf(stream, "%d\n", file))                                      \
    X(puts_text, puts(""))                                                           \
    X(puts_text_to, fputs("", stream))                                               \
    X(puts_a_letter, putchar('x'))                                                   \
    X(puts_a_letter_to, fputc('x', stream))                                          \
    X(prints_an_error, perror(""))                                                   \
    X(logs, syslog(LOG_DEBUG, "%d", file))                                           \
    X(flushes, fflush(stream))                                                       \
    X(opens, file = open("/dev/null", O_RDONLY))                                     \
    X(opens_at, file = openat(AT_FDCWD, "/dev/null", O_RDONLY))                      \
    X(opens_a_stream, block = fopen("/dev/null", "r"))                               \
    X(closes, close(file))                                                           \
    X(closes_a_stream, fclose(stream))                                               \
    X(reads, CHECK(read(file, block, 1) >= 0))                                       \
    X(reads_at, CHECK(pread(file, block, 1, 0) >= 0))                                \
    X(writes, CHECK(write(file, "x", 1) == 1))                                       \
    X(writes_at, CHECK(pwrite(file, "x", 1, 0) == 1))                                \
    X(writes_a_stream, CHECK(fwrite("x", 1, 1, stream) == 1))                        \
    X(syncs, fdatasync(file))                                                        \
    X(cuts, CHECK(!ftruncate(file, 0)))                                              \
    X(looks, access("/", F_OK))                                                      \
    X(removes, unlink("/nowhere"))                                                   \
    X(writes_and_waits, CHECK(write(waiting_counter, &(uint64_t){1}, 8) == 8))       \
    X(sends_and_waits, sendmmsg(pair[0], &none, 1, 0))                               \
    X(receives_and_waits, recvmmsg(pair[0], &none, 1, 0, NULL))                      \
    X(sends, send(pair[0], "x", 1, 0))

#define X(name, ...)          \
    static void name(void)    \
    {                         \
        __VA_ARGS__;          \
    }
OFFENCES
#undef X

/* What the thread is for. */
static void wakes(void)
{
    CHECK(write(counter, &(uint64_t){1}, 8) == 8 && read(counter, &(uint64_t){0}, 8) == 8);
}

static void gathers(void)
{
    CHECK(!ppoll(&nothing, 1, &moment, NULL));
}

static void carries(void)
{
    CHECK(sendmmsg(pair[0], &none, 1, MSG_DONTWAIT) == 1 && recvmmsg(pair[1], &none, 1, MSG_DONTWAIT, NULL) == 1);
}

static EVP_CIPHER_CTX *cipher;

static void encrypts(void)
{
    uint8_t iv[16] = {0}, text[16] = {0};
    int n;

    CHECK(EVP_CipherInit_ex(cipher, NULL, NULL, NULL, iv, 1) == 1 && EVP_CipherUpdate(cipher, text, &n, text, 16) == 1);
}

/* The signal that ends a process in which an audio thread does this; 0: none. */
static int ends(void (*offence)(void))
{
    int status;
    pid_t child = fork();

    if (!child) {
        struct epoll_event event;
        int null = open("/dev/null", O_WRONLY);
        dup2(null, STDERR_FILENO); /* its last words are expected */
        epoll_wait(-1, &event, 1, 0);
        offence();
        _exit(0);
    }
    CHECK(child > 0 && waitpid(child, &status, 0) == child);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

#define X(name, ...) {#name, name},
static const struct {
    const char *name;
    void (*commit)(void);
} offences[] = {OFFENCES};

int main(void)
{
    void (*duties[])(void) = {wakes, gathers, carries, encrypts};
    unsigned missed = 0;

    block = malloc(10);
    stream = tmpfile();
    file = fileno(stream);
    counter = eventfd(0, EFD_NONBLOCK);
    waiting_counter = eventfd(0, 0);
    libcryptos = CRYPTO_THREAD_lock_new();
    cipher = EVP_CIPHER_CTX_new();
    CHECK(EVP_CipherInit_ex(cipher, EVP_aes_128_ctr(), NULL, (const uint8_t[16]){1}, (const uint8_t[16]){0}, 1) == 1);
    CHECK(!socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) && !pthread_spin_init(&spin, 0) && !sem_init(&semaphore, 0, 1) &&
          mtx_init(&c11, mtx_plain) == thrd_success);
    for (unsigned i = 0; i < sizeof offences / sizeof *offences; i++)
        if (ends(offences[i].commit) != SIGABRT) {
            fprintf(stderr, "who %s is not seen\n", offences[i].name);
            missed++;
        }
    CHECK(!missed);
    for (unsigned i = 0; i < sizeof duties / sizeof *duties; i++)
        CHECK(ends(duties[i]) == 0);
    return 0;
}
