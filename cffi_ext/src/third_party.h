/* Signs of a third party in a talk, and how sure they make us together. */
#ifndef KL_THIRD_PARTY_H
#define KL_THIRD_PARTY_H

#include "echo.h"
#include "kinline_detect.h"
#include "line_noise.h"

typedef struct {
    line_noise noise;
    echo_model echo;
    echo_character echo_before;
    bool echo_compared;
    uint32_t echo_age; /* frames since the model was begun */
    noise_state last;
    uint32_t frames;
    /* When each sign was last given (frame + 1; 0: never), and how sure. */
    uint32_t given_at[KL_SIGN_COUNT];
    uint8_t given[KL_SIGN_COUNT];
    uint8_t digits;
    uint32_t first_digit;
} third_party;

typedef void (*third_party_report)(void *user, int sign, int confidence, uint32_t detail);

void third_party_restart(third_party *t);
/* One frame of 20 ms; near NULL: nothing was sent. */
void third_party_hear(third_party *t, const int16_t *far, const int16_t *near, float power,
                      third_party_report report, void *user);
/* A sign found elsewhere (tones, digits, flashes). */
void third_party_sign(third_party *t, int sign, int confidence, uint32_t detail, third_party_report report,
                      void *user);
void third_party_digit(third_party *t, char digit, third_party_report report, void *user);

#endif
