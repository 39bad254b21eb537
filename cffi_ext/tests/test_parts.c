/* The engine's parts that have no thread: ids, routes, play lists, clips, RTP streams. */
#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <string.h>

#include "check.h"
#include "clip.h"
#include "halves.h"
#include "kinline_engine.h"
#include "player.h"
#include "rtp_port.h"
#include "rtp_stream.h"
#include "table.h"

static void test_table_ids_are_never_reused_soon(void)
{
    static table t;
    int thing, first = table_put(&t, &thing);

    CHECK(first > 0 && table_get(&t, (uint32_t)first) == &thing && !table_get(&t, 0));
    CHECK(table_take(&t, (uint32_t)first) == &thing && !table_get(&t, (uint32_t)first));
    int second = table_put(&t, &thing);
    CHECK(second > 0 && second != first && !table_take(&t, (uint32_t)first));
    for (int i = 1; i < TABLE_SLOTS; i++)
        CHECK(table_put(&t, &thing) > 0);
    CHECK(table_put(&t, &thing) == -ENFILE && t.count == TABLE_SLOTS);
    CHECK(!table_get(&t, UINT32_MAX));
}

static void test_routes_survive_removal_of_neighbours(void)
{
    static rtp_port p;
    static struct sockaddr_in from[TABLE_SLOTS];
    static char legs[TABLE_SLOTS];

    CHECK(rtp_port_open(&p, "127.0.0.1", 0) == 0 && p.port % 2 == 0);
    for (int i = 0; i < TABLE_SLOTS; i++) {
        CHECK(!rtp_address("192.0.2.7", (uint16_t)(10000 + 2 * i), &from[i]));
        CHECK(!rtp_route_add(&p, &from[i], (struct rtp_leg *)&legs[i]));
    }
    CHECK(rtp_route_add(&p, &from[3], (struct rtp_leg *)&legs[4]) == -EADDRINUSE);
    for (int i = 0; i < TABLE_SLOTS; i += 2)
        rtp_route_remove(&p, &from[i]);
    for (int i = 0; i < TABLE_SLOTS; i++) {
        int taken = rtp_route_add(&p, &from[i], (struct rtp_leg *)&p);
        CHECK(taken == (i % 2 ? -EADDRINUSE : 0));
    }
    rtp_port_close(&p);
    CHECK(rtp_port_open(&p, "nowhere", 0) == -EINVAL);
}

static int played, stopped;

static void over(void *user, const play *ended)
{
    (void)user;
    *(ended->stopped ? &stopped : &played) += ended->token;
}

static void test_player_crosses_clips_and_reports_once(void)
{
    int16_t ones[100], twos[60], out[160];
    player p = {.over = over};
    play first = {.token = 1}, second = {.token = 10};

    for (int i = 0; i < 100; i++)
        ones[i] = 1;
    for (int i = 0; i < 60; i++)
        twos[i] = 2;
    clip *a = clip_create(ones, 100), *b = clip_create(twos, 60);
    player_add(&p, a, &first, false);
    player_add(&p, b, &first, false);
    player_add(&p, b, &second, true);
    CHECK(player_pull(&p, out, 160, true) == PLAYER_ALONE && out[99] == 1 && out[100] == 2 && out[159] == 2);
    CHECK(played == 1 && a->uses == 0 && b->uses == 1);
    CHECK(player_pull(&p, out, 30, true) == PLAYER_OVERLAY && out[29] == 2);
    player_stop(&p);
    CHECK(stopped == 10 && b->uses == 0 && player_room(&p) == PLAYER_ENTRIES);
    CHECK(player_pull(&p, out, 160, true) == PLAYER_IDLE && !out[0]);
    clip_free(a);
    clip_free(b);
    int16_t odd[3] = {1, 2, 3};
    a = clip_create(odd, 3);
    CHECK(a->n == 4 && a->pcm16[3] == 0);
    clip_free(a);
}

