/* What the kernel does with Python's objects, once as it does it and once by the Limited API: see limited.py, which
 * compiles this file twice. Each function does its work so many times. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <string.h>
#ifndef Py_LIMITED_API
#include <datetime.h>
#endif

#define WORK(name, ...)                                                                                               \
    static PyObject *name(PyObject *self, PyObject *args)                                                             \
    {                                                                                                                 \
        PyObject *a, *b;                                                                                              \
        Py_ssize_t times, i;                                                                                          \
        (void)self;                                                                                                   \
        if (!PyArg_ParseTuple(args, "OOn", &a, &b, &times))                                                           \
            return NULL;                                                                                              \
        __VA_ARGS__                                                                                                   \
        Py_RETURN_NONE;                                                                                               \
    }

/* a: bytes; makes the str of them. */
WORK(make_str, {
    char *data;
    Py_ssize_t size;
    if (PyBytes_AsStringAndSize(a, &data, &size) < 0)
        return NULL;
    (void)b;
    for (i = 0; i < times; i++) {
#ifdef Py_LIMITED_API
        PyObject *text = PyUnicode_FromStringAndSize(data, size);
#else
        PyObject *text = PyUnicode_New(size, 127);
        if (text != NULL)
            memcpy(PyUnicode_1BYTE_DATA(text), data, (size_t)size);
#endif
        if (text == NULL)
            return NULL;
        Py_DECREF(text);
    }
})

/* a: a list of new str; copies the UTF-8 of each. */
WORK(read_str, {
    static char buffer[4096];
    (void)b;
    for (i = 0; i < times; i++) {
        const char *data;
        Py_ssize_t size;
#ifdef Py_LIMITED_API
        PyObject *text = PyList_GetItem(a, i);
        data = PyUnicode_AsUTF8AndSize(text, &size);
        if (data == NULL)
            return NULL;
#else
        PyObject *text = PyList_GET_ITEM(a, i);
        size = PyUnicode_GET_LENGTH(text);
        data = PyUnicode_IS_ASCII(text) ? (const char *)PyUnicode_DATA(text) : "";
#endif
        memcpy(buffer, data, (size_t)(size < 4096 ? size : 4096));
    }
})

/* a: an instance whose class has __slots__, b: the names; sets each to None. */
WORK(set_fields, {
    Py_ssize_t count = PyTuple_Size(b), number;
    for (i = 0; i < times; i++) {
        for (number = 0; number < count; number++) {
#ifdef Py_LIMITED_API
            if (PyObject_SetAttr(a, PyTuple_GetItem(b, number), Py_None) < 0)
                return NULL;
#else
            PyObject **slot = (PyObject **)((char *)a + sizeof(PyObject)) + number;
            PyObject *old = *slot;
            Py_INCREF(Py_None);
            *slot = Py_None;
            Py_XDECREF(old);
#endif
        }
    }
})

/* The same, reading each. */
WORK(get_fields, {
    Py_ssize_t count = PyTuple_Size(b), number, none = 0;
    for (i = 0; i < times; i++) {
        for (number = 0; number < count; number++) {
#ifdef Py_LIMITED_API
            PyObject *value = PyObject_GetAttr(a, PyTuple_GetItem(b, number));
            if (value == NULL)
                return NULL;
            none += value == Py_None;
            Py_DECREF(value);
#else
            none += *((PyObject **)((char *)a + sizeof(PyObject)) + number) == Py_None;
#endif
        }
    }
    if (none != times * count)
        return PyErr_Format(PyExc_AssertionError, "a field is not None");
})

/* a: datetime.datetime, b: datetime.timezone.utc; makes one. */
WORK(make_datetime, {
#ifndef Py_LIMITED_API
    if (PyDateTimeAPI == NULL)
        PyDateTime_IMPORT;
#endif
    for (i = 0; i < times; i++) {
#ifdef Py_LIMITED_API
        PyObject *value = PyObject_CallFunction(a, "iiiiiiiO", 2026, 3, 1, 8, 35, (int)(i % 60), 0, b);
#else
        PyObject *value = PyDateTimeAPI->DateTime_FromDateAndTime(2026, 3, 1, 8, 35, (int)(i % 60), 0, b,
                                                                  PyDateTimeAPI->DateTimeType);
#endif
        if (value == NULL)
            return NULL;
        Py_DECREF(value);
    }
})

/* a: a datetime, b: the names of its seven parts; reads them. */
WORK(read_datetime, {
    long sum = 0;
#ifdef Py_LIMITED_API
    Py_ssize_t number;
#endif
    for (i = 0; i < times; i++) {
#ifdef Py_LIMITED_API
        for (number = 0; number < 7; number++) {
            PyObject *part = PyObject_GetAttr(a, PyTuple_GetItem(b, number));
            if (part == NULL)
                return NULL;
            sum += PyLong_AsLong(part);
            Py_DECREF(part);
        }
#else
        PyObject *date = *(PyObject *volatile *)&a; /* each time anew */
        sum += PyDateTime_GET_YEAR(date) + PyDateTime_GET_MONTH(date) + PyDateTime_GET_DAY(date);
        sum += PyDateTime_DATE_GET_HOUR(date) + PyDateTime_DATE_GET_MINUTE(date) + PyDateTime_DATE_GET_SECOND(date);
        sum += PyDateTime_DATE_GET_MICROSECOND(date);
#endif
    }
    if (sum <= 0)
        return PyErr_Format(PyExc_AssertionError, "no date");
})

static PyMethodDef methods[] = {
    {"make_str", make_str, METH_VARARGS, NULL},           {"read_str", read_str, METH_VARARGS, NULL},
    {"set_fields", set_fields, METH_VARARGS, NULL},       {"get_fields", get_fields, METH_VARARGS, NULL},
    {"make_datetime", make_datetime, METH_VARARGS, NULL}, {"read_datetime", read_datetime, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "limited", NULL, 0, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit_limited(void)
{
    return PyModule_Create(&module);
}
