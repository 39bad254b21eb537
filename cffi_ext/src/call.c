#include "call.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine.h"
#include "link.h"

enum {
    /* 32 ms of filter at 16 kHz pass 3.4 kHz flat; 5 would add 1 ms for nothing that G.711 keeps. */
    RESAMPLER_QUALITY = 4,
    PCMU_SILENCE = 0xff,
    PCMA_SILENCE = 0xd5,
};

static const int64_t FRAME_NS = 20000000;
static const int64_t RTP_SILENT_NS = 5000000000;

/* Life ------------------------------------------------------------------------------------------ */

void call_post(kl_call *c, uint16_t kind, int32_t code, const void *data, uint32_t len)
{
    engine_post(c->engine, KL_SRC_CALL, kind, c->id, code, data, len);
}

recorder **call_recorder(kl_call *c)
{
    return c->privileged ? NULL : &((recorded_call *)c)->recorder;
}

static void play_over(void *user, const play *ended)
{
    call_post(user, ended->stopped ? KL_CALL_STOPPED : KL_CALL_PLAYED, ended->token, NULL, 0);
}

static void digit_pressed(void *user, char digit, int method)
{
    uint8_t data = (uint8_t)method;

    call_post(user, KL_CALL_DTMF, digit, &data, sizeof data);
}

kl_call *call_new(kl_engine *engine, bool privileged)
{
    kl_call *c = calloc(1, privileged ? sizeof(kl_call) : sizeof(recorded_call));
    plc_state_t *plc = plc_init(NULL);
    int error = 0;

    if (!c || !plc) {
        free(c);
        if (plc)
            plc_free(plc);
        return NULL;
    }
    c->engine = engine;
    c->privileged = privileged;
    jitter_init(&c->jitter, plc, engine->config.jitter_min_ms, engine->config.jitter_max_ms);
    c->near_player.over = c->far_player.over = play_over;
    c->near_player.user = c->far_player.user = c;
    c->down = speex_resampler_init(1, 16000, 8000, RESAMPLER_QUALITY, &error);
    c->up = speex_resampler_init(1, 8000, 16000, RESAMPLER_QUALITY, &error);
    if (c->down && c->up && dtmf_init(&c->dtmf, digit_pressed, c))
        return c;
    call_free(c);
    return NULL;
}

void call_free(kl_call *c)
{
    if (!c)
        return;
    if (c->down)
        speex_resampler_destroy(c->down);
    if (c->up)
        speex_resampler_destroy(c->up);
    dtmf_release(&c->dtmf);
    plc_free(c->jitter.plc);
    free(c);
}

void call_lose_link(kl_call *c)
{
    c->link->call = NULL;
    c->link = NULL;
}

void call_unhook(kl_call *c)
{
    recorder **place = call_recorder(c);

    if (c->link)
        call_lose_link(c);
    if (c->far.set)
        rtp_route_remove(&c->engine->rtp, &c->far.address);
    player_stop(&c->near_player);
    player_stop(&c->far_player);
    if (place && *place) {
        recorder_end(*place);
        *place = NULL;
    }
}

/* Mixing ---------------------------------------------------------------------------------------- */

static int16_t clamp(int32_t v)
{
    return (int16_t)(v > INT16_MAX ? INT16_MAX : v < INT16_MIN ? INT16_MIN : v);
}

static void add(int16_t *to, const int16_t *from, int n)
{
    for (int i = 0; i < n; i++)
        to[i] = clamp(to[i] + from[i]);
}

static void duck(int16_t *pcm, int n)
{
    for (int i = 0; i < n; i++)
        pcm[i] /= 4; /* 12 dB */
}

static uint32_t rms(const int16_t *pcm, int n)
{
    int64_t sum = 0;

    for (int i = 0; i < n; i++)
        sum += pcm[i] * pcm[i];
    return (uint32_t)sqrt((double)sum / n);
}

static void resample(SpeexResamplerState *r, const int16_t *in, spx_uint32_t n, int16_t *out, spx_uint32_t m)
{
    spx_uint32_t made = m;

    speex_resampler_process_int(r, 0, in, &n, out, &made);
    memset(out + made, 0, (m - made) * sizeof *out);
}

/* What is being said to a side, over or instead of the talk already in out. */
static bool mix_prompt(player *p, int16_t *out, int n, bool wide)
{
    int16_t prompt[FRAME16];
    player_mode mode = player_pull(p, prompt, (size_t)n, wide);

    if (mode == PLAYER_IDLE)
        return false;
    if (mode == PLAYER_OVERLAY)
        duck(out, n);
    else
        memset(out, 0, (size_t)n * sizeof *out);
    add(out, prompt, n);
    return true;
}

static void mix_tone(kl_call *c, int16_t *out)
{
    for (int i = 0; i < FRAME16 && c->tone; i++) {
        out[i] = clamp(out[i] + c->tone->pcm16[c->tone_at]);
        if (++c->tone_at == c->tone->n) {
            c->tone_at = 0;
            if (c->tone_once)
                c->tone = NULL;
        }
    }
}

/* Far leg --------------------------------------------------------------------------------------- */

static void encode(uint8_t codec, const int16_t *pcm, uint8_t *out)
{
    for (int i = 0; i < FRAME8; i++)
        out[i] = codec == KL_CODEC_PCMA ? linear_to_alaw(pcm[i]) : linear_to_ulaw(pcm[i]);
}

