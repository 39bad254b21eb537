/* The keys in a session description: a=crypto of RFC 4568. Pure text, no state. */
#include "sip_internal.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    TAG_DIGITS = 9,
    /* Packets. RFC 4568 §6.1 lets the other end say when its key wears out, and we do not change keys by ourselves:
     * 2^20 packets of 20 ms are 5.8 hours, longer than any call. */
    LIFETIME_LEAST_LOG2 = 20,
    LIFETIME_MOST_LOG2 = 48, /* RFC 3711 §9.2 */
};

static const char ALPHABET[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static const struct {
    uint8_t suite;
    const char *name;
} known[] = {
    {KL_SRTP_AES_CM_128_HMAC_SHA1_80, "AES_CM_128_HMAC_SHA1_80"},
    {KL_SRTP_AEAD_AES_128_GCM, "AEAD_AES_128_GCM"},
};

static const char *suite_name(uint8_t suite)
{
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].suite == suite)
            return known[i].name;
    return NULL;
}

bool sip_crypto_suite_known(uint8_t suite)
{
    return suite_name(suite);
}

/* Base64 ---------------------------------------------------------------------------------------- */

static void encode(const uint8_t *bytes, size_t n, char *out)
{
    for (size_t i = 0; i < n; i += 3) {
        unsigned left = n - i > 3 ? 3 : (unsigned)(n - i);
        uint32_t v = (uint32_t)bytes[i] << 16 | (left > 1 ? bytes[i + 1] << 8 : 0) | (left > 2 ? bytes[i + 2] : 0);
        *out++ = ALPHABET[v >> 18];
        *out++ = ALPHABET[v >> 12 & 63];
        *out++ = left > 1 ? ALPHABET[v >> 6 & 63] : '=';
        *out++ = left > 2 ? ALPHABET[v & 63] : '=';
    }
    *out = 0;
}

/* Exactly n bytes out of exactly so many characters as they make (RFC 4648 §3.5: what is left over of the last is 0). */
static bool decode(const char *text, size_t len, uint8_t *out, size_t n)
{
    char again[4 * ((KL_SRTP_KEY_MOST + 2) / 3) + 1];
    uint32_t v = 0;
    size_t at = 0;

    if (len != (n + 2) / 3 * 4)
        return false;
    for (size_t i = 0; i < len; i++) {
        const char *digit = text[i] == '=' ? ALPHABET : text[i] ? strchr(ALPHABET, text[i]) : NULL;
        if (!digit)
            return false;
        v = v << 6 | (uint32_t)(digit - ALPHABET);
        for (int k = 0; i % 4 == 3 && k < 3 && at < n; k++)
            out[at++] = (uint8_t)(v >> (16 - 8 * k));
    }
    encode(out, n, again);
    bool exact = !memcmp(again, text, len);
    OPENSSL_cleanse(again, sizeof again);
    return exact;
}

/* Reading --------------------------------------------------------------------------------------- */

static bool digits(const char *text, size_t len)
{
    return len && strspn(text, "0123456789") >= len;
}

/* NULL, or why not. What stands behind the key: |lifetime, |MKI:length, or both. */
static const char *extras(const char *at, const char *end)
{
    if (at == end)
        return NULL;
    const char *text = at + 1, *bar = memchr(text, '|', (size_t)(end - text));
    const char *stop = bar ? bar : end;

    if (memchr(text, ':', (size_t)(stop - text)) || bar)
        return "its key has an identifier (MKI), which is not used here";
    bool power = stop - text > 2 && text[0] == '2' && text[1] == '^';
    const char *number = power ? text + 2 : text;
    if (!digits(number, (size_t)(stop - number)) || *number == '0' || stop - number > 15)
        return "the lifetime of its key is malformed";
    unsigned long long value = strtoull(number, NULL, 10);
    if (power ? value > LIFETIME_MOST_LOG2 : value > 1ull << LIFETIME_MOST_LOG2)
        return "the lifetime of its key is malformed";
    if (power ? value < LIFETIME_LEAST_LOG2 : value < 1ull << LIFETIME_LEAST_LOG2)
        return "its key would wear out within a call";
    return NULL;
}

static const char *read_key(const char *at, const char *end, sip_crypto_line *line)
{
    static const char method[] = "inline:";
    size_t n = (size_t)kl_srtp_key_bytes(line->suite);

    if ((size_t)(end - at) < sizeof method - 1 || memcmp(at, method, sizeof method - 1))
        return "its key is malformed (inline: and base64 are meant)";
    at += sizeof method - 1;
    if (memchr(at, ';', (size_t)(end - at)))
        return "it has several keys in one line, which is not used here";
    const char *bar = memchr(at, '|', (size_t)(end - at));
    if (!decode(at, (size_t)((bar ? bar : end) - at), line->key, n))
        return "its key is malformed (inline: and base64 are meant)";
    return extras(bar ? bar : end, end);
}

/* Of session parameters only a hint about the replay window, and what its maker lets us pass over, can be granted. */
static bool parameter_fits(const char *at, const char *end)
{
    size_t len = (size_t)(end - at);

    return (len > 4 && !memcmp(at, "WSH=", 4) && digits(at + 4, len - 4)) || (len > 1 && *at == '-');
}

/* The next word of a line whose words stand one space apart; empty at its end. */
static const char *word(const char **at)
{
    const char *start = *at, *end = start + strcspn(start, " ");

    *at = *end ? end + 1 : end;
    return end;
}

const char *sip_crypto_read(const char *value, sip_crypto_line *line)
{
    const char *at = value, *start = at, *end = word(&at);

    *line = (sip_crypto_line){0};
    if (!digits(start, (size_t)(end - start)) || end - start > TAG_DIGITS || (*start == '0' && end - start > 1))
        return "its tag is malformed";
    line->tag = (uint32_t)strtoul(start, NULL, 10);
    start = at;
    end = word(&at);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strlen(known[i].name) == (size_t)(end - start) && !memcmp(start, known[i].name, (size_t)(end - start)))
            line->suite = known[i].suite;
    if (!line->suite)
        return "its suite is not spoken here";
    start = at;
    end = word(&at);
    const char *why = read_key(start, end, line);
    for (bool more = *end; !why && more;) {
        start = at;
        end = word(&at);
        if (!parameter_fits(start, end))
            why = "it asks for less or other protection than its suite's";
        more = *end;
    }
    return why;
}

int kl_sip_crypto_read(const char *value, uint32_t *tag, uint8_t *suite, uint8_t *key, char *why, uint32_t why_size)
{
    sip_crypto_line line;
    const char *fault = sip_crypto_read(value, &line);

    snprintf(why, why_size, "%s", fault ? fault : "");
    *tag = line.tag;
    *suite = line.suite;
    memcpy(key, line.key, sizeof line.key);
    OPENSSL_cleanse(&line, sizeof line);
    return fault ? -1 : 0;
}

/* Writing --------------------------------------------------------------------------------------- */

int sip_crypto_write(const sip_crypto_line *line, char *out, size_t size)
{
    char key[4 * ((KL_SRTP_KEY_MOST + 2) / 3) + 1];

    encode(line->key, (size_t)kl_srtp_key_bytes(line->suite), key);
    int n = snprintf(out, size, "a=crypto:%u %s inline:%s\r\n", line->tag, suite_name(line->suite), key);
    OPENSSL_cleanse(key, sizeof key);
    return n;
}
