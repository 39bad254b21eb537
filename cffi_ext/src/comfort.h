/* Comfort noise, so that a line with nothing on it does not sound dead: as the far end describes it
 * (RFC 3389, payload type 13), or else as loud as its quietest moments were. */
#ifndef KL_COMFORT_H
#define KL_COMFORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    COMFORT_LEVEL = 66, /* -dBov that we describe as our own: a quiet room over a telephone */
    COMFORT_ORDER = 10,
};

typedef struct {
    uint32_t random;
    float floor;      /* RMS of the quietest audio lately */
    bool told;        /* the far end described its noise */
    float level;      /* RMS told */
    unsigned order;
    float reflection[COMFORT_ORDER], backward[COMFORT_ORDER + 1];
} comfort_noise;

void comfort_init(comfort_noise *c);
/* Audio of some ms, to learn how loud its background is. */
void comfort_hear(comfort_noise *c, const int16_t *pcm, unsigned n);
/* A payload of type 13; false when it is malformed. */
bool comfort_told(comfort_noise *c, const uint8_t *payload, size_t len);
/* Adds n samples of noise, its strength going from one share of 256 to another. */
void comfort_add(comfort_noise *c, int16_t *pcm, unsigned n, unsigned from, unsigned to);

#endif
