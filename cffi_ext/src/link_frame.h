/* What the engine needs of a receiver beyond its public face. */
#ifndef KL_LINK_FRAME_H
#define KL_LINK_FRAME_H

#include "kinline_frame.h"

/* Installs pending keys and returns those it displaces, for another thread to destroy. */
kl_frame_keys *frame_rx_swap(kl_frame_rx *rx, uint8_t epoch, kl_frame_keys *keys);
/* Takes all keys out, for another thread to destroy. */
void frame_rx_take(kl_frame_rx *rx, kl_frame_keys *taken[2]);
/* How often pending keys have come into force. */
unsigned frame_rx_promotions(const kl_frame_rx *rx);

#endif
