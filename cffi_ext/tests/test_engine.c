/* Calls with audio both ways while other threads open, play, record and close: for the thread and
 * address sanitizers, which see what the Python tests cannot. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "loopback.h"
#include "place.h"

enum { HANDSETS = 3, FRAMES = 150 };

typedef struct {
    kl_engine *engine;
    int number;
    char path[PLACE_PATH]; /* of its recording */
} handset;

static void *one_call(void *arg)
{
    handset *h = arg;
    int master, slave;
    uint16_t port;
    int16_t tone[1600];
    char name[16];
    kl_call_counters counters;

    raw_pty(&master, &slave);
    int link = kl_link_open(h->engine, slave);
    CHECK(link > 0 && !kl_link_keys(h->engine, (uint32_t)link, 1, secret[0], secret[1], secret[2], secret[3]));
    kl_frame_keys *keys = kl_frame_keys_create(secret[0], secret[1]);
    kl_frame_rx *rx = kl_frame_rx_create();
    kl_frame_rx_keys(rx, 1, kl_frame_keys_create(secret[2], secret[3]));

    int privileged = h->number % 2;
    int call = kl_call_create(h->engine, (uint32_t)link, privileged ? 0 : KL_CALL_RECORDED | KL_CALL_MONITORED);
    int rtp = far_socket(&port);
    kl_call_far_end far = {.ip = "127.0.0.1", .port = port, .codec = KL_CODEC_PCMA, .payload_type = 8, .dtmf_type = 101};
    CHECK(call > 0 && !kl_call_far(h->engine, (uint32_t)call, &far));
    for (int i = 0; i < 1600; i++)
        tone[i] = (int16_t)(i % 40 * 100);
    uint32_t clip = (uint32_t)kl_clip_load(h->engine, tone, 1600);
    snprintf(name, sizeof name, "%d.klr", h->number);
    place_for(h->path, name);
    kl_recording recording = {h->path, secret[0], (const uint8_t *)"{}", 2, h->number ? 8000 : 16000};

    for (unsigned i = 1; i <= FRAMES; i++) {
        if (i == 10)
            CHECK(!kl_call_play(h->engine, (uint32_t)call, KL_SIDE_BOTH, &clip, 1, KL_PLAY_QUEUE, 7));
        if (i == 30)
            CHECK(kl_call_record(h->engine, (uint32_t)call, &recording) == (privileged ? -EPERM : 0));
        if (i == 31)
            CHECK(!kl_call_gate(h->engine, (uint32_t)call, 1));
        if (i == 60)
            CHECK(!kl_link_send(h->engine, (uint32_t)link, KL_WIRE_MSG_SHOW, (const uint8_t *)"\1\0\1", 3));
        say_rtp(rtp, kl_engine_rtp_port(h->engine), i);
        exchange(master, keys, rx, i);
        if (i % 20 == 0)
            CHECK(!kl_call_get_counters(h->engine, (uint32_t)call, &counters));
    }
    CHECK(counters.far.sent >= FRAMES - 20 && counters.gate == 1 && counters.recording == !privileged);
    if (h->number == 2)
        CHECK(!kl_link_close(h->engine, (uint32_t)link)); /* the call outlives its link */
    CHECK(!kl_call_destroy(h->engine, (uint32_t)call) && kl_call_destroy(h->engine, (uint32_t)call) == -ENOENT);
    CHECK(!kl_clip_free(h->engine, clip));
    if (h->number != 2)
        CHECK(!kl_link_forget_keys(h->engine, (uint32_t)link) && !kl_link_close(h->engine, (uint32_t)link));
    kl_frame_rx_destroy(rx);
    kl_frame_keys_destroy(keys);
    close(rtp);
    close(master);
    close(slave);
    return NULL;
}

typedef struct {
    kl_bus *bus;
    atomic_bool stop;
    int played, closed;
} drainer;

