/* Makes speech a little shorter or longer without changing its pitch: one period is taken out or
 * said twice, faded over where the sound repeats itself (the overlap-add of time scaling). */
#ifndef KL_STRETCH_H
#define KL_STRETCH_H

#include <stdbool.h>
#include <stdint.h>

enum {
    STRETCH_MS = 20,      /* of audio looked at */
    STRETCH_LEAST_US = 2500, /* taken out or put in at once: a period of 400 Hz, a child's voice, */
    STRETCH_MOST_MS = 10,    /* up to one of 100 Hz */
};

typedef struct {
    unsigned lag;  /* samples: the period */
    bool unheard;  /* a pause, or so regular that the change cannot be heard */
} stretch_plan;

/* pcm holds STRETCH_MS; a lag of at most so many samples, which STRETCH_MOST_MS and STRETCH_LEAST_US bound. */
stretch_plan stretch_find(const int16_t *pcm, unsigned per_ms, unsigned most);
/* Both work in place on STRETCH_MS and return the new number of samples; longer needs room for STRETCH_MOST_MS more. */
unsigned stretch_shorter(int16_t *pcm, unsigned per_ms, unsigned lag);
unsigned stretch_longer(int16_t *pcm, unsigned per_ms, unsigned lag);

#endif
