/* What is stopped before the stack acts on it: redirects, requests outside our method set, and bodies that would be the
 * end of its SDP parser. Also the stack's log.
 *
 * sofia-sip of 2011 follows 302 and 305 by itself, before any application callback, and answers unknown methods
 * without telling. Both are decided here, in the parser, by a message class whose body extractor looks at each
 * message once its headers are complete.
 */
#include "sip_internal.h"

#include <pthread.h>
#include <sofia-sip/msg_mclass.h>
#include <sofia-sip/sip_header.h>
#include <sofia-sip/sip_parser.h>
#include <sofia-sip/su_log.h>
#include <stdio.h>
#include <string.h>

enum { LOG_LINES_PER_SECOND = 50, BODY_MAX = 65536 };

/* The endpoint whose thread this is: parser and logger get no context of their own. */
static _Thread_local kl_sip *gate_sip;

void sip_gate_enter(kl_sip *sip)
{
    gate_sip = sip;
}

static bool method_allowed(sip_request_t const *request)
{
    switch (request->rq_method) {
    case sip_method_invite:
    case sip_method_ack:
    case sip_method_bye:
    case sip_method_cancel:
    case sip_method_options:
    case sip_method_prack:
    case sip_method_update:
        return true;
    default:
        return false;
    }
}

/* Over TCP a body may come in pieces. The stack would gather the rest of it past this gate, so wait for the whole. */
static bool body_missing(sip_t const *message, isize_t size, int eos)
{
    return message->sip_separator && !eos && message->sip_content_length &&
           message->sip_content_length->l_length > (uint32_t)size;
}

/* Nowhere to go: a 3xx without Contact is just a refusal. */
static void strip_redirect(msg_t *msg, sip_t *message)
{
    if (message->sip_status && message->sip_status->st_status / 100 == 3)
        while (message->sip_contact)
            msg_header_remove(msg, (msg_pub_t *)message, (msg_header_t *)message->sip_contact);
}

static void strip_body(msg_t *msg, sip_t *message)
{
    sip_payload_t *body = message->sip_payload;

    if (!body || sip_sdp_sound(body->pl_data, body->pl_len))
        return;
    msg_header_remove(msg, (msg_pub_t *)message, (msg_header_t *)body);
    if (gate_sip)
        sip_event_refusal(gate_sip, message, 488);
}

/* Called at the empty line after the headers, and again for the body if there is one. */
static issize_t gate_extract_body(msg_t *msg, msg_pub_t *pub, char b[], isize_t size, int eos)
{
    sip_t *message = (sip_t *)pub;
    bool headers_end = message->sip_separator == NULL;
    issize_t result;

    if (body_missing(message, size, eos))
        return message->sip_content_length->l_length > BODY_MAX ? -1 : 0;
    result = sip_extract_body(msg, message, b, size, eos);
    strip_redirect(msg, message);
    strip_body(msg, message);
    if (gate_sip && headers_end && message->sip_separator && message->sip_request &&
        !method_allowed(message->sip_request))
        sip_event_refusal(gate_sip, message, 405);
    return result;
}

msg_mclass_t *sip_gate_message_class(void)
{
    msg_mclass_t *class = msg_mclass_clone(sip_default_mclass(), 0, 0);

    if (class)
        class->mc_extract_body = gate_extract_body;
    return class;
}

static void gate_log(void *stream, char const *format, va_list arguments)
{
    kl_sip *sip = gate_sip;
    char line[512];
    kl_event event;

    (void)stream;
    if (!sip)
        return;
    if (!sip_event_rate(&sip->log_rate, LOG_LINES_PER_SECOND)) {
        sip->log_suppressed++;
        return;
    }
    vsnprintf(line, sizeof line, format, arguments);
    line[strcspn(line, "\n")] = 0;
    sip_event_start(&event, KL_SIP_LOG, 0, 0);
    sip_event_bytes(&event, KL_SIP_F_COUNT, &sip->log_suppressed, sizeof sip->log_suppressed);
    sip->log_suppressed = 0;
    sip_event_text(&event, KL_SIP_F_TEXT, line);
    sip_event_post(sip, &event);
}

static void redirect_once(void)
{
    su_log_redirect(NULL, gate_log, NULL);
}

void sip_gate_redirect_logs(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, redirect_once);
}
