/* Calls: from a command to the stack, and from the stack's indications to our events. */
#include "sip_internal.h"

#include <openssl/crypto.h>
#include <sofia-sip/nta.h>
#include <sofia-sip/sip_header.h>
#include <sofia-sip/sip_util.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* RFC 3261 §20.43, warning code 305. */
#define NO_COMMON_FORMAT "305 kinline \"No coding offered that is spoken here: G722, PCMU, PCMA\""
/* Formats that are agreed beside a coding, and are none themselves. */
#define BESIDE "cn telephone-event"

enum { SDP_MAX = 1024, NO_USABLE_MEDIA = 488, CAUSE_NOT_IMPLEMENTED = 79, CANCEL_MARGIN_MS = 500 };

/* ---- the table ---- */

sip_call *sip_call_find(kl_sip *sip, uint32_t id)
{
    sip_call *call = sip->buckets[id % SIP_CALL_BUCKETS];

    while (call && call->id != id)
        call = call->next;
    return call;
}

sip_call *sip_call_add(kl_sip *sip, uint32_t id, sip_use use, nua_handle_t *handle)
{
    sip_call *call = calloc(1, sizeof *call);

    if (!call)
        return NULL;
    call->id = id;
    call->use = use;
    call->handle = handle;
    call->next = sip->buckets[id % SIP_CALL_BUCKETS];
    sip->buckets[id % SIP_CALL_BUCKETS] = call;
    return call;
}

/* The handle lives on. */
static void call_free(sip_call *call)
{
    if (call->cancel_timer)
        su_timer_destroy(call->cancel_timer);
    nua_handle_bind(call->handle, NULL);
    OPENSSL_cleanse(call, sizeof *call);
    free(call);
}

static void call_drop(kl_sip *sip, sip_call *call)
{
    sip_call **link = &sip->buckets[call->id % SIP_CALL_BUCKETS];
    nua_handle_t *handle = call->handle;

    while (*link != call)
        link = &(*link)->next;
    *link = call->next;
    call_free(call);
    nua_handle_destroy(handle);
}

static void call_post_end(kl_sip *sip, sip_call *call, int status, const char *phrase, kl_sip_by by, uint16_t cause)
{
    kl_event event;
    uint8_t who = (uint8_t)by;

    sip_event_start(&event, call->use == SIP_USE_OPTIONS ? KL_SIP_OPTIONS : KL_SIP_ENDED, call->id, status);
    sip_event_text(&event, KL_SIP_F_PHRASE, phrase);
    sip_event_bytes(&event, KL_SIP_F_BY, &who, 1);
    if (cause)
        sip_event_bytes(&event, KL_SIP_F_CAUSE, &cause, sizeof cause);
    sip_event_post(sip, &event);
}

/* A handshake that fails is not told to us: the request just goes unanswered. */
static const char *failure_phrase(const sip_call *call, kl_sip_by by, const char *phrase)
{
    if (call->over_tls && !call->established && (by == KL_SIP_BY_TIMEOUT || by == KL_SIP_BY_FAULT))
        return "No answer over TLS: the switch is down, or its certificate is not of our authority or not for its name";
    return phrase;
}

static void call_end(kl_sip *sip, sip_call *call, int status, const char *phrase, kl_sip_by by, uint16_t cause)
{
    call_post_end(sip, call, status, failure_phrase(call, by, phrase), by, cause);
    call_drop(sip, call);
}

/* At shutdown: the handles stay, since nua_shutdown hangs their calls up and frees them. */
void sip_call_free_all(kl_sip *sip)
{
    for (int i = 0; i < SIP_CALL_BUCKETS; i++) {
        while (sip->buckets[i]) {
            sip_call *call = sip->buckets[i];
            call_post_end(sip, call, 503, "Stopping", KL_SIP_BY_LOCAL, 0);
            sip->buckets[i] = call->next;
            call_free(call);
        }
    }
}

/* ---- reading messages ---- */

