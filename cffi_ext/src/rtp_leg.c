#include "rtp_leg.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "call.h"
#include "codec.h"
#include "engine.h"

enum {
    UNITS_MS = 8,          /* timestamp units */
    GAP_MOST = 8000,       /* units: what is missing for longer, 1 s, was not lost but never said */
    LOST_MOST = 100,       /* packets in that time */
    LATE_RUN = 8,          /* so many late packets in a row mean that the sender's timeline moved */
    DIGITS_MOST = 400,     /* a second: no finger, and no reason to fill the bus that all calls share */
    FLOOD = 64,            /* packets in a phase of 5 ms: more than a second of talk */
    QUIET_EVERY = 10,      /* stretches of 20 ms between two descriptions of comfort noise */
};

static const int64_t SECOND_NS = 1000000000, SILENT_NS = 5000000000;

static rtp_leg *of(leg *l)
{
    return (rtp_leg *)l;
}

static uint32_t units(const rtp_leg *r, int n)
{
    return (uint32_t)(n * 1000 * UNITS_MS / r->leg.rate);
}

/* Speaking -------------------------------------------------------------------------------------- */

static bool listens(const leg *l)
{
    return ((const rtp_leg *)l)->set;
}

static uint8_t *queue(rtp_leg *r, size_t payload)
{
    return rtp_port_queue(&r->call->engine->rtp, &r->address,
                          RTP_HEADER_BYTES + payload + srtp_trailer(r->protection.send));
}

/* What is queued is whole: it goes as it is, or protected, or, should that be impossible, not at all. */
static void sent(rtp_leg *r, uint8_t *bytes, uint32_t timestamp, size_t payload)
{
    r->counters.sent++;
    rtp_reports_said(r, timestamp, payload);
    if (r->protection.send &&
        kl_srtp_protect(r->protection.send, bytes, RTP_HEADER_BYTES + payload, RTP_SEND_BYTES) < 0)
        rtp_port_unqueue(&r->call->engine->rtp);
}

/* Who agreed to comfort noise is told what to fill a pause with, and again in case that was lost. */
static void say_quiet(rtp_leg *r)
{
    rtp_packet packet = {
        .payload_type = r->comfort_type,
        .sequence = (uint16_t)r->sequence,
        .timestamp = r->timestamp,
        .ssrc = r->ssrc,
    };

    if (r->held || !r->comfort_type || r->quiet_for++ % QUIET_EVERY)
        return;
    uint8_t *bytes = queue(r, 1);
    rtp_header(bytes, &packet);
    bytes[RTP_HEADER_BYTES] = COMFORT_LEVEL;
    r->sequence++;
    sent(r, bytes, packet.timestamp, 1);
}

static void skip(leg *l, int n)
{
    rtp_leg *r = of(l);

    say_quiet(r);
    r->talking = false;
    r->timestamp += units(r, n);
}

static void say(leg *l, const int16_t *pcm, int n)
{
    rtp_leg *r = of(l);

    if (r->held) {
        skip(l, n);
        return;
    }
    size_t len = units(r, n); /* G.711 and G.722 have a byte a unit */
    uint8_t *bytes = queue(r, len);
    rtp_packet packet = {
        .payload_type = r->payload_type,
        .marker = !r->talking,
        .sequence = (uint16_t)r->sequence++,
        .timestamp = r->timestamp,
        .ssrc = r->ssrc,
    };

    rtp_header(bytes, &packet);
    if (pcm)
        codec_encode(&r->coder, r->codec, pcm, (size_t)n, bytes + RTP_HEADER_BYTES);
    else
        codec_silence(&r->coder, r->codec, (size_t)n, bytes + RTP_HEADER_BYTES);
    r->talking = true;
    r->quiet_for = 0;
    r->timestamp += (uint32_t)len;
    sent(r, bytes, packet.timestamp, len);
}

/* Hearing --------------------------------------------------------------------------------------- */

static heard hear_paced(leg *l, voice *v)
{
    rtp_leg *r = of(l);
    v->rate = l->rate;
    v->n = l->rate * VOICE_MS / 1000;
    bool voiced = jitter_get(r->jitter, r->call->engine->now_ns, v->pcm, (uint32_t)v->n);
    if (voiced) {
        r->delays_ms += r->jitter->counters.delay_ms;
        r->delays++;
    }
    return voiced ? HEARD_VOICE : HEARD_MADE_UP;
}

