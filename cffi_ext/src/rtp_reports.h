/* What the two ends of an RTP leg tell each other by RTCP of what they receive, and how much of it is believed. */
#ifndef KL_RTP_REPORTS_H
#define KL_RTP_REPORTS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "kinline_engine.h"
#include "rtcp.h"

struct rtp_leg;

enum { REPORTS_KEPT = 16 };

typedef struct {
    struct sockaddr_in address; /* where theirs come from, and ours go to */
    bool routed;                /* it has a place of its own among the routes, or is RTP's own */
    bool silent;                /* none is sent, not even a goodbye */
    bool mux;
    char cname[RTCP_CNAME_BYTES + 1];
    uint32_t random;
    int64_t next_ns; /* when our next report is due */

    /* ours */
    uint64_t bytes_sent; /* payload, of our source as it is now */
    uint64_t sent_otherwise; /* packets of the sources before */
    uint64_t sent_before, sent_at_last; /* packets at the last two reports */
    uint32_t said_timestamp;
    int64_t said_ns; /* when that was sent */
    struct {
        uint32_t lsr;
        int64_t at_ns;
    } told[REPORTS_KEPT]; /* our last ones as a sender; lsr of 0: none */
    unsigned tellings;

    /* theirs */
    bool bad_told;
    uint32_t their_lsr; /* 0: none */
    int64_t their_ns;
    uint64_t round_trips_us; /* sum, */
    uint64_t round_trips;    /* of so many */
    kl_rtcp_counters counters;
} rtp_reports;

/* False without randomness. */
bool rtp_reports_init(rtp_reports *p);

/* Audio thread. The end has been agreed anew; both may be the same port. */
void rtp_reports_begin(struct rtp_leg *r, uint16_t rtcp_port, bool anew);
/* Says goodbye, if anything has been said. */
void rtp_reports_end(struct rtp_leg *r);
/* From here on we are another source, which RFC 3550 §6.4.1 lets count from 0. */
void rtp_reports_other_source(struct rtp_leg *r);
/* An RTP packet goes out. */
void rtp_reports_said(struct rtp_leg *r, uint32_t timestamp, size_t payload);
/* Sends what is due. */
void rtp_reports_tick(struct rtp_leg *r);
/* One datagram of theirs, deciphered in place. */
void rtp_reports_take(struct rtp_leg *r, uint8_t *bytes, size_t len);

#endif