static uint16_t reason_cause(sip_t const *message)
{
    for (sip_reason_t const *r = message ? message->sip_reason : NULL; r; r = r->re_next)
        if (su_casematch(r->re_protocol, "Q.850") && r->re_cause)
            return (uint16_t)atoi(r->re_cause);
    return 0;
}

/* A header that this stack has no class for, by its name. */
static const char *header_text(sip_t const *message, const char *name)
{
    for (sip_unknown_t const *u = message->sip_unknown; u; u = u->un_next)
        if (u->un_name && su_casematch(u->un_name, name))
            return u->un_value;
    return NULL;
}

static void report_forwarding(kl_sip *sip, sip_call *call, int status, sip_t const *message)
{
    const char *history = header_text(message, "History-Info");
    const char *diversion = header_text(message, "Diversion");
    kl_event event;

    if (status != 181 && !history && !diversion)
        return;
    sip_event_start(&event, KL_SIP_FORWARDED, call->id, status);
    sip_event_text(&event, KL_SIP_F_TEXT, diversion ? diversion : history);
    sip_event_post(sip, &event);
}

static const kl_sip_media *ours(const sip_call *call)
{
    return call->ours.codec_count ? &call->ours : NULL;
}

/* What is said about media that cannot be used; RFC 3261 §20.43: 301 is for its address, 304 for its kind, 305 for its
 * format. */
static const char *warning(const char *why, char *out, size_t size)
{
    if (!why)
        return NO_COMMON_FORMAT;
    snprintf(out, size, "%d kinline \"%s\"", why == SIP_NOT_IPV4 ? 301 : 304, why);
    return out;
}

/* The far end's media in a message, if it can be used; otherwise t->why, where it is not for want of a coding. */
static bool media_usable(const sip_call *call, sip_t const *message, bool answer, sip_theirs *t)
{
    if (!sip_sdp_from_message(message, ours(call), t))
        return false;
    if (answer && !sip_terms_met(&call->terms, t))
        return false;
    if (call->established && call->theirs.chosen.suite && !t->chosen.suite) {
        t->why = "it would take the protection off a call that has it";
        return false;
    }
    return true;
}

/* Takes the far end's media from a message; true when there was some and it is news. */
static bool media_update(sip_call *call, sip_t const *message, bool answer)
{
    sip_theirs theirs = {0};

    if (!media_usable(call, message, answer, &theirs)) {
        call->why = theirs.why;
        return false;
    }
    bool news = memcmp(&theirs.media, &call->theirs.media, sizeof theirs.media) != 0 ||
                !sip_terms_same_key(&theirs.chosen, &call->theirs.chosen) ||
                strcmp(theirs.ip, call->theirs.ip) != 0;
    call->theirs = theirs;
    return news;
}

static void describe_media(kl_event *event, const sip_call *call)
{
    kl_sip_media_field media = call->theirs.media;
    kl_sip_crypto crypto;
    bool protected = sip_terms_keys(&call->terms, &call->theirs, &crypto);

    if (!media.port)
        return;
    media.rtcp_mux = media.rtcp_mux && call->terms.mux;
    if (media.rtcp_mux)
        media.rtcp_port = media.port;
    sip_event_media(event, &media, call->theirs.ip, protected ? &crypto : NULL);
    OPENSSL_cleanse(&crypto, sizeof crypto);
}

static void start_with_media(kl_event *event, sip_call *call, kl_sip_kind kind, int status, const char *phrase)
{
    sip_event_start(event, kind, call->id, status);
    sip_event_text(event, KL_SIP_F_PHRASE, phrase);
    describe_media(event, call);
}

static void post_with_media(kl_sip *sip, sip_call *call, kl_sip_kind kind, int status, const char *phrase)
{
    kl_event event;

    start_with_media(&event, call, kind, status, phrase);
    sip_event_post(sip, &event);
}

static void post_answered(kl_sip *sip, sip_call *call, int status, const char *phrase, sip_t const *answer)
{
    kl_event event;

    start_with_media(&event, call, KL_SIP_ANSWERED, status, phrase);
    sip_dialog_describe(&event, answer);
    sip_event_post(sip, &event);
}

