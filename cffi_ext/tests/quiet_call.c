/* A handset's call with all that it can do, for the quiet build. */
#include <errno.h>

#include "loopback.h"

enum { OTHERS = 31 }; /* handsets: from 32 on the engine gathers what they say */

int main(void)
{
    kl_engine_config config = {.rtp_bind_ip = "127.0.0.1", .jitter_min_ms = 20, .jitter_max_ms = 120, .clean_microphone = 1};
    kl_bus *bus = kl_bus_create();
    kl_engine *engine = kl_engine_create(bus, &config);
    int master, slave;
    uint16_t port;
    int16_t tone[1600] = {1000};

    for (int i = 0; i < OTHERS; i++) {
        raw_pty(&master, &slave);
        CHECK(kl_link_open(engine, slave) > 0);
    }
    raw_pty(&master, &slave);
    uint32_t link = (uint32_t)kl_link_open(engine, slave);
    CHECK(!kl_link_keys(engine, link, 1, secret[0], secret[1], secret[2], secret[3]));
    kl_frame_keys *keys = kl_frame_keys_create(secret[0], secret[1]);
    kl_frame_rx *rx = kl_frame_rx_create();
    kl_frame_rx_keys(rx, 1, kl_frame_keys_create(secret[2], secret[3]));
    uint32_t call = (uint32_t)kl_call_create(engine, link, KL_CALL_RECORDED);
    int rtp = far_socket(&port);
    kl_srtp *srtp[] = {kl_srtp_create(KL_SRTP_AEAD_AES_128_GCM, secret[0]),
                       kl_srtp_create(KL_SRTP_AES_CM_128_HMAC_SHA1_80, secret[1])};
    kl_call_far_end far = {.ip = "127.0.0.1", .port = port, .codec = KL_CODEC_PCMU, .dtmf_type = 101,
                           .srtp = KL_SRTP_AEAD_AES_128_GCM, .receive_key = secret[0], .send_key = secret[2],
                           .rtcp_port = port};
    CHECK(!kl_call_far(engine, call, &far));
    uint32_t clip = (uint32_t)kl_clip_load(engine, tone, 1600);

    for (unsigned i = 1; i <= 200; i++) {
        if (i == 5)
            CHECK(!kl_call_gate(engine, call, 1) && !kl_call_detect(engine, call, 1));
        if (i == 3 || i == 7) /* an answer is listened for before the gate opens */
            CHECK(!kl_call_listen(engine, call, i == 3 ? KL_DETECT_ANSWER : KL_DETECT_TALK));
        if (i == 10)
            CHECK(!kl_call_play(engine, call, KL_SIDE_BOTH, &clip, 1, KL_PLAY_OVERLAY, 1));
        if (i == 15)
            CHECK(!kl_call_volume(engine, call, 12));
        far.codec = far.payload_type = KL_CODEC_G722;
        if (i == 100) {
            far.srtp = KL_SRTP_AES_CM_128_HMAC_SHA1_80;
            far.receive_key = secret[1];
            CHECK(!kl_call_far(engine, call, &far));
        }
        if (i == 150)
            CHECK(!kl_call_tone_safe(engine, call, 1));
        if (i == 60)
            say_srtcp(rtp, kl_engine_rtp_port(engine), srtp[0]);
        if (i == 20)
            CHECK(!kl_call_tone(engine, call, KL_TONE_RINGBACK));
        if (i % 10) /* and a gap to be concealed */
            say_srtp(rtp, kl_engine_rtp_port(engine), i, srtp[i > 110]); /* the old key is still good for a while */
        if (i % 11 == 0)
            say_rtp(rtp, kl_engine_rtp_port(engine), i); /* and some in clear, not to be heard */
        exchange(master, keys, rx, i);
    }
    kl_call_counters counters;
    CHECK(!kl_call_get_counters(engine, call, &counters));
    CHECK(counters.far.reports.received == 1 && counters.far.received == 180 && counters.far.unauthentic + counters.far.replayed == 18);
    CHECK(!kl_link_keys(engine, link, 2, secret[0], secret[1], secret[2], secret[3]));
    CHECK(!kl_link_forget_keys(engine, link) && !kl_call_destroy(engine, call) && !kl_link_close(engine, link));

    kl_srtp_destroy(srtp[0]);
    kl_srtp_destroy(srtp[1]);
    kl_engine_destroy(engine);
    kl_bus_destroy(bus);
    kl_frame_rx_destroy(rx);
    kl_frame_keys_destroy(keys);
    return 0;
}
