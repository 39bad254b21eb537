/* What RTP audio becomes on its way to the ear: codecs, the jitter buffer, concealment, stretching, comfort noise. */
#include <math.h>
#include <string.h>

#include "check.h"
#include "codec.h"
#include "jitter.h"
#include "kinline_engine.h"

static void test_g711_tables_are_spandsps_answers(void)
{
    coder none = {0}; /* G.711 remembers nothing */

    codec_init();
    for (int v = INT16_MIN; v <= INT16_MAX; v++) {
        int16_t pcm = (int16_t)v;
        uint8_t u, a;
        codec_encode(&none, KL_CODEC_PCMU, &pcm, 1, &u);
        codec_encode(&none, KL_CODEC_PCMA, &pcm, 1, &a);
        CHECK(u == linear_to_ulaw(v) && a == linear_to_alaw(v));
    }
    for (int code = 0; code < 256; code++) {
        uint8_t byte = (uint8_t)code;
        int16_t u, a;
        codec_decode(&none, KL_CODEC_PCMU, &byte, 1, &u);
        codec_decode(&none, KL_CODEC_PCMA, &byte, 1, &a);
        CHECK(u == ulaw_to_linear(byte) && a == alaw_to_linear(byte));
    }
}

static void test_g722_goes_through_in_any_pieces(void)
{
    coder whole, pieces;
    int16_t pcm[3200], once[3200], again[3200];
    uint8_t bytes[1600];

    CHECK(coder_init(&whole) && coder_init(&pieces));
    for (int i = 0; i < 3200; i++)
        pcm[i] = (int16_t)(6000 * sin(i * 0.3) + 3000 * sin(i * 2.0)); /* 764 Hz, and 5.1 kHz, above what G.711 has */
    codec_encode(&whole, KL_CODEC_G722, pcm, 3200, bytes);
    codec_decode(&whole, KL_CODEC_G722, bytes, 1600, once);
    for (size_t at = 0, n = 1; at < 1600; at += n, n = n + 7 > 1600 - at ? 1600 - at : n + 7)
        codec_decode(&pieces, KL_CODEC_G722, bytes + at, n, again + 2 * at);
    CHECK(!memcmp(once, again, sizeof once));
    double error = 0, energy = 0;
    for (int i = 800; i < 3200; i++) { /* the two filter banks delay by 22 samples */
        error += pow(once[i] - pcm[i - 22], 2);
        energy += pow(pcm[i - 22], 2);
    }
    CHECK(error < energy / 100); /* 20 dB */
    coder_release(&whole);
    coder_release(&pieces);
}

/* ---- the buffer ---- */

enum { PULL_NS = 20000000 };

typedef struct {
    coder coder;
    jitter_buffer j;
    int16_t out[320];
    int64_t now_ns;
} rig;

static rig *rig_new(int rate)
{
    rig *r = calloc(1, sizeof *r);

    codec_init();
    CHECK(r && coder_init(&r->coder));
    jitter_init(&r->j, &r->coder, 20, 120);
    jitter_set_rate(&r->j, rate);
    return r;
}

static void rig_free(rig *r)
{
    coder_release(&r->coder);
    free(r);
}

static bool pull(rig *r)
{
    r->now_ns += PULL_NS;
    return jitter_get(&r->j, r->now_ns, r->out, 20 * r->j.per_ms);
}

/* A packet of a tone of 100 Hz: two periods, in any codec. */
static void put(rig *r, int codec, uint32_t timestamp)
{
    int16_t pcm[320];
    uint8_t bytes[160];
    int n = codec_rate(codec) / 50;

    for (int i = 0; i < n; i++)
        pcm[i] = (int16_t)(4000 * sin(2 * M_PI * 2 * i / n));
    codec_encode(&r->coder, codec, pcm, (size_t)n, bytes);
    jitter_put(&r->j, codec, timestamp, r->now_ns + PULL_NS / 2, bytes, 160);
}

static int loudest(const rig *r)
{
    int most = 0;

    for (unsigned i = 0; i < 20 * r->j.per_ms; i++)
        most = abs(r->out[i]) > most ? abs(r->out[i]) : most;
    return most;
}

