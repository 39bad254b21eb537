/* A load of bridged PCMU calls on whatever device bridges them, and what comes back of it.
 *
 * Each of N calls has two parties. Each speaks a packet every 20 ms, spread evenly over those 20 ms, and
 * counts what it hears of the other. Parties differ by address, 127.1.x.y, all on one socket: a socket
 * each would cost this side more than the device. A packet's number travels in its first samples, as
 * quiet mu-law codes that survive decoding and encoding; with the kernel's receive time it gives the
 * latency through the device whatever the device does to the header.
 *
 * Usage: rtp_load PORT SETTLE_SECONDS SECONDS, and on standard input one line a call: where its two
 * parties send, "ip port ip port". Prints one JSON object. */
#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <netinet/in.h>
#include <sched.h>
#include <spandsp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum {
    CALLS_MOST = 2000,
    BATCH = 64,
    PHASES = 40, /* of 0.5 ms in a packet time */
    HEADER = 12,
    SAMPLES = 160,
    PACKET = HEADER + SAMPLES,
    MARK = 7,           /* bytes: three that say so, four of four bits */
    CODE = 0xe0,        /* mu-law codes e0..ef are at most 60 of 32767 */
    REMEMBERED = 256,   /* send times of a party's last packets: 5 s */
    UTTERANCE = 500,    /* packets of speech, then it begins anew */
    BIN_US = 50,
    BINS = 4000,        /* 200 ms */
    DRAIN_MS = 300,
    RATE = 8000,
};

static const int64_t PHASE_NS = 500000, GAP_NS = 60000000, MISSED_NS = 20000000;
static const uint8_t MAGIC[3] = {0xe5, 0xea, 0xe6};

typedef struct {
    struct in_addr self;
    struct sockaddr_in device;
    uint16_t sent;
    unsigned at; /* in the utterance */
    int64_t sent_ns[REMEMBERED];
    int64_t heard_ns; /* 0: nothing yet */
} party;

static party parties[2 * CALLS_MOST];
static int count; /* parties */
static uint8_t utterance[UTTERANCE][SAMPLES];

static struct {
    uint64_t sent, received, gaps, missed, strange;
    int64_t longest_gap_ns, latest_ns; /* latest: how far behind its time this side was */
    uint64_t bins[BINS];
    double sum_ms;
} tally;
static bool counting;

static int64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t); /* the clock of SO_TIMESTAMPNS */
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Speech as far as a codec and a digit detector can tell: noise of 300 to 2500 Hz in syllables, with
 * one digit, a 5 of 100 ms, each time round. */
static void make_utterance(void)
{
    double low = 0, high = 0;

    srand(1);
    for (int i = 0; i < UTTERANCE * SAMPLES; i++) {
        double white = rand() / (double)RAND_MAX - 0.5;
        low += 0.65 * (white - low);
        high += 0.2 * (low - high);
        double t = i / (double)RATE, v = (low - high) * 14000 * fabs(sin(M_PI * 2.5 * t));
        double into = t - 4;
        if (into > -0.06 && into < 0.16)
            v = into >= 0 && into < 0.1 ? 4000 * (sin(2 * M_PI * 770 * t) + sin(2 * M_PI * 1336 * t)) : 0;
        utterance[i / SAMPLES][i % SAMPLES] = linear_to_ulaw((int)v);
    }
}

static bool read_calls(void)
{
    char ip[2][64];
    unsigned port[2];

    while (scanf("%63s %u %63s %u", ip[0], &port[0], ip[1], &port[1]) == 4) {
        for (int side = 0; side < 2; side++, count++) {
            if (count == 2 * CALLS_MOST)
                return false;
            party *p = &parties[count];
            p->self.s_addr = htonl(0x7f010000u + (unsigned)count + 1);
            p->device = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port[side])};
            if (inet_pton(AF_INET, ip[side], &p->device.sin_addr) != 1)
                return false;
            p->at = (unsigned)(count * 7) % UTTERANCE;
        }
    }
    return count;
}

/* Socket ---------------------------------------------------------------------------------------- */

typedef union {
    char room[CMSG_SPACE(sizeof(struct in_pktinfo)) + CMSG_SPACE(sizeof(struct timespec))];
    struct cmsghdr align;
} control;

