#include "dtmf.h"

#include <string.h>

#include "kinline_engine.h"

/* RFC 4733 §2.3.5: so many units at most, 8.2 s, are told of under one timestamp. */
static const int32_t EVENT_MOST = 0xffff;
/* In-band tones leave the jitter buffer (at most 400 ms) and the detector (50 ms) after the events. */
static const int64_t TWIN_NS = 500000000;

static void pressed(dtmf_detector *d, char digit, int method)
{
    dtmf_twin *twin = d->twins[method - 1];
    dtmf_twin *other = d->twins[DTMF_METHODS - method];
    int oldest = 0;

    for (int i = 0; i < DTMF_TWINS; i++) {
        if (other[i].digit == digit && d->now_ns < other[i].until_ns) {
            other[i].digit = 0;
            return;
        }
    }
    for (int i = 1; i < DTMF_TWINS; i++)
        if (twin[i].until_ns < twin[oldest].until_ns)
            oldest = i;
    twin[oldest] = (dtmf_twin){digit, d->now_ns + TWIN_NS};
    d->report(d->user, digit, method);
}

static void in_band_changed(void *user, int digit, int level, int delay)
{
    (void)level;
    (void)delay;
    if (digit)
        pressed(user, (char)digit, KL_DTMF_IN_BAND);
}

bool dtmf_init(dtmf_detector *d, dtmf_report report, void *user)
{
    memset(d, 0, sizeof *d);
    d->report = report;
    d->user = user;
    d->in_band = true;
    d->rx = dtmf_rx_init(NULL, NULL, NULL);
    if (d->rx)
        dtmf_rx_set_realtime_callback(d->rx, in_band_changed, d);
    return d->rx;
}

void dtmf_release(dtmf_detector *d)
{
    if (d->rx)
        dtmf_rx_free(d->rx);
}

void dtmf_event(dtmf_detector *d, const rtp_packet *packet, const rtp_event *event, int64_t now_ns)
{
    /* All packets of one press carry the timestamp of its beginning; those after the first, the
     * repeated ends and stragglers of an earlier press are the same press. Further back the timeline
     * has begun anew. */
    int32_t after = (int32_t)(packet->timestamp - d->newest_event);

    if (d->event_seen && d->event_ssrc == packet->ssrc && after <= 0 && after >= -EVENT_MOST)
        return;
    d->event_seen = true;
    d->event_ssrc = packet->ssrc;
    d->newest_event = packet->timestamp;
    d->now_ns = now_ns;
    pressed(d, "0123456789*#ABCD!"[event->code] /* 16: hook flash */, KL_DTMF_EVENT);
}

void dtmf_audio(dtmf_detector *d, const int16_t *pcm, int n, int64_t now_ns)
{
    if (!d->in_band)
        return;
    d->now_ns = now_ns;
    dtmf_rx(d->rx, pcm, n);
}
