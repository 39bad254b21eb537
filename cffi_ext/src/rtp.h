/* RTP packets (RFC 3550) and telephone events (RFC 4733), as bytes: no I/O, no state. */
#ifndef KL_RTP_H
#define KL_RTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RTP_HEADER_BYTES = 12 };

typedef struct {
    uint8_t payload_type;
    bool marker;
    uint16_t sequence;
    uint32_t timestamp;
    uint32_t ssrc;
    const uint8_t *payload;
    size_t len;
} rtp_packet;

typedef struct {
    uint8_t code; /* 0..15: 0-9 * # A-D */
    bool end;
    uint16_t duration; /* timestamp units */
} rtp_event;

/* False for anything malformed; payload points into bytes. */
bool rtp_parse(const uint8_t *bytes, size_t len, rtp_packet *out);
/* False for what is no DTMF event. */
bool rtp_event_parse(const uint8_t *payload, size_t len, rtp_event *out);
/* Writes the fixed header. */
void rtp_header(uint8_t *bytes, const rtp_packet *packet);

#endif
