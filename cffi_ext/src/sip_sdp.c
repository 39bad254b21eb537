/* Our session description, and what we need from theirs. */
#include "sip_internal.h"

#include <arpa/inet.h>
#include <openssl/crypto.h>
#include <sofia-sip/sdp.h>
#include <stdio.h>
#include <string.h>

enum { NOT_AGREED = 255, COMFORT_NOISE = 13, OUR_DTMF = 101, CLOCK_RATE = 8000 };

/* RFC 4733 §3.2: the keys, and the hook flash, which is a sign of a third party. */
#define OUR_EVENTS "0-16"

/* RFC 3551 §4.5.2: G.722 says 8000, too, though it carries 16 kHz. */
static const struct {
    uint8_t type;
    const char *name;
} known[] = {{0, "PCMU"}, {8, "PCMA"}, {9, "G722"}};

static const char *codec_name(uint8_t codec)
{
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].type == codec)
            return known[i].name;
    return NULL;
}

const char SIP_NOT_IPV4[] = "media is spoken over IPv4 only here";

static bool is_ipv4(const char *ip)
{
    struct in_addr address;

    return inet_pton(AF_INET, ip, &address) == 1;
}

bool sip_sdp_valid(const kl_sip_media *media)
{
    if (!media->port || !media->codec_count || media->codec_count > sizeof media->codecs)
        return false;
    if (!memchr(media->ip, 0, sizeof media->ip) || !is_ipv4(media->ip))
        return false;
    for (int i = 0; i < media->codec_count; i++)
        if (!codec_name(media->codecs[i]))
            return false;
    if (media->protection > KL_SIP_PROTECTED || media->suite_count > SIP_SUITES ||
        (media->protection != KL_SIP_IN_CLEAR && !media->suite_count))
        return false;
    for (int i = 0; i < media->suite_count; i++)
        if (!sip_crypto_suite_known(media->suites[i]))
            return false;
    return true;
}

/* The origin line is left to soa, which counts its version up with every change (RFC 3264 §8). */
int sip_sdp_write(const kl_sip_media *media, const sip_our_terms *terms, char *out, size_t size)
{
    char formats[48] = "", maps[240] = "", keys[SIP_SUITES * 96] = "";
    size_t f = 0, m = 0, k = 0;

    for (int i = 0; i < media->codec_count; i++) {
        uint8_t codec = media->codecs[i];
        f += (size_t)snprintf(formats + f, sizeof formats - f, " %u", codec);
        m += (size_t)snprintf(maps + m, sizeof maps - m, "a=rtpmap:%u %s/8000\r\n", codec, codec_name(codec));
    }
    if (media->comfort_noise) {
        f += (size_t)snprintf(formats + f, sizeof formats - f, " %u", COMFORT_NOISE);
        m += (size_t)snprintf(maps + m, sizeof maps - m, "a=rtpmap:%u CN/8000\r\n", COMFORT_NOISE);
    }
    if (media->dtmf) {
        snprintf(formats + f, sizeof formats - f, " %u", OUR_DTMF);
        snprintf(maps + m, sizeof maps - m, "a=rtpmap:%u telephone-event/8000\r\na=fmtp:%u " OUR_EVENTS "\r\n", OUR_DTMF,
                 OUR_DTMF);
    }
    for (int i = 0; i < terms->count; i++)
        k += (size_t)sip_crypto_write(&terms->line[i], keys + k, sizeof keys - k);
    int n = snprintf(out, size,
                     "v=0\r\no=kinline 0 0 IN IP4 %s\r\ns=-\r\nc=IN IP4 %s\r\nt=0 0\r\n"
                     "m=audio %u RTP/%s%s\r\n%s%s%sa=ptime:20\r\na=%s\r\n",
                     media->ip, media->ip, media->port, terms->secure ? "SAVP" : "AVP", formats, maps, keys,
                     terms->mux ? "a=rtcp-mux\r\n" : "", media->hold ? "sendonly" : "sendrecv");
    OPENSSL_cleanse(keys, sizeof keys);
    return n;
}

