/* Digest authentication with MD5, the only hash this stack has: answering and, for the simulated switch, asking. */
#include "sip_internal.h"

#include <sofia-sip/auth_digest.h>
#include <sofia-sip/msg_header.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

static const char *challenge_param(msg_auth_t const *challenge, const char *name)
{
    return challenge ? msg_header_find_param(challenge->au_common, name) : NULL;
}

/* Writes NUTAG_AUTH's form `Digest:"realm":user:password`. False when we have none, or when the same realm asks again:
 * then the credentials were wrong, and trying on would only lock the account. */
bool sip_auth_credentials(sip_call *call, sip_t const *answer, char *out, size_t size)
{
    msg_auth_t const *challenge =
        answer->sip_www_authenticate ? answer->sip_www_authenticate : answer->sip_proxy_authenticate;
    const char *realm = challenge_param(challenge, "realm=");
    const char *stale = challenge_param(challenge, "stale=");
    int seen = 0;

    if (!call->user[0] || !realm || strlen(realm) >= sizeof call->realms[0])
        return false;
    while (seen < call->challenges && strcmp(call->realms[seen], realm) != 0)
        seen++;
    if (seen < call->challenges && !(stale && su_casematch(stale, "true")))
        return false;
    if (seen == call->challenges) {
        if (seen == SIP_REALMS_MAX)
            return false;
        strcpy(call->realms[call->challenges++], realm);
    }
    return (size_t)snprintf(out, size, "Digest:%s:%s:%s", realm, call->user, call->password) < size;
}

bool sip_auth_new_nonce(kl_sip *sip)
{
    unsigned char bytes[16];

    if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes)
        return false;
    for (size_t i = 0; i < sizeof bytes; i++)
        snprintf(sip->digest_nonce + 2 * i, 3, "%02x", bytes[i]);
    return true;
}

void sip_auth_challenge(const kl_sip *sip, char *out, size_t size)
{
    snprintf(out, size, "Digest realm=\"%s\", nonce=\"%s\", algorithm=MD5, qop=\"auth\"", sip->config.digest_realm,
             sip->digest_nonce);
}

bool sip_auth_accepts(const kl_sip *sip, sip_t const *request)
{
    su_home_t home[1] = {SU_HOME_INIT(home)};
    auth_hexmd5_t a1, expected;
    bool accepted = false;

    su_home_init(home);
    for (msg_auth_t const *a = request->sip_authorization; a && !accepted; a = a->au_next) {
        auth_response_t response = {.ar_size = sizeof response};
        if (!su_casematch(a->au_scheme, "Digest") || auth_digest_response_get(home, &response, a->au_params) <= 0)
            continue;
        if (!response.ar_username || !response.ar_nonce || !response.ar_realm || !response.ar_response ||
            !response.ar_uri)
            continue;
        /* auth_strcmp knows that the left side still has its quotes. */
        if (auth_strcmp(response.ar_username, sip->config.digest_user) ||
            auth_strcmp(response.ar_nonce, sip->digest_nonce) ||
            auth_strcmp(response.ar_realm, sip->config.digest_realm))
            continue;
        auth_digest_sessionkey(&response, a1, sip->config.digest_password);
        auth_digest_response(&response, expected, a1, request->sip_request->rq_method_name, NULL, 0);
        accepted = auth_strcmp(response.ar_response, expected) == 0;
    }
    su_home_deinit(home);
    return accepted;
}