static heard hear_relayed(leg *l, voice *v)
{
    rtp_leg *r = of(l);

    if (r->at_hand.n) {
        v->rate = r->at_hand.rate;
        v->n = r->at_hand.n;
        memcpy(v->pcm, r->at_hand.pcm, (size_t)v->n * sizeof *v->pcm);
        r->at_hand.n = 0;
        return HEARD_VOICE;
    }
    /* Its time has passed without a packet: one that comes goes on from here. */
    r->moved = true;
    v->rate = l->rate;
    v->n = l->rate * VOICE_MS / 1000;
    memset(v->pcm, 0, (size_t)v->n * sizeof *v->pcm);
    return HEARD_NOTHING;
}

void rtp_leg_pass_gap(rtp_leg *r, uint32_t gap, unsigned lost)
{
    r->timestamp += gap;
    r->sequence += lost;
    r->talking = r->talking && lost; /* the other one's pause is one here, too */
}

/* Where a packet stands against the one before it; false when its time has passed. */
static bool follow(rtp_leg *r, const rtp_packet *packet)
{
    int32_t gap = (int32_t)(packet->timestamp - r->next);
    uint16_t lost = packet->sequence - r->next_sequence;

    /* One packet alone moves no timeline: it may be an old one, or a wild one. */
    bool behind = gap < 0 && ++r->late_run < LATE_RUN, beyond = gap >= GAP_MOST && packet->timestamp != r->next_moved;
    if (!r->moved && (behind || beyond)) {
        r->next_moved = packet->timestamp + (uint32_t)packet->len;
        r->counters.late++;
        return false;
    }
    if (!r->moved && gap > 0 && gap < GAP_MOST)
        call_miss(r->call, r, (uint32_t)gap, lost < LOST_MOST ? lost : 0);
    r->moved = false;
    r->late_run = 0;
    r->next = packet->timestamp;
    r->next_sequence = packet->sequence + 1;
    return true;
}

/* A far end may change between the codings of its answer without a word (RFC 3264 §5.1); -1: no audio. */
static int codec_of(const rtp_leg *r, const rtp_packet *packet)
{
    if (!packet->len || packet->len > JITTER_PACKET_MAX)
        return -1;
    if (packet->payload_type == r->payload_type)
        return r->codec;
    return codec_known(packet->payload_type) ? packet->payload_type : -1;
}

static void relay(rtp_leg *r, const rtp_packet *packet, int codec)
{
    const uint32_t most = VOICE_MS * UNITS_MS;

    if (!follow(r, packet))
        return;
    for (size_t done = 0; done < packet->len;) {
        size_t len = packet->len - done < most ? packet->len - done : most;
        r->at_hand.rate = codec_rate(codec);
        r->at_hand.n = (int)len * r->at_hand.rate / 1000 / UNITS_MS;
        codec_decode(&r->coder, codec, packet->payload + done, len, r->at_hand.pcm);
        r->next += (uint32_t)len;
        done += len;
        call_rtp_frame(r->call, r);
    }
}

static void take_audio(rtp_leg *r, const rtp_packet *packet, int codec)
{
    rtp_stream_arrival(&r->stream, packet->timestamp, r->heard_ns);
    ears_packet(r->call, call_side_of(r->call, r), codec, packet->timestamp, packet->payload, packet->len);
    if (r->jitter)
        jitter_put(r->jitter, codec, packet->timestamp, r->heard_ns, packet->payload, (uint32_t)packet->len);
    else
        relay(r, packet, codec);
}

/* Relayed, comfort noise is a pause that the listener fills by itself. */
static bool take_comfort_noise(rtp_leg *r, const rtp_packet *packet)
{
    bool agreed = r->comfort_type && packet->payload_type == r->comfort_type;

    return agreed && (!r->jitter || jitter_put_quiet(r->jitter, packet->timestamp, packet->payload, packet->len));
}

static void take_other(rtp_leg *r, const rtp_packet *packet)
{
    rtp_event event;

    if (take_comfort_noise(r, packet))
        return;
    if (r->dtmf_type && packet->payload_type == r->dtmf_type && rtp_event_parse(packet->payload, packet->len, &event))
        dtmf_event(&r->dtmf, packet, &event, r->heard_ns);
    else
        r->counters.unwanted++;
}

/* Tells of the first; the counters tell how many. */
static void bad(rtp_leg *r, uint64_t *counter)
{
    ++*counter;
    if (!r->bad_told)
        call_post(r->call, KL_CALL_RTP_BAD, call_side_of(r->call, r), NULL, 0);
    r->bad_told = true;
}