/* ---- soundness ---- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* RFC 8866 §9: token-char. */
static bool is_token(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && strchr("!#$%&'*+-.^_`{|}~", c));
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Moves past what belongs; true when there was some. */
static bool skip(const char **at, const char *end, bool (*belongs)(char))
{
    const char *start = *at;

    while (*at < end && belongs(**at))
        ++*at;
    return *at > start;
}

/* The same for one or more stretches of what belongs, with single slashes between them. */
static bool skip_parts(const char **at, const char *end, bool (*belongs)(char))
{
    bool sound = skip(at, end, belongs);

    while (sound && *at < end && **at == '/') {
        ++*at;
        sound = skip(at, end, belongs);
    }
    return sound;
}

/* What follows "m=": media, port, protocol, and formats, all tokens. */
static bool media_line_sound(const char *at, const char *end)
{
    skip(&at, end, is_blank);
    if (!skip(&at, end, is_token) || !skip(&at, end, is_blank) || !skip_parts(&at, end, is_digit) ||
        !skip(&at, end, is_blank) || !skip_parts(&at, end, is_token))
        return false;
    bool format = false;
    while (at < end) {
        if (!skip(&at, end, is_blank) || (at < end && !skip(&at, end, is_token)))
            return false;
        format = format || is_token(at[-1]);
    }
    return format;
}

bool sip_sdp_sound(const char *body, size_t size)
{
    const char *end = body + size;

    while (body < end) {
        const char *line = body;
        while (body < end && *body != '\r' && *body != '\n')
            body++;
        skip(&line, body, is_blank);
        if (body - line >= 2 && line[0] == 'm' && line[1] == '=' && !media_line_sound(line + 2, body))
            return false;
        if (body < end)
            body++;
    }
    return true;
}

/* ---- reading ---- */

static bool rtpmap_is(sdp_rtpmap_t const *map, const char *encoding)
{
    return map->rm_encoding && su_casematch(map->rm_encoding, encoding) && map->rm_rate == CLOCK_RATE;
}

/* Notes a coding that we know, or one of the two that go beside it. */
static void take_map(sip_theirs *t, sdp_rtpmap_t const *map)
{
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (rtpmap_is(map, known[i].name) && t->count < sizeof t->codecs) {
            t->codecs[t->count] = known[i].type;
            t->payloads[t->count++] = (uint8_t)map->rm_pt;
        }
    }
    if (t->media.dtmf_payload == NOT_AGREED && rtpmap_is(map, "telephone-event"))
        t->media.dtmf_payload = (uint8_t)map->rm_pt;
    if (t->media.comfort_payload == NOT_AGREED && rtpmap_is(map, "CN"))
        t->media.comfort_payload = (uint8_t)map->rm_pt;
}

static void take_crypto(sip_theirs *t, const char *value)
{
    sip_crypto_line line;
    const char *why = sip_crypto_read(value, &line);

    t->crypto_told += t->crypto_told < UINT8_MAX;
    if (!why && t->crypto_count < SIP_CRYPTO_LINES)
        t->crypto[t->crypto_count++] = line;
    else if (why && !t->why)
        t->why = why;
}

static void take_attribute(sip_theirs *t, const char *name, const char *value)
{
    unsigned number;

    if (su_casematch(name, "rtcp-mux"))
        t->media.rtcp_mux = 1;
    if (!value)
        return;
    if (su_casematch(name, "ptime") && sscanf(value, "%u", &number) == 1 && number <= 200)
        t->media.ptime_ms = (uint8_t)number;
    else if (su_casematch(name, "rtcp") && sscanf(value, "%u", &number) == 1 && number && number <= 65535)
        t->media.rtcp_port = (uint16_t)number;
    else if (su_casematch(name, "crypto"))
        take_crypto(t, value);
}

