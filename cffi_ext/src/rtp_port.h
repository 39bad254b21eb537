/* The one UDP socket that all far ends share, with batched receiving and sending. */
#ifndef KL_RTP_PORT_H
#define KL_RTP_PORT_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "kinline_srtp.h"
#include "rtp.h"

struct rtp_leg;

enum {
    RTP_BATCH = 64,
    RTP_BYTES = 1500,
    RTP_SEND_BYTES = RTP_HEADER_BYTES + 160 + KL_SRTP_TRAILER_MOST,
    RTP_ROUTES = 4096, /* a power of two, twice the legs there can be */
};

typedef struct {
    uint64_t address; /* IPv4 address and port in network order; 0: empty */
    struct rtp_leg *leg;
} rtp_route;

typedef struct {
    int fd;
    uint16_t port;
    unsigned queued;
    uint64_t send_failed;
    rtp_route routes[RTP_ROUTES];
    struct mmsghdr out[RTP_BATCH], in[RTP_BATCH];
    struct iovec out_part[RTP_BATCH], in_part[RTP_BATCH];
    struct sockaddr_in out_to[RTP_BATCH], in_from[RTP_BATCH];
    uint8_t out_bytes[RTP_BATCH][RTP_SEND_BYTES];
    uint8_t in_bytes[RTP_BATCH][RTP_BYTES];
} rtp_port;

typedef void (*rtp_take)(void *user, struct rtp_leg *leg, uint8_t *bytes, size_t len);

/* Binds; port 0 finds any even one. 0 or -errno. */
int rtp_port_open(rtp_port *p, const char *ip, uint16_t port);
void rtp_port_close(rtp_port *p);

/* 0 and the address, or -EINVAL. */
int rtp_address(const char *ip, uint16_t port, struct sockaddr_in *out);
/* Gives what comes from an address to a leg; -EADDRINUSE when it is another leg's. */
int rtp_route_add(rtp_port *p, const struct sockaddr_in *from, struct rtp_leg *leg);
void rtp_route_remove(rtp_port *p, const struct sockaddr_in *from);

/* Reads one batch and hands each packet to take, which may write into it; leg is NULL for an unknown source. */
void rtp_port_read(rtp_port *p, rtp_take take, void *user);
/* Room for one packet of len, at most RTP_SEND_BYTES, sent with the next flush. */
uint8_t *rtp_port_queue(rtp_port *p, const struct sockaddr_in *to, size_t len);
/* Takes the last one back: it will not be sent, and counts as one that could not be. */
void rtp_port_unqueue(rtp_port *p);
void rtp_port_flush(rtp_port *p);

#endif
