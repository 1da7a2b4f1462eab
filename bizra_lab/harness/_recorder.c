/*
 * The recorder's inner loops, a gate that counts what is in flight, and a sampler that looks at it without the GIL.
 *
 * One clock reading per operation, raw stamps into memory that was touched before, results kept so that the work
 * cannot be thrown away, and what an operation raises written down as its outcome. Nothing is allocated while it runs.
 *
 * Everything but the sampler relies on the GIL, and asks builds that can do without one for it. What the sampler reads
 * is written and read atomically.
 */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <math.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#ifdef CLOCK_MONOTONIC_RAW
#define GATE_CLOCK CLOCK_MONOTONIC_RAW /* not disciplined by time synchronisation: another clock than the stamps' */
#else
#define GATE_CLOCK CLOCK_MONOTONIC
#endif

#define NAMED_OUTCOMES 254 /* codes 1..254 name an exception's type, 0 is success */
#define OTHER_OUTCOME 255  /* every type beyond */

/* Between operations that never run Python code nobody else would get the GIL, and Control-C would wait. */
#define SERVICE_NS 5000000 /* Python's own switch interval */

#define SECOND_NS 1000000000LL

static inline int64_t
reading(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * SECOND_NS + now.tv_nsec;
}

static int
get_buffer(PyObject *object, Py_buffer *view, Py_ssize_t itemsize, const char *formats, const char *name)
{
    if (PyObject_GetBuffer(object, view, PyBUF_WRITABLE | PyBUF_FORMAT | PyBUF_C_CONTIGUOUS) < 0)
        return -1;
    const char *format = view->format == NULL ? "B" : view->format;
    if (view->itemsize != itemsize || strlen(format) != 1 || strchr(formats, format[0]) == NULL) {
        PyErr_Format(PyExc_TypeError, "%s: expected items of %zd bytes and format %s, got %zd bytes and %s", name,
                     itemsize, formats, view->itemsize, format);
        PyBuffer_Release(view);
        return -1;
    }
    return 0;
}

/* ---- the gate ---------------------------------------------------------------------------------------------- */

/* What one thread writes under the GIL and the sampler reads without it. */
#define GET(place) __atomic_load_n(&(place), __ATOMIC_RELAXED)
#define SET(place, value) __atomic_store_n(&(place), (value), __ATOMIC_RELAXED)

typedef struct {
    PyObject_HEAD
    int64_t in_flight;
    int64_t peak;
    int64_t entered;
    int64_t left;
    int64_t integral_ns; /* of the number in flight over time, up to changed_ns */
    int64_t changed_ns;
    int64_t closed;
    clockid_t clock;
    /* With a plan, operations enter by themselves when they fall due, whoever may start them, and when. */
    Py_buffer plan;
    int64_t planned;
    int64_t taken; /* by a worker, to be started */
} Gate;

static inline const int64_t *
gate_plan(const Gate *gate)
{
    return gate->plan.buf;
}

static void
gate_change(Gate *gate, int64_t at_ns, int64_t change)
{
    gate->integral_ns += gate->in_flight * (at_ns - gate->changed_ns);
    gate->changed_ns = at_ns;
    SET(gate->in_flight, gate->in_flight + change);
    if (gate->in_flight > gate->peak)
        gate->peak = gate->in_flight;
}

/* Everything that has fallen due by at_ns has entered, each at its own moment. */
static void
gate_advance(Gate *gate, int64_t at_ns)
{
    while (gate->entered < gate->planned && gate_plan(gate)[gate->entered] <= at_ns)
        gate_change(gate, gate_plan(gate)[gate->entered++], 1);
    gate_change(gate, at_ns, 0);
}

static void
gate_enter(Gate *gate)
{
    gate_change(gate, reading(gate->clock), 1);
    gate->entered++;
}

static int
gate_leave(Gate *gate)
{
    int64_t now_ns = reading(gate->clock);
    gate_advance(gate, now_ns);
    if (gate->in_flight == 0) {
        PyErr_SetString(PyExc_ValueError, "nothing is in flight that could leave");
        return -1;
    }
    gate_change(gate, now_ns, -1);
    SET(gate->left, gate->left + 1);
    return 0;
}

static PyObject *
Gate_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"plan", NULL};
    PyObject *plan = Py_None;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|O:Gate", names, &plan))
        return NULL;
    Gate *gate = (Gate *)type->tp_alloc(type, 0);
    if (gate == NULL)
        return NULL;
    gate->clock = GATE_CLOCK;
    if (plan != Py_None) {
        if (get_buffer(plan, &gate->plan, 8, "lq", "plan") < 0) {
            gate->plan.obj = NULL;
            Py_DECREF(gate);
            return NULL;
        }
        gate->planned = gate->plan.len / 8;
        gate->clock = CLOCK_MONOTONIC; /* the plan's own; another would drift away from it */
    }
    gate->changed_ns = reading(gate->clock);
    if (gate->planned > 0 && gate_plan(gate)[0] < gate->changed_ns)
        gate->changed_ns = gate_plan(gate)[0];
    return (PyObject *)gate;
}

