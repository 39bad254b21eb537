/* A load of handset calls on the engine: what comes over their serial lines, and what their far ends send.
 *
 * Each handset speaks a sealed frame every 20 ms, in turn with the others; its far end answers each packet that comes,
 * under that packet's header. Both say what two files hold, over and over, each call from another place.
 *
 * Usage: handset_load NEAR FAR; frames of 640 bytes (16 kHz) and of 160 (a G.711 payload). On standard input one line a
 * call: "line far cipher tag srtp suite", descriptors of the pty's master and of a connected UDP socket, keys in
 * hexadecimal ("-" for media in clear). An empty line starts; each further one is answered by a tally, its end ends. */
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "kinline_frame.h"
#include "kinline_srtp.h"
#include "link_wire.h"

enum {
    CALLS_MOST = 1000,
    SLOTS = 10, /* handsets share no clock: they speak in turn within each 20 ms */
    NEAR_BYTES = 640,
    FAR_BYTES = 160,
    RTP_HEADER = 12,
    EPOCH = 1,
    APART = 37, /* frames between the places at which two calls begin */
    HEX_MOST = 2 * KL_FRAME_SECRET_BYTES,
};
static const int64_t SLOT_NS = 2000000, GAP_NS = 60000000;
/* A side so late itself makes gaps, for so long. */
static const int64_t LATE_NS = 10000000, EXCUSED_NS = 100000000;

typedef struct {
    int line, far;
    kl_frame_keys *keys;
    kl_srtp *srtp;
    uint32_t sent;
    uint64_t answered_bytes, heard;
    int64_t answered_ns, heard_ns; /* 0: nothing yet */
} call;

typedef struct {
    uint8_t *bytes;
    size_t frames;
} sound;

static call calls[CALLS_MOST];
static size_t count;
static sound near, far;
/* Since the last tally. */
static struct {
    uint64_t gaps, blocked;
    int64_t longest_ns, late_ns;
    int64_t stood_ns; /* for which this side stood still: what was due then it sends late and all at once */
} tally;
static int64_t excused_until_ns, last_late_ns;

static int64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static bool load(const char *path, size_t size, sound *s)
{
    FILE *f = fopen(path, "rb");

    if (!f || fseek(f, 0, SEEK_END))
        return false;
    s->frames = (size_t)ftell(f) / size;
    s->bytes = malloc(s->frames * size + 1);
    rewind(f);
    bool whole = s->bytes && s->frames && fread(s->bytes, size, s->frames, f) == s->frames;
    fclose(f);
    return whole;
}

static bool unhex(const char *text, uint8_t *out, size_t most)
{
    size_t n = strlen(text) / 2;

    for (size_t i = 0; i < n && n <= most; i++)
        if (sscanf(text + 2 * i, "%2hhx", &out[i]) != 1)
            return false;
    return n <= most;
}

/* A line of standard input; false at its end. */
static bool told(char *line, size_t size)
{
    return fgets(line, (int)size, stdin);
}

static bool add(const char *line)
{
    char cipher[HEX_MOST + 1], tag[HEX_MOST + 1], srtp[HEX_MOST + 1];
    uint8_t keys[3][KL_FRAME_SECRET_BYTES];
    call *c = &calls[count];
    int suite;

    if (count == CALLS_MOST ||
        sscanf(line, "%d %d %64s %64s %64s %d", &c->line, &c->far, cipher, tag, srtp, &suite) != 6 ||
        !unhex(cipher, keys[0], sizeof keys[0]) || !unhex(tag, keys[1], sizeof keys[1]))
        return false;
    if (suite && (!unhex(srtp, keys[2], sizeof keys[2]) || !(c->srtp = kl_srtp_create(suite, keys[2]))))
        return false;
    c->keys = kl_frame_keys_create(keys[0], keys[1]);
    count++;
    return c->keys;
}

/* What this side had to wait for is a gap only if it was on time itself. */
static void mark(int64_t *last, int64_t now)
{
    int64_t gap = *last && now > excused_until_ns ? now - *last : 0;

    if (gap > tally.longest_ns)
        tally.longest_ns = gap;
    tally.gaps += gap > GAP_NS;
    *last = now;
}

static void hear_line(call *c, int64_t now)
{
    uint8_t bytes[4096];
    ssize_t n = read(c->line, bytes, sizeof bytes);

    if (n <= 0)
        return;
    c->answered_bytes += (uint64_t)n;
    mark(&c->answered_ns, now);
}

