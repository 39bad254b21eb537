#include "stereo.h"

#include <string.h>

/* A party that is so far behind the other, 200 ms, has said nothing meanwhile. */
enum { SKEW = 10 * RECORDER_BLOCK };

static void append(stereo *s, int channel, const int16_t *pcm, int n)
{
    unsigned at = (unsigned)(s->come[channel] % STEREO_SAMPLES);
    int first = n < (int)(STEREO_SAMPLES - at) ? n : (int)(STEREO_SAMPLES - at);
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
    unsigned at = (unsigned)(s->given % STEREO_SAMPLES);

    for (int channel = STEREO_LEFT; channel <= STEREO_RIGHT; channel++)
        if (waiting(s, channel) < RECORDER_BLOCK)
            append(s, channel, NULL, RECORDER_BLOCK - waiting(s, channel));
    recorder_push(s->recorder, s->ring[STEREO_LEFT] + at, s->ring[STEREO_RIGHT] + at);
    s->given += RECORDER_BLOCK;
}

void stereo_begin(stereo *s, recorder *r)
{
    s->recorder = r;
    s->given = s->come[STEREO_LEFT] = s->come[STEREO_RIGHT] = 0;
}

void stereo_put(stereo *s, int channel, const int16_t *pcm, int n)
{
    while (n && s->recorder) {
        int part = n < RECORDER_BLOCK ? n : RECORDER_BLOCK;
        append(s, channel, pcm, part);
        if (waiting(s, channel) >= RECORDER_BLOCK &&
            (waiting(s, 1 - channel) >= RECORDER_BLOCK || waiting(s, channel) > SKEW))
            give(s);
        pcm = pcm ? pcm + part : NULL;
        n -= part;
    }
}

void stereo_end(stereo *s)
{
    if (!s->recorder)
        return;
    while (waiting(s, STEREO_LEFT) > 0 || waiting(s, STEREO_RIGHT) > 0)
        give(s);
    recorder_end(s->recorder);
    s->recorder = NULL;
}
