/* The transform that speexdsp is given: held against the definition, and there and back. */
#include <complex.h>
#include <string.h>

#include "../speex/fftwrap.c"
#include "check.h"

enum { MOST = 1280 };
static const int SIZES[] = {160, 320, 640, 1280};

static void fill_with_noise(float *x, int n)
{
    unsigned state = 1;

    for (int i = 0; i < n; i++) {
        state = state * 1103515245u + 12345;
        x[i] = (float)(state >> 16 & 0x7fff) - 16384;
    }
}

static double complex defined(const float *x, int n, int k)
{
    double complex sum = 0;

    for (int i = 0; i < n; i++)
        sum += x[i] * cexp(-2 * I * M_PI * ((double)i * k) / n);
    return sum / n;
}

static double complex packed(const float *spectrum, int n, int k)
{
    return k == 0 ? spectrum[0] : k == n / 2 ? spectrum[n - 1] : spectrum[2 * k - 1] + I * spectrum[2 * k];
}

static void test_a_spectrum_is_as_defined(void)
{
    for (unsigned s = 0; s < sizeof SIZES / sizeof *SIZES; s++) {
        static float x[MOST], spectrum[MOST];
        fill_with_noise(x, SIZES[s]);
        spx_fft(spx_fft_init(SIZES[s]), x, spectrum);
        for (int k = 0; k <= SIZES[s] / 2; k++) /* 16384 is the largest number there is */
            CHECK(cabs(defined(x, SIZES[s], k) - packed(spectrum, SIZES[s], k)) < 16384 * 1e-7);
    }
}

static void test_there_and_back_in_place(void)
{
    for (unsigned s = 0; s < sizeof SIZES / sizeof *SIZES; s++) {
        static float x[MOST], y[MOST];
        void *t = spx_fft_init(SIZES[s]);
        fill_with_noise(x, SIZES[s]);
        memcpy(y, x, sizeof y);
        spx_fft_float(t, y, y);
        spx_ifft_float(t, y, y);
        for (int i = 0; i < SIZES[s]; i++)
            CHECK(fabsf(x[i] - y[i]) < 16384 * 1e-6f);
        spx_fft_destroy(t);
    }
}

static void test_a_size_has_one_table_and_others_none(void)
{
    CHECK(table_of(320) && table_of(320) == spx_fft_init(320));
    CHECK(!table_of(0) && !table_of(-8) && !table_of(2) && !table_of(321) && !table_of(8 * 7) && !table_of(2560));
}

int main(void)
{
    test_a_spectrum_is_as_defined();
    test_there_and_back_in_place();
    test_a_size_has_one_table_and_others_none();
    return 0;
}