/* A far end may agree to another rate in the middle of a prompt: it goes on from there. */
static void test_player_goes_on_at_another_rate(void)
{
    enum { WIDE = 400, NARROW = WIDE / 2 };
    int16_t ramp[WIDE], out[2 * WIDE];

    for (int i = 0; i < WIDE; i++)
        ramp[i] = (int16_t)(20 * i);
    clip *c = clip_create(ramp, WIDE);
    for (size_t at = 0; at <= NARROW; at++) {
        for (int wide = 0; wide < 2; wide++) {
            player p = {.over = over};
            play one = {.token = 1};
            size_t before = wide ? 2 * at : at, after = wide ? NARROW - at : 2 * (NARROW - at);
            player_add(&p, c, &one, false);
            CHECK(player_pull(&p, out, before, wide) == (at ? PLAYER_ALONE : PLAYER_IDLE));
            CHECK(!memcmp(out, wide ? c->pcm16 : c->pcm8, before * sizeof *out));
            CHECK(player_pull(&p, out, after + 40, !wide) == (at < NARROW ? PLAYER_ALONE : PLAYER_IDLE));
            CHECK(!memcmp(out, wide ? c->pcm8 + at : c->pcm16 + 2 * at, after * sizeof *out) && !out[after]);
            CHECK(!player_busy(&p) && !c->uses);
        }
    }
    clip_free(c);
}

static void test_stream_tells_loss_order_and_source(void)
{
    rtp_stream s = {0};

    CHECK(rtp_stream_take(&s, 65534, 7) == RTP_STREAM_BEGINS);
    CHECK(rtp_stream_take(&s, 1, 7) == RTP_STREAM_GOES_ON && s.lost == 2); /* 65535 and 0 */
    CHECK(rtp_stream_take(&s, 0, 7) == RTP_STREAM_GOES_ON && s.lost == 1 && s.reordered == 1);
    CHECK(rtp_stream_take(&s, 0, 7) == RTP_STREAM_AGAIN && s.duplicate == 1);
    /* Another source is heard once the first is silent, never beside it. */
    for (uint16_t i = 2; i < 50; i++)
        CHECK(rtp_stream_take(&s, i, 7) == RTP_STREAM_GOES_ON && rtp_stream_take(&s, i, 8) == RTP_STREAM_FOREIGN);
    CHECK(rtp_stream_take(&s, 50, 8) == RTP_STREAM_FOREIGN && rtp_stream_take(&s, 51, 8) == RTP_STREAM_BEGINS);
    CHECK(rtp_stream_take(&s, 50, 7) == RTP_STREAM_FOREIGN && rtp_stream_take(&s, 52, 8) == RTP_STREAM_GOES_ON);
}

static void test_stream_takes_nothing_old_for_new(void)
{
    rtp_stream s = {0};
    uint16_t newest = 0;

    rtp_stream_take(&s, 0, 7);
    while (newest < 4000)
        CHECK(rtp_stream_take(&s, ++newest, 7) == RTP_STREAM_GOES_ON);
    for (uint16_t back = 1; back <= 3000; back += back < 70 ? 1 : 500) {
        CHECK(rtp_stream_take(&s, newest - back, 7) == RTP_STREAM_AGAIN);
        CHECK(rtp_stream_take(&s, ++newest, 7) == RTP_STREAM_GOES_ON);
    }
    CHECK(s.duplicate == 75 && !s.lost && !s.stray && s.highest - s.first == newest);
    /* A duplicate of everything, 1.8 s late. */
    for (int i = 0; i < 100; i++)
        CHECK(rtp_stream_take(&s, newest - 90, 7) == RTP_STREAM_AGAIN && rtp_stream_take(&s, ++newest, 7) == RTP_STREAM_GOES_ON);
    CHECK(s.duplicate == 175 && !s.lost && s.highest - s.first == newest);
}

static void test_stream_moves_with_those_in_order_alone(void)
{
    rtp_stream s = {0};

    rtp_stream_take(&s, 1000, 7);
    /* One far ahead, one far behind, and such as do not follow each other, move nothing. */
    for (uint16_t i = 0; i < 40; i += 2) {
        CHECK(rtp_stream_take(&s, 20000 + i, 7) == RTP_STREAM_STRAY && rtp_stream_take(&s, 50000 + i, 7) == RTP_STREAM_STRAY);
        CHECK(rtp_stream_take(&s, 20001 + i, 7) == RTP_STREAM_STRAY);
        CHECK(rtp_stream_take(&s, 1001 + i / 2, 7) == RTP_STREAM_GOES_ON);
    }
    CHECK(s.stray == 60 && !s.lost && s.highest == 1020);
    /* More than a second is lost: that is believed of two, and the first of them is not lost. */
    CHECK(rtp_stream_take(&s, 1120, 7) == RTP_STREAM_STRAY && rtp_stream_take(&s, 1121, 7) == RTP_STREAM_GOES_ON);
    CHECK(s.lost == 99 && s.highest == 1121 && s.counted == 23 && rtp_stream_take(&s, 1119, 7) == RTP_STREAM_GOES_ON && s.lost == 98);
    CHECK(rtp_stream_take(&s, 20000, 7) == RTP_STREAM_STRAY && rtp_stream_take(&s, 20001, 7) == RTP_STREAM_GOES_ON);
    CHECK(s.first == 20001 && s.counted == 1 && rtp_stream_take(&s, 20002, 7) == RTP_STREAM_GOES_ON);
    /* A little behind, duplicates are likelier: it takes more. */
    for (uint16_t i = 0; i < 7; i++)
        CHECK(rtp_stream_take(&s, 19500 + i, 7) == RTP_STREAM_AGAIN);
    CHECK(rtp_stream_take(&s, 19507, 7) == RTP_STREAM_GOES_ON && s.first == 19507);
    CHECK(rtp_stream_take(&s, 19508, 7) == RTP_STREAM_GOES_ON && rtp_stream_take(&s, 19508, 7) == RTP_STREAM_AGAIN);
}