static struct mmsghdr out[BATCH], in[BATCH];
static struct iovec out_part[BATCH], in_part[BATCH];
static control out_control[BATCH], in_control[BATCH];
static uint8_t out_bytes[BATCH][PACKET], in_bytes[BATCH][1500];
static int queued;

static int open_socket(uint16_t port)
{
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(port)};
    const int one = 1, bytes = 4 << 20;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&any, sizeof any) ||
        setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &one, sizeof one) ||
        setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof one) ||
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes))
        return -1;
    for (int i = 0; i < BATCH; i++) {
        in_part[i] = (struct iovec){in_bytes[i], sizeof in_bytes[i]};
        out_part[i] = (struct iovec){out_bytes[i], PACKET};
        out[i].msg_hdr = (struct msghdr){.msg_namelen = sizeof(struct sockaddr_in), .msg_iov = &out_part[i],
                                         .msg_iovlen = 1, .msg_control = &out_control[i],
                                         .msg_controllen = CMSG_SPACE(sizeof(struct in_pktinfo))};
        struct cmsghdr *c = CMSG_FIRSTHDR(&out[i].msg_hdr);
        c->cmsg_level = IPPROTO_IP;
        c->cmsg_type = IP_PKTINFO;
        c->cmsg_len = CMSG_LEN(sizeof(struct in_pktinfo));
    }
    return fd;
}

static void flush(int fd)
{
    for (int done = 0; done < queued;) {
        int n = sendmmsg(fd, out + done, (unsigned)(queued - done), 0);
        done += n > 0 ? n : errno != EINTR; /* one that cannot go is lost */
    }
    queued = 0;
}

/* Speaking -------------------------------------------------------------------------------------- */

static void put16(uint8_t *p, unsigned v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static void speak(int fd, party *p)
{
    uint8_t *bytes = out_bytes[queued];
    struct in_pktinfo *from = (struct in_pktinfo *)CMSG_DATA(CMSG_FIRSTHDR(&out[queued].msg_hdr));
    uint32_t stamp = p->sent * (uint32_t)SAMPLES, ssrc = ntohl(p->self.s_addr);

    bytes[0] = 0x80;
    bytes[1] = 0;
    put16(bytes + 2, p->sent);
    put16(bytes + 4, stamp >> 16);
    put16(bytes + 6, stamp);
    put16(bytes + 8, ssrc >> 16);
    put16(bytes + 10, ssrc);
    memcpy(bytes + HEADER, utterance[p->at], SAMPLES);
    memcpy(bytes + HEADER, MAGIC, sizeof MAGIC);
    for (int i = 0; i < 4; i++)
        bytes[HEADER + 3 + i] = (uint8_t)(CODE | (p->sent >> (12 - 4 * i) & 15));
    *from = (struct in_pktinfo){.ipi_spec_dst = p->self};
    out[queued].msg_hdr.msg_name = &p->device;
    p->at = (p->at + 1) % UTTERANCE;
    p->sent_ns[p->sent++ % REMEMBERED] = now_ns();
    tally.sent += counting;
    if (++queued == BATCH)
        flush(fd);
}

static void speak_phase(int fd, int phase)
{
    for (int i = phase; i < count; i += PHASES)
        speak(fd, &parties[i]);
    flush(fd);
}

/* Hearing --------------------------------------------------------------------------------------- */

static void weigh(const party *speaker, party *listener, unsigned number, int64_t at_ns)
{
    int64_t latency = at_ns - speaker->sent_ns[number % REMEMBERED];
    int64_t gap = listener->heard_ns ? at_ns - listener->heard_ns : 0;
    int64_t bin = latency / 1000 / BIN_US;

    tally.received++;
    tally.missed += latency > MISSED_NS;
    tally.gaps += gap > GAP_NS;
    if (gap > tally.longest_gap_ns)
        tally.longest_gap_ns = gap;
    tally.bins[bin < 0 ? 0 : bin < BINS ? bin : BINS - 1]++;
    tally.sum_ms += (double)latency / 1e6;
}

static void heard(struct msghdr *m, const uint8_t *bytes, size_t len)
{
    int64_t at_ns = 0;
    unsigned index = UINT32_MAX, number = 0;

    for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
        if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_TIMESTAMPNS) {
            const struct timespec *t = (const struct timespec *)CMSG_DATA(c);
            at_ns = (int64_t)t->tv_sec * 1000000000 + t->tv_nsec;
        } else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
            index = ntohl(((const struct in_pktinfo *)CMSG_DATA(c))->ipi_addr.s_addr) - 0x7f010001u;
        }
    }
    if (index >= (unsigned)count || len != PACKET || memcmp(bytes + HEADER, MAGIC, sizeof MAGIC)) {
        tally.strange += counting;
        return;
    }
    for (int i = 0; i < 4; i++)
        number = number << 4 | (bytes[HEADER + 3 + i] & 15);
    if (counting)
        weigh(&parties[index ^ 1], &parties[index], number, at_ns);
    parties[index].heard_ns = at_ns;
}

