/* What sequence numbers and arrival times tell about a received stream (RFC 3550 appendix A). */
#ifndef KL_RTP_STREAM_H
#define KL_RTP_STREAM_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    uint32_t ssrc;
    uint16_t newest;
    uint64_t seen; /* bit n: newest - n has come; 0: nothing has come */
    uint32_t first, highest; /* sequences of this stretch without a jump, with roll-overs above */
    uint32_t counted;        /* packets of it, duplicates too, as RTCP counts them */
    uint32_t expected_prior, received_prior; /* of these, as the last report told them (appendix A.3) */
    uint16_t stray_next; /* where the sequence goes on if it has moved */
    unsigned stray_run;  /* so many packets in a row that say so */
    uint32_t other_ssrc; /* a source that might take over */
    unsigned other_run;  /* so many of its packets in a row */
    uint32_t transit;
    uint32_t jitter16; /* in 1/16 timestamp units */
    uint64_t received, lost, reordered, duplicate, stray;
    uint32_t jitter_us;
} rtp_stream;

typedef enum {
    RTP_STREAM_GOES_ON,
    RTP_STREAM_BEGINS,  /* the first packet, or another source: its timeline is a new one */
    RTP_STREAM_AGAIN,   /* a duplicate, or so old that it cannot be told from one */
    RTP_STREAM_STRAY,   /* so far from the others that it is not believed before the next one says the same */
    RTP_STREAM_FOREIGN, /* from a second source beside the one that is heard */
} rtp_stream_step;

rtp_stream_step rtp_stream_take(rtp_stream *s, uint16_t sequence, uint32_t ssrc);
/* For a packet of audio; arrival on any monotonic clock. */
void rtp_stream_arrival(rtp_stream *s, uint32_t timestamp, int64_t arrival_ns);
/* The next packet begins a new stream, whatever it resembles. */
void rtp_stream_restart(rtp_stream *s);

#endif
