#include "mix.h"

#include <math.h>

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
    int64_t sum = 0;

    for (int i = 0; i < n; i++)
        sum += pcm[i] * pcm[i];
    return (uint32_t)sqrt((double)sum / n);
}
