/* Puts the two parties' voices side by side for whoever takes them, though each comes in its own time. */
#ifndef KL_STEREO_H
#define KL_STEREO_H

#include <stdint.h>

#include "leg.h"

enum {
    STEREO_LEFT,
    STEREO_RIGHT,
    STEREO_BLOCKS = 12,
};

/* 20 ms of both. */
typedef void (*stereo_take)(void *user, const int16_t *left, const int16_t *right);

typedef struct {
    stereo_take take; /* NULL: nobody */
    void *user;
    int block;      /* samples in 20 ms */
    uint64_t given; /* samples that were taken of each */
    uint64_t come[2];
    int16_t ring[2][STEREO_BLOCKS * VOICE_WIDE];
} stereo;

/* Audio thread. Begins with the next sample, at 8000 or 16000 a second. */
void stereo_begin(stereo *s, int rate, stereo_take take, void *user);
/* n samples; NULL is silence. */
void stereo_put(stereo *s, int channel, const int16_t *pcm, int n);
/* What waits is taken, and nothing more. */
void stereo_end(stereo *s);

#endif
