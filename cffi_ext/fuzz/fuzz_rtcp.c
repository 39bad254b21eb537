/* RTCP of a far end under arbitrary packets. Input: records of a length byte, a byte of what happens in between, and the
 * packet. Whatever comes, what is believed stays possible, and what we write can be read. */
#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "engine.h"

static kl_engine engine;
static kl_call call;

/* What a report is turned into, and back. */
static void again(const rtcp_report *said)
{
    uint8_t bytes[RTCP_MOST];
    rtcp_report ours = *said, read;

    ours.count = ours.count > 1; /* as many as we ever write */
    ours.bye = said->bye;
    size_t len = rtcp_compose(bytes, &ours, "0123456789abcdef");
    if (len > sizeof bytes || len % 4 || !rtcp_parse(bytes, len, &read))
        abort();
    if (read.ssrc != ours.ssrc || read.sender != ours.sender || read.count != ours.count || read.bye != ours.bye ||
        (ours.count && memcmp(read.block, ours.block, sizeof *read.block)))
        abort();
}

static void take(rtp_leg *r, const uint8_t *bytes, size_t len)
{
    uint8_t *exact = malloc(len + !len);
    rtcp_report report;

    memcpy(exact, bytes, len);
    if (rtcp_parse(exact, len, &report))
        again(&report);
    rtp_reports_take(r, exact, len);
    free(exact);
}

static void check(const rtp_leg *r)
{
    const kl_rtcp_counters *c = &r->reports.counters;

    if (c->disbelieved > c->received || c->reports > c->received * RTCP_BLOCKS || c->lost > r->sequence - r->first ||
        c->sent_then > r->sequence - r->first || (int64_t)c->round_trip_us * 1000 > engine.now_ns)
        abort();
}

/* A far end that lies is told of once. */
static void check_told(const rtp_leg *r)
{
    kl_event told[2];
    int count = kl_bus_poll(engine.bus, told, 2);

    if (count != (r->reports.bad_told ? 1 : 0) || (count && told->kind != KL_CALL_RTCP_BAD))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    rtp_leg *r = &call.far;

    if (!engine.bus)
        engine.bus = kl_bus_create();
    memset(r, 0, sizeof *r);
    call.engine = &engine;
    engine.now_ns = 0;
    r->call = &call;
    r->ssrc = 0x01020304;
    r->first = r->sequence = 1000;
    r->reports.random = 1;
    r->reports.routed = true;
    while (size > 2) {
        size_t len = data[0] < size - 2 ? data[0] : size - 2;
        unsigned between = data[1];
        engine.now_ns += (int64_t)between * 50000000;
        r->counters.sent += between % 4;
        r->sequence += between % 4;
        if (between & 4)
            rtp_stream_take(&r->stream, (uint16_t)(between * 7), 0x05060708);
        rtp_reports_tick(r);
        engine.rtcp.queued = 0; /* nobody flushes */
        take(r, data + 2, len);
        check(r);
        data += 2 + len;
        size -= 2 + len;
    }
    check_told(r);
    return 0;
}
