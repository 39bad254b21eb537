/* Protected media against libsrtp as the other end, and under whatever may come in its place. */
#include <errno.h>
#include <srtp2/srtp.h>
#include <stdbool.h>
#include <string.h>

#include "check.h"
#include "kinline_srtp.h"

enum { HEAD = 12, PAYLOAD = 160, WHOLE = HEAD + PAYLOAD, ROOM = 256, SSRC = 0x12345678 };

static const int suites[] = {KL_SRTP_AES_CM_128_HMAC_SHA1_80, KL_SRTP_AEAD_AES_128_GCM};
static const uint8_t key[KL_SRTP_KEY_MOST] = "0123456789abcdefghijklmnopqrst";
static const uint8_t other_key[KL_SRTP_KEY_MOST] = "X123456789abcdefghijklmnopqrst";

static srtp_policy_t policy_of(int suite, bool inbound, const uint8_t *its_key)
{
    srtp_policy_t policy;

    memset(&policy, 0, sizeof policy);
    if (suite == KL_SRTP_AEAD_AES_128_GCM) {
        srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtp);
        srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtcp);
    } else {
        srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy.rtp);
        srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy.rtcp);
    }
    policy.key = (uint8_t *)its_key;
    policy.ssrc.type = inbound ? ssrc_any_inbound : ssrc_any_outbound;
    policy.window_size = 128;
    return policy;
}

static srtp_t foreign_under(int suite, bool inbound, const uint8_t *its_key)
{
    srtp_policy_t policy = policy_of(suite, inbound, its_key);
    srtp_t session;

    CHECK(srtp_create(&session, &policy) == srtp_err_status_ok);
    return session;
}

static srtp_t foreign(int suite, bool inbound)
{
    return foreign_under(suite, inbound, key);
}

static size_t rtp(uint8_t *p, uint16_t sequence, uint32_t ssrc)
{
    memset(p, sequence & 0xff, ROOM);
    memset(p, 0, HEAD);
    p[0] = 0x80;
    p[2] = sequence >> 8;
    p[3] = sequence & 0xff;
    for (int i = 0; i < 4; i++)
        p[8 + i] = (uint8_t)(ssrc >> (24 - 8 * i));
    return WHOLE;
}

/* With a contributing source and an extension, which stay in clear. */
static size_t long_head(uint8_t *p, uint16_t sequence)
{
    rtp(p, sequence, SSRC);
    p[0] = 0x91;
    p[16] = 0xbe;
    p[17] = 0xde;
    p[18] = 0;
    p[19] = 1;
    return WHOLE;
}

static size_t rtcp(uint8_t *p, unsigned i)
{
    memset(p, (int)i, ROOM);
    memcpy(p, "\x81\xc9\x00\x07\x12\x34\x56\x78", 8);
    return 32;
}

static void ours_to_theirs(int suite)
{
    kl_srtp *us = kl_srtp_create(suite, key);
    srtp_t them = foreign(suite, true);
    uint8_t sent[ROOM], packet[ROOM];

    /* Past the roll-over of the sequence. */
    for (unsigned i = 30000; i < 30000 + 80000; i += i % 7 ? 1 : 3) {
        size_t len = i % 5 ? rtp(packet, (uint16_t)i, SSRC) : long_head(packet, (uint16_t)i);
        memcpy(sent, packet, len);
        int n = kl_srtp_protect(us, packet, len, sizeof packet);
        CHECK(n > (int)len && memcmp(packet + 40, sent + 40, 100));
        CHECK(srtp_unprotect(them, packet, &n) == srtp_err_status_ok);
        CHECK(n == (int)len && !memcmp(packet, sent, len));
    }
    for (unsigned i = 0; i < 100; i++) {
        size_t len = rtcp(packet, i);
        memcpy(sent, packet, len);
        int n = kl_srtp_protect_rtcp(us, packet, len, sizeof packet);
        CHECK(n > (int)len && srtp_unprotect_rtcp(them, packet, &n) == srtp_err_status_ok);
        CHECK(n == (int)len && !memcmp(packet, sent, len));
    }
    CHECK(kl_srtp_protect(us, packet, rtp(packet, 1, SSRC), WHOLE) == -EMSGSIZE);
    CHECK(kl_srtp_protect_rtcp(us, packet, 7, ROOM) == -EMSGSIZE);
    srtp_dealloc(them);
    kl_srtp_destroy(us);
}

