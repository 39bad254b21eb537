/* SHA1_* are deprecated in OpenSSL 3, but EVP_MAC allocates for every message, which the audio thread must not do. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "srtp.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

/* Why not libsrtp: docs/adr/0033. */

enum {
    KEY_BYTES = 16,
    CM_SALT_BYTES = 14,
    GCM_SALT_BYTES = 12,
    SHA1_KEY_BYTES = 20, /* RFC 3711 §5.2 */
    SHA1_TAG_BYTES = 10,
    GCM_TAG_BYTES = 16,
    HMAC_BLOCK = 64,
    RTP_FIXED_BYTES = 12,
    RTCP_CLEAR_BYTES = 8, /* header and source of the first packet stay legible */
    INDEX_BYTES = 4,      /* SRTCP's own, with the bit that says encrypted */
    WINDOW = 128,         /* RFC 3711 §3.3.2: at least 64 */
    SOURCES = 16,         /* a key may serve several, one after another; each keeps its window, or it could be replayed */
};
static const uint32_t ENCRYPTED = 0x80000000;
static const uint64_t NO_INDEX = UINT64_MAX;

/* RFC 3711 §4.3.1, §4.3.2: what a session key is for. */
enum { LABEL_RTP_CIPHER = 0, LABEL_RTP_TAG = 1, LABEL_RTP_SALT = 2, LABEL_RTCP = 3 };

/* Session keys of either RTP or RTCP. */
typedef struct {
    EVP_CIPHER_CTX *cipher;
    uint8_t salt[CM_SALT_BYTES];
    SHA_CTX inner, outer; /* the digest after the padded key: each message starts from a copy */
} session;

/* Newest index of a source, and which of those before it have come: bit n, newest - n. */
typedef struct {
    uint64_t newest; /* NO_INDEX: none */
    uint64_t seen[WINDOW / 64];
} window;

typedef struct {
    uint32_t ssrc;
    window rtp, rtcp;
} source;

/* How far a source had counted under the key before. */
typedef struct {
    uint32_t ssrc;
    uint64_t rtp, rtcp; /* NO_INDEX: not at all */
} counted;

struct kl_srtp {
    int suite;
    uint8_t key[KL_SRTP_KEY_MOST];
    session rtp, rtcp;
    unsigned sources, befores;
    source of[SOURCES];
    counted before[SOURCES];
};

static uint16_t get16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t get32(const uint8_t *p)
{
    return (uint32_t)get16(p) << 16 | get16(p + 2);
}

static void put32(uint8_t *p, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> (24 - 8 * i));
}

static bool is_gcm(const kl_srtp *s)
{
    return s->suite == KL_SRTP_AEAD_AES_128_GCM;
}

static size_t tag_bytes(const kl_srtp *s)
{
    return is_gcm(s) ? GCM_TAG_BYTES : SHA1_TAG_BYTES;
}

/* Life ------------------------------------------------------------------------------------------ */

/* RFC 3711 §4.3: key stream of AES in counter mode under the master key, from salt and label; no key derivation rate.
 * RFC 7714 §11: the shorter salt is followed by zeros. */
static bool derive(const uint8_t *master, int label, uint8_t *out, size_t len)
{
    uint8_t iv[KEY_BYTES] = {0};
    EVP_CIPHER_CTX *aes = EVP_CIPHER_CTX_new();
    int n;

    memcpy(iv, master + KEY_BYTES, CM_SALT_BYTES);
    iv[7] ^= (uint8_t)label;
    memset(out, 0, len);
    bool done = aes && EVP_EncryptInit_ex(aes, EVP_aes_128_ctr(), NULL, master, iv) == 1 &&
                EVP_EncryptUpdate(aes, out, &n, out, (int)len) == 1;
    EVP_CIPHER_CTX_free(aes);
    return done;
}

static void hmac_pad(SHA_CTX *ctx, const uint8_t *key, uint8_t pad)
{
    uint8_t block[HMAC_BLOCK];

    memset(block, pad, sizeof block);
    for (int i = 0; i < SHA1_KEY_BYTES; i++)
        block[i] ^= key[i];
    SHA1_Init(ctx);
    SHA1_Update(ctx, block, sizeof block);
    OPENSSL_cleanse(block, sizeof block);
}

