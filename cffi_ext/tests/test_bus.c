/* Three producers and a consumer: nothing lost or out of order while polled, losses counted when not. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>

#include "bus.h"
#include "check.h"

enum { EVENTS = 20000 };

typedef struct {
    kl_bus *bus;
    int lane;
} producer;

static void *produce(void *arg)
{
    producer *p = arg;
    kl_event event = {.source = (uint16_t)(p->lane + 1), .len = 4};

    for (int i = 0; i < EVENTS; i++) {
        event.code = i;
        memcpy(event.data, &i, sizeof i);
        while (kl_bus_post(p->bus, p->lane, &event))
            sched_yield();
    }
    return NULL;
}

static void test_producers_and_consumer(void)
{
    static kl_event got[64];
    kl_bus *bus = kl_bus_create();
    pthread_t threads[KL_LANES];
    producer producers[KL_LANES];
    int next[KL_LANES] = {0}, total = 0;

    for (int lane = 0; lane < KL_LANES; lane++) {
        producers[lane] = (producer){bus, lane};
        CHECK(!pthread_create(&threads[lane], NULL, produce, &producers[lane]));
    }
    while (total < KL_LANES * EVENTS) {
        struct pollfd ready = {.fd = kl_bus_fd(bus), .events = POLLIN};
        CHECK(poll(&ready, 1, 10000) == 1); /* a lost wake-up would end here */
        int n = kl_bus_poll(bus, got, 64);
        for (int i = 0; i < n; i++) {
            int lane = got[i].source - 1, value;
            memcpy(&value, got[i].data, sizeof value);
            CHECK(got[i].code == next[lane]++ && value == got[i].code && got[i].mono_ns > 0);
        }
        total += n;
    }
    for (int lane = 0; lane < KL_LANES; lane++)
        pthread_join(threads[lane], NULL);
    CHECK(kl_bus_poll(bus, got, 64) == 0);
    kl_bus_destroy(bus);
}

static void test_full_lane_counts_and_keeps_the_oldest(void)
{
    kl_bus *bus = kl_bus_create();
    kl_event event = {.source = KL_SRC_LINK}, got[1];
    int posted = 0;

    while (!kl_bus_post(bus, KL_LANE_AUDIO, &event))
        event.code = ++posted;
    CHECK(posted == 4096 && kl_bus_dropped(bus) == 1);
    CHECK(!kl_bus_post(bus, KL_LANE_SIP, &event)); /* another lane is not affected */
    CHECK(kl_bus_poll(bus, got, 1) == 1 && got[0].code == 0);
    CHECK(!kl_bus_post(bus, KL_LANE_AUDIO, &event));
    kl_bus_destroy(bus);
}

static void test_bad_posts_are_refused(void)
{
    kl_bus *bus = kl_bus_create();
    kl_event event = {.len = KL_EVENT_DATA + 1};

    CHECK(kl_bus_post(bus, KL_LANE_AUDIO, &event) == -EINVAL);
    event.len = 0;
    CHECK(kl_bus_post(bus, KL_LANES, &event) == -EINVAL && kl_bus_post(bus, -1, &event) == -EINVAL);
    kl_bus_destroy(bus);
    kl_bus_destroy(NULL);
}

int main(void)
{
    test_producers_and_consumer();
    test_full_lane_counts_and_keeps_the_oldest();
    test_bad_posts_are_refused();
    return 0;
}
