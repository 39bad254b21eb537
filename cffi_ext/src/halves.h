/* Between 16 and 8 kHz and back: a half-band filter, whose every other tap is nothing.
 *
 * Flat to 3.6 kHz, -41 dB from 4.3 kHz on, 2.5 ms of delay. It does what speexdsp's resampler of quality 4 does, for this one
 * ratio, in a quarter of the time: that one multiplies by the zeros, too, and a handset's call resamples three times a frame. */
#ifndef KL_HALVES_H
#define KL_HALVES_H

#include <stdint.h>

enum {
    HALVES_PAIRS = 20,  /* taps of the same weight at either side of the middle */
    HALVES_MOST = 160,  /* samples at 8 kHz that go through at once */
};

/* All zero is a filter that has heard silence. */
typedef struct {
    int16_t beside[2 * HALVES_PAIRS - 1], middle[HALVES_PAIRS - 1]; /* what came before, the newest last */
} halves;

/* 2 n samples at 16 kHz become n at 8. */
void halves_down(halves *h, const int16_t *wide, int n, int16_t *narrow);
/* n samples at 8 kHz become 2 n at 16. */
void halves_up(halves *h, const int16_t *narrow, int n, int16_t *wide);

#endif
