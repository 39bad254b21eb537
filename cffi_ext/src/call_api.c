/* The public face of clips and calls: the first half of each function runs in the caller's thread
 * and may allocate and open files, the second half (do_...) in the audio thread may not. */
#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "call.h"
#include "clip.h"
#include "engine.h"
#include "link.h"

/* Clips ----------------------------------------------------------------------------------------- */

static int do_clip_load(kl_engine *engine, void *arg)
{
    return table_put(&engine->clips, arg);
}

int kl_clip_load(kl_engine *engine, const int16_t *samples, size_t n)
{
    if (!n)
        return -EINVAL;
    clip *c = clip_create(samples, n);
    if (!c)
        return -ENOMEM;
    int id = command_ask(&engine->commands, do_clip_load, c);
    if (id < 0)
        clip_free(c);
    return id;
}

typedef struct {
    uint32_t id;
    clip *taken;
} clip_arg;

static int do_clip_free(kl_engine *engine, void *arg)
{
    clip_arg *a = arg;
    clip *c = table_get(&engine->clips, a->id);

    if (!c)
        return -ENOENT;
    if (c->uses)
        return -EBUSY;
    a->taken = table_take(&engine->clips, a->id);
    return 0;
}

int kl_clip_free(kl_engine *engine, uint32_t id)
{
    clip_arg a = {.id = id};
    int result = command_ask(&engine->commands, do_clip_free, &a);

    clip_free(a.taken);
    return result;
}

/* Calls ----------------------------------------------------------------------------------------- */

typedef struct {
    uint32_t link;
    kl_call *call;
} create_arg;

static int do_create(kl_engine *engine, void *arg)
{
    create_arg *a = arg;
    kl_link *l = table_get(&engine->links, a->link);
    kl_call *c = a->call;

    if (!l)
        return -ENOENT;
    if (l->call)
        return -EBUSY;
    int id = table_put(&engine->calls, c);
    if (id < 0)
        return id;
    c->id = (uint32_t)id;
    c->link = l;
    c->due_ns = engine->now_ns;
    l->call = c;
    return id;
}

int kl_call_create(kl_engine *engine, uint32_t link_id, uint32_t flags)
{
    create_arg a = {link_id, call_new(engine, flags & KL_CALL_PRIVILEGED)};
    uint32_t random[2];

    if (!a.call)
        return -ENOMEM;
    if (getrandom(random, sizeof random, 0) != sizeof random) {
        call_free(a.call);
        return -EIO;
    }
    a.call->far.ssrc = random[0];
    a.call->far.timestamp = random[1];
    a.call->far.sequence = (uint16_t)(random[1] >> 16);
    int id = command_ask(&engine->commands, do_create, &a);
    if (id < 0)
        call_free(a.call);
    return id;
}

typedef struct {
    uint32_t id;
    kl_call *taken;
} destroy_arg;

static int do_destroy(kl_engine *engine, void *arg)
{
    destroy_arg *a = arg;

    a->taken = table_take(&engine->calls, a->id);
    if (!a->taken)
        return -ENOENT;
    call_unhook(a->taken);
    return 0;
}

int kl_call_destroy(kl_engine *engine, uint32_t id)
{
    destroy_arg a = {.id = id};
    int result = command_ask(&engine->commands, do_destroy, &a);

    call_free(a.taken);
    return result;
}

/* Far end --------------------------------------------------------------------------------------- */

typedef struct {
    uint32_t id;
    const kl_call_far_end *far_end;
    struct sockaddr_in address;
} far_arg;

static int do_far(kl_engine *engine, void *arg)
{
    far_arg *a = arg;
    kl_call *c = table_get(&engine->calls, a->id);

    if (!c)
        return -ENOENT;
    int error = rtp_route_add(&engine->rtp, &a->address, c);
    if (error)
        return error;
    far_leg *f = &c->far;
    bool moved = f->set && memcmp(&f->address, &a->address, sizeof a->address);
    if (moved)
        rtp_route_remove(&engine->rtp, &f->address);
    if (moved || !f->set) {
        jitter_restart(&c->jitter);
        c->dtmf.event_seen = false;
        f->heard_ns = engine->now_ns;
    }
    f->set = true;
    f->address = a->address;
    f->codec = a->far_end->codec;
    f->payload_type = a->far_end->payload_type;
    f->dtmf_type = a->far_end->dtmf_type;
    return 0;
}

