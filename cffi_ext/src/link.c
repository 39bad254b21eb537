#include "link.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "call.h"
#include "engine.h"
#include "link_frame.h"
#include "link_wire.h"

enum {
    READ_BYTES = 4096,
    READS_MOST = 16, /* 0.7 s of the fastest line: who sends more is not on one, and shall not hold up the others */
    /* Two frames waiting are 40 ms: more would only be heard late. */
    AUDIO_BACKLOG = 2 * KL_FRAME_WIRE_MAX,
};

/* Descriptor ------------------------------------------------------------------------------------ */

static void watch(kl_link *l, int operation)
{
    struct epoll_event ev = {.events = EPOLLIN | EPOLLET | (l->waiting ? EPOLLOUT : 0), .data.u32 = l->id};

    epoll_ctl(l->engine->epoll, operation, l->fd, &ev);
}

static void lose(kl_link *l, int error)
{
    if (l->gone)
        return;
    l->gone = true;
    l->out_start = l->out_end = 0;
    watch(l, EPOLL_CTL_DEL);
    engine_post(l->engine, KL_SRC_LINK, KL_LINK_GONE, l->id, error, NULL, 0);
}

static void flush(kl_link *l)
{
    while (!l->gone && l->out_start < l->out_end) {
        ssize_t n = write(l->fd, l->out + l->out_start, l->out_end - l->out_start);
        if (n > 0) {
            l->out_start += (uint32_t)n;
            l->counters.bytes_out += (uint64_t)n;
        } else if (n < 0 && errno == EINTR) {
            continue;
        } else if (n < 0 && errno != EAGAIN) {
            lose(l, errno);
        } else {
            break;
        }
    }
    bool wait = l->out_start < l->out_end;
    if (!wait)
        l->out_start = l->out_end = 0;
    if (!l->gone && wait != l->waiting) {
        l->waiting = wait;
        watch(l, EPOLL_CTL_MOD);
    }
}

/* Room for one more frame behind at most backlog unwritten bytes, or NULL. */
static uint8_t *room(kl_link *l, uint32_t backlog)
{
    uint32_t unwritten = l->out_end - l->out_start;

    if (l->gone || unwritten > backlog) {
        l->counters.write_overruns += !l->gone;
        return NULL;
    }
    if (l->out_start) {
        memmove(l->out, l->out + l->out_start, unwritten);
        l->out_start = 0;
        l->out_end = unwritten;
    }
    return l->out + l->out_end;
}

/* Sending --------------------------------------------------------------------------------------- */

static void send_frame(kl_link *l, uint8_t type, const uint8_t *text, size_t len, uint32_t backlog)
{
    unsigned which = l->send[l->active].keys ? l->active : 1 - l->active;
    send_keys *k = &l->send[which];
    bool clear = type < KL_WIRE_SEALED_FROM;

    if (!clear && (!k->keys || k->sequence == UINT32_MAX)) {
        l->counters.unsent++;
        return;
    }
    uint8_t *wire = room(l, backlog);
    if (!wire)
        return;
    uint32_t sequence = clear ? ++l->clear_sequence : ++k->sequence;
    int n = kl_frame_seal(clear ? NULL : k->keys, type, k->epoch, sequence, text, len, wire, KL_FRAME_WIRE_MAX);
    if (n < 0)
        return;
    l->out_end += (uint32_t)n;
    l->counters.frames_out++;
    l->counters.audio_out += type == KL_WIRE_MSG_AUDIO;
    flush(l);
}

void link_send_audio(kl_link *l, const int16_t *pcm)
{
    /* The samples are little-endian on the wire, as they are on every machine that this runs on. */
    _Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "link audio is little-endian");
    send_frame(l, KL_WIRE_MSG_AUDIO, (const uint8_t *)pcm, KL_WIRE_AUDIO_BYTES, AUDIO_BACKLOG);
}

