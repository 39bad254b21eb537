#include "line_noise.h"

#include <math.h>

enum {
    WINDOW_FRAMES = 75, /* 1.5 s: nearly each holds a pause */
    LEAST_WINDOWS = 6,  /* 9 s of talk before there is a baseline */
    HELD_FRAMES = 100,  /* 2 s below it, speech and noise alike */
    AFTER_WINDOWS = 6,  /* 9 s to measure the line after a hold */
    FORGET_FRAMES = 1500, /* 30 s after a hold the line is as usual again */
};

static const float BELOW_DB = 6.0f;
static const float STEADY_DB = 6.0f; /* a baseline that moves more cannot be fallen below */
static const float SHIFT_DB = 4.0f;
/* Mean square of 1 is -90 dBov: G.711's own silence. A baseline down there leaves nothing to fall to. */
static const float LEAST_BASELINE_DB = 14.0f;

static void sort(float *v, int n)
{
    for (int i = 1; i < n; i++)
        for (int k = i; k > 0 && v[k] < v[k - 1]; k--) {
            float lower = v[k];
            v[k] = v[k - 1];
            v[k - 1] = lower;
        }
}

static void measure(line_noise *n)
{
    float sorted[NOISE_WINDOWS];
    int count = n->windows < NOISE_WINDOWS ? (int)n->windows : NOISE_WINDOWS;

    for (int i = 0; i < count; i++)
        sorted[i] = n->windows_db[i];
    sort(sorted, count);
    /* Windows without a pause of speech are among the louder ones. */
    n->baseline_db = sorted[count / 4];
    n->spread_db = sorted[count / 4] - sorted[0];
}

static bool steady(const line_noise *n)
{
    return n->windows >= LEAST_WINDOWS && n->spread_db <= STEADY_DB && n->baseline_db >= LEAST_BASELINE_DB;
}

static void close_window(line_noise *n)
{
    float db = 10 * log10f(n->window_least + 1);

    n->window_frames = 0;
    n->window_least = INFINITY;
    if (n->state == NOISE_RETURNED && n->after_n < AFTER_WINDOWS) {
        n->after_db[n->after_n++] = db;
        return;
    }
    n->windows_db[n->windows++ % NOISE_WINDOWS] = db;
    measure(n);
}

/* The line after the hold is the line from now on. */
static void forget(line_noise *n)
{
    n->state = NOISE_USUAL;
    n->windows = 0;
    for (int i = 0; i < n->after_n; i++)
        n->windows_db[n->windows++] = n->after_db[i];
    if (n->windows)
        measure(n);
    n->after_n = 0;
}

void noise_hear(line_noise *n, float power)
{
    n->smooth += (power - n->smooth) / 3;
    bool below = steady(n) && 10 * log10f(n->smooth + 1) < n->baseline_db - BELOW_DB;

    n->below = below ? (uint16_t)(n->below + (n->below < UINT16_MAX)) : 0;
    if (n->state == NOISE_HELD) {
        n->held++;
        if (!below) {
            n->state = NOISE_RETURNED;
            n->since = n->window_frames = n->after_n = 0;
            n->window_least = INFINITY;
        }
        return;
    }
    if (n->below >= HELD_FRAMES) {
        n->state = NOISE_HELD;
        n->held = n->below;
        return;
    }
    if (n->state == NOISE_RETURNED && ++n->since > FORGET_FRAMES)
        forget(n);
    if (n->below) /* may become a hold: no measure of the line */
        return;
    if (!n->window_frames || n->smooth < n->window_least)
        n->window_least = n->smooth;
    if (++n->window_frames >= WINDOW_FRAMES)
        close_window(n);
}

float noise_shift_db(const line_noise *n)
{
    float sorted[AFTER_WINDOWS];

    if (n->state != NOISE_RETURNED || n->after_n < AFTER_WINDOWS)
        return 0;
    for (int i = 0; i < AFTER_WINDOWS; i++)
        sorted[i] = n->after_db[i];
    sort(sorted, AFTER_WINDOWS);
    float shift = sorted[1] - n->baseline_db;
    /* A second line adds its noise, and takes none away. */
    return shift >= SHIFT_DB + n->spread_db / 2 && sorted[1] - sorted[0] <= STEADY_DB ? shift : 0;
}
