#include "talk.h"

#include <string.h>

#include "call.h"
#include "engine.h"
#include "mix.h"

/* Rates ----------------------------------------------------------------------------------------- */

/* A stretch of voice on its way, and at the other rate for those who want it so; n of 0: nobody has asked yet. */
typedef struct {
    voice voice;
    voice narrow, wide;
} stretch;

enum {
    PAUSE_BLOCKS = 150,  /* 1.5 s: who types slowly thinks for a second between two words */
    HELD_MOST_MS = 5000, /* half of what the shortest warning leaves */
};

static const voice *narrow(direction *d, stretch *s)
{
    if (s->voice.rate == 8000)
        return &s->voice;
    if (!s->narrow.n) {
        s->narrow.rate = 8000;
        s->narrow.n = s->voice.n / 2;
        halves_down(&d->down, s->voice.pcm, s->narrow.n, s->narrow.pcm);
    }
    return &s->narrow;
}

static const voice *wide(direction *d, stretch *s)
{
    if (s->voice.rate == 16000)
        return &s->voice;
    if (!s->wide.n) {
        s->wide.rate = 16000;
        s->wide.n = s->voice.n * 2;
        halves_up(&d->up, s->voice.pcm, s->voice.n, s->wide.pcm);
    }
    return &s->wide;
}

static const voice *at_rate(direction *d, stretch *s, int rate)
{
    return rate == 8000 ? narrow(d, s) : wide(d, s);
}

/* Stages ---------------------------------------------------------------------------------------- */

/* Hears what the party does, before acceptance too. */
static void detect(kl_call *c, direction *d, stretch *s, heard how)
{
    rtp_leg *r = call_rtp_leg(c, d->from);

    if (r && r->dtmf.in_band && how == HEARD_VOICE)
        dtmf_audio(&r->dtmf, narrow(d, s)->pcm, narrow(d, s)->n, c->engine->now_ns);
    if (c->ears.detect && d == &c->to_near && how != HEARD_NOTHING)
        ears_far(c, narrow(d, s)->pcm, narrow(d, s)->n);
}

/* Closed, not one sample passes. */
static void pass_gate(const kl_call *c, stretch *s)
{
    if (c->gate)
        return;
    memset(s->voice.pcm, 0, sizeof s->voice.pcm);
    memset(s->narrow.pcm, 0, sizeof s->narrow.pcm);
    memset(s->wide.pcm, 0, sizeof s->wide.pcm);
}

static int channel(const kl_call *c, const direction *d)
{
    return d == &c->to_far ? STEREO_LEFT : STEREO_RIGHT;
}

/* What passed the gate, for staff who listen. A private call has nobody. */
static void overhear(kl_call *c, direction *d, stretch *s)
{
    monitoring_place *place = call_monitoring(c);

    if (place && place->voices.take)
        stereo_put(&place->voices, channel(c, d), wide(d, s)->pcm, wide(d, s)->n);
}

/* Staff speak to the listener, over the talk; whether they do. Closed, nobody does, and what they say is gone. */
static bool barge(kl_call *c, direction *d, stretch *s)
{
    monitoring_place *place = call_monitoring(c);
    voice *const rates[] = {&s->voice, &s->narrow, &s->wide};
    bool any = false;

    for (int i = 0; place && i < CALL_MONITORS; i++) {
        if (place->by[i] && c->gate)
            any |= monitor_speak(place->by[i], channel(c, d), rates, 3);
        else if (place->by[i])
            monitor_forget(place->by[i], channel(c, d));
    }
    return any;
}

/* All that the listener hears of a person, for the record. A private call has none. */
static void keep(kl_call *c, direction *d, stretch *s)
{
    recording_place *place = call_recording(c);

    if (place && place->recorder) {
        const voice *v = at_rate(d, s, (int)recorder_rate(place->recorder));
        stereo_put(&place->voices, channel(c, d), v->pcm, v->n);
    }
}

/* Two texts at once are none: what is to be said over a talk waits until whoever types has paused, as the other party
 * does, or it has waited long enough. */
