/* One call in the audio thread: a handset link, a far end, and what passes between them. */
#ifndef KL_CALL_H
#define KL_CALL_H

#include <netinet/in.h>
#include <speex/speex_resampler.h>
#include <stdbool.h>
#include <stdint.h>

#include "dtmf.h"
#include "jitter.h"
#include "kinline_engine.h"
#include "player.h"
#include "writer.h"

struct kl_link;

enum {
    FRAME16 = 320, /* samples in 20 ms at the handset */
    FRAME8 = 160,  /* and at the far end */
    CALL_PLAYS = 32,
};

typedef struct {
    bool set;
    struct sockaddr_in address;
    uint8_t codec, payload_type, dtmf_type;
    bool talking; /* packets are going out; the next one after a pause carries the marker */
    uint16_t sequence;
    uint32_t timestamp;
    uint32_t ssrc;
    int64_t heard_ns;
    bool silent_told;
} far_leg;

typedef struct kl_call {
    kl_engine *engine;
    uint32_t id;
    bool privileged;
    struct kl_link *link; /* NULL once it is closed */
    bool gate;
    far_leg far;
    jitter_buffer jitter;
    dtmf_detector dtmf;
    player near_player, far_player;
    play plays[CALL_PLAYS];
    const clip *tone; /* NULL: none */
    size_t tone_at;
    bool tone_once;
    SpeexResamplerState *down, *up;
    int64_t due_ns; /* when the handset's next frame is due */
    kl_call_counters counters;
} kl_call;

/* Only this variant has a place for a recorder: a privileged call cannot be given one. */
typedef struct {
    kl_call call;
    recorder *recorder; /* NULL: not being recorded */
} recorded_call;

/* NULL for a privileged call, else the place. */
recorder **call_recorder(kl_call *c);

/* Any thread: makes and frees a call that the audio thread does not (or no longer) know. */
kl_call *call_new(kl_engine *engine, bool privileged);
void call_free(kl_call *c);

/* Audio thread. The link's next 20 ms (FRAME16 samples). */
void call_near_frame(kl_call *c, const int16_t *pcm);
/* Every 20 ms or so: goes on without the handset when it has stalled. */
void call_tick(kl_call *c);
void call_take_rtp(kl_call *c, const uint8_t *bytes, size_t len);
void call_lose_link(kl_call *c);
/* Unhooks a call from everything in the audio thread, for call_free. */
void call_unhook(kl_call *c);

void call_post(kl_call *c, uint16_t kind, int32_t code, const void *data, uint32_t len);

#endif
