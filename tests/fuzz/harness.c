/* The target for libFuzzer: a Python whose compiled kernel is built with sanitizers and coverage, and that runs check()
 * of check.py. make fuzz builds and runs it. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>

static PyObject *check;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    PyObject *module;
    (void)argc, (void)argv;
    Py_Initialize(); /* where its modules are, PYTHONPATH says */
    module = PyImport_ImportModule("tests.fuzz.check");
    check = module == NULL ? NULL : PyObject_GetAttrString(module, "check");
    if (check == NULL) {
        PyErr_Print();
        abort();
    }
    Py_DECREF(module);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    PyObject *result = PyObject_CallFunction(check, "y#", (const char *)data, (Py_ssize_t)size);
    if (result == NULL) {
        PyErr_Print();
        abort();
    }
    Py_DECREF(result);
    return 0;
}
