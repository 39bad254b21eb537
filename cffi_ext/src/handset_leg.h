/* A handset as one end of a call. Its codec is the master clock: a frame goes out for each that came. */
#ifndef KL_HANDSET_LEG_H
#define KL_HANDSET_LEG_H

#include "leg.h"
#include "microphone.h"
#include "volume.h"

struct kl_link;

typedef struct {
    leg leg;
    struct kl_link *link; /* NULL once it is closed */
    const int16_t *frame; /* the one that has just come, as the microphone heard it; NULL: none */
    microphone *microphone; /* cleans it; NULL: nobody does */
    int clean_to;           /* at this rate; 0: it is to be heard as it is */
    volume volume;          /* of the receiver */
    bool flat;              /* but not now */
} handset_leg;

/* Any thread. False without memory; release either way. */
bool handset_leg_init(handset_leg *h, bool clean);
void handset_leg_release(handset_leg *h);
/* Audio thread. Link and leg forget each other. */
void handset_leg_unplug(handset_leg *h);

#endif