static void
Gate_dealloc(PyObject *self)
{
    Gate *gate = (Gate *)self;
    if (gate->plan.obj != NULL)
        PyBuffer_Release(&gate->plan);
    Py_TYPE(self)->tp_free(self);
}

static PyObject *
refuse_with_plan(void)
{
    PyErr_SetString(PyExc_ValueError, "with a plan, operations enter when they fall due");
    return NULL;
}

static PyObject *
Gate_enter(PyObject *self, PyObject *Py_UNUSED(none))
{
    if (((Gate *)self)->plan.obj != NULL)
        return refuse_with_plan();
    gate_enter((Gate *)self);
    Py_RETURN_NONE;
}

static PyObject *
Gate_leave(PyObject *self, PyObject *Py_UNUSED(none))
{
    if (gate_leave((Gate *)self) < 0)
        return NULL;
    Py_RETURN_NONE;
}

static PyObject *
Gate_take(PyObject *self, PyObject *Py_UNUSED(none))
{
    Gate *gate = (Gate *)self;
    if (gate->closed || gate->taken >= gate->planned)
        return PyLong_FromLong(-1);
    return PyLong_FromLongLong(gate->taken++);
}

static PyObject *
Gate_close(PyObject *self, PyObject *Py_UNUSED(none))
{
    SET(((Gate *)self)->closed, 1);
    Py_RETURN_NONE;
}

static PyObject *
Gate_call(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"change", NULL};
    int change;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "i:Gate", names, &change))
        return NULL;
    if (change == 1)
        return Gate_enter(self, NULL);
    if (change == -1)
        return Gate_leave(self, NULL);
    PyErr_Format(PyExc_ValueError, "one operation enters (+1) or leaves (-1), got %d", change);
    return NULL;
}

static PyObject *
Gate_read(PyObject *self, PyObject *Py_UNUSED(none))
{
    Gate *gate = (Gate *)self;
    gate_advance(gate, reading(gate->clock));
    return Py_BuildValue("LLLL", (long long)gate->integral_ns, (long long)gate->changed_ns, (long long)gate->entered,
                         (long long)gate->left);
}

static PyObject *
Gate_mark(PyObject *self, PyObject *Py_UNUSED(none))
{
    Gate *gate = (Gate *)self;
    gate_advance(gate, reading(gate->clock));
    return Py_BuildValue("LLLLL", (long long)gate->integral_ns, (long long)gate->changed_ns, (long long)gate->entered,
                         (long long)gate->left, (long long)reading(CLOCK_MONOTONIC));
}

static PyMethodDef Gate_methods[] = {
    {"enter", Gate_enter, METH_NOARGS, "One operation more is in flight."},
    {"leave", Gate_leave, METH_NOARGS, "One operation less is in flight; ValueError when none was."},
    {"take", Gate_take, METH_NOARGS, "The number of the next planned operation; -1 when none is left, or it is closed."},
    {"close", Gate_close, METH_NOARGS, "No loop starts an operation any more."},
    {"read", Gate_read, METH_NOARGS, "(integral of the number in flight, ns; its clock's reading, ns; entered; left)."},
    {"mark", Gate_mark, METH_NOARGS, "read(), and what now() would say, with no operation between them: a window's edge."},
    {NULL, NULL, 0, NULL},
};

#if PY_VERSION_HEX < 0x030C0000
#include <structmember.h>
#define Py_T_LONGLONG T_LONGLONG
#define Py_READONLY READONLY
#endif
#define FIELD(name, text) {#name, Py_T_LONGLONG, offsetof(Gate, name), Py_READONLY, text}

static PyMemberDef Gate_members[] = {
    FIELD(in_flight, "operations that entered and have not left"),
    FIELD(peak, "the most that were ever in flight"),
    FIELD(entered, "operations that entered"),
    FIELD(left, "operations that left"),
    FIELD(closed, "1 once no operation may start any more"),
    {NULL, 0, 0, 0, NULL},
};

static PyTypeObject Gate_Type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "bizra_lab.harness._recorder.Gate",
    .tp_doc = "Gate(plan=None)\n\n"
              "Counts what is in flight at a boundary and integrates it over time, on a clock of its own.\n"
              "With a plan, an int64 buffer of rising readings of CLOCK_MONOTONIC, operations enter when they fall due.",
    .tp_basicsize = sizeof(Gate),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_new = Gate_new,
    .tp_call = Gate_call,
    .tp_dealloc = Gate_dealloc,
    .tp_methods = Gate_methods,
    .tp_members = Gate_members,
};