/* ---- commands ---- */

static bool uri_over_tls(const char *uri)
{
    return su_casenmatch(uri, "sips:", 5) || su_strcasestr(uri, ";transport=tls");
}

static void post_end_of_unknown(kl_sip *sip, uint32_t id, sip_use use, const char *phrase)
{
    sip_call nobody = {.id = id, .use = use};

    call_post_end(sip, &nobody, 500, phrase, KL_SIP_BY_FAULT, 0);
}

void sip_call_start(kl_sip *sip, const kl_sip_invite_args *args)
{
    char sdp[SDP_MAX], from[560], identity[320];
    sip_call *call = NULL;

    if (sip_call_find(sip, args->id)) {
        /* Ending the id would be read as the end of the call that has it. */
        return;
    }
    if (args->from_display[0])
        snprintf(from, sizeof from, "\"%s\" <%s>", args->from_display, args->from_uri);
    else
        snprintf(from, sizeof from, "<%s>", args->from_uri);
    snprintf(identity, sizeof identity, "P-Asserted-Identity: <%s>", args->asserted_identity);

    nua_handle_t *handle = nua_handle(sip->nua, NULL, SIPTAG_FROM_STR(from), NUTAG_URL(args->request_uri),
                                      TAG_IF(args->proxy[0], NUTAG_PROXY(args->proxy)), TAG_END());
    if (handle)
        call = sip_call_add(sip, args->id, SIP_USE_CALL, handle);
    if (!call) {
        if (handle)
            nua_handle_destroy(handle);
        post_end_of_unknown(sip, args->id, SIP_USE_CALL, "The stack refused the addresses, or memory is short");
        return;
    }
    call->over_tls = uri_over_tls(args->proxy[0] ? args->proxy : args->request_uri);
    call->ours = args->media;
    if (!sip_terms_offer(&call->terms, &call->ours)) {
        call_end(sip, call, 500, "The system gives no random numbers for keys", KL_SIP_BY_FAULT, 0);
        return;
    }
    sip_sdp_write(&call->ours, &call->terms, sdp, sizeof sdp);
    memcpy(call->user, args->user, sizeof call->user);
    memcpy(call->password, args->password, sizeof call->password);
    nua_handle_bind(handle, call);
    nua_invite(handle, SOATAG_USER_SDP_STR(sdp), SOATAG_RTP_SELECT(SOA_RTP_SELECT_COMMON),
               SOATAG_AUDIO_AUX(BESIDE), NUTAG_AUTOANSWER(0),
               TAG_IF(args->asserted_identity[0], SIPTAG_HEADER_STR(identity)), TAG_END());
}

/* For a single request to an address; NULL when that was not possible, which is told, or the id is taken. */
static sip_call *call_for_request(kl_sip *sip, uint32_t id, sip_use use, const char *uri)
{
    sip_call *call = NULL;
    nua_handle_t *handle;

    if (sip_call_find(sip, id))
        return NULL;
    handle = nua_handle(sip->nua, NULL, NUTAG_URL(uri), SIPTAG_TO_STR(uri), TAG_END());
    if (handle)
        call = sip_call_add(sip, id, use, handle);
    if (!call) {
        if (handle)
            nua_handle_destroy(handle);
        post_end_of_unknown(sip, id, use, "The stack refused the address, or memory is short");
        return NULL;
    }
    call->over_tls = uri_over_tls(uri);
    nua_handle_bind(handle, call);
    return call;
}

void sip_call_probe(kl_sip *sip, uint32_t id, const char *uri)
{
    sip_call *call = call_for_request(sip, id, SIP_USE_OPTIONS, uri);

    if (call)
        nua_options(call->handle, TAG_END());
}

void sip_call_bye_left(kl_sip *sip, uint32_t id, const kl_sip_dialog *dialog, const char *user, const char *password)
{
    sip_call *call = call_for_request(sip, id, SIP_USE_BYE, dialog->target);

    if (!call)
        return;
    memcpy(call->user, user, sizeof call->user);
    memcpy(call->password, password, sizeof call->password);
    sip_dialog_bye(call->handle, dialog);
}

