#include "echo.h"

#include <math.h>
#include <string.h>

enum {
    /* Below: not enough of the near end's speech has come for 800 taps to settle (time constant 100 frames). */
    LEAST_LEARNT = 250,
    PERIOD = 2, /* the taps move on every second sample: half the cost, twice the time to settle */
    PEAK_WIDTH = 4, /* taps at either side that belong to a reflection: 2 ms */
};

static const float MU = 0.2f;
static const float PEAK_DECAY = 0.951f;  /* a frame; 1/e in 400 ms */
static const float NEAR_TALKS = 300.0f;  /* peak at 2 kHz: about -38 dBm0 */
static const float FAR_TALKS = 0.35f;    /* Geigel: an echo is at least 9 dB below what caused it */
static const float PRE_EMPHASIS = 0.9f;  /* flattens speech, so that taps settle alike */
/* An echo 20 dB below what caused it is still learnt from: fainter speech than that would only teach noise. */
static const float NOISE_TO_SPEECH = 100.0f;
static const float NOISE_RISE = 1.002f; /* of the running minimum, a frame */
static const float NO_ECHO_DB = -60.0f;
static const float FAINTEST_DB = -38.0f; /* fainter reflections drown in the line's noise */
static const float PROMINENCE = 24.0f;   /* a reflection's tap over the mean tap, in power */
static const float OTHER_GAIN_DB = 7.0f;
static const float OTHER_DELAY_MS = 70.0f; /* beyond what the jitter buffer moves in a call */

void echo_forget(echo_model *e)
{
    memset(e->taps, 0, sizeof e->taps);
    e->learnt = 0;
}

/* 8 kHz down to 2 by a triangle of 7 and a pre-emphasis; aliases are 20 dB down, and the same in both. */
static void decimate(const int16_t *in, float *out, float kernel[8], float *last)
{
    static const float TRIANGLE[8] = {0, 1 / 16.f, 2 / 16.f, 3 / 16.f, 4 / 16.f, 3 / 16.f, 2 / 16.f, 1 / 16.f};

    for (int i = 0; i < ECHO_STEP; i++) {
        float sum = 0;
        memmove(kernel, kernel + ECHO_DECIMATE, ECHO_DECIMATE * sizeof *kernel);
        for (int k = 0; k < ECHO_DECIMATE; k++)
            kernel[ECHO_DECIMATE + k] = in[i * ECHO_DECIMATE + k];
        for (int k = 0; k < 8; k++)
            sum += TRIANGLE[k] * kernel[k];
        out[i] = sum - PRE_EMPHASIS * *last;
        *last = sum;
    }
}

/* Eight sums beside each other, so that the compiler may use vectors without reordering a sum. */
static float dot(const float *a, const float *b)
{
    float sum[8] = {0};

    for (int i = 0; i < ECHO_TAPS; i += 8)
        for (int k = 0; k < 8; k++)
            sum[k] += a[i + k] * b[i + k];
    return ((sum[0] + sum[1]) + (sum[2] + sum[3])) + ((sum[4] + sum[5]) + (sum[6] + sum[7]));
}

static float peak(const float *x, int n)
{
    float most = 0;

    for (int i = 0; i < n; i++)
        most = fmaxf(most, fabsf(x[i]));
    return most;
}

void echo_hear(echo_model *e, const int16_t *far, const int16_t *near, bool learn)
{
    float far2[ECHO_STEP];

    memmove(e->past, e->past + ECHO_STEP, ECHO_TAPS * sizeof *e->past);
    decimate(near, e->past + ECHO_TAPS, e->kernel_near, &e->last_near);
    decimate(far, far2, e->kernel_far, &e->last_far);
    float energy = 0;
    for (int i = 0; i < ECHO_STEP; i++)
        energy += far2[i] * far2[i];
    e->far_noise = fminf(energy / ECHO_STEP + 1, e->far_noise > 0 ? e->far_noise * NOISE_RISE : INFINITY);
    e->near_peak = fmaxf(e->near_peak * PEAK_DECAY, peak(e->past + ECHO_TAPS, ECHO_STEP));
    if (!learn || e->near_peak < NEAR_TALKS || peak(far2, ECHO_STEP) > FAR_TALKS * e->near_peak)
        return;
    e->learnt++;
    for (int i = 0; i < ECHO_STEP; i += PERIOD) {
        const float *x = e->past + i + 1; /* taps[ECHO_TAPS - 1] is the newest sample's */
        float power = dot(x, x) + ECHO_TAPS * NOISE_TO_SPEECH * e->far_noise;
        float step = MU * (far2[i] - dot(e->taps, x)) / power;
        for (int k = 0; k < ECHO_TAPS; k++)
            e->taps[k] += step * x[k];
    }
}

echo_character echo_character_of(const echo_model *e)
{
    echo_character c = {.known = e->learnt >= LEAST_LEARNT, .gain_db = NO_ECHO_DB};
    float all = 0, power = 0;
    int at = 0;

    for (int i = 0; i < ECHO_TAPS; i++) {
        all += e->taps[i] * e->taps[i];
        if (fabsf(e->taps[i]) > fabsf(e->taps[at]))
            at = i;
    }
    if (e->taps[at] * e->taps[at] < PROMINENCE * all / ECHO_TAPS)
        return c;
    for (int i = at - PEAK_WIDTH; i <= at + PEAK_WIDTH; i++)
        if (i >= 0 && i < ECHO_TAPS)
            power += e->taps[i] * e->taps[i];
    float db = 10 * log10f(power + 1e-9f);
    if (db < FAINTEST_DB)
        return c;
    c.gain_db = db;
    c.delay_ms = (float)(ECHO_TAPS - 1 - at) * 1000 * ECHO_DECIMATE / 8000;
    return c;
}

bool echo_differs(const echo_character *before, const echo_character *after)
{
    if (!before->known || !after->known)
        return false;
    if (fabsf(fmaxf(before->gain_db, FAINTEST_DB) - fmaxf(after->gain_db, FAINTEST_DB)) > OTHER_GAIN_DB)
        return true;
    bool both = before->gain_db > NO_ECHO_DB && after->gain_db > NO_ECHO_DB;
    return both && fabsf(before->delay_ms - after->delay_ms) > OTHER_DELAY_MS;
}