static bool session_init(const kl_srtp *s, session *k, int first_label)
{
    static const uint8_t zeros[KEY_BYTES];
    uint8_t cipher[KEY_BYTES], tag[SHA1_KEY_BYTES];
    bool made = derive(s->key, first_label + LABEL_RTP_CIPHER, cipher, sizeof cipher) &&
                derive(s->key, first_label + LABEL_RTP_TAG, tag, sizeof tag) &&
                derive(s->key, first_label + LABEL_RTP_SALT, k->salt, is_gcm(s) ? GCM_SALT_BYTES : CM_SALT_BYTES);

    hmac_pad(&k->inner, tag, 0x36);
    hmac_pad(&k->outer, tag, 0x5c);
    k->cipher = made ? EVP_CIPHER_CTX_new() : NULL;
    made = k->cipher && EVP_CipherInit_ex(k->cipher, is_gcm(s) ? EVP_aes_128_gcm() : EVP_aes_128_ctr(), NULL, cipher,
                                          zeros, 1) == 1;
    OPENSSL_cleanse(cipher, sizeof cipher);
    OPENSSL_cleanse(tag, sizeof tag);
    return made;
}

int kl_srtp_key_bytes(int suite)
{
    switch (suite) {
    case KL_SRTP_AES_CM_128_HMAC_SHA1_80:
        return KEY_BYTES + CM_SALT_BYTES;
    case KL_SRTP_AEAD_AES_128_GCM:
        return KEY_BYTES + GCM_SALT_BYTES;
    default:
        return 0;
    }
}

kl_srtp *kl_srtp_create(int suite, const uint8_t *key)
{
    kl_srtp *s = kl_srtp_key_bytes(suite) ? calloc(1, sizeof *s) : NULL;

    if (!s)
        return NULL;
    s->suite = suite;
    memcpy(s->key, key, (size_t)kl_srtp_key_bytes(suite));
    if (session_init(s, &s->rtp, LABEL_RTP_CIPHER) && session_init(s, &s->rtcp, LABEL_RTCP))
        return s;
    kl_srtp_destroy(s);
    return NULL;
}

void kl_srtp_destroy(kl_srtp *s)
{
    if (!s)
        return;
    EVP_CIPHER_CTX_free(s->rtp.cipher);
    EVP_CIPHER_CTX_free(s->rtcp.cipher);
    OPENSSL_cleanse(s, sizeof *s);
    free(s);
}

bool srtp_same_key(const kl_srtp *a, const kl_srtp *b)
{
    return a->suite == b->suite && !CRYPTO_memcmp(a->key, b->key, sizeof a->key);
}

size_t srtp_trailer(const kl_srtp *s)
{
    return s ? tag_bytes(s) : 0;
}

size_t srtp_rtcp_trailer(const kl_srtp *s)
{
    return s ? tag_bytes(s) + INDEX_BYTES : 0;
}

/* Primitives ------------------------------------------------------------------------------------ */

/* RFC 3711 §4.1.1: salt, source and index (48 bits), and 16 bits that count the blocks. */
static bool cm_crypt(session *k, uint32_t ssrc, uint64_t index, uint8_t *text, size_t len)
{
    uint8_t iv[KEY_BYTES] = {0};
    int n;

    put32(iv + 4, ssrc);
    put32(iv + 8, (uint32_t)(index >> 16));
    iv[12] = (uint8_t)(index >> 8);
    iv[13] = (uint8_t)index;
    for (int i = 0; i < CM_SALT_BYTES; i++)
        iv[i] ^= k->salt[i];
    return EVP_CipherInit_ex(k->cipher, NULL, NULL, NULL, iv, 1) == 1 &&
           EVP_CipherUpdate(k->cipher, text, &n, text, (int)len) == 1;
}

/* RFC 3711 §4.2: over the packet and four bytes more. */
static void cm_tag(const session *k, const uint8_t *bytes, size_t len, uint32_t more, uint8_t *tag)
{
    SHA_CTX ctx = k->inner;
    uint8_t digest[SHA_DIGEST_LENGTH], last[4];

    put32(last, more);
    SHA1_Update(&ctx, bytes, len);
    SHA1_Update(&ctx, last, sizeof last);
    SHA1_Final(digest, &ctx);
    ctx = k->outer;
    SHA1_Update(&ctx, digest, sizeof digest);
    SHA1_Final(digest, &ctx);
    memcpy(tag, digest, SHA1_TAG_BYTES);
}