static void test_each_sample_is_played_once_in_order(void)
{
    rig *r = rig_new(8000);
    const uint32_t start = UINT32_MAX - 3200; /* wraps on the way */

    CHECK(!pull(r) && loudest(r) < 64);
    for (uint32_t i = 0; i < 100; i++) {
        uint8_t bytes[160];
        for (uint32_t k = 0; k < 160; k++)
            bytes[k] = (uint8_t)((i * 160 + k) % 251);
        jitter_put(&r->j, KL_CODEC_PCMA, start + i * 160, r->now_ns + PULL_NS / 2, bytes, 160);
        CHECK(pull(r) == (i > 0));
        for (uint32_t k = 0; i > 1 && k < 160; k++)
            CHECK(r->out[k] == alaw_to_linear((uint8_t)(((i - 1) * 160 + k) % 251)));
    }
    CHECK(r->j.counters.late == 0 && r->j.counters.delay_ms == 30 && r->j.counters.concealed_samples == 160);
    jitter_forget(&r->j);
    CHECK(!pull(r) && loudest(r) < 1000); /* noise as loud as the quietest of that */
    rig_free(r);
}

static void test_a_change_of_codec_is_heard_at_the_rate_agreed(void)
{
    rig *r = rig_new(16000);
    static const int codecs[] = {KL_CODEC_PCMU, KL_CODEC_G722, KL_CODEC_PCMA};

    for (uint32_t i = 0; i < 90; i++) {
        put(r, codecs[i / 30], i * 160);
        CHECK(pull(r) == (i > 0));
        if (i > 2)
            CHECK(loudest(r) > 3500 && loudest(r) < 4500);
    }
    rig_free(r);
}

static void test_what_is_lost_fades_into_noise_and_is_no_dead_line(void)
{
    rig *r = rig_new(16000);

    for (uint32_t i = 0; i < 50; i++) {
        put(r, KL_CODEC_G722, i * 160);
        pull(r);
    }
    pull(r); /* what was still held */
    int levels[5];
    for (int i = 0; i < 5; i++) {
        CHECK(!pull(r));
        levels[i] = loudest(r);
    }
    CHECK(levels[0] > 3000 && levels[0] < 4600); /* goes on */
    CHECK(levels[1] < levels[0] && levels[2] < levels[1] / 2);
    CHECK(levels[4] > 0 && levels[4] < 1000);
    rig_free(r);
}

static void test_comfort_noise_is_as_loud_as_told(void)
{
    rig *r = rig_new(8000);
    uint8_t told[] = {50, 127, 160}; /* -50 dBov: an RMS of 104; and a little colour */
    double sum = 0;

    put(r, KL_CODEC_PCMU, 0);
    CHECK(jitter_put_quiet(&r->j, 160, told, sizeof told));
    pull(r);
    pull(r);
    uint64_t concealed = r->j.counters.concealed_samples;
    for (int i = 0; i < 200; i++) {
        CHECK(!pull(r));
        for (int k = 0; i > 10 && k < 160; k++)
            sum += r->out[k] * r->out[k];
    }
    double rms = sqrt(sum / (189 * 160));
    CHECK(rms > 85 && rms < 125);
    CHECK(r->j.counters.concealed_samples == concealed);
    told[0] = 200;
    CHECK(!jitter_put_quiet(&r->j, 160, told, sizeof told) && !jitter_put_quiet(&r->j, 160, told, 0));
    told[0] = 0; /* a far end that asks for noise at full level is not believed */
    CHECK(jitter_put_quiet(&r->j, 160, told, 1) && !pull(r) && loudest(r) < 1000);
    rig_free(r);
}

