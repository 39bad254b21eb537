#include "writer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sndfile.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "bus.h"
#include "kinline_engine.h"

enum {
    RING_BLOCKS = 256, /* 5 s: what a stuck disk may cost before blocks are dropped */
    DRAIN_MS = 100,
    HEADER_MS = 500, /* a killed process leaves a file whose header is at most so old */
};

struct recorder {
    recorder *next; /* protected by writer.list_lock */
    uint32_t id;
    SNDFILE *file;
    int error; /* 0 or -errno: nothing more is written */
    uint64_t frames;
    int64_t header_due_ms;
    atomic_bool ended;
    atomic_ullong dropped;
    _Alignas(64) atomic_uint head;
    _Alignas(64) atomic_uint tail;
    int16_t ring[RING_BLOCKS][2 * RECORDER_BLOCK];
};

struct writer {
    kl_bus *bus;
    pthread_t thread;
    int wake; /* eventfd: stopping */
    atomic_bool stopping;
    pthread_mutex_t list_lock; /* protects recorders */
    recorder *recorders;
};

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void post(writer *w, const recorder *r, uint16_t kind, const void *data, uint32_t len)
{
    kl_event event = {.source = KL_SRC_RECORDER, .kind = kind, .id = r->id, .code = r->error, .len = len};

    if (len)
        memcpy(event.data, data, len);
    kl_bus_post(w->bus, KL_LANE_WRITER, &event);
}

static void fail(writer *w, recorder *r)
{
    r->error = errno ? -errno : -EIO;
    post(w, r, KL_RECORDER_FAILED, NULL, 0);
}

static void drain(writer *w, recorder *r)
{
    unsigned tail = atomic_load_explicit(&r->tail, memory_order_relaxed);
    unsigned head = atomic_load_explicit(&r->head, memory_order_acquire);

    while (tail != head) {
        unsigned at = tail % RING_BLOCKS;
        unsigned run = head - tail < RING_BLOCKS - at ? head - tail : RING_BLOCKS - at;
        sf_count_t frames = (sf_count_t)run * RECORDER_BLOCK;

        if (!r->error) {
            errno = 0; /* libsndfile keeps only a text of what write said */
            sf_count_t written = sf_writef_short(r->file, r->ring[at], frames);
            r->frames += (uint64_t)(written > 0 ? written : 0);
            if (written != frames)
                fail(w, r);
        }
        tail += run;
        atomic_store_explicit(&r->tail, tail, memory_order_release);
    }
}

static void refresh_header(recorder *r, int64_t now)
{
    if (r->error || now < r->header_due_ms)
        return;
    sf_command(r->file, SFC_UPDATE_HEADER_NOW, NULL, 0);
    r->header_due_ms = now + HEADER_MS;
}

static void close_file(writer *w, recorder *r)
{
    errno = 0;
    if (sf_close(r->file) && !r->error)
        r->error = errno ? -errno : -EIO;
    uint64_t counts[2] = {r->frames, atomic_load(&r->dropped)};
    post(w, r, KL_RECORDER_CLOSED, counts, sizeof counts);
    free(r);
}

static recorder *list_head(writer *w)
{
    pthread_mutex_lock(&w->list_lock);
    recorder *head = w->recorders;
    pthread_mutex_unlock(&w->list_lock);
    return head;
}

static void unlist(writer *w, recorder *r)
{
    pthread_mutex_lock(&w->list_lock);
    recorder **p = &w->recorders;
    while (*p != r)
        p = &(*p)->next;
    *p = r->next;
    pthread_mutex_unlock(&w->list_lock);
}

/* Only this thread removes from the list, and others only put in front: next stays good unlocked. */
static void serve(writer *w, bool last)
{
    recorder *next;

    for (recorder *r = list_head(w); r; r = next) {
        bool ended = last || atomic_load(&r->ended); /* before draining: then the last block is in it */
        next = r->next;
        drain(w, r);
        if (ended) {
            unlist(w, r);
            close_file(w, r);
        } else {
            refresh_header(r, now_ms());
        }
    }
}

static void *run(void *arg)
{
    writer *w = arg;
    struct pollfd wake = {.fd = w->wake, .events = POLLIN};

    pthread_setname_np(pthread_self(), "kinline-writer");
    while (!atomic_load(&w->stopping)) {
        poll(&wake, 1, DRAIN_MS);
        serve(w, false);
    }
    serve(w, true);
    return NULL;
}

writer *writer_create(kl_bus *bus)
{
    writer *w = calloc(1, sizeof *w);

    if (!w)
        return NULL;
    w->bus = bus;
    pthread_mutex_init(&w->list_lock, NULL);
    w->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    int error = w->wake < 0 ? errno : pthread_create(&w->thread, NULL, run, w);
    if (error) {
        if (w->wake >= 0)
            close(w->wake);
        free(w);
        errno = error;
        return NULL;
    }
    return w;
}

void writer_destroy(writer *w)
{
    const uint64_t one = 1;

    atomic_store(&w->stopping, true);
    ssize_t n = write(w->wake, &one, sizeof one);
    (void)n;
    pthread_join(w->thread, NULL);
    close(w->wake);
    pthread_mutex_destroy(&w->list_lock);
    free(w);
}

recorder *recorder_open(writer *w, const char *path, uint32_t id)
{
    SF_INFO info = {.samplerate = 8000, .channels = 2, .format = SF_FORMAT_WAV | SF_FORMAT_PCM_16};
    recorder *r = aligned_alloc(64, sizeof *r);
    int fd = r ? open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600) : -1;

    if (fd < 0) {
        int error = errno;
        free(r);
        errno = error;
        return NULL;
    }
    memset(r, 0, sizeof *r);
    errno = 0;
    r->file = sf_open_fd(fd, SFM_WRITE, &info, SF_TRUE);
    if (!r->file) {
        int error = errno ? errno : EIO; /* libsndfile has closed the descriptor */
        unlink(path);
        free(r);
        errno = error;
        return NULL;
    }
    r->id = id;
    /* Staggered, so that recordings begun together do not flush together. */
    r->header_due_ms = now_ms() + id % HEADER_MS;
    pthread_mutex_lock(&w->list_lock);
    r->next = w->recorders;
    w->recorders = r;
    pthread_mutex_unlock(&w->list_lock);
    return r;
}

void recorder_push(recorder *r, const int16_t *left, const int16_t *right)
{
    unsigned head = atomic_load_explicit(&r->head, memory_order_relaxed);
    unsigned tail = atomic_load_explicit(&r->tail, memory_order_acquire);

    if (head - tail >= RING_BLOCKS) {
        atomic_fetch_add(&r->dropped, RECORDER_BLOCK);
        return;
    }
    int16_t *block = r->ring[head % RING_BLOCKS];
    for (int i = 0; i < RECORDER_BLOCK; i++) {
        block[2 * i] = left[i];
        block[2 * i + 1] = right[i];
    }
    atomic_store_explicit(&r->head, head + 1, memory_order_release);
}

void recorder_end(recorder *r)
{
    atomic_store(&r->ended, true);
}