/* ---- the sampler ------------------------------------------------------------------------------------------- */

typedef struct {
    PyObject_HEAD
    Gate *gate; /* strong */
    pthread_t thread;
    int running;
    int stopping;
    int64_t mean_gap_ns;
    uint64_t random; /* state of xorshift64; never 0 */
    int64_t looks;
    double sum, sum_of_squares, lag_ns;
} Sampler;

/* Uniform in (0, 1]. Source: G. Marsaglia (2003), Xorshift RNGs, Journal of Statistical Software 8(14). */
static double
next_uniform(Sampler *sampler)
{
    sampler->random ^= sampler->random << 13;
    sampler->random ^= sampler->random >> 7;
    sampler->random ^= sampler->random << 17;
    return ((double)(sampler->random >> 11) + 1.0) / 9007199254740992.0;
}

static struct timespec
timespec_of(int64_t ns)
{
    return (struct timespec){.tv_sec = ns / SECOND_NS, .tv_nsec = ns % SECOND_NS};
}

/* The kernel may otherwise put timers of a thread together that are 50 µs apart. */
static void
ask_for_exact_timers(void)
{
#ifdef __linux__
    prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
#endif
}

static void *
sample(void *argument)
{
    Sampler *sampler = argument;
    const Gate *gate = sampler->gate;
    int64_t due = 0; /* of the plan, by now */
    ask_for_exact_timers();
    while (!GET(sampler->stopping)) {
        int64_t gap_ns = (int64_t)(-log(next_uniform(sampler)) * (double)sampler->mean_gap_ns);
        int64_t target_ns = reading(CLOCK_MONOTONIC) + gap_ns;
        int64_t left_ns;
        /* In pieces, so that a long gap does not make whoever stops us wait. */
        while ((left_ns = target_ns - reading(CLOCK_MONOTONIC)) > 0 && !GET(sampler->stopping)) {
            struct timespec pause = timespec_of(left_ns < SERVICE_NS ? left_ns : SERVICE_NS);
            nanosleep(&pause, NULL);
        }
        if (GET(sampler->stopping))
            break;
        int64_t now_ns = reading(CLOCK_MONOTONIC);
        while (due < gate->planned && gate_plan(gate)[due] <= now_ns)
            due++;
        double in_flight = (double)(gate->planned > 0 ? due - GET(gate->left) : GET(gate->in_flight));
        sampler->looks++;
        sampler->sum += in_flight;
        sampler->sum_of_squares += in_flight * in_flight;
        sampler->lag_ns += (double)(now_ns - target_ns);
    }
    return NULL;
}

static PyObject *
Sampler_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"gate", "mean_gap_ns", "seed", NULL};
    PyObject *gate;
    long long mean_gap_ns, seed;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O!LL:Sampler", names, &Gate_Type, &gate, &mean_gap_ns, &seed))
        return NULL;
    if (mean_gap_ns < 1) {
        PyErr_Format(PyExc_ValueError, "mean_gap_ns: expected at least 1, got %lld", mean_gap_ns);
        return NULL;
    }
    Sampler *sampler = (Sampler *)type->tp_alloc(type, 0);
    if (sampler == NULL)
        return NULL;
    sampler->gate = (Gate *)Py_NewRef(gate);
    sampler->mean_gap_ns = mean_gap_ns;
    sampler->random = (uint64_t)seed * 0x9E3779B97F4A7C15ULL | 1;
    return (PyObject *)sampler;
}

static void
sampler_end(Sampler *sampler)
{
    if (!sampler->running)
        return;
    SET(sampler->stopping, 1);
    Py_BEGIN_ALLOW_THREADS
    pthread_join(sampler->thread, NULL);
    Py_END_ALLOW_THREADS
    sampler->running = 0;
}

static void
Sampler_dealloc(PyObject *self)
{
    Sampler *sampler = (Sampler *)self;
    sampler_end(sampler);
    Py_XDECREF(sampler->gate);
    Py_TYPE(self)->tp_free(self);
}

static PyObject *
Sampler_start(PyObject *self, PyObject *Py_UNUSED(none))
{
    Sampler *sampler = (Sampler *)self;
    if (sampler->running || sampler->stopping) {
        PyErr_SetString(PyExc_RuntimeError, "a sampler starts once");
        return NULL;
    }
    int failed = pthread_create(&sampler->thread, NULL, sample, sampler);
    if (failed) {
        PyErr_Format(PyExc_RuntimeError, "no thread for the sampler: %s", strerror(failed));
        return NULL;
    }
    sampler->running = 1;
    Py_RETURN_NONE;
}