static void speak_far(call *c, uint8_t *packet, size_t at)
{
    size_t len = RTP_HEADER + FAR_BYTES;

    memcpy(packet + RTP_HEADER, far.bytes + at % far.frames * FAR_BYTES, FAR_BYTES);
    if (c->srtp) {
        int n = kl_srtp_protect(c->srtp, packet, len, 512);
        if (n < 0)
            return;
        len = (size_t)n;
    }
    send(c->far, packet, len, MSG_DONTWAIT);
}

static bool is_rtcp(const uint8_t *packet)
{
    return packet[1] >= 192 && packet[1] <= 223; /* RFC 5761 §4 */
}

static void hear_far(call *c, size_t at, int64_t now)
{
    uint8_t packet[512];
    ssize_t n;

    while ((n = recv(c->far, packet, sizeof packet, MSG_DONTWAIT)) >= 0) {
        if (n < RTP_HEADER || is_rtcp(packet))
            continue;
        c->heard++;
        mark(&c->heard_ns, now);
        speak_far(c, packet, at);
    }
}

static void step(call *c, size_t index, uint64_t frame, int64_t now)
{
    size_t at = (size_t)frame + APART * index;
    uint8_t wire[KL_FRAME_WIRE_MAX];

    hear_line(c, now);
    hear_far(c, at, now);
    int n = kl_frame_seal(c->keys, KL_WIRE_MSG_AUDIO, EPOCH, ++c->sent, near.bytes + at % near.frames * NEAR_BYTES,
                          NEAR_BYTES, wire, sizeof wire);
    tally.blocked += write(c->line, wire, (size_t)n) != n;
}

static void tell(void)
{
    uint64_t sent = 0, answered = 0, heard = 0;

    for (size_t i = 0; i < count; i++) {
        sent += calls[i].sent;
        answered += calls[i].answered_bytes / KL_FRAME_WIRE_MAX;
        heard += calls[i].heard;
    }
    printf("{\"sent\": %llu, \"answered\": %llu, \"heard\": %llu, \"gaps\": %llu, \"blocked\": %llu, "
           "\"longest_gap_s\": %.4f, \"late_s\": %.4f, \"stood_s\": %.4f}\n",
           (unsigned long long)sent, (unsigned long long)answered, (unsigned long long)heard,
           (unsigned long long)tally.gaps, (unsigned long long)tally.blocked, (double)tally.longest_ns / 1e9,
           (double)tally.late_ns / 1e9, (double)tally.stood_ns / 1e9);
    fflush(stdout);
    memset(&tally, 0, sizeof tally);
}

static void wait_until(int64_t due)
{
    struct timespec t = {due / 1000000000, due % 1000000000};

    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
        ;
    int64_t now = now_ns(), late = now - due;
    if (late > tally.late_ns)
        tally.late_ns = late;
    if (late > LATE_NS) {
        excused_until_ns = now + EXCUSED_NS;
        if (late > last_late_ns)
            tally.stood_ns += late - last_late_ns;
    }
    last_late_ns = late;
}

int main(int argc, char **argv)
{
    struct sched_param fifo = {.sched_priority = 5};
    struct pollfd words = {STDIN_FILENO, POLLIN, 0};
    char line[512];

    if (argc != 3 || !load(argv[1], NEAR_BYTES, &near) || !load(argv[2], FAR_BYTES, &far)) {
        fprintf(stderr, "usage: handset_load NEAR FAR\n");
        return 2;
    }
    setvbuf(stdin, NULL, _IONBF, 0);
    while (told(line, sizeof line) && *line != '\n')
        if (!add(line)) {
            fprintf(stderr, "handset_load: cannot use this call: %s", line);
            return 2;
        }
    sched_setscheduler(0, SCHED_FIFO, &fifo); /* else what else runs here would count as the engine's loss */
    int64_t due = now_ns();
    for (uint64_t number = 0;; number++) {
        wait_until(due += SLOT_NS);
        int64_t now = now_ns();
        for (size_t i = (size_t)(number % SLOTS); i < count; i += SLOTS)
            step(&calls[i], i, number / SLOTS, now);
        if (poll(&words, 1, 0) > 0) {
            if (!told(line, sizeof line))
                return 0;
            tell();
        }
    }
}
