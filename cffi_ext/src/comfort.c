#include "comfort.h"

#include <math.h>
#include <string.h>

/* RMS of 16-bit samples. Quieter is a dead line; louder than the most is no background, whatever we are told. */
static const float LEAST = 8;    /* -72 dBov */
static const float MOST = 325;   /* -40 dBov */
static const float START = 16;   /* COMFORT_LEVEL */
static const float FALL = 0.25f; /* per observation towards something quieter */
static const float RISE = 1.01f; /* per observation of 20 ms: 4 dB a second, slower than talk has pauses */
static const float OVERLOAD = 32768;

void comfort_init(comfort_noise *c)
{
    memset(c, 0, sizeof *c);
    c->random = 1;
    c->floor = START;
}

void comfort_hear(comfort_noise *c, const int16_t *pcm, unsigned n)
{
    int64_t sum = 0;

    for (unsigned i = 0; i < n; i++)
        sum += pcm[i] * pcm[i];
    float rms = sqrtf((float)sum / (float)n);
    c->floor = rms < c->floor ? c->floor + (rms - c->floor) * FALL : c->floor * RISE;
    c->floor = fminf(fmaxf(c->floor, LEAST), MOST);
}

/* RFC 3389 section 3: a level in -dBov, then reflection coefficients in steps of 258/32768 around 127. */
bool comfort_told(comfort_noise *c, const uint8_t *payload, size_t len)
{
    if (!len || payload[0] > 127)
        return false;
    c->told = true;
    c->level = fminf(OVERLOAD * powf(10, -payload[0] / 20.0f), MOST);
    c->order = len - 1 < COMFORT_ORDER ? (unsigned)len - 1 : COMFORT_ORDER;
    for (unsigned i = 0; i < c->order; i++)
        c->reflection[i] = fminf(fmaxf(258.0f * ((float)payload[1 + i] - 127) / 32768, -0.98f), 0.98f);
    memset(c->backward, 0, sizeof c->backward);
    return true;
}

/* Even between -1 and 1: xorshift. */
static float noise(comfort_noise *c)
{
    c->random ^= c->random << 13;
    c->random ^= c->random >> 17;
    c->random ^= c->random << 5;
    return (float)(int32_t)c->random / 2147483648.0f;
}

/* All-pole lattice. */
static float shaped(comfort_noise *c, float forward)
{
    for (unsigned i = c->order; i-- > 0;) {
        forward -= c->reflection[i] * c->backward[i];
        c->backward[i + 1] = c->backward[i] + c->reflection[i] * forward;
    }
    c->backward[0] = forward;
    return forward;
}

void comfort_add(comfort_noise *c, int16_t *pcm, unsigned n, unsigned from, unsigned to)
{
    float rms = c->told ? c->level : c->floor, residual = 1;

    c->order = c->told ? c->order : 0;
    for (unsigned i = 0; i < c->order; i++)
        residual *= 1 - c->reflection[i] * c->reflection[i];
    float gain = rms * sqrtf(3 * residual) / 256; /* even noise in [-1, 1] has an RMS of 1 / sqrt 3 */
    for (unsigned i = 0; i < n; i++) {
        float share = (float)from + (float)((int)to - (int)from) * (float)i / (float)n;
        float v = (float)pcm[i] + shaped(c, noise(c)) * gain * share;
        pcm[i] = (int16_t)lrintf(fminf(fmaxf(v, INT16_MIN), INT16_MAX));
    }
}
