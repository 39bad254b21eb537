/* Ids for things that come and go: a slot number and how often the slot was reused, so that an id
 * held too long names nothing. Owned by one thread. */
#ifndef KL_TABLE_H
#define KL_TABLE_H

#include <stdint.h>

enum { TABLE_SLOTS = 1024 }; /* a power of two */

typedef struct {
    void *item[TABLE_SLOTS];
    uint32_t generation[TABLE_SLOTS];
    uint32_t count;
    uint32_t high; /* slots from here on have never been used */
} table;

/* The new id (> 0), or -ENFILE. */
int table_put(table *t, void *item);
void *table_get(const table *t, uint32_t id);
/* Removes and returns it. */
void *table_take(table *t, uint32_t id);

#endif
