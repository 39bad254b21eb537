/* SIP user agent of the engine: one sofia-sip stack in one thread of its own.
 *
 * This header is also the cffi cdef. Commands may come from any thread and only queue work for the SIP thread; they
 * return 0, or a negative kl_sip_error when an argument is refused before anything was sent. Everything that happens
 * is posted to the bus on KL_LANE_SIP, so a bus carries at most one kl_sip.
 *
 * Event layout: kl_event.source is KL_SRC_SIP, .kind a kl_sip_kind, .id the call (or request) id, or 0 for what belongs
 * to no call of ours, .code the SIP status where there is one. .data holds fields, each `uint8 field, uint8 length,
 * length bytes`, in any order, none repeated. Text is as it came off the wire, cut at 255 bytes. Numbers are
 * little-endian.
 */
#ifndef KINLINE_SIP_H
#define KINLINE_SIP_H

#include <stdint.h>

#include "kinline_bus.h"
#include "kinline_srtp.h"

typedef struct kl_sip kl_sip;

/* Ids of inbound calls have this bit; callers choose theirs without it. */
enum { KL_SIP_INBOUND_ID = 0x40000000 };

typedef enum {
    KL_SIP_OK = 0,
    KL_SIP_BAD_TEXT = -1,  /* control character, quote or over-long text: would break out of a header */
    KL_SIP_BAD_MEDIA = -2, /* no known codec, no port, not an IPv4 address, or protection without a known suite */
    KL_SIP_BAD_ID = -3,    /* id 0, or with KL_SIP_INBOUND_ID set */
    KL_SIP_STOPPED = -4    /* the SIP thread takes no more commands */
} kl_sip_error;

typedef enum {
    KL_SIP_PROGRESS = 1,  /* 1xx; code, PHRASE, MEDIA when SDP came with it */
    KL_SIP_ANSWERED = 2,  /* 2xx acknowledged (inbound: our 2xx was acknowledged); code, MEDIA; of our own calls
                           * also CALL_ID, CSEQ, LOCAL, REMOTE, TARGET, ROUTE: see kl_sip_dialog */
    KL_SIP_CHANGED = 3,   /* re-INVITE or UPDATE with other media, already answered; MEDIA */
    KL_SIP_ENDED = 4,     /* once per call; code, PHRASE, BY, CAUSE when known */
    KL_SIP_INCOMING = 5,  /* FROM, TO, DISPLAY, IDENTITY, MEDIA; answer with kl_sip_respond */
    KL_SIP_OPTIONS = 6,   /* answer to kl_sip_options; code, PHRASE, BY */
    KL_SIP_FORWARDED = 7, /* 181, or TEXT = the History-Info or Diversion header of a message of this call */
    KL_SIP_REFUSED = 8,   /* request outside our policy, or (code 488) a session description with no coding that
                           * we speak, or a malformed one, which was removed from its message; id 0, COUNT = refusals so far, code, METHOD, FROM. At
                           * most 100 a second: a later COUNT tells of those in between */
    KL_SIP_LOG = 9        /* id 0, TEXT = one line of the stack, COUNT = lines suppressed before it */
} kl_sip_kind;

typedef enum {
    KL_SIP_F_PHRASE = 1,
    KL_SIP_F_MEDIA = 2,   /* kl_sip_media_field, then the address as text */
    KL_SIP_F_CAUSE = 3,   /* uint16: Q.850 cause */
    KL_SIP_F_BY = 4,      /* uint8: kl_sip_by */
    KL_SIP_F_FROM = 5,    /* URI */
    KL_SIP_F_TO = 6,      /* URI; of INCOMING the request-URI */
    KL_SIP_F_DISPLAY = 7, /* display name of FROM */
    KL_SIP_F_IDENTITY = 8, /* P-Asserted-Identity */
    KL_SIP_F_METHOD = 9,
    KL_SIP_F_TEXT = 10,
    KL_SIP_F_COUNT = 11, /* uint32 */
    KL_SIP_F_CALL_ID = 12,
    KL_SIP_F_LOCAL = 13,  /* From, with its tag */
    KL_SIP_F_REMOTE = 14, /* To, with its tag */
    KL_SIP_F_TARGET = 15, /* URI of the far end's Contact */
    KL_SIP_F_ROUTE = 16,  /* route set as a Route header has it */
    KL_SIP_F_CSEQ = 17,   /* uint32: number of the INVITE */
    KL_SIP_F_CRYPTO = 18  /* kl_sip_crypto; beside MEDIA when that is protected */
} kl_sip_field;

