/* What RTCP makes of sequence numbers: ours of theirs, theirs of ours. */
#include <string.h>

#include "call.h"
#include "check.h"
#include "engine.h"

enum { OURS = 0x01020304, THEIRS = 0x05060708 };

static const int64_t LONGEST_NS = 10000000000; /* more than two reports are apart */

static kl_engine engine;
static kl_call call;

static rtp_leg *leg_new(void)
{
    rtp_leg *r = &call.far;

    memset(&call, 0, sizeof call);
    engine = (kl_engine){.bus = engine.bus ? engine.bus : kl_bus_create()};
    call.engine = &engine;
    call.bridged = true;
    r->call = call.near.call = &call;
    r->ssrc = OURS;
    r->first = r->sequence = 1000;
    r->reports.random = 1;
    r->reports.routed = true;
    return r;
}

/* Our next report of what was received. */
static rtcp_block ours(rtp_leg *r)
{
    rtcp_report report;

    engine.now_ns += LONGEST_NS;
    engine.rtcp.queued = 0;
    rtp_reports_tick(r);
    CHECK(engine.rtcp.queued == 1);
    CHECK(rtcp_parse(engine.rtcp.out_bytes[0], engine.rtcp.out_part[0].iov_len, &report) && report.count == 1);
    return report.block[0];
}

static void test_a_loss_of_millions_is_a_fraction(void)
{
    rtp_leg *r = leg_new();
    uint16_t sequence = 0;

    for (int i = 0; i < 3600; i++, sequence += 2998) {
        rtp_stream_take(&r->stream, sequence++, THEIRS); /* one alone is not believed */
        rtp_stream_take(&r->stream, sequence, THEIRS);
    }
    rtcp_block b = ours(r);
    CHECK(b.fraction == 255 && b.lost == 0x7fffff); /* 2997 of 2999, and more than 24 bits hold */
    CHECK(ours(r).fraction == 0);
}

static void test_a_sequence_that_begins_anew_is_counted_anew(void)
{
    rtp_leg *r = leg_new();

    for (uint16_t i = 0; i < 1000; i++)
        rtp_stream_take(&r->stream, i, THEIRS);
    CHECK(ours(r).lost == 0);
    rtp_stream_take(&r->stream, 30000, THEIRS); /* alone it is not believed */
    for (uint16_t i = 1; i <= 40; i += 2)
        rtp_stream_take(&r->stream, 30000 + i, THEIRS);
    rtcp_block b = ours(r);
    CHECK(b.lost == 19 && b.highest == 30039 && b.fraction == 19 * 256 / 39);
}

/* They say of our packets that so many are lost, up to this one; whether they are believed. */
static bool theirs(rtp_leg *r, int32_t lost, uint32_t highest)
{
    rtcp_report report = {.ssrc = THEIRS, .count = 1, .block = {{.ssrc = OURS, .lost = lost, .highest = highest}}};
    uint64_t disbelieved = r->reports.counters.disbelieved;
    uint8_t bytes[RTCP_MOST];

    rtp_reports_take(r, bytes, rtcp_compose(bytes, &report, "0123456789abcdef"));
    return r->reports.counters.disbelieved == disbelieved;
}

/* A bridged end hears of the other's losses by the gaps in our numbers: it reports them as its own. */
static void test_what_was_lost_before_us_may_be_reported_to_us(void)
{
    rtp_leg *r = leg_new();

    for (int i = 0; i < 2000; i++) {
        r->sequence++;
        rtp_leg_pass_gap(r, 160 * 99, 99);
    }
    r->counters.sent = 2000;
    CHECK(r->sequence == 201000);
    CHECK(theirs(r, 198000, 200999) && r->reports.counters.lost == 198000 && r->reports.counters.sent_then == 200000);
    CHECK(theirs(r, 0, 200999 - 3 * 65536)); /* who has heard us since a roll-over knows of fewer */
    CHECK(!theirs(r, 0, 201000) && !theirs(r, 200001, 200999) && !theirs(r, 0, 200999 + 65536));
}

int main(void)
{
    test_a_loss_of_millions_is_a_fraction();
    test_a_sequence_that_begins_anew_is_counted_anew();
    test_what_was_lost_before_us_may_be_reported_to_us();
    kl_bus_destroy(engine.bus);
    return 0;
}
