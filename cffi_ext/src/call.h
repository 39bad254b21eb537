/* One call in the audio thread: a near leg, a far leg, and what passes between them. */
#ifndef KL_CALL_H
#define KL_CALL_H

#include <stdbool.h>
#include <stdint.h>

#include "ears.h"
#include "handset_leg.h"
#include "kinline_engine.h"
#include "observe.h"
#include "player.h"
#include "rtp_leg.h"
#include "talk.h"

enum { CALL_PLAYS = 32 };

typedef struct kl_call {
    kl_engine *engine;
    uint32_t id;
    uint32_t places; /* KL_CALL_RECORDED, KL_CALL_MONITORED: which variant below it is */
    bool bridged; /* which of the two the near leg is */
    union {
        handset_leg handset;
        rtp_leg near;
    };
    rtp_leg far;
    direction to_far, to_near;
    play plays[CALL_PLAYS];
    bool gate;
    bool tone_safe; /* tones pass as they are: TTY */
    ears ears;
    uint64_t near_frames, near_stalled;
} kl_call;

/* Only these variants have a place for a recorder, for staff who listen, or for both. A private call, as one with an
 * attorney is, is a kl_call and no more: there is nothing that it could be given one in. */
typedef struct {
    kl_call call;
    recording_place recording;
} recorded_call;

typedef struct {
    kl_call call;
    monitoring_place monitoring;
} monitored_call;

typedef struct {
    kl_call call;
    recording_place recording;
    monitoring_place monitoring;
} observed_call;

/* The place, or NULL where the call has none. */
recording_place *call_recording(kl_call *c);
monitoring_place *call_monitoring(kl_call *c);
/* Both sides' places for what text telephones type; NULL where there is none for a recorder. */
kept_text *call_text(kl_call *c);
/* The leg as an RTP leg, or NULL. */
rtp_leg *call_rtp_leg(kl_call *c, const leg *l);
int call_side_of(const kl_call *c, const rtp_leg *r);

/* Any thread: makes and frees a call that the audio thread does not (or no longer) know. */
kl_call *call_new(kl_engine *engine, uint32_t places, bool bridged);
void call_free(kl_call *c);

/* Audio thread. The handset's next 20 ms. */
void call_handset_frame(kl_call *c, const int16_t *pcm);
/* A relayed leg has the next stretch at hand. */
void call_rtp_frame(kl_call *c, rtp_leg *r);
/* A relayed leg lacks some timestamp units and packets. */
void call_miss(kl_call *c, rtp_leg *r, uint32_t gap, unsigned lost);
/* Every 20 ms or so: goes on without those who have stalled. */
void call_tick(kl_call *c);
/* Opens or closes the gate. */
void call_gate(kl_call *c, bool open);
/* Whether anything is done to the sound that is good for speech only. */
void call_tone_safe(kl_call *c, bool on);
/* Unhooks a call from everything in the audio thread, for call_free. */
void call_unhook(kl_call *c);

void call_post(kl_call *c, uint16_t kind, int32_t code, const void *data, uint32_t len);

#endif
