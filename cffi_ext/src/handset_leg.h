/* A handset as one end of a call. Its codec is the master clock: a frame goes out for each that came. */
#ifndef KL_HANDSET_LEG_H
#define KL_HANDSET_LEG_H

#include "leg.h"

struct kl_link;

typedef struct {
    leg leg;
    struct kl_link *link; /* NULL once it is closed */
    const int16_t *frame; /* the one that has just come; NULL: none */
} handset_leg;

void handset_leg_init(handset_leg *h);
/* Audio thread. Link and leg forget each other. */
void handset_leg_unplug(handset_leg *h);

#endif
