/* One handset link in the audio thread. */
#ifndef KL_LINK_H
#define KL_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "kinline_engine.h"

struct kl_call;

enum { LINK_OUT_BYTES = 8192 };

typedef struct {
    kl_frame_keys *keys;
    uint8_t epoch;
    uint32_t sequence; /* of the last frame sealed */
} send_keys;

typedef struct kl_link {
    kl_engine *engine;
    uint32_t id;
    int fd;
    bool gone;
    bool waiting; /* for the descriptor to become writable */
    kl_frame_rx *rx;
    send_keys send[2];
    unsigned active; /* which of send is in force, if it has keys */
    bool pending;    /* the other one waits for its first frame from the handset */
    uint32_t clear_sequence;
    struct kl_call *call; /* NULL: none */
    kl_link_counters counters;
    uint32_t out_start, out_end; /* unwritten bytes of out */
    uint8_t out[LINK_OUT_BYTES];
} kl_link;

/* Readiness of the descriptor as epoll gave it. */
void link_ready(kl_link *l, uint32_t events);
/* Seals and writes one 20 ms frame (320 samples) to the handset. */
void link_send_audio(kl_link *l, const int16_t *pcm);
void link_send_to(kl_engine *engine, uint32_t id, uint8_t type, const uint8_t *text, uint16_t len);

/* Any thread, once nothing else refers to it. */
void link_free(kl_link *l);

#endif
