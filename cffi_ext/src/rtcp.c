#include "rtcp.h"

#include <string.h>

enum { SR = 200, RR = 201, SDES = 202, BYE = 203, FIRST = 192, LAST = 223, HEAD = 4, BLOCK = 24, SENDER = 20, CNAME = 1 };

static uint16_t get16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t get32(const uint8_t *p)
{
    return (uint32_t)get16(p) << 16 | get16(p + 2);
}

static uint8_t *put32(uint8_t *p, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        *p++ = (uint8_t)(v >> (24 - 8 * i));
    return p;
}

bool rtcp_is(const uint8_t *bytes, size_t len)
{
    return len >= 2 && bytes[0] >> 6 == 2 && bytes[1] >= FIRST && bytes[1] <= LAST;
}

/* Reading --------------------------------------------------------------------------------------- */

static void take_block(rtcp_report *out, const uint8_t *p)
{
    if (out->count == RTCP_BLOCKS)
        return;
    int32_t lost = (int32_t)(get32(p + 4) & 0xffffff);
    out->block[out->count++] = (rtcp_block){
        .ssrc = get32(p),
        .fraction = p[4],
        .lost = lost & 0x800000 ? lost - 0x1000000 : lost,
        .highest = get32(p + 8),
        .jitter = get32(p + 12),
        .lsr = get32(p + 16),
        .dlsr = get32(p + 20),
    };
}

/* One of a compound's packets, len bytes without its padding; false when it is shorter than what it says is in it. */
static bool take(rtcp_report *out, const uint8_t *p, size_t len)
{
    unsigned count = p[0] & 31, type = p[1];
    size_t head = HEAD + 4 + (type == SR ? SENDER : 0);

    if (type == BYE) {
        for (unsigned i = 0; i < count && HEAD + 4 * (i + 1) <= len; i++)
            out->bye = out->bye || get32(p + HEAD + 4 * i) == out->ssrc;
        return HEAD + 4 * count <= len;
    }
    if (type != SR && type != RR)
        return true; /* our own wishes end here, but later packets may hold more */
    if (head + BLOCK * count > len)
        return false;
    if (type == SR) {
        out->sender = true;
        out->ntp = (uint64_t)get32(p + 8) << 32 | get32(p + 12);
        out->timestamp = get32(p + 16);
        out->packets = get32(p + 20);
        out->bytes = get32(p + 24);
    }
    for (unsigned i = 0; i < count; i++)
        take_block(out, p + head + BLOCK * i);
    return true;
}

bool rtcp_parse(const uint8_t *bytes, size_t len, rtcp_report *out)
{
    *out = (rtcp_report){0};
    /* RFC 3550 appendix A.2: the first is a report, without padding. */
    if (len < HEAD + 4 || (bytes[1] != SR && bytes[1] != RR) || bytes[0] & 0x20)
        return false;
    out->ssrc = get32(bytes + HEAD);
    while (len) {
        if (len < HEAD || bytes[0] >> 6 != 2)
            return false;
        size_t size = HEAD + 4u * get16(bytes + 2), padding = 0;
        if (size > len)
            return false;
        if (bytes[0] & 0x20) {
            padding = bytes[size - 1];
            if (size != len || !padding || padding % 4 || padding > size - HEAD)
                return false;
        }
        if (!take(out, bytes, size - padding))
            return false;
        bytes += size;
        len -= size;
    }
    return true;
}

/* Writing --------------------------------------------------------------------------------------- */

static uint8_t *begin(uint8_t *p, unsigned count, unsigned type, size_t size)
{
    return put32(p, 2u << 30 | count << 24 | type << 16 | (uint32_t)(size / 4 - 1));
}

size_t rtcp_compose(uint8_t *out, const rtcp_report *r, const char *cname)
{
    size_t report = HEAD + 4 + (r->sender ? SENDER : 0) + BLOCK * r->count;
    size_t name = HEAD + 4 + (2 + RTCP_CNAME_BYTES + 1 + 3) / 4 * 4;
    uint8_t *p = begin(out, r->count, r->sender ? SR : RR, report);

    p = put32(p, r->ssrc);
    if (r->sender) {
        p = put32(p, (uint32_t)(r->ntp >> 32));
        p = put32(p, (uint32_t)r->ntp);
        p = put32(p, r->timestamp);
        p = put32(p, r->packets);
        p = put32(p, r->bytes);
    }
    for (unsigned i = 0; i < r->count; i++) {
        const rtcp_block *b = &r->block[i];
        p = put32(p, b->ssrc);
        p = put32(p, (uint32_t)b->fraction << 24 | ((uint32_t)b->lost & 0xffffff));
        p = put32(p, b->highest);
        p = put32(p, b->jitter);
        p = put32(p, b->lsr);
        p = put32(p, b->dlsr);
    }
    memset(p, 0, name); /* and the zeros that end the list of items */
    uint8_t *item = put32(begin(p, 1, SDES, name), r->ssrc);
    item[0] = CNAME;
    item[1] = RTCP_CNAME_BYTES;
    memcpy(item + 2, cname, RTCP_CNAME_BYTES);
    p += name;
    if (r->bye)
        p = put32(begin(p, 1, BYE, HEAD + 4), r->ssrc);
    return (size_t)(p - out);
}
