/* An RTP end of a call: packets in and out over the engine's port.
 *
 * Paced, it is heard through a jitter buffer on the other end's clock, as a handset needs it. Relayed,
 * each packet passes as it comes, and the one jitter buffer of the path is the listener's own
 * (docs/adr/0024). */
#ifndef KL_RTP_LEG_H
#define KL_RTP_LEG_H

#include <netinet/in.h>

#include "codec.h"
#include "dtmf.h"
#include "jitter.h"
#include "kinline_engine.h"
#include "leg.h"
#include "rtp_protection.h"
#include "rtp_reports.h"
#include "rtp_stream.h"

struct kl_call;

enum { RTP_FIRST_MOST = 0x7fff }; /* where our sequence begins, at most */

typedef struct rtp_leg {
    leg leg;
    struct kl_call *call;
    bool set; /* an end has been agreed, */
    bool held; /* and is sent nothing at present, while time passes for what is said to it */
    struct sockaddr_in address;
    uint8_t codec, payload_type, dtmf_type, comfort_type;
    coder coder;
    rtp_protection protection;

    /* sending */
    unsigned quiet_for; /* stretches since the last word */
    bool talking; /* packets are going out; the next one after a pause carries the marker */
    uint32_t first, sequence; /* numbers of our packets, with roll-overs above: the first, and the next */
    uint32_t timestamp;
    uint32_t ssrc;

    /* receiving */
    rtp_stream stream;
    rtp_reports reports;
    dtmf_detector dtmf;
    int64_t heard_ns;
    bool silent_told, bad_told;
    uint32_t phase; /* of the engine, in which so many packets have been taken */
    unsigned taken;
    int64_t digits_from_ns; /* since when so many digits have been told */
    unsigned digits;
    jitter_buffer *jitter; /* NULL: relayed */
    uint32_t next;         /* relayed: timestamp that the next packet should have */
    uint32_t next_moved;   /* relayed: or that it has if the timeline has moved far ahead */
    uint16_t next_sequence;
    unsigned late_run;     /* relayed: so many came late in a row */
    uint64_t delays_ms, delays; /* sum of the jitter buffer's delays, and how many */
    bool moved;            /* relayed: whatever comes next goes on from here */
    voice at_hand;         /* relayed: what has just come; n of 0: nothing */

    kl_rtp_counters counters; /* what neither stream nor jitter count */
} rtp_leg;

/* Any thread, while no call has it yet. False without memory or randomness. */
bool rtp_leg_init(rtp_leg *r, struct kl_call *call, bool paced);
void rtp_leg_release(rtp_leg *r);

/* 0 and the address, or -EINVAL for an end that cannot be. */
int rtp_leg_check(const kl_call_far_end *end, struct sockaddr_in *address);

/* Audio thread. -EADDRINUSE when another leg has the address. Fresh keys are taken, and what they replace is left there. */
int rtp_leg_set(rtp_leg *r, const kl_call_far_end *end, const struct sockaddr_in *address, rtp_protection *fresh);
void rtp_leg_clear(rtp_leg *r);
/* Nothing that was said so far will be heard. */
void rtp_leg_forget(rtp_leg *r);
/* One datagram from its address, which is deciphered in place. */
void rtp_leg_take(rtp_leg *r, uint8_t *bytes, size_t len);
/* The same at the port of RTCP. */
void rtp_leg_take_rtcp(rtp_leg *r, uint8_t *bytes, size_t len);
/* Deciphers; the length, or 0 for what may not be believed, which has been counted and told. */
size_t rtp_leg_authentic(rtp_leg *r, uint8_t *bytes, size_t len, bool rtcp);
/* What it is told has a gap of so many timestamp units, in which so many packets were lost. */
void rtp_leg_pass_gap(rtp_leg *r, uint32_t gap, unsigned lost);
/* Every 20 ms or so: sends its reports, and tells once when nothing has come for long. */
void rtp_leg_watch(rtp_leg *r);
void rtp_leg_count(const rtp_leg *r, kl_rtp_counters *out);

#endif