typedef enum {
    KL_SIP_BY_LOCAL = 1,       /* our hangup */
    KL_SIP_BY_REMOTE = 2,      /* BYE, or CANCEL of an inbound call */
    KL_SIP_BY_TIMEOUT = 3,     /* no answer to a request, or the session timer ran out */
    KL_SIP_BY_REFUSED = 4,     /* final answer 3xx to 6xx */
    KL_SIP_BY_CREDENTIALS = 5, /* challenged, and ours were refused, missing or of an unknown scheme */
    KL_SIP_BY_FAULT = 6        /* the request could not be sent, or the answer cannot be used */
} kl_sip_by;

/* How the far end states its own direction (RFC 3264): SENDONLY and INACTIVE mean that it holds us. */
typedef enum { KL_SIP_INACTIVE = 0, KL_SIP_SENDONLY = 1, KL_SIP_RECVONLY = 2, KL_SIP_SENDRECV = 3 } kl_sip_direction;

/* Leading part of KL_SIP_F_MEDIA: 12 bytes without padding. */
typedef struct {
    uint16_t port;
    uint8_t codec;        /* static payload type of the coding: 0 PCMU, 8 PCMA, 9 G722 */
    uint8_t payload;      /* payload type that stands for it in this session */
    uint8_t dtmf_payload; /* telephone-event/8000, or 255 when not agreed */
    uint8_t direction;    /* kl_sip_direction */
    uint8_t ptime_ms;     /* 0: not stated */
    uint8_t comfort_payload; /* CN/8000 (RFC 3389), or 255 when not agreed */
    uint16_t rtcp_port;      /* RTCP goes there: the port after, a=rtcp (RFC 3605), or port itself */
    uint8_t rtcp_mux;        /* non-zero: RTCP shares the ports of RTP (RFC 5761) */
    uint8_t spare;
} kl_sip_media_field;

/* Both directions' keys: as many bytes of each as kl_srtp_key_bytes says of the suite. */
typedef struct {
    uint8_t suite; /* KL_SRTP_... */
    uint8_t send_key[30];
    uint8_t receive_key[30];
} kl_sip_crypto;

/* Whether the media is protected, by keys in the session description (SDES, RFC 4568). */
enum {
    KL_SIP_IN_CLEAR = 0,      /* RTP/AVP, a=crypto is passed over */
    KL_SIP_OPPORTUNISTIC = 1, /* RTP/AVP with a=crypto (RFC 8643): protected where both can; RTP/SAVP is taken, too */
    KL_SIP_PROTECTED = 2,     /* RTP/SAVP or no call */
};

typedef struct {
    char ip[64];
    uint16_t port;
    uint8_t codecs[4]; /* static payload types, best first */
    uint8_t codec_count;
    uint8_t dtmf; /* non-zero: offer telephone-event */
    uint8_t comfort_noise; /* non-zero: offer CN */
    uint8_t rtcp_mux;   /* non-zero: offer, and agree to, RTCP on the port of RTP */
    uint8_t protection; /* KL_SIP_IN_CLEAR... */
    uint8_t suite_count;
    uint8_t suites[2];  /* KL_SRTP_..., best first; some unless IN_CLEAR. The keys are made for each call */
    uint8_t hold;       /* non-zero: the other end is to send no audio (a=sendonly) */
} kl_sip_media;