/* RFC 3261 §9.1: a far end that took the CANCEL may still never answer the INVITE. */
static void cancel_overdue(su_root_magic_t *sip, su_timer_t *timer, su_timer_arg_t *argument)
{
    (void)timer;
    call_end(sip, argument, 408, "No final answer after CANCEL", KL_SIP_BY_LOCAL, 0);
}

static void call_cancel(kl_sip *sip, sip_call *call)
{
    char reason[64];

    snprintf(reason, sizeof reason, "Q.850;cause=%u", call->hangup_cause);
    nua_cancel(call->handle, TAG_IF(call->hangup_cause, SIPTAG_REASON_STR(reason)), TAG_END());
    /* Later than the stack's own limit on an INVITE that got no answer at all. */
    call->cancel_timer = su_timer_create(su_root_task(sip->root), sip->config.t1x64_ms + CANCEL_MARGIN_MS);
    if (call->cancel_timer)
        su_timer_set(call->cancel_timer, cancel_overdue, call);
}

static void call_bye(sip_call *call)
{
    char reason[64];

    snprintf(reason, sizeof reason, "Q.850;cause=%u", call->hangup_cause);
    nua_bye(call->handle, TAG_IF(call->hangup_cause, SIPTAG_REASON_STR(reason)), TAG_END());
}

/* The final refusal of an inbound call for a Q.850 cause (RFC 3398 §8.2.6.1, the ones a called party can mean). */
static int refusal_status(uint16_t cause, char const **phrase)
{
    switch (cause) {
    case 1:
        *phrase = sip_404_Not_found;
        return 404;
    case 17:
        *phrase = sip_486_Busy_here;
        return 486;
    case 21:
        *phrase = sip_603_Decline;
        return 603;
    default:
        *phrase = sip_480_Temporarily_unavailable;
        return 480;
    }
}

void sip_call_hangup(kl_sip *sip, uint32_t id, uint16_t cause)
{
    sip_call *call = sip_call_find(sip, id);

    if (!call || call->use != SIP_USE_CALL || call->hangup_wanted)
        return;
    call->hangup_wanted = true;
    call->hangup_cause = cause;
    if (call->established || (call->inbound && call->answered)) {
        call_bye(call);
    } else if (call->inbound) {
        char const *phrase;
        int status = refusal_status(cause, &phrase);
        nua_respond(call->handle, status, phrase, TAG_END());
    } else {
        call_cancel(sip, call);
    }
}

/* What we say to an inbound call: an answer to its offer, or an offer where it had none. False when there is no common
 * ground. */
static bool own_description(sip_call *call, const kl_sip_media *media, char sdp[SDP_MAX])
{
    static const sip_theirs nothing;
    bool offered = call->theirs.media.port;

    call->ours = *media;
    if (offered && !sip_sdp_choose(&call->theirs, media))
        return false;
    /* The 200 says the same as a 183 before it. */
    bool repeated = call->theirs.chosen.suite && call->terms.count;
    if (offered && !repeated && !sip_terms_answer(&call->terms, media, &call->theirs, &nothing))
        return false;
    if (!offered && !sip_terms_offer(&call->terms, media))
        return false;
    sip_sdp_write(media, &call->terms, sdp, SDP_MAX);
    return true;
}

void sip_call_respond(kl_sip *sip, uint32_t id, uint16_t status, const char *phrase, const kl_sip_media *media)
{
    sip_call *call = sip_call_find(sip, id);
    char sdp[SDP_MAX] = "";

    if (!call || !call->inbound || call->answered || call->hangup_wanted)
        return;
    if (media && !own_description(call, media, sdp)) {
        char text[200];
        call->hangup_wanted = true;
        nua_respond(call->handle, SIP_488_NOT_ACCEPTABLE, SIPTAG_WARNING_STR(warning(call->theirs.why, text, sizeof text)),
                    TAG_END());
        return;
    }
    call->answered = status >= 200 && status < 300;
    call->hangup_wanted = status >= 300;
    /* The stack keeps the pointer: the copy lives as long as the handle. */
    const char *kept = su_strdup(nua_handle_home(call->handle), phrase);
    nua_respond(call->handle, status, kept, TAG_IF(media, SOATAG_USER_SDP_STR(sdp)),
                TAG_IF(media, NUTAG_EARLY_ANSWER(1)), TAG_IF(media, NUTAG_INCLUDE_EXTRA_SDP(1)),
                SOATAG_RTP_SELECT(SOA_RTP_SELECT_COMMON),
               SOATAG_AUDIO_AUX(BESIDE), NUTAG_AUTOANSWER(0), TAG_END());
}

