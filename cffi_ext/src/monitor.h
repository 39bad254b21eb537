/* Staff who listen to a call, and may speak into it: a ring each way between the audio thread and one other. */
#ifndef KL_MONITOR_H
#define KL_MONITOR_H

#include <stdbool.h>
#include <stdint.h>

#include "kinline_engine.h"
#include "leg.h"

/* Audio thread, all of it. 20 ms of both parties at 16 kHz; a full ring drops and counts them. */
void monitor_push(kl_monitor *m, const int16_t *left, const int16_t *right);
/* Adds what is being said to the listener of one direction (0 or 1) to what goes there, at whatever rates
 * that is at hand (one with n of 0 is not, the first always is); false if nothing is being said. */
bool monitor_speak(kl_monitor *m, int direction, voice *const *to, int rates);
/* What has been said so far is not heard by the listener of that direction. */
void monitor_forget(kl_monitor *m, int direction);
/* The call is over: nothing more comes. */
void monitor_over(kl_monitor *m);

#endif
