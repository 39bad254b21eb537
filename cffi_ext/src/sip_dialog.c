/* A dialog in words: what a later process needs to end a call that this one leaves behind. */
#include "sip_internal.h"

#include <sofia-sip/sip_header.h>
#include <string.h>

enum {
    ROUTES_MAX = 8, /* RFC 3261 sets no bound; a trunk has one or two proxies */
    /* Behind every request of a dialog's own life: a session timer refreshes a few times an hour. */
    LATER_BY = 0x10000,
};

/* Whole or not at all: half a tag ends nothing. */
static void whole_text(kl_event *event, kl_sip_field field, const char *text)
{
    if (text && strlen(text) < sizeof((kl_sip_dialog *)0)->local)
        sip_event_text(event, field, text);
}

static void whole_header(kl_event *event, kl_sip_field field, su_home_t *home, void const *header)
{
    whole_text(event, field, header ? sip_header_as_string(home, header) : NULL);
}

/* RFC 3261 §12.1.2: the caller's route set is the Record-Route of the answer, reversed. */
static char *route_set(su_home_t *home, sip_record_route_t const *recorded)
{
    sip_record_route_t const *routes[ROUTES_MAX];
    char *text = NULL;
    int n = 0;

    for (; recorded && n < ROUTES_MAX; recorded = recorded->r_next)
        routes[n++] = recorded;
    if (recorded)
        return NULL;
    while (n--) {
        char *one = url_as_string(home, routes[n]->r_url);
        text = one ? su_sprintf(home, "%s%s<%s>", text ? text : "", text ? ", " : "", one) : NULL;
        if (!text)
            return NULL;
    }
    return text;
}

void sip_dialog_describe(kl_event *event, sip_t const *answer)
{
    su_home_t home[1] = {SU_HOME_INIT(home)};

    if (!answer || !answer->sip_call_id || !answer->sip_contact || !answer->sip_cseq)
        return;
    su_home_init(home);
    whole_text(event, KL_SIP_F_CALL_ID, answer->sip_call_id->i_id);
    sip_event_bytes(event, KL_SIP_F_CSEQ, &answer->sip_cseq->cs_seq, sizeof answer->sip_cseq->cs_seq);
    whole_header(event, KL_SIP_F_LOCAL, home, answer->sip_from);
    whole_header(event, KL_SIP_F_REMOTE, home, answer->sip_to);
    whole_text(event, KL_SIP_F_TARGET, url_as_string(home, answer->sip_contact->m_url));
    whole_text(event, KL_SIP_F_ROUTE, route_set(home, answer->sip_record_route));
    su_home_deinit(home);
}

void sip_dialog_bye(nua_handle_t *handle, const kl_sip_dialog *dialog)
{
    sip_cseq_t *cseq = sip_cseq_create(nua_handle_home(handle), dialog->cseq + LATER_BY, SIP_METHOD_BYE);

    nua_method(handle, NUTAG_METHOD("BYE"), SIPTAG_FROM_STR(dialog->local), SIPTAG_TO_STR(dialog->remote),
               SIPTAG_CALL_ID_STR(dialog->call_id), TAG_IF(cseq, SIPTAG_CSEQ(cseq)),
               TAG_IF(dialog->route[0], SIPTAG_ROUTE_STR(dialog->route)), TAG_END());
}