void sip_call_offer(kl_sip *sip, uint32_t id, const kl_sip_media *media)
{
    sip_call *call = sip_call_find(sip, id);
    char sdp[SDP_MAX];

    if (!call || call->use != SIP_USE_CALL || !call->established || call->hangup_wanted)
        return;
    call->ours = *media;
    sip_sdp_write(media, &call->terms, sdp, sizeof sdp);
    nua_invite(call->handle, SOATAG_USER_SDP_STR(sdp), TAG_END());
}

/* ---- indications ---- */

static void refuse_inbound(kl_sip *sip, nua_handle_t *handle, int status, sip_t const *request)
{
    nua_handle_destroy(handle);
    sip_event_refusal(sip, request, status);
}

static void post_incoming(kl_sip *sip, sip_call *call, sip_t const *request)
{
    kl_event event;

    sip_event_start(&event, KL_SIP_INCOMING, call->id, 0);
    sip_event_uri(&event, KL_SIP_F_FROM, request->sip_from->a_url);
    sip_event_text(&event, KL_SIP_F_DISPLAY, request->sip_from->a_display);
    sip_event_uri(&event, KL_SIP_F_TO, request->sip_request->rq_url);
    sip_event_text(&event, KL_SIP_F_IDENTITY, header_text(request, "P-Asserted-Identity"));
    describe_media(&event, call);
    sip_event_post(sip, &event);
}

static void on_new_invite(kl_sip *sip, nua_handle_t *handle, int status, sip_t const *request)
{
    char challenge[640], text[200];
    sip_theirs theirs;
    sip_call *call;

    if (status >= 200 || !request || !request->sip_from || !request->sip_request) {
        refuse_inbound(sip, handle, status, request);
        return;
    }
    if (!sip->config.accept_inbound) {
        nua_respond(handle, SIP_403_FORBIDDEN, TAG_END());
        refuse_inbound(sip, handle, 403, request);
        return;
    }
    if (sip->config.digest_realm[0] && !sip_auth_accepts(sip, request)) {
        sip_auth_challenge(sip, challenge, sizeof challenge);
        nua_respond(handle, SIP_401_UNAUTHORIZED, SIPTAG_WWW_AUTHENTICATE_STR(challenge), TAG_END());
        refuse_inbound(sip, handle, 401, request);
        return;
    }
    if (sip_sdp_in(request) && !sip_sdp_from_message(request, NULL, &theirs)) {
        nua_respond(handle, SIP_488_NOT_ACCEPTABLE, SIPTAG_WARNING_STR(warning(theirs.why, text, sizeof text)), TAG_END());
        refuse_inbound(sip, handle, 488, request);
        return;
    }
    call = sip_call_add(sip, KL_SIP_INBOUND_ID | ++sip->next_inbound, SIP_USE_CALL, handle);
    if (!call) {
        nua_respond(handle, SIP_503_SERVICE_UNAVAILABLE, TAG_END());
        refuse_inbound(sip, handle, 503, request);
        return;
    }
    call->inbound = true;
    nua_handle_bind(handle, call);
    media_update(call, request, false);
    post_incoming(sip, call, request);
    report_forwarding(sip, call, 0, request);
}

/* True when the request goes out again with credentials. */
static bool retried_with_credentials(sip_call *call, int status, sip_t const *answer)
{
    char credentials[800];

    if ((status != 401 && status != 407) || !answer || call->hangup_wanted)
        return false;
    if (!sip_auth_credentials(call, answer, credentials, sizeof credentials))
        return false;
    nua_authenticate(call->handle, NUTAG_AUTH(credentials), TAG_END());
    return true;
}

