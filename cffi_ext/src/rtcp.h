/* RTCP packets (RFC 3550 §6) as bytes: no I/O, no state. */
#ifndef KL_RTCP_H
#define KL_RTCP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    RTCP_BLOCKS = 31,
    RTCP_CNAME_BYTES = 16,
    RTCP_MOST = 108, /* what rtcp_compose writes: SR with a block 52, SDES 28, BYE 8, and room */
};

/* What one end says of another's packets. */
typedef struct {
    uint32_t ssrc;    /* of whom */
    uint8_t fraction; /* lost since the last report, of 256 */
    int32_t lost;     /* since the beginning, 24 bits with their sign */
    uint32_t highest; /* sequence, with its roll-overs above */
    uint32_t jitter;  /* timestamp units */
    uint32_t lsr;     /* middle of the NTP time of the last SR it had, or 0 */
    uint32_t dlsr;    /* 1/65536 s since then */
} rtcp_block;

typedef struct {
    uint32_t ssrc; /* who says it */
    bool sender;   /* SR: the next four count */
    uint64_t ntp;
    uint32_t timestamp, packets, bytes;
    bool bye; /* and leaves */
    unsigned count;
    rtcp_block block[RTCP_BLOCKS];
} rtcp_report;

/* Whether a packet at a port that both share is RTCP (RFC 5761 §4). */
bool rtcp_is(const uint8_t *bytes, size_t len);
/* A compound packet; false for anything malformed, or that does not begin with a report. */
bool rtcp_parse(const uint8_t *bytes, size_t len, rtcp_report *out);
/* Writes a report, our name of RTCP_CNAME_BYTES and, when it says so, a BYE; at most RTCP_MOST bytes. */
size_t rtcp_compose(uint8_t *out, const rtcp_report *report, const char *cname);

#endif
