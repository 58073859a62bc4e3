/* From sound to the model's input, as in training. What differs from one model to the next is in
 * slipway_parameters.h; this file and slipway_features.c are always the same.
 *
 * Keep the coefficients of the last SLIPWAY_FRAMES frames; with each new frame there is a new
 * window to ask the model about. */
#ifndef SLIPWAY_FEATURES_H
#define SLIPWAY_FEATURES_H

#include <stdint.h>

#include "slipway_parameters.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The coefficients [SLIPWAY_COEFFICIENTS] of one frame of samples [SLIPWAY_FRAME]. Its discrete
 * Fourier transform is the plain sum; put your processor's FFT in its place for speed. */
void slipway_frame(const int16_t *samples, float *coefficients);

/* The mean square of one frame, full scale being 1. A window is silent, and the model is not asked
 * about it, when the mean over its frames is below SLIPWAY_SILENCE. */
float slipway_energy(const int16_t *samples);

/* The model's input [SLIPWAY_FRAMES * SLIPWAY_COEFFICIENTS] of a window's coefficients
 * [SLIPWAY_FRAMES][SLIPWAY_COEFFICIENTS], the oldest frame first. */
void slipway_input(const float *frames, int8_t *input);

#ifdef __cplusplus
}
#endif

#endif