static kl_sip_by failure_author(sip_call *call, int status, sip_t const *answer)
{
    if (call->hangup_wanted)
        return KL_SIP_BY_LOCAL;
    /* 900 and above are the stack's own; 904 says that no challenge could be answered. */
    if (status == 401 || status == 407 || status == 904)
        return KL_SIP_BY_CREDENTIALS;
    if (answer)
        return KL_SIP_BY_REFUSED;
    return status == 408 ? KL_SIP_BY_TIMEOUT : KL_SIP_BY_FAULT;
}

/* The stack refreshes the session by an UPDATE that offers our description as it stands: one key line, where our first
 * offer had several. */
static void settle_description(sip_call *call)
{
    char sdp[SDP_MAX];

    if (!sip_terms_settle(&call->terms, &call->theirs))
        return;
    sip_sdp_write(&call->ours, &call->terms, sdp, sizeof sdp);
    nua_set_hparams(call->handle, SOATAG_USER_SDP_STR(sdp), TAG_END());
}

static void on_invite_answer(kl_sip *sip, sip_call *call, int status, char const *phrase, sip_t const *answer)
{
    if (status >= 200 && status < 300 && answer) {
        bool news = media_update(call, answer, true);
        report_forwarding(sip, call, status, answer);
        if (call->established) {
            if (news)
                post_with_media(sip, call, KL_SIP_CHANGED, status, phrase);
        } else if (!call->hangup_wanted && call->theirs.media.port) {
            call->established = true;
            settle_description(call);
            post_answered(sip, call, status, phrase, answer);
        } else if (!call->hangup_wanted) {
            call->unusable = true;
            call->hangup_wanted = true;
            call->hangup_cause = CAUSE_NOT_IMPLEMENTED;
        }
    } else if (status < 200) {
        /* The stack also says 100 for its own restarts. */
        if (status == 100 || !answer || call->established)
            return;
        media_update(call, answer, true);
        report_forwarding(sip, call, status, answer);
        post_with_media(sip, call, KL_SIP_PROGRESS, status, phrase);
    } else if (!retried_with_credentials(call, status, answer) && !call->established) {
        call_end(sip, call, status, phrase, failure_author(call, status, answer), reason_cause(answer));
    }
}

static void end_unusable(kl_sip *sip, sip_call *call)
{
    char text[200];

    snprintf(text, sizeof text, "Answered without media that we can use%s%s", call->why ? ": " : "",
             call->why ? call->why : "");
    call_end(sip, call, NO_USABLE_MEDIA, text, KL_SIP_BY_FAULT, call->hangup_cause);
}

static void on_bye_answer(kl_sip *sip, sip_call *call, int status, char const *phrase, sip_t const *answer)
{
    if (status < 200 || retried_with_credentials(call, status, answer))
        return;
    if (call->unusable)
        end_unusable(sip, call);
    else if (call->hangup_wanted)
        call_end(sip, call, status, phrase, KL_SIP_BY_LOCAL, call->hangup_cause);
    else
        /* A BYE that we did not ask for is the session timer's. */
        call_end(sip, call, 408, "Session timer expired", KL_SIP_BY_TIMEOUT, 0);
}

static void on_state(kl_sip *sip, sip_call *call, int status, char const *phrase, tagi_t tags[])
{
    int state = nua_callstate_init;

    tl_gets(tags, NUTAG_CALLSTATE_REF(state), TAG_END());
    if (state == nua_callstate_terminated) {
        if (call->ended_by)
            call_end(sip, call, status, phrase, call->ended_by, call->ended_cause);
        else
            call_end(sip, call, status, phrase, failure_author(call, status, NULL), call->hangup_cause);
    } else if (state == nua_callstate_ready && !call->established) {
        if (call->hangup_wanted) {
            /* The 200 and our CANCEL crossed, or its SDP was of no use: it is acknowledged, now end it. */
            call->established = true;
            if (call->cancel_timer)
                su_timer_reset(call->cancel_timer);
            call_bye(call);
        } else if (call->inbound) {
            call->established = true;
            post_with_media(sip, call, KL_SIP_ANSWERED, 200, NULL);
        }
    }
}

