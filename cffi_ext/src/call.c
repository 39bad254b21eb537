#include "call.h"

#include <stdlib.h>

#include "engine.h"

static const int64_t VOICE_NS = VOICE_MS * 1000000;

void call_post(kl_call *c, uint16_t kind, int32_t code, const void *data, uint32_t len)
{
    engine_post(c->engine, KL_SRC_CALL, kind, c->id, code, data, len);
}

recording_place *call_recording(kl_call *c)
{
    switch (c->places) {
    case KL_CALL_RECORDED:
        return &((recorded_call *)c)->recording;
    case KL_CALL_RECORDED | KL_CALL_MONITORED:
        return &((observed_call *)c)->recording;
    default:
        return NULL;
    }
}

monitoring_place *call_monitoring(kl_call *c)
{
    switch (c->places) {
    case KL_CALL_MONITORED:
        return &((monitored_call *)c)->monitoring;
    case KL_CALL_RECORDED | KL_CALL_MONITORED:
        return &((observed_call *)c)->monitoring;
    default:
        return NULL;
    }
}

kept_text *call_text(kl_call *c)
{
    recording_place *place = call_recording(c);

    return place ? place->text : NULL;
}

rtp_leg *call_rtp_leg(kl_call *c, const leg *l)
{
    if (l == &c->far.leg)
        return &c->far;
    return c->bridged ? &c->near : NULL;
}

int call_side_of(const kl_call *c, const rtp_leg *r)
{
    return r == &c->far ? KL_SIDE_FAR : KL_SIDE_NEAR;
}

/* Life ------------------------------------------------------------------------------------------ */

static void play_over(void *user, const play *ended)
{
    call_post(user, ended->stopped ? KL_CALL_STOPPED : KL_CALL_PLAYED, ended->token, NULL, 0);
}

static bool init(kl_call *c)
{
    leg *near = c->bridged ? &c->near.leg : &c->handset.leg;

    if (c->bridged && !rtp_leg_init(&c->near, c, false))
        return false;
    if (!c->bridged && !handset_leg_init(&c->handset, c->engine->config.clean_microphone))
        return false;
    c->to_far.player.over = c->to_near.player.over = play_over;
    c->to_far.player.user = c->to_near.player.user = c;
    direction_init(&c->to_far, near, &c->far.leg);
    direction_init(&c->to_near, &c->far.leg, near);
    return rtp_leg_init(&c->far, c, !c->bridged);
}

static size_t size_with(uint32_t places)
{
    switch (places) {
    case KL_CALL_RECORDED:
        return sizeof(recorded_call);
    case KL_CALL_MONITORED:
        return sizeof(monitored_call);
    case KL_CALL_RECORDED | KL_CALL_MONITORED:
        return sizeof(observed_call);
    default:
        return sizeof(kl_call);
    }
}

kl_call *call_new(kl_engine *engine, uint32_t places, bool bridged)
{
    kl_call *c = calloc(1, size_with(places));

    if (!c)
        return NULL;
    c->engine = engine;
    c->places = places;
    c->bridged = bridged;
    if (init(c))
        return c;
    call_free(c);
    return NULL;
}

void call_free(kl_call *c)
{
    if (!c)
        return;
    rtp_leg_release(&c->far);
    if (c->bridged)
        rtp_leg_release(&c->near);
    else
        handset_leg_release(&c->handset);
    kl_detect_destroy(c->ears.detect);
    free(c);
}

void call_unhook(kl_call *c)
{
    c->to_far.from->kind->unhook(c->to_far.from);
    c->to_far.to->kind->unhook(c->to_far.to);
    player_stop(&c->to_near.player);
    player_stop(&c->to_far.player);
    observe_end(c);
}

void call_gate(kl_call *c, bool open)
{
    if (open == c->gate)
        return;
    if (open) {
        /* Filters and jitter buffer remember what was said before: none of it may come through. */
        rtp_leg_forget(&c->far);
        if (c->bridged)
            rtp_leg_forget(&c->near);
        talk_forget(c, &c->to_far);
        talk_forget(c, &c->to_near);
    }
    /* Another called party may be asked next. */
    c->far.dtmf.in_band = !open;
    if (c->bridged)
        c->near.dtmf.in_band = !open;
    c->gate = open;
}

void call_tone_safe(kl_call *c, bool on)
{
    c->tone_safe = on;
    if (c->far.jitter)
        c->far.jitter->tone_safe = on;
    if (!c->bridged)
        c->handset.flat = on;
}

/* Time ------------------------------------------------------------------------------------------ */

/* The speaker's next stretch of so long has come. */
static void keep_time(kl_call *c, direction *d, int64_t ns)
{
    int64_t ahead = c->engine->now_ns + 2 * VOICE_NS;

    d->due_ns += ns;
    if (d->due_ns > ahead) /* the speaker's clock is the faster one, or a bunch has come */
        d->due_ns = ahead;
}

void call_handset_frame(kl_call *c, const int16_t *pcm)
{
    c->near_frames++;
    keep_time(c, &c->to_far, VOICE_NS);
    c->handset.frame = pcm;
    c->handset.clean_to = c->gate && !c->tone_safe ? c->far.leg.rate : 0;
    talk_pass(c, &c->to_far);
    talk_pass(c, &c->to_near);
    c->handset.frame = NULL;
}

static direction *direction_from(kl_call *c, const rtp_leg *r)
{
    return r == &c->far ? &c->to_near : &c->to_far;
}

void call_rtp_frame(kl_call *c, rtp_leg *r)
{
    direction *d = direction_from(c, r);

    c->near_frames += r != &c->far;
    keep_time(c, d, r->at_hand.n * (int64_t)1000000000 / r->at_hand.rate);
    talk_pass(c, d);
}

void call_miss(kl_call *c, rtp_leg *r, uint32_t gap, unsigned lost)
{
    talk_miss(c, direction_from(c, r), (int)gap);
    rtp_leg_pass_gap(r == &c->far ? &c->near : &c->far, gap, lost);
}

/* Goes on without the speaker; returns how often. */
static unsigned go_on(kl_call *c, direction *d)
{
    int64_t patience = (int64_t)c->engine->config.stall_ms * 1000000;
    unsigned periods = 0;

    for (; c->engine->now_ns - d->due_ns > patience; periods++) {
        d->due_ns += VOICE_NS;
        talk_pass(c, d);
        if (!c->bridged)
            talk_pass(c, &c->to_near);
    }
    return periods;
}

void call_tick(kl_call *c)
{
    c->near_stalled += go_on(c, &c->to_far);
    if (c->bridged) {
        go_on(c, &c->to_near);
        rtp_leg_watch(&c->near);
    }
    rtp_leg_watch(&c->far);
}
