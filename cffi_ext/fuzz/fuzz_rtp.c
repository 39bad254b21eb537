/* An RTP end of a call as the audio thread has it: arbitrary packets, protected or not, and whatever may be agreed and played
 * while they come. Input: a byte that chooses the call, then records of a length, a byte of what happens before, and that many
 * bytes of a packet. Whatever comes, nothing unauthentic is heard, and no count is beyond what was given. */
#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "engine.h"
#include "link.h"

enum {
    CLIP = 16000 / 2, /* half a second */
    TICK_NS = 5000000,
    PERIOD = 4,  /* ticks */
    FLOOD = 70,  /* more than a leg takes in one of them */
    PORTS = 3,
    KEYS = 3,
    ROOM = 256 + KL_SRTP_TRAILER_MOST,
};

/* Of the byte that chooses: a bridged call, protection of the end that is fuzzed, the gate, and what the ears do. */
enum { BRIDGED = 1, SUITE = 6, GATE = 8, LISTEN = 48 };
/* Of the byte before a packet: how many ticks pass, what is done, and whether the packet is protected as agreed. */
enum { TICKS = 7, DEED = 15 << 3, PROTECTED = 128 };
enum {
    NOTHING, AGAIN, MU_LAW, A_LAW, G722, REKEY, MOVE, CLEAR, GATED, PLAY, PLAY_OVER, STOP, TONE, SAFE, RTCP, FLOODED
};

static kl_engine engine;
static kl_link telephone;
static clip *said;

typedef struct {
    kl_call *call;
    rtp_leg *leg; /* the one that is fuzzed */
    kl_call_far_end end;
    unsigned key, port;
    kl_srtp *theirs; /* what the far end protects under; NULL: nothing */
    uint64_t given;
} stage;

static const uint8_t *key(unsigned i)
{
    static const uint8_t keys[KEYS][KL_SRTP_KEY_MOST] = {{1}, {2}, {3}};

    return keys[i % KEYS];
}

static void begin(void)
{
    static int16_t pcm[CLIP];

    if (engine.bus)
        return;
    codec_init();
    for (int i = 0; i < CLIP; i++)
        pcm[i] = (int16_t)(i % 64 * 300);
    said = clip_create(pcm, CLIP);
    engine.bus = kl_bus_create();
    engine.rtp.fd = engine.rtcp.fd = -1;
    engine.config = (kl_engine_config){.jitter_min_ms = 20, .jitter_max_ms = 120, .stall_ms = 60};
    for (int tone = KL_TONE_NONE + 1; tone < KL_TONE_COUNT; tone++)
        engine.tones[tone] = clip_tone(tone);
    telephone.engine = &engine;
    telephone.fd = -1;
    telephone.gone = true;
}

/* As call_api.c does it, in one thread. */
static void agree(stage *s)
{
    struct sockaddr_in address;
    rtp_protection fresh;

    s->end.port = (uint16_t)(4000 + 2 * (s->port % PORTS));
    s->end.receive_key = key(s->key);
    s->end.send_key = key(s->key + 1);
    if (rtp_leg_check(&s->end, &address) || rtp_protection_make(&fresh, &s->end) || rtp_leg_set(s->leg, &s->end, &address, &fresh))
        abort();
    rtp_protection_release(&fresh);
}

static void rekey(stage *s)
{
    if (!s->end.srtp)
        return;
    kl_srtp *before = s->theirs;
    s->theirs = kl_srtp_create(s->end.srtp, key(++s->key));
    kl_srtp_follow(s->theirs, before);
    kl_srtp_destroy(before);
}

static void play_to_both(kl_call *c, bool overlay)
{
    play *free_one = c->plays;

    while (free_one < c->plays + CALL_PLAYS && free_one->entries)
        free_one++;
    if (free_one == c->plays + CALL_PLAYS || !player_room(&c->to_near.player) || !player_room(&c->to_far.player))
        return;
    *free_one = (play){.token = 7};
    player_add(&c->to_near.player, said, free_one, overlay);
    player_add(&c->to_far.player, said, free_one, overlay);
}

static void act(stage *s, unsigned deed)
{
    kl_call *c = s->call;

    switch (deed) {
    case MU_LAW:
    case A_LAW:
    case G722:
        s->end.codec = s->end.payload_type = (uint8_t[]){KL_CODEC_PCMU, KL_CODEC_PCMA, KL_CODEC_G722}[deed - MU_LAW];
        break;
    case REKEY:
        rekey(s);
        break;
    case MOVE:
        s->port++;
        break;
    case CLEAR:
        rtp_leg_clear(s->leg);
        break;
    case GATED:
        call_gate(c, !c->gate);
        return;
    case PLAY:
    case PLAY_OVER:
        play_to_both(c, deed == PLAY_OVER);
        return;
    case STOP:
        player_stop(&c->to_near.player);
        player_stop(&c->to_far.player);
        return;
    case TONE:
        c->to_near.tone = engine.tones[s->given % KL_TONE_COUNT];
        c->to_near.tone_at = 0;
        return;
    case SAFE:
        call_tone_safe(c, !c->tone_safe);
        return;
    case AGAIN:
        break;
    default:
        return;
    }
    agree(s);
}

