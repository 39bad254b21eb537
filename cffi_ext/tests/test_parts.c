/* The engine's parts that have no thread: ids, routes, play lists, clips, RTP streams. */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "check.h"
#include "clip.h"
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

int main(void)
{
    test_table_ids_are_never_reused_soon();
    test_routes_survive_removal_of_neighbours();
    test_player_crosses_clips_and_reports_once();
    test_stream_tells_loss_order_and_source();
    return 0;
}
