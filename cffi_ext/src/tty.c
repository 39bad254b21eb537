#include "tty.h"

#include <errno.h>
#include <spandsp.h>
#include <stdlib.h>
#include <string.h>

#include "kinline_tty.h"

enum {
    /* Of the last 8 blocks this many are mark or space when a text telephone sends; a bit is 2.2 blocks, so
     * at worst every second one straddles a transition. */
    TONAL_BLOCKS = 5,
    CARRIER_HANG = 40, /* blocks: 400 ms, above the 300 ms that a machine holds its mark after a character */
    RECOGNISED_AFTER = 3, /* characters in one carrier: half a second of typing */
    LEAD_BITS = 7,        /* 150 ms */
    CLOSE_BITS = 14,      /* 300 ms */
    STOP_BITS = 2,
    FRAME_BITS = 1 + BAUDOT_BITS + STOP_BITS,
};

/* A mark or space block has this share of its energy at the one frequency: with noise 13 dB below it 0.9, with a
 * transition in its midst 0.5. Vowels stay below 0.6 (tests/detect/corpus.py). */
static const float TONAL_SHARE = 0.78f;
/* Mean square of a -43 dBm0 sine: below that nothing is read (the specification asks for -40). */
static const float LEAST_POWER = 14000.0f;
static const float SEND_DBM0 = -10.0f;

/* Hearing ----------------------------------------------------------------------------------------- */

/* Share of the block's energy at hz. */
static float share(const int16_t *pcm, float coefficient, float energy)
{
    float s1 = 0, s2 = 0;

    for (int i = 0; i < TTY_BLOCK; i++) {
        float s0 = (float)pcm[i] + coefficient * s1 - s2;
        s2 = s1;
        s1 = s0;
    }
    return 2 * (s1 * s1 + s2 * s2 - coefficient * s1 * s2) / (energy * TTY_BLOCK);
}

static void take_code(void *user, uint8_t code)
{
    tty_receiver *t = user;

    t->characters++;
    if (t->in_carrier < UINT16_MAX)
        t->in_carrier++;
    if (!t->recognised && t->in_carrier >= RECOGNISED_AFTER) {
        t->recognised = true;
        t->recognised_block = t->blocks;
    }
    if (!t->text)
        return;
    char c = baudot_decode(&t->code, code);
    if (c && t->text->n < TTY_HELD) {
        t->text->held[t->text->n++] = c;
        t->text->fresh = true;
    }
}

void tty_restart(tty_receiver *t)
{
    tty_text *text = t->text;

    memset(t, 0, sizeof *t);
    t->text = text;
}

static void begin_reading(tty_receiver *t)
{
    t->carrier = true;
    t->in_carrier = 0;
    t->code.line_end = 0;
    baudot_line_begin(&t->line, take_code, t);
    for (int i = 0; i < TTY_HISTORY; i++)
        baudot_line_hear(&t->line, t->history + (t->history_at + i) % TTY_HISTORY * TTY_BLOCK, TTY_BLOCK);
}

static void hear_block(tty_receiver *t, const int16_t *pcm)
{
    /* 2 cos(2 pi f / 8000) for 1400 and 1800 Hz */
    static const float MARK = 0.9079810f, SPACE = 0.3128689f;
    float energy = 0;
    bool mark = false, space = false;

    for (int i = 0; i < TTY_BLOCK; i++)
        energy += (float)pcm[i] * (float)pcm[i];
    if (energy > LEAST_POWER * TTY_BLOCK) {
        mark = share(pcm, MARK, energy) > TONAL_SHARE;
        space = !mark && share(pcm, SPACE, energy) > TONAL_SHARE;
    }
    t->tonal = (uint8_t)(t->tonal << 1 | (mark || space));
    t->marks = (uint8_t)(t->marks << 1 | mark);
    t->spaces = (uint8_t)(t->spaces << 1 | space);
    memcpy(t->history + t->history_at * TTY_BLOCK, pcm, TTY_BLOCK * sizeof *pcm);
    t->history_at = (t->history_at + 1) % TTY_HISTORY;
    t->blocks++;
    /* Mark alone opens nothing: a 1400 Hz beep is no text telephone, a mark that turns into a space may be. */
    bool now = __builtin_popcount(t->tonal) >= TONAL_BLOCKS;
    t->quiet = now ? 0 : t->quiet < UINT16_MAX ? (uint16_t)(t->quiet + 1) : t->quiet;
    if (t->carrier)
        baudot_line_hear(&t->line, pcm, TTY_BLOCK);
    if (!t->carrier && now && t->marks && t->spaces)
        begin_reading(t);
    else if (t->carrier && t->quiet > CARRIER_HANG)
        t->carrier = false;
}

