/* The far end's echo of what we send: how much comes back, and how late. A conference joined at the far end has
 * another (US6141406, expired). Learnt by normalised LMS at 2 kHz while only the near end talks. */
#ifndef KL_ECHO_H
#define KL_ECHO_H

#include <stdbool.h>
#include <stdint.h>

enum {
    ECHO_FRAME = 160,   /* samples at 8 kHz */
    ECHO_DECIMATE = 4,
    ECHO_TAPS = 800,    /* 400 ms at 2 kHz: jitter buffers and packets both ways, and the far hybrid */
    ECHO_STEP = ECHO_FRAME / ECHO_DECIMATE,
};

typedef struct {
    bool known;     /* enough was heard to tell */
    float gain_db;  /* of the strongest reflection; -60: none to be seen */
    float delay_ms;
} echo_character;

typedef struct {
    float kernel_near[8], kernel_far[8]; /* the decimator's last inputs */
    float last_near, last_far;           /* for pre-emphasis */
    float past[ECHO_TAPS + ECHO_STEP];   /* near end at 2 kHz, newest last */
    float taps[ECHO_TAPS];
    float near_peak;                     /* decays over 400 ms */
    float far_noise;                     /* mean square of the far end's quietest frames at 2 kHz */
    uint32_t learnt;                     /* frames of near speech alone */
} echo_model;

void echo_forget(echo_model *e);
/* One frame of both; learns nothing when the far end talks. */
void echo_hear(echo_model *e, const int16_t *far, const int16_t *near, bool learn);
echo_character echo_character_of(const echo_model *e);
/* Whether a listener would take the two for different lines. */
bool echo_differs(const echo_character *before, const echo_character *after);

#endif
