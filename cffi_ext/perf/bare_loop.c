/* The least that bridges PCMU calls with digit detection and stereo recording, as a yardstick: one socket,
 * recvmmsg, sendmmsg, G.711, spandsp's DTMF receiver on both legs, a recording of each call written by a
 * second thread. No jitter, no loss, no gate, no prompt, no privileged call, no change while it runs.
 *
 * Usage: bare_loop PORT FOLDER; standard input has a line a call: "ip port ip port", its two parties.
 * Prints "ready", ends with SIGTERM, prints how many digits it heard. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spandsp.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    CALLS_MOST = 2000,
    BATCH = 64,
    HEADER = 12,
    SAMPLES = 160,
    ROUTES = 1 << 14,
    RING = 64 * SAMPLES, /* sample pairs: 1.3 s */
    FLUSH_MS = 10,       /* and then a tenth of the calls */
    STAGGER = 10,
};

typedef struct {
    struct sockaddr_in address;
    dtmf_rx_state_t *dtmf;
    uint16_t sequence;
    uint32_t timestamp, ssrc;
    unsigned written; /* samples in its channel of the ring */
} party;

typedef struct {
    party side[2];
    int file;
    atomic_uint filled;
    unsigned flushed;
    int16_t ring[RING][2];
} call;

static call *calls[CALLS_MOST];
static int count;
static struct {
    uint64_t key;
    call *call;
    int side;
} routes[ROUTES];
static int16_t from_ulaw[256];
static uint8_t to_ulaw[1 << 14];
static atomic_int digits;
static atomic_bool over;

static uint64_t key_of(const struct sockaddr_in *a)
{
    return (uint64_t)a->sin_addr.s_addr << 16 | a->sin_port;
}

static unsigned route_of(uint64_t key)
{
    unsigned i = (unsigned)(key * 0x9e3779b97f4a7c15u >> 50);

    while (routes[i].key && routes[i].key != key)
        i = (i + 1) % ROUTES;
    return i;
}

static void digit(void *user, int code, int level, int delay)
{
    (void)user;
    (void)level;
    (void)delay;
    digits += code != 0;
}

static bool read_calls(const char *folder)
{
    char ip[2][64], path[512];
    unsigned port[2];

    while (count < CALLS_MOST && scanf("%63s %u %63s %u", ip[0], &port[0], ip[1], &port[1]) == 4) {
        call *c = calls[count] = calloc(1, sizeof *c);
        snprintf(path, sizeof path, "%s/%d.raw", folder, count++);
        c->file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        if (c->file < 0)
            return false;
        for (int side = 0; side < 2; side++) {
            party *p = &c->side[side];
            p->address = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port[side])};
            p->ssrc = (uint32_t)rand();
            p->dtmf = dtmf_rx_init(NULL, NULL, NULL);
            dtmf_rx_set_realtime_callback(p->dtmf, digit, NULL);
            if (inet_pton(AF_INET, ip[side], &p->address.sin_addr) != 1)
                return false;
            unsigned i = route_of(key_of(&p->address));
            routes[i].key = key_of(&p->address);
            routes[i].call = c;
            routes[i].side = side;
        }
    }
    return count;
}

/* Recording ------------------------------------------------------------------------------------- */

static void flush(call *c)
{
    unsigned filled = atomic_load(&c->filled);

    while (c->flushed != filled) {
        unsigned at = c->flushed % RING, run = filled - c->flushed;
        run = run < RING - at ? run : RING - at;
        if (write(c->file, c->ring[at], run * sizeof *c->ring) < 0)
            return;
        c->flushed += run;
    }
}

static void *record(void *arg)
{
    (void)arg;
    for (int turn = 0; !atomic_load(&over); turn = (turn + 1) % STAGGER) {
        poll(NULL, 0, FLUSH_MS);
        for (int i = turn; i < count; i += STAGGER)
            flush(calls[i]);
    }
    return NULL;
}

/* Bridging -------------------------------------------------------------------------------------- */

