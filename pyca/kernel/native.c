/* What the pipeline server does most, in C: passes over images, and fits. Arrays come by the buffer protocol; whoever calls
 * has checked them (see with_native.py), and what is checked here once more is what memory depends on. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__)
#define CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define CLONES
#endif

#define CHUNK 4096  /* columns whose sums stay in the processor's fastest memory */
#define FLUSH 16384 /* rows after which 32 bits might not do */
#define SPAN 512    /* columns that are looked at twice, while they are at hand */
#define LANES 32
#define LINE 64     /* bytes that come from memory together, in most processors */

struct task {
    const char *image, *background; /* background: NULL for none */
    char *to;                       /* the cleaned image; NULL where it is not cleaned */
    ptrdiff_t image_stride, background_stride;
    size_t height, width;
    double threshold;
    void *x_profile, *y_profile, *low, *high;
};

/* Where a piece of up to four rows is. */
struct rows {
    const void *from[4], *under[4]; /* under: NULL where there is no background */
    void *to[4];                    /* NULL where nothing is cleaned */
    ptrdiff_t next, next_under;     /* bytes to those that come afterwards; 0 where none do */
};

static void rows_of(const struct task *task, size_t top, size_t count, size_t left, size_t pixel, struct rows *rows)
{
    int is_last = top + 8 > task->height;
    *rows = (struct rows){.next = is_last ? 0 : 4 * task->image_stride,
                          .next_under = is_last ? 0 : 4 * task->background_stride};
    for (size_t k = 0; k < count; k++) {
        ptrdiff_t row = (ptrdiff_t)(top + k);
        rows->from[k] = task->image + row * task->image_stride + left * pixel;
        if (task->background)
            rows->under[k] = task->background + row * task->background_stride + left * pixel;
        if (task->to)
            rows->to[k] = task->to + ((top + k) * task->width + left) * pixel;
    }
}

/* Asks for what will be read next, that many bytes from the left. */
static inline __attribute__((always_inline)) void ask_for(const struct rows *rows, size_t at)
{
    for (size_t k = 0; k < 4; k++)
        __builtin_prefetch((const char *)rows->from[k] + rows->next + at);
    if (rows->under[0])
        for (size_t k = 0; k < 4; k++)
            __builtin_prefetch((const char *)rows->under[k] + rows->next_under + at);
}

struct bands {
    const char *image;
    ptrdiff_t stride;
    size_t height, width, count;
    const int64_t *edges; /* of each band the first and the one after the last */
    void *sums;           /* one after another; of columns they have to hold zeros */
};

struct turn {
    const char *image;
    char *to; /* of the same shape, without gaps */
    ptrdiff_t stride;
    size_t height, width;
    double cosine, sine, fill;
};

#define GLUE_(a, b) a##_##b
#define GLUE(a, b) GLUE_(a, b)
#define FN(name) GLUE(name, KIND)
#define UNSIGNED_LESS(p, b) ((p) > (b) ? (p) - (b) : 0)
#define CUT(d, least, most) ((d) < (least) ? (least) : (d) > (most) ? (most) : (d))

#define KIND u8
#define T uint8_t
#define S uint32_t
#define P int64_t
#define LESS(p, b) UNSIGNED_LESS(p, b)
#define FIRST_LOW UINT8_MAX
#define FIRST_HIGH 0
#include "pass.h"
#include "bands.h"
#include "turn.h"
#include "forget.h"

#define KIND u16
#define T uint16_t
#define P int64_t
#define LESS(p, b) UNSIGNED_LESS(p, b)
#define FIRST_LOW UINT16_MAX
#define FIRST_HIGH 0
#ifdef __x86_64__
#define S int32_t
#define OWN_ROWS "words.h"
#else
#define S uint32_t
#endif
#include "pass.h"
#include "bands.h"
#include "turn.h"
#include "forget.h"

#define KIND u32
#define T uint32_t
#define S int64_t
#define P int64_t
#define LESS(p, b) UNSIGNED_LESS(p, b)
#define FIRST_LOW UINT32_MAX
#define FIRST_HIGH 0
#include "pass.h"
#include "bands.h"
#include "turn.h"
#include "forget.h"

#define KIND i16
#define T int16_t
#define S int32_t
#define P int64_t
#define LESS(p, b) CUT((int32_t)(p) - (b), INT16_MIN, INT16_MAX)
#define FIRST_LOW INT16_MAX
#define FIRST_HIGH INT16_MIN
#include "pass.h"
#include "bands.h"
#include "turn.h"
#include "forget.h"

