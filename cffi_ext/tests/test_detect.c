/* Detectors and text telephones: what each finds in a signal made for it, and what it does not. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "beep.h"
#include "check.h"
#include "echo.h"
#include "greeting.h"
#include "kinline_detect.h"
#include "kinline_tty.h"
#include "line_noise.h"

enum { SECOND = 8000, MOST = 20 * SECOND };

static int16_t pcm[MOST];

static void tone(int16_t *out, int n, double hz, double amplitude)
{
    for (int i = 0; i < n; i++)
        out[i] = (int16_t)(out[i] + amplitude * sin(2 * M_PI * hz * i / SECOND));
}

static uint32_t seed = 1;

static double noise(void)
{
    seed = seed * 1664525u + 1013904223u;
    return (double)(int32_t)seed / 2147483648.0;
}

static uint32_t beep_in(int n)
{
    beep_detector b = {0};
    uint32_t hz = 0;

    for (int at = 0; at < n; at += BEEP_BLOCK) {
        uint32_t now = beep_hear(&b, pcm + at, BEEP_BLOCK, 0);
        hz = now ? now : hz;
    }
    return hz;
}

static void test_a_beep_is_one_tone_and_then_silence(void)
{
    memset(pcm, 0, sizeof pcm);
    tone(pcm + SECOND, SECOND / 3, 1000, 8000);
    CHECK(beep_in(3 * SECOND) > 990 && beep_in(3 * SECOND) < 1010);
    tone(pcm + SECOND, SECOND / 3, 1336, 8000); /* two tones are a key */
    CHECK(!beep_in(3 * SECOND));
    memset(pcm, 0, sizeof pcm);
    tone(pcm + SECOND, SECOND, 440, 5000); /* and 40 Hz apart, ringback */
    tone(pcm + SECOND, SECOND, 480, 5000);
    CHECK(!beep_in(4 * SECOND));
    memset(pcm, 0, sizeof pcm);
    tone(pcm, 4 * SECOND, 1000, 8000); /* no end */
    CHECK(!beep_in(4 * SECOND));
}

static void test_a_greeting_goes_on(void)
{
    greeting_detector person = {0}, machine = {0}, echo = {0};
    int sure = 0;

    for (int i = 0; i < 500; i++) {
        bool speaks = i < 300 && i % 100 < 60; /* 1.2 s, and a pause that waits for an answer; twice again */
        CHECK(!greeting_hear(&person, speaks ? 1e6f : 10, 0));
        CHECK(!greeting_hear(&echo, i % 20 ? 1e5f : 10, 2e6f)); /* our own menu comes back */
        sure = greeting_hear(&machine, i % 20 ? 1e6f : 10, 1e6f);
    }
    CHECK(sure > 60);
}

/* Each pause is as long as a person's that waits for an answer, but none comes. */
static void test_a_greeting_with_pauses_goes_on(void)
{
    greeting_detector person = {0}, machine = {0};
    int sure = 0, most = 0;

    for (int i = 0; i < 3000; i++) {
        CHECK(!greeting_hear(&person, i % 400 < 100 ? 1e6f : 10, 0)); /* 2 s of each 8, for a minute */
        sure = greeting_hear(&machine, i < 1000 && i % 125 < 75 ? 1e6f : 10, 0);
        most = sure > most ? sure : most;
        CHECK(i > 300 || !sure);
    }
    CHECK(most >= 60 && most < 85); /* it ends no call by itself */
    CHECK(sure == most);            /* and stays said */
}

static void test_a_hold_is_below_the_line(void)
{
    line_noise n = {0};

    for (int i = 0; i < 1000; i++)
        noise_hear(&n, i % 70 < 40 ? 1e6f : 900);
    CHECK(n.state == NOISE_USUAL);
    for (int i = 0; i < 150; i++)
        noise_hear(&n, 4);
    CHECK(n.state == NOISE_HELD);
    for (int i = 0; i < 600; i++)
        noise_hear(&n, i % 70 < 40 ? 1e6f : 9000);
    CHECK(n.state == NOISE_RETURNED && noise_shift_db(&n) > 8);
    line_noise silent = {0}; /* nothing can be below silence */
    for (int i = 0; i < 2000; i++)
        noise_hear(&silent, i % 200 < 80 ? 1e6f : 0);
    CHECK(silent.state == NOISE_USUAL);
}

