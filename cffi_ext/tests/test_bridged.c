/* Bridged calls with everything that may happen to one while packets come: for the sanitizers and the quiet build. */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "loopback.h"
#include "place.h"

enum {
    CALLS = 3,
    PACKETS = 150,
    PACE_US = 200, /* an end that brings more than 64 packets in 5 ms is taken for a flood */
};

typedef struct {
    kl_engine *engine;
    int number;
    char path[PLACE_PATH]; /* of its recording */
} bridge;

static void hear(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    uint8_t packet[1500];

    CHECK(poll(&p, 1, 10000) == 1 && read(fd, packet, sizeof packet) >= 12);
}

static void *one_call(void *arg)
{
    bridge *b = arg;
    uint16_t ports[2];
    int near = far_socket(&ports[0]), far = far_socket(&ports[1]);
    int privileged = b->number % 2;
    uint32_t call = (uint32_t)kl_call_create_bridged(b->engine, privileged ? 0 : KL_CALL_RECORDED);
    kl_call_far_end ends[2];
    kl_call_counters counters;
    int16_t tone[1600] = {1000};
    char name[16];
    /* The far sides of all calls but the first are protected. */
    kl_srtp *keys = b->number ? kl_srtp_create(b->number, secret[0]) : NULL;
    kl_recording recording = {b->path, secret[0], (const uint8_t *)"{}", 2, 8000};

    for (int i = 0; i < 2; i++)
        ends[i] = (kl_call_far_end){.ip = "127.0.0.1", .port = ports[i], .codec = KL_CODEC_PCMU, .dtmf_type = 101};
    if (keys) {
        ends[1].srtp = (uint8_t)b->number;
        ends[1].receive_key = secret[0];
        ends[1].send_key = secret[1];
    }
    CHECK(!kl_call_near(b->engine, call, &ends[0]) && !kl_call_far(b->engine, call, &ends[1]));
    CHECK(kl_call_near(b->engine, call, &ends[1]) == -EADDRINUSE);
    uint32_t clip = (uint32_t)kl_clip_load(b->engine, tone, 1600);
    snprintf(name, sizeof name, "%d.klr", b->number);
    place_for(b->path, name);
    for (unsigned i = 1; i <= PACKETS; i++) {
        if (i == 10)
            CHECK(kl_call_record(b->engine, call, &recording) == (privileged ? -EPERM : 0));
        if (i == 11)
            CHECK(!kl_call_gate(b->engine, call, 1) && !kl_call_detect(b->engine, call, 1));
        if (i == 30)
            CHECK(!kl_call_play(b->engine, call, KL_SIDE_BOTH, &clip, 1, KL_PLAY_OVERLAY, 7));
        if (i == 60)
            CHECK(!kl_call_tone(b->engine, call, KL_TONE_BEEP) && !kl_call_gate(b->engine, call, 0));
        if (i == 80)
            CHECK(!kl_call_gate(b->engine, call, 1));
        if (i % 10) { /* the tenth is lost */
            say_rtp(near, kl_engine_rtp_port(b->engine), i);
            hear(far);
        }
        if (keys && i % 9 == 0)
            say_rtp(far, kl_engine_rtp_port(b->engine), i); /* in clear: not heard */
        say_srtp(far, kl_engine_rtp_port(b->engine), i, keys);
        hear(near);
        usleep(PACE_US);
    }
    CHECK(!kl_call_get_counters(b->engine, call, &counters));
    CHECK(counters.near.lost == PACKETS / 10 - 1 && counters.far.lost == 0 && counters.far.unauthentic + counters.far.replayed == (keys ? PACKETS / 9 : 0) &&
          counters.far.sent >= PACKETS * 9 / 10);
    say_rtp(near, kl_engine_rtp_port(b->engine), PACKETS + 1); /* still under way as the call ends */
    CHECK(!kl_call_near_clear(b->engine, call) && !kl_call_destroy(b->engine, call));
    CHECK(!kl_clip_free(b->engine, clip));
    kl_srtp_destroy(keys);
    close(near);
    close(far);
    return NULL;
}

/* Both ends agree to another rate in the middle of a prompt and of a tone: each goes on from there to its end. */
static void test_rate_changes_under_prompt_and_tone(unsigned until)
{
    enum { LONG = 10 }; /* packets that both last: KL_TONE_BEEP and the clip are 200 ms */
    static const uint8_t codecs[] = {KL_CODEC_G722, KL_CODEC_PCMU, KL_CODEC_G722};
    static int16_t pcm[LONG * 320] = {1000};
    static kl_event events[64];
    /* However slow a sanitizer is, no end is late. */
    kl_engine_config config = {.rtp_bind_ip = "127.0.0.1", .jitter_min_ms = 20, .jitter_max_ms = 120, .stall_ms = 60000};
    kl_bus *bus = kl_bus_create();
    kl_engine *engine = kl_engine_create(bus, &config);
    uint16_t ports[2];
    int near = far_socket(&ports[0]), far = far_socket(&ports[1]);
    uint32_t call = (uint32_t)kl_call_create_bridged(engine, 0);
    uint32_t clip = (uint32_t)kl_clip_load(engine, pcm, LONG * 320);
    unsigned sequence = 0;

    for (int round = 0; round < 2; round++) {
        for (unsigned i = 0; i < LONG; i++) {
            kl_call_far_end end = {.ip = "127.0.0.1", .port = ports[0], .codec = codecs[round + (i >= until)]};
            if (i == 0 || i == until) {
                CHECK(!kl_call_near(engine, call, &end));
                end.port = ports[1];
                CHECK(!kl_call_far(engine, call, &end));
            }
            if (i == 0)
                CHECK(!kl_call_tone(engine, call, KL_TONE_BEEP) &&
                      !kl_call_play(engine, call, KL_SIDE_FAR, &clip, 1, KL_PLAY_QUEUE, 7));
            CHECK(kl_bus_poll(bus, events, 64) == 0);
            say_rtp(far, kl_engine_rtp_port(engine), ++sequence);
            hear(near);
            say_rtp(near, kl_engine_rtp_port(engine), sequence);
            hear(far);
        }
        CHECK(kl_bus_poll(bus, events, 64) == 1 && events[0].kind == KL_CALL_PLAYED && events[0].code == 7);
    }
    CHECK(!kl_call_destroy(engine, call) && !kl_clip_free(engine, clip));
    kl_engine_destroy(engine);
    kl_bus_destroy(bus);
    close(near);
    close(far);
}

static void test_calls_side_by_side(void)
{
    kl_engine_config config = {.rtp_bind_ip = "127.0.0.1", .jitter_min_ms = 20, .jitter_max_ms = 120};
    kl_bus *bus = kl_bus_create();
    kl_engine *engine = kl_engine_create(bus, &config);
    pthread_t threads[CALLS];
    bridge bridges[CALLS];

    CHECK(engine);
    for (int i = 0; i < CALLS; i++) {
        bridges[i] = (bridge){.engine = engine, .number = i};
        CHECK(!pthread_create(&threads[i], NULL, one_call, &bridges[i]));
    }
    for (int i = 0; i < CALLS; i++)
        pthread_join(threads[i], NULL);
    kl_engine_destroy(engine); /* and the writer has ended what it had begun */
    for (int i = 0; i < CALLS; i++)
        CHECK(unlink(bridges[i].path) == (i % 2 ? -1 : 0)); /* every other call is private */
    kl_bus_destroy(bus);
}

int main(void)
{
    test_calls_side_by_side();
    for (unsigned until = 1; until < 10; until += 4)
        test_rate_changes_under_prompt_and_tone(until);
    return 0;
}
