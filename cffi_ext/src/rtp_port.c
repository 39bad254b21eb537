#include "rtp_port.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

enum {
    RECEIVE_BUFFER = 4 << 20, /* 400 calls for more than a second; the kernel may grant less */
    TOS_EXPEDITED = 0xb8,     /* RFC 4594: telephony bearer, EF */
    EVEN_TRIES = 64,
};

/* Routes ---------------------------------------------------------------------------------------- */

static uint64_t key_of(const struct sockaddr_in *a)
{
    return (uint64_t)a->sin_addr.s_addr << 16 | a->sin_port;
}

static unsigned home_of(uint64_t key)
{
    return (unsigned)(key * 0x9e3779b97f4a7c15u >> 52); /* Fibonacci hashing to 12 bits */
}

_Static_assert(RTP_ROUTES == 1 << 12, "home_of gives 12 bits");

/* The route of key, or the empty place where it belongs. */
static rtp_route *find(rtp_port *p, uint64_t key)
{
    unsigned i = home_of(key);

    while (p->routes[i].address && p->routes[i].address != key)
        i = (i + 1) % RTP_ROUTES;
    return &p->routes[i];
}

int rtp_route_add(rtp_port *p, const struct sockaddr_in *from, struct rtp_leg *leg)
{
    rtp_route *r = find(p, key_of(from));

    if (r->address && r->leg != leg)
        return -EADDRINUSE;
    *r = (rtp_route){key_of(from), leg};
    return 0;
}

void rtp_route_remove(rtp_port *p, const struct sockaddr_in *from)
{
    rtp_route *r = find(p, key_of(from));

    if (!r->address)
        return;
    *r = (rtp_route){0};
    /* Those behind it may have been pushed there by it: put each where it now belongs. */
    for (unsigned i = (unsigned)(r - p->routes + 1) % RTP_ROUTES; p->routes[i].address; i = (i + 1) % RTP_ROUTES) {
        rtp_route moved = p->routes[i];
        p->routes[i] = (rtp_route){0};
        *find(p, moved.address) = moved;
    }
}

/* Socket ---------------------------------------------------------------------------------------- */

int rtp_address(const char *ip, uint16_t port, struct sockaddr_in *out)
{
    *out = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port)};
    return ip && inet_pton(AF_INET, ip, &out->sin_addr) == 1 ? 0 : -EINVAL;
}

static int bind_one(rtp_port *p, const struct sockaddr_in *address)
{
    const int bytes = RECEIVE_BUFFER, tos = TOS_EXPEDITED, whole = IP_PMTUDISC_DO;
    struct sockaddr_in bound;
    socklen_t len = sizeof bound;

    p->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (p->fd < 0)
        return -errno;
    if (bind(p->fd, (const struct sockaddr *)address, sizeof *address) ||
        getsockname(p->fd, (struct sockaddr *)&bound, &len)) {
        int error = errno;
        close(p->fd);
        return -error;
    }
    /* Wishes: audio also works without them. */
    setsockopt(p->fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
    setsockopt(p->fd, IPPROTO_IP, IP_TOS, &tos, sizeof tos);
    /* No packet is worth fragmenting, and the kernel need not number those that cannot be. */
    setsockopt(p->fd, IPPROTO_IP, IP_MTU_DISCOVER, &whole, sizeof whole);
    p->port = ntohs(bound.sin_port);
    return 0;
}

int rtp_port_open(rtp_port *p, const char *ip, uint16_t port)
{
    struct sockaddr_in address;
    int error = rtp_address(ip, port, &address);

    memset(p, 0, sizeof *p);
    for (int i = 0; i < RTP_BATCH; i++) {
        p->in_part[i] = (struct iovec){p->in_bytes[i], RTP_BYTES};
        p->in[i].msg_hdr = (struct msghdr){.msg_name = &p->in_from[i], .msg_iov = &p->in_part[i], .msg_iovlen = 1};
        p->out_part[i] = (struct iovec){p->out_bytes[i], RTP_SEND_BYTES};
        p->out[i].msg_hdr = (struct msghdr){.msg_name = &p->out_to[i], .msg_namelen = sizeof p->out_to[i],
                                            .msg_iov = &p->out_part[i], .msg_iovlen = 1};
    }
    for (int tries = 0; !error; tries++) {
        error = bind_one(p, &address);
        if (error || port || p->port % 2 == 0)
            return error;
        close(p->fd);
        if (tries == EVEN_TRIES)
            return -EADDRINUSE;
    }
    return error;
}

void rtp_port_close(rtp_port *p)
{
    close(p->fd);
}

void rtp_port_read(rtp_port *p, rtp_take take, void *user)
{
    for (int i = 0; i < RTP_BATCH; i++)
        p->in[i].msg_hdr.msg_namelen = sizeof p->in_from[i];
    int n = recvmmsg(p->fd, p->in, RTP_BATCH, MSG_DONTWAIT, NULL);

    for (int i = 0; i < n; i++)
        take(user, find(p, key_of(&p->in_from[i]))->leg, p->in_bytes[i], p->in[i].msg_len);
}

uint8_t *rtp_port_queue(rtp_port *p, const struct sockaddr_in *to, size_t len)
{
    if (p->queued == RTP_BATCH)
        rtp_port_flush(p);
    p->out_to[p->queued] = *to;
    p->out_part[p->queued].iov_len = len;
    return p->out_bytes[p->queued++];
}

void rtp_port_unqueue(rtp_port *p)
{
    p->queued--;
    p->send_failed++;
}

void rtp_port_flush(rtp_port *p)
{
    unsigned done = 0;

    while (done < p->queued) {
        int n = sendmmsg(p->fd, p->out + done, p->queued - done, MSG_DONTWAIT);
        if (n > 0) {
            done += (unsigned)n;
        } else if (errno != EINTR) {
            /* The packet at the head cannot go: lose that one, try those behind it. */
            p->send_failed++;
            done++;
        }
    }
    p->queued = 0;
}
