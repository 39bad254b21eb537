/* What the engine needs of protected media beyond its public face (kinline_srtp.h). */
#ifndef KL_SRTP_H
#define KL_SRTP_H

#include <stdbool.h>

#include "kinline_srtp.h"

/* Whether both were made for one suite, of the very same master key and salt. */
bool srtp_same_key(const kl_srtp *a, const kl_srtp *b);
/* Whether a source's sequence has begun again at 0 since its first packet, under this key or one before. */
bool srtp_rolled_over(const kl_srtp *srtp, uint32_t ssrc);
/* What protecting adds; nothing where there is no context. */
size_t srtp_trailer(const kl_srtp *srtp);
size_t srtp_rtcp_trailer(const kl_srtp *srtp);

#endif
