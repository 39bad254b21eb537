/* Packet loss concealment: goes on with the last pitch period where audio is missing, then fades.
 *
 * The method is that of G.711 appendix I, without its delay and at both rates: spandsp's plc_*
 * searches for pitch and fades in counts of samples that fit 8 kHz only. */
#ifndef KL_CONCEAL_H
#define KL_CONCEAL_H

#include <stdbool.h>
#include <stdint.h>

enum {
    CONCEAL_PITCH_MOST = 15, /* ms: 67 Hz */
    CONCEAL_WINDOW = 15,     /* ms compared */
    CONCEAL_HISTORY_MS = CONCEAL_PITCH_MOST + CONCEAL_WINDOW,
    CONCEAL_FADED_MS = 60, /* from here on it is silent */
    CONCEAL_SHARES = 256,
};

typedef struct {
    unsigned per_ms; /* samples: 8 or 16 */
    unsigned missing; /* samples made up since the last real one */
    unsigned pitch, at;
    int16_t history[CONCEAL_HISTORY_MS * 16]; /* newest last */
    int16_t period[CONCEAL_PITCH_MOST * 16];
} concealer;

/* Forgets everything; per_ms is 8 or 16. */
void conceal_reset(concealer *c, unsigned per_ms);
/* Real audio: remembered, and its beginning made to follow smoothly on what was made up. */
void conceal_heard(concealer *c, int16_t *pcm, unsigned n);
/* Makes up n samples. */
void conceal_fill(concealer *c, int16_t *out, unsigned n);
/* How much of it has faded: 0 while audio is real, CONCEAL_SHARES when it is silent. */
unsigned conceal_faded_share(const concealer *c);
/* Silent from here on. */
void conceal_give_up(concealer *c);
/* What comes next does not go on from what was heard last: hides the seam. */
void conceal_splice(concealer *c);

#endif
