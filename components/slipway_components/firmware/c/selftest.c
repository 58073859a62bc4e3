/* Checks the features on the machine at hand, against what training made of the same samples:
 *
 *     cc -std=c99 selftest.c slipway_features.c slipway_model.c -lm -o selftest && ./selftest
 *
 * Arithmetic of 32 bits may round a value of the model's input to its neighbour, and no further.
 * The model's answers to these inputs, slipway_test_output, are for your interpreter to give. */
#include <stdio.h>
#include <stdlib.h>

#include "slipway_features.h"
#include "slipway_model.h"
#include "slipway_test_vector.h"

int main(void)
{
    float frames[SLIPWAY_FRAMES * SLIPWAY_COEFFICIENTS];
    int8_t input[SLIPWAY_FRAMES * SLIPWAY_COEFFICIENTS];
    int values = 0, neighbours = 0, wrong = 0;

    for (int window = 0; window < SLIPWAY_TEST_WINDOWS; window++) {
        const int16_t *samples = slipway_test_samples[window];
        for (int frame = 0; frame < SLIPWAY_FRAMES; frame++)
            slipway_frame(samples + frame * SLIPWAY_FRAME, frames + frame * SLIPWAY_COEFFICIENTS);
        slipway_input(frames, input);
        for (int n = 0; n < SLIPWAY_FRAMES * SLIPWAY_COEFFICIENTS; n++) {
            const int distance = abs(input[n] - slipway_test_input[window][n]);
            values++;
            neighbours += distance == 1;
            wrong += distance > 1;
        }
    }
    printf("%d values, %d neighbours, %d wrong, model of %u bytes\n", values, neighbours, wrong,
           slipway_model_size);
    return wrong != 0;
}
