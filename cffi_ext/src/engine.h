/* The engine's own state. After start-up everything but commands and writer belongs to the audio thread. */
#ifndef KL_ENGINE_H
#define KL_ENGINE_H

#include <pthread.h>
#include <stdbool.h>

#include "command.h"
#include "kinline_engine.h"
#include "rtp_port.h"
#include "table.h"
#include "writer.h"

struct clip;

struct kl_engine {
    kl_bus *bus;
    kl_engine_config config;
    command_queue commands;
    writer *writer;
    pthread_t audio;
    int epoll;
    bool stopping;
    int64_t now_ns; /* when the current wake-up began */
    int64_t next_phase_ns;
    uint32_t phase; /* counts on */
    rtp_port rtp, rtcp; /* the port after it */
    table links;
    table calls;
    table clips;
    struct clip *tones[KL_TONE_COUNT];
    kl_engine_counters counters;
};

int64_t engine_clock_ns(void);

/* Posts on the audio thread's lane, with the time of this wake-up. */
void engine_post(kl_engine *engine, uint16_t source, uint16_t kind, uint32_t id, int32_t code,
                 const void *data, uint32_t len);

#endif
