/* The Fourier transform that speexdsp asks for, in place of its own: of vectors, with one table for all calls.
 *
 * A sequence of n real numbers is a complex one of half its length, which Stockham's passes transform from one buffer to
 * the other and back, with real and imaginary parts apart. In every pass but the first the transforms that lie beside each
 * other are neighbours, so the inner loop runs over them; in the first it runs over the points.
 *
 * n must be 8 times a product of 2, 4 and 5, at most 1280: blocks of 20 ms at 8 and 16 kHz are. A spectrum is packed as
 * in FFTPACK: the mean, then real and imaginary part of each frequency, then the real part of the highest. */
#include <math.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

enum { POINTS_MOST = 640, PASSES_MOST = 6, SIZES_MOST = 4, FIRST_RADIX = 4 };

typedef struct {
    float re[POINTS_MOST], im[POINTS_MOST];
} points;

typedef struct {
    float re, im;
} turn;

/* One pass of Stockham's: length is what is left to transform, beside how many transforms lie next to each other. */
typedef struct {
    int radix, length, beside;
    const turn *turns; /* exp(-2 pi i k p / length), of output k at point p */
} pass;

typedef struct {
    int n, count; /* of numbers, of passes */
    pass passes[PASSES_MOST];
    points halves;             /* exp(-2 pi i k / n) */
    points first[FIRST_RADIX]; /* the turns of the first pass, each output's beside each other */
    turn turns[2 * POINTS_MOST];
} table;

/* Guards the tables, which are only ever added to. */
static pthread_mutex_t tables_lock = PTHREAD_MUTEX_INITIALIZER;
static table *tables[SIZES_MOST];

/* Tables --------------------------------------------------------------------------------------------- */

static turn turn_of(int num, int of)
{
    double angle = -2 * M_PI * num / of;

    return (turn){(float)cos(angle), (float)sin(angle)};
}

static void set(points *p, int at, turn w)
{
    p->re[at] = w.re;
    p->im[at] = w.im;
}

static bool plan(table *t)
{
    static const int RADICES[] = {4, 5, 2};
    int length = t->n / 2, beside = 1;
    turn *turns = t->turns;

    while (length > 1 && t->count < PASSES_MOST) {
        int i = 0;
        while (i < 3 && length % RADICES[i])
            i++;
        if (i == 3)
            return false;
        t->passes[t->count++] = (pass){RADICES[i], length, beside, turns};
        for (int p = 0; p < length / RADICES[i]; p++)
            for (int k = 0; k < RADICES[i]; k++)
                *turns++ = turn_of(k * p, length);
        length /= RADICES[i];
        beside *= RADICES[i];
    }
    return length == 1 && t->passes[0].radix == FIRST_RADIX;
}

static bool fill(table *t, int n)
{
    t->n = n;
    if (n % 2 || n < 2 || n / 2 > POINTS_MOST || !plan(t))
        return false;
    for (int k = 0; k < n / 2; k++)
        set(&t->halves, k, turn_of(k, n));
    for (int p = 0; p < n / 2 / FIRST_RADIX; p++)
        for (int k = 0; k < FIRST_RADIX; k++)
            set(&t->first[k], p, t->passes[0].turns[p * FIRST_RADIX + k]);
    return true;
}

static table *table_of(int n)
{
    table *found = NULL;

    pthread_mutex_lock(&tables_lock);
    for (int i = 0; i < SIZES_MOST && !found; i++) {
        if (!tables[i]) {
            tables[i] = calloc(1, sizeof *tables[i]);
            if (!tables[i] || !fill(tables[i], n)) {
                free(tables[i]);
                tables[i] = NULL;
                break;
            }
        }
        found = tables[i]->n == n ? tables[i] : NULL;
    }
    pthread_mutex_unlock(&tables_lock);
    return found;
}

/* The complex transform ------------------------------------------------------------------------------ */

/* The k-th output of a butterfly, turned. */
#define PUT(k, r, i)                                     \
    do {                                                 \
        float re_ = (r), im_ = (i);                      \
        yr[(k) * s + q] = re_ * w[k].re - im_ * w[k].im; \
        yi[(k) * s + q] = re_ * w[k].im + im_ * w[k].re; \
    } while (0)

