/* Codec and jitter buffer by themselves, for far ends in simulation and for measurements.
 *
 * Nothing here has a thread; one object is one user's at a time. */
#ifndef KINLINE_AUDIO_H
#define KINLINE_AUDIO_H

#include <stddef.h>
#include <stdint.h>

typedef struct kl_coder kl_coder;

/* NULL without memory. */
kl_coder *kl_coder_create(void);
void kl_coder_destroy(kl_coder *coder);
/* Samples a second of a codec (KL_CODEC_...), or -EINVAL. */
int kl_codec_rate(int codec);
/* n samples, in pairs for G.722, to the bytes of a payload: their number, or -EINVAL. */
int kl_coder_encode(kl_coder *coder, int codec, const int16_t *pcm, size_t n, uint8_t *out);
/* n bytes to samples: their number, or -EINVAL. */
int kl_coder_decode(kl_coder *coder, int codec, const uint8_t *bytes, size_t n, int16_t *out);

typedef struct kl_jitter kl_jitter;

typedef struct {
    uint64_t late;              /* packets too late to be played */
    uint64_t concealed_samples; /* made up for what was missing */
    uint64_t shortened;         /* times that speech was made shorter unheard, */
    uint64_t lengthened;        /* and longer */
    uint64_t skipped_ms;        /* given up because the buffer was too deep */
    uint32_t delay_ms;          /* how long what is played now has waited, smoothed */
} kl_jitter_counters;

/* Bounds of its slack; rate 8000 or 16000 samples a second out. NULL for a bad argument or without memory. */
kl_jitter *kl_jitter_create(uint32_t least_ms, uint32_t most_ms, int rate);
void kl_jitter_destroy(kl_jitter *jitter);
/* A payload of 1 to 960 bytes that came at arrival_ns of any clock; 0, or -EINVAL. No duplicates. */
int kl_jitter_put(kl_jitter *jitter, int codec, uint32_t timestamp, int64_t arrival_ns, const uint8_t *bytes, size_t n);
/* A payload of comfort noise (RFC 3389); 0, or -EINVAL. */
int kl_jitter_put_quiet(kl_jitter *jitter, uint32_t timestamp, const uint8_t *bytes, size_t n);
/* The next n samples, an even number up to 20 ms; 1, or 0 when none of it came from the far end, or -EINVAL. */
int kl_jitter_get(kl_jitter *jitter, int64_t now_ns, int16_t *out, size_t n);
void kl_jitter_get_counters(const kl_jitter *jitter, kl_jitter_counters *out);

#endif
