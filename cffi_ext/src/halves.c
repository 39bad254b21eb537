#include "halves.h"

#include <string.h>

enum {
    LANES = 8, /* sums beside each other, so that the compiler may use vectors */
    BESIDE = 2 * HALVES_PAIRS - 1,
    MIDDLE = HALVES_PAIRS - 1,
};

_Static_assert(HALVES_MOST % LANES == 0, "the lines below have no room for a part of a vector more");

/* sin(pi n / 2) / (pi n) under a Kaiser window of beta 5, for odd n from 1; with their mirror images they sum to the half
 * that the middle tap is. */
static const float TAPS[HALVES_PAIRS] = {
    0.3179677f, -0.1047497f, 0.0613833f, -0.0423109f, 0.0313696f, -0.0241590f, 0.0189915f, -0.0150832f,
    0.0120207f, -0.0095656f, 0.0075699f, -0.0059359f, 0.0045957f, -0.0034993f, 0.0026084f, -0.0018918f,
    0.0013238f, -0.0008818f, 0.0005463f, -0.0002997f,
};

typedef struct {
    float past_and_now[BESIDE + HALVES_MOST];
} line;

/* Every step-th sample behind those before. */
static inline void begin(line *l, int16_t *past, int length, const int16_t *in, int step, int n)
{
    for (int i = 0; i < length; i++)
        l->past_and_now[i] = past[i];
    for (int i = 0; i < n; i++)
        l->past_and_now[length + i] = in[i * step];
    memset(l->past_and_now + length + n, 0, (size_t)(HALVES_MOST - n) * sizeof(float));
    for (int i = 0; i < length; i++)
        past[i] = (int16_t)l->past_and_now[n + i];
}

/* The taps beside the middle. */
static void filter(const line *l, int n, float *out)
{
    for (int i = 0; i < n; i += LANES) {
        float sum[LANES] = {0};
        const float *at = l->past_and_now + i + HALVES_PAIRS;
        for (int k = 0; k < HALVES_PAIRS; k++)
            for (int j = 0; j < LANES; j++)
                sum[j] += TAPS[k] * (at[j + k] + at[j - 1 - k]);
        memcpy(out + i, sum, sizeof sum);
    }
}

static int16_t sample(float v)
{
    v = v < INT16_MIN ? INT16_MIN : v > INT16_MAX ? INT16_MAX : v;
    return (int16_t)((int32_t)(v - INT16_MIN + 0.5f) + INT16_MIN);
}

void halves_down(halves *h, const int16_t *wide, int n, int16_t *narrow)
{
    line beside, middle;
    float sum[HALVES_MOST];

    begin(&beside, h->beside, BESIDE, wide + 1, 2, n);
    begin(&middle, h->middle, MIDDLE, wide, 2, n);
    filter(&beside, n, sum);
    for (int i = 0; i < n; i++)
        narrow[i] = sample(sum[i] + middle.past_and_now[i] / 2);
}

void halves_up(halves *h, const int16_t *narrow, int n, int16_t *wide)
{
    line l;
    float sum[HALVES_MOST];

    begin(&l, h->beside, BESIDE, narrow, 1, n);
    filter(&l, n, sum);
    for (int i = 0; i < n; i++) {
        wide[2 * i] = (int16_t)l.past_and_now[i + HALVES_PAIRS - 1];
        wide[2 * i + 1] = sample(2 * sum[i]);
    }
}
