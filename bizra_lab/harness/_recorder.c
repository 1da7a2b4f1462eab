/*
 * The recorder's inner loops, and a gate that counts what is in flight.
 *
 * One clock reading per operation, raw stamps into memory that was touched before, results kept so that the work
 * cannot be thrown away, and what an operation raises written down as its outcome. Nothing is allocated while it runs.
 *
 * Everything here relies on the GIL, and asks builds that can do without one for it.
 */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

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

/* ---- the gate ---------------------------------------------------------------------------------------------- */

typedef struct {
    PyObject_HEAD
    int64_t in_flight;
    int64_t peak;
    int64_t entered;
    int64_t left;
    int64_t integral_ns; /* of the number in flight over time, up to changed_ns */
    int64_t changed_ns;
} Gate;

static int64_t
gate_advance(Gate *gate)
{
    int64_t now_ns = reading(GATE_CLOCK);
    gate->integral_ns += gate->in_flight * (now_ns - gate->changed_ns);
    gate->changed_ns = now_ns;
    return now_ns;
}

static void
gate_enter(Gate *gate)
{
    gate_advance(gate);
    gate->entered++;
    if (++gate->in_flight > gate->peak)
        gate->peak = gate->in_flight;
}

static int
gate_leave(Gate *gate)
{
    if (gate->in_flight == 0) {
        PyErr_SetString(PyExc_ValueError, "nothing is in flight that could leave");
        return -1;
    }
    gate_advance(gate);
    gate->left++;
    gate->in_flight--;
    return 0;
}

static PyObject *
Gate_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {NULL};
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, ":Gate", names))
        return NULL;
    Gate *gate = (Gate *)type->tp_alloc(type, 0);
    if (gate != NULL)
        gate->changed_ns = reading(GATE_CLOCK);
    return (PyObject *)gate;
}

static PyObject *
Gate_enter(PyObject *self, PyObject *Py_UNUSED(none))
{
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
    int64_t now_ns = gate_advance(gate);
    return Py_BuildValue("LLLL", (long long)gate->integral_ns, (long long)now_ns, (long long)gate->entered,
                         (long long)gate->left);
}

static PyMethodDef Gate_methods[] = {
    {"enter", Gate_enter, METH_NOARGS, "One operation more is in flight."},
    {"leave", Gate_leave, METH_NOARGS, "One operation less is in flight; ValueError when none was."},
    {"read", Gate_read, METH_NOARGS, "(integral of the number in flight, ns; its clock's reading, ns; entered; left)."},
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
    {NULL, 0, 0, 0, NULL},
};

static PyTypeObject Gate_Type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "bizra_lab.harness._recorder.Gate",
    .tp_doc = "Counts what is in flight at a boundary and integrates it over time, on a clock of its own.",
    .tp_basicsize = sizeof(Gate),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_new = Gate_new,
    .tp_call = Gate_call,
    .tp_methods = Gate_methods,
    .tp_members = Gate_members,
};

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

