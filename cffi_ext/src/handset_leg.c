#include "handset_leg.h"

#include <stdlib.h>
#include <string.h>

#include "link.h"

static const int16_t silence[VOICE_WIDE];

static handset_leg *of(leg *l)
{
    return (handset_leg *)l;
}

static heard hear(leg *l, voice *v)
{
    handset_leg *h = of(l);
    bool clean = h->frame && h->microphone && h->clean_to;

    v->rate = clean ? h->clean_to : l->rate;
    v->n = v->rate * VOICE_MS / 1000;
    if (clean)
        microphone_clean(h->microphone, h->frame, v->rate, v->pcm);
    else
        memcpy(v->pcm, h->frame ? h->frame : silence, sizeof v->pcm);
    if (h->microphone && !h->clean_to)
        microphone_rest(h->microphone);
    return h->frame ? HEARD_VOICE : HEARD_NOTHING;
}

static bool listens(const leg *l)
{
    return ((const handset_leg *)l)->frame;
}

static void say(leg *l, const int16_t *pcm, int n)
{
    handset_leg *h = of(l);
    int16_t out[VOICE_WIDE];

    (void)n; /* the period of a handset's call is its frame */
    memcpy(out, pcm ? pcm : silence, sizeof out);
    if (!h->flat)
        volume_apply(&h->volume, out, VOICE_WIDE);
    if (h->microphone)
        microphone_played(h->microphone, out);
    link_send_audio(h->link, out);
}

static void skip(leg *l, int n)
{
    say(l, NULL, n);
}

void handset_leg_unplug(handset_leg *h)
{
    if (h->link)
        h->link->call = NULL;
    h->link = NULL;
}

static void unhook(leg *l)
{
    handset_leg_unplug(of(l));
}

bool handset_leg_init(handset_leg *h, bool clean)
{
    static const leg_kind handset = {hear, listens, say, skip, unhook};

    h->leg = (leg){&handset, 16000};
    volume_set(&h->volume, 0);
    if (!clean)
        return true;
    h->microphone = calloc(1, sizeof *h->microphone);
    return h->microphone && microphone_init(h->microphone);
}

void handset_leg_release(handset_leg *h)
{
    if (h->microphone)
        microphone_release(h->microphone);
    free(h->microphone);
}