static PyObject *
Sampler_stop(PyObject *self, PyObject *Py_UNUSED(none))
{
    Sampler *sampler = (Sampler *)self;
    sampler_end(sampler);
    return Py_BuildValue("Lddd", (long long)sampler->looks, sampler->sum, sampler->sum_of_squares, sampler->lag_ns);
}

static PyMethodDef Sampler_methods[] = {
    {"start", Sampler_start, METH_NOARGS, "Begin to look."},
    {"stop", Sampler_stop, METH_NOARGS, "End, and return (looks, sum of what was seen, sum of squares, sum of lags in ns)."},
    {NULL, NULL, 0, NULL},
};

static PyTypeObject Sampler_Type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "bizra_lab.harness._recorder.Sampler",
    .tp_doc = "Sampler(gate, mean_gap_ns, seed)\n\n"
              "Looks at the number in flight at random moments, exponential gaps apart, in a thread without the GIL.",
    .tp_basicsize = sizeof(Sampler),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_new = Sampler_new,
    .tp_dealloc = Sampler_dealloc,
    .tp_methods = Sampler_methods,
};

/* ---- what the kernel counts -------------------------------------------------------------------------------- */

#define SIGHTING_FIELDS 9

typedef struct {
    int64_t at_ns, cpu_ns, process_cpu_ns, voluntary, involuntary, minor_faults, major_faults;
} Look;

/* Rows of (finished, duration, span, cpu, process cpu, voluntary, involuntary, minor faults, major faults). */
typedef struct {
    Py_buffer rows; /* .obj is NULL where nobody wants to know */
    int64_t capacity;
    int64_t filled;
    int64_t slow_ns;
    Look last;
} Watch;

static Look
look(void)
{
    Look now = {.at_ns = reading(CLOCK_MONOTONIC), .cpu_ns = reading(CLOCK_THREAD_CPUTIME_ID),
                .process_cpu_ns = reading(CLOCK_PROCESS_CPUTIME_ID)};
#ifdef RUSAGE_THREAD
    struct rusage usage;
    getrusage(RUSAGE_THREAD, &usage);
    now.voluntary = usage.ru_nvcsw;
    now.involuntary = usage.ru_nivcsw;
    now.minor_faults = usage.ru_minflt;
    now.major_faults = usage.ru_majflt;
#endif
    return now;
}

static int
watch_begin(Watch *watch, PyObject *rows, int64_t slow_ns)
{
    *watch = (Watch){.slow_ns = slow_ns};
    if (rows == Py_None)
        return 0;
    if (get_buffer(rows, &watch->rows, 8, "lq", "sightings") < 0) {
        watch->rows.obj = NULL;
        return -1;
    }
    watch->capacity = watch->rows.len / 8 / SIGHTING_FIELDS;
    watch->last = look();
    return 0;
}

static void
watch_end(Watch *watch)
{
    if (watch->rows.obj != NULL)
        PyBuffer_Release(&watch->rows);
}

/* Only the slowest are kept: what counts as slow is doubled until there is room. */
static void
watch_make_room(Watch *watch)
{
    int64_t *rows = watch->rows.buf;
    while (watch->filled == watch->capacity) {
        watch->slow_ns *= 2;
        int64_t kept = 0;
        for (int64_t i = 0; i < watch->filled; i++)
            if (rows[i * SIGHTING_FIELDS + 1] >= watch->slow_ns)
                memmove(&rows[kept++ * SIGHTING_FIELDS], &rows[i * SIGHTING_FIELDS], SIGHTING_FIELDS * sizeof(int64_t));
        watch->filled = kept;
    }
}

static void
watch_write(Watch *watch, int64_t started_ns, int64_t finished_ns)
{
    Look now = look(), then = watch->last;
    watch->last = now;
    if (watch->filled == watch->capacity)
        watch_make_room(watch);
    int64_t row[SIGHTING_FIELDS] = {finished_ns,
                                    finished_ns - started_ns,
                                    now.at_ns - then.at_ns,
                                    now.cpu_ns - then.cpu_ns,
                                    now.process_cpu_ns - then.process_cpu_ns,
                                    now.voluntary - then.voluntary,
                                    now.involuntary - then.involuntary,
                                    now.minor_faults - then.minor_faults,
                                    now.major_faults - then.major_faults};
    memcpy((int64_t *)watch->rows.buf + watch->filled++ * SIGHTING_FIELDS, row, sizeof row);
}

/* After each operation; costs a comparison unless it was slow. */
static inline void
watch_operation(Watch *watch, int64_t started_ns, int64_t finished_ns)
{
    if (watch->capacity > 0 && finished_ns - started_ns >= watch->slow_ns)
        watch_write(watch, started_ns, finished_ns);
}

/* ---- where operations are written down --------------------------------------------------------------------- */

