/* What an RTP end speaks: samples to payload bytes and back.
 *
 * Each codec here has an RTP clock of 8 kHz and one byte of payload a tick of it, G.722 too, whose
 * byte is two samples (RFC 3551 §4.5.2): bytes and timestamp units are one count. */
#ifndef KL_CODEC_H
#define KL_CODEC_H

#include <spandsp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a codec remembers between packets, both ways. */
typedef struct {
    g722_encode_state_t *encoder;
    g722_decode_state_t *decoder;
} coder;

/* Fills the tables; once, before any of the others. */
void codec_init(void);
bool codec_known(int codec);
/* Samples a second of its audio. */
int codec_rate(int codec);

/* Any thread. False without memory; release either way. */
bool coder_init(coder *c);
void coder_release(coder *c);
/* What was decoded so far leaves no trace in what comes. */
void coder_forget_decoded(coder *c);

/* n samples to n x 8000 / codec_rate bytes. */
void codec_encode(coder *c, int codec, const int16_t *pcm, size_t n, uint8_t *out);
/* n bytes to n x codec_rate / 8000 samples. */
void codec_decode(coder *c, int codec, const uint8_t *bytes, size_t n, int16_t *pcm);
/* n samples of silence, at most 20 ms. */
void codec_silence(coder *c, int codec, size_t n, uint8_t *out);

#endif
