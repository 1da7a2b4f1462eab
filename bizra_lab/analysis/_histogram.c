/*
 * The histogram's inner loops: each value counted in its HDR bucket, summed, and set aside where it is among the largest;
 * and counts written as HdrHistogram writes them.
 *
 * The bits of a double are an HDR bucket's number: its exponent says which power of two, the head of its fraction which
 * part of it. So a block of values is turned into bucket numbers by arithmetic that a compiler can do several at a time,
 * and one test tells whether it holds anything unusual. Blocks that do go value by value.
 *
 * Nothing here touches a Python object between taking the buffers and giving them back, so the GIL is released meanwhile.
 */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdint.h>
#include <string.h>

#define BLOCK 64  /* values; in a tail of one in a thousand most blocks hold none of it */
#define AHEAD 512 /* values, a page of memory: by so much earlier it is asked for, as no processor looks past a page */
#define LINE 8    /* values in a line of the cache */

#define FRACTION_BITS 52
#define HALF_BITS_MAX 17 /* five digits */
#define VALUE_BITS 63

typedef struct {
    int half_bits;
    int64_t *counts;
    int64_t *room; /* for values from tail_from on */
    int64_t filled;
    int64_t tail_from;
    int64_t smallest;
    uint64_t sum, carries; /* the sum modulo 2^64, and how often it went round */
} Tally;

static inline void
add(Tally *tally, uint64_t amount)
{
    tally->sum += amount;
    tally->carries += tally->sum < amount;
}

static inline double
double_of(uint64_t bits)
{
    double number;
    memcpy(&number, &bits, sizeof number);
    return number;
}

static inline uint64_t
bits_of(double number)
{
    uint64_t bits;
    memcpy(&bits, &number, sizeof bits);
    return bits;
}

/*
 * A block's buckets and its sum, and whether it holds values of the tail; 0 unless all are within low to 2^52 - 1.
 *
 * Or-ed into the fraction of a double a value is added to that double; taking the double away again leaves the value as
 * a multiple of a tiny number, chosen so that the exponent's first doubling is the first that buckets are halved in.
 */
static inline __attribute__((always_inline)) int
usual(const Tally *tally, const int64_t *values, int64_t low, uint32_t *buckets, uint64_t *sum, int *in_tail)
{
    const uint64_t above = (uint64_t)(FRACTION_BITS + 1 - tally->half_bits) << FRACTION_BITS;
    const uint64_t high = ((uint64_t)1 << FRACTION_BITS) - 1, tail_from = (uint64_t)tally->tail_from;
    const int shift = FRACTION_BITS - tally->half_bits;
    uint64_t outside = 0, below_tail = ~(uint64_t)0, total = 0; /* the sign bits of differences */
    for (int i = 0; i < BLOCK; i++) {
        uint64_t value = (uint64_t)values[i];
        outside |= (value - (uint64_t)low) | (high - value);
        below_tail &= value - tail_from;
        total += value;
        buckets[i] = (uint32_t)(bits_of(double_of(value | above) - double_of(above)) >> shift);
    }
    *sum = total;
    *in_tail = below_tail >> (FRACTION_BITS + 11) == 0;
    return outside >> (FRACTION_BITS + 11) == 0;
}

static inline size_t
bucket(const Tally *tally, int64_t value)
{
    uint64_t linear = ((uint64_t)2 << tally->half_bits) - 1;
    int doublings = VALUE_BITS - tally->half_bits - __builtin_clzll((uint64_t)value | linear);
    return ((size_t)doublings << tally->half_bits) + (size_t)((uint64_t)value >> doublings);
}

/* One value after the other. -1 when one is below 0. */
static int
count_each(Tally *tally, const int64_t *values, Py_ssize_t n)
{
    for (Py_ssize_t i = 0; i < n; i++) {
        int64_t value = values[i];
        if (value < 0)
            return -1;
        if (value < tally->smallest)
            tally->smallest = value;
        if (value >= tally->tail_from)
            tally->room[tally->filled++] = value;
        tally->counts[bucket(tally, value)]++;
        add(tally, (uint64_t)value);
    }
    return 0;
}

static inline __attribute__((always_inline)) void
set_aside(Tally *tally, const int64_t *values)
{
    int64_t *room = tally->room, filled = tally->filled;
    const uint64_t tail_from = (uint64_t)tally->tail_from;
    for (int line = 0; line < BLOCK; line += LINE) {
        uint64_t below_tail = ~(uint64_t)0;
        for (int i = line; i < line + LINE; i++)
            below_tail &= (uint64_t)values[i] - tail_from;
        if (below_tail >> (FRACTION_BITS + 11)) /* most of them, even in a block that holds some of the tail */
            continue;
        for (int i = line; i < line + LINE; i++) {
            room[filled] = values[i]; /* kept or written over: there is a place for each value */
            filled += values[i] >= tally->tail_from;
        }
    }
    tally->filled = filled;
}

static inline void
ask_for(const int64_t *values)
{
    for (int i = 0; i < BLOCK; i += LINE)
        __builtin_prefetch(values + i);
}

