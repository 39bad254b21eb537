#include "handset_leg.h"

#include <string.h>

#include "link.h"

static const int16_t silence[VOICE_WIDE];

static handset_leg *of(leg *l)
{
    return (handset_leg *)l;
}

static heard hear(leg *l, voice *v)
{
    const int16_t *frame = of(l)->frame;

    v->rate = l->rate;
    v->n = VOICE_WIDE;
    memcpy(v->pcm, frame ? frame : silence, sizeof v->pcm);
    return frame ? HEARD_VOICE : HEARD_NOTHING;
}

static bool listens(const leg *l)
{
    return ((const handset_leg *)l)->frame;
}

static void say(leg *l, const int16_t *pcm, int n)
{
    (void)n; /* the period of a handset's call is its frame */
    link_send_audio(of(l)->link, pcm ? pcm : silence);
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

void handset_leg_init(handset_leg *h)
{
    static const leg_kind handset = {hear, listens, say, skip, unhook};

    h->leg = (leg){&handset, 16000};
}
