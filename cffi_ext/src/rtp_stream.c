#include "rtp_stream.h"

enum {
    UNITS_MS = 8,         /* every codec spoken here counts timestamps at 8 kHz, G.722 by mistake (RFC 3551) */
    TRANSIT_JUMP = 7200,  /* so far from the last means that the timeline moved, which is no jitter */
    SEQUENCE_JUMP = 3000, /* RFC 3550 appendix A.1, MAX_DROPOUT */
    NEAR = 64,            /* behind the newest, those of which it is known whether they have come: 1.3 s */
    AHEAD = 100,          /* and ahead of it, those that one alone may leave out: 2 s */
    JUMP_RUN = 2,         /* further away, so many in order are believed (A.1, bad_seq) */
    BACK_RUN = 8,         /* where packets that were under way for long are likelier: 160 ms of nothing but those */
    TAKE_OVER = 3,        /* packets of another source, 60 ms, without one of the first in between */
};

/* Whether a packet is from somebody who must not be heard. Two who send at once never come three in a row. */
static bool foreign(rtp_stream *s, uint32_t ssrc)
{
    if (!s->seen || s->ssrc == ssrc) {
        s->other_run = 0;
        return false;
    }
    s->other_run = s->other_ssrc == ssrc ? s->other_run + 1 : 1;
    s->other_ssrc = ssrc;
    return s->other_run < TAKE_OVER;
}

static void begin(rtp_stream *s, uint16_t sequence, uint32_t ssrc)
{
    s->ssrc = ssrc;
    s->newest = sequence;
    s->seen = 1;
    s->first = s->highest = sequence;
    s->counted = 1;
    s->expected_prior = s->received_prior = 0;
    s->stray_run = 0;
}

/* Whether so many in order, and none of those that were expected in between, say that the sequence has moved here. */
static bool moved(rtp_stream *s, uint16_t sequence, unsigned run)
{
    s->stray_run = s->stray_run && sequence == s->stray_next ? s->stray_run + 1 : 1;
    s->stray_next = (uint16_t)(sequence + 1);
    return s->stray_run >= run;
}

static void go_ahead(rtp_stream *s, int ahead)
{
    s->highest += (uint32_t)ahead;
    s->lost += (uint64_t)ahead - 1;
    s->seen = ahead < NEAR ? s->seen << ahead | 1 : 1;
    s->newest += (uint16_t)ahead;
}

static rtp_stream_step take_far(rtp_stream *s, uint16_t sequence, int ahead)
{
    bool old = ahead < 0 && ahead >= -SEQUENCE_JUMP;

    if (moved(s, sequence, old ? BACK_RUN : JUMP_RUN)) {
        if (ahead < 0 || ahead > SEQUENCE_JUMP) {
            begin(s, sequence, s->ssrc);
            return RTP_STREAM_GOES_ON;
        }
        /* So much was lost, but for the one before, which was here. */
        go_ahead(s, ahead - 1);
        go_ahead(s, 1);
        s->counted += 2;
        s->stray_run = 0;
        return RTP_STREAM_GOES_ON;
    }
    if (old) {
        s->counted++;
        s->duplicate++;
        return RTP_STREAM_AGAIN;
    }
    s->stray++;
    return RTP_STREAM_STRAY;
}

rtp_stream_step rtp_stream_take(rtp_stream *s, uint16_t sequence, uint32_t ssrc)
{
    int ahead = (int16_t)(sequence - s->newest);
    bool other = !s->seen || s->ssrc != ssrc;

    s->received++;
    if (foreign(s, ssrc))
        return RTP_STREAM_FOREIGN;
    if (other) {
        begin(s, sequence, ssrc);
        return RTP_STREAM_BEGINS;
    }
    if (ahead >= AHEAD || ahead <= -NEAR)
        return take_far(s, sequence, ahead);
    s->counted++;
    s->stray_run = 0;
    if (ahead > 0) {
        go_ahead(s, ahead);
        return RTP_STREAM_GOES_ON;
    }
    uint64_t bit = (uint64_t)1 << -ahead;
    if (s->seen & bit) {
        s->duplicate++;
        return RTP_STREAM_AGAIN;
    }
    s->seen |= bit;
    s->reordered++;
    s->lost -= s->lost > 0; /* it was counted when its successor came */
    return RTP_STREAM_GOES_ON;
}

void rtp_stream_arrival(rtp_stream *s, uint32_t timestamp, int64_t arrival_ns)
{
    uint32_t transit = (uint32_t)(arrival_ns / (1000000 / UNITS_MS)) - timestamp;
    int32_t d = (int32_t)(transit - s->transit);

    s->transit = transit;
    if (d > -TRANSIT_JUMP && d < TRANSIT_JUMP)
        s->jitter16 += (uint32_t)(d < 0 ? -d : d) - ((s->jitter16 + 8) >> 4);
    s->jitter_us = s->jitter16 * 1000 / 16 / UNITS_MS;
}

void rtp_stream_restart(rtp_stream *s)
{
    s->seen = 0;
}
