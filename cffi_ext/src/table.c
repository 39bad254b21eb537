#include "table.h"

#include <errno.h>
#include <stddef.h>

/* Keeps ids positive as int. */
static const uint32_t GENERATIONS = 1u << 21;

static uint32_t id_of(const table *t, uint32_t slot)
{
    return t->generation[slot] * TABLE_SLOTS + slot;
}

int table_put(table *t, void *item)
{
    uint32_t slot = 0;

    while (slot < TABLE_SLOTS && t->item[slot])
        slot++;
    if (slot == TABLE_SLOTS)
        return -ENFILE;
    t->item[slot] = item;
    t->generation[slot] = t->generation[slot] % (GENERATIONS - 1) + 1;
    t->count++;
    if (slot >= t->high)
        t->high = slot + 1;
    return (int)id_of(t, slot);
}

void *table_get(const table *t, uint32_t id)
{
    uint32_t slot = id % TABLE_SLOTS;

    return id_of(t, slot) == id ? t->item[slot] : NULL;
}

void *table_take(table *t, uint32_t id)
{
    void *item = table_get(t, id);

    if (item) {
        t->item[id % TABLE_SLOTS] = NULL;
        t->count--;
    }
    return item;
}
