#include "stereo.h"

#include <stddef.h>
#include <string.h>

/* A party that is so many blocks behind the other, 200 ms, has said nothing meanwhile. */
enum { SKEW = 10 };

static unsigned ring_samples(const stereo *s)
{
    return STEREO_BLOCKS * (unsigned)s->block;
}

static void append(stereo *s, int channel, const int16_t *pcm, int n)
{
    unsigned at = (unsigned)(s->come[channel] % ring_samples(s));
    int first = n < (int)(ring_samples(s) - at) ? n : (int)(ring_samples(s) - at);
    int16_t *ring = s->ring[channel];

    if (pcm) {
        memcpy(ring + at, pcm, (size_t)first * sizeof *pcm);
        memcpy(ring, pcm + first, (size_t)(n - first) * sizeof *pcm);
    } else {
        memset(ring + at, 0, (size_t)first * sizeof *ring);
        memset(ring, 0, (size_t)(n - first) * sizeof *ring);
    }
    s->come[channel] += (uint64_t)n;
}

static int waiting(const stereo *s, int channel)
{
    return (int)(s->come[channel] - s->given);
}

static void give(stereo *s)
{
    unsigned at = (unsigned)(s->given % ring_samples(s));

    for (int channel = STEREO_LEFT; channel <= STEREO_RIGHT; channel++)
        if (waiting(s, channel) < s->block)
            append(s, channel, NULL, s->block - waiting(s, channel));
    s->take(s->user, s->ring[STEREO_LEFT] + at, s->ring[STEREO_RIGHT] + at);
    s->given += (uint64_t)s->block;
}

void stereo_begin(stereo *s, int rate, stereo_take take, void *user)
{
    s->take = take;
    s->user = user;
    s->block = rate * VOICE_MS / 1000;
    s->given = s->come[STEREO_LEFT] = s->come[STEREO_RIGHT] = 0;
}

void stereo_put(stereo *s, int channel, const int16_t *pcm, int n)
{
    while (n && s->take) {
        int part = n < s->block ? n : s->block;
        append(s, channel, pcm, part);
        if (waiting(s, channel) >= s->block &&
            (waiting(s, 1 - channel) >= s->block || waiting(s, channel) > SKEW * s->block))
            give(s);
        pcm = pcm ? pcm + part : NULL;
        n -= part;
    }
}

void stereo_end(stereo *s)
{
    while (s->take && (waiting(s, STEREO_LEFT) > 0 || waiting(s, STEREO_RIGHT) > 0))
        give(s);
    s->take = NULL;
}
