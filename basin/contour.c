/* The loss on planes through a minimum; and, for three parameters, the surfaces on which each behaviour is right. */
#include "base/json.h"
#include "basin/contour_private.h"
#include "basin/experiment.h"
#include "basin/weights.h"
#include "config/config.h"
#include "solver/linalg.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { RESOLUTION_DEFAULT = 61 };

static const char *const plane_words[] = {"random", "eigenvectors", "trajectory", "points", NULL};
static const struct config_field plane_element = {.type = CONFIG_CHOICE, .choices = plane_words};
static const struct config_field file_element = {.type = CONFIG_FILE};
static const struct config_field seed_element = {.type = CONFIG_INTEGER, .low = 0, .high = 9007199254740992.0};
const struct config_field contour_schema[] = {
    {.key = "planes",
     .type = CONFIG_LIST,
     .element = &plane_element,
     .max_length = 4,
     .fallback = "random, eigenvectors, trajectory; points where points or seeds are given",
     .meaning = "random: two directions with each unit's weights as long as in the network (Li et al. 2018); "
                "eigenvectors: the sharpest two; trajectory: the principal plane of the training path; points: through "
                "these weights and two others"},
    {.key = "points",
     .type = CONFIG_LIST,
     .element = &file_element,
     .max_length = 2,
     .meaning = "files of weights that the plane goes through, relative to this file"},
    {.key = "seeds",
     .type = CONFIG_LIST,
     .element = &seed_element,
     .max_length = 2,
     .fallback = "the next two, where points are missing",
     .meaning = "or starts: the plane goes through where this file's training ends from them"},
    {.key = "resolution",
     .type = CONFIG_INTEGER,
     .low = 5,
     .high = 400,
     .fallback = "61",
     .meaning = "points along each side"},
    {.key = "extent",
     .type = CONFIG_NUMBER,
     .low = 1e-6,
     .high = 1e6,
     .fallback = "1",
     .meaning = "of the random plane, in lengths of its directions; of the space of three parameters, in units of "
                "theta (default there 2)"},
    {0}};

/* --- the other two points ---------------------------------------------------------------------------------------- */

static enum status read_point(const struct desk *d, const struct config_node *file, double *theta, struct error *e)
{
    const struct basin_run *r = d->m->run;
    char *path = config_path(file);
    enum status status = path ? weights_load(&r->problem.network, path, r->layout,
                                             config_get(config_root(r->config), "network.names"), theta, NULL, e)
                              : error_memory(e);
    free(path);
    return status;
}

static enum status train_point(const struct desk *d, uint64_t seed, double *theta, struct error *e)
{
    const struct basin_run *r = d->m->run;
    const struct network *net = &r->problem.network;
    struct train_options options = r->train;
    struct training training = {0};
    options.checkpoint = NULL;
    network_draw(net, r->init_scheme, r->init_scale, seed, 0, theta);
    enum status status = train_run(&r->problem, theta, &options, d->reporter, &training, e);
    if (!status)
        memcpy(theta, training.theta, net->n_parameters * sizeof *theta);
    if (!status && !training.converged)
        reporter_warning(d->reporter, "seed %ju did not end at a minimum: %s", (uintmax_t)seed, training.ending);
    training_clear(&training);
    return status;
}

/* Files first, then seeds, then the seeds after the run's own. */
static enum status other_point(const struct desk *d, size_t i, double *theta, struct error *e)
{
    const struct config_node *files = config_get(d->options, "points"), *seeds = config_get(d->options, "seeds");
    size_t n_files = config_length(files), n_seeds = config_length(seeds);
    if (i < n_files)
        return read_point(d, config_item(files, i), theta, e);
    if (i - n_files < n_seeds)
        return train_point(d, (uint64_t)config_number(config_item(seeds, i - n_files), 0), theta, e);
    if (d->m->run->trains)
        return train_point(d, d->m->run->seed + 1 + i - n_files - n_seeds, theta, e);
    return config_error(d->options, e, "contour: a plane through points wants two files in points, or train and seeds");
}

static enum status points_plane(struct plane *p, struct desk *d, struct error *e)
{
    double *others = malloc(2 * d->N * sizeof *others);
    enum status status = others ? STATUS_OK : error_memory(e);
    for (size_t i = 0; i < 2 && !status; i++)
        status = other_point(d, i, others + i * d->N, e);
    if (!status)
        status = plane_points(p, d, others, others + d->N, e);
    free(others);
    return status;
}

/* --- planes ------------------------------------------------------------------------------------------------------ */

static enum status random_plane(struct plane *p, struct desk *d, struct error *e)
{
    (void)e;
    plane_random(p, d, config_number(config_get(d->options, "extent"), 1));
    return STATUS_OK;
}

static json_t *plane_to_json(const struct plane *p, double centre)
{
    json_t *o = json_object();
    json_object_set_new(o, "kind", json_string(p->kind));
    json_object_set_new(o, "low", json_numbers(p->low, 2));
    json_object_set_new(o, "high", json_numbers(p->high, 2));
    json_object_set_new(o, "resolution", json_integer((json_int_t)p->n));
    json_object_set_new(o, "loss_centre", json_number_or_null(centre));
    json_object_set_new(o, "loss_least", json_number_or_null(p->least));
    json_object_set_new(o, "loss_most", json_number_or_null(p->most));
    json_object_set_new(o, "explained_variance", json_numbers(p->explained, 2));
    if (p->three) {
        json_t *corners = json_array(), *barriers = json_array();
        for (size_t i = 0; i < 3; i++) {
            json_array_append_new(corners, json_numbers(p->corner[i], 2));
            json_array_append_new(barriers, json_number_or_null(plane_barrier(p, i)));
        }
        json_object_set_new(o, "points", corners);
        json_object_set_new(o, "barriers", barriers);
    }
    return o;
}