void link_send_to(kl_engine *engine, uint32_t id, uint8_t type, const uint8_t *text, uint16_t len)
{
    kl_link *l = table_get(&engine->links, id);

    if (l)
        send_frame(l, type, text, len, LINK_OUT_BYTES - KL_FRAME_WIRE_MAX);
}

/* Receiving ------------------------------------------------------------------------------------- */

static void follow_promotion(kl_link *l, unsigned before)
{
    if (frame_rx_promotions(l->rx) != before && l->pending) {
        l->active = 1 - l->active;
        l->pending = false;
    }
}

static void near_audio(kl_link *l, const kl_frame *frame)
{
    int16_t pcm[KL_WIRE_AUDIO_BYTES / 2];

    memcpy(pcm, frame->text, sizeof pcm);
    call_handset_frame(l->call, pcm);
}

static void take_frames(kl_link *l)
{
    kl_frame frame;
    unsigned promotions = frame_rx_promotions(l->rx);

    while (kl_frame_rx_next(l->rx, &frame)) {
        follow_promotion(l, promotions);
        promotions = frame_rx_promotions(l->rx);
        if (frame.type != KL_WIRE_MSG_AUDIO)
            engine_post(l->engine, KL_SRC_LINK, KL_LINK_FRAME, l->id, frame.epoch << 8 | frame.type, frame.text,
                        frame.len);
        else if (l->call)
            near_audio(l, &frame);
        else
            l->counters.audio_unwired++;
    }
}

/* Whether there may be more. */
static bool take_bytes(kl_link *l)
{
    uint8_t bytes[READ_BYTES];
    ssize_t n = read(l->fd, bytes, sizeof bytes);

    if (n <= 0) {
        if (n == 0 || (errno != EAGAIN && errno != EINTR))
            lose(l, n ? errno : EIO);
        return n < 0 && errno == EINTR;
    }
    l->counters.bytes_in += (uint64_t)n;
    kl_frame_rx_feed(l->rx, bytes, (size_t)n);
    take_frames(l);
    return n == READ_BYTES;
}

/* The descriptor is watched for edges, which spares the kernel looking at it again: what is there is taken whole, and
 * a short read has left nothing. More of a flood than is taken comes with its next bytes. */
void link_ready(kl_link *l, uint32_t events)
{
    if (events & EPOLLOUT)
        flush(l);
    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
        for (int reads = 0; reads < READS_MOST && !l->gone && take_bytes(l); reads++)
            ;
    if (!l->gone && events & (EPOLLHUP | EPOLLERR))
        lose(l, EIO);
}

/* Public face: each function runs its second half in the audio thread ------------------------------ */

void link_free(kl_link *l)
{
    if (!l)
        return;
    kl_frame_rx_destroy(l->rx);
    kl_frame_keys_destroy(l->send[0].keys);
    kl_frame_keys_destroy(l->send[1].keys);
    free(l);
}

static int do_open(kl_engine *engine, void *arg)
{
    kl_link *l = arg;
    int id = table_put(&engine->links, l);
    struct epoll_event ev = {.events = EPOLLIN | EPOLLET};

    if (id < 0)
        return id;
    ev.data.u32 = l->id = (uint32_t)id;
    if (epoll_ctl(engine->epoll, EPOLL_CTL_ADD, l->fd, &ev)) {
        table_take(&engine->links, l->id);
        return -errno;
    }
    return id;
}

int kl_link_open(kl_engine *engine, int fd)
{
    int flags = fcntl(fd, F_GETFL);

    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
        return -errno;
    kl_link *l = calloc(1, sizeof *l);
    if (!l || !(l->rx = kl_frame_rx_create())) {
        free(l);
        return -ENOMEM;
    }
    l->engine = engine;
    l->fd = fd;
    int id = command_ask(&engine->commands, do_open, l);
    if (id < 0)
        link_free(l);
    return id;
}

typedef struct {
    uint32_t id;
    kl_link *taken;
} close_arg;