/* Butterflies: from points that lie apart to s outputs beside each other. No two of these lines overlap. */
#define BUTTERFLY(name)                                                                                               \
    static inline void name(const float *restrict xr, const float *restrict xi, float *restrict yr, float *restrict yi, \
                            int apart, int s, const turn *restrict w)

BUTTERFLY(two)
{
#pragma GCC ivdep
    for (int q = 0; q < s; q++) {
        float ar = xr[q], ai = xi[q], br = xr[apart + q], bi = xi[apart + q];
        PUT(0, ar + br, ai + bi);
        PUT(1, ar - br, ai - bi);
    }
}

BUTTERFLY(four)
{
#pragma GCC ivdep
    for (int q = 0; q < s; q++) {
        float ar = xr[q], br = xr[apart + q], cr = xr[2 * apart + q], dr = xr[3 * apart + q];
        float ai = xi[q], bi = xi[apart + q], ci = xi[2 * apart + q], di = xi[3 * apart + q];
        PUT(0, ar + cr + (br + dr), ai + ci + (bi + di));
        PUT(1, ar - cr + (bi - di), ai - ci - (br - dr));
        PUT(2, ar + cr - (br + dr), ai + ci - (bi + di));
        PUT(3, ar - cr - (bi - di), ai - ci + (br - dr));
    }
}

BUTTERFLY(five)
{
    const float C1 = 0.309016994f, C2 = -0.809016994f, S1 = 0.951056516f, S2 = 0.587785252f; /* of 72 and 144 degrees */

#pragma GCC ivdep
    for (int q = 0; q < s; q++) {
        float ar = xr[q], ai = xi[q];
        float pr = xr[apart + q] + xr[4 * apart + q], pi = xi[apart + q] + xi[4 * apart + q];
        float mr = xr[apart + q] - xr[4 * apart + q], mi = xi[apart + q] - xi[4 * apart + q];
        float ur = xr[2 * apart + q] + xr[3 * apart + q], ui = xi[2 * apart + q] + xi[3 * apart + q];
        float vr = xr[2 * apart + q] - xr[3 * apart + q], vi = xi[2 * apart + q] - xi[3 * apart + q];
        float e1r = ar + C1 * pr + C2 * ur, e1i = ai + C1 * pi + C2 * ui, o1r = S1 * mr + S2 * vr, o1i = S1 * mi + S2 * vi;
        float e2r = ar + C2 * pr + C1 * ur, e2i = ai + C2 * pi + C1 * ui, o2r = S2 * mr - S1 * vr, o2i = S2 * mi - S1 * vi;
        PUT(0, ar + pr + ur, ai + pi + ui);
        PUT(1, e1r + o1i, e1i - o1r);
        PUT(2, e2r + o2i, e2i - o2r);
        PUT(3, e2r - o2i, e2i + o2r);
        PUT(4, e1r - o1i, e1i + o1r);
    }
}

/* The first pass: nothing lies beside a point, so the loop runs over the points. */
static void first(const table *t, const points *restrict x, points *restrict y)
{
    int apart = t->n / 2 / FIRST_RADIX;
    const points *w = t->first;

#pragma GCC ivdep
    for (int p = 0; p < apart; p++) {
        float ar = x->re[p], br = x->re[apart + p], cr = x->re[2 * apart + p], dr = x->re[3 * apart + p];
        float ai = x->im[p], bi = x->im[apart + p], ci = x->im[2 * apart + p], di = x->im[3 * apart + p];
        float r1 = ar - cr + (bi - di), i1 = ai - ci - (br - dr), r2 = ar + cr - (br + dr), i2 = ai + ci - (bi + di);
        float r3 = ar - cr - (bi - di), i3 = ai - ci + (br - dr);
        y->re[4 * p] = ar + cr + (br + dr);
        y->im[4 * p] = ai + ci + (bi + di);
        y->re[4 * p + 1] = r1 * w[1].re[p] - i1 * w[1].im[p];
        y->im[4 * p + 1] = r1 * w[1].im[p] + i1 * w[1].re[p];
        y->re[4 * p + 2] = r2 * w[2].re[p] - i2 * w[2].im[p];
        y->im[4 * p + 2] = r2 * w[2].im[p] + i2 * w[2].re[p];
        y->re[4 * p + 3] = r3 * w[3].re[p] - i3 * w[3].im[p];
        y->im[4 * p + 3] = r3 * w[3].im[p] + i3 * w[3].re[p];
    }
}