enum { SAMPLES = 4 * HALVES_MOST };

/* Of what a tone leaves at the other rate, its first 20 ms left out; and back again. */
static void passed_db(double hertz, double *down, double *both)
{
    halves to_narrow = {0}, to_wide = {0};
    double in = 0, narrow_power = 1e-9, wide_power = 1e-9;

    for (int block = 0; block < 8; block++) {
        int16_t wide[2 * HALVES_MOST], narrow[HALVES_MOST], back[2 * HALVES_MOST];
        for (int i = 0; i < 2 * HALVES_MOST; i++)
            wide[i] = (int16_t)lrint(8000 * sin(2 * 3.14159265358979 * hertz * (block * 2 * HALVES_MOST + i) / 16000));
        halves_down(&to_narrow, wide, HALVES_MOST, narrow);
        halves_up(&to_wide, narrow, HALVES_MOST, back);
        for (int i = 0; block && i < 2 * HALVES_MOST; i++) {
            in += wide[i] * wide[i];
            narrow_power += narrow[i / 2] * narrow[i / 2];
            wide_power += back[i] * back[i];
        }
    }
    *down = 10 * log10(narrow_power / in);
    *both = 10 * log10(wide_power / in);
}

static void test_half_the_rate_keeps_the_telephone_band_and_nothing_above(void)
{
    double down, both;

    for (int hertz = 100; hertz <= 3600; hertz += 250) {
        passed_db(hertz, &down, &both);
        CHECK(fabs(down) < 0.1 && fabs(both) < 0.1);
    }
    for (int hertz = 4300; hertz < 8000; hertz += 300) {
        passed_db(hertz, &down, &both);
        CHECK(down < -40 && both < -40);
    }
}

static void test_half_the_rate_is_alike_in_pieces_and_does_not_wrap(void)
{
    static const int PIECES[] = {1, 2, 7, 80, 160, 3};
    static int16_t wide[2 * SAMPLES], narrow[2][SAMPLES], back[2][2 * SAMPLES];

    for (int i = 0; i < 2 * SAMPLES; i++)
        wide[i] = i / 50 % 2 ? INT16_MAX : INT16_MIN;
    for (int round = 0; round < 2; round++) {
        halves to_narrow = {0}, to_wide = {0};
        for (int at = 0, n, k = 0; at < SAMPLES; at += n, k++) {
            n = round ? PIECES[k % 6] : HALVES_MOST;
            n = n < SAMPLES - at ? n : SAMPLES - at;
            halves_down(&to_narrow, wide + 2 * at, n, narrow[round] + at);
            halves_up(&to_wide, narrow[round] + at, n, back[round] + 2 * at);
        }
    }
    CHECK(!memcmp(narrow[0], narrow[1], sizeof narrow[0]) && !memcmp(back[0], back[1], sizeof back[0]));
    for (int i = 100; i < SAMPLES; i++) /* what overshoots full scale stays there */
        CHECK((i - 19) % 25 != 12 || abs(narrow[0][i]) > 30000);
}

int main(void)
{
    test_table_ids_are_never_reused_soon();
    test_routes_survive_removal_of_neighbours();
    test_player_crosses_clips_and_reports_once();
    test_player_goes_on_at_another_rate();
    test_stream_tells_loss_order_and_source();
    test_stream_takes_nothing_old_for_new();
    test_stream_moves_with_those_in_order_alone();
    test_half_the_rate_keeps_the_telephone_band_and_nothing_above();
    test_half_the_rate_is_alike_in_pieces_and_does_not_wrap();
    return 0;
}
