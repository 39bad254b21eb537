/* What other threads ask of the audio thread: a bounded ring, many writers, one reader. */
#ifndef KL_COMMAND_H
#define KL_COMMAND_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#include "link_wire.h"

struct kl_engine;

enum { COMMAND_SLOTS = 1024 };

typedef int (*command_fn)(struct kl_engine *engine, void *arg);

struct ask;

typedef struct {
    struct ask *ask; /* NULL: the message below is to be sent */
    uint32_t link;
    uint16_t len;
    uint8_t type;
    uint8_t text[KL_WIRE_CONTROL_BYTES];
} command;

typedef struct {
    pthread_mutex_t writers; /* protects head against other writers; the reader never takes it */
    int wake;                /* eventfd that the audio thread polls */
    _Alignas(64) atomic_uint head;
    _Alignas(64) atomic_uint tail;
    command slot[COMMAND_SLOTS];
} command_queue;

/* 0 or -errno. */
int command_queue_init(command_queue *queue);
void command_queue_close(command_queue *queue);

/* Runs fn in the audio thread and waits for what it returns. fn must not block or allocate. */
int command_ask(command_queue *queue, command_fn fn, void *arg);
/* Queues a message for a link; -EAGAIN when the ring is full. */
int command_send(command_queue *queue, uint32_t link, uint8_t type, const uint8_t *text, uint16_t len);
/* Audio thread: carries out what waits. */
void command_run(struct kl_engine *engine, command_queue *queue);

#endif