/* Built for any processor, and again for those that do four values at a time; which it is, is asked at loading. */
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__has_attribute)
#if __has_attribute(target_clones)
__attribute__((target_clones("avx2", "default")))
#endif
#endif
static int
count_all(Tally *tally, const int64_t *values, Py_ssize_t n)
{
    int64_t *counts = tally->counts; /* of its own, since the compiler cannot know that no count is where it is kept */
    int64_t linear = (int64_t)1 << tally->half_bits; /* below it a double's bits may be flushed to 0 */
    for (Py_ssize_t i = 0; i < n; i += BLOCK) {
        uint32_t buckets[BLOCK];
        uint64_t sum;
        int in_tail;
        int64_t low = tally->smallest > linear ? tally->smallest : linear;
        if (n - i >= AHEAD + BLOCK)
            ask_for(values + i + AHEAD);
        if (n - i >= BLOCK && usual(tally, values + i, low, buckets, &sum, &in_tail)) {
            for (int j = 0; j < BLOCK; j++)
                counts[buckets[j]]++;
            add(tally, sum);
            if (in_tail)
                set_aside(tally, values + i);
        }
        else if (count_each(tally, values + i, n - i < BLOCK ? n - i : BLOCK) < 0)
            return -1;
    }
    return 0;
}

/* ---- counts as numbers of seven bits a byte ---------------------------------------------------------------- */

#define NUMBER_BYTES 9
#define MORE 0x80 /* another byte of this number follows */

/* Written where `out` is not NULL; returns how many bytes it takes. */
static Py_ssize_t
write_number(uint64_t number, uint8_t *out)
{
    Py_ssize_t size = 1;
    for (; number >= MORE; number >>= 7, size++)
        if (out != NULL)
            *out++ = (uint8_t)number | MORE;
    if (out != NULL)
        *out = (uint8_t)number;
    return size;
}

/* A count is twice itself; empty buckets in a row are one odd number, but a single one is 0. */
static Py_ssize_t
write_counts(const int64_t *counts, Py_ssize_t n, uint8_t *out)
{
    Py_ssize_t size = 0;
    for (Py_ssize_t i = 0; i < n;) {
        Py_ssize_t empty = 0;
        while (i + empty < n && counts[i + empty] == 0)
            empty++;
        uint64_t number = empty > 1 ? 2 * (uint64_t)empty - 1 : 2 * (uint64_t)counts[i];
        size += write_number(number, out == NULL ? NULL : out + size);
        i += empty > 1 ? empty : 1;
    }
    return size;
}

/* The number that begins at *at, which is moved behind it; NULL, or what is wrong. */
static inline const char *
read_number(const uint8_t *in, Py_ssize_t size, Py_ssize_t *at, uint64_t *number)
{
    *number = 0;
    for (int byte = 0; byte < NUMBER_BYTES; byte++) {
        if (*at == size)
            return "its counts end within a number";
        uint8_t bits = in[(*at)++];
        *number |= (uint64_t)(bits & (MORE - 1)) << (7 * byte);
        if (bits < MORE)
            return NULL;
    }
    return "a number of more than 9 bytes";
}

/* Stored where `counts`, all 0, is not NULL; returns how many buckets that are, or -1 and what is wrong. */
static inline Py_ssize_t
read_counts(const uint8_t *in, Py_ssize_t size, Py_ssize_t slots, int64_t *counts, const char **wrong)
{
    Py_ssize_t slot = 0;
    for (Py_ssize_t at = 0; at < size;) {
        uint64_t number;
        *wrong = read_number(in, size, &at, &number);
        /* Without a branch for what is as likely as not: an odd number is empty buckets, as many as its half and one. */
        uint64_t odd = number & 1, half = number >> 1, step = 1 + (half & -odd);
        if (*wrong == NULL && step > (uint64_t)(slots - slot))
            *wrong = "counts for more buckets than there are";
        if (*wrong != NULL)
            return -1;
        if (counts != NULL)
            counts[slot] = (int64_t)(half & (odd - 1));
        slot += (Py_ssize_t)step;
    }
    return slot;
}

/* ---- its door from Python ---------------------------------------------------------------------------------- */

static int
get_integers(PyObject *object, Py_buffer *view, int writable, const char *name)
{
    if (PyObject_GetBuffer(object, view, writable | PyBUF_FORMAT | PyBUF_C_CONTIGUOUS) < 0)
        return -1;
    const char *format = view->format == NULL ? "B" : view->format;
    if (view->itemsize != 8 || strlen(format) != 1 || strchr("lq", format[0]) == NULL) {
        PyErr_Format(PyExc_TypeError, "%s: expected int64, got items of %zd bytes and format %s", name, view->itemsize,
                     format);
        PyBuffer_Release(view);
        return -1;
    }
    return 0;
}

