/* The keys of one RTP end, and how they change in the middle of a call. */
#ifndef KL_RTP_PROTECTION_H
#define KL_RTP_PROTECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kinline_engine.h"
#include "srtp.h"

/* All NULL: packets go and come in clear. */
typedef struct {
    kl_srtp *send, *receive;
    kl_srtp *before;  /* what was received under, for packets that are still under way as it changes */
    bool before_over; /* the new key has been heard: it will not be needed again */
} rtp_protection;

/* Any thread. 0, -EINVAL for an end whose keys cannot be, or -ENOMEM. */
int rtp_protection_make(rtp_protection *p, const kl_call_far_end *end);
/* Frees what is in there, NULLs allowed. */
void rtp_protection_release(rtp_protection *p);

/* Audio thread: from here on as `fresh` says, in which what nobody needs any more is left, to be released elsewhere. A
 * key that stays the same keeps its indices, so that nothing heard under it can be heard again. */
void rtp_protection_change(rtp_protection *p, rtp_protection *fresh, bool same_end);
/* One packet in place, RTP or RTCP: the length of what was in it, or as kl_srtp_unprotect. */
int rtp_protection_open(rtp_protection *p, uint8_t *bytes, size_t len, bool rtcp);

#endif
