/* The line's own noise: its level in the pauses of speech, and whether the line has fallen below it.
 *
 * A line that is put on hold loses the far telephone's noise and stays below its baseline (US5768355, expired); a
 * conference that is joined afterwards has another baseline (US6895086, expired). */
#ifndef KL_LINE_NOISE_H
#define KL_LINE_NOISE_H

#include <stdbool.h>
#include <stdint.h>

enum { NOISE_WINDOWS = 24 };

typedef enum { NOISE_USUAL, NOISE_HELD, NOISE_RETURNED } noise_state;

typedef struct {
    noise_state state;
    float smooth;      /* power over about 60 ms */
    float window_least;
    uint16_t window_frames;
    float windows_db[NOISE_WINDOWS]; /* the quietest moment of each of the last windows */
    uint32_t windows;  /* ever */
    float baseline_db; /* before the hold */
    float spread_db;
    uint16_t below;    /* frames below the baseline, without a break */
    uint32_t held;     /* frames of the hold in hand, or of the last */
    uint32_t since;    /* frames since it ended */
    uint16_t after_n;  /* windows measured since */
    float after_db[8];
} line_noise;

/* One frame of 20 ms with this mean square. */
void noise_hear(line_noise *n, float power);
/* Decibels by which the noise is louder after a hold, once that can be told; otherwise 0. */
float noise_shift_db(const line_noise *n);

#endif