typedef struct {
    PyObject *kept;    /* list, used as a ring; borrowed */
    Py_ssize_t slot;   /* of the ring, where the next result goes */
    PyObject *errors;  /* list of exception types, by code less one; borrowed */
    uint8_t *outcomes;
    int64_t serviced_ns;
} Book;

/* The result takes its place in the ring; the one it replaces goes. Both lists are the caller's: they are looked at
 * again each time, since an operation may change them. */
static int
keep(Book *book, PyObject *result)
{
    Py_ssize_t size = PyList_GET_SIZE(book->kept);
    if (book->slot >= size)
        book->slot = 0;
    if (size == 0) {
        Py_DECREF(result);
        PyErr_SetString(PyExc_RuntimeError, "the list of kept results was emptied while operations ran");
        return -1;
    }
    PyObject *old = PyList_GET_ITEM(book->kept, book->slot);
    PyList_SET_ITEM(book->kept, book->slot, result);
    book->slot++;
    Py_XDECREF(old);
    return 0;
}

/* A new reference to the type of the exception that is set, which is then cleared. */
static PyObject *
take_error_type(void)
{
#if PY_VERSION_HEX < 0x030C0000
    PyObject *type, *error, *traceback;
    PyErr_Fetch(&type, &error, &traceback);
    /* Until somebody catches it, what C code raised as OSError may still have to become FileNotFoundError. */
    PyErr_NormalizeException(&type, &error, &traceback);
    Py_XDECREF(type);
    Py_XDECREF(traceback);
#else
    PyObject *error = PyErr_GetRaisedException();
#endif
    PyObject *its_type = Py_NewRef((PyObject *)Py_TYPE(error));
    Py_DECREF(error);
    return its_type;
}

/* The code of the exception that is set, which is then cleared; -1, and it stays set, when it must stop the run. */
static int
outcome_of_error(Book *book)
{
    if (!PyErr_ExceptionMatches(PyExc_Exception))
        return -1;
    PyObject *type = take_error_type();
    Py_ssize_t known = PyList_GET_SIZE(book->errors);
    int code = OTHER_OUTCOME;
    for (Py_ssize_t i = 0; i < known && i < NAMED_OUTCOMES; i++) {
        if (PyList_GET_ITEM(book->errors, i) == type) {
            code = (int)i + 1;
            break;
        }
    }
    if (code == OTHER_OUTCOME && known < NAMED_OUTCOMES)
        code = PyList_Append(book->errors, type) < 0 ? -1 : (int)known + 1;
    Py_DECREF(type);
    return code;
}

/* Write down how operation i ended; -1 when it must stop the run. */
static int
settle(Book *book, Py_ssize_t i, PyObject *result)
{
    if (result != NULL) {
        book->outcomes[i] = 0;
        return keep(book, result);
    }
    int code = outcome_of_error(book);
    if (code < 0)
        return -1;
    book->outcomes[i] = (uint8_t)code;
    return 0;
}

/* Let signals and other threads have their turn, when it is time, and note what was counted up to here. */
static int
service(Book *book, Watch *watch, int64_t now_ns)
{
    if (now_ns - book->serviced_ns < SERVICE_NS)
        return 0;
    book->serviced_ns = now_ns;
    if (watch->capacity > 0)
        watch->last = look();
    if (PyErr_CheckSignals() < 0)
        return -1;
    Py_BEGIN_ALLOW_THREADS
    Py_END_ALLOW_THREADS
    return 0;
}

static int
check_lists(PyObject *kept, PyObject *errors)
{
    if (!PyList_CheckExact(kept) || PyList_GET_SIZE(kept) == 0) {
        PyErr_SetString(PyExc_TypeError, "kept: expected a list with at least one place");
        return -1;
    }
    if (!PyList_CheckExact(errors)) {
        PyErr_SetString(PyExc_TypeError, "errors: expected a list");
        return -1;
    }
    return 0;
}

/* ---- the loops --------------------------------------------------------------------------------------------- */

PyDoc_STRVAR(now_doc, "now() -> int\n\nThe reading of CLOCK_MONOTONIC in ns: what operations are stamped with.");

static PyObject *
now(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(none))
{
    return PyLong_FromLongLong(reading(CLOCK_MONOTONIC));
}

PyDoc_STRVAR(read_clock_doc, "read_clock(stamps)\n\nFill an int64 buffer with readings, one behind the other.");

static PyObject *
read_clock(PyObject *Py_UNUSED(module), PyObject *stamps_object)
{
    Py_buffer view;
    if (get_buffer(stamps_object, &view, 8, "lq", "stamps") < 0)
        return NULL;
    int64_t *stamps = view.buf;
    for (Py_ssize_t i = 0; i < view.len / 8; i++)
        stamps[i] = reading(CLOCK_MONOTONIC);
    PyBuffer_Release(&view);
    Py_RETURN_NONE;
}

