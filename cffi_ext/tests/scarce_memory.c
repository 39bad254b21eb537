/* Each allocation of a handset's call and a bridged one fails in turn: every function says so, nothing crashes, and
 * nothing that was allocated before stays. */
#include <errno.h>
#include <openssl/err.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "loopback.h"
#include "place.h"

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
extern void __libc_free(void *p);

static atomic_int until_failure; /* 0: none fails */
static atomic_int live;
static atomic_bool failed;

static bool fails(void)
{
    if (!atomic_load(&until_failure) || atomic_fetch_sub(&until_failure, 1) != 1)
        return false;
    atomic_store(&failed, true);
    errno = ENOMEM;
    return true;
}

static void *counted(void *p)
{
    atomic_fetch_add(&live, p != NULL);
    return p;
}

void *malloc(size_t size)
{
    return fails() ? NULL : counted(__libc_malloc(size));
}

void *calloc(size_t n, size_t size)
{
    return fails() ? NULL : counted(__libc_calloc(n, size));
}

void *realloc(void *p, size_t size)
{
    if (fails())
        return NULL;
    void *moved = __libc_realloc(p, size);
    atomic_fetch_add(&live, moved && !p);
    return moved;
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return fails() ? NULL : counted(__libc_memalign(alignment, size));
}

void free(void *p)
{
    atomic_fetch_sub(&live, p != NULL);
    __libc_free(p);
}

/* ----------------------------------------------------------------------------------------------- */

static char path[PLACE_PATH];

static bool talk(kl_engine *engine, uint32_t call)
{
    static int16_t tone[1600] = {1000};
    kl_call_far_end far = {.ip = "127.0.0.1", .port = 9, .codec = KL_CODEC_PCMU, .dtmf_type = 101,
                           .srtp = KL_SRTP_AES_CM_128_HMAC_SHA1_80, .send_key = secret[0], .receive_key = secret[1]};
    int clip = kl_clip_load(engine, tone, 1600);

    CHECK(clip > 0 || clip == -ENOMEM);
    if (kl_call_far(engine, call, &far) || kl_call_gate(engine, call, 1) || clip < 0)
        return false;
    uint32_t id = (uint32_t)clip;
    kl_recording recording = {path, secret[0], (const uint8_t *)"{}", 2, 8000};
    int error = kl_call_record(engine, call, &recording);
    CHECK(error <= 0);
    if (!error)
        CHECK(!kl_call_record_stop(engine, call));
    return !error && !kl_call_play(engine, call, KL_SIDE_FAR, &id, 1, KL_PLAY_QUEUE, 1);
}

static bool calls(kl_engine *engine, int fd)
{
    int bridged = kl_call_create_bridged(engine, KL_CALL_RECORDED | KL_CALL_MONITORED), link = kl_link_open(engine, fd);
    bool whole = bridged > 0 && link > 0;

    CHECK((bridged > 0 || bridged == -ENOMEM) && (link > 0 || link == -ENOMEM));
    whole = whole && !kl_link_keys(engine, (uint32_t)link, 1, secret[0], secret[1], secret[2], secret[3]);
    int call = link > 0 ? kl_call_create(engine, (uint32_t)link, KL_CALL_RECORDED) : -ENOMEM;
    CHECK(call > 0 || call == -ENOMEM);
    whole = whole && call > 0 && talk(engine, (uint32_t)call);
    if (bridged > 0)
        CHECK(!kl_call_destroy(engine, (uint32_t)bridged));
    if (call > 0)
        CHECK(!kl_call_destroy(engine, (uint32_t)call));
    if (link > 0)
        CHECK(!kl_link_close(engine, (uint32_t)link));
    return whole;
}

/* Whether everything went well. */
static bool scenario(int fd)
{
    kl_engine_config config = {.rtp_bind_ip = "127.0.0.1", .jitter_min_ms = 20, .jitter_max_ms = 120};
    kl_bus *bus = kl_bus_create();
    kl_engine *engine = bus ? kl_engine_create(bus, &config) : NULL;
    bool whole = engine && calls(engine, fd);

    kl_engine_destroy(engine);
    kl_bus_destroy(bus);
    unlink(path);
    return whole;
}

int main(void)
{
    int master, slave, n;

    place_for(path, "recording.klr");
    raw_pty(&master, &slave);
    for (int i = 0; i < 2; i++)
        CHECK(scenario(slave)); /* libraries fill their caches */
    ERR_raise(ERR_LIB_USER, ERR_R_INTERNAL_ERROR); /* libcrypto keeps a thread's errors once there has been one */
    ERR_clear_error();
    int before = atomic_load(&live);
    CHECK(scenario(slave) && atomic_load(&live) == before);
    for (n = 1;; n++) {
        atomic_store(&failed, false);
        atomic_store(&until_failure, n);
        scenario(slave); /* libcrypto asks again for some, so that all may be well */
        atomic_store(&until_failure, 0);
        ERR_clear_error();
        if (!atomic_load(&failed))
            break;
        if (atomic_load(&live) != before)
            printf("allocation %d: %d blocks more than before\n", n, atomic_load(&live) - before);
        CHECK(atomic_load(&live) == before);
    }
    printf("%d allocations failed in turn\n", n - 1);
    CHECK(n > 50);
    return 0;
}