static void test_an_echo_is_known_by_gain_and_delay(void)
{
    static int16_t near[MOST];
    static echo_model e;
    const int delay = 960; /* 120 ms */

    memset(&e, 0, sizeof e);
    for (int i = 0; i < MOST; i++)
        near[i] = (int16_t)(6000 * noise());
    for (int i = 0; i < MOST; i++)
        pcm[i] = (int16_t)((i < delay ? 0 : near[i - delay] / 10) + 20 * noise());
    for (int at = 0; at < MOST; at += ECHO_FRAME)
        echo_hear(&e, pcm + at, near + at, true);
    echo_character with = echo_character_of(&e), without = with;
    CHECK(with.known && fabsf(with.gain_db + 20) < 3 && fabsf(with.delay_ms - 120) < 3);
    without.gain_db = -60;
    CHECK(echo_differs(&with, &without) && !echo_differs(&with, &with));
    without.known = false;
    CHECK(!echo_differs(&with, &without));
}

static int signs_in(kl_detect *d, int n, int kind)
{
    kl_sign signs[64];
    int count = kl_detect_run(d, pcm, NULL, (size_t)n, signs, 64), sure = 0;

    for (int i = 0; i < count; i++)
        if (signs[i].kind == kind && signs[i].confidence > sure)
            sure = signs[i].confidence;
    return sure;
}

static void test_noise_is_no_tone(void)
{
    kl_detect *d = kl_detect_create();

    CHECK(!kl_detect_phase(d, KL_DETECT_TALK) && kl_detect_phase(d, 9) == -EINVAL);
    for (int round = 0; round < 10; round++) {
        for (int i = 0; i < MOST; i++)
            pcm[i] = (int16_t)(400 * noise());
        CHECK(!signs_in(d, MOST, KL_SIGN_RINGBACK));
    }
    memset(pcm, 0, sizeof pcm);
    tone(pcm, 2 * SECOND, 440, 3000);
    tone(pcm, 2 * SECOND, 480, 3000);
    CHECK(signs_in(d, 6 * SECOND, KL_SIGN_THREE_WAY) > 50);
    CHECK(kl_detect_run(d, pcm, NULL, 161, NULL, 0) == -EINVAL);
    kl_detect_destroy(d);
    kl_detect_destroy(NULL);
}

static void test_a_flash_and_a_number_are_signs(void)
{
    kl_detect *d = kl_detect_create();

    kl_detect_phase(d, KL_DETECT_TALK);
    memset(pcm, 0, sizeof pcm);
    kl_detect_digit(d, '!');
    CHECK(signs_in(d, 160, KL_SIGN_FLASH) == 100);
    for (int i = 0; i < 7; i++)
        kl_detect_digit(d, (char)('0' + i));
    CHECK(signs_in(d, 160, KL_SIGN_THREE_WAY) > 70);
    kl_detect_destroy(d);
}

static void test_text_is_read_at_any_phase(void)
{
    static const char typed[] = "CALL 555-0123, MARIA GA";
    char text[64];

    for (int shift = 0; shift < 176; shift += 25) {
        kl_tty_sender *s = kl_tty_sender_create(typed, strlen(typed));
        kl_tty_receiver *r = kl_tty_receiver_create();
        kl_tty_status status;
        memset(pcm, 0, sizeof pcm);
        kl_tty_sender_run(s, pcm + shift, 10 * SECOND);
        for (int i = 0; i < MOST; i++)
            pcm[i] = (int16_t)(pcm[i] + 300 * noise());
        int n = kl_tty_receiver_run(r, pcm, 11 * SECOND, text, sizeof text);
        CHECK(n == (int)strlen(typed) && !memcmp(text, typed, (size_t)n));
        kl_tty_receiver_status(r, &status);
        CHECK(status.recognised && status.recognised_at < SECOND && !status.carrier);
        CHECK(kl_tty_receiver_run(r, pcm, 81, text, sizeof text) == -EINVAL);
        kl_tty_receiver_destroy(r);
        kl_tty_sender_destroy(s);
    }
}

int main(void)
{
    test_a_beep_is_one_tone_and_then_silence();
    test_a_greeting_goes_on();
    test_a_greeting_with_pauses_goes_on();
    test_a_hold_is_below_the_line();
    test_an_echo_is_known_by_gain_and_delay();
    test_noise_is_no_tone();
    test_a_flash_and_a_number_are_signs();
    test_text_is_read_at_any_phase();
    return 0;
}