static Gate *
gate_of(PyObject *object)
{
    if (Py_IS_TYPE(object, &Gate_Type))
        return (Gate *)object;
    PyErr_Format(PyExc_TypeError, "gate: expected a Gate, got %s", Py_TYPE(object)->tp_name);
    return NULL;
}

PyDoc_STRVAR(run_chained_doc,
"run_chained(operate, stamps, outcomes, kept, errors, deadline_ns, gate, sightings, slow_ns)\n"
"    -> (recorded, attempted, sighted, slow_ns)\n"
"\n"
"Call operate() until `outcomes` is full, the gate is closed, or an operation ends at or after deadline_ns (0: none).\n"
"stamps[0] is before the first operation, stamps[i + 1] the end of operation i and the start of the next.\n"
"An Exception becomes an outcome; any other BaseException ends the run and is raised.\n"
"Since one operation follows the other, the gate is entered once, before the first, and left after the last; each is\n"
"counted. `sightings` is None or room for what the kernel counted around each operation of slow_ns or more.");

static PyObject *
run_chained(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *operate, *stamps_object, *outcomes_object, *kept, *errors, *gate_object, *sightings, *answer = NULL;
    long long deadline_ns, slow_ns;
    Py_buffer stamps_view, outcomes_view;

    if (!PyArg_ParseTuple(args, "OOOOOLOOL:run_chained", &operate, &stamps_object, &outcomes_object, &kept, &errors,
                          &deadline_ns, &gate_object, &sightings, &slow_ns))
        return NULL;
    Gate *gate = gate_of(gate_object);
    if (gate == NULL || check_lists(kept, errors) < 0)
        return NULL;
    Watch watch;
    if (watch_begin(&watch, sightings, slow_ns) < 0)
        return NULL;
    if (get_buffer(stamps_object, &stamps_view, 8, "lq", "stamps") < 0)
        goto release_watch;
    if (get_buffer(outcomes_object, &outcomes_view, 1, "B", "outcomes") < 0)
        goto release_stamps;
    Py_ssize_t capacity = outcomes_view.len;
    if (stamps_view.len / 8 != capacity + 1) {
        PyErr_Format(PyExc_ValueError, "stamps: expected one more than the %zd outcomes, got %zd", capacity,
                     stamps_view.len / 8);
        goto done;
    }

    int64_t *stamps = stamps_view.buf;
    Py_ssize_t recorded = 0;
    long long attempted = 0; /* counted before each call, so that it shares nothing with what is recorded after */
    int64_t now_ns = reading(CLOCK_MONOTONIC);
    Book book = {.kept = kept, .errors = errors, .outcomes = outcomes_view.buf, .serviced_ns = now_ns};
    gate_change(gate, reading(gate->clock), 1);
    stamps[0] = now_ns = reading(CLOCK_MONOTONIC);
    while (recorded < capacity && !GET(gate->closed)) {
        attempted++;
        gate->entered++;
        PyObject *result = PyObject_CallNoArgs(operate);
        now_ns = reading(CLOCK_MONOTONIC);
        SET(gate->left, gate->left + 1);
        stamps[recorded + 1] = now_ns;
        if (settle(&book, recorded, result) < 0)
            goto leave;
        watch_operation(&watch, stamps[recorded], now_ns);
        recorded++;
        if (deadline_ns != 0 && now_ns >= deadline_ns)
            break;
        if (service(&book, &watch, now_ns) < 0)
            goto leave;
    }
    answer = Py_BuildValue("nLLL", recorded, attempted, (long long)watch.filled, (long long)watch.slow_ns);
leave:
    gate_change(gate, reading(gate->clock), -1);
done:
    PyBuffer_Release(&outcomes_view);
release_stamps:
    PyBuffer_Release(&stamps_view);
release_watch:
    watch_end(&watch);
    return answer;
}

/* Without the GIL: sleep until spin_ns before at_ns, then watch the clock; -1 when a signal's handler raised, 1 when the
 * gate was closed meanwhile. */
static int
wait_until(const Gate *gate, int64_t at_ns, int64_t spin_ns)
{
    int64_t left_ns;
    while ((left_ns = at_ns - spin_ns - reading(CLOCK_MONOTONIC)) > 0) {
        /* In pieces, so that closing the gate ends a long wait too. */
        struct timespec pause = timespec_of(left_ns < 10 * SERVICE_NS ? left_ns : 10 * SERVICE_NS);
        Py_BEGIN_ALLOW_THREADS
        nanosleep(&pause, NULL);
        Py_END_ALLOW_THREADS
        if (PyErr_CheckSignals() < 0)
            return -1;
        if (GET(gate->closed))
            return 1;
    }
    if (reading(CLOCK_MONOTONIC) < at_ns) {
        Py_BEGIN_ALLOW_THREADS
        while (reading(CLOCK_MONOTONIC) < at_ns) {
        }
        Py_END_ALLOW_THREADS
    }
    return 0;
}