static void *drain(void *arg)
{
    static kl_event events[64];
    drainer *d = arg;

    while (!atomic_load(&d->stop)) {
        struct pollfd p = {.fd = kl_bus_fd(d->bus), .events = POLLIN};
        poll(&p, 1, 50);
        int n = kl_bus_poll(d->bus, events, 64);
        for (int i = 0; i < n; i++) {
            d->played += events[i].source == KL_SRC_CALL && events[i].kind == KL_CALL_PLAYED;
            d->closed += events[i].source == KL_SRC_RECORDER && events[i].kind == KL_RECORDER_CLOSED;
        }
    }
    return NULL;
}

static void test_calls_side_by_side(void)
{
    kl_engine_config config = {.rtp_bind_ip = "127.0.0.1", .jitter_min_ms = 20, .jitter_max_ms = 120};
    drainer d = {.bus = kl_bus_create()};
    kl_engine *engine = kl_engine_create(d.bus, &config);
    pthread_t threads[HANDSETS], drain_thread;
    handset handsets[HANDSETS];
    kl_engine_counters counters;

    CHECK(engine && !pthread_create(&drain_thread, NULL, drain, &d));
    for (int i = 0; i < HANDSETS; i++) {
        handsets[i] = (handset){.engine = engine, .number = i};
        CHECK(!pthread_create(&threads[i], NULL, one_call, &handsets[i]));
    }
    for (int i = 0; i < HANDSETS; i++)
        pthread_join(threads[i], NULL);
    CHECK(!kl_engine_get_counters(engine, &counters));
    CHECK(!counters.links && !counters.calls && !counters.clips && counters.audio_cpu_ns);
    kl_engine_destroy(engine);
    for (int i = 0; i < HANDSETS; i++)
        CHECK(unlink(handsets[i].path) == (i % 2 ? -1 : 0)); /* every other call is private */
    atomic_store(&d.stop, true);
    pthread_join(drain_thread, NULL);
    CHECK(d.played == HANDSETS && kl_bus_dropped(d.bus) == 0);
    kl_bus_destroy(d.bus);
}

static void test_end_with_everything_open(void)
{
    kl_engine_config config = {.rtp_bind_ip = "127.0.0.1", .jitter_min_ms = 20, .jitter_max_ms = 120};
    kl_bus *bus = kl_bus_create();
    kl_engine *engine = kl_engine_create(bus, &config);
    int master, slave;
    int16_t pcm[10] = {0};
    char path[PLACE_PATH];
    kl_recording recording = {path, secret[0], (const uint8_t *)"{}", 2, 8000};

    place_for(path, "open.klr");
    raw_pty(&master, &slave);
    int link = kl_link_open(engine, slave);
    CHECK(!kl_link_keys(engine, (uint32_t)link, 1, secret[0], secret[1], secret[2], secret[3]));
    int call = kl_call_create(engine, (uint32_t)link, KL_CALL_RECORDED);
    uint32_t clip = (uint32_t)kl_clip_load(engine, pcm, 10);
    CHECK(!kl_call_play(engine, (uint32_t)call, KL_SIDE_NEAR, &clip, 1, KL_PLAY_QUEUE, 1));
    CHECK(!kl_call_record(engine, (uint32_t)call, &recording));
    CHECK(kl_clip_free(engine, clip) == -EBUSY);
    kl_engine_destroy(engine);
    CHECK(!unlink(path));
    kl_bus_destroy(bus);
    close(master);
    close(slave);
}

static void test_bad_configurations(void)
{
    kl_bus *bus = kl_bus_create();
    kl_engine_config bad[] = {
        {.rtp_bind_ip = "nowhere", .jitter_min_ms = 20, .jitter_max_ms = 120},
        {.rtp_bind_ip = "127.0.0.1", .jitter_min_ms = 120, .jitter_max_ms = 20},
        {.rtp_bind_ip = "127.0.0.1", .jitter_min_ms = 20, .jitter_max_ms = 5000},
        {.rtp_bind_ip = NULL, .jitter_min_ms = 20, .jitter_max_ms = 120},
    };

    for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK(!kl_engine_create(bus, &bad[i]) && errno == EINVAL);
    kl_engine_destroy(NULL);
    kl_bus_destroy(bus);
}

int main(void)
{
    test_calls_side_by_side();
    test_end_with_everything_open();
    test_bad_configurations();
    return 0;
}
