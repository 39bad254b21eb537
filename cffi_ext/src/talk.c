#include "talk.h"

#include <string.h>

#include "call.h"
#include "engine.h"
#include "mix.h"

/* 32 ms of filter at 16 kHz pass 3.4 kHz flat; 5 would add 1 ms for nothing that G.711 keeps. */
enum { RESAMPLER_QUALITY = 4 };

/* Rates ----------------------------------------------------------------------------------------- */

static void resample(SpeexResamplerState *r, const int16_t *in, int n, int16_t *out, int m)
{
    spx_uint32_t took = (spx_uint32_t)n, made = (spx_uint32_t)m;

    speex_resampler_process_int(r, 0, in, &took, out, &made);
    memset(out + made, 0, ((size_t)m - made) * sizeof *out);
}

/* A stretch of voice on its way, and at 8 kHz for those who want no more. */
typedef struct {
    voice voice;
    voice narrow; /* n of 0: nobody has asked yet */
} stretch;

static const voice *narrow(direction *d, stretch *s)
{
    if (s->voice.rate == 8000)
        return &s->voice;
    if (!s->narrow.n) {
        s->narrow.rate = 8000;
        s->narrow.n = s->voice.n / 2;
        resample(d->down, s->voice.pcm, s->voice.n, s->narrow.pcm, s->narrow.n);
    }
    return &s->narrow;
}

/* n samples as the listener takes them. */
static void fit(direction *d, stretch *s, int16_t *out, int n)
{
    if (d->to->rate > s->voice.rate)
        resample(d->up, s->voice.pcm, s->voice.n, out, n);
    else
        memcpy(out, d->to->rate == 8000 ? narrow(d, s)->pcm : s->voice.pcm, (size_t)n * sizeof *out);
}

/* Stages ---------------------------------------------------------------------------------------- */

/* Hears what the party does, before acceptance too. */
static void detect(kl_call *c, direction *d, stretch *s)
{
    rtp_leg *r = call_rtp_leg(c, d->from);

    if (r && r->dtmf.in_band)
        dtmf_audio(&r->dtmf, narrow(d, s)->pcm, narrow(d, s)->n, c->engine->now_ns);
}

/* Closed, not one sample passes. */
static void pass_gate(const kl_call *c, stretch *s)
{
    if (c->gate)
        return;
    memset(s->voice.pcm, 0, sizeof s->voice.pcm);
    memset(s->narrow.pcm, 0, sizeof s->narrow.pcm);
}

/* What passed the gate, for those who keep it. A privileged call has nobody. */
static void keep(kl_call *c, direction *d, stretch *s)
{
    stereo *place = call_recording(c);

    if (place && place->recorder)
        stereo_put(place, d == &c->to_far ? STEREO_LEFT : STEREO_RIGHT, narrow(d, s)->pcm, narrow(d, s)->n);
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

    for (int i = 0; i < n && d->tone; i++) {
        mix_add(out + i, (wide ? d->tone->pcm16 : d->tone->pcm8) + d->tone_at, 1);
        if (++d->tone_at == (wide ? d->tone->n : d->tone->n / 2)) {
            d->tone_at = 0;
            if (d->tone_once)
                d->tone = NULL;
        }
    }
}

static void say(const kl_call *c, direction *d, stretch *s, heard how)
{
    bool prompt = player_busy(&d->player);
    int n = s->voice.n * d->to->rate / s->voice.rate;
    int16_t out[VOICE_WIDE] = {0};

    if (how == HEARD_NOTHING && !prompt) {
        d->to->kind->skip(d->to, n);
    } else if (!c->gate && !prompt && !d->tone) {
        d->to->kind->say(d->to, NULL, n);
    } else {
        if (c->gate)
            fit(d, s, out, n);
        if (!mix_prompt(d, out, n))
            mix_tone(d, out, n);
        d->to->kind->say(d->to, out, n);
    }
}

/* The path -------------------------------------------------------------------------------------- */

void talk_pass(kl_call *c, direction *d)
{
    stretch s = {0};
    heard how = d->from->kind->hear(d->from, &s.voice);

    if (how != HEARD_NOTHING)
        d->rms = mix_rms(s.voice.pcm, s.voice.n);
    if (how == HEARD_VOICE)
        detect(c, d, &s);
    pass_gate(c, &s);
    keep(c, d, &s);
    if (d->to->kind->listens(d->to))
        say(c, d, &s, how);
}

void talk_miss(kl_call *c, direction *d, int n)
{
    stereo *place = call_recording(c);

    if (place)
        stereo_put(place, d == &c->to_far ? STEREO_LEFT : STEREO_RIGHT, NULL, n);
}

/* Life ------------------------------------------------------------------------------------------ */

void talk_forget(direction *d)
{
    speex_resampler_reset_mem(d->down);
    speex_resampler_reset_mem(d->up);
}

bool direction_init(direction *d, leg *from, leg *to)
{
    int error = 0;

    d->from = from;
    d->to = to;
    d->down = speex_resampler_init(1, 16000, 8000, RESAMPLER_QUALITY, &error);
    d->up = speex_resampler_init(1, 8000, 16000, RESAMPLER_QUALITY, &error);
    return d->down && d->up;
}

void direction_release(direction *d)
{
    if (d->down)
        speex_resampler_destroy(d->down);
    if (d->up)
        speex_resampler_destroy(d->up);
}