#define KIND i32
#define T int32_t
#define S int64_t
#define P int64_t
#define LESS(p, b) CUT((int64_t)(p) - (b), INT32_MIN, INT32_MAX)
#define FIRST_LOW INT32_MAX
#define FIRST_HIGH INT32_MIN
#include "pass.h"
#include "bands.h"
#include "turn.h"
#include "forget.h"

#define KIND f32
#define T float
#define S double
#define P double
#define LESS(p, b) (p) - (b)
#define FIRST_LOW INFINITY
#define FIRST_HIGH -INFINITY
#include "pass.h"
#include "bands.h"
#include "turn.h"
#include "forget.h"

#define KIND f64
#define T double
#define S double
#define P double
#define LESS(p, b) (p) - (b)
#define FIRST_LOW INFINITY
#define FIRST_HIGH -INFINITY
#include "pass.h"
#include "bands.h"
#include "turn.h"
#include "forget.h"

#include "fit.h"

static const struct {
    const char *name; /* as in struct and NumPy: kind and bytes */
    void (*pass)(const struct task *);
    void (*bands[2])(const struct bands *); /* of columns, of rows */
    void (*turn)(const struct turn *);
    Py_ssize_t pixel;
} kinds[] = {
    {"u1", pass_u8, {bands_of_columns_u8, bands_of_rows_u8}, turn_u8, 1},
    {"u2", pass_u16, {bands_of_columns_u16, bands_of_rows_u16}, turn_u16, 2},
    {"u4", pass_u32, {bands_of_columns_u32, bands_of_rows_u32}, turn_u32, 4},
    {"i2", pass_i16, {bands_of_columns_i16, bands_of_rows_i16}, turn_i16, 2},
    {"i4", pass_i32, {bands_of_columns_i32, bands_of_rows_i32}, turn_i32, 4},
    {"f4", pass_f32, {bands_of_columns_f32, bands_of_rows_f32}, turn_f32, 4},
    {"f8", pass_f64, {bands_of_columns_f64, bands_of_rows_f64}, turn_f64, 8},
};

#define KINDS (sizeof kinds / sizeof *kinds)
#define SUM 8 /* bytes of a sum that is returned */

/* Returns the kind of that name that images can have, or KINDS and an error where there is none. */
static size_t kind_of(const char *name, Py_ssize_t height, Py_ssize_t width)
{
    size_t kind = 0;
    while (kind < KINDS && strcmp(kinds[kind].name, name))
        kind++;
    if (kind < KINDS && height >= 1 && width >= 1)
        return kind;
    PyErr_Format(PyExc_ValueError, "there is no pass over %zd x %zd pixels of %s", height, width, name);
    return KINDS;
}

/* Opens the buffer of an array with rows of pixels that follow each other, or a vector where rows is 0. */
static int opened(PyObject *array, Py_buffer *view, int writes, Py_ssize_t pixel, Py_ssize_t rows, Py_ssize_t columns)
{
    if (PyObject_GetBuffer(array, view, PyBUF_STRIDES | (writes ? PyBUF_WRITABLE : 0)) < 0)
        return 0;
    int last = rows ? 1 : 0;
    size_t unit = (size_t)pixel < sizeof(void *) ? (size_t)pixel : sizeof(void *);
    if (view->ndim == last + 1 && (uintptr_t)view->buf % unit == 0 &&
        (view->shape[0] == 1 || view->strides[0] % (Py_ssize_t)unit == 0) && view->itemsize == pixel && view->shape[last] == columns &&
        view->strides[last] == pixel && (!rows || view->shape[0] == rows))
        return 1;
    PyBuffer_Release(view);
    PyErr_SetString(PyExc_ValueError, "an array has another shape, type or order than was said");
    return 0;
}

PyDoc_STRVAR(scan_doc, "scan(kind, height, width, image, background, threshold, to, x_profile, y_profile, low, high)\n\n"
                       "Pass over an image once. background and to may be None; profiles have to hold zeros.");