static bool media_read(sdp_session_t const *session, sdp_media_t const *audio, sip_theirs *t)
{
    sdp_connection_t const *connection = audio->m_connections ? audio->m_connections : session->sdp_connection;

    memset(t, 0, sizeof *t);
    if (!connection || !connection->c_address || !is_ipv4(connection->c_address)) {
        t->why = SIP_NOT_IPV4;
        return false;
    }
    t->media.dtmf_payload = t->media.comfort_payload = NOT_AGREED;
    for (sdp_rtpmap_t const *map = audio->m_rtpmaps; map; map = map->rm_next)
        take_map(t, map);
    t->media.port = (uint16_t)audio->m_port;
    t->media.direction = (uint8_t)audio->m_mode;
    t->secure = audio->m_proto == sdp_proto_srtp;
    t->media.rtcp_port = (uint16_t)(audio->m_port + 1);
    for (sdp_attribute_t const *a = audio->m_attributes; a; a = a->a_next)
        take_attribute(t, a->a_name, a->a_value);
    /* A null address is how RFC 2543 said hold. */
    if (strcmp(connection->c_address, "0.0.0.0") == 0)
        t->media.direction = KL_SIP_INACTIVE;
    snprintf(t->ip, sizeof t->ip, "%s", connection->c_address);
    return t->count;
}

static bool is_audio(sdp_media_t const *m)
{
    return m->m_type == sdp_media_audio && (m->m_proto == sdp_proto_rtp || m->m_proto == sdp_proto_srtp) && m->m_port &&
           m->m_port <= 65535;
}

static bool sdp_read(const char *body, size_t size, const kl_sip_media *ours, sip_theirs *t)
{
    su_home_t home[1] = {SU_HOME_INIT(home)};
    sdp_parser_t *parser;
    sdp_session_t *session;
    bool found = false;

    memset(t, 0, sizeof *t);
    if (!sip_sdp_sound(body, size))
        return false;
    su_home_init(home);
    parser = sdp_parse(home, body, (issize_t)size, sdp_f_insane | sdp_f_anynet);
    session = sdp_session(parser);
    /* The stack answers the first audio with a common coding: one that is elsewhere than on IPv4 is not passed over. */
    for (sdp_media_t const *m = session ? session->sdp_media : NULL; m && !found && t->why != SIP_NOT_IPV4; m = m->m_next)
        found = is_audio(m) && media_read(session, m, t) && sip_sdp_choose(t, ours);
    sdp_parser_free(parser);
    su_home_deinit(home);
    return found;
}

static bool choose_codec(sip_theirs *t, const kl_sip_media *ours)
{
    for (int i = 0; i < t->count; i++) {
        if (ours && !memchr(ours->codecs, t->codecs[i], ours->codec_count))
            continue;
        t->media.codec = t->codecs[i];
        t->media.payload = t->payloads[i];
        return true;
    }
    return false;
}

static bool choose_protection(sip_theirs *t, const kl_sip_media *ours)
{
    t->chosen = (sip_crypto_line){0};
    if (ours && ours->protection == KL_SIP_IN_CLEAR) {
        if (t->secure)
            t->why = "it wants RTP/SAVP, and protection is switched off here";
        return !t->secure;
    }
    if (ours && ours->protection == KL_SIP_PROTECTED && !t->secure) {
        t->why = "it wants RTP/AVP, and RTP/SAVP is required here";
        return false;
    }
    for (int i = 0; i < t->crypto_count && !t->chosen.suite; i++)
        if (!ours || memchr(ours->suites, t->crypto[i].suite, ours->suite_count))
            t->chosen = t->crypto[i];
    if (t->secure && !t->chosen.suite && !t->why)
        t->why = t->crypto_told ? "none of its suites is spoken here" : "RTP/SAVP without a=crypto";
    return t->chosen.suite || !t->secure;
}

bool sip_sdp_choose(sip_theirs *t, const kl_sip_media *ours)
{
    return choose_codec(t, ours) && choose_protection(t, ours);
}

bool sip_sdp_in(sip_t const *message)
{
    return message && message->sip_payload && message->sip_payload->pl_data && message->sip_payload->pl_len &&
           !(message->sip_content_type && !su_casematch(message->sip_content_type->c_type, "application/sdp"));
}

bool sip_sdp_from_message(sip_t const *message, const kl_sip_media *ours, sip_theirs *t)
{
    return sip_sdp_in(message) && sdp_read(message->sip_payload->pl_data, message->sip_payload->pl_len, ours, t);
}

int kl_sip_sdp_read(const char *body, uint32_t size, kl_sip_media_field *media, char *ip, uint32_t ip_size)
{
    sip_theirs t;

    if (!sdp_read(body, size, NULL, &t))
        return -1;
    *media = t.media;
    snprintf(ip, ip_size, "%s", t.ip);
    return 0;
}