static void theirs_to_ours(int suite)
{
    kl_srtp *us = kl_srtp_create(suite, key);
    srtp_t them = foreign(suite, false);
    uint8_t sent[ROOM], packet[ROOM], kept[ROOM];

    for (unsigned i = 65000; i < 65000 + 70000; i += i % 7 ? 1 : 3) {
        int n = (int)(i % 5 ? rtp(packet, (uint16_t)i, SSRC) : long_head(packet, (uint16_t)i)), len = n;
        memcpy(sent, packet, (size_t)n);
        CHECK(srtp_protect(them, packet, &n) == srtp_err_status_ok);
        memcpy(kept, packet, sizeof kept);
        CHECK(kl_srtp_unprotect(us, packet, (size_t)n) == len && !memcmp(packet, sent, (size_t)len));
        CHECK(kl_srtp_unprotect(us, kept, (size_t)n) == -EALREADY);
    }
    for (unsigned i = 0; i < 100; i++) {
        int n = (int)rtcp(packet, i), len = n;
        memcpy(sent, packet, (size_t)n);
        CHECK(srtp_protect_rtcp(them, packet, &n) == srtp_err_status_ok);
        memcpy(kept, packet, sizeof kept);
        CHECK(kl_srtp_unprotect_rtcp(us, packet, (size_t)n) == len && !memcmp(packet, sent, (size_t)len));
        CHECK(kl_srtp_unprotect_rtcp(us, kept, (size_t)n) == -EALREADY);
    }
    srtp_dealloc(them);
    kl_srtp_destroy(us);
}

/* Packets out of order around the roll-over, within the window and beyond it. */
static void out_of_order(int suite)
{
    static const unsigned order[] = {65530, 65533, 65531, 2, 65535, 0, 65534, 1, 200, 199, 73, 10};
    kl_srtp *from = kl_srtp_create(suite, key), *to = kl_srtp_create(suite, key);
    uint8_t packets[300][ROOM];
    int len[300];

    for (unsigned i = 0; i < 300; i++) {
        rtp(packets[i], (uint16_t)(65500 + i), SSRC);
        len[i] = kl_srtp_protect(from, packets[i], WHOLE, ROOM);
        CHECK(len[i] > WHOLE);
    }
    for (unsigned i = 0; i < sizeof order / sizeof *order; i++) {
        unsigned at = (uint16_t)(order[i] - 65500);
        int got = kl_srtp_unprotect(to, packets[at], (size_t)len[at]);
        CHECK(got == (order[i] == 10 ? -EALREADY : WHOLE)); /* 190 behind: nobody knows any more */
    }
    kl_srtp_destroy(from);
    kl_srtp_destroy(to);
}

/* Whatever is changed, cut or made under another key is refused, and disturbs nothing. */
static void hostile(int suite)
{
    kl_srtp *from = kl_srtp_create(suite, key), *to = kl_srtp_create(suite, key), *wrong = kl_srtp_create(suite, other_key);
    uint8_t good[ROOM], bad[ROOM];

    CHECK(kl_srtp_unprotect(wrong, bad, (size_t)kl_srtp_protect(from, bad, rtp(bad, 1, SSRC), ROOM)) == -EBADMSG);
    CHECK(kl_srtp_unprotect_rtcp(wrong, bad, (size_t)kl_srtp_protect_rtcp(from, bad, rtcp(bad, 1), ROOM)) == -EBADMSG);
    size_t len = (size_t)kl_srtp_protect(from, good, rtp(good, 2, SSRC), ROOM);
    for (size_t i = 0; i < len; i++) {
        memcpy(bad, good, len);
        bad[i] ^= 0x10;
        CHECK(kl_srtp_unprotect(to, bad, len) < 0);
        bad[i] ^= 0x10;
        CHECK(!memcmp(bad, good, len)); /* as it was, for another key to be tried */
        CHECK(kl_srtp_unprotect(to, bad, i) < 0);
    }
    rtp(bad, 3, SSRC); /* in clear */
    CHECK(kl_srtp_unprotect(to, bad, WHOLE) == -EBADMSG);
    CHECK(kl_srtp_unprotect(to, good, len) == WHOLE);
    len = (size_t)kl_srtp_protect_rtcp(from, good, rtcp(good, 2), ROOM);
    for (size_t i = 0; i < len; i++) {
        memcpy(bad, good, len);
        bad[i] ^= 0x80;
        CHECK(kl_srtp_unprotect_rtcp(to, bad, len) < 0);
        bad[i] ^= 0x80;
        CHECK(!memcmp(bad, good, len));
        CHECK(kl_srtp_unprotect_rtcp(to, bad, i) < 0);
    }
    CHECK(kl_srtp_unprotect_rtcp(to, good, len) == 32);
    kl_srtp_destroy(from);
    kl_srtp_destroy(to);
    kl_srtp_destroy(wrong);
}