static PyObject *scan(PyObject *Py_UNUSED(module), PyObject *given)
{
    enum { IMAGE, BACKGROUND, TO, X, Y, LOW, HIGH, ARRAYS };
    const char *name;
    Py_ssize_t height, width;
    double threshold;
    PyObject *array[ARRAYS], *result = NULL;
    Py_buffer view[ARRAYS];
    if (!PyArg_ParseTuple(given, "snnOOdOOOOO", &name, &height, &width, array + IMAGE, array + BACKGROUND, &threshold,
                          array + TO, array + X, array + Y, array + LOW, array + HIGH))
        return NULL;
    size_t kind = kind_of(name, height, width);
    if (kind == KINDS)
        return NULL;
    Py_ssize_t pixel = kinds[kind].pixel;
    const struct { int writes; Py_ssize_t item, rows, columns; } wanted[ARRAYS] = {
        {0, pixel, height, width}, {0, pixel, height, width}, {1, pixel, height, width}, {1, SUM, 0, width},
        {1, SUM, 0, height},       {1, pixel, 0, 1},          {1, pixel, 0, 1},
    };
    int open = 0;
    for (; open < ARRAYS; open++) {
        view[open] = (Py_buffer){0};
        if (array[open] != Py_None && !opened(array[open], view + open, wanted[open].writes, wanted[open].item,
                                              wanted[open].rows, wanted[open].columns))
            goto end;
    }
    if (view[TO].buf && view[TO].strides[0] != width * pixel) {
        PyErr_SetString(PyExc_ValueError, "the cleaned image has gaps between its rows");
        goto end;
    }
    struct task task = {
        view[IMAGE].buf, view[BACKGROUND].buf, view[TO].buf, view[IMAGE].strides[0],
        view[BACKGROUND].buf ? view[BACKGROUND].strides[0] : 0, (size_t)height, (size_t)width, threshold,
        view[X].buf, view[Y].buf, view[LOW].buf, view[HIGH].buf,
    };
    Py_BEGIN_ALLOW_THREADS
    kinds[kind].pass(&task);
    Py_END_ALLOW_THREADS
    result = Py_NewRef(Py_None);
end:
    while (open-- > 0)
        PyBuffer_Release(view + open);
    return result;
}

PyDoc_STRVAR(bands_doc, "bands(kind, height, width, image, edges, of_rows, sums)\n\n"
                        "Sum up bands of rows or columns. edges: int64, pairs; sums has to hold zeros.");

static PyObject *bands(PyObject *Py_UNUSED(module), PyObject *given)
{
    const char *name;
    Py_ssize_t height, width;
    PyObject *image, *edges, *sums, *result = NULL;
    int of_rows;
    Py_buffer from, by, to;
    if (!PyArg_ParseTuple(given, "snnOOpO", &name, &height, &width, &image, &edges, &of_rows, &sums))
        return NULL;
    size_t kind = kind_of(name, height, width);
    Py_ssize_t pairs = kind < KINDS ? PyObject_Length(edges) : -1;
    Py_ssize_t across = of_rows ? height : width, along = of_rows ? width : height;
    if (pairs < 0 || !opened(edges, &by, 0, sizeof(int64_t), pairs, 2))
        return NULL;
    if (!opened(image, &from, 0, kinds[kind].pixel, height, width))
        goto close_edges;
    if (!opened(sums, &to, 1, SUM, pairs, along))
        goto close_image;
    struct bands task = {from.buf, from.strides[0], (size_t)height, (size_t)width, (size_t)pairs, by.buf, to.buf};
    int fits = by.strides[0] == 2 * (Py_ssize_t)sizeof(int64_t) && to.strides[0] == along * SUM;
    for (size_t i = 0; fits && i < task.count; i++)
        fits = task.edges[2 * i] >= 0 && task.edges[2 * i] <= task.edges[2 * i + 1] && task.edges[2 * i + 1] <= across;
    if (fits) {
        Py_BEGIN_ALLOW_THREADS
        kinds[kind].bands[of_rows](&task);
        Py_END_ALLOW_THREADS
        result = Py_NewRef(Py_None);
    } else {
        PyErr_SetString(PyExc_ValueError, "a band begins or ends outside the image, or ends before it begins");
    }
    PyBuffer_Release(&to);
close_image:
    PyBuffer_Release(&from);
close_edges:
    PyBuffer_Release(&by);
    return result;
}

PyDoc_STRVAR(gaussian_doc, "gaussian(axis, profile) -> (start, found, sure)\n\n"
                           "Fit a Gaussian to a profile: (offset, amplitude, mean, sigma), twice.");

