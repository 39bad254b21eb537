/* Arithmetic on 16-bit samples. */
#ifndef KL_MIX_H
#define KL_MIX_H

#include <stdint.h>

/* Adds n samples, clipped. */
void mix_add(int16_t *to, const int16_t *from, int n);
/* 12 dB lower, for talk under a prompt. */
void mix_duck(int16_t *pcm, int n);
/* 0..32768 */
uint32_t mix_rms(const int16_t *pcm, int n);

#endif