typedef struct {
    char bind_ip[64];   /* one address, not 0.0.0.0: it is also our Contact */
    uint16_t port;      /* UDP and TCP */
    uint16_t tls_port;  /* used when tls is set */
    uint8_t udp;
    uint8_t tcp;
    uint8_t tls;
    uint8_t accept_inbound; /* 0: every inbound INVITE gets 403 */
    char tls_dir[512];      /* holds agent.pem (key and certificate) and cafile.pem */
    char user_agent[256];
    uint32_t t1x64_ms;          /* give up on an unanswered request after this long (RFC 3261: 32000) */
    uint32_t session_expires_s; /* RFC 4028; 0 switches session timers off */
    char digest_realm[256];     /* not empty: inbound INVITEs must authenticate (RFC 8760 MD5) */
    char digest_user[256];
    char digest_password[256];
} kl_sip_config;

typedef struct {
    uint32_t id;
    char request_uri[256]; /* sip:number@ip:port;transport=udp */
    /* Send there instead of to the request-URI, unless empty. Over TLS the host, as written, must be in the far end's
     * certificate as DNS or URI name or as common name (this stack reads no IP address names there). */
    char proxy[256];
    char from_uri[256];
    char from_display[256];
    char asserted_identity[256]; /* URI for P-Asserted-Identity, or empty */
    char user[256];              /* digest credentials, or empty */
    char password[256];
    kl_sip_media media;
} kl_sip_invite_args;

/* A dialog of ours in words, so that another process can end it. A part that is longer is not told at all. */
typedef struct {
    char call_id[256];
    char local[256];
    char remote[256];
    char target[256];
    uint32_t cseq;
    char route[256]; /* empty when the far end is reached directly */
} kl_sip_dialog;

/* NULL on failure, with the reason in `why`. */
kl_sip *kl_sip_create(kl_bus *bus, const kl_sip_config *config, char *why, uint32_t why_size);

/* Hangs up what is left, waits at most about 4 s, and frees. */
void kl_sip_destroy(kl_sip *sip);

int kl_sip_invite(kl_sip *sip, const kl_sip_invite_args *args);

/* CANCEL, BYE or a final refusal, whichever the call needs. An id that is gone is no error: it may have just ended. */
int kl_sip_hangup(kl_sip *sip, uint32_t id, uint16_t q850_cause);

/* BYE for a call that an earlier process left up; comes back as ENDED, BY REMOTE whatever the far end answers. The digest
 * credentials are for a far end that challenges it, or NULL. */
int kl_sip_bye(kl_sip *sip, uint32_t id, const kl_sip_dialog *dialog, const char *user, const char *password);

int kl_sip_options(kl_sip *sip, uint32_t id, const char *uri);

/* Answers an INCOMING call; `media` may be NULL for an answer without SDP. */
int kl_sip_respond(kl_sip *sip, uint32_t id, uint16_t status, const char *phrase, const kl_sip_media *media);

/* Offers other media, under the same keys, in a call that is up (re-INVITE). What is answered comes as CHANGED; a refusal
 * leaves everything as it was. */
int kl_sip_offer(kl_sip *sip, uint32_t id, const kl_sip_media *media);

/* Reads the value of an a=crypto line as the endpoint would; for tests and fuzzing. key has room for KL_SRTP_KEY_MOST
 * bytes. 0, or -1 and why. */
int kl_sip_crypto_read(const char *value, uint32_t *tag, uint8_t *suite, uint8_t *key, char *why, uint32_t why_size);

/* Reads an SDP body as the endpoint would; for tests and fuzzing. 0, or -1 when it has no audio we can use. */
int kl_sip_sdp_read(const char *body, uint32_t size, kl_sip_media_field *media, char *ip, uint32_t ip_size);

#endif
