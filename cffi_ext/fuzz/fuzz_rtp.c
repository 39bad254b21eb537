/* RTP, telephone events and the jitter buffer under arbitrary packets. Input: records of a length byte,
 * a byte of what to pull in between, and the packet. */
#include <stdlib.h>

#include "codec.h"
#include "dtmf.h"
#include "jitter.h"
#include "kinline_engine.h"
#include "rtp.h"
#include "rtp_stream.h"

static const int codecs[] = {KL_CODEC_PCMU, KL_CODEC_PCMA, KL_CODEC_G722};
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

    if (!rtp_parse(bytes, len, &packet))
        return;
    if (packet.payload < bytes || packet.payload + packet.len > bytes + len)
        abort();
    rtp_stream_step step = rtp_stream_take(stream, packet.sequence, packet.ssrc);
    if (step == RTP_STREAM_FOREIGN || step == RTP_STREAM_STRAY || step == RTP_STREAM_AGAIN)
        return;
    if (step == RTP_STREAM_BEGINS)
        jitter_restart(j);
    if (packet.marker && rtp_event_parse(packet.payload, packet.len, &event)) {
        dtmf_event(d, &packet, &event, now_ns);
        return;
    }
    if (!packet.len)
        return;
    rtp_stream_arrival(stream, packet.timestamp, now_ns);
    if (packet.payload_type == 13)
        jitter_put_quiet(j, packet.timestamp, packet.payload, packet.len);
    else
        jitter_put(j, codecs[packet.payload_type % 3], packet.timestamp, now_ns, packet.payload, (uint32_t)packet.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static jitter_buffer j;
    rtp_stream stream = {0};
    dtmf_detector d;
    coder coder;
    int16_t out[320];
    int64_t now_ns = 0;

    codec_init();
    coder_init(&coder);
    jitter_init(&j, &coder, 20, 120);
    jitter_set_rate(&j, size % 2 ? 8000 : 16000);
    dtmf_init(&d, pressed, NULL);
    while (size > 2) {
        size_t len = data[0] < size - 2 ? data[0] : size - 2;
        take(&stream, &j, &d, data + 2, len, now_ns);
        for (int pulls = data[1] % 8; pulls; pulls--) {
            if (jitter_get(&j, now_ns, out, 20 * j.per_ms))
                dtmf_audio(&d, out, 20 * (int)j.per_ms, now_ns);
            now_ns += 20000000;
        }
        data += 2 + len;
        size -= 2 + len;
    }
    if (j.counters.delay_ms > 1000)
        abort();
    dtmf_release(&d);
    coder_release(&coder);
    return 0;
}