/* What the loop takes for granted: every bucket is in the counts, every value would fit into the room. */
static int
check_sizes(const Tally *tally, Py_ssize_t values, Py_ssize_t counts, Py_ssize_t room)
{
    if (tally->half_bits < 0 || tally->half_bits > HALF_BITS_MAX) {
        PyErr_Format(PyExc_ValueError, "half_bits: expected 0 to %d, got %d", HALF_BITS_MAX, tally->half_bits);
        return -1;
    }
    Py_ssize_t slots = (Py_ssize_t)(VALUE_BITS + 1 - tally->half_bits) << tally->half_bits;
    if (counts != slots) {
        PyErr_Format(PyExc_ValueError, "counts: expected %zd, got %zd", slots, counts);
        return -1;
    }
    if (tally->filled < 0 || tally->filled > room || room - tally->filled < values) {
        PyErr_Format(PyExc_ValueError, "room: expected %zd places after the first %lld, got %zd in all", values,
                     (long long)tally->filled, room);
        return -1;
    }
    return 0;
}

PyDoc_STRVAR(count_doc,
"count(values, counts, half_bits, room, filled, smallest, tail_from)\n"
"    -> (filled, smallest, sum, carries)\n"
"\n"
"Count each value in its bucket. Values from `tail_from` on are appended to the first `filled` of `room`; the sum of all\n"
"is sum + carries × 2**64. ValueError when a value is below 0; some of the values have been counted then.");

static PyObject *
count(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *values_object, *counts_object, *room_object, *answer = NULL;
    long long filled, smallest, tail_from;
    Py_buffer values, counts, room;
    Tally tally = {0};

    if (!PyArg_ParseTuple(args, "OOiOLLL:count", &values_object, &counts_object, &tally.half_bits, &room_object,
                          &filled, &smallest, &tail_from))
        return NULL;
    if (get_integers(values_object, &values, 0, "values") < 0)
        return NULL;
    if (get_integers(counts_object, &counts, PyBUF_WRITABLE, "counts") < 0)
        goto release_values;
    if (get_integers(room_object, &room, PyBUF_WRITABLE, "room") < 0)
        goto release_counts;
    tally.counts = counts.buf;
    tally.room = room.buf;
    tally.filled = filled;
    tally.smallest = smallest;
    tally.tail_from = tail_from;
    if (check_sizes(&tally, values.len / 8, counts.len / 8, room.len / 8) < 0)
        goto done;

    int counted;
    Py_BEGIN_ALLOW_THREADS
    counted = count_all(&tally, values.buf, values.len / 8);
    Py_END_ALLOW_THREADS
    if (counted < 0)
        PyErr_SetString(PyExc_ValueError, "a value is below 0");
    else
        answer = Py_BuildValue("LLKK", (long long)tally.filled, (long long)tally.smallest,
                               (unsigned long long)tally.sum, (unsigned long long)tally.carries);
done:
    PyBuffer_Release(&room);
release_counts:
    PyBuffer_Release(&counts);
release_values:
    PyBuffer_Release(&values);
    return answer;
}

PyDoc_STRVAR(pack_doc,
"pack(counts) -> bytes\n"
"\n"
"Counts of 0 or more as ZigZag LEB128, empty buckets in a row as one number.");

static PyObject *
pack(PyObject *Py_UNUSED(module), PyObject *object)
{
    Py_buffer counts;
    if (get_integers(object, &counts, 0, "counts") < 0)
        return NULL;
    PyObject *packed = PyBytes_FromStringAndSize(NULL, write_counts(counts.buf, counts.len / 8, NULL));
    if (packed != NULL)
        write_counts(counts.buf, counts.len / 8, (uint8_t *)PyBytes_AS_STRING(packed));
    PyBuffer_Release(&counts);
    return packed;
}

PyDoc_STRVAR(unpack_doc,
"unpack(packed, slots) -> bytes\n"
"\n"
"The int64 counts that were packed, `slots` at most. ValueError when it is anything else.");

static PyObject *
unpack(PyObject *Py_UNUSED(module), PyObject *args)
{
    Py_buffer packed;
    Py_ssize_t slots;
    const char *wrong = NULL;
    if (!PyArg_ParseTuple(args, "y*n:unpack", &packed, &slots))
        return NULL;
    PyObject *counts = NULL;
    Py_ssize_t used = read_counts(packed.buf, packed.len, slots, NULL, &wrong);
    if (used < 0)
        PyErr_SetString(PyExc_ValueError, wrong);
    else
        counts = PyBytes_FromStringAndSize(NULL, used * 8);
    if (counts != NULL) {
        memset(PyBytes_AS_STRING(counts), 0, (size_t)used * 8);
        read_counts(packed.buf, packed.len, slots, (int64_t *)PyBytes_AS_STRING(counts), &wrong);
    }
    PyBuffer_Release(&packed);
    return counts;
}

static PyMethodDef methods[] = {
    {"count", count, METH_VARARGS, count_doc},
    {"pack", pack, METH_O, pack_doc},
    {"unpack", unpack, METH_VARARGS, unpack_doc},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "bizra_lab.analysis._histogram",
    .m_doc = "The histogram's inner loops.",
    .m_size = 0,
    .m_methods = methods,
};

PyMODINIT_FUNC
PyInit__histogram(void)
{
    PyObject *module = PyModule_Create(&definition);
#ifdef Py_GIL_DISABLED
    if (module != NULL)
        PyUnstable_Module_SetGIL(module, Py_MOD_GIL_NOT_USED);
#endif
    return module;
}