/* RFC 7714 §8.1, §9.1: source and index under the salt. */
static void gcm_iv(const session *k, uint32_t ssrc, uint64_t index, uint8_t iv[GCM_SALT_BYTES])
{
    iv[0] = iv[1] = 0;
    put32(iv + 2, ssrc);
    iv[6] = (uint8_t)(index >> 40);
    iv[7] = (uint8_t)(index >> 32);
    put32(iv + 8, (uint32_t)index);
    for (int i = 0; i < GCM_SALT_BYTES; i++)
        iv[i] ^= k->salt[i];
}

/* What is authenticated in clear: the packet's head and, of RTCP, its index behind. */
typedef struct {
    const uint8_t *bytes;
    size_t len;
    const uint8_t *more;
} clear;

static bool gcm_start(session *k, bool encrypt, const uint8_t *iv, const clear *c)
{
    int n;

    return EVP_CipherInit_ex(k->cipher, NULL, NULL, NULL, iv, encrypt) == 1 &&
           EVP_CipherUpdate(k->cipher, NULL, &n, c->bytes, (int)c->len) == 1 &&
           (!c->more || EVP_CipherUpdate(k->cipher, NULL, &n, c->more, INDEX_BYTES) == 1);
}

static bool gcm_seal(session *k, const uint8_t *iv, const clear *c, uint8_t *text, size_t len)
{
    uint8_t none[1];
    int n;

    return gcm_start(k, true, iv, c) && EVP_CipherUpdate(k->cipher, text, &n, text, (int)len) == 1 &&
           EVP_CipherFinal_ex(k->cipher, none, &n) == 1 &&
           EVP_CIPHER_CTX_ctrl(k->cipher, EVP_CTRL_AEAD_GET_TAG, GCM_TAG_BYTES, text + len) == 1;
}

static bool gcm_open(session *k, const uint8_t *iv, const clear *c, uint8_t *text, size_t len)
{
    uint8_t none[1];
    int n;

    if (gcm_start(k, false, iv, c) && EVP_CipherUpdate(k->cipher, text, &n, text, (int)len) == 1 &&
        EVP_CIPHER_CTX_ctrl(k->cipher, EVP_CTRL_AEAD_SET_TAG, GCM_TAG_BYTES, text + len) == 1 &&
        EVP_CipherFinal_ex(k->cipher, none, &n) == 1)
        return true;
    /* The same key stream once more: as it came, for another index or key to be tried. */
    if (gcm_start(k, false, iv, c))
        EVP_CipherUpdate(k->cipher, text, &n, text, (int)len);
    return false;
}

/* Indices --------------------------------------------------------------------------------------- */

static bool replayed(const window *w, uint64_t index)
{
    if (w->newest == NO_INDEX || index > w->newest)
        return false;
    uint64_t back = w->newest - index;
    return back >= WINDOW || w->seen[back / 64] >> back % 64 & 1;
}

static void note(window *w, uint64_t index)
{
    if (w->newest == NO_INDEX || index > w->newest) {
        uint64_t ahead = w->newest == NO_INDEX ? WINDOW : index - w->newest;
        if (ahead < 64) {
            w->seen[1] = w->seen[1] << ahead | w->seen[0] >> (64 - ahead);
            w->seen[0] <<= ahead;
        } else {
            w->seen[1] = ahead < WINDOW ? w->seen[0] << (ahead - 64) : 0;
            w->seen[0] = 0;
        }
        w->newest = index;
    }
    uint64_t back = w->newest - index;
    w->seen[back / 64] |= (uint64_t)1 << back % 64;
}

/* RFC 3711 §3.3.1 and appendix A: the index, with its roll-over counter, that is nearest to the newest. */
static uint64_t index_of(uint64_t newest, uint16_t sequence)
{
    if (newest == NO_INDEX)
        return sequence;
    uint64_t index = (newest & ~(uint64_t)0xffff) | sequence;
    if (index + 0x8000 < newest)
        return index + 0x10000;
    if (index > newest + 0x8000 && index >= 0x10000)
        return index - 0x10000;
    return index;
}

static source *source_of(kl_srtp *s, uint32_t ssrc)
{
    for (unsigned i = 0; i < s->sources; i++)
        if (s->of[i].ssrc == ssrc)
            return &s->of[i];
    if (s->sources == SOURCES)
        return NULL;
    /* Kept only when something from it is found to be authentic: see keep. */
    source *fresh = &s->of[s->sources];
    *fresh = (source){ssrc, {.newest = NO_INDEX}, {.newest = NO_INDEX}};
    return fresh;
}

static void keep(kl_srtp *s, const source *of)
{
    s->sources += of == &s->of[s->sources];
}

