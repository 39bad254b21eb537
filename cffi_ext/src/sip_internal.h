/* What the parts of the SIP user agent share. Everything here runs in the SIP thread unless it says otherwise. */
#ifndef KL_SIP_INTERNAL_H
#define KL_SIP_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

typedef struct sip_call sip_call;
#define SU_ROOT_MAGIC_T struct kl_sip
#define NUA_MAGIC_T struct kl_sip
#define NUA_HMAGIC_T struct sip_call

#include <sofia-sip/nua.h>
#include <sofia-sip/nua_tag.h>
#include <sofia-sip/sip_status.h>
#include <sofia-sip/sip_tag.h>
#include <sofia-sip/soa_tag.h>
#include <sofia-sip/su.h>
#include <sofia-sip/su_string.h>
#include <sofia-sip/su_wait.h>

#include "bus.h"
#include "kinline_sip.h"

/* The method set that we state in Allow; whatever else arrives is refused and counted. */
#define SIP_ALLOWED_METHODS "INVITE, ACK, BYE, CANCEL, OPTIONS, PRACK, UPDATE"

enum { SIP_CALL_BUCKETS = 256, SIP_REALMS_MAX = 2 };

/* ---- media ---- */

enum { SIP_SUITES = 2, SIP_CRYPTO_LINES = 8 };

/* One a=crypto line. */
typedef struct {
    uint32_t tag;
    uint8_t suite; /* KL_SRTP_... */
    uint8_t key[KL_SRTP_KEY_MOST];
} sip_crypto_line;

/* What a session description of the far end says: its codings that we know, best first, and the rest. */
typedef struct {
    kl_sip_media_field media; /* codec and payload by sip_sdp_choose */
    char ip[64];
    uint8_t count;
    uint8_t codecs[4], payloads[4];
    bool secure;              /* RTP/SAVP */
    uint8_t crypto_told;      /* so many a=crypto lines, */
    uint8_t crypto_count;     /* and of these so many that can be used, best first */
    sip_crypto_line crypto[SIP_CRYPTO_LINES];
    sip_crypto_line chosen;   /* by sip_sdp_choose; suite NONE: in clear */
    const char *why;          /* what stands against it, when something does */
} sip_theirs;

/* What goes into our session description beside the media: profile and keys. */
typedef struct {
    bool secure; /* RTP/SAVP */
    bool mux;
    uint8_t count;
    sip_crypto_line line[SIP_SUITES];
} sip_our_terms;

/* ---- calls ---- */

typedef enum { SIP_USE_CALL, SIP_USE_OPTIONS, SIP_USE_BYE } sip_use;

struct sip_call {
    sip_call *next; /* in its bucket */
    nua_handle_t *handle;
    su_timer_t *cancel_timer;
    uint32_t id;
    sip_use use;
    bool inbound;
    bool over_tls;
    bool established;    /* ANSWERED has been posted */
    bool hangup_wanted;  /* our side gave up; the dialog may still come up and then needs a BYE */
    bool answered;       /* inbound: our 2xx is with the stack */
    bool unusable;       /* answered with media that we cannot use */
    kl_sip_by ended_by;  /* set when BYE or CANCEL came; the call ends with the stack's state change */
    uint16_t ended_cause;
    uint16_t hangup_cause;
    uint8_t challenges;  /* realms answered so far: the proxy's and the far end's */
    char realms[SIP_REALMS_MAX][128];
    char user[256];
    char password[256];
    sip_theirs theirs;   /* what the far end last told us; port 0 before that */
    kl_sip_media ours;   /* and we told it; codec_count 0 before that */
    sip_our_terms terms; /* how we told it last */
    const char *why;     /* why what it answered cannot be used */
};

/* Strangers decide how often these events come; the lane must keep room for those of calls. */
typedef struct {
    time_t second; /* CLOCK_MONOTONIC */
    uint32_t count;
} sip_rate;

struct kl_sip {
    kl_bus *bus;
    kl_sip_config config;
    su_root_t *root;
    nua_t *nua;
    sip_call *buckets[SIP_CALL_BUCKETS];
    uint32_t next_inbound;
    uint32_t refusals;
    sip_rate refusal_rate;
    sip_rate log_rate;
    uint32_t log_suppressed;
    bool stopping;
    bool stopped;        /* the stack reported its shutdown as complete */
    char digest_nonce[33];
};

