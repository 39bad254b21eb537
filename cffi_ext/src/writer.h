/* Recordings: filled by the audio thread through a ring each, written by a thread of their own. */
#ifndef KL_WRITER_H
#define KL_WRITER_H

#include <stdint.h>

#include "kinline_bus.h"

enum { RECORDER_BLOCK = 160 }; /* sample pairs: 20 ms at 8 kHz */

typedef struct writer writer;
typedef struct recorder recorder;

/* NULL with errno. */
writer *writer_create(kl_bus *bus);
/* Closes all recordings whole and ends the thread. No audio thread may run any more. */
void writer_destroy(writer *w);

/* Any thread but audio. Creates the file; events carry id. NULL with errno. */
recorder *recorder_open(writer *w, const char *path, uint32_t id);

/* Audio thread. One 20 ms block; a full ring drops it and counts that. */
void recorder_push(recorder *r, const int16_t *left, const int16_t *right);
/* Audio thread: no more blocks. The writer closes and frees it. */
void recorder_end(recorder *r);

#endif
