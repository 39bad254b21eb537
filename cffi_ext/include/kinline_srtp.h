/* Protected media: SRTP and SRTCP (RFC 3711), keyed by session descriptions (SDES, RFC 4568).
 *
 * One context is one direction under one master key: either it only protects or only unprotects. Only making one
 * allocates. No object here is shared between threads. */
#ifndef KINLINE_SRTP_H
#define KINLINE_SRTP_H

#include <stddef.h>
#include <stdint.h>

typedef struct kl_srtp kl_srtp;

/* Suites, by their names in a=crypto. */
enum {
    KL_SRTP_NONE = 0,
    KL_SRTP_AES_CM_128_HMAC_SHA1_80 = 1, /* RFC 4568 §6.2.1: master key 16 bytes, salt 14 */
    KL_SRTP_AEAD_AES_128_GCM = 2,        /* RFC 7714 §14.2: master key 16 bytes, salt 12 */
};

enum {
    KL_SRTP_KEY_MOST = 30,    /* bytes of master key and salt, one after the other */
    KL_SRTP_TRAILER_MOST = 20, /* what protection adds to an RTCP packet; to an RTP packet at most 16 */
};

/* Bytes of a suite's master key and salt; 0 for one that is not known. */
int kl_srtp_key_bytes(int suite);

/* NULL without memory or for an unknown suite. */
kl_srtp *kl_srtp_create(int suite, const uint8_t *key);
/* Wipes the keys. NULL is allowed. */
void kl_srtp_destroy(kl_srtp *srtp);

/* Before its first packet: a new key of the same direction. Its sources go on counting where they were under the key
 * before (RFC 3711 §3.3.1); one that is received may also have begun at 0 again. */
void kl_srtp_follow(kl_srtp *srtp, const kl_srtp *before);

/* In place; the new length, or -EMSGSIZE (no such packet, or beyond capacity), -EALREADY (this source has said this
 * sequence before, or it is too far back to tell: two texts under one key stream tell both), -EIO (libcrypto failed). */
int kl_srtp_protect(kl_srtp *srtp, uint8_t *packet, size_t len, size_t capacity);
int kl_srtp_protect_rtcp(kl_srtp *srtp, uint8_t *packet, size_t len, size_t capacity);
/* In place; the new length, or -EMSGSIZE (no such packet), -EALREADY (replayed, or too old to tell), -EBADMSG (not
 * authentic, and as it was), -EUSERS (one more source under one key than it can keep apart). */
int kl_srtp_unprotect(kl_srtp *srtp, uint8_t *packet, size_t len);
int kl_srtp_unprotect_rtcp(kl_srtp *srtp, uint8_t *packet, size_t len);

#endif
