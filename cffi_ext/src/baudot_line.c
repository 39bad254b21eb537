#include "baudot_line.h"

#include <math.h>
#include <string.h>

#include "baudot.h"

enum {
    TABLE = 40,      /* 1400 and 1800 Hz both come round in 40 samples of 8 kHz */
    FRAME_BITS = 7,  /* start, five of data, and the stop bit's beginning */
    SETTLE_HOPS = 9, /* half a bit without a better fit: the character is the best one */
};

static const float HOPS_A_BIT = 8000 / 45.45f / LINE_HOP;
/* Of a whole character's seven carrier amplitudes; a lost packet takes one away, noise at -13 dB a half. */
static const float LEAST_FIT = 4.6f;
static const float START_AT_MOST = -0.04f; /* the 2 ms that a lost packet leaves of a start bit */
static const float STOP_AT_LEAST = 0.04f;
static const float BEFORE_AT_LEAST = -0.15f; /* what stands before a start bit is no space */
static const float AMPLITUDE_DECAY = 0.9995f; /* a hop: a third in a second */

static float cosines[2][TABLE], sines[2][TABLE];

__attribute__((constructor)) static void make_tables(void)
{
    static const int HZ[2] = {1400, 1800};

    for (int tone = 0; tone < 2; tone++)
        for (int i = 0; i < TABLE; i++) {
            cosines[tone][i] = cosf((float)(2 * M_PI) * (float)HZ[tone] * (float)i / 8000);
            sines[tone][i] = sinf((float)(2 * M_PI) * (float)HZ[tone] * (float)i / 8000);
        }
}

void baudot_line_begin(baudot_line *l, baudot_line_code code, void *user)
{
    memset(l, 0, sizeof *l);
    l->code = code;
    l->user = user;
}

/* How much more mark than space there is between two hops: plus or minus the carrier's amplitude times their distance. */
static float between(const baudot_line *l, uint32_t from, uint32_t to, float *whole)
{
    const line_sums *a = &l->sums[from % LINE_RING], *b = &l->sums[to % LINE_RING];
    float mark = hypotf(b->mark_i - a->mark_i, b->mark_q - a->mark_q);
    float space = hypotf(b->space_i - a->space_i, b->space_q - a->space_q);

    if (whole)
        *whole = fmaxf(mark, space);
    return mark - space;
}

/* The fit of a character that began at a hop, in amplitudes; 0 if none can have. */
static float fit(const baudot_line *l, uint32_t from, uint8_t *code)
{
    float bits[FRAME_BITS], sum = 0;
    float amplitude = l->amplitude;

    for (int i = 0; i < FRAME_BITS; i++) {
        uint32_t begin = from + (uint32_t)lroundf((float)i * HOPS_A_BIT);
        uint32_t end = from + (uint32_t)lroundf((float)(i + 1) * HOPS_A_BIT);
        bits[i] = between(l, begin, end, NULL) / amplitude;
        sum += i == 0 ? -bits[i] : i == FRAME_BITS - 1 ? bits[i] : fabsf(bits[i]);
        if ((i == 0 && bits[0] > START_AT_MOST))
            return 0;
    }
    if (bits[FRAME_BITS - 1] < STOP_AT_LEAST || sum < LEAST_FIT)
        return 0;
    if (between(l, from - SETTLE_HOPS, from, NULL) / amplitude < BEFORE_AT_LEAST)
        return 0;
    *code = 0;
    for (int i = 0; i < BAUDOT_BITS; i++)
        *code |= (uint8_t)((bits[1 + i] > 0) << i);
    return sum;
}

static void seek(baudot_line *l)
{
    const uint32_t span = (uint32_t)lroundf(FRAME_BITS * HOPS_A_BIT);
    uint8_t code = 0;
    float whole;

    if (l->hops < span + SETTLE_HOPS)
        return;
    between(l, l->hops - (uint32_t)HOPS_A_BIT, l->hops, &whole);
    l->amplitude = fmaxf(l->amplitude * AMPLITUDE_DECAY, whole);
    uint32_t from = l->hops - span;
    if ((int32_t)(from - l->earliest) >= 0) {
        float found = l->amplitude > 0 ? fit(l, from, &code) : 0;
        if (found > l->best) {
            l->best = found;
            l->best_at = from;
            l->best_code = code;
        }
    }
    if (l->best > 0 && from - l->best_at >= SETTLE_HOPS) {
        l->earliest = l->best_at + span - 2; /* the shortest stop bit in use is 1.42 long */
        l->best = 0;
        l->code(l->user, l->best_code);
    }
}

void baudot_line_hear(baudot_line *l, const int16_t *pcm, int n)
{
    for (int at = 0; at + LINE_HOP <= n; at += LINE_HOP) {
        line_sums sum = l->sums[l->hops % LINE_RING];
        int phase = (int)(l->hops % (TABLE / LINE_HOP)) * LINE_HOP;
        for (int i = 0; i < LINE_HOP; i++) {
            float x = pcm[at + i];
            sum.mark_i += x * cosines[0][phase + i];
            sum.mark_q += x * sines[0][phase + i];
            sum.space_i += x * cosines[1][phase + i];
            sum.space_q += x * sines[1][phase + i];
        }
        l->hops++;
        l->sums[l->hops % LINE_RING] = sum;
        seek(l);
    }
}
