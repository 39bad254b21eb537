/* The producers' side of the event bus. */
#ifndef KL_BUS_H
#define KL_BUS_H

#include "kinline_bus.h"

/* One lane a producer thread. */
enum { KL_LANE_AUDIO, KL_LANE_WRITER, KL_LANE_SIP, KL_LANES };

/* Copies the event into the lane and wakes the consumer. Never blocks or allocates.
 * mono_ns of 0 is filled in. Returns 0, -EINVAL for a bad lane or length, or -ENOBUFS when the
 * lane is full (the loss is counted). */
int kl_bus_post(kl_bus *bus, int lane, const kl_event *event);

#endif