int kl_call_far(kl_engine *engine, uint32_t id, const kl_call_far_end *far_end)
{
    far_arg a = {.id = id, .far_end = far_end};

    if (rtp_address(far_end->ip, far_end->port, &a.address) || !far_end->port ||
        (far_end->codec != KL_CODEC_PCMU && far_end->codec != KL_CODEC_PCMA) || far_end->payload_type > 127 ||
        far_end->dtmf_type > 127)
        return -EINVAL;
    return command_ask(&engine->commands, do_far, &a);
}

static int do_far_clear(kl_engine *engine, void *arg)
{
    kl_call *c = table_get(&engine->calls, *(uint32_t *)arg);

    if (!c)
        return -ENOENT;
    if (c->far.set)
        rtp_route_remove(&engine->rtp, &c->far.address);
    c->far.set = c->far.talking = c->far.silent_told = false;
    player_stop(&c->far_player);
    return 0;
}

int kl_call_far_clear(kl_engine *engine, uint32_t id)
{
    return command_ask(&engine->commands, do_far_clear, &id);
}

/* Gate, detection, tone ------------------------------------------------------------------------- */

typedef struct {
    uint32_t id;
    int value;
} value_arg;

static int do_gate(kl_engine *engine, void *arg)
{
    value_arg *a = arg;
    kl_call *c = table_get(&engine->calls, a->id);

    if (!c)
        return -ENOENT;
    if (a->value && !c->gate) {
        /* Filters and jitter buffer remember what was said before: none of it may come through. */
        jitter_forget(&c->jitter);
        speex_resampler_reset_mem(c->down);
        speex_resampler_reset_mem(c->up);
        c->dtmf.in_band = false;
        c->far.heard_ns = engine->now_ns;
    } else if (!a->value && c->gate) {
        c->dtmf.in_band = true; /* another called party may be asked next */
    }
    c->gate = a->value;
    return 0;
}

int kl_call_gate(kl_engine *engine, uint32_t id, int open)
{
    value_arg a = {id, open};

    return command_ask(&engine->commands, do_gate, &a);
}

static int do_detect(kl_engine *engine, void *arg)
{
    value_arg *a = arg;
    kl_call *c = table_get(&engine->calls, a->id);

    if (!c)
        return -ENOENT;
    c->dtmf.in_band = a->value;
    return 0;
}

int kl_call_detect(kl_engine *engine, uint32_t id, int on)
{
    value_arg a = {id, on};

    return command_ask(&engine->commands, do_detect, &a);
}

static int do_tone(kl_engine *engine, void *arg)
{
    value_arg *a = arg;
    kl_call *c = table_get(&engine->calls, a->id);

    if (!c)
        return -ENOENT;
    c->tone = engine->tones[a->value];
    c->tone_at = 0;
    c->tone_once = a->value == KL_TONE_BEEP;
    return 0;
}

int kl_call_tone(kl_engine *engine, uint32_t id, int tone)
{
    value_arg a = {id, tone};

    if (tone < 0 || tone >= KL_TONE_COUNT)
        return -EINVAL;
    return command_ask(&engine->commands, do_tone, &a);
}

/* Prompts --------------------------------------------------------------------------------------- */

typedef struct {
    uint32_t id;
    int side, mode;
    const uint32_t *clips;
    size_t n;
    int32_t token;
} play_arg;

static play *free_play(kl_call *c)
{
    for (int i = 0; i < CALL_PLAYS; i++)
        if (!c->plays[i].entries)
            return &c->plays[i];
    return NULL;
}

static bool fits(const player *p, size_t n, int mode)
{
    return n <= (mode == KL_PLAY_REPLACE ? PLAYER_ENTRIES : player_room(p));
}

static int do_play(kl_engine *engine, void *arg)
{
    play_arg *a = arg;
    kl_call *c = table_get(&engine->calls, a->id);
    player *sides[2] = {0};

    if (!c)
        return -ENOENT;
    if (a->side & KL_SIDE_FAR && !c->far.set)
        return -ENOTCONN;
    if (a->side & KL_SIDE_NEAR)
        sides[0] = &c->near_player;
    if (a->side & KL_SIDE_FAR)
        sides[1] = &c->far_player;
    for (size_t i = 0; i < a->n; i++)
        if (!table_get(&engine->clips, a->clips[i]))
            return -ENOENT;
    for (int s = 0; s < 2; s++)
        if (sides[s] && !fits(sides[s], a->n, a->mode))
            return -ENOBUFS;
    for (int s = 0; s < 2; s++)
        if (sides[s] && a->mode == KL_PLAY_REPLACE)
            player_stop(sides[s]);
    play *owner = free_play(c);
    if (!owner)
        return -ENOBUFS;
    *owner = (play){.token = a->token};
    for (int s = 0; s < 2; s++)
        for (size_t i = 0; sides[s] && i < a->n; i++)
            player_add(sides[s], table_get(&engine->clips, a->clips[i]), owner, a->mode == KL_PLAY_OVERLAY);
    return 0;
}