/* sip_call.c */
sip_call *sip_call_add(kl_sip *sip, uint32_t id, sip_use use, nua_handle_t *handle);
sip_call *sip_call_find(kl_sip *sip, uint32_t id);
void sip_call_start(kl_sip *sip, const kl_sip_invite_args *args);
void sip_call_hangup(kl_sip *sip, uint32_t id, uint16_t cause);
void sip_call_probe(kl_sip *sip, uint32_t id, const char *uri);
void sip_call_bye_left(kl_sip *sip, uint32_t id, const kl_sip_dialog *dialog, const char *user, const char *password);
void sip_call_respond(kl_sip *sip, uint32_t id, uint16_t status, const char *phrase, const kl_sip_media *media);
void sip_call_offer(kl_sip *sip, uint32_t id, const kl_sip_media *media);
void sip_call_free_all(kl_sip *sip);
void sip_call_event(nua_event_t event, int status, char const *phrase, nua_t *nua, kl_sip *sip, nua_handle_t *handle,
                    sip_call *call, sip_t const *message, tagi_t tags[]);

/* sip_dialog.c */
void sip_dialog_describe(kl_event *event, sip_t const *answer);
void sip_dialog_bye(nua_handle_t *handle, const kl_sip_dialog *dialog);

/* sip_gate.c: what is stopped before the stack acts on it */
msg_mclass_t *sip_gate_message_class(void);
void sip_gate_enter(kl_sip *sip);
void sip_gate_redirect_logs(void);

/* sip_auth.c */
bool sip_auth_credentials(sip_call *call, sip_t const *answer, char *out, size_t size);
bool sip_auth_accepts(const kl_sip *sip, sip_t const *request);
void sip_auth_challenge(const kl_sip *sip, char *out, size_t size);
bool sip_auth_new_nonce(kl_sip *sip);

/* sip_crypto.c. NULL, or why the line cannot be used. */
const char *sip_crypto_read(const char *value, sip_crypto_line *line);
int sip_crypto_write(const sip_crypto_line *line, char *out, size_t size);
bool sip_crypto_suite_known(uint8_t suite);

/* sip_terms.c: whose keys are whose. False without random numbers. */
bool sip_terms_same_key(const sip_crypto_line *a, const sip_crypto_line *b);
bool sip_terms_offer(sip_our_terms *terms, const kl_sip_media *ours);
bool sip_terms_answer(sip_our_terms *terms, const kl_sip_media *ours, const sip_theirs *now, const sip_theirs *before);
/* Of what we offered only what was answered stands; false where there was no choice. */
bool sip_terms_settle(sip_our_terms *terms, const sip_theirs *theirs);
/* Whether an answer to what we offered keeps to it; theirs->why says why not. */
bool sip_terms_met(const sip_our_terms *terms, sip_theirs *theirs);
/* The keys of both directions as they now are; false when media goes in clear. */
bool sip_terms_keys(const sip_our_terms *terms, const sip_theirs *theirs, kl_sip_crypto *out);

/* sip_sdp.c; sip_sdp_valid may run in any thread */
extern const char SIP_NOT_IPV4[]; /* why an address cannot be used */
bool sip_sdp_valid(const kl_sip_media *media);
int sip_sdp_write(const kl_sip_media *media, const sip_our_terms *terms, char *out, size_t size);
/* False for a body whose media lines the stack's parser would loop on, allocating until memory is gone. */
bool sip_sdp_sound(const char *body, size_t size);
bool sip_sdp_in(sip_t const *message);
/* The first audio that suits ours (NULL: anything we speak); false when there is none, and t->why. */
bool sip_sdp_from_message(sip_t const *message, const kl_sip_media *ours, sip_theirs *t);
/* Takes the first of their codings that is one of ours (NULL: any), and of their keys; false when there is none. */
bool sip_sdp_choose(sip_theirs *t, const kl_sip_media *ours);

/* sip_event.c */
void sip_event_start(kl_event *event, kl_sip_kind kind, uint32_t id, int code);
void sip_event_text(kl_event *event, kl_sip_field field, const char *text);
void sip_event_bytes(kl_event *event, kl_sip_field field, const void *bytes, size_t size);
void sip_event_uri(kl_event *event, kl_sip_field field, url_t const *url);
void sip_event_media(kl_event *event, const kl_sip_media_field *media, const char *ip, const kl_sip_crypto *crypto);
void sip_event_post(kl_sip *sip, kl_event *event);
/* True for the first so many of each second. */
bool sip_event_rate(sip_rate *rate, uint32_t per_second);
void sip_event_refusal(kl_sip *sip, sip_t const *message, int status);

#endif
