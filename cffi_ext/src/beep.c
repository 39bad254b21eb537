#include "beep.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    LEAST_BLOCKS = 12,  /* 120 ms: the shortest beep of answering machines in use */
    MOST_BLOCKS = 250,  /* 2.5 s: longer is a fault or a fax */
    AFTER_BLOCKS = 40,  /* 400 ms of silence: a SIT goes on at once, speech soon */
    LOWEST_HZ = 380,    /* below: hum and the tones of ordinary telephones */
    HIGHEST_HZ = 2050,  /* above: fax and modem */
    GAP_BLOCKS = 4,     /* 40 ms: a lost packet, and what stood for it */
    CNG_LEAST_HZ = 1062,
    CNG_MOST_HZ = 1138, /* a calling fax's half second, or what losses left of it */
    CNG_MOST_BLOCKS = 70,
    TTY_LEAST_HZ = 1380, /* a text telephone's mark */
    TTY_MOST_HZ = 1420,
};

/* Of a sampled sine x[n-k] + x[n+k] = 2 cos(k w) x[n] for every k; what differs is noise, or a second tone. This share
 * of it keeps a beep 14 dB above the line's noise. One k alone is blind to some pairs of tones; two are not. */
static const float IMPURE = 0.04f;
/* Two tones 40 Hz apart (ringback) look like one in 10 ms, but swell and fade: a beep's power stays within 2 dB. */
static const float STEADY_POWER = 1.6f;
static const float STEADY_HZ = 20.0f;
static const float LEAST_POWER = 14000.0f; /* mean square of a -43 dBm0 sine */

typedef struct {
    float power, hz; /* hz 0: no pure tone */
} block;

/* How the block's samples answer to the sum of their neighbours k away: 2 cos(k w) by least squares, and the share of
 * noise in it. */
static float answer(const int16_t *x, int k, float xx, float *impure)
{
    float xy = 0, yy = 0;

    for (int i = 0; i < BEEP_BLOCK; i++) {
        float y = (float)x[i - k] + (float)x[i + k];
        xy += (float)x[i] * y;
        yy += y * y;
    }
    float c2 = xy / xx;
    *impure = (yy - c2 * xy) / ((2 + c2 * c2) * xx);
    return c2;
}

static block look(const beep_detector *b, const int16_t *pcm)
{
    int16_t joined[BEEP_BLOCK + 2 * BEEP_REACH];
    const int16_t *x = joined + BEEP_REACH; /* the block but for its last samples, and as many before it */
    float xx = 0, impure, impure3, impure4;

    memcpy(joined, b->last, sizeof b->last);
    memcpy(joined + 2 * BEEP_REACH, pcm, BEEP_BLOCK * sizeof *pcm);
    for (int i = 0; i < BEEP_BLOCK; i++)
        xx += (float)x[i] * (float)x[i];
    block found = {.power = xx / BEEP_BLOCK};
    if (found.power < LEAST_POWER)
        return found;
    float c2 = answer(x, 1, xx, &impure);
    answer(x, 3, xx, &impure3);
    answer(x, BEEP_REACH, xx, &impure4);
    if (impure < IMPURE && impure3 < IMPURE && impure4 < IMPURE && fabsf(c2) < 2)
        found.hz = acosf(c2 / 2) * (float)(8000 / (2 * M_PI));
    return found;
}

static bool is_beep(const beep_detector *b)
{
    if (b->blocks < LEAST_BLOCKS || b->blocks > MOST_BLOCKS || b->hz < LOWEST_HZ || b->hz > HIGHEST_HZ)
        return false;
    if (b->hz > CNG_LEAST_HZ && b->hz < CNG_MOST_HZ && b->blocks <= CNG_MOST_BLOCKS)
        return false;
    return b->hz < TTY_LEAST_HZ || b->hz > TTY_MOST_HZ;
}

static void begin(beep_detector *b, block now)
{
    b->hz = now.hz;
    b->power = now.power;
    b->blocks = 1;
    b->over = false;
    b->silent = 0;
}

static bool steady(const beep_detector *b, const block *now)
{
    /* The first block may hold only a part of the tone. */
    return b->blocks < 2 || (now->power < b->power * STEADY_POWER && now->power * STEADY_POWER > b->power);
}

static uint32_t hear_block(beep_detector *b, const int16_t *pcm, float echo)
{
    block now = look(b, pcm);
    float quiet = fmaxf(LEAST_POWER, echo);
    uint32_t told = 0;

    memcpy(b->last, pcm + BEEP_BLOCK - 2 * BEEP_REACH, sizeof b->last);
    bool same = b->hz > 0 && fabsf(now.hz - b->hz) < STEADY_HZ;
    if (b->over) {
        if (same && b->silent <= GAP_BLOCKS && steady(b, &now)) {
            b->over = false;
            b->blocks = (uint16_t)(b->blocks + b->silent + 1);
            b->silent = 0;
            return 0;
        }
        /* The first blocks may still hold the tone's end. */
        if (now.power >= quiet && ((now.hz > 0 && !same) || b->silent > GAP_BLOCKS)) {
            begin(b, now);
        } else if (++b->silent == AFTER_BLOCKS) {
            told = (uint32_t)lroundf(b->hz);
            begin(b, (block){0});
        }
    } else if (same && steady(b, &now)) {
        b->blocks += b->blocks < UINT16_MAX;
        b->hz += (now.hz - b->hz) / 8;
        b->power = now.power;
    } else if (b->hz > 0 && (same || now.hz <= 0) && is_beep(b)) {
        b->over = true;
    } else {
        begin(b, now);
    }
    return told;
}

uint32_t beep_hear(beep_detector *b, const int16_t *pcm, int n, float echo)
{
    uint32_t told = 0;

    for (int at = 0; at + BEEP_BLOCK <= n; at += BEEP_BLOCK) {
        uint32_t hz = hear_block(b, pcm + at, echo);
        told = hz ? hz : told;
    }
    return told;
}