/* One packet is out of all time: the talk goes on, and what it says is not played. */
static void test_one_packet_moves_no_timeline(void)
{
    static const uint32_t off[] = {7201, 100000, 1u << 31, (uint32_t)-7600, (uint32_t)-100000, (1u << 31) + 1};
    rig *r = rig_new(8000);
    uint32_t i = 0;

    for (unsigned k = 0; k < sizeof off / sizeof *off; k++) {
        for (uint32_t until = i + 10; i < until; i++) {
            put(r, KL_CODEC_PCMU, i * 160);
            CHECK(pull(r) == (i > 0));
        }
        put(r, KL_CODEC_PCMU, i * 160 + off[k]);
        CHECK(r->j.counters.late == k + 1 && r->j.counters.concealed_samples == 160);
    }
    /* The timeline has moved far ahead when the next packet follows, far behind when nothing else comes for long. */
    i += 1000;
    put(r, KL_CODEC_PCMU, i++ * 160);
    put(r, KL_CODEC_PCMU, i * 160);
    CHECK(r->j.counters.late == 7);
    pull(r);
    CHECK(pull(r) && loudest(r) > 3500);
    for (int k = 0; k < 8; k++)
        put(r, KL_CODEC_PCMU, (uint32_t)k * 160);
    CHECK(r->j.counters.late == 15);
    pull(r);
    CHECK(pull(r) && loudest(r) > 3500);
    rig_free(r);
}

/* Who counts no time while on hold goes on from there: nothing is held that a new timeline could take away. */
static void test_after_a_second_of_nothing_any_timeline_is_followed_at_once(void)
{
    static const uint32_t off[] = {160, 8000, 16160, 100000, 1u << 31};
    rig *r = rig_new(8000);
    uint32_t timestamp = 0;

    for (unsigned k = 0; k < sizeof off / sizeof *off; k++) {
        for (int i = 0; i < 10; i++, timestamp += 160) {
            put(r, KL_CODEC_PCMU, timestamp);
            CHECK(pull(r) == (i > 0));
        }
        for (int i = 0; i < 100; i++)
            CHECK(pull(r) == (i == 0));
        timestamp += off[k] - 160;
    }
    CHECK(r->j.counters.late == 0);
    rig_free(r);
}

static void test_tones_are_safe_from_noise_from_the_beginning(void)
{
    rig *r = rig_new(16000);

    CHECK(!pull(r) && loudest(r) > 0);
    r->j.tone_safe = true;
    for (int i = 0; i < 50; i++)
        CHECK(!pull(r) && loudest(r) == 0);
    rig_free(r);
}

/* An hour of a far end whose clock differs by so many ppm, in virtual time. */
static void test_an_hour_of_drift(int ppm)
{
    enum { PULLS = 180000 };
    rig *r = rig_new(8000);
    int64_t next_ns = 0;
    uint32_t sent = 0;
    uint64_t made_up = 0;

    for (int i = 0; i < PULLS; i++) {
        while (next_ns <= r->now_ns) {
            int64_t now_ns = r->now_ns;
            r->now_ns = next_ns - PULL_NS / 2;
            put(r, KL_CODEC_PCMU, sent++ * 160);
            r->now_ns = now_ns;
            next_ns += PULL_NS + PULL_NS / 1000000 * ppm;
        }
        made_up += !pull(r);
    }
    const jitter_counters *c = &r->j.counters;
    CHECK(made_up <= 2 && c->late == 0 && c->skipped == 0 && c->concealed_samples == 160);
    CHECK(c->delay_ms < 70); /* 40 of slack at most, a pull and the offset in it */
    CHECK(ppm > 0 ? c->lengthened > 30 && !c->shortened : c->shortened > 30 && !c->lengthened);
    rig_free(r);
}

int main(void)
{
    test_g711_tables_are_spandsps_answers();
    test_g722_goes_through_in_any_pieces();
    test_each_sample_is_played_once_in_order();
    test_a_change_of_codec_is_heard_at_the_rate_agreed();
    test_what_is_lost_fades_into_noise_and_is_no_dead_line();
    test_comfort_noise_is_as_loud_as_told();
    test_one_packet_moves_no_timeline();
    test_after_a_second_of_nothing_any_timeline_is_followed_at_once();
    test_tones_are_safe_from_noise_from_the_beginning();
    test_an_hour_of_drift(100);
    test_an_hour_of_drift(-100);
    return 0;
}
