/* The signal path: what becomes of 20 ms of one party's voice on its way to the other. */
#ifndef KL_TALK_H
#define KL_TALK_H

#include "clip.h"
#include "halves.h"
#include "leg.h"
#include "player.h"

struct kl_call;

typedef struct {
    leg *from, *to;
    halves down, up; /* between 16 and 8 kHz */
    player player;   /* what is being said to the listener */
    uint32_t held_ms; /* that the next of it has waited for somebody who types */
    const clip *tone; /* NULL: none */
    size_t tone_at; /* as the player counts */
    bool tone_once;
    int64_t due_ns; /* when the speaker's next stretch is due */
    uint32_t rms;   /* of the last one */
} direction;

/* Any thread; of a direction that is all zero. */
void direction_init(direction *d, leg *from, leg *to);

/* Audio thread. The next stretch: hear, detect, gate, record, mix, say. */
void talk_pass(struct kl_call *c, direction *d);
/* n samples at 8 kHz never came; what was made of them is for the record only. */
void talk_miss(struct kl_call *c, direction *d, int n);
/* Filters forget what was said before, and staff are not heard with it. */
void talk_forget(struct kl_call *c, direction *d);

#endif