PyDoc_STRVAR(run_worker_doc,
"run_worker(operate, starts, ends, outcomes, kept, errors, begin_ns, deadline_ns, gate, sightings, slow_ns)\n"
"    -> (recorded, attempted, sighted, slow_ns)\n"
"\n"
"One of several closed-loop workers: wait until begin_ns without the GIL, then call operate() until `outcomes` is full,\n"
"the gate is closed, or no operation may start any more because deadline_ns has come (0: no deadline). Operation i ran\n"
"from starts[i] to ends[i], and was in the gate meanwhile. `sightings` as with run_chained.");

static PyObject *
run_worker(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *operate, *starts_object, *ends_object, *outcomes_object, *kept, *errors, *gate_object, *sightings;
    PyObject *answer = NULL;
    long long begin_ns, deadline_ns, slow_ns;
    Py_buffer starts_view, ends_view, outcomes_view;

    if (!PyArg_ParseTuple(args, "OOOOOOLLOOL:run_worker", &operate, &starts_object, &ends_object, &outcomes_object,
                          &kept, &errors, &begin_ns, &deadline_ns, &gate_object, &sightings, &slow_ns))
        return NULL;
    Gate *gate = gate_of(gate_object);
    if (gate == NULL || check_lists(kept, errors) < 0)
        return NULL;
    Watch watch;
    if (watch_begin(&watch, sightings, slow_ns) < 0)
        return NULL;
    if (get_buffer(starts_object, &starts_view, 8, "lq", "starts") < 0)
        goto release_watch;
    if (get_buffer(ends_object, &ends_view, 8, "lq", "ends") < 0)
        goto release_starts;
    if (get_buffer(outcomes_object, &outcomes_view, 1, "B", "outcomes") < 0)
        goto release_ends;
    Py_ssize_t capacity = outcomes_view.len;
    if (starts_view.len / 8 != capacity || ends_view.len / 8 != capacity) {
        PyErr_Format(PyExc_ValueError, "starts and ends: expected %zd of each, as many as outcomes, got %zd and %zd",
                     capacity, starts_view.len / 8, ends_view.len / 8);
        goto done;
    }

    int64_t *starts = starts_view.buf, *ends = ends_view.buf;
    Py_ssize_t recorded = 0;
    long long attempted = 0;
    if (wait_until(gate, begin_ns, 0) < 0)
        goto done;
    int64_t now_ns = reading(CLOCK_MONOTONIC);
    Book book = {.kept = kept, .errors = errors, .outcomes = outcomes_view.buf, .serviced_ns = now_ns};
    while (recorded < capacity && !GET(gate->closed)) {
        now_ns = reading(CLOCK_MONOTONIC);
        if (deadline_ns != 0 && now_ns >= deadline_ns)
            break;
        starts[recorded] = now_ns;
        attempted++;
        /* The gate's clock is read after the stamps' on both sides, so a stay in the gate is as long as the record of
         * the operation: to enter before and leave after would add two readings to what is in flight. */
        gate_enter(gate);
        /* Waiting for the GIL is part of an operation that needs it, wherever in the loop it is let go. */
        if (service(&book, &watch, now_ns) < 0) {
            gate_leave(gate);
            goto done;
        }
        PyObject *result = PyObject_CallNoArgs(operate);
        ends[recorded] = now_ns = reading(CLOCK_MONOTONIC);
        if (gate_leave(gate) < 0) {
            Py_XDECREF(result);
            goto done;
        }
        if (settle(&book, recorded, result) < 0)
            goto done;
        watch_operation(&watch, starts[recorded], now_ns);
        recorded++;
    }
    answer = Py_BuildValue("nLLL", recorded, attempted, (long long)watch.filled, (long long)watch.slow_ns);
done:
    PyBuffer_Release(&outcomes_view);
release_ends:
    PyBuffer_Release(&ends_view);
release_starts:
    PyBuffer_Release(&starts_view);
release_watch:
    watch_end(&watch);
    return answer;
}

PyDoc_STRVAR(run_planned_doc,
"run_planned(operate, starts, ends, outcomes, workers, worker, kept, errors, spin_ns, gate, sightings, slow_ns)\n"
"    -> (attempted, sighted, slow_ns)\n"
"\n"
"One of several workers of an open load: take the next operation of the gate's plan, wait until it falls due, call\n"
"operate(), until none is left or the gate is closed. The columns are shared by all workers, one place for each planned\n"
"operation; places of operations that were never started are left as they were. An operation that falls due while all\n"
"workers are busy starts late, and none is skipped or put off. `sightings` as with run_chained.");