static void decode(uint8_t codec, const uint8_t *bytes, size_t n, int16_t *pcm)
{
    for (size_t i = 0; i < n; i++)
        pcm[i] = codec == KL_CODEC_PCMA ? alaw_to_linear(bytes[i]) : ulaw_to_linear(bytes[i]);
}

/* One packet; NULL sends silence that needs no encoding. */
static void send_rtp(kl_call *c, const int16_t *pcm)
{
    far_leg *f = &c->far;
    uint8_t *bytes = rtp_port_queue(&c->engine->rtp, &f->address);
    rtp_packet packet = {
        .payload_type = f->payload_type,
        .marker = !f->talking,
        .sequence = f->sequence++,
        .timestamp = f->timestamp,
        .ssrc = f->ssrc,
    };

    f->talking = true;
    rtp_header(bytes, &packet);
    if (pcm)
        encode(f->codec, pcm, bytes + RTP_HEADER_BYTES);
    else
        memset(bytes + RTP_HEADER_BYTES, f->codec == KL_CODEC_PCMA ? PCMA_SILENCE : PCMU_SILENCE, FRAME8);
    c->counters.rtp_sent++;
}

void call_take_rtp(kl_call *c, const uint8_t *bytes, size_t len)
{
    far_leg *f = &c->far;
    rtp_packet packet;
    rtp_event event;
    int16_t pcm[JITTER_PACKET_MAX];

    if (!rtp_parse(bytes, len, &packet)) {
        c->engine->counters.rtp_malformed++;
        return;
    }
    f->heard_ns = c->engine->now_ns;
    if (f->silent_told) {
        f->silent_told = false;
        call_post(c, KL_CALL_RTP_RESUMED, 0, NULL, 0);
    }
    c->counters.rtp_bytes += packet.len;
    if (packet.payload_type == f->payload_type && packet.len && packet.len <= JITTER_PACKET_MAX) {
        decode(f->codec, packet.payload, packet.len, pcm);
        jitter_put(&c->jitter, packet.sequence, packet.timestamp, packet.ssrc, f->heard_ns, pcm,
                   (uint32_t)packet.len);
        return;
    }
    jitter_pass(&c->jitter, packet.sequence, packet.ssrc);
    if (f->dtmf_type && packet.payload_type == f->dtmf_type && rtp_event_parse(packet.payload, packet.len, &event))
        dtmf_event(&c->dtmf, &packet, &event, f->heard_ns);
    else
        c->counters.rtp_unwanted++;
}

/* One 20 ms period ------------------------------------------------------------------------------ */

static void to_far(kl_call *c, const int16_t *near8, bool stalled)
{
    int16_t out[FRAME8] = {0};

    if (!c->far.set)
        return;
    bool prompt = c->far_player.head != c->far_player.tail;
    if (stalled && !prompt) {
        c->far.talking = false;
    } else if (c->gate || prompt) {
        if (c->gate)
            memcpy(out, near8, sizeof out);
        mix_prompt(&c->far_player, out, FRAME8, false);
        send_rtp(c, out);
    } else {
        send_rtp(c, NULL);
    }
    c->far.timestamp += FRAME8;
}

static void to_near(kl_call *c, const int16_t *far8)
{
    int16_t out[FRAME16] = {0};

    if (c->gate)
        resample(c->up, far8, FRAME8, out, FRAME16);
    if (!mix_prompt(&c->near_player, out, FRAME16, true))
        mix_tone(c, out);
    link_send_audio(c->link, out);
}

/* near16 is NULL in a period for which the handset sent nothing. */
static void run_period(kl_call *c, const int16_t *near16)
{
    static const int16_t silence[FRAME8];
    int16_t near8[FRAME8] = {0}, far8[FRAME8];
    recorder **place = call_recorder(c);

    if (near16 && c->gate)
        resample(c->down, near16, FRAME16, near8, FRAME8);
    if (jitter_get(&c->jitter, far8, FRAME8))
        dtmf_audio(&c->dtmf, far8, FRAME8, c->engine->now_ns);
    c->counters.far_rms = rms(far8, FRAME8);
    to_far(c, near8, !near16);
    if (near16)
        to_near(c, far8);
    if (place && *place && recorder_push(*place, near8, c->gate ? far8 : silence))
        engine_post(c->engine, KL_SRC_RECORDER, KL_RECORDER_BEHIND, c->id, 0, NULL, 0);
}

void call_near_frame(kl_call *c, const int16_t *pcm)
{
    int64_t ahead = c->engine->now_ns + 2 * FRAME_NS;

    c->counters.near_frames++;
    c->counters.near_rms = rms(pcm, FRAME16);
    c->due_ns += FRAME_NS;
    if (c->due_ns > ahead) /* the handset's clock is the faster one, or a bunch has come */
        c->due_ns = ahead;
    run_period(c, pcm);
}

static void watch_far(kl_call *c)
{
    far_leg *f = &c->far;

    if (!f->set || !c->gate || f->silent_told || c->engine->now_ns - f->heard_ns < RTP_SILENT_NS)
        return;
    f->silent_told = true;
    call_post(c, KL_CALL_RTP_SILENT, 0, NULL, 0);
}

void call_tick(kl_call *c)
{
    int64_t patience = (int64_t)c->engine->config.stall_ms * 1000000;

    while (c->engine->now_ns - c->due_ns > patience) {
        c->due_ns += FRAME_NS;
        c->counters.near_stalled++;
        run_period(c, NULL);
    }
    watch_far(c);
}
