#include "conceal.h"

#include <math.h>
#include <string.h>

enum {
    PITCH_LEAST = 5, /* ms: 200 Hz; what is higher is repeated by its multiple */
    HOLD = 10,       /* ms at full level */
    MERGE_LEAST = 4, /* ms in which real audio takes over, and */
    MERGE_MOST = 10, /* after a long gap */
    COARSE = 8,      /* candidates are first looked at in steps of 1 ms / COARSE */
};

static unsigned samples(const concealer *c, unsigned ms)
{
    return ms * c->per_ms;
}

void conceal_reset(concealer *c, unsigned per_ms)
{
    memset(c, 0, sizeof *c);
    c->per_ms = per_ms;
    c->missing = samples(c, CONCEAL_FADED_MS);
}

static bool faded(const concealer *c)
{
    return c->missing >= samples(c, CONCEAL_FADED_MS);
}

unsigned conceal_faded_share(const concealer *c)
{
    return faded(c) ? CONCEAL_SHARES : c->missing * CONCEAL_SHARES / samples(c, CONCEAL_FADED_MS);
}

void conceal_give_up(concealer *c)
{
    c->missing = samples(c, CONCEAL_FADED_MS);
}

static void remember(concealer *c, const int16_t *pcm, unsigned n)
{
    unsigned size = samples(c, CONCEAL_HISTORY_MS);

    if (n > size) {
        pcm += n - size;
        n = size;
    }
    memmove(c->history, c->history + n, (size - n) * sizeof *pcm);
    memcpy(c->history + size - n, pcm, n * sizeof *pcm);
}

/* How alike the newest window and the one lag earlier are: normalised correlation, every step-th sample. */
static float likeness(const concealer *c, unsigned lag, unsigned step)
{
    const int16_t *end = c->history + samples(c, CONCEAL_HISTORY_MS);
    const int16_t *a = end - samples(c, CONCEAL_WINDOW), *b = a - lag;
    float cross = 0, energy = 1;

    for (unsigned i = 0; a + i < end; i += step) {
        cross += (float)a[i] * b[i];
        energy += (float)b[i] * b[i];
    }
    return cross / sqrtf(energy);
}

static unsigned best_of(const concealer *c, unsigned from, unsigned to, unsigned step)
{
    unsigned best = from;
    float most = -INFINITY;

    for (unsigned lag = from; lag <= to; lag += step) {
        float alike = likeness(c, lag, step);
        if (alike > most) {
            most = alike;
            best = lag;
        }
    }
    return best;
}

static unsigned find_pitch(const concealer *c)
{
    unsigned least = samples(c, PITCH_LEAST), most = samples(c, CONCEAL_PITCH_MOST);
    unsigned step = c->per_ms / COARSE * 2;
    unsigned rough = best_of(c, least, most, step);

    return best_of(c, rough > least + step ? rough - step : least, rough + step < most ? rough + step : most, 1);
}

static int16_t blend(int32_t from, int32_t to, unsigned i, unsigned n)
{
    return (int16_t)(from + (to - from) * (int32_t)(i + 1) / (int32_t)(n + 1));
}

/* The last pitch period, its end bent so that it leads into its own beginning. */
static void take_period(concealer *c)
{
    const int16_t *end = c->history + samples(c, CONCEAL_HISTORY_MS);

    c->pitch = find_pitch(c);
    c->at = 0;
    memcpy(c->period, end - c->pitch, c->pitch * sizeof *end);
    unsigned overlap = c->pitch / 4, from = c->pitch - overlap;
    for (unsigned i = 0; i < overlap; i++)
        c->period[from + i] = blend(end[(int)i - (int)overlap], end[(int)i - (int)overlap - (int)c->pitch], i, overlap);
}

/* In 1/32768: full for HOLD, then falling to nothing. */
static int32_t gain(const concealer *c)
{
    unsigned hold = samples(c, HOLD), end = samples(c, CONCEAL_FADED_MS);

    if (c->missing <= hold)
        return 32768;
    return c->missing >= end ? 0 : (int32_t)((uint64_t)32768 * (end - c->missing) / (end - hold));
}

static int16_t next(concealer *c)
{
    int32_t level = gain(c);
    int16_t out = 0;

    if (level) {
        out = (int16_t)(c->period[c->at] * level / 32768);
        c->at = (c->at + 1) % c->pitch;
    }
    c->missing++;
    return out;
}

void conceal_fill(concealer *c, int16_t *out, unsigned n)
{
    if (!c->missing)
        take_period(c);
    unsigned was = c->missing, overlap = c->pitch / 4;
    const int16_t *end = c->history + samples(c, CONCEAL_HISTORY_MS);

    if (faded(c)) {
        memset(out, 0, n * sizeof *out);
        return;
    }
    for (unsigned i = 0; i < n; i++) {
        out[i] = next(c);
        /* The first samples grow out of the real ones, mirrored. */
        if (was + i < overlap)
            out[i] = blend(end[-1 - (int)(was + i)], out[i], was + i, overlap);
    }
}

void conceal_splice(concealer *c)
{
    if (c->missing)
        return;
    take_period(c);
    c->missing = 1;
}

void conceal_heard(concealer *c, int16_t *pcm, unsigned n)
{
    if (c->missing) {
        unsigned merge = samples(c, MERGE_LEAST) + c->missing / 4, most = samples(c, MERGE_MOST);
        merge = merge > most ? most : merge;
        merge = merge > n ? n : merge;
        for (unsigned i = 0; i < merge; i++)
            pcm[i] = blend(next(c), pcm[i], i, merge);
        c->missing = 0;
    }
    remember(c, pcm, n);
}
