#include "command.h"

#include <errno.h>
#include <sched.h>
#include <semaphore.h>
#include <stdbool.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "link.h"

struct ask {
    command_fn fn;
    void *arg;
    int result;
    sem_t done;
};

int command_queue_init(command_queue *queue)
{
    queue->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (queue->wake < 0)
        return -errno;
    pthread_mutex_init(&queue->writers, NULL);
    atomic_init(&queue->head, 0);
    atomic_init(&queue->tail, 0);
    return 0;
}

void command_queue_close(command_queue *queue)
{
    close(queue->wake);
    pthread_mutex_destroy(&queue->writers);
}

static bool put(command_queue *queue, const command *c)
{
    const uint64_t one = 1;

    pthread_mutex_lock(&queue->writers);
    unsigned head = atomic_load_explicit(&queue->head, memory_order_relaxed);
    unsigned tail = atomic_load_explicit(&queue->tail, memory_order_acquire);
    bool room = head - tail < COMMAND_SLOTS;
    if (room) {
        command *slot = &queue->slot[head % COMMAND_SLOTS];
        slot->ask = c->ask;
        slot->link = c->link;
        slot->type = c->type;
        slot->len = c->len;
        memcpy(slot->text, c->text, c->len);
        atomic_store_explicit(&queue->head, head + 1, memory_order_release);
    }
    pthread_mutex_unlock(&queue->writers);
    if (room) {
        ssize_t n = write(queue->wake, &one, sizeof one);
        (void)n; /* fails only at 2^64 - 1 commands not yet run */
    }
    return room;
}

int command_ask(command_queue *queue, command_fn fn, void *arg)
{
    struct ask ask = {.fn = fn, .arg = arg};
    command c = {.ask = &ask};

    sem_init(&ask.done, 0, 0);
    while (!put(queue, &c))
        sched_yield();
    while (sem_wait(&ask.done) && errno == EINTR)
        ;
    sem_destroy(&ask.done);
    return ask.result;
}

int command_send(command_queue *queue, uint32_t link, uint8_t type, const uint8_t *text, uint16_t len)
{
    command c = {.link = link, .type = type, .len = len};

    if (len)
        memcpy(c.text, text, len);
    return put(queue, &c) ? 0 : -EAGAIN;
}

void command_run(struct kl_engine *engine, command_queue *queue)
{
    uint64_t count;
    ssize_t n = read(queue->wake, &count, sizeof count);
    unsigned tail = atomic_load_explicit(&queue->tail, memory_order_relaxed);
    unsigned head = atomic_load_explicit(&queue->head, memory_order_acquire);

    (void)n;
    while (tail != head) {
        command *c = &queue->slot[tail++ % COMMAND_SLOTS];
        struct ask *ask = c->ask;
        if (ask)
            ask->result = ask->fn(engine, ask->arg);
        else
            link_send_to(engine, c->link, c->type, c->text, c->len);
        atomic_store_explicit(&queue->tail, tail, memory_order_release);
        if (ask)
            sem_post(&ask->done);
    }
}
