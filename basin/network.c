#include "basin/network.h"

#include "solver/random.h"

#include <math.h>
#include <stdio.h>

enum status network_init(struct network *net, const size_t *width, size_t n_widths, const struct activation *activation,
                         bool bias, struct error *e)
{
    const size_t most = (size_t)1 << 31;
    *net = (struct network){.activation = activation, .bias = bias};
    if (n_widths < 2)
        return error_set(e, STATUS_BAD_INPUT, "a network needs at least two widths: inputs and outputs");
    if (n_widths > NETWORK_MAX_LAYERS + 1)
        return error_set(e, STATUS_BAD_INPUT, "%zu layers are too many: at most %d", n_widths - 1, NETWORK_MAX_LAYERS);
    net->n_layers = n_widths - 1;
    for (size_t l = 0; l < n_widths; l++) {
        if (width[l] == 0)
            return error_set(e, STATUS_BAD_INPUT, "width %zu of the network is 0", l + 1);
        net->width[l] = width[l];
    }
    for (size_t l = 0; l < net->n_layers; l++) {
        size_t in = width[l], out = width[l + 1];
        if (in >= most || out >= most || in * out + out + net->n_parameters > most)
            return error_set(e, STATUS_BAD_INPUT, "the network has more than 2^31 parameters");
        net->weight_at[l] = net->n_parameters;
        net->n_parameters += in * out;
        net->bias_at[l] = net->n_parameters;
        net->n_parameters += bias ? out : 0;
    }
    return STATUS_OK;
}

static double layer_sigma(enum init_scheme scheme, double scale, size_t in, size_t out)
{
    switch (scheme) {
    case INIT_XAVIER:
        return scale * sqrt(2 / ((double)in + (double)out));
    case INIT_HE:
        return scale * sqrt(2 / (double)in);
    case INIT_LECUN:
        return scale / sqrt((double)in);
    case INIT_TORCH:
        return scale / sqrt(3 * (double)in);
    case INIT_NORMAL:
        break;
    }
    return scale;
}

/* Where the parameters of layer l end. */
static size_t layer_end(const struct network *net, size_t l)
{
    return l + 1 < net->n_layers ? net->weight_at[l + 1] : net->n_parameters;
}

void network_sigma(const struct network *net, enum init_scheme scheme, double scale, double *sigma)
{
    for (size_t l = 0; l < net->n_layers; l++)
        for (size_t i = net->weight_at[l]; i < layer_end(net, l); i++)
            sigma[i] = layer_sigma(scheme, scale, net->width[l], net->width[l + 1]);
}

void network_draw(const struct network *net, enum init_scheme scheme, double scale, uint64_t seed, uint64_t stream,
                  double *theta)
{
    struct random_stream r = random_stream(seed, stream);
    bool biases_start_at_0 = scheme == INIT_XAVIER || scheme == INIT_HE || scheme == INIT_LECUN;
    for (size_t l = 0; l < net->n_layers; l++) {
        double sigma = layer_sigma(scheme, scale, net->width[l], net->width[l + 1]);
        for (size_t i = net->weight_at[l]; i < layer_end(net, l); i++)
            if (i >= net->bias_at[l] && biases_start_at_0)
                theta[i] = 0;
            else if (scheme == INIT_TORCH)
                theta[i] = sigma * sqrt(3) * (2 * random_uniform(&r) - 1);
            else
                theta[i] = sigma * random_normal(&r);
    }
}

char *network_parameter_name(const struct network *net, size_t i, char *buffer, size_t size)
{
    size_t l = 0;
    while (l + 1 < net->n_layers && i >= net->weight_at[l + 1])
        l++;
    if (i >= net->bias_at[l]) {
        snprintf(buffer, size, "b%zu[%zu]", l + 1, i - net->bias_at[l]);
    } else {
        size_t at = i - net->weight_at[l];
        snprintf(buffer, size, "W%zu[%zu,%zu]", l + 1, at / net->width[l], at % net->width[l]);
    }
    return buffer;
}
