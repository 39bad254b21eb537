/* Goes before every file of speexdsp: its numbers are of single precision, so their roots and powers may be, too. */
#include <math.h>

#define exp expf
#define floor floorf
#define log logf
#define sqrt sqrtf
