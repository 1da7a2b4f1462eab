/*
 * What answers a hit in memory: `_cache_layered.Front`, without the interpreter in between.
 *
 * It reads, in this order, until when everything in memory is in its time, the value, and the clock: what it finds was
 * then in its time at some moment of the call, whatever others drop or put meanwhile. Anything but a value that is in its
 * time is left to what is below.
 */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stddef.h>
#include <stdint.h>
#include <structmember.h>
#include <time.h>

#define ARGUMENTS_MAX 3

/* A moment that is written in Python and read here, which as an attribute would cost as much as half a lookup. */
typedef struct {
    PyObject_HEAD
    long long ns;
} Until;

typedef struct {
    PyObject_HEAD
    vectorcallfunc call;
    Until *until;
    PyObject *held; /* gives values by key */
    PyObject *clock;
    int is_monotonic; /* the clock is `time.monotonic_ns` itself */
    PyObject *hits;
    PyObject *absent;
    PyObject *below;
    Py_ssize_t arguments_max; /* the last of which may be left out */
} Front;

static PyObject *monotonic_ns; /* of the module `time` */

static PyObject *
ask_below(Front *self, PyObject *const *args, Py_ssize_t given)
{
    PyObject *all[ARGUMENTS_MAX];
    for (Py_ssize_t at = 0; at < self->arguments_max; at++)
        all[at] = at < given ? args[at] : Py_None;
    return PyObject_Vectorcall(self->below, all, (size_t)self->arguments_max, NULL);
}

/*
 * Whether the clock is before `until_ns`; -1 with an exception.
 *
 * Where the clock that was given is `time.monotonic_ns`, what that reads is read here: to make an int of it and to call
 * for it costs as much again.
 */
static int
in_time(Front *self, long long until_ns)
{
#ifdef __linux__
    struct timespec now_is;
    if (self->is_monotonic && clock_gettime(CLOCK_MONOTONIC, &now_is) == 0)
        return (long long)now_is.tv_sec * 1000000000 + now_is.tv_nsec < until_ns;
#endif
    PyObject *now = PyObject_CallNoArgs(self->clock);
    if (now == NULL)
        return -1;
    long long now_ns = PyLong_AsLongLong(now);
    Py_DECREF(now);
    return now_ns == -1 && PyErr_Occurred() ? -1 : now_ns < until_ns;
}

static PyObject *
front_call(PyObject *object, PyObject *const *args, size_t flags, PyObject *keywords)
{
    Front *self = (Front *)object;
    Py_ssize_t given = PyVectorcall_NARGS(flags), most = self->arguments_max;
    if (keywords != NULL && PyTuple_GET_SIZE(keywords)) {
        PyErr_SetString(PyExc_TypeError, "expected arguments by place, got one by name");
        return NULL;
    }
    if (given < most - 1 || given > most) {
        PyErr_Format(PyExc_TypeError, "expected %zd or %zd arguments, got %zd", most - 1, most, given);
        return NULL;
    }
    long long until_ns = self->until->ns;
    PyObject *value = PyObject_GetItem(self->held, args[0]);
    if (value == NULL) {
        /* TypeError: it has no hash, and is no key; what is below says so. */
        if (!PyErr_ExceptionMatches(PyExc_KeyError) && !PyErr_ExceptionMatches(PyExc_TypeError))
            return NULL;
        PyErr_Clear();
        return ask_below(self, args, given);
    }
    int hit = value == self->absent ? 0 : in_time(self, until_ns);
    if (hit == 1) {
        PyObject *step = Py_TYPE(self->hits)->tp_iternext(self->hits);
        if (step != NULL) {
            Py_DECREF(step);
            return value;
        }
        if (!PyErr_Occurred())
            PyErr_SetString(PyExc_OverflowError, "the tally of hits is at its end");
        hit = -1;
    }
    Py_DECREF(value);
    return hit < 0 ? NULL : ask_below(self, args, given);
}

static int
front_traverse(PyObject *object, visitproc visit, void *arg)
{
    Front *self = (Front *)object;
    Py_VISIT(self->until);
    Py_VISIT(self->held);
    Py_VISIT(self->clock);
    Py_VISIT(self->hits);
    Py_VISIT(self->absent);
    Py_VISIT(self->below);
    return 0;
}

/* No clear: the cache that a cycle leads through lets go of its attributes, and of this among them. */

