#include "writer.h"

#include <endian.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "bus.h"
#include "sealed_file.h"

enum {
    RING_BLOCKS = 256,  /* 5 s: what a stuck disk may cost before blocks are dropped */
    CHUNK_BLOCKS = 25,  /* half a second: what a killed process loses, with DRAIN_MS */
    DRAIN_MS = 100,
    RETRY_MS = 1000,    /* between attempts to write to a disk that refused */
    BLOCKS_A_SECOND = 50,
};

struct recorder {
    recorder *next; /* protected by writer.list_lock */
    uint32_t id;
    uint32_t block; /* sample pairs in 20 ms */
    char *path;
    uint8_t key[SEALED_KEY_BYTES];
    uint8_t *opening;
    size_t opening_len;
    sealed_file *file; /* NULL until the disk has taken it */
    int error;         /* 0, or -errno of the writing that failed last */
    int64_t retry_ms;
    uint64_t frames; /* written */
    uint64_t chunks;
    unsigned flush_at; /* blocks that make the next chunk */
    atomic_bool ended, unwanted;
    /* The audio thread's: blocks, dropped ones too, and whether the last one was. */
    uint64_t pushed;
    bool dropping;
    atomic_ullong dropped;
    _Alignas(64) atomic_uint head;
    _Alignas(64) atomic_uint tail;
    uint64_t number[RING_BLOCKS]; /* of each block in the ring, from the beginning of the recording */
    int16_t ring[];
};

struct writer {
    kl_bus *bus;
    pthread_t thread;
    int wake; /* eventfd: stopping */
    atomic_bool stopping;
    pthread_mutex_t list_lock; /* protects recorders */
    recorder *recorders;
};

