#include "rtp_reports.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "call.h"
#include "engine.h"

enum {
    UNITS_MS = 8,           /* timestamp units */
    JITTER_MOST = 10000 * UNITS_MS, /* nobody plays what comes 10 s apart */
};
/* RFC 3550 §6.2: 5 s at least, half of that at first. With two ends the 5 % of the bandwidth allow more than that. */
static const int64_t INTERVAL_NS = 5000000000, FIRST_NS = 2500000000;
static const uint64_t NTP_EPOCH = 2208988800; /* 1900 to 1970, s */

/* xorshift32: spreads reports, protects nothing. */
static uint32_t draw(rtp_reports *p)
{
    p->random ^= p->random << 13;
    p->random ^= p->random >> 17;
    p->random ^= p->random << 5;
    return p->random;
}

/* §6.3.1: half to one and a half times, over e - 1.5. */
static int64_t spread(rtp_reports *p, int64_t ns)
{
    return (int64_t)((double)ns * (0.5 + (double)draw(p) / 4294967296.0) / 1.21828);
}

bool rtp_reports_init(rtp_reports *p)
{
    uint32_t random[3];

    if (getrandom(random, sizeof random, 0) != sizeof random)
        return false;
    /* RFC 7022 §4.2: a name that says nothing of us, a new one for each session. */
    snprintf(p->cname, sizeof p->cname, "%08x%08x", random[0], random[1]);
    p->random = random[2] | 1;
    return true;
}

/* Sending --------------------------------------------------------------------------------------- */

static uint64_t ntp_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return ((uint64_t)t.tv_sec + NTP_EPOCH) << 32 | ((uint64_t)t.tv_nsec << 32) / 1000000000;
}

/* 1/65536 s. */
static uint32_t short_ntp(int64_t ns)
{
    return (uint32_t)((uint64_t)ns * 65536 / 1000000000);
}

/* RFC 3550 appendix A.3. */
static void describe_theirs(rtp_leg *r, rtcp_report *report)
{
    rtp_reports *p = &r->reports;
    rtp_stream *s = &r->stream;

    if (!s->seen)
        return;
    uint32_t expected = s->highest - s->first + 1, received = s->counted;
    /* By sequence numbers alone there may have been millions. */
    int64_t expected_now = (int32_t)(expected - s->expected_prior);
    int64_t lost_now = expected_now - (int32_t)(received - s->received_prior);
    int32_t lost = (int32_t)(expected - received);

    s->expected_prior = expected;
    s->received_prior = received;
    report->block[report->count++] = (rtcp_block){
        .ssrc = s->ssrc,
        .fraction = expected_now > 0 && lost_now > 0 ? (uint8_t)(lost_now >= expected_now ? 255 : lost_now * 256 / expected_now) : 0,
        .lost = lost > 0x7fffff ? 0x7fffff : lost < -0x800000 ? -0x800000 : lost,
        .highest = s->highest,
        .jitter = s->jitter16 / 16,
        .lsr = p->their_lsr,
        .dlsr = p->their_lsr ? short_ntp(r->call->engine->now_ns - p->their_ns) : 0,
    };
}

static void describe_ours(rtp_leg *r, rtcp_report *report)
{
    rtp_reports *p = &r->reports;
    int64_t now_ns = r->call->engine->now_ns;

    report->sender = true;
    report->ntp = ntp_now();
    report->timestamp = p->said_timestamp + (uint32_t)((now_ns - p->said_ns) * UNITS_MS / 1000000);
    report->packets = (uint32_t)(r->counters.sent - p->sent_otherwise);
    report->bytes = (uint32_t)p->bytes_sent;
    p->told[p->tellings % REPORTS_KEPT].lsr = (uint32_t)(report->ntp >> 16);
    p->told[p->tellings++ % REPORTS_KEPT].at_ns = now_ns;
}

static void send_report(rtp_leg *r, bool bye)
{
    rtp_reports *p = &r->reports;
    rtp_port *port = p->mux ? &r->call->engine->rtp : &r->call->engine->rtcp;
    rtcp_report report = {.ssrc = r->ssrc, .bye = bye};
    uint8_t bytes[RTCP_MOST];

    /* §6.4: a sender is who has sent something since the report before the last. */
    if (r->counters.sent != p->sent_before)
        describe_ours(r, &report);
    p->sent_before = p->sent_at_last;
    p->sent_at_last = r->counters.sent;
    describe_theirs(r, &report);
    size_t len = rtcp_compose(bytes, &report, p->cname);
    uint8_t *out = rtp_port_queue(port, &p->address, len + srtp_rtcp_trailer(r->protection.send));
    memcpy(out, bytes, len);
    if (r->protection.send && kl_srtp_protect_rtcp(r->protection.send, out, len, RTP_SEND_BYTES) < 0)
        rtp_port_unqueue(port);
    p->counters.sent++;
}

void rtp_reports_other_source(rtp_leg *r)
{
    r->reports.bytes_sent = 0;
    r->reports.sent_otherwise = r->counters.sent;
}

void rtp_reports_said(rtp_leg *r, uint32_t timestamp, size_t payload)
{
    r->reports.said_timestamp = timestamp;
    r->reports.said_ns = r->call->engine->now_ns;
    r->reports.bytes_sent += payload;
}