static int do_close(kl_engine *engine, void *arg)
{
    close_arg *a = arg;
    kl_link *l = table_take(&engine->links, a->id);

    if (!l)
        return -ENOENT;
    if (!l->gone)
        watch(l, EPOLL_CTL_DEL);
    if (l->call)
        handset_leg_unplug(&l->call->handset);
    a->taken = l;
    return 0;
}

int kl_link_close(kl_engine *engine, uint32_t id)
{
    close_arg a = {.id = id};
    int result = command_ask(&engine->commands, do_close, &a);

    link_free(a.taken);
    return result;
}

typedef struct {
    uint32_t id;
    uint8_t epoch;
    kl_frame_keys *receive, *send;
    kl_frame_keys *displaced[4];
} keys_arg;

static int do_keys(kl_engine *engine, void *arg)
{
    keys_arg *a = arg;
    kl_link *l = table_get(&engine->links, a->id);

    if (!l)
        return -ENOENT;
    send_keys *slot = &l->send[1 - l->active];
    a->displaced[0] = frame_rx_swap(l->rx, a->epoch, a->receive);
    a->displaced[1] = slot->keys;
    *slot = (send_keys){.keys = a->send, .epoch = a->epoch};
    l->pending = true;
    return 0;
}

int kl_link_keys(kl_engine *engine, uint32_t id, uint8_t epoch, const uint8_t *d2h_cipher,
                 const uint8_t *d2h_tag, const uint8_t *h2d_cipher, const uint8_t *h2d_tag)
{
    keys_arg a = {.id = id, .epoch = epoch};
    int result = -ENOMEM;

    if (!epoch)
        return -EINVAL;
    a.receive = kl_frame_keys_create(d2h_cipher, d2h_tag);
    a.send = kl_frame_keys_create(h2d_cipher, h2d_tag);
    if (a.receive && a.send)
        result = command_ask(&engine->commands, do_keys, &a);
    if (result) {
        kl_frame_keys_destroy(a.receive);
        kl_frame_keys_destroy(a.send);
    }
    kl_frame_keys_destroy(a.displaced[0]);
    kl_frame_keys_destroy(a.displaced[1]);
    return result;
}

static int do_forget(kl_engine *engine, void *arg)
{
    keys_arg *a = arg;
    kl_link *l = table_get(&engine->links, a->id);

    if (!l)
        return -ENOENT;
    frame_rx_take(l->rx, a->displaced);
    for (int i = 0; i < 2; i++) {
        a->displaced[2 + i] = l->send[i].keys;
        l->send[i] = (send_keys){0};
    }
    l->pending = false;
    return 0;
}

int kl_link_forget_keys(kl_engine *engine, uint32_t id)
{
    keys_arg a = {.id = id};
    int result = command_ask(&engine->commands, do_forget, &a);

    for (int i = 0; i < 4; i++)
        kl_frame_keys_destroy(a.displaced[i]);
    return result;
}

int kl_link_send(kl_engine *engine, uint32_t id, uint8_t type, const uint8_t *text, size_t len)
{
    if (len > KL_WIRE_CONTROL_BYTES || type == KL_WIRE_MSG_AUDIO)
        return -EMSGSIZE;
    return command_send(&engine->commands, id, type, text, (uint16_t)len);
}

typedef struct {
    uint32_t id;
    kl_link_counters *out;
} counters_arg;

static int do_counters(kl_engine *engine, void *arg)
{
    counters_arg *a = arg;
    kl_link *l = table_get(&engine->links, a->id);

    if (!l)
        return -ENOENT;
    *a->out = l->counters;
    kl_frame_rx_counters(l->rx, &a->out->received);
    return 0;
}

int kl_link_get_counters(kl_engine *engine, uint32_t id, kl_link_counters *out)
{
    counters_arg a = {id, out};

    return command_ask(&engine->commands, do_counters, &a);
}
