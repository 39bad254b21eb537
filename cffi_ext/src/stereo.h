/* Puts the two parties' voices side by side for a recorder, though each comes in its own time. */
#ifndef KL_STEREO_H
#define KL_STEREO_H

#include <stdint.h>

#include "writer.h"

enum {
    STEREO_LEFT,
    STEREO_RIGHT,
    STEREO_SAMPLES = 12 * RECORDER_BLOCK, /* a channel */
};

typedef struct {
    recorder *recorder; /* NULL: nothing is being recorded */
    uint64_t given;     /* samples that the recorder has had of each */
    uint64_t come[2];
    int16_t ring[2][STEREO_SAMPLES];
} stereo;

/* Audio thread. Begins with the next sample. */
void stereo_begin(stereo *s, recorder *r);
/* n samples at 8 kHz; NULL is silence. */
void stereo_put(stereo *s, int channel, const int16_t *pcm, int n);
/* What waits is written, the recorder ended and forgotten. */
void stereo_end(stereo *s);

#endif
