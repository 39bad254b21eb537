/* What an RTP end speaks: samples to payload bytes and back. */
#ifndef KL_CODEC_H
#define KL_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Fills the tables; once, before any of the others. */
void codec_init(void);
bool codec_known(int codec);
/* Samples a second of its audio. */
int codec_rate(int codec);

void codec_encode(int codec, const int16_t *pcm, size_t n, uint8_t *out);
void codec_decode(int codec, const uint8_t *bytes, size_t n, int16_t *pcm);
/* n samples of silence. */
void codec_silence(int codec, size_t n, uint8_t *out);

#endif