/* Let signals and other threads have their turn, when it is time. */
static int
service(Book *book, int64_t now_ns)
{
    if (now_ns - book->serviced_ns < SERVICE_NS)
        return 0;
    book->serviced_ns = now_ns;
    if (PyErr_CheckSignals() < 0)
        return -1;
    Py_BEGIN_ALLOW_THREADS
    Py_END_ALLOW_THREADS
    return 0;
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

PyDoc_STRVAR(run_chained_doc,
"run_chained(operate, stamps, outcomes, kept, errors, deadline_ns) -> (recorded, attempted)\n"
"\n"
"Call operate() until `outcomes` is full or an operation ends at or after deadline_ns (0: no deadline).\n"
"stamps[0] is before the first operation, stamps[i + 1] the end of operation i and the start of the next.\n"
"An Exception becomes an outcome; any other BaseException ends the run and is raised.");

static PyObject *
run_chained(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *operate, *stamps_object, *outcomes_object, *kept, *errors, *answer = NULL;
    long long deadline_ns;
    Py_buffer stamps_view, outcomes_view;

    if (!PyArg_ParseTuple(args, "OOOOOL:run_chained", &operate, &stamps_object, &outcomes_object, &kept, &errors,
                          &deadline_ns))
        return NULL;
    if (check_lists(kept, errors) < 0)
        return NULL;
    if (get_buffer(stamps_object, &stamps_view, 8, "lq", "stamps") < 0)
        return NULL;
    if (get_buffer(outcomes_object, &outcomes_view, 1, "B", "outcomes") < 0) {
        PyBuffer_Release(&stamps_view);
        return NULL;
    }
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
    stamps[0] = now_ns;
    while (recorded < capacity) {
        attempted++;
        PyObject *result = PyObject_CallNoArgs(operate);
        now_ns = reading(CLOCK_MONOTONIC);
        stamps[recorded + 1] = now_ns;
        if (settle(&book, recorded, result) < 0)
            goto done;
        recorded++;
        if (deadline_ns != 0 && now_ns >= deadline_ns)
            break;
        if (service(&book, now_ns) < 0)
            goto done;
    }
    answer = Py_BuildValue("nL", recorded, attempted);
done:
    PyBuffer_Release(&outcomes_view);
    PyBuffer_Release(&stamps_view);
    return answer;
}

/* Sleep until the clock reads at_ns, without the GIL; -1 when a signal's handler raised. */
static int
wait_until(int64_t at_ns)
{
    for (;;) {
        int64_t left_ns = at_ns - reading(CLOCK_MONOTONIC);
        if (left_ns <= 0)
            return 0;
        struct timespec pause = {.tv_sec = left_ns / SECOND_NS, .tv_nsec = left_ns % SECOND_NS};
        Py_BEGIN_ALLOW_THREADS
        nanosleep(&pause, NULL);
        Py_END_ALLOW_THREADS
        if (PyErr_CheckSignals() < 0)
            return -1;
    }
}

PyDoc_STRVAR(run_worker_doc,
"run_worker(operate, starts, ends, outcomes, kept, errors, begin_ns, deadline_ns, gate) -> (recorded, attempted)\n"
"\n"
"One of several closed-loop workers: wait until begin_ns without the GIL, then call operate() until `outcomes` is full\n"
"or no operation may start any more because deadline_ns has come (0: no deadline). Operation i ran from starts[i] to\n"
"ends[i]. `gate` is None or a Gate that each operation enters and leaves.");

static PyObject *
run_worker(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *operate, *starts_object, *ends_object, *outcomes_object, *kept, *errors, *gate_object, *answer = NULL;
    long long begin_ns, deadline_ns;
    Py_buffer starts_view, ends_view, outcomes_view;

    if (!PyArg_ParseTuple(args, "OOOOOOLLO:run_worker", &operate, &starts_object, &ends_object, &outcomes_object,
                          &kept, &errors, &begin_ns, &deadline_ns, &gate_object))
        return NULL;
    if (check_lists(kept, errors) < 0)
        return NULL;
    Gate *gate = NULL;
    if (gate_object != Py_None) {
        if (!Py_IS_TYPE(gate_object, &Gate_Type)) {
            PyErr_SetString(PyExc_TypeError, "gate: expected a Gate or None");
            return NULL;
        }
        gate = (Gate *)gate_object;
    }
    if (get_buffer(starts_object, &starts_view, 8, "lq", "starts") < 0)
        return NULL;
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
    if (wait_until(begin_ns) < 0)
        goto done;
    int64_t now_ns = reading(CLOCK_MONOTONIC);
    Book book = {.kept = kept, .errors = errors, .outcomes = outcomes_view.buf, .serviced_ns = now_ns};
    while (recorded < capacity) {
        now_ns = reading(CLOCK_MONOTONIC);
        if (deadline_ns != 0 && now_ns >= deadline_ns)
            break;
        starts[recorded] = now_ns;
        attempted++;
        /* The gate's clock is read after the stamps' on both sides, so a stay in the gate is as long as the record of
         * the operation: to enter before and leave after would add two readings to what is in flight. */
        if (gate != NULL)
            gate_enter(gate);
        PyObject *result = PyObject_CallNoArgs(operate);
        ends[recorded] = now_ns = reading(CLOCK_MONOTONIC);
        if (gate != NULL && gate_leave(gate) < 0) {
            Py_XDECREF(result);
            goto done;
        }
        if (settle(&book, recorded, result) < 0)
            goto done;
        recorded++;
        if (service(&book, now_ns) < 0)
            goto done;
    }
    answer = Py_BuildValue("nL", recorded, attempted);
done:
    PyBuffer_Release(&outcomes_view);
release_ends:
    PyBuffer_Release(&ends_view);
release_starts:
    PyBuffer_Release(&starts_view);
    return answer;
}

static PyMethodDef methods[] = {
    {"now", now, METH_NOARGS, now_doc},
    {"read_clock", read_clock, METH_O, read_clock_doc},
    {"run_chained", run_chained, METH_VARARGS, run_chained_doc},
    {"run_worker", run_worker, METH_VARARGS, run_worker_doc},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "bizra_lab.harness._recorder",
    .m_doc = "The recorder's inner loops, and a gate that counts what is in flight.",
    .m_size = -1,
    .m_methods = methods,
};

PyMODINIT_FUNC
PyInit__recorder(void)
{
    if (PyType_Ready(&Gate_Type) < 0)
        return NULL;
    PyObject *module = PyModule_Create(&definition);
    if (module == NULL)
        return NULL;
#ifdef Py_GIL_DISABLED
    PyUnstable_Module_SetGIL(module, Py_MOD_GIL_USED);
#endif
    if (PyModule_AddObjectRef(module, "Gate", (PyObject *)&Gate_Type) < 0) {
        Py_DECREF(module);
        return NULL;
    }
    return module;
}
