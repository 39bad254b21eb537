/* Where libFuzzer is missing: seeded mutation of generated inputs for a bounded time.
 * Usage: drive SECONDS SEED [FILE...]: half of the inputs are made from these */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST = 4096, FILES = 256 };

static uint64_t state;

static uint64_t draw(void) /* splitmix64 */
{
    uint64_t z = state += 0x9e3779b97f4a7c15u;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* Records of the form that most targets read, some with an RTP header, so that mutations reach behind the
 * first checks. */
static size_t generate(uint8_t *out)
{
    size_t n = 1;

    out[0] = (uint8_t)draw();
    for (unsigned parts = draw() % 12; parts; parts--) {
        uint8_t *record = out + n;
        size_t len = 12 + draw() % 180;
        record[0] = (uint8_t)draw();
        record[1] = (uint8_t)len;
        for (size_t i = 0; i < len; i++)
            record[2 + i] = draw() % 3 ? (uint8_t)draw() : 0;
        if (draw() % 2) {
            record[0] = (uint8_t)len; /* fuzz_rtp has the length first */
            record[2] = 0x80;
            memset(record + 4, 0, 7);
            memset(record + 10, 0, 4);
        }
        n += 2 + len;
    }
    return n;
}

static size_t mutate(uint8_t *bytes, size_t n)
{
    for (unsigned times = draw() % 5; times && n; times--) {
        size_t at = draw() % n;
        switch (draw() % 4) {
        case 0:
            bytes[at] ^= (uint8_t)(1u << draw() % 8);
            break;
        case 1:
            bytes[at] = (uint8_t)draw();
            break;
        case 2:
            n = at;
            break;
        default: {
            size_t len = draw() % (n - at) + 1;
            if (n + len <= MOST) {
                memmove(bytes + at + len, bytes + at, n - at);
                n += len;
            }
        }
        }
    }
    return n;
}

static uint8_t kept[FILES][MOST];
static size_t kept_len[FILES];
static unsigned files;

static void keep(const char *path)
{
    FILE *f = files < FILES ? fopen(path, "rb") : NULL;

    if (!f)
        return;
    kept_len[files] = fread(kept[files], 1, MOST, f);
    files++;
    fclose(f);
}

static size_t begin(uint8_t *bytes)
{
    if (!files || draw() % 2)
        return generate(bytes);
    unsigned i = draw() % files;
    memcpy(bytes, kept[i], kept_len[i]);
    return kept_len[i];
}

int main(int argc, char **argv)
{
    static uint8_t bytes[MOST];
    time_t until = time(NULL) + (argc > 1 ? atoi(argv[1]) : 10);
    unsigned long runs = 0;

    state = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
    for (int i = 3; i < argc; i++)
        keep(argv[i]);
    for (; time(NULL) < until; runs++) {
        /* Each input has a copy of its exact size, so that one byte too far is seen. */
        size_t n = mutate(bytes, begin(bytes));
        uint8_t *exact = malloc(n + !n);
        memcpy(exact, bytes, n);
        LLVMFuzzerTestOneInput(exact, n);
        free(exact);
    }
    printf("%lu inputs\n", runs);
    return 0;
}