static void say_barriers(const struct plane *p, struct findings *out)
{
    findings_add_sentence(out,
                          "On the straight lines between the three points the loss rises by %.3g (1 to 2), %.3g (2 to "
                          "3) and %.3g (3 to 1) above the higher of the ends.",
                          plane_barrier(p, 0), plane_barrier(p, 1), plane_barrier(p, 2));
}

static enum status draw_plane(struct desk *d, const char *kind,
                              enum status (*build)(struct plane *, struct desk *, struct error *), json_t *list,
                              struct findings *out, struct error *e)
{
    struct plane p;
    size_t n = (size_t)config_integer(config_get(d->options, "resolution"), RESOLUTION_DEFAULT);
    enum status status = plane_init(&p, d, kind, n, e);
    if (!status)
        status = build(&p, d, e);
    if (!status)
        status = plane_fill(&p, d, e);
    if (!status) {
        findings_add_figure(out, figure_of_plane(&p, d));
        json_array_append_new(list, plane_to_json(&p, tape_loss(d->tape, d->m->theta)));
        if (p.three)
            say_barriers(&p, out);
    }
    plane_clear(&p);
    return status;
}

static bool wanted(const struct config_node *options, const char *kind)
{
    const struct config_node *list = config_get(options, "planes");
    for (size_t i = 0; i < config_length(list); i++)
        if (strcmp(config_text(config_item(list, i), ""), kind) == 0)
            return true;
    if (strcmp(kind, "points") == 0)
        return !list && (config_get(options, "points") || config_get(options, "seeds"));
    return list == NULL;
}

static enum status draw_planes(struct desk *d, json_t *list, struct findings *out, struct error *e)
{
    bool path = d->m->training && d->m->training->n_path > 2;
    enum status status = STATUS_OK;
    if (wanted(d->options, "random"))
        status = draw_plane(d, "random", random_plane, list, out, e);
    if (!status && wanted(d->options, "eigenvectors") && d->N > 1)
        status = draw_plane(d, "eigenvectors", plane_eigenvectors, list, out, e);
    if (!status && wanted(d->options, "trajectory") && path)
        status = draw_plane(d, "trajectory", plane_trajectory, list, out, e);
    else if (!status && wanted(d->options, "trajectory"))
        findings_add_sentence(out, "The principal plane of the training path needs the path: --retrain trains again.");
    if (!status && wanted(d->options, "points"))
        status = draw_plane(d, "points", points_plane, list, out, e);
    return status;
}

/* --- three parameters -------------------------------------------------------------------------------------------- */

static json_t *pairs_to_json(const struct space *s, enum relation relation)
{
    json_t *list = json_array();
    for (size_t a = 0; a < s->families; a++)
        for (size_t b = 0; b < a; b++)
            if (s->relation[a][b] == relation)
                json_array_append_new(list, json_pack("[i,i]", (int)b + 1, (int)a + 1));
    return list;
}

static void say_relations(const struct space *s, struct findings *out)
{
    for (size_t a = 0; a < s->families; a++)
        for (size_t b = 0; b < a; b++)
            if (s->relation[a][b] == RELATION_SAME)
                findings_add_sentence(out,
                                      "The surfaces of behaviours %zu and %zu coincide everywhere: their gradients are "
                                      "parallel, G cannot have full rank, and one of the two says nothing new.",
                                      b + 1, a + 1);
            else if (s->relation[a][b] == RELATION_APART)
                findings_add_sentence(out,
                                      "The surfaces of behaviours %zu and %zu never meet: their gradients are parallel "
                                      "everywhere, and no weights get both right.",
                                      b + 1, a + 1);
}

static enum status run_space(struct desk *d, json_t *answer, struct findings *out, struct error *e)
{
    struct space s;
    enum status status = space_build(&s, d, config_number(config_get(d->options, "extent"), 2), e);
    if (!status) {
        findings_add_figure(out, figure_of_space(&s, d));
        json_object_set_new(answer, "coincident_behaviours", pairs_to_json(&s, RELATION_SAME));
        json_object_set_new(answer, "parallel_behaviours", pairs_to_json(&s, RELATION_APART));
        json_object_set_new(answer, "solutions", json_integer((json_int_t)s.n_solutions));
        say_relations(&s, out);
    }
    space_clear(&s);
    return status;
}

static enum status run_contour(const struct minimum *m, const struct config_node *options,
                               const struct reporter *reporter, struct findings *out, struct error *e)
{
    struct desk d = {.m = m, .options = options, .reporter = reporter, .N = m->problem->network.n_parameters};
    json_t *answer = json_object(), *planes = json_array();
    d.point = malloc(d.N * sizeof *d.point);
    enum status status = d.point ? tape_new(m->problem, &d.tape, e) : error_memory(e);
    if (!status)
        status = draw_planes(&d, planes, out, e);
    if (!status && d.N == 3)
        status = run_space(&d, answer, out, e);
    json_object_set_new(answer, "planes", planes);
    out->json = json_object();
    json_object_set_new(out->json, "contour", answer);
    tape_free(d.tape);
    free(d.point);
    return status;
}

const struct analysis analysis_contour = {"contour", "loss on planes, behaviour surfaces of three parameters",
                                          run_contour, contour_schema, NULL};
