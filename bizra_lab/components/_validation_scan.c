/*
 * Whether a text is a mailbox, every sign looked at once: what `_validation_mailbox` says in patterns, and its limits.
 *
 * It touches no Python object but the text it is given, which nobody can change.
 */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#define ADDRESS_MAX 254
#define LOCAL_PART_MAX 64
#define LABEL_MAX 63

enum { ATOM = 1, ALPHANUMERIC = 2 };

static unsigned char signs[128]; /* what each may be part of */

static int
is(unsigned char sign, int kind)
{
    return sign < 128 && signs[sign] & kind;
}

/* Atoms joined by single dots: where they end, which is at what is part of no atom; NULL when they are none. */
static const unsigned char *
after_atoms(const unsigned char *at, const unsigned char *end)
{
    for (;; at++) {
        const unsigned char *begin = at;
        while (at < end && is(*at, ATOM))
            at++;
        if (at == begin)
            return NULL;
        if (at == end || *at != '.')
            return at;
    }
}

/* The rest: two or more labels joined by single dots. */
static int
are_labels(const unsigned char *at, const unsigned char *end)
{
    for (int labels = 1;; labels++, at++) {
        const unsigned char *begin = at;
        while (at < end && (is(*at, ALPHANUMERIC) || *at == '-'))
            at++;
        if (at == begin || at - begin > LABEL_MAX || *begin == '-' || at[-1] == '-')
            return 0;
        if (at == end)
            return labels > 1;
        if (*at != '.')
            return 0;
    }
}

PyDoc_STRVAR(is_mailbox_doc,
"is_mailbox(text) -> bool\n"
"\n"
"Whether `text`, all of it, is one mailbox. TypeError for anything but a str.");

static PyObject *
is_mailbox(PyObject *Py_UNUSED(module), PyObject *text)
{
    if (!PyUnicode_Check(text)) {
        PyErr_Format(PyExc_TypeError, "expected a str, got %s", Py_TYPE(text)->tp_name);
        return NULL;
    }
    Py_ssize_t n = PyUnicode_GET_LENGTH(text);
    if (n > ADDRESS_MAX || !PyUnicode_IS_COMPACT_ASCII(text))
        Py_RETURN_FALSE;
    const unsigned char *begin = PyUnicode_1BYTE_DATA(text), *end = begin + n, *at = after_atoms(begin, end);
    if (at == NULL || at == end || *at != '@' || at - begin > LOCAL_PART_MAX)
        Py_RETURN_FALSE;
    return PyBool_FromLong(are_labels(at + 1, end));
}

static PyMethodDef methods[] = {
    {"is_mailbox", is_mailbox, METH_O, is_mailbox_doc},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "bizra_lab.components._validation_scan",
    .m_doc = "Texts looked at sign by sign.",
    .m_size = 0,
    .m_methods = methods,
};

PyMODINIT_FUNC
PyInit__validation_scan(void)
{
    for (const char *sign = "!#$%&'*+-/=?^_`{|}~"; *sign; sign++)
        signs[(unsigned char)*sign] = ATOM;
    for (int sign = 0; sign < 128; sign++)
        if ((sign >= '0' && sign <= '9') || (sign >= 'A' && sign <= 'Z') || (sign >= 'a' && sign <= 'z'))
            signs[sign] = ATOM | ALPHANUMERIC;
    PyObject *module = PyModule_Create(&definition);
#ifdef Py_GIL_DISABLED
    if (module != NULL)
        PyUnstable_Module_SetGIL(module, Py_MOD_GIL_NOT_USED);
#endif
    return module;
}
