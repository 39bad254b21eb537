#include "rtp.h"

static uint16_t get16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t get32(const uint8_t *p)
{
    return (uint32_t)get16(p) << 16 | get16(p + 2);
}

static void put16(uint8_t *p, uint16_t v)
{
    p[0] = v >> 8;
    p[1] = v & 0xff;
}

bool rtp_parse(const uint8_t *bytes, size_t len, rtp_packet *out)
{
    if (len < RTP_HEADER_BYTES || bytes[0] >> 6 != 2)
        return false;
    size_t at = RTP_HEADER_BYTES + 4u * (bytes[0] & 15); /* contributing sources */
    if (bytes[0] & 0x10) {                               /* extension */
        if (len < at + 4)
            return false;
        at += 4 + 4u * get16(bytes + at + 2);
    }
    if (at > len)
        return false;
    size_t padding = bytes[0] & 0x20 ? bytes[len - 1] : 0;
    if (padding > len - at || (bytes[0] & 0x20 && !padding))
        return false;
    *out = (rtp_packet){
        .payload_type = bytes[1] & 0x7f,
        .marker = bytes[1] >> 7,
        .sequence = get16(bytes + 2),
        .timestamp = get32(bytes + 4),
        .ssrc = get32(bytes + 8),
        .payload = bytes + at,
        .len = len - at - padding,
    };
    return true;
}

bool rtp_event_parse(const uint8_t *payload, size_t len, rtp_event *out)
{
    if (len < 4 || payload[0] > 16)
        return false;
    *out = (rtp_event){.code = payload[0], .end = payload[1] >> 7, .duration = get16(payload + 2)};
    return true;
}

void rtp_header(uint8_t *bytes, const rtp_packet *packet)
{
    bytes[0] = 2 << 6;
    bytes[1] = (uint8_t)(packet->marker << 7 | packet->payload_type);
    put16(bytes + 2, packet->sequence);
    put16(bytes + 4, packet->timestamp >> 16);
    put16(bytes + 6, packet->timestamp & 0xffff);
    put16(bytes + 8, packet->ssrc >> 16);
    put16(bytes + 10, packet->ssrc & 0xffff);
}