/* The source may change under one key, but not so often that what it sent before could come again. */
static void sources(int suite)
{
    kl_srtp *from[20], *to = kl_srtp_create(suite, key);
    uint8_t first[ROOM], packet[ROOM];
    int n = 0, accepted = 0;

    for (uint32_t i = 0; i < 20; i++) {
        from[i] = kl_srtp_create(suite, key);
        n = kl_srtp_protect(from[i], packet, rtp(packet, 7, SSRC + i), ROOM);
        if (!i)
            memcpy(first, packet, sizeof first);
        int got = kl_srtp_unprotect(to, packet, (size_t)n);
        CHECK(got == WHOLE || got == -EUSERS);
        accepted += got == WHOLE;
    }
    CHECK(accepted == 16 && kl_srtp_unprotect(to, first, (size_t)n) == -EALREADY);
    for (int i = 0; i < 20; i++)
        kl_srtp_destroy(from[i]);
    kl_srtp_destroy(to);
}

/* Keys change in the middle of a stream ---------------------------------------------------------- */

static void give(kl_srtp *us, srtp_t them, unsigned from, unsigned count, uint32_t ssrc)
{
    uint8_t packet[ROOM];

    for (unsigned i = from; i < from + count; i++) {
        int n = kl_srtp_protect(us, packet, rtp(packet, (uint16_t)i, ssrc), sizeof packet);
        CHECK(n > WHOLE && srtp_unprotect(them, packet, &n) == srtp_err_status_ok && n == WHOLE);
    }
    int n = kl_srtp_protect_rtcp(us, packet, rtcp(packet, from), sizeof packet);
    CHECK(n > 32 && srtp_unprotect_rtcp(them, packet, &n) == srtp_err_status_ok && n == 32);
}

static void get(kl_srtp *us, srtp_t them, unsigned from, unsigned count)
{
    uint8_t packet[ROOM];

    for (unsigned i = from; i < from + count; i++) {
        int n = (int)rtp(packet, (uint16_t)i, SSRC);
        CHECK(srtp_protect(them, packet, &n) == srtp_err_status_ok && kl_srtp_unprotect(us, packet, (size_t)n) == WHOLE);
    }
    int n = (int)rtcp(packet, from);
    CHECK(srtp_protect_rtcp(them, packet, &n) == srtp_err_status_ok && kl_srtp_unprotect_rtcp(us, packet, (size_t)n) == 32);
}

static void update(srtp_t them, int suite, bool inbound)
{
    srtp_policy_t policy = policy_of(suite, inbound, other_key);

    CHECK(srtp_update(them, &policy) == srtp_err_status_ok);
}

static kl_srtp *followed(int suite, const uint8_t *its_key, kl_srtp *before)
{
    kl_srtp *us = kl_srtp_create(suite, its_key);

    kl_srtp_follow(us, before);
    kl_srtp_destroy(before);
    return us;
}

/* To one who goes on counting, as libsrtp's srtp_update does, we go on; so do we to one who begins anew, before there has
 * been a roll-over. */
