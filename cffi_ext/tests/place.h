/* A directory of this process's own, under TMPDIR, for what a C test writes. It goes with the process, and so does what is in it. */
#ifndef PLACE_H
#define PLACE_H

#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "check.h"

enum { PLACE_PATH = 256 };

static char place_made[PLACE_PATH / 2];

static inline void place_clear(void)
{
    char path[2 * PLACE_PATH];
    DIR *place = opendir(place_made);

    for (struct dirent *e; place && (e = readdir(place));) {
        snprintf(path, sizeof path, "%s/%s", place_made, e->d_name);
        unlink(path); /* itself and its parent it cannot */
    }
    if (place)
        closedir(place);
    rmdir(place_made);
}

static inline void place_make(void)
{
    const char *above = getenv("TMPDIR");
    int n = snprintf(place_made, sizeof place_made, "%s/kinline-XXXXXX", above && *above ? above : "/tmp");

    CHECK(n < (int)sizeof place_made && mkdtemp(place_made) && !atexit(place_clear));
}

/* The path of a file there, which need not be. Any thread. */
static inline void place_for(char path[PLACE_PATH], const char *name)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, place_make);
    CHECK(snprintf(path, PLACE_PATH, "%s/%s", place_made, name) < PLACE_PATH);
}

#endif
