/* A handset on a pty and a far end on a UDP socket, for the C tests. */
#ifndef LOOPBACK_H
#define LOOPBACK_H

#include <arpa/inet.h>
#include <poll.h>
#include <pty.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "check.h"
#include "kinline_engine.h"
#include "link_wire.h"

static const uint8_t secret[4][KL_FRAME_SECRET_BYTES] = {{1}, {2}, {3}, {4}};

static inline void raw(int fd)
{
    struct termios t;

    CHECK(!tcgetattr(fd, &t));
    cfmakeraw(&t);
    CHECK(!tcsetattr(fd, TCSANOW, &t));
}

static inline void raw_pty(int *master, int *slave)
{
    CHECK(!openpty(master, slave, NULL, NULL, NULL));
    raw(*master);
    raw(*slave);
}

static inline int far_socket(uint16_t *port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;
    int fd = socket(AF_INET, SOCK_DGRAM, 0);

    CHECK(fd >= 0 && !bind(fd, (struct sockaddr *)&a, sizeof a) && !getsockname(fd, (struct sockaddr *)&a, &len));
    *port = ntohs(a.sin_port);
    return fd;
}

/* Under keys, or NULL: in clear. */
static inline void say_srtp(int fd, int engine_port, unsigned i, kl_srtp *keys)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                             .sin_port = htons((uint16_t)engine_port)};
    uint8_t packet[192] = {0x80, 0, (uint8_t)(i >> 8), (uint8_t)i, 0, 0, (uint8_t)(i * 160 >> 8), (uint8_t)(i * 160)};
    int len = keys ? kl_srtp_protect(keys, packet, 172, sizeof packet) : 172;

    CHECK(len > 0 && sendto(fd, packet, (size_t)len, 0, (struct sockaddr *)&to, sizeof to) == len);
}

/* A receiver report of the same source, of nothing. */
static inline void say_srtcp(int fd, int engine_port, kl_srtp *keys)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                             .sin_port = htons((uint16_t)engine_port)};
    uint8_t packet[8 + KL_SRTP_TRAILER_MOST] = {0x80, 201, 0, 1};
    int len = kl_srtp_protect_rtcp(keys, packet, 8, sizeof packet);

    CHECK(len > 0 && sendto(fd, packet, (size_t)len, 0, (struct sockaddr *)&to, sizeof to) == len);
}

static inline void say_rtp(int fd, int engine_port, unsigned i)
{
    say_srtp(fd, engine_port, i, NULL);
}

/* Writes one audio frame and waits for the answer. */
static inline void exchange(int fd, kl_frame_keys *keys, kl_frame_rx *rx, uint32_t sequence)
{
    static const uint8_t pcm[KL_WIRE_AUDIO_BYTES];
    uint8_t wire[KL_FRAME_WIRE_MAX], in[4096];
    kl_frame frame;
    int n = kl_frame_seal(keys, KL_WIRE_MSG_AUDIO, 1, sequence, pcm, sizeof pcm, wire, sizeof wire);

    CHECK(n == KL_FRAME_WIRE_MAX && write(fd, wire, (size_t)n) == n);
    for (;;) {
        while (kl_frame_rx_next(rx, &frame))
            if (frame.type == KL_WIRE_MSG_AUDIO)
                return;
        struct pollfd p = {.fd = fd, .events = POLLIN};
        CHECK(poll(&p, 1, 10000) == 1);
        ssize_t got = read(fd, in, sizeof in);
        CHECK(got > 0 && kl_frame_rx_feed(rx, in, (size_t)got) == (size_t)got);
    }
}

#endif