static void pass_time(stage *s, unsigned ticks)
{
    static const int16_t microphone[VOICE_WIDE] = {1000, -1000};
    kl_event told[64];

    for (; ticks; ticks--) {
        engine.now_ns += TICK_NS;
        if (++engine.phase % PERIOD == 0) {
            call_tick(s->call);
            if (!s->call->bridged)
                call_handset_frame(s->call, microphone);
        }
        engine.rtp.queued = engine.rtcp.queued = 0; /* nobody flushes */
        while (kl_bus_poll(engine.bus, told, 64))
            ;
    }
}

/* One packet, of its exact size so that one byte too far is seen. */
static void take(stage *s, const uint8_t *bytes, size_t len, bool protected, bool rtcp)
{
    uint8_t packet[ROOM];
    int whole = -1;

    memcpy(packet, bytes, len);
    if (protected && s->theirs)
        whole = rtcp ? kl_srtp_protect_rtcp(s->theirs, packet, len, sizeof packet) : kl_srtp_protect(s->theirs, packet, len, sizeof packet);
    len = whole > 0 ? (size_t)whole : len;
    uint8_t *exact = malloc(len + !len);
    memcpy(exact, packet, len);
    uint64_t heard = s->leg->stream.received, reports = s->leg->reports.counters.received;
    s->given++;
    if (rtcp)
        rtp_leg_take_rtcp(s->leg, exact, len);
    else
        rtp_leg_take(s->leg, exact, len);
    if (s->end.srtp && whole < 0 && (s->leg->stream.received != heard || s->leg->reports.counters.received != reports))
        abort();
    free(exact);
}

static void check(const stage *s)
{
    kl_rtp_counters c;

    rtp_leg_count(s->leg, &c);
    if (c.received + c.unauthentic + c.replayed + c.flooded > 2 * s->given || c.received > s->given || c.duplicate > c.received ||
        c.delay_ms > 1000 || c.reordered > c.received)
        abort();
}

static void make_call(stage *s, unsigned choice)
{
    kl_call_far_end other = {.ip = "127.0.0.1", .port = 5000, .codec = KL_CODEC_PCMU};
    struct sockaddr_in address;
    rtp_protection none = {0};
    kl_call *c = call_new(&engine, KL_CALL_RECORDED, choice & BRIDGED);

    s->call = c;
    s->leg = &c->far;
    c->to_far.due_ns = c->to_near.due_ns = engine.now_ns;
    if (c->bridged) {
        if (rtp_leg_check(&other, &address) || rtp_leg_set(&c->near, &other, &address, &none))
            abort();
    } else {
        c->handset.link = &telephone;
        telephone.call = c;
    }
    if (choice & LISTEN) {
        c->ears.detect = kl_detect_create();
        ears_listen(c, (choice & LISTEN) == LISTEN ? KL_DETECT_ANSWER : KL_DETECT_TALK);
    }
    if (s->end.srtp)
        s->theirs = kl_srtp_create(s->end.srtp, key(0));
    agree(s);
    call_gate(c, choice & GATE);
}

static void end(stage *s)
{
    call_unhook(s->call);
    call_free(s->call);
    kl_srtp_destroy(s->theirs);
    if (said->uses)
        abort(); /* a clip that may never be freed */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    begin();
    if (!size)
        return 0;
    stage s = {.end = {.ip = "127.0.0.1", .dtmf_type = 101, .comfort_type = 13, .srtp = (data[0] & SUITE) / 2 % 3}};

    engine.now_ns = 1000000000;
    make_call(&s, data[0]);
    for (data++, size--; size >= 2;) {
        size_t len = data[0] < size - 2 ? data[0] : size - 2;
        unsigned before = data[1], deed = (before & DEED) >> 3;
        pass_time(&s, before & TICKS);
        act(&s, deed);
        for (int times = deed == FLOODED ? FLOOD : 1; times; times--)
            take(&s, data + 2, len, before & PROTECTED, deed == RTCP);
        check(&s);
        data += 2 + len;
        size -= 2 + len;
    }
    pass_time(&s, PERIOD);
    end(&s);
    return 0;
}
