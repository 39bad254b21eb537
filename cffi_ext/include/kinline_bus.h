/* Events from the engine's threads to Python, through one eventfd.
 *
 * Producers (audio, writer, SIP) each own a lane: a bounded ring that never blocks its writer.
 * One consumer thread calls kl_bus_poll. Within a lane order is kept; between lanes it is not.
 *
 * The headers in this folder are also the cffi cdef, with preprocessor lines removed:
 * constants are enums, and every line that is not a comment or a directive is plain C. */
#ifndef KINLINE_BUS_H
#define KINLINE_BUS_H

#include <stdint.h>

typedef struct kl_bus kl_bus;

enum {
    KL_SRC_LINK = 1,
    KL_SRC_CALL = 2,
    KL_SRC_SIP = 3,
    KL_SRC_RECORDER = 4,
};

enum { KL_EVENT_DATA = 1000 };

typedef struct {
    uint16_t source;    /* KL_SRC_... */
    uint16_t kind;      /* the source's own enumeration */
    uint32_t id;        /* which link, call or SIP leg */
    int32_t code;
    uint32_t len;       /* bytes used of data */
    int64_t mono_ns;    /* CLOCK_MONOTONIC when it happened */
    uint8_t data[1000]; /* KL_EVENT_DATA */
} kl_event;

/* NULL when memory or descriptors are short (errno says which). */
kl_bus *kl_bus_create(void);

/* Only after every producer thread has ended. */
void kl_bus_destroy(kl_bus *bus);

/* Readable while events wait. Non-blocking; kl_bus_poll clears it, nobody else reads it. */
int kl_bus_fd(kl_bus *bus);

/* Takes at most max events; returns how many. If more wait, the descriptor stays readable. */
int kl_bus_poll(kl_bus *bus, kl_event *out, int max);

/* Events lost to full lanes since creation. */
uint64_t kl_bus_dropped(kl_bus *bus);

#endif