static PyObject *gaussian(PyObject *Py_UNUSED(module), PyObject *given)
{
    PyObject *axis, *profile;
    Py_buffer x, y;
    double p[PARAMETERS], q[PARAMETERS];
    int sure = 0;
    if (!PyArg_ParseTuple(given, "OO", &axis, &profile))
        return NULL;
    Py_ssize_t n = PyObject_Length(axis);
    if (n == 0)
        PyErr_SetString(PyExc_ValueError, "nothing to fit to");
    if (n < 1 || !opened(axis, &x, 0, sizeof(float), 0, n))
        return NULL;
    int fits = opened(profile, &y, 0, sizeof(float), 0, n);
    if (fits) {
        Py_BEGIN_ALLOW_THREADS
        sure = search(x.buf, y.buf, (size_t)n, p, q);
        Py_END_ALLOW_THREADS
        PyBuffer_Release(&y);
    }
    PyBuffer_Release(&x);
    return fits ? Py_BuildValue("(dddd)(dddd)O", p[0], p[1], p[2], p[3], q[0], q[1], q[2], q[3], sure ? Py_True : Py_False)
                : NULL;
}

PyDoc_STRVAR(curve_doc, "curve(axis, offset, amplitude, mean, sigma, to)\n\n"
                        "Draw a Gaussian along an axis.");

static PyObject *curve(PyObject *Py_UNUSED(module), PyObject *given)
{
    PyObject *axis, *to;
    Py_buffer x, y;
    double p[PARAMETERS];
    if (!PyArg_ParseTuple(given, "OddddO", &axis, p + OFFSET, p + AMPLITUDE, p + MEAN, p + SIGMA, &to))
        return NULL;
    Py_ssize_t n = PyObject_Length(axis);
    if (n < 0 || !opened(axis, &x, 0, sizeof(float), 0, n))
        return NULL;
    int fits = opened(to, &y, 1, sizeof(float), 0, n);
    if (fits) {
        Py_BEGIN_ALLOW_THREADS
        draw(x.buf, (size_t)n, p, y.buf);
        Py_END_ALLOW_THREADS
        PyBuffer_Release(&y);
    }
    PyBuffer_Release(&x);
    return fits ? Py_NewRef(Py_None) : NULL;
}

PyDoc_STRVAR(turn_doc, "turn(kind, height, width, image, cosine, sine, fill, to)\n\n"
                       "Turn an image counter-clockwise about its middle. What comes from outside gets the fill.");

static PyObject *turn(PyObject *Py_UNUSED(module), PyObject *given)
{
    const char *name;
    Py_ssize_t height, width;
    PyObject *image, *to;
    double cosine, sine, fill;
    Py_buffer from, into;
    if (!PyArg_ParseTuple(given, "snnOdddO", &name, &height, &width, &image, &cosine, &sine, &fill, &to))
        return NULL;
    size_t kind = kind_of(name, height, width);
    if (kind == KINDS || !opened(image, &from, 0, kinds[kind].pixel, height, width))
        return NULL;
    int fits = opened(to, &into, 1, kinds[kind].pixel, height, width);
    if (fits) {
        fits = into.strides[0] == width * kinds[kind].pixel && height <= INT32_MAX && width <= INT32_MAX;
        if (fits && cosine >= -1 && cosine <= 1 && sine >= -1 && sine <= 1) {
            struct turn task = {from.buf, into.buf, from.strides[0], (size_t)height, (size_t)width, cosine, sine, fill};
            Py_BEGIN_ALLOW_THREADS
            kinds[kind].turn(&task);
            Py_END_ALLOW_THREADS
        } else {
            fits = 0;
            PyErr_SetString(PyExc_ValueError, "no angle, or no room for the image");
        }
        PyBuffer_Release(&into);
    }
    PyBuffer_Release(&from);
    return fits ? Py_NewRef(Py_None) : NULL;
}

static PyMethodDef functions[] = {
    {"scan", scan, METH_VARARGS, scan_doc},
    {"bands", bands, METH_VARARGS, bands_doc},
    {"turn", turn, METH_VARARGS, turn_doc},
    {"gaussian", gaussian, METH_VARARGS, gaussian_doc},
    {"curve", curve, METH_VARARGS, curve_doc},
    {NULL, NULL, 0, NULL},
};

static int prepare(PyObject *Py_UNUSED(module))
{
#ifdef __x86_64__
    choose_words();
#endif
    return 0;
}

static PyModuleDef_Slot slots[] = {{Py_mod_exec, prepare}, {0, NULL}};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "native", "Passes over images and fits, in C.", 0, functions, slots, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit_native(void)
{
    return PyModuleDef_Init(&definition);
}
