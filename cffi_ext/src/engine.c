#include "engine.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "bus.h"
#include "call.h"
#include "clip.h"
#include "codec.h"
#include "link.h"

enum {
    BATCH = 64,
    PHASE_MS = 5, /* each call is looked after in one of four phases of its 20 ms */
    PHASES = 4,
    PORT_TRIES = 64,
    STALL_MS = 60, /* serial drivers and loaded hosts deliver frames in bunches of up to three */
    GATHER_LINKS = 32, /* from so many on there is more than one frame to be gathered */
    JITTER_MOST_MS = 400, /* must stay well under JITTER_RING */
    /* What epoll hands back: a link's id, or one of these, which no link has. */
    READY_COMMANDS = 0,
};
static const uint32_t READY_RTP = UINT32_MAX, READY_RTCP = UINT32_MAX - 1;
static const int64_t PHASE_NS = PHASE_MS * 1000000, GATHER_NS = 1000000;

int64_t engine_clock_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

void engine_post(kl_engine *engine, uint16_t source, uint16_t kind, uint32_t id, int32_t code,
                 const void *data, uint32_t len)
{
    kl_event event;

    event.source = source;
    event.kind = kind;
    event.id = id;
    event.code = code;
    event.len = len;
    event.mono_ns = engine->now_ns;
    if (len)
        memcpy(event.data, data, len);
    kl_bus_post(engine->bus, KL_LANE_AUDIO, &event);
}

/* Audio thread ---------------------------------------------------------------------------------- */

static void take_rtp(void *user, rtp_leg *leg, uint8_t *bytes, size_t len)
{
    kl_engine *engine = user;

    if (leg)
        rtp_leg_take(leg, bytes, len);
    else
        engine->counters.rtp_unknown_source++;
}

static void take_rtcp(void *user, rtp_leg *leg, uint8_t *bytes, size_t len)
{
    kl_engine *engine = user;

    if (leg)
        rtp_leg_take_rtcp(leg, bytes, len);
    else
        engine->counters.rtp_unknown_source++;
}

static void ready(kl_engine *engine, const struct epoll_event *ev)
{
    if (ev->data.u32 == READY_COMMANDS) {
        command_run(engine, &engine->commands);
    } else if (ev->data.u32 == READY_RTP) {
        rtp_port_read(&engine->rtp, take_rtp, engine);
    } else if (ev->data.u32 == READY_RTCP) {
        rtp_port_read(&engine->rtcp, take_rtcp, engine);
    } else {
        /* A command of the same batch may have closed it. */
        kl_link *l = table_get(&engine->links, ev->data.u32);
        if (l && !l->gone)
            link_ready(l, ev->events);
    }
}

static void tick(kl_engine *engine)
{
    if (engine->now_ns < engine->next_phase_ns)
        return;
    engine->next_phase_ns = engine->now_ns + PHASE_NS;
    engine->phase++;
    for (uint32_t i = engine->phase % PHASES; i < engine->calls.high; i += PHASES)
        if (engine->calls.item[i])
            call_tick(engine->calls.item[i]);
}

/* Many handsets' frames come one by one all the time. Woken once a millisecond for what has come by then, the thread asks
 * the kernel once for all of it, and sends all answers at once. Who asks it something need not wait for that. */
static void gather(const kl_engine *engine)
{
    struct pollfd asked = {.fd = engine->commands.wake, .events = POLLIN};
    struct timespec left = {.tv_nsec = engine->now_ns + GATHER_NS - engine_clock_ns()};

    if (engine->links.count >= GATHER_LINKS && left.tv_nsec > 0)
        ppoll(&asked, 1, &left, NULL);
}

static void *run(void *arg)
{
    kl_engine *engine = arg;
    struct epoll_event events[BATCH];
    struct sched_param fifo = {.sched_priority = engine->config.fifo_priority};

    pthread_setname_np(pthread_self(), "kinline-audio");
    if (fifo.sched_priority > 0)
        engine->counters.fifo = !pthread_setschedparam(pthread_self(), SCHED_FIFO, &fifo);
    while (!engine->stopping) {
        int n = epoll_wait(engine->epoll, events, BATCH, engine->calls.count ? PHASE_MS : -1);
        engine->now_ns = engine_clock_ns();
        engine->counters.wakeups++;
        for (int i = 0; i < n; i++)
            ready(engine, &events[i]);
        tick(engine);
        rtp_port_flush(&engine->rtp);
        rtp_port_flush(&engine->rtcp);
        gather(engine);
    }
    return NULL;
}

/* Life ------------------------------------------------------------------------------------------ */

static int watch(kl_engine *engine, int fd, uint32_t data)
{
    struct epoll_event ev = {.events = EPOLLIN, .data.u32 = data};

    return epoll_ctl(engine->epoll, EPOLL_CTL_ADD, fd, &ev) ? -errno : 0;
}

