#include "mix.h"

#include <math.h>

enum { RMS_LANES = 8 }; /* sums beside each other, so that the compiler may use vectors */

static int16_t clip_sample(int32_t v)
{
    return (int16_t)(v > INT16_MAX ? INT16_MAX : v < INT16_MIN ? INT16_MIN : v);
}

void mix_add(int16_t *to, const int16_t *from, int n)
{
    for (int i = 0; i < n; i++)
        to[i] = clip_sample(to[i] + from[i]);
}

void mix_duck(int16_t *pcm, int n)
{
    for (int i = 0; i < n; i++)
        pcm[i] /= 4;
}

uint32_t mix_rms(const int16_t *pcm, int n)
{
    float sum[RMS_LANES] = {0}, all = 0;
    int i = 0;

    for (; i + RMS_LANES <= n; i += RMS_LANES)
        for (int k = 0; k < RMS_LANES; k++)
            sum[k] += (float)pcm[i + k] * (float)pcm[i + k];
    for (; i < n; i++)
        sum[0] += (float)pcm[i] * (float)pcm[i];
    for (int k = 0; k < RMS_LANES; k++)
        all += sum[k];
    return (uint32_t)sqrtf(all / (float)n);
}
