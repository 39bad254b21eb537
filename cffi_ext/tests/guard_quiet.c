/* The quiet build sees what it must: each offence ends the process that commits it as an audio thread. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static void *volatile block;
static int file, counter;

static void allocates(void)
{
    block = malloc(10);
}

static void frees(void)
{
    free(block);
}

static void locks(void)
{
    pthread_mutex_lock(&mutex);
}

static void sleeps(void)
{
    nanosleep(&(struct timespec){0, 1}, NULL);
}

static void prints(void)
{
    printf("%d\n", file);
}

static void opens(void)
{
    file = open("/dev/null", O_RDONLY);
}

static void writes(void)
{
    CHECK(write(file, "x", 1) == 1);
}

static void wakes(void)
{
    const uint64_t one = 1;

    CHECK(write(counter, &one, sizeof one) == sizeof one);
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

int main(void)
{
    void (*offences[])(void) = {allocates, frees, locks, sleeps, prints, opens, writes};

    block = malloc(10);
    file = fileno(tmpfile());
    counter = eventfd(0, EFD_NONBLOCK);
    for (unsigned i = 0; i < sizeof offences / sizeof *offences; i++)
        CHECK(ends(offences[i]) == SIGABRT);
    CHECK(ends(wakes) == 0);
    return 0;
}