static void further(const pass *p, const points *x, points *y)
{
    int step = p->length / p->radix, s = p->beside, apart = step * s;
    const float *xr = x->re, *xi = x->im;
    float *yr = y->re, *yi = y->im;
    const turn *w = p->turns;

    for (int i = 0; i < step; i++, xr += s, xi += s, yr += s * p->radix, yi += s * p->radix, w += p->radix) {
        if (p->radix == 5)
            five(xr, xi, yr, yi, apart, s, w);
        else if (p->radix == 2)
            two(xr, xi, yr, yi, apart, s, w);
        else if (s == FIRST_RADIX)
            four(xr, xi, yr, yi, apart, FIRST_RADIX, w); /* known to the compiler: one vector */
        else
            four(xr, xi, yr, yi, apart, s, w);
    }
}

/* Both buffers are changed; returns the one with the result. */
static const points *transform(const table *t, points *x, points *y)
{
    first(t, x, y);
    for (int i = 1; i < t->count; i++) {
        points *other = x;
        x = y;
        y = other;
        further(&t->passes[i], x, y);
    }
    return y;
}

/* Real sequences ------------------------------------------------------------------------------------- */

static void forward(const table *t, const float *in, float *out)
{
    points a, b;
    int count = t->n / 2;
    float scale = 1.0f / (float)t->n, half = scale / 2;

    for (int i = 0; i < count; i++) {
        a.re[i] = in[2 * i];
        a.im[i] = in[2 * i + 1];
    }
    const points *z = transform(t, &a, &b);
    out[0] = (z->re[0] + z->im[0]) * scale;
    out[t->n - 1] = (z->re[0] - z->im[0]) * scale;
    for (int k = 1; k < count; k++) {
        float er = z->re[k] + z->re[count - k], ei = z->im[k] - z->im[count - k];
        float or = z->im[k] + z->im[count - k], oi = z->re[count - k] - z->re[k];
        out[2 * k - 1] = half * (er + or * t->halves.re[k] - oi * t->halves.im[k]);
        out[2 * k] = half * (ei + or * t->halves.im[k] + oi * t->halves.re[k]);
    }
}

/* Not divided by n: forward was. The complex transform goes backward when real and imaginary parts are exchanged. */
static void backward(const table *t, const float *in, float *out)
{
    points x, a, b;
    int count = t->n / 2;

    for (int k = 1; k < count; k++) {
        x.re[k] = in[2 * k - 1];
        x.im[k] = in[2 * k];
    }
    a.im[0] = in[0] + in[t->n - 1];
    a.re[0] = in[0] - in[t->n - 1];
    for (int k = 1; k < count; k++) {
        float er = x.re[k] + x.re[count - k], ei = x.im[k] - x.im[count - k];
        float dr = x.re[k] - x.re[count - k], di = x.im[k] + x.im[count - k];
        float or = dr * t->halves.re[k] + di * t->halves.im[k], oi = di * t->halves.re[k] - dr * t->halves.im[k];
        a.im[k] = er - oi;
        a.re[k] = ei + or;
    }
    const points *z = transform(t, &a, &b);
    for (int i = 0; i < count; i++) {
        out[2 * i] = z->im[i];
        out[2 * i + 1] = z->re[i];
    }
}

/* What speexdsp calls -------------------------------------------------------------------------------- */

void *spx_fft_init(int size);
void spx_fft_destroy(void *of);
void spx_fft(void *of, float *in, float *out);
void spx_ifft(void *of, float *in, float *out);
void spx_fft_float(void *of, float *in, float *out);
void spx_ifft_float(void *of, float *in, float *out);

/* speexdsp does not ask whether there is one: better here than later. */
void *spx_fft_init(int size)
{
    table *t = table_of(size);

    if (!t)
        abort();
    return t;
}

void spx_fft_destroy(void *of)
{
    (void)of; /* the tables are everybody's */
}

void spx_fft(void *of, float *in, float *out)
{
    forward(of, in, out);
}

void spx_ifft(void *of, float *in, float *out)
{
    backward(of, in, out);
}

void spx_fft_float(void *of, float *in, float *out)
{
    forward(of, in, out);
}

void spx_ifft_float(void *of, float *in, float *out)
{
    backward(of, in, out);
}
