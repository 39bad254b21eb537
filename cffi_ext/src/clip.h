/* A prompt or tone, kept at both sampling rates. */
#ifndef KL_CLIP_H
#define KL_CLIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct clip {
    uint32_t uses;   /* entries of play lists; the audio thread's */
    size_t n;        /* samples at 16 kHz; half as many at 8 kHz */
    int16_t *pcm16;
    int16_t *pcm8;
} clip;

/* Copies n 16 kHz samples (made even by a zero); NULL without memory. */
clip *clip_create(const int16_t *pcm, size_t n);
void clip_free(clip *c);

/* What follows its first `at` samples at 8 kHz, at 16 kHz (wide) or 8 kHz, and how much of that there is. */
const int16_t *clip_from(const clip *c, size_t at, bool wide, size_t *left);

/* The tones of KL_TONE_...: US call progress (Telcordia SR-2275), to be looped; NULL for KL_TONE_NONE. */
clip *clip_tone(int tone);

#endif
