/* What the engine itself hears of a call: its detectors, fed with whole frames of both sides, and with the packets of
 * text telephones as they come, since a packet that is lost is better known than made up. */
#ifndef KL_EARS_H
#define KL_EARS_H

#include "detect.h"

struct kl_call;

enum { EARS_NEAR_FRAMES = 4, EARS_TEXT_EVERY = 24 };

/* One side's packets, in the order of their timestamps, as blocks for the reader. */
typedef struct {
    bool begun;
    uint32_t next; /* timestamp that the next packet should have */
    int n;
    int16_t block[TTY_BLOCK];
} packet_tap;

/* What was typed and not yet told. Only a call that may be recorded has the place for it. */
typedef struct {
    tty_text text;
    uint16_t waited; /* frames since its last character */
} kept_text;

typedef struct {
    kl_detect *detect; /* NULL: nobody has asked to listen */
    int16_t far[DETECT_FRAME];
    int far_n;
    int16_t near[EARS_NEAR_FRAMES * DETECT_FRAME];  /* what the far party is told */
    int16_t typed[EARS_NEAR_FRAMES * DETECT_FRAME]; /* of that, what the near one says */
    int near_n;
    packet_tap taps[2]; /* far, near */
} ears;

/* All in the audio thread. */
void ears_listen(struct kl_call *c, int phase);
/* The far party's stretch at 8 kHz, before the gate. */
void ears_far(struct kl_call *c, const int16_t *pcm, int n);
/* What the far party is told, by whomever: its echo is no speech. And the near party's own share of it, in which a text
 * telephone is read. rate: 8000 or 16000. */
void ears_near(struct kl_call *c, const int16_t *told, const int16_t *own, int n, int rate);
/* A packet of a side; of other codecs than G.711 nothing is read here. */
void ears_packet(struct kl_call *c, int side, int codec, uint32_t timestamp, const uint8_t *bytes, size_t n);
void ears_digit(struct kl_call *c, int side, char digit);
/* The side's packets come from another source than before. */
void ears_other_stream(struct kl_call *c, int side);

#endif
