/* One report a key press of the far party, whether it comes as RFC 4733 events, in band, or both. */
#ifndef KL_DTMF_H
#define KL_DTMF_H

#include <spandsp.h>
#include <stdbool.h>
#include <stdint.h>

#include "rtp.h"

/* method: KL_DTMF_... */
typedef void (*dtmf_report)(void *user, char digit, int method);

enum { DTMF_METHODS = 2, DTMF_TWINS = 4 };

/* A press already reported by the one method that the other may still bring. */
typedef struct {
    char digit; /* 0: none */
    int64_t until_ns;
} dtmf_twin;

typedef struct {
    dtmf_rx_state_t *rx;
    dtmf_report report;
    void *user;
    bool in_band;
    int64_t now_ns;
    bool event_seen; /* newest_event is valid */
    uint32_t newest_event;
    uint32_t event_ssrc;
    dtmf_twin twins[DTMF_METHODS][DTMF_TWINS];
} dtmf_detector;

/* Allocates spandsp's receiver; false without memory. */
bool dtmf_init(dtmf_detector *d, dtmf_report report, void *user);
void dtmf_release(dtmf_detector *d);
/* A telephone-event packet as it arrives. */
void dtmf_event(dtmf_detector *d, const rtp_packet *packet, const rtp_event *event, int64_t now_ns);
/* Audio as it is played out; nothing happens while in_band is off. */
void dtmf_audio(dtmf_detector *d, const int16_t *pcm, int n, int64_t now_ns);

#endif