/* RFC 3711 §3.3.1, §3.4: a new key sets no counter back. */
static counted counted_before(const kl_srtp *s, uint32_t ssrc)
{
    for (unsigned i = 0; i < s->befores; i++)
        if (s->before[i].ssrc == ssrc)
            return s->before[i];
    return (counted){ssrc, NO_INDEX, NO_INDEX};
}

static uint64_t newest_rtp(const kl_srtp *s, const source *of)
{
    return of->rtp.newest != NO_INDEX ? of->rtp.newest : counted_before(s, of->ssrc).rtp;
}

static uint64_t newest_rtcp(const kl_srtp *s, const source *of)
{
    return of->rtcp.newest != NO_INDEX ? of->rtcp.newest : counted_before(s, of->ssrc).rtcp;
}

bool srtp_rolled_over(const kl_srtp *s, uint32_t ssrc)
{
    uint64_t newest = counted_before(s, ssrc).rtp;

    for (unsigned i = 0; i < s->sources; i++)
        if (s->of[i].ssrc == ssrc && s->of[i].rtp.newest != NO_INDEX)
            newest = s->of[i].rtp.newest;
    return newest != NO_INDEX && newest >> 16;
}

void kl_srtp_follow(kl_srtp *s, const kl_srtp *before)
{
    unsigned n = 0;

    for (; n < before->sources; n++)
        s->before[n] = (counted){before->of[n].ssrc, newest_rtp(before, &before->of[n]), newest_rtcp(before, &before->of[n])};
    s->befores = n;
    /* And who has said nothing since the last change. */
    for (unsigned i = 0; i < before->befores && s->befores < SOURCES; i++)
        if (counted_before(s, before->before[i].ssrc).rtp == NO_INDEX)
            s->before[s->befores++] = before->before[i];
}

/* RTP ------------------------------------------------------------------------------------------- */

/* Bytes before the payload, or 0 for what is no RTP packet. */
static size_t rtp_head(const uint8_t *packet, size_t len)
{
    if (len < RTP_FIXED_BYTES || packet[0] >> 6 != 2)
        return 0;
    size_t head = RTP_FIXED_BYTES + 4u * (packet[0] & 15);
    if (packet[0] & 0x10) {
        if (len < head + 4)
            return 0;
        head += 4 + 4u * get16(packet + head + 2);
    }
    return head <= len ? head : 0;
}

int kl_srtp_protect(kl_srtp *s, uint8_t *packet, size_t len, size_t capacity)
{
    size_t head = rtp_head(packet, len), tag = tag_bytes(s);
    source *of = head ? source_of(s, get32(packet + 8)) : NULL;
    uint8_t iv[GCM_SALT_BYTES];

    if (!of || len + tag > capacity)
        return -EMSGSIZE;
    uint64_t index = index_of(newest_rtp(s, of), get16(packet + 2));
    uint64_t before = counted_before(s, of->ssrc).rtp;
    if (replayed(&of->rtp, index) || (before != NO_INDEX && index <= before))
        return -EALREADY;
    keep(s, of);
    note(&of->rtp, index);
    if (is_gcm(s)) {
        gcm_iv(&s->rtp, of->ssrc, index, iv);
        if (!gcm_seal(&s->rtp, iv, &(clear){packet, head, NULL}, packet + head, len - head))
            return -EIO;
    } else {
        if (!cm_crypt(&s->rtp, of->ssrc, index, packet + head, len - head))
            return -EIO;
        cm_tag(&s->rtp, packet, len, (uint32_t)(index >> 16), packet + len);
    }
    return (int)(len + tag);
}

static bool open_rtp(kl_srtp *s, uint32_t ssrc, uint64_t index, uint8_t *packet, size_t head, size_t whole)
{
    uint8_t iv[GCM_SALT_BYTES], expected[SHA1_TAG_BYTES];

    if (is_gcm(s)) {
        gcm_iv(&s->rtp, ssrc, index, iv);
        return gcm_open(&s->rtp, iv, &(clear){packet, head, NULL}, packet + head, whole - head);
    }
    cm_tag(&s->rtp, packet, whole, (uint32_t)(index >> 16), expected);
    return !CRYPTO_memcmp(expected, packet + whole, sizeof expected) &&
           cm_crypt(&s->rtp, ssrc, index, packet + head, whole - head);
}

