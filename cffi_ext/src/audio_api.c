#include "kinline_audio.h"

#include <errno.h>
#include <stdlib.h>

#include "codec.h"
#include "jitter.h"

enum { MOST_MS = 400 };

struct kl_coder {
    coder coder;
};

kl_coder *kl_coder_create(void)
{
    kl_coder *c = calloc(1, sizeof *c);

    codec_init();
    if (c && coder_init(&c->coder))
        return c;
    kl_coder_destroy(c);
    return NULL;
}

void kl_coder_destroy(kl_coder *c)
{
    if (!c)
        return;
    coder_release(&c->coder);
    free(c);
}

int kl_codec_rate(int codec)
{
    return codec_known(codec) ? codec_rate(codec) : -EINVAL;
}

int kl_coder_encode(kl_coder *c, int codec, const int16_t *pcm, size_t n, uint8_t *out)
{
    size_t bytes = codec_known(codec) ? n * 8000 / (size_t)codec_rate(codec) : 0;

    if (!codec_known(codec) || bytes * (size_t)codec_rate(codec) / 8000 != n)
        return -EINVAL;
    codec_encode(&c->coder, codec, pcm, n, out);
    return (int)bytes;
}

int kl_coder_decode(kl_coder *c, int codec, const uint8_t *bytes, size_t n, int16_t *out)
{
    if (!codec_known(codec))
        return -EINVAL;
    codec_decode(&c->coder, codec, bytes, n, out);
    return (int)n * codec_rate(codec) / 8000;
}

struct kl_jitter {
    coder coder;
    jitter_buffer buffer;
};

kl_jitter *kl_jitter_create(uint32_t least_ms, uint32_t most_ms, int rate)
{
    if (least_ms > most_ms || most_ms > MOST_MS || (rate != 8000 && rate != 16000))
        return NULL;
    kl_jitter *j = calloc(1, sizeof *j);
    codec_init();
    if (!j || !coder_init(&j->coder)) {
        kl_jitter_destroy(j);
        return NULL;
    }
    jitter_init(&j->buffer, &j->coder, least_ms, most_ms);
    jitter_set_rate(&j->buffer, rate);
    return j;
}

void kl_jitter_destroy(kl_jitter *j)
{
    if (!j)
        return;
    coder_release(&j->coder);
    free(j);
}

int kl_jitter_put(kl_jitter *j, int codec, uint32_t timestamp, int64_t arrival_ns, const uint8_t *bytes, size_t n)
{
    if (!codec_known(codec) || !n || n > JITTER_PACKET_MAX)
        return -EINVAL;
    jitter_put(&j->buffer, codec, timestamp, arrival_ns, bytes, (uint32_t)n);
    return 0;
}

int kl_jitter_put_quiet(kl_jitter *j, uint32_t timestamp, const uint8_t *bytes, size_t n)
{
    return jitter_put_quiet(&j->buffer, timestamp, bytes, n) ? 0 : -EINVAL;
}

int kl_jitter_get(kl_jitter *j, int64_t now_ns, int16_t *out, size_t n)
{
    if (n % 2 || n > STRETCH_MS * j->buffer.per_ms)
        return -EINVAL;
    return jitter_get(&j->buffer, now_ns, out, (uint32_t)n);
}

void kl_jitter_get_counters(const kl_jitter *j, kl_jitter_counters *out)
{
    const jitter_counters *c = &j->buffer.counters;

    *out = (kl_jitter_counters){
        .late = c->late,
        .concealed_samples = c->concealed_samples,
        .shortened = c->shortened,
        .lengthened = c->lengthened,
        .skipped_ms = c->skipped / 8,
        .delay_ms = c->delay_ms,
    };
}
