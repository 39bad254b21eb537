#include "clip.h"

#include <math.h>
#include <speex/speex_resampler.h>
#include <stdlib.h>
#include <string.h>

#include "kinline_engine.h"

enum { RATE = 16000, RESAMPLER_QUALITY = 5 };

static int resample(const int16_t *from, size_t n, int16_t *to)
{
    int error = 0;
    SpeexResamplerState *r = speex_resampler_init(1, RATE, RATE / 2, RESAMPLER_QUALITY, &error);
    const int16_t zeros[512] = {0};
    size_t in = 0, out = 0;

    if (!r)
        return -1;
    speex_resampler_skip_zeros(r);
    while (out < n / 2) {
        /* Behind the end, zeros flush the filter. */
        spx_uint32_t took = (spx_uint32_t)(in < n ? n - in : sizeof zeros / sizeof *zeros);
        spx_uint32_t gave = (spx_uint32_t)(n / 2 - out);
        if (speex_resampler_process_int(r, 0, in < n ? from + in : zeros, &took, to + out, &gave) || !(took + gave))
            break;
        in += took;
        out += gave;
    }
    speex_resampler_destroy(r);
    return out == n / 2 ? 0 : -1;
}

/* Takes pcm16 over. */
static clip *clip_of(int16_t *pcm16, size_t n)
{
    clip *c = calloc(1, sizeof *c);
    int16_t *pcm8 = calloc(n / 2, sizeof *pcm8);

    if (!c || !pcm8 || resample(pcm16, n, pcm8)) {
        free(c);
        free(pcm8);
        free(pcm16);
        return NULL;
    }
    *c = (clip){.n = n, .pcm16 = pcm16, .pcm8 = pcm8};
    return c;
}

clip *clip_create(const int16_t *pcm, size_t n)
{
    size_t even = n + (n & 1);
    int16_t *copy = calloc(even, sizeof *copy);

    if (!copy)
        return NULL;
    memcpy(copy, pcm, n * sizeof *copy);
    return clip_of(copy, even);
}

void clip_free(clip *c)
{
    if (!c)
        return;
    free(c->pcm16);
    free(c->pcm8);
    free(c);
}

const int16_t *clip_from(const clip *c, size_t at, bool wide, size_t *left)
{
    *left = wide ? c->n - 2 * at : c->n / 2 - at;
    return wide ? c->pcm16 + 2 * at : c->pcm8 + at;
}

/* One cadence; frequencies in Hz, 0 for none. Each component is -19 dB of full scale in amplitude,
 * about the -13 dBm0 a pair that switches send. */
static const struct {
    uint16_t hz[4];
    uint16_t on_ms, off_ms;
} tones[KL_TONE_COUNT] = {
    [KL_TONE_DIAL] = {{350, 440}, 1000, 0},
    [KL_TONE_RINGBACK] = {{440, 480}, 2000, 4000},
    [KL_TONE_BUSY] = {{480, 620}, 500, 500},
    [KL_TONE_REORDER] = {{480, 620}, 250, 250},
    [KL_TONE_OFF_HOOK] = {{1400, 2060, 2450, 2600}, 100, 100},
    [KL_TONE_BEEP] = {{1400}, 200, 0},
};

clip *clip_tone(int tone)
{
    static const double AMPLITUDE = 3600;
    size_t on = (size_t)tones[tone].on_ms * RATE / 1000;
    size_t n = on + (size_t)tones[tone].off_ms * RATE / 1000;
    int16_t *pcm = n ? calloc(n, sizeof *pcm) : NULL;

    if (!pcm)
        return NULL;
    for (size_t i = 0; i < on; i++) {
        double v = 0;
        for (int k = 0; k < 4; k++)
            v += sin(2 * M_PI * tones[tone].hz[k] * (double)i / RATE);
        pcm[i] = (int16_t)lrint(AMPLITUDE * v);
    }
    return clip_of(pcm, n);
}