static PyObject *
run_planned(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *operate, *starts_object, *ends_object, *outcomes_object, *workers_object, *kept, *errors, *gate_object;
    PyObject *sightings, *answer = NULL;
    long long spin_ns, slow_ns;
    int worker;
    Py_buffer starts_view, ends_view, outcomes_view, workers_view;

    if (!PyArg_ParseTuple(args, "OOOOOiOOLOOL:run_planned", &operate, &starts_object, &ends_object, &outcomes_object,
                          &workers_object, &worker, &kept, &errors, &spin_ns, &gate_object, &sightings, &slow_ns))
        return NULL;
    Gate *gate = gate_of(gate_object);
    if (gate == NULL || check_lists(kept, errors) < 0)
        return NULL;
    Watch watch;
    if (watch_begin(&watch, sightings, slow_ns) < 0)
        return NULL;
    if (get_buffer(starts_object, &starts_view, 8, "lq", "starts") < 0)
        goto release_watch;
    if (get_buffer(ends_object, &ends_view, 8, "lq", "ends") < 0)
        goto release_starts;
    if (get_buffer(outcomes_object, &outcomes_view, 1, "B", "outcomes") < 0)
        goto release_ends;
    if (get_buffer(workers_object, &workers_view, 4, "i", "workers") < 0)
        goto release_outcomes;
    if (starts_view.len / 8 != gate->planned || ends_view.len / 8 != gate->planned ||
        outcomes_view.len != gate->planned || workers_view.len / 4 != gate->planned) {
        PyErr_Format(PyExc_ValueError, "columns: expected %lld places each, as many as are planned",
                     (long long)gate->planned);
        goto done;
    }

    int64_t *starts = starts_view.buf, *ends = ends_view.buf;
    int32_t *workers = workers_view.buf;
    long long attempted = 0;
    Book book = {.kept = kept, .errors = errors, .outcomes = outcomes_view.buf,
                 .serviced_ns = reading(CLOCK_MONOTONIC)};
    ask_for_exact_timers();
    while (!GET(gate->closed) && gate->taken < gate->planned) {
        int64_t i = gate->taken++;
        int waited = wait_until(gate, gate_plan(gate)[i], spin_ns);
        if (waited < 0)
            goto done;
        if (waited > 0)
            break;
        workers[i] = worker;
        starts[i] = reading(CLOCK_MONOTONIC);
        attempted++;
        PyObject *result = PyObject_CallNoArgs(operate);
        int64_t now_ns = ends[i] = reading(CLOCK_MONOTONIC);
        if (gate_leave(gate) < 0) {
            Py_XDECREF(result);
            goto done;
        }
        if (settle(&book, i, result) < 0)
            goto done;
        watch_operation(&watch, starts[i], now_ns);
        if (service(&book, &watch, now_ns) < 0)
            goto done;
    }
    answer = Py_BuildValue("LLL", attempted, (long long)watch.filled, (long long)watch.slow_ns);
done:
    PyBuffer_Release(&workers_view);
release_outcomes:
    PyBuffer_Release(&outcomes_view);
release_ends:
    PyBuffer_Release(&ends_view);
release_starts:
    PyBuffer_Release(&starts_view);
release_watch:
    watch_end(&watch);
    return answer;
}

static PyMethodDef methods[] = {
    {"now", now, METH_NOARGS, now_doc},
    {"read_clock", read_clock, METH_O, read_clock_doc},
    {"run_chained", run_chained, METH_VARARGS, run_chained_doc},
    {"run_worker", run_worker, METH_VARARGS, run_worker_doc},
    {"run_planned", run_planned, METH_VARARGS, run_planned_doc},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "bizra_lab.harness._recorder",
    .m_doc = "The recorder's inner loops, a gate that counts what is in flight, and a sampler that looks at it.",
    .m_size = -1,
    .m_methods = methods,
};

PyMODINIT_FUNC
PyInit__recorder(void)
{
    if (PyType_Ready(&Gate_Type) < 0 || PyType_Ready(&Sampler_Type) < 0)
        return NULL;
    PyObject *module = PyModule_Create(&definition);
    if (module == NULL)
        return NULL;
#ifdef Py_GIL_DISABLED
    PyUnstable_Module_SetGIL(module, Py_MOD_GIL_USED);
#endif
    if (PyModule_AddObjectRef(module, "Gate", (PyObject *)&Gate_Type) < 0 ||
        PyModule_AddObjectRef(module, "Sampler", (PyObject *)&Sampler_Type) < 0) {
        Py_DECREF(module);
        return NULL;
    }
    return module;
}
