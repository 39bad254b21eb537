#include "ears.h"

#include <spandsp.h>
#include <string.h>

#include "call.h"

enum {
    GAP_MOST = 8000,   /* timestamp units, 1 s: what is missing longer was never said */
    TEXT_FRAMES = 50,  /* what was typed is told after a pause of a second */
};

/* Telling --------------------------------------------------------------------------------------- */

static void tell_text(kl_call *c, kept_text *kept, int side)
{
    if (!kept->text.n)
        return;
    call_post(c, KL_CALL_TEXT, side, kept->text.held, (uint32_t)kept->text.n);
    kept->text.n = 0;
}

static void watch_text(kl_call *c)
{
    kept_text *kept = call_text(c);

    for (int i = 0; kept && i < 2; i++) {
        kept[i].waited = kept[i].text.fresh ? 0 : (uint16_t)(kept[i].waited + 1);
        kept[i].text.fresh = false;
        if (kept[i].text.n >= EARS_TEXT_EVERY || kept[i].waited >= TEXT_FRAMES)
            tell_text(c, &kept[i], i ? KL_SIDE_NEAR : KL_SIDE_FAR);
    }
}

static void tell_signs(kl_call *c)
{
    kl_detect *d = c->ears.detect;
    size_t n = detect_take(d);

    for (size_t i = 0; i < n; i++) {
        if (d->signs[i].kind == KL_SIGN_TTY)
            call_tone_safe(c, true);
        call_post(c, KL_CALL_SIGN, d->signs[i].kind, &d->signs[i], sizeof d->signs[i]);
    }
}

/* Listening ------------------------------------------------------------------------------------- */

void ears_listen(kl_call *c, int phase)
{
    ears *e = &c->ears;
    kept_text *kept = call_text(c);

    for (int i = 0; kept && i < 2; i++)
        tell_text(c, &kept[i], i ? KL_SIDE_NEAR : KL_SIDE_FAR);
    e->far_n = e->near_n = 0;
    memset(e->taps, 0, sizeof e->taps);
    detect_phase(e->detect, phase);
    /* Nothing is read before acceptance, and nothing ever in a call without a place for it. */
    bool read = phase == KL_DETECT_TALK && kept;
    e->detect->tty_far.text = read ? &kept[0].text : NULL;
    e->detect->tty_near.text = read ? &kept[1].text : NULL;
    tell_signs(c);
}

static bool by_packets(const kl_call *c, int side)
{
    return c->ears.taps[side == KL_SIDE_NEAR].begun;
}

void ears_far(kl_call *c, const int16_t *pcm, int n)
{
    ears *e = &c->ears;

    if (!e->detect || e->detect->phase == KL_DETECT_NOTHING)
        return;
    while (n) {
        int some = DETECT_FRAME - e->far_n < n ? DETECT_FRAME - e->far_n : n;
        memcpy(e->far + e->far_n, pcm, (size_t)some * sizeof *pcm);
        e->far_n += some;
        pcm += some;
        n -= some;
        if (e->far_n < DETECT_FRAME)
            return;
        const int16_t *near = e->near_n >= DETECT_FRAME ? e->near : NULL;
        detect_hear(e->detect, e->far, near);
        if (!by_packets(c, KL_SIDE_FAR))
            tty_hear(&e->detect->tty_far, e->far, DETECT_FRAME);
        e->far_n = 0;
        if (near) {
            if (!by_packets(c, KL_SIDE_NEAR))
                tty_hear(&e->detect->tty_near, e->typed, DETECT_FRAME);
            e->near_n -= DETECT_FRAME;
            memmove(e->near, e->near + DETECT_FRAME, (size_t)e->near_n * sizeof *e->near);
            memmove(e->typed, e->typed + DETECT_FRAME, (size_t)e->near_n * sizeof *e->typed);
        }
        tell_signs(c);
        watch_text(c);
    }
}

/* Of 16 kHz the mean of two: enough to know an echo and a text telephone by. */
static int16_t at_8k(const int16_t *pcm, int step)
{
    return step == 1 ? *pcm : (int16_t)((pcm[0] + pcm[1]) / 2);
}

void ears_near(kl_call *c, const int16_t *told, const int16_t *own, int n, int rate)
{
    ears *e = &c->ears;
    const int most = EARS_NEAR_FRAMES * DETECT_FRAME, step = rate / 8000;

    if (e->detect->phase == KL_DETECT_NOTHING)
        return;
    if (e->near_n + n / step > most) /* the far side has stalled: what it was told then is not compared */
        e->near_n = 0;
    for (int i = 0; i < n; i += step, e->near_n++) {
        e->near[e->near_n] = at_8k(told + i, step);
        e->typed[e->near_n] = at_8k(own + i, step);
    }
}

/* Packets --------------------------------------------------------------------------------------- */

static void read_block(kl_detect *d, packet_tap *tap, int side, int16_t sample)
{
    tap->block[tap->n++] = sample;
    if (tap->n < TTY_BLOCK)
        return;
    tap->n = 0;
    tty_hear(side == KL_SIDE_FAR ? &d->tty_far : &d->tty_near, tap->block, TTY_BLOCK);
}

void ears_packet(kl_call *c, int side, int codec, uint32_t timestamp, const uint8_t *bytes, size_t n)
{
    kl_detect *d = c->ears.detect;
    packet_tap *tap = &c->ears.taps[side == KL_SIDE_NEAR];

    if (!d || d->phase == KL_DETECT_NOTHING || (codec != KL_CODEC_PCMU && codec != KL_CODEC_PCMA))
        return;
    int32_t gap = (int32_t)(timestamp - tap->next);
    if (tap->begun && gap < 0 && gap > -GAP_MOST) /* behind its successor: its place was taken as lost */
        return;
    for (; tap->begun && gap > 0 && gap < GAP_MOST; gap--)
        read_block(d, tap, side, 0);
    tap->begun = true;
    tap->next = timestamp + (uint32_t)n;
    for (size_t i = 0; i < n; i++)
        read_block(d, tap, side, codec == KL_CODEC_PCMA ? alaw_to_linear(bytes[i]) : ulaw_to_linear(bytes[i]));
}

void ears_digit(kl_call *c, int side, char digit)
{
    if (c->ears.detect && side == KL_SIDE_FAR) {
        kl_detect_digit(c->ears.detect, digit);
        tell_signs(c);
    }
}

void ears_other_stream(kl_call *c, int side)
{
    if (!c->ears.detect)
        return;
    c->ears.taps[side == KL_SIDE_NEAR].begun = false;
    if (side == KL_SIDE_FAR) {
        kl_detect_other_stream(c->ears.detect);
        tell_signs(c);
    }
}
