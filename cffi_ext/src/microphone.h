/* The handset's microphone: without the echo of its own receiver, without steady noise, at an even level.
 *
 * Works at the rate of the far end, 8 or 16 kHz. Nothing of it may touch TTY: its tones are not speech. */
#ifndef KL_MICROPHONE_H
#define KL_MICROPHONE_H

#include <speex/speex_echo.h>
#include <speex/speex_preprocess.h>
#include <stdbool.h>
#include <stdint.h>

#include "halves.h"

enum {
    MICROPHONE_TAIL_MS = 128,
    /* What the receiver plays is heard by the microphone two frames later at the earliest: one waits in the
     * handset before it is played, one is filled before it is sent. */
    MICROPHONE_DELAY = 2,
    MICROPHONE_FRAME = 320, /* 20 ms at 16 kHz; cleaning delays by as much */
};

/* Of one rate. */
typedef struct {
    SpeexEchoState *echo;
    SpeexPreprocessState *preprocess;
} microphone_states;

typedef struct {
    microphone_states narrow, wide;
    halves mouth, ear; /* down to 8 kHz */
    bool idle; /* nothing was cleaned of late: begin anew */
    bool cancelling; /* else the receiver is silent and there is no echo */
    unsigned silent; /* frames that it has been silent, ECHO_FRAMES at most */
    unsigned next;
    uint32_t level[MICROPHONE_DELAY]; /* RMS */
    int16_t played[MICROPHONE_DELAY][MICROPHONE_FRAME];
} microphone;

/* Any thread. False without memory; release either way. */
bool microphone_init(microphone *m);
void microphone_release(microphone *m);

/* Audio thread. What the receiver plays next, 20 ms at 16 kHz. */
void microphone_played(microphone *m, const int16_t *pcm);
/* 20 ms at 16 kHz, cleaned to rate in out. */
void microphone_clean(microphone *m, const int16_t *pcm, int rate, int16_t *out);
/* Nothing is to be cleaned for now. */
void microphone_rest(microphone *m);

#endif
