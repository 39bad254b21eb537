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
    CNG_LEAST_HZ = 1060,
    CNG_MOST_HZ = 1140, /* a calling fax's, if 0.4 to 0.7 s long */
    CNG_LEAST_BLOCKS = 40,
    CNG_MOST_BLOCKS = 70,
    TTY_LEAST_HZ = 1380, /* a text telephone's mark */
    TTY_MOST_HZ = 1420,
};

/* Of a sampled sine x[n-1] + x[n+1] = 2 cos(w) x[n]; what differs is noise. This share of it keeps a beep 14 dB above
 * the line's noise, and lets vowels in for 30 ms at most. */
static const float IMPURE = 0.04f;
static const float STEADY_HZ = 20.0f;
static const float LEAST_POWER = 14000.0f; /* mean square of a -43 dBm0 sine */

typedef struct {
    float power, hz; /* hz 0: no pure tone */
} block;

static block look(const beep_detector *b, const int16_t *pcm)
{
    int16_t x[BEEP_BLOCK + 2];
    float xx = 0, xy = 0, yy = 0;

    memcpy(x, b->last, sizeof b->last);
    memcpy(x + 2, pcm, BEEP_BLOCK * sizeof *pcm);
    for (int i = 1; i <= BEEP_BLOCK; i++) {
        float y = (float)x[i - 1] + (float)x[i + 1];
        xx += (float)x[i] * (float)x[i];
        xy += (float)x[i] * y;
        yy += y * y;
    }
    block found = {.power = xx / BEEP_BLOCK};
    if (found.power < LEAST_POWER)
        return found;
    float c2 = xy / xx; /* 2 cos(w) by least squares */
    float noise = (yy - c2 * xy) / (2 + c2 * c2);
    if (noise < IMPURE * xx && fabsf(c2) < 2)
        found.hz = acosf(c2 / 2) * (float)(8000 / (2 * M_PI));
    return found;
}

static bool is_beep(const beep_detector *b)
{
    if (b->blocks < LEAST_BLOCKS || b->blocks > MOST_BLOCKS || b->hz < LOWEST_HZ || b->hz > HIGHEST_HZ)
        return false;
    if (b->hz > CNG_LEAST_HZ && b->hz < CNG_MOST_HZ && b->blocks >= CNG_LEAST_BLOCKS && b->blocks <= CNG_MOST_BLOCKS)
        return false;
    return b->hz < TTY_LEAST_HZ || b->hz > TTY_MOST_HZ;
}

static void begin(beep_detector *b, float hz)
{
    b->hz = hz;
    b->blocks = 1;
    b->over = false;
    b->silent = 0;
}

static uint32_t hear_block(beep_detector *b, const int16_t *pcm)
{
    block now = look(b, pcm);
    uint32_t told = 0;

    memcpy(b->last, pcm + BEEP_BLOCK - 2, sizeof b->last);
    if (b->over) {
        /* The first block may still hold the tone's end. */
        if (now.hz > 0 || (now.power >= LEAST_POWER && b->silent > 0)) {
            begin(b, now.hz);
        } else if (++b->silent == AFTER_BLOCKS) {
            told = (uint32_t)lroundf(b->hz);
            begin(b, 0);
        }
    } else if (b->hz > 0 && fabsf(now.hz - b->hz) < STEADY_HZ) {
        b->blocks += b->blocks < UINT16_MAX;
        b->hz += (now.hz - b->hz) / 8;
    } else if (b->hz > 0 && now.hz <= 0 && is_beep(b)) {
        b->over = true;
    } else {
        begin(b, now.hz);
    }
    return told;
}

uint32_t beep_hear(beep_detector *b, const int16_t *pcm, int n)
{
    uint32_t told = 0;

    for (int at = 0; at + BEEP_BLOCK <= n; at += BEEP_BLOCK) {
        uint32_t hz = hear_block(b, pcm + at);
        told = hz ? hz : told;
    }
    return told;
}
