/*
 * The search for levels: for each end of a series, with which start its last level fits best.
 *
 * A steady run keeps every start open, so this is the square of the series' length in logarithms. Most starts cannot win:
 * a bound from below on the logarithm, of a few additions, shows it of nearly all, and only the rest are worked out.
 *
 * Nothing here touches a Python object between taking the buffer and giving it back, so the GIL is released meanwhile.
 */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define LEVEL_MIN 2 /* values, the fewest that have a variance */

#define FRACTION_BITS 52
#define EXPONENT_BIAS 1023
#define LN_2 0.69314718055994530942
#define BEND 0.2786 /* log2(1 + f) >= f + BEND f (1 - f) on [0, 1]; a larger one would fail towards f = 1 */

typedef struct {
    double sum, square; /* of all values before this place */
    double best;        /* the least cost of a cut up to here */
} Place;

/* At most the natural logarithm of a positive normal double, and less than it by 0.015 at most. */
static inline double
log_at_least(double number)
{
    uint64_t bits;
    memcpy(&bits, &number, sizeof bits);
    double exponent = (double)((int64_t)(bits >> FRACTION_BITS) - EXPONENT_BIAS);
    double fraction = (double)(int64_t)(bits & (((uint64_t)1 << FRACTION_BITS) - 1)) * 0x1p-52;
    return LN_2 * (exponent + fraction + BEND * fraction * (1 - fraction));
}

/* The cost of the level from one place to another, but for the logarithm, which is of `taken`. */
static inline double
variance_over(const Place *from, const Place *to, double length, double least, double *taken)
{
    double mean = (to->sum - from->sum) / length;
    double variance = (to->square - from->square) / length - mean * mean;
    variance = variance > 0 ? variance : 0;
    *taken = variance > least ? variance : least;
    return variance / *taken;
}

static void
search(const double *values, Py_ssize_t n, double least, double penalty, Place *places, int64_t *open, char *hopeless,
       double *bounds, int64_t *start)
{
    places[0] = (Place){0, 0, -penalty};
    for (Py_ssize_t at = 0; at < n; at++) {
        places[at + 1].sum = places[at].sum + values[at];
        places[at + 1].square = places[at].square + values[at] * values[at];
        places[at + 1].best = INFINITY;
    }
    memset(start, 0, sizeof *start * (size_t)(n + 1));
    open[0] = hopeless[0] = 0;
    Py_ssize_t opened = 1;
    for (Py_ssize_t end = LEVEL_MIN; end <= n; end++) {
        const Place *to = &places[end];
        for (Py_ssize_t i = 0; i < opened; i++) {
            const Place *from = &places[open[i]];
            double length = (double)(end - open[i]), taken;
            double spread = variance_over(from, to, length, least, &taken);
            bounds[i] = from->best + length * (log_at_least(taken) + spread);
        }
        double best = INFINITY;
        Py_ssize_t chosen = 0;
        for (Py_ssize_t i = 0; i < opened; i++) {
            if (!(bounds[i] < best))
                continue;
            const Place *from = &places[open[i]];
            double length = (double)(end - open[i]), taken;
            double spread = variance_over(from, to, length, least, &taken);
            double cost = from->best + length * (log(taken) + spread);
            bounds[i] = cost;
            if (cost < best) {
                best = cost;
                chosen = i;
            }
        }
        places[end].best = best + penalty;
        start[end] = open[chosen];
        /* What loses to a level that ends here may still win the next, too short for a level to begin here. */
        Py_ssize_t kept = 0;
        for (Py_ssize_t i = 0; i < opened; i++) {
            if (hopeless[i])
                continue;
            open[kept] = open[i];
            hopeless[kept++] = bounds[i] > places[end].best;
        }
        open[kept] = end - LEVEL_MIN + 1;
        hopeless[kept] = 0;
        opened = kept + 1;
    }
}

PyDoc_STRVAR(starts_doc,
"starts(values, least, penalty) -> bytes\n"
"\n"
"The int64 starts of the best last level for each end of float64 values, n + 1 of them, by normal levels whose variance\n"
"is taken for `least` at least, and `penalty` for each. MemoryError where there is no room for them.");

static PyObject *
starts(PyObject *Py_UNUSED(module), PyObject *args)
{
    Py_buffer values;
    double least, penalty;
    if (!PyArg_ParseTuple(args, "y*dd:starts", &values, &least, &penalty))
        return NULL;
    Py_ssize_t n = values.len / 8;
    PyObject *found = PyBytes_FromStringAndSize(NULL, (n + 1) * 8);
    size_t room = (size_t)n + 2;
    Place *places = malloc(room * sizeof *places);
    int64_t *open = malloc(room * sizeof *open);
    double *bounds = malloc(room * sizeof *bounds);
    char *hopeless = malloc(room);
    if (found != NULL && places && open && bounds && hopeless) {
        int64_t *start = (int64_t *)PyBytes_AS_STRING(found);
        Py_BEGIN_ALLOW_THREADS
        search(values.buf, n, least, penalty, places, open, hopeless, bounds, start);
        Py_END_ALLOW_THREADS
    }
    else {
        Py_CLEAR(found);
        PyErr_NoMemory();
    }
    free(places);
    free(open);
    free(bounds);
    free(hopeless);
    PyBuffer_Release(&values);
    return found;
}

static PyMethodDef methods[] = {
    {"starts", starts, METH_VARARGS, starts_doc},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "bizra_lab.analysis._levels",
    .m_doc = "The search for levels.",
    .m_size = 0,
    .m_methods = methods,
};

PyMODINIT_FUNC
PyInit__levels(void)
{
    PyObject *module = PyModule_Create(&definition);
#ifdef Py_GIL_DISABLED
    if (module != NULL)
        PyUnstable_Module_SetGIL(module, Py_MOD_GIL_NOT_USED);
#endif
    return module;
}