static int make_tones(kl_engine *engine)
{
    for (int tone = KL_TONE_NONE + 1; tone < KL_TONE_COUNT; tone++)
        if (!(engine->tones[tone] = clip_tone(tone)))
            return -ENOMEM;
    return 0;
}

static void free_tones(kl_engine *engine)
{
    for (int tone = 0; tone < KL_TONE_COUNT; tone++)
        clip_free(engine->tones[tone]);
}

static int start_threads(kl_engine *engine)
{
    engine->writer = writer_create(engine->bus);
    if (!engine->writer)
        return -errno;
    int error = pthread_create(&engine->audio, NULL, run, engine);
    if (error)
        writer_destroy(engine->writer);
    return -error;
}

/* RTP's and the one after it; where any will do, both of them are looked for. */
static int open_ports(kl_engine *engine)
{
    const char *ip = engine->config.rtp_bind_ip;

    for (int tries = 0;; tries++) {
        int error = rtp_port_open(&engine->rtp, ip, engine->config.rtp_port);
        if (error)
            return error;
        error = engine->rtp.port == UINT16_MAX ? -EINVAL : rtp_port_open(&engine->rtcp, ip, engine->rtp.port + 1);
        if (!error)
            return 0;
        rtp_port_close(&engine->rtp);
        if (engine->config.rtp_port || tries == PORT_TRIES)
            return error;
    }
}

/* Opens in order, and on failure closes what was opened. */
static int start(kl_engine *engine)
{
    int error = command_queue_init(&engine->commands);

    if (error)
        return error;
    error = open_ports(engine);
    if (error)
        goto close_commands;
    engine->epoll = epoll_create1(EPOLL_CLOEXEC);
    error = engine->epoll < 0 ? -errno : 0;
    if (error)
        goto close_rtp;
    if ((error = watch(engine, engine->commands.wake, READY_COMMANDS)) ||
        (error = watch(engine, engine->rtp.fd, READY_RTP)) ||
        (error = watch(engine, engine->rtcp.fd, READY_RTCP)) || (error = make_tones(engine)) ||
        (error = start_threads(engine)))
        goto close_epoll;
    return 0;

close_epoll:
    free_tones(engine);
    close(engine->epoll);
close_rtp:
    rtp_port_close(&engine->rtcp);
    rtp_port_close(&engine->rtp);
close_commands:
    command_queue_close(&engine->commands);
    return error;
}

kl_engine *kl_engine_create(kl_bus *bus, const kl_engine_config *config)
{
    if (!bus || config->jitter_min_ms > config->jitter_max_ms || config->jitter_max_ms > JITTER_MOST_MS) {
        errno = EINVAL;
        return NULL;
    }
    kl_engine *engine = aligned_alloc(64, sizeof *engine);
    if (!engine)
        return NULL;
    memset(engine, 0, sizeof *engine);
    codec_init();
    engine->bus = bus;
    engine->config = *config;
    if (!engine->config.stall_ms)
        engine->config.stall_ms = STALL_MS;
    engine->now_ns = engine_clock_ns();
    int error = start(engine);
    engine->config.rtp_bind_ip = NULL; /* the caller's string */
    if (!error)
        return engine;
    free(engine);
    errno = -error;
    return NULL;
}

static int do_stop(kl_engine *engine, void *arg)
{
    (void)arg;
    engine->stopping = true;
    return 0;
}

void kl_engine_destroy(kl_engine *engine)
{
    if (!engine)
        return;
    command_ask(&engine->commands, do_stop, NULL);
    pthread_join(engine->audio, NULL);
    for (uint32_t i = 0; i < engine->calls.high; i++) {
        if (engine->calls.item[i]) {
            call_unhook(engine->calls.item[i]);
            call_free(engine->calls.item[i]);
        }
    }
    writer_destroy(engine->writer);
    for (uint32_t i = 0; i < engine->links.high; i++)
        link_free(engine->links.item[i]);
    for (uint32_t i = 0; i < engine->clips.high; i++)
        clip_free(engine->clips.item[i]);
    free_tones(engine);
    close(engine->epoll);
    rtp_port_close(&engine->rtcp);
    rtp_port_close(&engine->rtp);
    command_queue_close(&engine->commands);
    free(engine);
}

int kl_engine_rtp_port(kl_engine *engine)
{
    return engine->rtp.port;
}

static int do_counters(kl_engine *engine, void *arg)
{
    kl_engine_counters *out = arg;

    *out = engine->counters;
    out->rtp_send_failed = engine->rtp.send_failed + engine->rtcp.send_failed;
    out->links = engine->links.count;
    out->calls = engine->calls.count;
    out->clips = engine->clips.count;
    return 0;
}

int kl_engine_get_counters(kl_engine *engine, kl_engine_counters *out)
{
    clockid_t clock;
    struct timespec t = {0};
    int result = command_ask(&engine->commands, do_counters, out);

    if (!pthread_getcpuclockid(engine->audio, &clock) && !clock_gettime(clock, &t))
        out->audio_cpu_ns = (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
    return result;
}