/* Whether this packet is one too many, so that it costs the other calls no more than its reception. */
static bool floods(rtp_leg *r)
{
    if (r->phase != r->call->engine->phase) {
        r->phase = r->call->engine->phase;
        r->taken = 0;
    }
    return ++r->taken > FLOOD;
}

size_t rtp_leg_authentic(rtp_leg *r, uint8_t *bytes, size_t len, bool rtcp)
{
    int result = rtp_protection_open(&r->protection, bytes, len, rtcp);

    if (result >= 0)
        return (size_t)result;
    if (result == -EALREADY)
        bad(r, &r->counters.replayed);
    else
        bad(r, &r->counters.unauthentic);
    return 0;
}

void rtp_leg_take(rtp_leg *r, uint8_t *bytes, size_t len)
{
    rtp_packet packet;

    if (floods(r)) {
        bad(r, &r->counters.flooded);
        return;
    }
    if (r->reports.mux && rtcp_is(bytes, len)) {
        rtp_reports_take(r, bytes, len);
        return;
    }
    if (r->protection.receive && !(len = rtp_leg_authentic(r, bytes, len, false)))
        return;
    if (!rtp_parse(bytes, len, &packet)) {
        bad(r, &r->call->engine->counters.rtp_malformed);
        return;
    }
    rtp_stream_step step = rtp_stream_take(&r->stream, packet.sequence, packet.ssrc);
    if (step == RTP_STREAM_FOREIGN)
        bad(r, &r->counters.foreign);
    if (step == RTP_STREAM_FOREIGN || step == RTP_STREAM_STRAY)
        return;
    r->heard_ns = r->call->engine->now_ns;
    if (r->silent_told) {
        r->silent_told = false;
        call_post(r->call, KL_CALL_RTP_RESUMED, call_side_of(r->call, r), NULL, 0);
    }
    r->counters.bytes += packet.len;
    if (step == RTP_STREAM_AGAIN)
        return;
    int codec = codec_of(r, &packet);
    if (step == RTP_STREAM_BEGINS) {
        if (r->stream.received > 1)
            ears_other_stream(r->call, call_side_of(r->call, r));
        r->moved = true;
        if (r->jitter)
            jitter_restart(r->jitter);
    }
    if (codec < 0)
        take_other(r, &packet);
    else
        take_audio(r, &packet, codec);
}

void rtp_leg_take_rtcp(rtp_leg *r, uint8_t *bytes, size_t len)
{
    if (floods(r))
        bad(r, &r->counters.flooded);
    else
        rtp_reports_take(r, bytes, len);
}

void rtp_leg_watch(rtp_leg *r)
{
    rtp_reports_tick(r);
    if (!r->set || r->held || !r->call->gate || r->silent_told || r->call->engine->now_ns - r->heard_ns < SILENT_NS)
        return;
    r->silent_told = true;
    call_post(r->call, KL_CALL_RTP_SILENT, call_side_of(r->call, r), NULL, 0);
}

void rtp_leg_forget(rtp_leg *r)
{
    if (r->jitter)
        jitter_forget(r->jitter);
    r->heard_ns = r->call->engine->now_ns;
}

/* Life ------------------------------------------------------------------------------------------ */

void rtp_leg_clear(rtp_leg *r)
{
    rtp_reports_end(r);
    if (r->set)
        rtp_route_remove(&r->call->engine->rtp, &r->address);
    r->set = r->held = r->talking = r->silent_told = false;
}

static void unhook(leg *l)
{
    rtp_leg_clear(of(l));
}

static void digit_pressed(void *user, char digit, int method)
{
    rtp_leg *r = user;
    uint8_t data[] = {(uint8_t)method, (uint8_t)call_side_of(r->call, r)};
    int64_t now_ns = r->call->engine->now_ns;

    if (now_ns - r->digits_from_ns > SECOND_NS) {
        r->digits_from_ns = now_ns;
        r->digits = 0;
    }
    if (++r->digits > DIGITS_MOST) {
        bad(r, &r->counters.flooded);
        return;
    }
    ears_digit(r->call, data[1], digit);
    call_post(r->call, KL_CALL_DTMF, digit, data, sizeof data);
}