static void ours_go_on(int suite)
{
    kl_srtp *us = kl_srtp_create(suite, key);
    srtp_t them = foreign(suite, true);

    give(us, them, 65000, 1000, SSRC);
    us = followed(suite, other_key, us);
    update(them, suite, true);
    give(us, them, 66000, 3000, SSRC);
    kl_srtp_destroy(us);
    srtp_dealloc(them);

    us = kl_srtp_create(suite, key);
    them = foreign(suite, true);
    give(us, them, 30000, 1000, SSRC);
    us = followed(suite, other_key, us);
    srtp_dealloc(them);
    them = foreign_under(suite, true, other_key);
    give(us, them, 31000, 1000, SSRC);
    kl_srtp_destroy(us);
    srtp_dealloc(them);
}

/* A source that has rolled over gives way to another, whose first packets everybody knows the index of. */
static void ours_from_another_source(int suite)
{
    for (int forgets = 0; forgets < 2; forgets++) {
        kl_srtp *us = kl_srtp_create(suite, key);
        srtp_t them = foreign(suite, true);
        give(us, them, 65000, 1000, SSRC);
        us = followed(suite, other_key, us);
        if (forgets) {
            srtp_dealloc(them);
            them = foreign_under(suite, true, other_key);
        } else {
            update(them, suite, true);
        }
        give(us, them, 30000, 1000, SSRC + 1);
        kl_srtp_destroy(us);
        srtp_dealloc(them);
    }
}

static void theirs_go_on_or_begin_anew(int suite)
{
    for (int forgets = 0; forgets < 2; forgets++) {
        kl_srtp *us = kl_srtp_create(suite, key);
        srtp_t them = foreign(suite, false);
        uint8_t packet[ROOM];
        get(us, them, 65000, 1000);
        us = followed(suite, key, us); /* twice, and nothing in between */
        us = followed(suite, other_key, us);
        if (forgets) {
            srtp_dealloc(them);
            them = foreign_under(suite, false, other_key);
        } else {
            update(them, suite, false);
        }
        /* What is authentic at neither changes nothing. */
        kl_srtp *wrong = kl_srtp_create(suite, key);
        size_t n = (size_t)kl_srtp_protect(wrong, packet, rtp(packet, 500, SSRC), ROOM);
        CHECK(kl_srtp_unprotect(us, packet, n) == -EBADMSG);
        get(us, them, 66000, 3000);
        CHECK(kl_srtp_unprotect(us, packet, n) < 0);
        kl_srtp_destroy(wrong);
        kl_srtp_destroy(us);
        srtp_dealloc(them);
    }
}

/* Two packets under one index of one key would tell both. */
static void no_index_twice(int suite)
{
    kl_srtp *us = kl_srtp_create(suite, key);
    uint8_t packet[ROOM];

    for (unsigned i = 65000; i < 66000; i++)
        CHECK(kl_srtp_protect(us, packet, rtp(packet, (uint16_t)i, SSRC), ROOM) > 0);
    CHECK(kl_srtp_protect(us, packet, rtp(packet, (uint16_t)65999, SSRC), ROOM) == -EALREADY);
    CHECK(kl_srtp_protect(us, packet, rtp(packet, (uint16_t)65900, SSRC), ROOM) == -EALREADY);
    CHECK(kl_srtp_protect(us, packet, rtp(packet, (uint16_t)65500, SSRC), ROOM) == -EALREADY);
    /* Nor when the key goes and comes again. */
    us = followed(suite, other_key, us);
    us = followed(suite, key, us);
    CHECK(kl_srtp_protect(us, packet, rtp(packet, (uint16_t)65999, SSRC), ROOM) == -EALREADY);
    CHECK(kl_srtp_protect(us, packet, rtp(packet, (uint16_t)66000, SSRC), ROOM) > 0);
    kl_srtp_destroy(us);
}

int main(void)
{
    CHECK(srtp_init() == srtp_err_status_ok);
    CHECK(!kl_srtp_create(3, key) && !kl_srtp_key_bytes(0));
    for (unsigned i = 0; i < sizeof suites / sizeof *suites; i++) {
        ours_to_theirs(suites[i]);
        theirs_to_ours(suites[i]);
        out_of_order(suites[i]);
        hostile(suites[i]);
        sources(suites[i]);
        ours_go_on(suites[i]);
        ours_from_another_source(suites[i]);
        theirs_go_on_or_begin_anew(suites[i]);
        no_index_twice(suites[i]);
    }
    CHECK(srtp_shutdown() == srtp_err_status_ok);
    return 0;
}
