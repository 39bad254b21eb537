#include "bus.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum { LANE_SLOTS = 4096 }; /* a power of two: a second of events from 400 handsets at 10 each */

typedef struct {
    _Alignas(64) atomic_uint head; /* next to write; only the producer stores it */
    _Alignas(64) atomic_uint tail; /* next to read; only the consumer stores it */
    kl_event slot[LANE_SLOTS];
} lane;

struct kl_bus {
    int fd;
    atomic_bool signalled; /* the eventfd has been written since the last drain began */
    atomic_ullong dropped;
    lane lanes[KL_LANES];
};

static int64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void event_copy(kl_event *to, const kl_event *from)
{
    memcpy(to, from, offsetof(kl_event, data) + from->len);
}

static void bus_signal(kl_bus *bus)
{
    const uint64_t one = 1;

    if (!atomic_exchange(&bus->signalled, true)) {
        /* The counter cannot overflow: it is cleared before signalled is. */
        ssize_t n = write(bus->fd, &one, sizeof one);
        (void)n;
    }
}

kl_bus *kl_bus_create(void)
{
    /* Fresh pages: a lane costs memory only as far as it has been used. */
    kl_bus *bus = aligned_alloc(64, sizeof *bus);

    if (!bus)
        return NULL;
    bus->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (bus->fd < 0) {
        int saved = errno;
        free(bus);
        errno = saved;
        return NULL;
    }
    atomic_init(&bus->signalled, false);
    atomic_init(&bus->dropped, 0);
    for (int i = 0; i < KL_LANES; i++) {
        atomic_init(&bus->lanes[i].head, 0);
        atomic_init(&bus->lanes[i].tail, 0);
    }
    return bus;
}

void kl_bus_destroy(kl_bus *bus)
{
    if (!bus)
        return;
    close(bus->fd);
    free(bus);
}

int kl_bus_fd(kl_bus *bus)
{
    return bus->fd;
}

uint64_t kl_bus_dropped(kl_bus *bus)
{
    return atomic_load(&bus->dropped);
}

int kl_bus_post(kl_bus *bus, int lane_index, const kl_event *event)
{
    if (lane_index < 0 || lane_index >= KL_LANES || event->len > KL_EVENT_DATA)
        return -EINVAL;

    lane *l = &bus->lanes[lane_index];
    unsigned head = atomic_load_explicit(&l->head, memory_order_relaxed);
    unsigned tail = atomic_load_explicit(&l->tail, memory_order_acquire);

    if (head - tail >= LANE_SLOTS) {
        atomic_fetch_add(&bus->dropped, 1);
        return -ENOBUFS;
    }
    kl_event *slot = &l->slot[head % LANE_SLOTS];
    event_copy(slot, event);
    if (!slot->mono_ns)
        slot->mono_ns = now_ns();
    atomic_store_explicit(&l->head, head + 1, memory_order_release);
    bus_signal(bus);
    return 0;
}

/* Takes from one lane; returns how many. */
static int lane_drain(lane *l, kl_event *out, int max)
{
    unsigned tail = atomic_load_explicit(&l->tail, memory_order_relaxed);
    unsigned head = atomic_load_explicit(&l->head, memory_order_acquire);
    int n = 0;

    while (tail != head && n < max)
        event_copy(&out[n++], &l->slot[tail++ % LANE_SLOTS]);
    atomic_store_explicit(&l->tail, tail, memory_order_release);
    return n;
}

int kl_bus_poll(kl_bus *bus, kl_event *out, int max)
{
    uint64_t count;
    ssize_t r = read(bus->fd, &count, sizeof count);
    int n = 0;

    (void)r;
    /* Cleared before draining: a post that comes later is either drained here or signals again. */
    atomic_store(&bus->signalled, false);
    for (int i = 0; i < KL_LANES; i++)
        n += lane_drain(&bus->lanes[i], out + n, max - n);
    if (n == max)
        bus_signal(bus);
    return n;
}
