#include "third_party.h"

#include <string.h>

enum {
    WITHIN_FRAMES = 4500,    /* 90 s: flash, dial, wait for the answer, flash */
    HOLD_SECONDS = 50,       /* frames: a hold is told again each second while it lasts */
    ECHO_LEARN_FRAMES = 500, /* 10 s of near speech; then the model rests */
    ECHO_AGAIN_FRAMES = 6000, /* and is made anew after 2 minutes: lines drift */
    DIALLED = 7,             /* digits: a local number */
    DIAL_FRAMES = 750,       /* within 15 s */
};

/* What each sign adds to the suspicion, in percent of what is left of the doubt. None is enough to cut a call at the
 * default threshold of 85 by itself, but for a telephone that rings behind the called party's after a hold. */
static const uint8_t WEIGHT[KL_SIGN_COUNT] = {
    [KL_SIGN_RINGBACK] = 85, [KL_SIGN_BUSY] = 60, [KL_SIGN_REORDER] = 60, [KL_SIGN_DIAL_TONE] = 60,
    [KL_SIGN_SIT] = 60,      [KL_SIGN_FLASH] = 45, [KL_SIGN_HOLD] = 30,   [KL_SIGN_BASELINE] = 40,
    [KL_SIGN_ECHO] = 45,     [KL_SIGN_DIALLING] = 50,
};

void third_party_restart(third_party *t)
{
    memset(t, 0, sizeof *t);
}

static void weigh(third_party *t, third_party_report report, void *user)
{
    float doubt = 1;

    for (int sign = 0; sign < KL_SIGN_COUNT; sign++)
        if (WEIGHT[sign] && t->given_at[sign] && t->frames + 1 - t->given_at[sign] <= WITHIN_FRAMES)
            doubt *= 1 - (float)WEIGHT[sign] * (float)t->given[sign] / 10000;
    int sure = (int)(100 * (1 - doubt) + 0.5f);
    if (sure >= 50) /* a lone hold or flash is told as what it is */
        report(user, KL_SIGN_THREE_WAY, sure, 0);
}

void third_party_sign(third_party *t, int sign, int confidence, uint32_t detail, third_party_report report, void *user)
{
    t->given_at[sign] = t->frames + 1;
    t->given[sign] = (uint8_t)confidence;
    report(user, sign, confidence, detail);
    weigh(t, report, user);
}

void third_party_digit(third_party *t, char digit, third_party_report report, void *user)
{
    if (digit == '!') {
        third_party_sign(t, KL_SIGN_FLASH, 100, 0, report, user);
        return;
    }
    if (!t->digits || t->frames - t->first_digit > DIAL_FRAMES) {
        t->digits = 0;
        t->first_digit = t->frames;
    }
    if (++t->digits == DIALLED) {
        t->digits = 0;
        third_party_sign(t, KL_SIGN_DIALLING, 100, 0, report, user);
    }
}

static void compare_echo(third_party *t, third_party_report report, void *user)
{
    echo_character now = echo_character_of(&t->echo);

    if (!now.known || t->echo_compared)
        return;
    t->echo_compared = true;
    if (echo_differs(&t->echo_before, &now))
        third_party_sign(t, KL_SIGN_ECHO, 100, 0, report, user);
}

static void changed(third_party *t)
{
    if (t->noise.state == NOISE_HELD) {
        t->echo_before = echo_character_of(&t->echo);
    } else if (t->noise.state == NOISE_RETURNED) {
        echo_forget(&t->echo);
        t->echo_age = 0;
        t->echo_compared = false;
    }
    t->last = t->noise.state;
}

void third_party_hear(third_party *t, const int16_t *far, const int16_t *near, float power,
                      third_party_report report, void *user)
{
    t->frames++;
    noise_hear(&t->noise, power);
    if (t->noise.state != t->last)
        changed(t);
    if (t->noise.state == NOISE_HELD && t->noise.held % HOLD_SECONDS == 0)
        third_party_sign(t, KL_SIGN_HOLD, 100, t->noise.held / HOLD_SECONDS, report, user);
    if (near && t->noise.state != NOISE_HELD) {
        if (t->echo_age++ >= ECHO_AGAIN_FRAMES && t->noise.state == NOISE_USUAL) {
            echo_forget(&t->echo);
            t->echo_age = 0;
        }
        if (t->echo.learnt < ECHO_LEARN_FRAMES)
            echo_hear(&t->echo, far, near, true);
    }
    if (t->noise.state == NOISE_RETURNED) {
        compare_echo(t, report, user);
        if (noise_shift_db(&t->noise) != 0 && !(t->given_at[KL_SIGN_BASELINE] &&
                                                t->frames - t->given_at[KL_SIGN_BASELINE] < t->noise.since))
            third_party_sign(t, KL_SIGN_BASELINE, 100, 0, report, user);
    }
}