bool rtp_leg_init(rtp_leg *r, kl_call *call, bool paced)
{
    static const leg_kind paced_kind = {hear_paced, listens, say, skip, unhook};
    static const leg_kind relayed_kind = {hear_relayed, listens, say, skip, unhook};
    uint32_t random[2];

    r->leg = (leg){paced ? &paced_kind : &relayed_kind, 8000};
    r->call = call;
    r->moved = true;
    if (paced) {
        r->jitter = malloc(sizeof *r->jitter);
        if (!r->jitter)
            return false;
        jitter_init(r->jitter, &r->coder, call->engine->config.jitter_min_ms, call->engine->config.jitter_max_ms);
    }
    if (!coder_init(&r->coder) || !dtmf_init(&r->dtmf, digit_pressed, r) || !rtp_reports_init(&r->reports) || getrandom(random, sizeof random, 0) != sizeof random)
        return false;
    r->ssrc = random[0];
    r->timestamp = random[1];
    /* RFC 3711 §3.3.1: so low that one who misses the first packets cannot be a roll-over behind. */
    r->first = r->sequence = random[1] >> 16 & RTP_FIRST_MOST;
    return true;
}

void rtp_leg_release(rtp_leg *r)
{
    dtmf_release(&r->dtmf);
    coder_release(&r->coder);
    rtp_protection_release(&r->protection);
    free(r->jitter);
}

int rtp_leg_check(const kl_call_far_end *end, struct sockaddr_in *address)
{
    bool possible = end->port && codec_known(end->codec) && end->payload_type <= 127 && end->dtmf_type <= 127 &&
                    end->comfort_type <= 127;

    return possible ? rtp_address(end->ip, end->port, address) : -EINVAL;
}

/* Whoever has a new key counts the roll-overs of a source on, as RFC 3711 §3.3.1 has it, or from 0 again, as most do (ADR
 * 33). Those of a new source are 0 to all. So, too, a key that went and comes again finds none of its indices used. */
static void change_keys(rtp_leg *r, rtp_protection *fresh, bool same_end)
{
    kl_srtp *was = r->protection.send;

    rtp_protection_change(&r->protection, fresh, same_end);
    if (!was || r->protection.send == was || (r->protection.send && !srtp_rolled_over(was, r->ssrc)))
        return;
    r->ssrc++;
    r->first = r->sequence &= RTP_FIRST_MOST;
    r->talking = false;
    rtp_reports_other_source(r);
}

int rtp_leg_set(rtp_leg *r, const kl_call_far_end *end, const struct sockaddr_in *address, rtp_protection *fresh)
{
    bool nowhere = !address->sin_addr.s_addr, held = nowhere || end->held;
    /* Who has not said yet where it is cannot be told from others who have not: it is heard once it has. */
    int error = nowhere ? 0 : rtp_route_add(&r->call->engine->rtp, address, r);
    bool moved = r->set && !nowhere && memcmp(&r->address, address, sizeof *address);

    if (error)
        return error;
    if (moved)
        rtp_route_remove(&r->call->engine->rtp, &r->address);
    if (moved || !r->set || (r->held && !held))
        r->heard_ns = r->call->engine->now_ns; /* what nobody had to send is not missing */
    if (moved || !r->set) {
        rtp_stream_restart(&r->stream);
        r->bad_told = false;
        r->dtmf.event_seen = false;
    }
    change_keys(r, fresh, r->set && !moved);
    if (!nowhere || !r->set)
        r->address = *address;
    if (!nowhere)
        rtp_reports_begin(r, end->rtcp_port, moved || !r->set);
    r->reports.silent = nowhere;
    r->set = true;
    r->held = held;
    r->codec = end->codec;
    r->payload_type = end->payload_type;
    r->dtmf_type = end->dtmf_type;
    r->comfort_type = end->comfort_type;
    r->leg.rate = codec_rate(end->codec);
    if (r->jitter)
        jitter_set_rate(r->jitter, r->leg.rate);
    return 0;
}

void rtp_leg_count(const rtp_leg *r, kl_rtp_counters *out)
{
    *out = r->counters;
    out->received = r->stream.received;
    out->lost = r->stream.lost;
    out->reordered = r->stream.reordered;
    out->duplicate = r->stream.duplicate;
    out->reports = r->reports.counters;
    out->jitter_us = r->stream.jitter_us;
    out->late += r->stream.stray;
    if (r->jitter) {
        out->late += r->jitter->counters.late;
        out->concealed_samples = r->jitter->counters.concealed_samples;
        out->delay_ms = r->jitter->counters.delay_ms;
        out->mean_delay_ms = r->delays ? (uint32_t)(r->delays_ms / r->delays) : 0;
    }
}
