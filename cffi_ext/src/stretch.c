#include "stretch.h"

#include <math.h>
#include <string.h>

enum {
    PAUSE_LEVEL = 200, /* mean magnitude below which a cut is not heard: -44 dB of full scale */
};
/* Normalised correlation of two neighbouring periods; voiced speech reaches 0.9 and more. */
static const float REGULAR = 0.8f;

static unsigned blended(const int16_t *from, const int16_t *to, unsigned n, int16_t *out)
{
    for (unsigned i = 0; i < n; i++)
        out[i] = (int16_t)(from[i] + (to[i] - from[i]) * (int32_t)(i + 1) / (int32_t)(n + 1));
    return n;
}

static bool is_pause(const int16_t *pcm, unsigned n)
{
    uint32_t sum = 0;

    for (unsigned i = 0; i < n; i++)
        sum += (uint32_t)(pcm[i] < 0 ? -pcm[i] : pcm[i]);
    return sum / n < PAUSE_LEVEL;
}

stretch_plan stretch_find(const int16_t *pcm, unsigned per_ms, unsigned most)
{
    unsigned window = STRETCH_MOST_MS * per_ms;
    stretch_plan best = {.lag = most};
    float most_alike = -1, energy = 1;

    if (is_pause(pcm, STRETCH_MS * per_ms)) {
        best.unheard = true;
        return best;
    }
    for (unsigned i = 0; i < window; i++)
        energy += (float)pcm[i] * pcm[i];
    for (unsigned lag = STRETCH_LEAST_US * per_ms / 1000; lag <= most; lag++) {
        float cross = 0, later = 1;
        for (unsigned i = 0; i < window; i++) {
            cross += (float)pcm[i] * pcm[i + lag];
            later += (float)pcm[i + lag] * pcm[i + lag];
        }
        float alike = cross / sqrtf(energy * later);
        if (alike > most_alike) {
            most_alike = alike;
            best.lag = lag;
        }
    }
    best.unheard = most_alike >= REGULAR;
    return best;
}

unsigned stretch_shorter(int16_t *pcm, unsigned per_ms, unsigned lag)
{
    unsigned n = STRETCH_MS * per_ms;

    blended(pcm, pcm + lag, lag, pcm);
    memmove(pcm + lag, pcm + 2 * lag, (n - 2 * lag) * sizeof *pcm);
    return n - lag;
}

unsigned stretch_longer(int16_t *pcm, unsigned per_ms, unsigned lag)
{
    unsigned n = STRETCH_MS * per_ms;
    int16_t seam[STRETCH_MOST_MS * 16];

    blended(pcm + lag, pcm, lag, seam);
    memmove(pcm + 2 * lag, pcm + lag, (n - lag) * sizeof *pcm);
    memcpy(pcm + lag, seam, lag * sizeof *pcm);
    return n + lag;
}
