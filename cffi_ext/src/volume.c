#include "volume.h"

#include <math.h>

enum {
    BLOCK = 40,     /* 2.5 ms: shorter than a period of a voice, so that its shape is kept */
    LOUDEST = 30000 /* -0.8 dBFS */
};
static const float RECOVERY = 0.05f; /* of what is missing, each block: a time constant of 50 ms */

void volume_set(volume *v, int db)
{
    v->db = db;
    v->gain = powf(10, (float)db / 20);
    if (!v->now)
        v->now = 1;
}

static float allowed(const volume *v, const int16_t *pcm, int n)
{
    int peak = 1;

    for (int i = 0; i < n; i++)
        peak = pcm[i] > peak ? pcm[i] : -pcm[i] > peak ? -pcm[i] : peak;
    return fminf(v->gain, (float)LOUDEST / (float)peak);
}

void volume_apply(volume *v, int16_t *pcm, int n)
{
    if (!v->db)
        return;
    for (int at = 0; at < n; at += BLOCK) {
        int size = n - at < BLOCK ? n - at : BLOCK;
        float from = v->now, may = allowed(v, pcm + at, size);
        v->now = fminf(may, from + (v->gain - from) * RECOVERY);
        for (int i = 0; i < size; i++) {
            float g = from + (v->now - from) * (float)i / (float)size;
            float out = (float)pcm[at + i] * g;
            pcm[at + i] = (int16_t)lrintf(fminf(fmaxf(out, INT16_MIN), INT16_MAX));
        }
    }
}
