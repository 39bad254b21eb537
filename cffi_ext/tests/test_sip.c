/* Two endpoints call each other under the sanitizers: every call ends once on both sides, and stopping is bounded. */
#include <arpa/inet.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"
#include "kinline_sip.h"

enum { CALLS = 40, PATIENCE_MS = 20000 };

static const kl_sip_media MEDIA = {.ip = "127.0.0.1", .port = 40000, .codecs = {0, 8}, .codec_count = 2, .dtmf = 1};

typedef struct {
    kl_bus *bus;
    kl_sip *sip;
    uint16_t port;
    unsigned ended, answered, incoming, refused;
} side;

/* Tried here, since the stack leaks a little when its port is taken. */
static uint16_t free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int tcp, udp, taken;

    do {
        tcp = socket(AF_INET, SOCK_STREAM, 0);
        udp = socket(AF_INET, SOCK_DGRAM, 0);
        address.sin_port = 0;
        CHECK(bind(tcp, (struct sockaddr *)&address, length) == 0);
        CHECK(getsockname(tcp, (struct sockaddr *)&address, &length) == 0);
        taken = bind(udp, (struct sockaddr *)&address, length);
        close(tcp);
        close(udp);
    } while (taken);
    return ntohs(address.sin_port);
}

static void side_open(side *s, bool accepts)
{
    kl_sip_config config = {.bind_ip = "127.0.0.1", .udp = 1, .tcp = 1, .user_agent = "test", .t1x64_ms = 2000};
    char why[512];

    s->bus = kl_bus_create();
    CHECK(s->bus);
    config.port = s->port = free_port();
    config.accept_inbound = accepts;
    config.session_expires_s = 1800;
    s->sip = kl_sip_create(s->bus, &config, why, sizeof why);
    CHECK(s->sip);
}

static void side_close(side *s)
{
    kl_sip_destroy(s->sip);
    kl_bus_destroy(s->bus);
}

/* The called side answers two of three calls and refuses the third; the caller hangs up what was answered. */
static void react(side *s, const kl_event *event)
{
    switch (event->kind) {
    case KL_SIP_INCOMING:
        if (++s->incoming % 3) {
            CHECK(kl_sip_respond(s->sip, event->id, 180, "Ringing", NULL) == 0);
            CHECK(kl_sip_respond(s->sip, event->id, 200, "OK", &MEDIA) == 0);
        } else {
            CHECK(kl_sip_respond(s->sip, event->id, 486, "Busy Here", NULL) == 0);
        }
        break;
    case KL_SIP_ANSWERED:
        s->answered++;
        if (!(event->id & KL_SIP_INBOUND_ID))
            CHECK(kl_sip_hangup(s->sip, event->id, 16) == 0);
        break;
    case KL_SIP_ENDED:
        s->ended++;
        break;
    case KL_SIP_REFUSED:
        s->refused++;
        break;
    default:
        break;
    }
}

static void side_poll(side *s)
{
    static kl_event events[64];
    int count = kl_bus_poll(s->bus, events, 64);

    for (int i = 0; i < count; i++)
        react(s, &events[i]);
}

static void wait_for_both(side *a, side *b)
{
    struct pollfd fds[] = {{.fd = kl_bus_fd(a->bus), .events = POLLIN}, {.fd = kl_bus_fd(b->bus), .events = POLLIN}};

    CHECK(poll(fds, 2, PATIENCE_MS) > 0);
    side_poll(a);
    side_poll(b);
}

static kl_sip_invite_args call_to(uint16_t port, uint32_t id)
{
    kl_sip_invite_args args = {.id = id, .from_uri = "sip:+12025550199@127.0.0.1", .media = MEDIA};

    snprintf(args.request_uri, sizeof args.request_uri, "sip:+12025550123@127.0.0.1:%u;transport=%s", port,
             id % 2 ? "udp" : "tcp");
    return args;
}

static void test_calls(void)
{
    side caller = {0}, called = {0};

    side_open(&caller, false);
    side_open(&called, true);
    for (uint32_t id = 1; id <= CALLS; id++) {
        kl_sip_invite_args args = call_to(called.port, id);
        CHECK(kl_sip_invite(caller.sip, &args) == 0);
    }
    while (caller.ended < CALLS || called.ended < CALLS)
        wait_for_both(&caller, &called);
    CHECK(caller.answered + CALLS / 3 == CALLS);
    CHECK(called.incoming == CALLS);

    kl_sip_invite_args args = call_to(caller.port, 1);
    CHECK(kl_sip_invite(called.sip, &args) == 0);
    while (called.ended <= CALLS || !caller.refused)
        wait_for_both(&caller, &called);
    side_close(&caller);
    side_close(&called);
}

static void test_stopping_with_calls_up(void)
{
    side caller = {0}, called = {0};

    side_open(&caller, false);
    side_open(&called, true);
    for (uint32_t id = 1; id <= CALLS; id++) {
        kl_sip_invite_args args = call_to(called.port, id);
        CHECK(kl_sip_invite(caller.sip, &args) == 0);
    }
    while (called.incoming < CALLS / 2)
        wait_for_both(&caller, &called);
    side_close(&caller);
    side_close(&called);
}

static void test_refused_arguments(void)
{
    side caller = {0};
    kl_sip_invite_args args = call_to(9, 1);

    side_open(&caller, false);
    args.id = 0;
    CHECK(kl_sip_invite(caller.sip, &args) == KL_SIP_BAD_ID);
    args = call_to(9, 1);
    strcpy(args.from_display, "a\r\nVia: b");
    CHECK(kl_sip_invite(caller.sip, &args) == KL_SIP_BAD_TEXT);
    args = call_to(9, 1);
    memset(args.user, 'u', sizeof args.user); /* not terminated */
    CHECK(kl_sip_invite(caller.sip, &args) == KL_SIP_BAD_TEXT);
    args = call_to(9, 1);
    args.media.codec_count = 200;
    CHECK(kl_sip_invite(caller.sip, &args) == KL_SIP_BAD_MEDIA);
    CHECK(kl_sip_hangup(caller.sip, 12345, 16) == 0);
    side_close(&caller);
}

int main(void)
{
    test_refused_arguments();
    test_calls();
    test_stopping_with_calls_up();
    return 0;
}
