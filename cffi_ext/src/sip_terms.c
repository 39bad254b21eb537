/* Our half of what protects a call's media: which keys we offer or answer, and whether an answer keeps to our offer. */
#include "sip_internal.h"

#include <openssl/crypto.h>
#include <string.h>
#include <sys/random.h>

static bool fresh_key(sip_crypto_line *line, uint32_t tag, uint8_t suite)
{
    *line = (sip_crypto_line){.tag = tag, .suite = suite};
    return getrandom(line->key, sizeof line->key, 0) == sizeof line->key;
}

bool sip_terms_offer(sip_our_terms *terms, const kl_sip_media *ours)
{
    *terms = (sip_our_terms){.secure = ours->protection == KL_SIP_PROTECTED, .mux = ours->rtcp_mux};
    for (int i = 0; ours->protection != KL_SIP_IN_CLEAR && i < ours->suite_count; i++)
        if (!fresh_key(&terms->line[terms->count++], (uint32_t)i + 1, ours->suites[i]))
            return false;
    return true;
}

bool sip_terms_settle(sip_our_terms *terms, const sip_theirs *theirs)
{
    sip_our_terms settled = {.secure = terms->secure, .mux = terms->mux && theirs->media.rtcp_mux};

    if (terms->count < 2)
        return false;
    for (int i = 0; i < terms->count; i++)
        if (terms->line[i].suite == theirs->chosen.suite)
            settled.line[settled.count++] = terms->line[i];
    *terms = settled;
    return true;
}

static const sip_crypto_line *line_for(const sip_our_terms *terms, uint8_t suite)
{
    for (int i = 0; i < terms->count; i++)
        if (terms->line[i].suite == suite)
            return &terms->line[i];
    return NULL;
}

bool sip_terms_same_key(const sip_crypto_line *a, const sip_crypto_line *b)
{
    return a->suite == b->suite && !CRYPTO_memcmp(a->key, b->key, sizeof a->key);
}

/* Who changes its key may have forgotten how far ours has counted: then ours is a new one, too (RFC 4568 §7.1.4). */
bool sip_terms_answer(sip_our_terms *terms, const kl_sip_media *ours, const sip_theirs *now, const sip_theirs *before)
{
    sip_our_terms next = {.secure = now->secure, .mux = ours->rtcp_mux && now->media.rtcp_mux};
    const sip_crypto_line *had = now->chosen.suite ? line_for(terms, now->chosen.suite) : NULL;

    if (had && sip_terms_same_key(&now->chosen, &before->chosen)) {
        next.line[next.count++] = *had;
        next.line[0].tag = now->chosen.tag;
    } else if (now->chosen.suite && !fresh_key(&next.line[next.count++], now->chosen.tag, now->chosen.suite)) {
        return false;
    }
    *terms = next;
    return true;
}

bool sip_terms_met(const sip_our_terms *terms, sip_theirs *theirs)
{
    const sip_crypto_line *offered = theirs->chosen.suite ? line_for(terms, theirs->chosen.suite) : NULL;

    if (theirs->secure != terms->secure)
        theirs->why = "its answer is of another profile than the offer";
    else if (theirs->chosen.suite && (!offered || offered->tag != theirs->chosen.tag || theirs->crypto_told != 1))
        theirs->why = "its answer names no key line of the offer";
    else if (offered && sip_terms_same_key(offered, &theirs->chosen))
        theirs->why = "its answer returns our own key";
    else
        return true;
    return false;
}

bool sip_terms_keys(const sip_our_terms *terms, const sip_theirs *theirs, kl_sip_crypto *out)
{
    const sip_crypto_line *line = theirs->chosen.suite ? line_for(terms, theirs->chosen.suite) : NULL;

    if (!line)
        return false;
    out->suite = line->suite;
    memcpy(out->send_key, line->key, sizeof out->send_key);
    memcpy(out->receive_key, theirs->chosen.key, sizeof out->receive_key);
    return true;
}
