/* Those who keep a call or overhear it: its recorder, and staff who monitor it. A private call has a place for neither. */
#ifndef KL_OBSERVE_H
#define KL_OBSERVE_H

#include "ears.h"
#include "monitor.h"
#include "stereo.h"
#include "writer.h"

struct kl_call;

enum { CALL_MONITORS = 4 };

typedef struct {
    recorder *recorder; /* NULL: not being recorded */
    stereo voices;
    kept_text text[2]; /* far, near */
} recording_place;

typedef struct {
    kl_monitor *by[CALL_MONITORS]; /* NULL: nobody */
    stereo voices;
} monitoring_place;

/* All of it in the audio thread. */

void observe_record(struct kl_call *c, recorder *r);
/* What waits is written, the recorder ended and forgotten. */
void observe_record_end(struct kl_call *c);

/* False when as many listen as can. */
bool observe_monitor(struct kl_call *c, kl_monitor *m);
void observe_monitor_end(struct kl_call *c, const kl_monitor *m);

/* The call is over. */
void observe_end(struct kl_call *c);

#endif
