/* Multilayer perceptrons: shapes, and views into one flat parameter vector theta (N).
 *
 * Layer l = 0 .. n_layers-1 maps width[l] units to width[l+1]: z = W a + b, a' = f(z); the last layer has no
 * activation. W is (width[l+1], width[l]) row-major, as PyTorch keeps it (out, in); theta holds W_0, b_0, W_1, b_1, ...
 */
#ifndef GEARS_BASIN_NETWORK_H
#define GEARS_BASIN_NETWORK_H

#include "base/error.h"
#include "basin/activation.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NETWORK_MAX_LAYERS = 32 };

struct network {
    size_t n_layers;
    size_t width[NETWORK_MAX_LAYERS + 1]; /* width[0] inputs ... width[n_layers] outputs */
    const struct activation *activation;  /* of every hidden layer */
    bool bias;
    size_t n_parameters;
    size_t weight_at[NETWORK_MAX_LAYERS],
        bias_at[NETWORK_MAX_LAYERS]; /* offsets into theta; bias_at unused without bias */
};

/* width (n_widths), n_widths >= 2. STATUS_BAD_INPUT: too many layers, a width of 0, more than 2^31 parameters. */
enum status network_init(struct network *net, const size_t *width, size_t n_widths, const struct activation *activation,
                         bool bias, struct error *e);

enum init_scheme {
    INIT_NORMAL, /* every parameter N(0, scale^2) */
    INIT_XAVIER, /* weights N(0, scale^2 2/(in + out)) (Glorot and Bengio 2010), biases 0 */
    INIT_HE,     /* weights N(0, scale^2 2/in) (He et al. 2015), biases 0 */
    INIT_LECUN,  /* weights N(0, scale^2/in), biases 0 */
    INIT_TORCH   /* weights and biases uniform on +-scale/sqrt(in) (torch.nn.Linear) */
};

/* Standard deviation of each parameter at initialisation, sigma (N): the natural prior width. A parameter that starts
 * at 0 (a bias under xavier, he, lecun) has the sigma of its layer's weights. */
void network_sigma(const struct network *net, enum init_scheme scheme, double scale, double *sigma);

/* theta (N) := a draw; the same seed and stream give the same draw. */
void network_draw(const struct network *net, enum init_scheme scheme, double scale, uint64_t seed, uint64_t stream,
                  double *theta);

/* Name of parameter i for people: "W1[2,0]" or "b1[2]", layers from 1. Into buffer. */
char *network_parameter_name(const struct network *net, size_t i, char *buffer, size_t size);

#endif
