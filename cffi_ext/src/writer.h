/* Recordings: filled by the audio thread through a ring each, sealed and written by a thread of their own. */
#ifndef KL_WRITER_H
#define KL_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "kinline_bus.h"
#include "kinline_engine.h"

typedef struct writer writer;
typedef struct recorder recorder;

/* NULL with errno. */
writer *writer_create(kl_bus *bus);
/* Closes all recordings whole and ends the thread. No audio thread may run any more. */
void writer_destroy(writer *w);

/* Any thread but audio. The writer makes the file, so that a stuck disk holds up nobody else; events carry id. NULL
 * with errno (EINVAL for a bad rate or head). */
recorder *recorder_open(writer *w, const kl_recording *recording, uint32_t id);
/* Sample pairs a second. */
uint32_t recorder_rate(const recorder *r);

/* Audio thread. The next 20 ms, at the recorder's rate. A full ring drops them; true as that begins. */
bool recorder_push(recorder *r, const int16_t *left, const int16_t *right);
/* Audio thread: no more blocks. The writer closes and frees it. */
void recorder_end(recorder *r);
/* Any thread: instead of the above, for a recorder that was never given to the audio thread. */
void recorder_drop(recorder *r);

#endif
