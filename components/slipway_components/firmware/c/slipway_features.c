#define SLIPWAY_WITH_TABLES
#include "slipway_features.h"

#include <math.h>

static const float FULL_SCALE = 32768.0f;

static float power_at(const float *samples, int bin)
{
    float real = 0.0f, imaginary = 0.0f;
    unsigned angle = 0; /* of SLIPWAY_FFT to a turn; a sine is a cosine a quarter turn later */
    for (int n = 0; n < SLIPWAY_FRAME; n++) {
        real += samples[n] * slipway_cosine[angle];
        imaginary += samples[n] * slipway_cosine[(angle + 3 * SLIPWAY_FFT / 4) % SLIPWAY_FFT];
        angle = (angle + (unsigned)bin) % SLIPWAY_FFT;
    }
    return real * real + imaginary * imaginary;
}

void slipway_frame(const int16_t *samples, float *coefficients)
{
    float weighted[SLIPWAY_FRAME];
    float power[SLIPWAY_FFT / 2 + 1];
    float decibels[SLIPWAY_FILTERS];
    const float *weight = slipway_filter_weights;

    for (int n = 0; n < SLIPWAY_FRAME; n++)
        weighted[n] = (float)samples[n] / FULL_SCALE * slipway_hann[n];
    for (int bin = 0; bin <= SLIPWAY_FFT / 2; bin++)
        power[bin] = power_at(weighted, bin);
    for (int filter = 0; filter < SLIPWAY_FILTERS; filter++) {
        float sum = 0.0f;
        for (int n = 0; n < slipway_filter_length[filter]; n++)
            sum += *weight++ * power[slipway_filter_start[filter] + n];
        decibels[filter] = 10.0f * log10f(sum > SLIPWAY_FLOOR ? sum : SLIPWAY_FLOOR);
    }
    for (int n = 0; n < SLIPWAY_COEFFICIENTS; n++) {
        coefficients[n] = 0.0f;
        for (int filter = 0; filter < SLIPWAY_FILTERS; filter++)
            coefficients[n] += slipway_dct[n * SLIPWAY_FILTERS + filter] * decibels[filter];
    }
}

float slipway_energy(const int16_t *samples)
{
    float sum = 0.0f;
    for (int n = 0; n < SLIPWAY_FRAME; n++) {
        const float sample = (float)samples[n] / FULL_SCALE;
        sum += sample * sample;
    }
    return sum / SLIPWAY_FRAME;
}

void slipway_input(const float *frames, int8_t *input)
{
    float loudest = 0.0f;
    if (SLIPWAY_RELATIVE) {
        loudest = frames[0];
        for (int frame = 1; frame < SLIPWAY_FRAMES; frame++)
            loudest = fmaxf(loudest, frames[frame * SLIPWAY_COEFFICIENTS]);
    }
    for (int n = 0; n < SLIPWAY_FRAMES * SLIPWAY_COEFFICIENTS; n++) {
        const int which = n % SLIPWAY_COEFFICIENTS;
        const float value = which ? frames[n] : frames[n] - loudest;
        float scaled = (value - slipway_offset[which]) * slipway_factor[which];
        scaled = fminf(fmaxf(scaled, SLIPWAY_LEAST), SLIPWAY_MOST);
        scaled = rintf(scaled / SLIPWAY_INPUT_SCALE) + SLIPWAY_INPUT_ZERO_POINT;
        input[n] = (int8_t)fminf(fmaxf(scaled, -128.0f), 127.0f);
    }
}
