/* The recorder on a disk that is stuck, full or gone: this program has its own pwrite. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "place.h"
#include "writer.h"

enum { RING_BLOCKS = 256, BLOCK = 160, PATIENCE_MS = 20000 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* protects the disk's state */
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool stuck;
static bool waiting; /* a writer stands before the stuck disk */
static int refusal;  /* errno, 0: none */

ssize_t pwrite(int fd, const void *bytes, size_t n, off_t at)
{
    pthread_mutex_lock(&lock);
    waiting = stuck;
    pthread_cond_broadcast(&changed);
    while (stuck)
        pthread_cond_wait(&changed, &lock);
    waiting = false;
    int error = refusal;
    pthread_mutex_unlock(&lock);
    if (error) {
        errno = error;
        return -1;
    }
    return syscall(SYS_pwrite64, fd, bytes, n > 5000 ? 5000 : n, at); /* a disk may take less than it is given */
}

static void disk(bool is_stuck, int error)
{
    pthread_mutex_lock(&lock);
    stuck = is_stuck;
    refusal = error;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

static void until_it_waits(void)
{
    pthread_mutex_lock(&lock);
    while (!waiting)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
}

/* The next event, which must be of this kind. */
static kl_event next(kl_bus *bus, int kind)
{
    kl_event event;
    struct pollfd ready = {.fd = kl_bus_fd(bus), .events = POLLIN};

    while (!kl_bus_poll(bus, &event, 1))
        CHECK(poll(&ready, 1, PATIENCE_MS) == 1);
    CHECK(event.source == KL_SRC_RECORDER && event.kind == kind && event.id == 7);
    return event;
}

static const uint8_t key[KL_RECORDING_KEY_BYTES] = {9};
static const int16_t silence[2 * BLOCK];

static recorder *begun(writer *w, const char *path, uint32_t rate)
{
    kl_recording recording = {path, key, (const uint8_t *)"{}", 2, rate};
    recorder *r = recorder_open(w, &recording, 7);

    CHECK(r && recorder_rate(r) == rate);
    return r;
}

static kl_recorded closed(kl_bus *bus, int code)
{
    kl_event event = next(bus, KL_RECORDER_CLOSED);
    kl_recorded told;

    CHECK(event.code == code && event.len == sizeof told);
    memcpy(&told, event.data, sizeof told);
    return told;
}

/* A stuck disk takes five seconds from the ring, drops the rest, and says how much that was. */
static void test_stuck(kl_bus *bus, writer *w, const char *path)
{
    int began = 0;

    disk(true, 0);
    recorder *r = begun(w, path, 16000);
    until_it_waits();
    for (int i = 0; i < RING_BLOCKS + 40; i++)
        began += recorder_push(r, silence, silence);
    CHECK(began == 1);
    disk(false, 0);
    recorder_end(r);
    kl_recorded told = closed(bus, 0);
    CHECK(told.frames == RING_BLOCKS * 2 * BLOCK && told.missing == 40 * 2 * BLOCK && told.rate == 16000);
    CHECK(!unlink(path));
}

/* A full disk is told once, tried again, and costs nothing if there is room within five seconds. */
static void test_full(kl_bus *bus, writer *w, const char *path)
{
    recorder *r = begun(w, path, 8000);

    for (int i = 0; i < 60; i++)
        CHECK(!recorder_push(r, silence, silence));
    disk(false, ENOSPC);
    CHECK(next(bus, KL_RECORDER_FAILED).code == -ENOSPC);
    for (int i = 0; i < 60; i++)
        CHECK(!recorder_push(r, silence, silence));
    disk(false, 0);
    next(bus, KL_RECORDER_RESUMED);
    recorder_end(r);
    kl_recorded told = closed(bus, 0);
    CHECK(told.frames == 120 * BLOCK && !told.missing);
    CHECK(!unlink(path));
}

/* What a full disk did not take is missing, and the file is no longer than what it took. */
static void test_stays_full(kl_bus *bus, writer *w, const char *path)
{
    disk(false, EROFS);
    recorder *r = begun(w, path, 8000);
    CHECK(next(bus, KL_RECORDER_FAILED).code == -EROFS);
    for (int i = 0; i < 10; i++)
        recorder_push(r, silence, silence);
    recorder_end(r);
    kl_recorded told = closed(bus, -EROFS);
    CHECK(!told.frames && told.missing == 10 * BLOCK && !told.chunks);
    CHECK(access(path, F_OK));
    disk(false, 0);
}

static void test_refused(writer *w)
{
    kl_recording rate = {"/nowhere", key, (const uint8_t *)"{}", 2, 11025};
    kl_recording head = {"/nowhere", key, (const uint8_t *)"{}", KL_RECORDING_HEAD_MOST + 1, 8000};

    CHECK(!recorder_open(w, &rate, 7) && errno == EINVAL);
    CHECK(!recorder_open(w, &head, 7) && errno == EINVAL);
    recorder_drop(begun(w, "/nowhere", 8000)); /* leaves neither file nor event */
}

int main(void)
{
    char path[PLACE_PATH];
    kl_bus *bus = kl_bus_create();
    writer *w = writer_create(bus);

    CHECK(w);
    place_for(path, "recording.klr");
    test_stuck(bus, w, path);
    test_full(bus, w, path);
    test_stays_full(bus, w, path);
    test_refused(w);
    writer_destroy(w);
    kl_event event;
    CHECK(!kl_bus_poll(bus, &event, 1) && access(path, F_OK));
    kl_bus_destroy(bus);
    return 0;
}
