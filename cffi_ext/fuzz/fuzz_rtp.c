/* RTP, telephone events and the jitter buffer under arbitrary packets. Input: records of a length byte,
 * a byte of what to pull in between, and the packet. */
#include <stdlib.h>

#include "dtmf.h"
#include "jitter.h"
#include "rtp.h"
#include "rtp_stream.h"

static unsigned digits;

static void pressed(void *user, char digit, int method)
{
    (void)user;
    if (!digit || method < 1 || method > 2)
        abort();
    digits++;
}

static void take(rtp_stream *stream, jitter_buffer *j, dtmf_detector *d, const uint8_t *bytes, size_t len, int64_t now_ns)
{
    rtp_packet packet;
    rtp_event event;
    int16_t pcm[JITTER_PACKET_MAX];

    if (!rtp_parse(bytes, len, &packet))
        return;
    if (packet.payload < bytes || packet.payload + packet.len > bytes + len)
        abort();
    rtp_stream_step step = rtp_stream_take(stream, packet.sequence, packet.ssrc);
    if (step == RTP_STREAM_FOREIGN)
        return;
    if (step == RTP_STREAM_BEGINS)
        jitter_restart(j);
    if (packet.marker && rtp_event_parse(packet.payload, packet.len, &event)) {
        dtmf_event(d, &packet, &event, now_ns);
        return;
    }
    if (step == RTP_STREAM_AGAIN || !packet.len)
        return;
    rtp_stream_arrival(stream, packet.timestamp, now_ns);
    for (size_t i = 0; i < packet.len && i < JITTER_PACKET_MAX; i++)
        pcm[i] = (int16_t)(packet.payload[i] << 7);
    jitter_put(j, packet.timestamp, pcm, (uint32_t)packet.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static jitter_buffer j;
    rtp_stream stream = {0};
    dtmf_detector d;
    plc_state_t *plc = plc_init(NULL);
    int16_t out[160];
    int64_t now_ns = 0;

    jitter_init(&j, plc, 20, 120);
    dtmf_init(&d, pressed, NULL);
    while (size > 2) {
        size_t len = data[0] < size - 2 ? data[0] : size - 2;
        take(&stream, &j, &d, data + 2, len, now_ns);
        for (int pulls = data[1] % 8; pulls; pulls--) {
            if (jitter_get(&j, out, 160))
                dtmf_audio(&d, out, 160, now_ns);
            now_ns += 20000000;
        }
        data += 2 + len;
        size -= 2 + len;
    }
    if (j.counters.delay_ms > 1000)
        abort();
    dtmf_release(&d);
    plc_free(plc);
    return 0;
}
