/* The public face of clips. As everywhere: the first half of each function runs in the caller's thread and
 * may allocate and open files, the second half (do_...) in the audio thread may not. */
#include <errno.h>

#include "clip.h"
#include "engine.h"

enum { CLIP_MOST = 16000 * 600 }; /* ten minutes, 29 MB with its narrow twin: whatever is longer is no prompt */

static int do_clip_load(kl_engine *engine, void *arg)
{
    return table_put(&engine->clips, arg);
}

int kl_clip_load(kl_engine *engine, const int16_t *samples, size_t n)
{
    if (!n)
        return -EINVAL;
    if (n > CLIP_MOST)
        return -EFBIG;
    clip *c = clip_create(samples, n);
    if (!c)
        return -ENOMEM;
    int id = command_ask(&engine->commands, do_clip_load, c);
    if (id < 0)
        clip_free(c);
    return id;
}

typedef struct {
    uint32_t id;
    clip *taken;
} clip_arg;

static int do_clip_free(kl_engine *engine, void *arg)
{
    clip_arg *a = arg;
    clip *c = table_get(&engine->clips, a->id);

    if (!c)
        return -ENOENT;
    if (c->uses)
        return -EBUSY;
    a->taken = table_take(&engine->clips, a->id);
    return 0;
}

int kl_clip_free(kl_engine *engine, uint32_t id)
{
    clip_arg a = {.id = id};
    int result = command_ask(&engine->commands, do_clip_free, &a);

    clip_free(a.taken);
    return result;
}