static void on_media(kl_sip *sip, sip_call *call, sip_t const *message, bool answer)
{
    if (media_update(call, message, answer) && call->established)
        post_with_media(sip, call, KL_SIP_CHANGED, 0, NULL);
}

/* A re-INVITE or an UPDATE, for which the stack is told what is answered. */
static void on_offer(nua_t *nua, kl_sip *sip, sip_call *call, sip_t const *request)
{
    sip_theirs theirs = {0};
    char said[SDP_MAX], sdp[SDP_MAX], text[200];

    if (sip_sdp_in(request) && !media_usable(call, request, false, &theirs)) {
        nua_respond(call->handle, SIP_488_NOT_ACCEPTABLE, NUTAG_WITH_THIS(nua),
                    SIPTAG_WARNING_STR(warning(theirs.why, text, sizeof text)), TAG_END());
        sip_event_refusal(sip, request, NO_USABLE_MEDIA);
        return;
    }
    sip_sdp_write(&call->ours, &call->terms, said, sizeof said);
    if (theirs.media.port && ours(call) && !sip_terms_answer(&call->terms, ours(call), &theirs, &call->theirs)) {
        nua_respond(call->handle, SIP_500_INTERNAL_SERVER_ERROR, NUTAG_WITH_THIS(nua), TAG_END());
        return;
    }
    sip_sdp_write(&call->ours, &call->terms, sdp, sizeof sdp);
    nua_respond(call->handle, SIP_200_OK, NUTAG_WITH_THIS(nua), TAG_IF(strcmp(sdp, said), SOATAG_USER_SDP_STR(sdp)),
                TAG_END());
    on_media(sip, call, request, false);
}

void sip_call_event(nua_event_t event, int status, char const *phrase, nua_t *nua, kl_sip *sip, nua_handle_t *handle,
                    sip_call *call, sip_t const *message, tagi_t tags[])
{
    /* The stack makes up an answer when none came. */
    if (message && nta_is_internal_msg(nua_current_request(nua)))
        message = NULL;
    if (event == nua_r_shutdown) {
        if (status >= 200) {
            sip->stopped = true;
            su_root_break(sip->root);
        }
        return;
    }
    if (sip->stopping)
        return;
    if (event == nua_i_invite && !call && handle) {
        on_new_invite(sip, handle, status, message);
        return;
    }
    if (!call)
        return;
    switch (event) {
    case nua_r_invite:
        on_invite_answer(sip, call, status, phrase, message);
        break;
    case nua_r_options:
        if (status >= 200)
            call_end(sip, call, status, phrase, message ? KL_SIP_BY_REMOTE : failure_author(call, status, NULL), 0);
        break;
    case nua_r_bye:
        on_bye_answer(sip, call, status, phrase, message);
        break;
    case nua_r_method: /* a BYE from outside of its dialog */
        if (status >= 200 && !retried_with_credentials(call, status, message))
            call_end(sip, call, status, phrase, message ? KL_SIP_BY_REMOTE : failure_author(call, status, NULL), 0);
        break;
    case nua_r_update:
        if (!retried_with_credentials(call, status, message) && status >= 200 && status < 300)
            on_media(sip, call, message, true);
        break;
    case nua_i_bye:
    case nua_i_cancel:
        call->ended_by = KL_SIP_BY_REMOTE;
        call->ended_cause = reason_cause(message);
        break;
    case nua_i_invite:
    case nua_i_update:
        on_offer(nua, sip, call, message);
        break;
    case nua_i_prack:
        on_media(sip, call, message, false);
        break;
    case nua_i_ack:
        on_media(sip, call, message, true);
        break;
    case nua_i_state:
        on_state(sip, call, status, phrase, tags);
        break;
    default:
        break;
    }
}