static void
front_dealloc(PyObject *object)
{
    Front *self = (Front *)object;
    PyObject_GC_UnTrack(object);
    Py_XDECREF(self->until);
    Py_XDECREF(self->held);
    Py_XDECREF(self->clock);
    Py_XDECREF(self->hits);
    Py_XDECREF(self->absent);
    Py_XDECREF(self->below);
    Py_TYPE(object)->tp_free(object);
}

static PyObject *
until_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    long long ns;
    if (keywords != NULL && PyDict_GET_SIZE(keywords)) {
        PyErr_SetString(PyExc_TypeError, "Until() takes its argument by place");
        return NULL;
    }
    if (!PyArg_ParseTuple(args, "L:Until", &ns))
        return NULL;
    Until *self = (Until *)type->tp_alloc(type, 0);
    if (self != NULL)
        self->ns = ns;
    return (PyObject *)self;
}

static PyMemberDef until_members[] = {
    {"ns", T_LONGLONG, offsetof(Until, ns), 0, "The moment, by the clock of whoever reads it, ns."},
    {NULL, 0, 0, 0, NULL},
};

static PyTypeObject Until_Type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "bizra_lab.components._cache_front.Until",
    .tp_doc = "Until(ns)\n\nUntil when everything in memory is in its time.",
    .tp_basicsize = sizeof(Until),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_new = until_new,
    .tp_members = until_members,
};

static PyObject *
front_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    PyObject *until, *held, *clock, *hits, *absent, *below;
    Py_ssize_t arguments_max;
    if (keywords != NULL && PyDict_GET_SIZE(keywords)) {
        PyErr_SetString(PyExc_TypeError, "Front() takes its arguments by place");
        return NULL;
    }
    if (!PyArg_ParseTuple(args, "O!OOOOOn:Front", &Until_Type, &until, &held, &clock, &hits, &absent, &below,
                          &arguments_max))
        return NULL;
    if (arguments_max < 2 || arguments_max > ARGUMENTS_MAX) {
        PyErr_Format(PyExc_ValueError, "expected 2 or %d arguments at most, got %zd", ARGUMENTS_MAX, arguments_max);
        return NULL;
    }
    if (!PyIter_Check(hits)) {
        PyErr_Format(PyExc_TypeError, "hits: expected an iterator, got %s", Py_TYPE(hits)->tp_name);
        return NULL;
    }
    Front *self = (Front *)type->tp_alloc(type, 0);
    if (self == NULL)
        return NULL;
    self->call = front_call;
    self->until = (Until *)Py_NewRef(until);
    self->held = Py_NewRef(held);
    self->clock = Py_NewRef(clock);
    self->is_monotonic = clock == monotonic_ns;
    self->hits = Py_NewRef(hits);
    self->absent = Py_NewRef(absent);
    self->below = Py_NewRef(below);
    self->arguments_max = arguments_max;
    return (PyObject *)self;
}

static PyTypeObject Front_Type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "bizra_lab.components._cache_front.Front",
    .tp_doc = "Front(until, held, clock, hits, absent, below, arguments_max)\n\n"
              "Called with a key, and up to so many arguments: the value that is held, in its time; and for anything\n"
              "else what `below` makes of all of them, the last of which is None where it was left out.",
    .tp_basicsize = sizeof(Front),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL,
    .tp_new = front_new,
    .tp_dealloc = front_dealloc,
    .tp_traverse = front_traverse,
    .tp_call = PyVectorcall_Call,
    .tp_vectorcall_offset = offsetof(Front, call),
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "bizra_lab.components._cache_front",
    .m_doc = "What answers a hit in memory.",
    .m_size = 0,
};

PyMODINIT_FUNC
PyInit__cache_front(void)
{
    if (PyType_Ready(&Until_Type) < 0 || PyType_Ready(&Front_Type) < 0)
        return NULL;
    PyObject *time = PyImport_ImportModule("time");
    monotonic_ns = time == NULL ? NULL : PyObject_GetAttrString(time, "monotonic_ns");
    Py_XDECREF(time);
    if (monotonic_ns == NULL)
        return NULL;
    PyObject *module = PyModule_Create(&definition);
    if (module == NULL)
        return NULL;
#ifdef Py_GIL_DISABLED
    PyUnstable_Module_SetGIL(module, Py_MOD_GIL_USED);
#endif
    if (PyModule_AddObjectRef(module, "Until", (PyObject *)&Until_Type) < 0 ||
        PyModule_AddObjectRef(module, "Front", (PyObject *)&Front_Type) < 0) {
        Py_DECREF(module);
        return NULL;
    }
    return module;
}
