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

#define ARGUMENTS_MAX 3

typedef struct {
    PyObject_HEAD
    vectorcallfunc call;
    PyObject *memory; /* has `until_ns` */
    PyObject *held;   /* gives values by key */
    PyObject *clock;
    PyObject *hits;
    PyObject *absent;
    PyObject *below;
    Py_ssize_t arguments_max; /* the last of which may be left out */
} Front;

static PyObject *until_name; /* "until_ns", interned once */

static PyObject *
ask_below(Front *self, PyObject *const *args, Py_ssize_t given)
{
    PyObject *all[ARGUMENTS_MAX];
    for (Py_ssize_t at = 0; at < self->arguments_max; at++)
        all[at] = at < given ? args[at] : Py_None;
    return PyObject_Vectorcall(self->below, all, (size_t)self->arguments_max, NULL);
}

/* Whether the clock is before `until`; -1 with an exception. */
static int
in_time(Front *self, PyObject *until)
{
    PyObject *now = PyObject_CallNoArgs(self->clock);
    if (now == NULL)
        return -1;
    int before = PyObject_RichCompareBool(now, until, Py_LT);
    Py_DECREF(now);
    return before;
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
    PyObject *until = PyObject_GetAttr(self->memory, until_name);
    if (until == NULL)
        return NULL;
    PyObject *value = PyObject_GetItem(self->held, args[0]);
    if (value == NULL) {
        Py_DECREF(until);
        /* TypeError: it has no hash, and is no key; what is below says so. */
        if (!PyErr_ExceptionMatches(PyExc_KeyError) && !PyErr_ExceptionMatches(PyExc_TypeError))
            return NULL;
        PyErr_Clear();
        return ask_below(self, args, given);
    }
    int hit = value == self->absent ? 0 : in_time(self, until);
    Py_DECREF(until);
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
    Py_VISIT(self->memory);
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
    Py_XDECREF(self->memory);
    Py_XDECREF(self->held);
    Py_XDECREF(self->clock);
    Py_XDECREF(self->hits);
    Py_XDECREF(self->absent);
    Py_XDECREF(self->below);
    Py_TYPE(object)->tp_free(object);
}

static PyObject *
front_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    PyObject *memory, *clock, *hits, *absent, *below;
    Py_ssize_t arguments_max;
    if (keywords != NULL && PyDict_GET_SIZE(keywords)) {
        PyErr_SetString(PyExc_TypeError, "Front() takes its arguments by place");
        return NULL;
    }
    if (!PyArg_ParseTuple(args, "OOOOOn:Front", &memory, &clock, &hits, &absent, &below, &arguments_max))
        return NULL;
    if (arguments_max < 2 || arguments_max > ARGUMENTS_MAX) {
        PyErr_Format(PyExc_ValueError, "expected 2 or %d arguments at most, got %zd", ARGUMENTS_MAX, arguments_max);
        return NULL;
    }
    if (!PyIter_Check(hits)) {
        PyErr_Format(PyExc_TypeError, "hits: expected an iterator, got %s", Py_TYPE(hits)->tp_name);
        return NULL;
    }
    PyObject *held = PyObject_GetAttrString(memory, "held");
    if (held == NULL)
        return NULL;
    Front *self = (Front *)type->tp_alloc(type, 0);
    if (self == NULL) {
        Py_DECREF(held);
        return NULL;
    }
    self->call = front_call;
    self->memory = Py_NewRef(memory);
    self->held = held;
    self->clock = Py_NewRef(clock);
    self->hits = Py_NewRef(hits);
    self->absent = Py_NewRef(absent);
    self->below = Py_NewRef(below);
    self->arguments_max = arguments_max;
    return (PyObject *)self;
}

static PyTypeObject Front_Type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "bizra_lab.components._cache_front.Front",
    .tp_doc = "Front(memory, clock, hits, absent, below, arguments_max)\n\n"
              "Called with a key, and up to so many arguments: the value that memory holds in its time; and for anything\n"
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
    if (PyType_Ready(&Front_Type) < 0)
        return NULL;
    until_name = PyUnicode_InternFromString("until_ns");
    if (until_name == NULL)
        return NULL;
    PyObject *module = PyModule_Create(&definition);
    if (module == NULL)
        return NULL;
#ifdef Py_GIL_DISABLED
    PyUnstable_Module_SetGIL(module, Py_MOD_GIL_USED);
#endif
    if (PyModule_AddObjectRef(module, "Front", (PyObject *)&Front_Type) < 0) {
        Py_DECREF(module);
        return NULL;
    }
    return module;
}