static bool waits_for_typing(const kl_call *c, direction *d, int n)
{
    if (!player_overlay_is_next(&d->player) || !c->ears.detect || !detect_typing(c->ears.detect, PAUSE_BLOCKS) ||
        d->held_ms >= HELD_MOST_MS) {
        d->held_ms = player_busy(&d->player) ? d->held_ms : 0;
        return false;
    }
    d->held_ms += (uint32_t)(n * 1000 / d->to->rate);
    return true;
}

/* What is being said to the listener, over or instead of the talk already in out. */
static bool mix_prompt(direction *d, int16_t *out, int n)
{
    int16_t prompt[VOICE_WIDE];
    player_mode mode = player_pull(&d->player, prompt, (size_t)n, d->to->rate == 16000);

    if (mode == PLAYER_IDLE)
        return false;
    if (mode == PLAYER_OVERLAY)
        mix_duck(out, n);
    else
        memset(out, 0, (size_t)n * sizeof *out);
    mix_add(out, prompt, n);
    return true;
}

static void mix_tone(direction *d, int16_t *out, int n)
{
    bool wide = d->to->rate == 16000;

    while (n && d->tone) {
        size_t left;
        const int16_t *pcm = clip_from(d->tone, d->tone_at, wide, &left);
        int take = left < (size_t)n ? (int)left : n;

        mix_add(out, pcm, take);
        out += take;
        n -= take;
        d->tone_at += (size_t)(wide ? take / 2 : take);
        if ((size_t)take < left)
            break;
        d->tone_at = 0;
        if (d->tone_once)
            d->tone = NULL;
    }
}

static void say(kl_call *c, direction *d, stretch *s, heard how)
{
    int n = s->voice.n * d->to->rate / s->voice.rate;
    bool prompt = player_busy(&d->player) && !waits_for_typing(c, d, n);
    int16_t out[VOICE_WIDE], own[VOICE_WIDE];

    if (how == HEARD_NOTHING && !prompt) {
        d->to->kind->skip(d->to, n);
    } else if (!c->gate && !prompt && !d->tone) {
        d->to->kind->say(d->to, NULL, n);
    } else {
        if (c->gate)
            memcpy(out, at_rate(d, s, d->to->rate)->pcm, (size_t)n * sizeof *out);
        else
            memset(out, 0, (size_t)n * sizeof *out);
        memcpy(own, out, (size_t)n * sizeof *own);
        if (!prompt || !mix_prompt(d, out, n))
            mix_tone(d, out, n);
        if (c->ears.detect && d == &c->to_far)
            ears_near(c, out, own, n, d->to->rate);
        d->to->kind->say(d->to, out, n);
    }
}

/* The path -------------------------------------------------------------------------------------- */

void talk_pass(kl_call *c, direction *d)
{
    stretch s;

    s.narrow.n = s.wide.n = 0;
    heard how = d->from->kind->hear(d->from, &s.voice);

    if (how != HEARD_NOTHING)
        d->rms = mix_rms(s.voice.pcm, s.voice.n);
    detect(c, d, &s, how);
    pass_gate(c, &s);
    overhear(c, d, &s);
    if (barge(c, d, &s) && how == HEARD_NOTHING)
        how = HEARD_MADE_UP;
    keep(c, d, &s);
    if (d->to->kind->listens(d->to))
        say(c, d, &s, how);
}

void talk_miss(kl_call *c, direction *d, int n)
{
    recording_place *recording = call_recording(c);
    monitoring_place *monitoring = call_monitoring(c);

    if (recording && recording->recorder)
        stereo_put(&recording->voices, channel(c, d), NULL, n * (int)(recorder_rate(recording->recorder) / 8000));
    if (monitoring)
        stereo_put(&monitoring->voices, channel(c, d), NULL, n * (KL_MONITOR_RATE / 8000));
}

/* Life ------------------------------------------------------------------------------------------ */

void talk_forget(kl_call *c, direction *d)
{
    monitoring_place *place = call_monitoring(c);

    d->down = d->up = (halves){0};
    for (int i = 0; place && i < CALL_MONITORS; i++)
        if (place->by[i])
            monitor_forget(place->by[i], channel(c, d));
}

void direction_init(direction *d, leg *from, leg *to)
{
    d->from = from;
    d->to = to;
}