int kl_call_play(kl_engine *engine, uint32_t id, int side, const uint32_t *clips, size_t n, int mode,
                 int32_t token)
{
    play_arg a = {id, side, mode, clips, n, token};

    if (side < KL_SIDE_NEAR || side > KL_SIDE_BOTH || mode < KL_PLAY_REPLACE || mode > KL_PLAY_OVERLAY || !n)
        return -EINVAL;
    return command_ask(&engine->commands, do_play, &a);
}

static int do_stop(kl_engine *engine, void *arg)
{
    value_arg *a = arg;
    kl_call *c = table_get(&engine->calls, a->id);

    if (!c)
        return -ENOENT;
    if (a->value & KL_SIDE_NEAR)
        player_stop(&c->near_player);
    if (a->value & KL_SIDE_FAR)
        player_stop(&c->far_player);
    return 0;
}

int kl_call_stop(kl_engine *engine, uint32_t id, int side)
{
    value_arg a = {id, side};

    return command_ask(&engine->commands, do_stop, &a);
}

/* Recording ------------------------------------------------------------------------------------- */

typedef struct {
    uint32_t id;
    recorder *recorder; /* NULL: only ask whether one may be attached */
} record_arg;

static int do_record(kl_engine *engine, void *arg)
{
    record_arg *a = arg;
    kl_call *c = table_get(&engine->calls, a->id);
    recorder **place = c ? call_recorder(c) : NULL;

    if (!c)
        return -ENOENT;
    if (!place)
        return -EPERM;
    if (*place)
        return -EBUSY;
    *place = a->recorder;
    return 0;
}

int kl_call_record(kl_engine *engine, uint32_t id, const kl_recording *recording)
{
    record_arg a = {.id = id};
    if (recording->rate != 8000) /* all that passes the gate is that of a narrow band */
        return -EINVAL;
    int error = command_ask(&engine->commands, do_record, &a);

    if (error)
        return error;
    a.recorder = recorder_open(engine->writer, recording, id);
    if (!a.recorder)
        return -errno;
    error = command_ask(&engine->commands, do_record, &a);
    if (error) /* the call ended, or another thread was first */
        recorder_drop(a.recorder);
    return error;
}

static int do_record_stop(kl_engine *engine, void *arg)
{
    kl_call *c = table_get(&engine->calls, *(uint32_t *)arg);
    recorder **place = c ? call_recorder(c) : NULL;

    if (!c)
        return -ENOENT;
    if (!place)
        return -EPERM;
    if (!*place)
        return -EALREADY;
    recorder_end(*place);
    *place = NULL;
    return 0;
}

int kl_call_record_stop(kl_engine *engine, uint32_t id)
{
    return command_ask(&engine->commands, do_record_stop, &id);
}

/* Counters -------------------------------------------------------------------------------------- */

typedef struct {
    uint32_t id;
    kl_call_counters *out;
} counters_arg;

static int do_counters(kl_engine *engine, void *arg)
{
    counters_arg *a = arg;
    kl_call *c = table_get(&engine->calls, a->id);
    recorder **place = c ? call_recorder(c) : NULL;

    if (!c)
        return -ENOENT;
    const jitter_counters *j = &c->jitter.counters;
    *a->out = c->counters;
    a->out->rtp_received = j->received;
    a->out->rtp_lost = j->lost;
    a->out->rtp_reordered = j->reordered;
    a->out->rtp_duplicate = j->duplicate;
    a->out->rtp_late = j->late;
    a->out->concealed_samples = j->concealed_samples;
    a->out->jitter_us = j->jitter_us;
    a->out->delay_ms = j->delay_ms;
    a->out->gate = c->gate;
    a->out->recording = place && *place;
    return 0;
}

int kl_call_get_counters(kl_engine *engine, uint32_t id, kl_call_counters *out)
{
    counters_arg a = {id, out};

    return command_ask(&engine->commands, do_counters, &a);
}