void tty_hear(tty_receiver *t, const int16_t *pcm, size_t n)
{
    for (size_t at = 0; at + TTY_BLOCK <= n; at += TTY_BLOCK)
        hear_block(t, pcm + at);
}

struct kl_tty_receiver {
    tty_receiver tty;
    tty_text text;
};

kl_tty_receiver *kl_tty_receiver_create(void)
{
    kl_tty_receiver *r = calloc(1, sizeof *r);

    if (r)
        r->tty.text = &r->text;
    return r;
}

void kl_tty_receiver_destroy(kl_tty_receiver *r)
{
    free(r);
}

int kl_tty_receiver_run(kl_tty_receiver *r, const int16_t *pcm, size_t n, char *text, size_t max)
{
    size_t made = 0;

    if (n % TTY_BLOCK)
        return -EINVAL;
    for (size_t at = 0; at < n; at += TTY_BLOCK) {
        hear_block(&r->tty, pcm + at);
        for (size_t i = 0; i < r->text.n && made < max; i++)
            text[made++] = r->text.held[i];
        r->text.n = 0;
    }
    return (int)made;
}

void kl_tty_receiver_status(const kl_tty_receiver *r, kl_tty_status *out)
{
    *out = (kl_tty_status){
        .carrier = r->tty.carrier,
        .recognised = r->tty.recognised,
        .recognised_at = r->tty.recognised_block * TTY_BLOCK,
        .characters = r->tty.characters,
    };
}

/* Sending ----------------------------------------------------------------------------------------- */

struct kl_tty_sender {
    fsk_tx_state_t *fsk;
    size_t n, at; /* codes */
    int bit;      /* of the code in hand */
    int mark;     /* bits of mark still to be sent before the next code, or at the end */
    bool closing;
    uint8_t codes[];
};

static int next_bit(void *user)
{
    kl_tty_sender *s = user;

    if (s->mark) {
        s->mark--;
        return 1;
    }
    if (s->at == s->n) {
        if (s->closing)
            return SIG_STATUS_END_OF_DATA;
        s->closing = true;
        s->mark = CLOSE_BITS - 1;
        return 1;
    }
    int bit = s->bit++;
    int value = bit == 0 ? 0 : bit <= BAUDOT_BITS ? s->codes[s->at] >> (bit - 1) & 1 : 1;
    if (s->bit == FRAME_BITS) {
        s->bit = 0;
        s->at++;
    }
    return value;
}

kl_tty_sender *kl_tty_sender_create(const char *text, size_t n)
{
    size_t codes = kl_baudot_encode(text, n, NULL, 0);
    kl_tty_sender *s = calloc(1, sizeof *s + codes);

    if (!s)
        return NULL;
    s->n = kl_baudot_encode(text, n, s->codes, codes);
    s->mark = LEAD_BITS;
    s->fsk = fsk_tx_init(NULL, &preset_fsk_specs[FSK_WEITBRECHT], next_bit, s);
    if (!s->fsk) {
        free(s);
        return NULL;
    }
    fsk_tx_power(s->fsk, SEND_DBM0);
    return s;
}

void kl_tty_sender_destroy(kl_tty_sender *s)
{
    if (!s)
        return;
    fsk_tx_free(s->fsk);
    free(s);
}

size_t kl_tty_sender_run(kl_tty_sender *s, int16_t *pcm, size_t n)
{
    memset(pcm, 0, n * sizeof *pcm);
    int made = s->closing && !s->mark && s->at == s->n ? 0 : fsk_tx(s->fsk, pcm, (int)n);
    return made < 0 ? 0 : (size_t)made;
}