static struct mmsghdr out[BATCH], in[BATCH];
static struct iovec out_part[BATCH], in_part[BATCH];
static struct sockaddr_in in_from[BATCH];
static uint8_t out_bytes[BATCH][HEADER + SAMPLES], in_bytes[BATCH][1500];

static void put32(uint8_t *p, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> (24 - 8 * i));
}

static void bridge(int i, int slot)
{
    unsigned route = route_of(key_of(&in_from[i]));
    call *c = routes[route].call;
    int side = routes[route].side;
    int16_t pcm[SAMPLES];
    uint8_t *bytes = out_bytes[slot];

    party *from = &c->side[side], *to = &c->side[1 - side];
    for (int k = 0; k < SAMPLES; k++)
        pcm[k] = from_ulaw[in_bytes[i][HEADER + k]];
    dtmf_rx(from->dtmf, pcm, SAMPLES);
    for (int k = 0; k < SAMPLES; k++)
        c->ring[(from->written + (unsigned)k) % RING][side] = pcm[k];
    from->written += SAMPLES;
    atomic_store(&c->filled, from->written < to->written ? from->written : to->written);
    bytes[0] = 0x80;
    bytes[1] = 0;
    bytes[2] = (uint8_t)(to->sequence >> 8);
    bytes[3] = (uint8_t)to->sequence++;
    put32(bytes + 4, to->timestamp);
    put32(bytes + 8, to->ssrc);
    to->timestamp += SAMPLES;
    for (int k = 0; k < SAMPLES; k++)
        bytes[HEADER + k] = to_ulaw[(uint16_t)pcm[k] >> 2];
    out[slot].msg_hdr.msg_name = &to->address;
}

static void loop(int fd)
{
    struct pollfd readable = {.fd = fd, .events = POLLIN};

    while (!atomic_load(&over)) {
        int sent = 0, queued = 0;
        poll(&readable, 1, 100);
        int n = recvmmsg(fd, in, BATCH, MSG_DONTWAIT, NULL);
        for (int i = 0; i < n; i++)
            if (in[i].msg_len == HEADER + SAMPLES && routes[route_of(key_of(&in_from[i]))].call)
                bridge(i, queued++);
        while (sent < queued) {
            int m = sendmmsg(fd, out + sent, (unsigned)(queued - sent), MSG_DONTWAIT);
            sent += m > 0 ? m : 1;
        }
    }
}

static void stop(int number)
{
    (void)number;
    atomic_store(&over, true);
}

int main(int argc, char **argv)
{
    struct sockaddr_in local = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sched_param fifo = {.sched_priority = 10};
    const int bytes = 4 << 20;
    pthread_t writer;

    if (argc != 3 || !read_calls(argv[2])) {
        fprintf(stderr, "usage: bare_loop PORT FOLDER < calls\n");
        return 2;
    }
    for (int i = 0; i < 256; i++)
        from_ulaw[i] = ulaw_to_linear((uint8_t)i);
    for (int i = 0; i < 1 << 14; i++)
        to_ulaw[i] = linear_to_ulaw((int16_t)(i << 2));
    for (int i = 0; i < BATCH; i++) {
        in_part[i] = (struct iovec){in_bytes[i], sizeof in_bytes[i]};
        in[i].msg_hdr = (struct msghdr){.msg_name = &in_from[i], .msg_namelen = sizeof in_from[i],
                                        .msg_iov = &in_part[i], .msg_iovlen = 1};
        out_part[i] = (struct iovec){out_bytes[i], sizeof out_bytes[i]};
        out[i].msg_hdr = (struct msghdr){.msg_namelen = sizeof in_from[i], .msg_iov = &out_part[i], .msg_iovlen = 1};
    }
    local.sin_port = htons((uint16_t)atoi(argv[1]));
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&local, sizeof local)) {
        perror("bare_loop");
        return 1;
    }
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
    signal(SIGTERM, stop);
    pthread_create(&writer, NULL, record, NULL);
    pthread_setschedparam(pthread_self(), SCHED_FIFO, &fifo);
    puts("ready");
    fflush(stdout);
    loop(fd);
    pthread_join(writer, NULL);
    printf("%d digits\n", atomic_load(&digits));
    return 0;
}