void rtp_reports_tick(rtp_leg *r)
{
    rtp_reports *p = &r->reports;

    if (!p->routed || p->silent || r->call->engine->now_ns < p->next_ns)
        return;
    p->next_ns = r->call->engine->now_ns + spread(p, INTERVAL_NS);
    send_report(r, false);
}

/* Receiving ------------------------------------------------------------------------------------- */

/* §6.4.1: what passed since our report, less what they waited before theirs. Only a report of ours that is still known
 * counts, by our own clock: an invented or a future one is a lie. */
static bool round_trip(rtp_leg *r, const rtcp_block *b)
{
    rtp_reports *p = &r->reports;

    if (!b->lsr)
        return true;
    for (int i = 0; i < REPORTS_KEPT; i++) {
        int64_t took_ns = r->call->engine->now_ns - p->told[i].at_ns;
        int64_t waited_ns = (int64_t)((uint64_t)b->dlsr * 1000000000 / 65536);
        if (p->told[i].lsr != b->lsr)
            continue;
        /* Their clock is coarser than ours by up to one of their units. */
        if (waited_ns > took_ns + 1000000)
            return false;
        p->round_trips_us += took_ns > waited_ns ? (uint64_t)(took_ns - waited_ns) / 1000 : 0;
        p->round_trips++;
        p->counters.round_trip_us = (uint32_t)(p->round_trips_us / p->round_trips);
        return true;
    }
    return false;
}

/* They cannot have lost more than the packets that we have numbered, nor know of more. */
static bool possible(const rtp_leg *r, const rtcp_block *b)
{
    return b->jitter <= JITTER_MOST && (b->lost < 0 || (uint32_t)b->lost <= r->sequence - r->first) &&
           b->highest < r->sequence;
}

static bool believable(rtp_leg *r, const rtcp_report *report)
{
    rtp_reports *p = &r->reports;

    /* Another source than the one that is heard may say what it likes. */
    if (r->stream.seen && report->ssrc != r->stream.ssrc)
        return false;
    for (unsigned i = 0; i < report->count; i++) {
        const rtcp_block *b = &report->block[i];
        if (b->ssrc != r->ssrc)
            continue;
        if (!possible(r, b) || !round_trip(r, b))
            return false;
        p->counters.lost = b->lost > 0 ? (uint32_t)b->lost : 0;
        p->counters.sent_then = r->sequence - r->first;
        p->counters.fraction_lost = b->fraction;
        p->counters.jitter_us = b->jitter * 1000 / UNITS_MS;
        p->counters.reports++;
    }
    return true;
}

/* Tells of the first; the counters, this end's and all ends', tell how many. */
static void refuse(rtp_leg *r, uint64_t *of_this, uint64_t *of_all)
{
    ++*of_this;
    ++*of_all;
    if (!r->reports.bad_told)
        call_post(r->call, KL_CALL_RTCP_BAD, call_side_of(r->call, r), NULL, 0);
    r->reports.bad_told = true;
}

void rtp_reports_take(rtp_leg *r, uint8_t *bytes, size_t len)
{
    rtp_reports *p = &r->reports;
    rtcp_report report;

    if (r->protection.receive && !(len = rtp_leg_authentic(r, bytes, len, true)))
        return;
    if (!rtcp_parse(bytes, len, &report)) {
        refuse(r, &p->counters.malformed, &r->call->engine->counters.rtcp_malformed);
        return;
    }
    p->counters.received++;
    if (!believable(r, &report)) {
        refuse(r, &p->counters.disbelieved, &r->call->engine->counters.rtcp_disbelieved);
        return;
    }
    if (report.sender) {
        p->their_lsr = (uint32_t)(report.ntp >> 16);
        p->their_ns = r->call->engine->now_ns;
    }
}

/* Life ------------------------------------------------------------------------------------------ */

void rtp_reports_begin(rtp_leg *r, uint16_t rtcp_port, bool anew)
{
    rtp_reports *p = &r->reports;
    struct sockaddr_in address = r->address;

    address.sin_port = htons(rtcp_port ? rtcp_port : (uint16_t)(ntohs(r->address.sin_port) + 1));
    if (!anew && p->routed && !memcmp(&address, &p->address, sizeof address))
        return;
    if (p->routed && !p->mux)
        rtp_route_remove(&r->call->engine->rtcp, &p->address);
    p->address = address;
    p->mux = address.sin_port == r->address.sin_port;
    /* An address that another leg has is one without reports. */
    p->routed = p->mux || (address.sin_port && !rtp_route_add(&r->call->engine->rtcp, &address, r));
    p->their_lsr = 0;
    p->bad_told = false;
    p->next_ns = r->call->engine->now_ns + spread(p, FIRST_NS);
}

void rtp_reports_end(rtp_leg *r)
{
    rtp_reports *p = &r->reports;

    if (!p->routed)
        return;
    /* §6.3.7: who has never sent anything need not say goodbye. */
    if (!p->silent && (r->counters.sent || p->counters.sent))
        send_report(r, true);
    if (!p->mux)
        rtp_route_remove(&r->call->engine->rtcp, &p->address);
    p->routed = false;
}