int kl_srtp_unprotect(kl_srtp *s, uint8_t *packet, size_t len)
{
    size_t tag = tag_bytes(s), whole = len < tag ? 0 : len - tag, head = rtp_head(packet, whole);

    if (!head)
        return -EMSGSIZE;
    source *of = source_of(s, get32(packet + 8));
    if (!of)
        return -EUSERS;
    uint16_t sequence = get16(packet + 2);
    uint64_t index = index_of(newest_rtp(s, of), sequence);
    if (replayed(&of->rtp, index))
        return -EALREADY;
    if (!open_rtp(s, of->ssrc, index, packet, head, whole)) {
        /* Not all obey: some begin at 0 again with each key. What the first authentic packet says, holds. */
        if (of->rtp.newest != NO_INDEX || index == sequence || !open_rtp(s, of->ssrc, sequence, packet, head, whole))
            return -EBADMSG;
        index = sequence;
    }
    keep(s, of);
    note(&of->rtp, index);
    return (int)whole;
}

/* RTCP ------------------------------------------------------------------------------------------ */

int kl_srtp_protect_rtcp(kl_srtp *s, uint8_t *packet, size_t len, size_t capacity)
{
    source *of = len < RTCP_CLEAR_BYTES ? NULL : source_of(s, get32(packet + 4));
    size_t text = len - RTCP_CLEAR_BYTES;
    uint8_t iv[GCM_SALT_BYTES], word[INDEX_BYTES];

    if (!of || len + tag_bytes(s) + INDEX_BYTES > capacity)
        return -EMSGSIZE;
    uint64_t newest = newest_rtcp(s, of), index = newest == NO_INDEX ? 0 : newest + 1;
    keep(s, of);
    note(&of->rtcp, index);
    put32(word, ENCRYPTED | (uint32_t)index);
    if (is_gcm(s)) {
        /* RFC 7714 §9.4: head, text, tag, index. */
        gcm_iv(&s->rtcp, of->ssrc, index, iv);
        if (!gcm_seal(&s->rtcp, iv, &(clear){packet, RTCP_CLEAR_BYTES, word}, packet + RTCP_CLEAR_BYTES, text))
            return -EIO;
        memcpy(packet + len + GCM_TAG_BYTES, word, sizeof word);
    } else {
        /* RFC 3711 §3.4: head, text, index, tag. */
        if (!cm_crypt(&s->rtcp, of->ssrc, index, packet + RTCP_CLEAR_BYTES, text))
            return -EIO;
        memcpy(packet + len, word, sizeof word);
        cm_tag(&s->rtcp, packet, len, ENCRYPTED | (uint32_t)index, packet + len + INDEX_BYTES);
    }
    return (int)(len + tag_bytes(s) + INDEX_BYTES);
}

int kl_srtp_unprotect_rtcp(kl_srtp *s, uint8_t *packet, size_t len)
{
    size_t trailer = tag_bytes(s) + INDEX_BYTES;
    uint8_t iv[GCM_SALT_BYTES], expected[SHA1_TAG_BYTES];

    if (len < RTCP_CLEAR_BYTES + trailer || packet[0] >> 6 != 2)
        return -EMSGSIZE;
    size_t whole = len - trailer, text = whole - RTCP_CLEAR_BYTES;
    const uint8_t *word = packet + (is_gcm(s) ? len - INDEX_BYTES : whole);
    source *of = source_of(s, get32(packet + 4));
    if (!of)
        return -EUSERS;
    /* We never agree to leave RTCP in clear, so one that says so is not from whom we agreed with. */
    if (!(get32(word) & ENCRYPTED))
        return -EBADMSG;
    uint64_t index = get32(word) & ~ENCRYPTED;
    if (replayed(&of->rtcp, index))
        return -EALREADY;
    if (is_gcm(s)) {
        gcm_iv(&s->rtcp, of->ssrc, index, iv);
        if (!gcm_open(&s->rtcp, iv, &(clear){packet, RTCP_CLEAR_BYTES, word}, packet + RTCP_CLEAR_BYTES, text))
            return -EBADMSG;
    } else {
        cm_tag(&s->rtcp, packet, whole, get32(word), expected);
        if (CRYPTO_memcmp(expected, packet + whole + INDEX_BYTES, sizeof expected) ||
            !cm_crypt(&s->rtcp, of->ssrc, index, packet + RTCP_CLEAR_BYTES, text))
            return -EBADMSG;
    }
    keep(s, of);
    note(&of->rtcp, index);
    return (int)whole;
}
