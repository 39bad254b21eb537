#include "detect.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    SURER = 10,            /* a sign is told again when it is so much surer */
    AGAIN_FRAMES = 3000,   /* or after a minute */
    BEEP_ALONE = 85,
    BEEP_AFTER_SPEECH = 95,
    SPOKEN_FRAMES = 75,    /* 1.5 s of speech before the beep: a greeting, though a short one */
    TTY_SURE = 95,
    TONE_SURE = 95,
    STREAM_SURE = 35,      /* switches change streams for reasons of their own, too */
    SIDE_NEAR = 1,
    SIDE_FAR = 2,
};

static void tell(void *user, int sign, int confidence, uint32_t detail)
{
    kl_detect *d = user;
    uint32_t frame = (uint32_t)(d->samples / DETECT_FRAME);
    bool old = !d->told[sign] || frame - d->told_at[sign] > AGAIN_FRAMES;

    if ((!old && confidence < d->told[sign] + SURER) || d->signs_n == DETECT_SIGNS)
        return;
    d->told[sign] = (uint8_t)confidence;
    d->told_at[sign] = frame;
    d->signs[d->signs_n++] = (kl_sign){(uint16_t)sign, (uint16_t)confidence, detail, d->samples};
}

static void progress_told(void *user, int sign, uint32_t detail)
{
    kl_detect *d = user;

    if (d->phase == KL_DETECT_TALK) {
        third_party_sign(&d->third, sign, TONE_SURE, detail, tell, d);
        return;
    }
    tell(d, sign, TONE_SURE, detail);
    if (sign == KL_SIGN_RINGBACK)
        tell(d, KL_SIGN_FORWARDED, TONE_SURE - 15, 0);
}

bool detect_init(kl_detect *d)
{
    memset(d, 0, sizeof *d);
    return progress_init(&d->progress, progress_told, d);
}

void detect_release(kl_detect *d)
{
    progress_release(&d->progress);
}

static void tell_text_telephone(kl_detect *d)
{
    uint8_t sides = (uint8_t)((d->tty_far.recognised ? SIDE_FAR : 0) | (d->tty_near.recognised ? SIDE_NEAR : 0));

    if (sides == d->tty_sides)
        return;
    d->tty_sides = sides;
    d->told[KL_SIGN_TTY] = 0; /* the other one, too: that is news */
    tell(d, KL_SIGN_TTY, TTY_SURE, sides);
}

void detect_phase(kl_detect *d, int phase)
{
    bool far_known = d->tty_far.recognised, near_known = d->tty_near.recognised;

    d->phase = phase;
    d->samples = d->signs_n = 0;
    d->tty_sides = 0;
    memset(d->told, 0, sizeof d->told);
    memset(&d->beep, 0, sizeof d->beep);
    memset(&d->greeting, 0, sizeof d->greeting);
    progress_restart(&d->progress);
    third_party_restart(&d->third);
    tty_restart(&d->tty_far);
    tty_restart(&d->tty_near);
    /* Once a text telephone, always one: the next phase is told at once. */
    if (phase != KL_DETECT_NOTHING && (far_known || near_known)) {
        d->tty_far.recognised = far_known;
        d->tty_near.recognised = near_known;
        tell_text_telephone(d);
    }
}

static float power_of(const int16_t *pcm)
{
    float sum = 0;

    for (int i = 0; i < DETECT_FRAME; i++)
        sum += (float)pcm[i] * (float)pcm[i];
    return sum / DETECT_FRAME;
}

/* What goes on without listening may be no speech at all. */
static bool is_tones(const kl_detect *d)
{
    return d->tty_far.recognised || d->told[KL_SIGN_RINGBACK] || d->told[KL_SIGN_BUSY] || d->told[KL_SIGN_REORDER] ||
           d->told[KL_SIGN_DIAL_TONE] || d->told[KL_SIGN_SIT] || d->told[KL_SIGN_FAX];
}

static void hear_answer(kl_detect *d, const int16_t *far, float power, float sent)
{
    progress_fax(&d->progress, far, DETECT_FRAME);
    int sure = greeting_hear(&d->greeting, power, sent);
    uint32_t hz = beep_hear(&d->beep, far, DETECT_FRAME, greeting_echo(&d->greeting));
    if (hz && !is_tones(d))
        tell(d, KL_SIGN_BEEP, d->greeting.longest >= SPOKEN_FRAMES ? BEEP_AFTER_SPEECH : BEEP_ALONE, hz);
    if (sure && !is_tones(d))
        tell(d, KL_SIGN_GREETING, sure, 0);
}

void detect_hear(kl_detect *d, const int16_t far[DETECT_FRAME], const int16_t *near)
{
    if (d->phase == KL_DETECT_NOTHING)
        return;
    float power = power_of(far);
    d->samples += DETECT_FRAME;
    tell_text_telephone(d);
    if (d->phase == KL_DETECT_TTY)
        return;
    if (!d->tty_far.carrier)
        progress_tones(&d->progress, far, DETECT_FRAME);
    if (d->phase == KL_DETECT_ANSWER)
        hear_answer(d, far, power, near ? power_of(near) : 0);
    else if (!d->tty_far.carrier && !d->tty_near.carrier)
        third_party_hear(&d->third, far, near, power, tell, d);
}

static bool typing(const tty_receiver *t, unsigned blocks)
{
    return t->recognised && t->quiet < blocks;
}

bool detect_typing(const kl_detect *d, unsigned blocks)
{
    return typing(&d->tty_far, blocks) || typing(&d->tty_near, blocks);
}

size_t detect_take(kl_detect *d)
{
    size_t n = d->signs_n;

    d->signs_n = 0;
    return n;
}

/* Off line -------------------------------------------------------------------------------------- */

kl_detect *kl_detect_create(void)
{
    kl_detect *d = calloc(1, sizeof *d);

    if (d && detect_init(d))
        return d;
    kl_detect_destroy(d);
    return NULL;
}

void kl_detect_destroy(kl_detect *d)
{
    if (!d)
        return;
    detect_release(d);
    free(d);
}

int kl_detect_phase(kl_detect *d, int phase)
{
    if (phase < KL_DETECT_NOTHING || phase > KL_DETECT_TTY)
        return -EINVAL;
    detect_phase(d, phase);
    return 0;
}

static size_t put(kl_detect *d, kl_sign *signs, size_t found, size_t max)
{
    size_t some = detect_take(d);

    for (size_t i = 0; i < some && found < max; i++)
        signs[found++] = d->signs[i];
    return found;
}

int kl_detect_run(kl_detect *d, const int16_t *far, const int16_t *near, size_t n, kl_sign *signs, size_t max)
{
    size_t found = put(d, signs, 0, max);

    if (n % DETECT_FRAME)
        return -EINVAL;
    for (size_t at = 0; at < n; at += DETECT_FRAME) {
        tty_hear(&d->tty_far, far + at, DETECT_FRAME);
        if (near)
            tty_hear(&d->tty_near, near + at, DETECT_FRAME);
        detect_hear(d, far + at, near ? near + at : NULL);
        found = put(d, signs, found, max);
    }
    return (int)found;
}

void kl_detect_digit(kl_detect *d, char digit)
{
    if (d->phase == KL_DETECT_TALK)
        third_party_digit(&d->third, digit, tell, d);
}

void kl_detect_other_stream(kl_detect *d)
{
    if (d->phase == KL_DETECT_TALK)
        tell(d, KL_SIGN_FORWARDED, STREAM_SURE, 0);
}