static int64_t now_ms(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void post(writer *w, const recorder *r, uint16_t kind, const void *data, uint32_t len)
{
    kl_event event = {.source = KL_SRC_RECORDER, .kind = kind, .id = r->id, .code = r->error, .len = len};

    if (len)
        memcpy(event.data, data, len);
    kl_bus_post(w->bus, KL_LANE_WRITER, &event);
}

/* Ring ------------------------------------------------------------------------------------------ */

static int16_t *slot(recorder *r, unsigned at)
{
    return r->ring + (size_t)(at % RING_BLOCKS) * 2 * r->block;
}

uint32_t recorder_rate(const recorder *r)
{
    return r->block * BLOCKS_A_SECOND;
}

bool recorder_push(recorder *r, const int16_t *left, const int16_t *right)
{
    unsigned head = atomic_load_explicit(&r->head, memory_order_relaxed);
    unsigned tail = atomic_load_explicit(&r->tail, memory_order_acquire);
    uint64_t number = r->pushed++;

    if (head - tail >= RING_BLOCKS) {
        bool begins = !r->dropping;
        r->dropping = true;
        atomic_fetch_add(&r->dropped, r->block);
        return begins;
    }
    r->dropping = false;
    int16_t *block = slot(r, head);
    for (uint32_t i = 0; i < r->block; i++) {
        block[2 * i] = left[i];
        block[2 * i + 1] = right[i];
    }
    r->number[head % RING_BLOCKS] = number;
    atomic_store_explicit(&r->head, head + 1, memory_order_release);
    return false;
}

void recorder_end(recorder *r)
{
    atomic_store(&r->ended, true);
}

void recorder_drop(recorder *r)
{
    atomic_store(&r->unwanted, true);
}

/* Writing --------------------------------------------------------------------------------------- */

/* How many blocks from tail on make one chunk: no more than it holds, and none behind a gap. */
static unsigned run_length(const recorder *r, unsigned tail, unsigned head)
{
    unsigned n = 1;

    while (n < CHUNK_BLOCKS && tail + n != head &&
           r->number[(tail + n) % RING_BLOCKS] == r->number[tail % RING_BLOCKS] + n)
        n++;
    return n;
}

static int write_chunk(recorder *r, unsigned tail, unsigned n)
{
    size_t block_bytes = 2 * r->block * sizeof(int16_t);
    unsigned at = tail % RING_BLOCKS;
    unsigned whole = n < RING_BLOCKS - at ? n : RING_BLOCKS - at;
    struct iovec parts[2] = {
        {slot(r, tail), whole * block_bytes},
        {r->ring, (n - whole) * block_bytes},
    };

    return sealed_append(r->file, SEALED_AUDIO, r->number[at] * r->block, parts, whole < n ? 2 : 1);
}

static void note(writer *w, recorder *r, int error)
{
    if (error) {
        bool told = r->error;
        r->error = error;
        r->retry_ms = now_ms(CLOCK_MONOTONIC) + RETRY_MS;
        if (!told)
            post(w, r, KL_RECORDER_FAILED, NULL, 0);
    } else if (r->error) {
        r->error = 0;
        post(w, r, KL_RECORDER_RESUMED, NULL, 0);
    }
}

/* Writes what fills chunks, and the rest too if it is the last time. What cannot be written stays in the ring. */
static void drain(writer *w, recorder *r, bool last)
{
    unsigned tail = atomic_load_explicit(&r->tail, memory_order_relaxed);
    unsigned head = atomic_load_explicit(&r->head, memory_order_acquire);

    if (r->error && !last && now_ms(CLOCK_MONOTONIC) < r->retry_ms)
        return;
    if (!r->file) {
        r->file = sealed_create(r->path, r->key, r->opening, r->opening_len);
        if (!r->file)
            return note(w, r, errno ? -errno : -EIO);
    }
    while (tail != head && (last || head - tail >= r->flush_at)) {
        unsigned n = run_length(r, tail, head);
        int error = write_chunk(r, tail, n);
        note(w, r, error);
        if (error)
            return;
        r->chunks++;
        r->frames += (uint64_t)n * r->block;
        r->flush_at = CHUNK_BLOCKS;
        tail += n;
        atomic_store_explicit(&r->tail, tail, memory_order_release);
    }
}

/* What is still in the ring when nothing more is written, and what did not get into it. */
static uint64_t missing(recorder *r)
{
    return (uint64_t)(atomic_load(&r->head) - atomic_load(&r->tail)) * r->block + atomic_load(&r->dropped);
}

/* The last chunk says how much there is, how much there should be, and when it was closed. */
static void write_end(writer *w, recorder *r)
{
    uint64_t text[] = {
        htole64(r->frames), htole64(missing(r)), htole64((uint64_t)now_ms(CLOCK_REALTIME)), htole64((uint64_t)-r->error),
    };
    struct iovec part = {text, sizeof text};

    int error = sealed_append(r->file, SEALED_END, r->pushed * r->block, &part, 1);
    if (error) /* that it fits where the last sound did not is no recovery */
        note(w, r, error);
}

static void recorder_free(recorder *r)
{
    OPENSSL_cleanse(r->key, sizeof r->key);
    OPENSSL_cleanse(r->ring, (size_t)RING_BLOCKS * 2 * r->block * sizeof(int16_t));
    free(r->path);
    free(r->opening);
    free(r);
}

static void close_recording(writer *w, recorder *r)
{
    kl_recorded closed = {.rate = recorder_rate(r)};

    if (r->file)
        write_end(w, r);
    closed.frames = r->frames;
    closed.missing = missing(r);
    closed.chunks = r->chunks;
    if (r->file) {
        memcpy(closed.link, sealed_link(r->file), sizeof closed.link);
        int error = sealed_close(r->file);
        if (error && !r->error)
            r->error = error;
    }
    post(w, r, KL_RECORDER_CLOSED, &closed, sizeof closed);
    recorder_free(r);
}

/* Thread ---------------------------------------------------------------------------------------- */

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
        if (atomic_load(&r->unwanted)) {
            unlist(w, r);
            recorder_free(r);
            continue;
        }
        drain(w, r, ended);
        if (ended) {
            unlist(w, r);
            close_recording(w, r);
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

recorder *recorder_open(writer *w, const kl_recording *recording, uint32_t id)
{
    if ((recording->rate != 8000 && recording->rate != 16000) || recording->head_len > SEALED_HEAD_MOST) {
        errno = EINVAL;
        return NULL;
    }
    uint32_t block = recording->rate / BLOCKS_A_SECOND;
    size_t size = sizeof(recorder) + (size_t)RING_BLOCKS * 2 * block * sizeof(int16_t);
    recorder *r = aligned_alloc(64, (size + 63) / 64 * 64);

    if (!r)
        return NULL;
    memset(r, 0, size);
    r->id = id;
    r->block = block;
    r->path = strdup(recording->path);
    r->opening = malloc(recording->head_len + 1);
    if (!r->path || !r->opening) {
        recorder_free(r);
        errno = ENOMEM;
        return NULL;
    }
    memcpy(r->key, recording->key, sizeof r->key);
    memcpy(r->opening, recording->head, recording->head_len);
    r->opening_len = recording->head_len;
    /* Staggered, so that recordings begun together do not flush together. */
    r->flush_at = 1 + id % CHUNK_BLOCKS;
    pthread_mutex_lock(&w->list_lock);
    r->next = w->recorders;
    w->recorders = r;
    pthread_mutex_unlock(&w->list_lock);
    return r;
}