static void hear(int fd)
{
    int n;

    do {
        for (int i = 0; i < BATCH; i++)
            in[i].msg_hdr = (struct msghdr){.msg_iov = &in_part[i], .msg_iovlen = 1, .msg_control = &in_control[i],
                                            .msg_controllen = sizeof in_control[i]};
        n = recvmmsg(fd, in, BATCH, MSG_DONTWAIT, NULL);
        for (int i = 0; i < n; i++)
            heard(&in[i].msg_hdr, in_bytes[i], in[i].msg_len);
    } while (n == BATCH);
}

/* ----------------------------------------------------------------------------------------------- */

static void wait_until(int64_t due_ns)
{
    struct timespec t = {due_ns / 1000000000, due_ns % 1000000000};

    while (clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &t, NULL) == EINTR)
        ;
}

static void talk(int fd, double settle_s, double seconds)
{
    int64_t begun = now_ns(), count_from = begun + (int64_t)(settle_s * 1e9);
    int64_t end = count_from + (int64_t)(seconds * 1e9);

    for (int64_t phase = 0; now_ns() < end; phase++) {
        int64_t due = begun + phase * PHASE_NS;
        wait_until(due);
        int64_t late = now_ns() - due;
        counting = due >= count_from;
        if (counting && late > tally.latest_ns)
            tally.latest_ns = late;
        speak_phase(fd, (int)(phase % PHASES));
        hear(fd);
    }
    wait_until(now_ns() + DRAIN_MS * 1000000);
    hear(fd);
}

static void print(void)
{
    printf("{\"sent\": %llu, \"received\": %llu, \"gaps\": %llu, \"missed\": %llu, \"strange\": %llu, "
           "\"longest_gap_ms\": %.2f, \"late_ms\": %.2f, \"mean_ms\": %.4f, \"bin_us\": %d, \"bins\": {",
           (unsigned long long)tally.sent, (unsigned long long)tally.received, (unsigned long long)tally.gaps,
           (unsigned long long)tally.missed, (unsigned long long)tally.strange, (double)tally.longest_gap_ns / 1e6,
           (double)tally.latest_ns / 1e6, tally.sum_ms / (double)(tally.received ? tally.received : 1), BIN_US);
    const char *comma = "";
    for (int i = 0; i < BINS; i++) {
        if (tally.bins[i]) {
            printf("%s\"%d\": %llu", comma, i, (unsigned long long)tally.bins[i]);
            comma = ", ";
        }
    }
    printf("}}\n");
}

int main(int argc, char **argv)
{
    struct sched_param fifo = {.sched_priority = 10};

    if (argc != 4 || !read_calls()) {
        fprintf(stderr, "usage: rtp_load PORT SETTLE_SECONDS SECONDS < calls, at most %d\n", CALLS_MOST);
        return 2;
    }
    int fd = open_socket((uint16_t)atoi(argv[1]));
    if (fd < 0) {
        perror("rtp_load");
        return 1;
    }
    sched_setscheduler(0, SCHED_FIFO, &fifo); /* a wish: what this side is late, its report says */
    make_utterance();
    talk(fd, atof(argv[2]), atof(argv[3]));
    print();
    return 0;
}
