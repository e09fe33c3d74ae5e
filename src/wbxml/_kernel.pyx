# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
# cython: embedsignature=False, auto_pickle=False, always_allow_keywords=True
# cython: freethreading_compatible=True
"""The compiled kernel: the names of _kernel_py.py in their order, with the same results and the same errors.

_kernel_py.py is the reference, and says what each thing is for; a change there is a change here, in the same commit.
What takes the time stands as C in _tape.h. A document is scanned without the GIL into a tape of 16-byte slots, and
Python objects are made only of what is asked for.
"""

from binascii import a2b_base64, b2a_base64

cimport cython
from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.list cimport PyList_Append, PyList_New
from cpython.long cimport PyLong_AsLongLongAndOverflow
from cpython.mem cimport PyMem_RawFree, PyMem_RawMalloc, PyMem_RawRealloc
from cpython.object cimport PyObject
from cpython.ref cimport Py_DECREF, Py_INCREF, Py_XDECREF
from cpython.tuple cimport PyTuple_GET_ITEM, PyTuple_GET_SIZE
from cpython.unicode cimport PyUnicode_DecodeUTF8
from libc.stdint cimport int16_t, int32_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memcpy, memmove, memset

from . import errors
from .codepages import ACTIVESYNC, LITERAL, VERSIONS, Tag
from .errors import DecodeError, EncodeError, LimitError, Problem, decode_error
from .limits import DEFAULT, Limits
from .pickles import restore

cdef extern from "_tape.h" nogil:
    enum:
        W_SWITCH_PAGE, W_END, W_STR_I, W_OPAQUE, W_TOKEN_MASK, W_WITH_CONTENT, W_ATTRIBUTES
        W_LITERAL, W_EXT_I, W_PI
        STACK_BYTES, HAS_GIL
        E_TOO_DEEP, E_TOO_MANY, E_NO_MEMORY
        MORE, DONE, FAILED
        S_EMPTY, S_TEXT, S_OPAQUE, S_CONTAINER, S_PIECE_TEXT, S_PIECE_OPAQUE, S_PIECE_OTHER, S_ATTRIBUTES
        S_INSTRUCTION
        F_STR, F_INT, F_BOOL, F_FLAG, F_BYTES, F_DATETIME, F_INT_ENUM, F_STR_ENUM, F_MODEL, NO_LEAF

    const uint32_t NO_SLOT, NO_CODE

    ctypedef struct plan_field:
        Py_ssize_t offset
        plan_info **models
        uint32_t code, within
        uint32_t versions
        uint16_t model_count
        uint8_t kind, many, optional, compact, binary, exact, within_exact, leaf, page
        uint8_t head[2]

    ctypedef struct plan_entry:
        uint32_t code
        uint16_t field
        int16_t alternative

    ctypedef struct plan_info:
        PyObject *plan
        PyObject *cls
        plan_field *fields
        plan_entry *entries
        uint16_t *places
        Py_ssize_t unknown_at, problems_at
        size_t written
        uint32_t mask, code
        int count, entry_count
        uint8_t exact, plain, wraps

    int MODEL_DEPTH

    ctypedef struct failure:
        int code
        uint64_t at
        uint32_t detail

    ctypedef struct utf8_state:
        uint8_t lacks

    ctypedef struct slot:
        uint32_t offset, length, next
        uint16_t code
        uint8_t kind, ascii

    ctypedef struct scanner:
        slot *tape
        size_t pos
        uint64_t depth
        uint32_t count, page, within, attribute_page
        uint8_t width, constructs, started
        failure failed

    ctypedef struct header:
        uint32_t version, public_id, reference, charset, table
        size_t end, charset_at

    ctypedef struct sink:
        uint8_t *start
        size_t size, top, likely
        PyObject *bytes
        PyObject *coding
        uint64_t depth, max_depth
        uint32_t version_bit
        int own_pages
        PyObject *version
        PyObject *pages
        int (*write_field)(sink *o, PyObject *plan, PyObject *instance, int number, int depth) except -1
        int (*write_item)(sink *o, PyObject *plan, PyObject *item, int number, int depth) except -1

    size_t get_hint(const size_t *hint)
    void set_hint(size_t *hint, size_t value)
    size_t likely_size(const plan_info *plan)
    bint utf8_valid(const uint8_t *p, const uint8_t *end)
    bint utf8_continues(utf8_state *state, const uint8_t *p, const uint8_t *end)
    const uint8_t *find_nul(const uint8_t *p, const uint8_t *end, int *ascii)
    void scanner_init(scanner *s, slot *tape, size_t room, uint32_t page, uint64_t max_depth, uint64_t max_elements)
    void scanner_restart(scanner *s, uint32_t page, uint64_t depth, uint64_t max_depth, uint64_t max_elements)
    void scanner_free(scanner *s)
    slot *scanner_take(scanner *s, int keep)
    int read_integer(const uint8_t **p, const uint8_t *end, uint32_t *value)
    int scan(scanner *s, const uint8_t *origin, const uint8_t *end)
    int scan_attributes(scanner *s, const uint8_t *origin, const uint8_t *end)
    int attribute_started(unsigned token, int started, int instruction)
    int short_end(const uint8_t *p, const uint8_t *end, const uint8_t **after)
    const uint8_t *find_wide_nul(const uint8_t *start, const uint8_t *end, size_t width, int *whole)
    int read_header(const uint8_t *data, size_t size, header *h, failure *failed)
    const uint8_t *opaque_start(const uint8_t *p)
    bint to_int(const uint8_t *p, const uint8_t *end, long long *value)
    int to_bool(const uint8_t *p, const uint8_t *end)
    void trim(const uint8_t **p, const uint8_t **end)
    uint32_t plan_place(uint32_t code)
    int plan_find(const plan_info *t, uint32_t code, int expected)

cdef extern from "_tape.h":
    object make_text(const uint8_t *p, size_t size, int ascii)
    PyObject *to_datetime(const uint8_t *p, const uint8_t *end) except? NULL
    Py_ssize_t member_offset(object cls, object name)
    bint is_plain_class(object cls)
    PyObject *read_member(object instance, Py_ssize_t offset)
    object type_lookup(object cls, object name)
    object new_instance(object cls)
    void leave_to_counting(PyObject *instance)
    void forbid_new(object cls, void *says_no)
    void *no_new_document
    void *no_new_element
    int need_datetime() except -1
    void sink_init(sink *o, uint8_t *memory, size_t room, uint64_t max_depth)
    object sink_finish(sink *o)
    int open_element(sink *o, uint32_t code, size_t *above) except -1
    int close_element(sink *o, size_t above) except -1
    int put_text(sink *o, object text) except -1
    int put_text_element(sink *o, uint32_t code, object text) except -1
    int put_short_element(sink *o, uint32_t code, const char *text, size_t size) except -1
    int put_raw_text(sink *o, const uint8_t *text, size_t size) except -1
    int put_bytes(sink *o, object data) except -1
    int put_opaque(sink *o, const void *data, size_t size) except -1
    int put_model(sink *o, object instance, const plan_info *plan, uint32_t code, int depth) except -1
    int fill_fields(
        const plan_info *t,
        char *fields,
        const uint8_t *data,
        const slot *tape,
        uint32_t *child,
        uint32_t end,
        int *expected,
    ) except -1
    int fill_rest(const plan_info *t, char *fields) except -1
    size_t int_text(char *to, long long value)
    bint is_utc(object value)
    bint has_zone(object value)
    object utc_zone()
    char *list_items(object values)
    size_t datetime_text(char *to, object value, int compact)
    bint PyDateTime_Check(object value)
    ctypedef PyObject *const_object "PyObject *const"
    ctypedef object (*fast_call)(PyObject *callable, const_object *arguments, size_t count, PyObject *names)
    ctypedef object (*fast_method)(PyObject *self, const_object *arguments, Py_ssize_t count, PyObject *names)
    cdef struct quick_calls:
        fast_call encode
        PyObject *plan_name
        PyObject *pages
        PyObject *plan_class
        size_t info
        uint64_t max_depth
        int (*write_field)(sink *o, PyObject *plan, PyObject *instance, int number, int depth) except -1
        int (*write_item)(sink *o, PyObject *plan, PyObject *item, int number, int depth) except -1
        object (*finished)(sink *o, object pages)
    quick_calls quick
    fast_call lead_call(object function, fast_call quick)
    fast_method lead_method(object descriptor, fast_method quick)
    object encode_quickly(PyObject *callable, const_object *arguments, size_t count, PyObject *names)
    Py_ssize_t PyVectorcall_NARGS(size_t count)

cdef extern from "Python.h":
    Py_ssize_t PyNumber_AsSsize_t(object number, PyObject *error) except? -1
    object PyMemoryView_FromObject(object value)


IMPL = "c"

# Tokens of WBXML 1.3 section 7.1; the first five are those that ActiveSync uses ([MS-ASWBXML] section 2.1.2).
SWITCH_PAGE = W_SWITCH_PAGE
END = W_END
STR_I = W_STR_I
OPAQUE = W_OPAQUE
WITH_CONTENT = W_WITH_CONTENT
ATTRIBUTES = W_ATTRIBUTES

# Kinds of field in a plan.
STR = F_STR
INT = F_INT
BOOL = F_BOOL
FLAG = F_FLAG
BYTES = F_BYTES
DATETIME = F_DATETIME
INT_ENUM = F_INT_ENUM
STR_ENUM = F_STR_ENUM
MODEL = F_MODEL

# A slot that there is not: the path is one for constructs.py.
cdef uint32_t VIA_LITERALS = 0xFFFFFFFE

cdef enum:
    # A tape of up to this many slots is made on the stack, and then copied to where it fits.
    STACK_SLOTS = 512
    # Letting go of the GIL and taking it again costs as much as scanning a kilobyte or so; with other threads waiting
    # for it, far more.
    WORTH_RELEASING = 8192

cdef Py_ssize_t _MAX_DEPTH = member_offset(Limits, "max_depth")
cdef Py_ssize_t _MAX_ELEMENTS = member_offset(Limits, "max_elements")
cdef Py_ssize_t _MAX_SIZE = member_offset(Limits, "max_size")

# Codes from here on stand for selected names that documents bring themselves: all others have 14 bits.
cdef enum:
    FIRST_LITERAL = 0x4000


cdef inline uint64_t as_limit(object value) except? 0:
    cdef int overflow
    cdef long long number = PyLong_AsLongLongAndOverflow(value, &overflow)
    if overflow > 0:
        return <uint64_t>1 << 62
    if overflow < 0 or number < 0:
        return 0
    return <uint64_t>number


# As C and not as names of the module, which are looked up each time.
cdef object _DEFAULT = DEFAULT
cdef str PLAN_NAME = "__wbxml_plan__"
cdef object _ACTIVESYNC = ACTIVESYNC
cdef uint64_t _DEFAULT_DEPTH = as_limit(DEFAULT.max_depth)
cdef uint64_t _DEFAULT_ELEMENTS = as_limit(DEFAULT.max_elements)
cdef uint64_t _DEFAULT_SIZE = as_limit(DEFAULT.max_size)


cdef inline uint64_t read_limit(object limits, Py_ssize_t offset, str name, uint64_t default) except? 0:
    """One of the limits; the attribute protocol would take as long as all else that a tiny document needs."""
    cdef PyObject *value
    cdef uint64_t number
    if limits is _DEFAULT:
        return default
    if offset >= 0 and type(limits) is Limits:
        value = read_member(limits, offset)
        if value != NULL:
            number = as_limit(<object>value)
            Py_DECREF(<object>value)
            return number
    return as_limit(getattr(limits, name))


cdef int fail(const failure *failed, uint64_t base, object limits) except -1:
    """Raises what the scan met; ``base`` is what to add to its offset."""
    cdef object detail = failed.detail
    if failed.code == E_NO_MEMORY:
        raise MemoryError
    if failed.code == E_TOO_DEEP:
        detail = limits.max_depth
    elif failed.code == E_TOO_MANY:
        detail = limits.max_elements
    raise decode_error(failed.code, base + failed.at, detail)


cdef struct recent_path:
    # A path that was asked for lately, its codes as a tuple, and the code of a path of one tag, or NO_CODE.
    PyObject *path
    PyObject *codes
    uint32_t code


@cython.final
@cython.no_gc
cdef class _Names:
    """The tags of a set of code pages by their codes, as an array: one look for one tag. Immutable once made."""

    cdef dict paths  # the codes of the paths that were asked for, which CodePages keeps
    # Programs ask for the same few paths, the very same objects, for each item: to know those again costs a fifth of
    # looking into the dict.
    cdef recent_path recent[32]
    cdef PyObject **pages[256]
    cdef bint exact  # whether each tag is what its spelling stands for, so that a Document's codes can be written again

    def __cinit__(self, object pages):
        cdef object code, tag
        cdef uint32_t number
        cdef PyObject **tags
        self.exact = True
        self.paths = pages._paths
        for code, tag in pages.by_code.items():
            number = code
            if number >= 256 * 64:
                continue
            tags = self.pages[number >> 6]
            if tags == NULL:
                tags = <PyObject **>PyMem_RawMalloc(64 * sizeof(PyObject *))
                if tags == NULL:
                    raise MemoryError
                memset(tags, 0, 64 * sizeof(PyObject *))
                self.pages[number >> 6] = tags
            Py_INCREF(tag)
            tags[number & W_TOKEN_MASK] = <PyObject *>tag
            if pages.by_name.get(tag) is not tag:
                self.exact = False

    def __dealloc__(self):
        cdef int page, token
        for page in range(256):
            if self.pages[page] != NULL:
                for token in range(64):
                    Py_XDECREF(self.pages[page][token])
                PyMem_RawFree(self.pages[page])
        for page in range(32):
            Py_XDECREF(self.recent[page].path)
            Py_XDECREF(self.recent[page].codes)

    cdef inline PyObject *known(self, uint32_t code) noexcept:
        cdef PyObject **tags = self.pages[code >> 6]
        return NULL if tags == NULL else tags[code & W_TOKEN_MASK]


cdef _Names _ACTIVESYNC_NAMES = _Names(ACTIVESYNC)


cdef _Names names_of(object pages):
    cdef _Names names
    if pages is _ACTIVESYNC:
        return _ACTIVESYNC_NAMES
    names = getattr(pages, "kernel_names", None)
    if names is None:
        names = _Names(pages)
        pages.kernel_names = names
    return names


@cython.final
@cython.no_gc
@cython.freelist(16)
cdef class Document:
    """A decoded document, immutable and safe to share between threads. Made by decode().

    ``raw`` are the bytes that it came from, ``root`` its root Element, ``version`` the WBXML version ("1.3"),
    ``public_id`` the number of its public identifier (or what that is) and ``charset`` the name of its character set.
    A value of a Decoder is a Document too: its ``raw`` is the one element, without a header.
    """

    cdef readonly bytes raw
    cdef tuple found  # what lenient decoding found out of place
    cdef object code_pages
    cdef object reading  # what constructs.py knows of the document; None where there is nothing for it
    cdef _Names names
    cdef const uint8_t *data
    cdef slot *tape
    cdef uint32_t count
    cdef uint64_t base
    cdef header head
    cdef int page  # the pages on which a Decoder's value starts, -1 where there is a header

    def __dealloc__(self):
        PyMem_RawFree(self.tape)

    def __setattr__(self, name, value):
        raise AttributeError("a Document is immutable")

    def __delattr__(self, name):
        raise AttributeError("a Document is immutable")

    @property
    def root(self):
        """The root element. Raises DecodeError where lenient decoding found none."""
        if not self.count:
            raise decode_error(errors.TRUNCATED, len(self.raw))
        return make_element(self, 0)

    @property
    def roots(self):
        """All elements that stand in no other: one, but for lenient decoding."""
        cdef uint32_t index = 0
        found = []
        while index < self.count:
            if self.tape[index].kind < S_PIECE_TEXT:
                found.append(make_element(self, index))
            index = self.tape[index].next
        return tuple(found)

    @property
    def problems(self):
        """What lenient decoding found out of place, in order; () for all that was decoded strictly."""
        return self.found

    @property
    def prolog(self):
        """The processing instructions before the root."""
        return () if self.reading is None else self.reading.prolog

    @property
    def epilog(self):
        """The processing instructions behind the root."""
        return () if self.reading is None else self.reading.epilog

    @property
    def string_table(self):
        """The string table, with the NULs between its strings."""
        return b"" if self.reading is None else self.reading.table

    @property
    def version(self):
        """The version of WBXML that the header names, such as "1.3"."""
        return f"1.{self.head.version}"

    @property
    def public_id(self):
        """The number of the public identifier in the header, or the str that it is; ActiveSync uses 1, "unknown"."""
        if self.head.public_id or self.reading is None:
            return self.head.public_id
        return self.reading.string(self.head.reference, 1)

    @property
    def charset(self):
        """The name of the character set in the header."""
        if is_utf8(self.head.charset):
            return "US-ASCII" if self.head.charset == 3 else "UTF-8"
        from .constructs import charset_name

        return charset_name(self.head.charset)

    @property
    def pages(self):
        """The code pages by which the document was decoded."""
        return self.code_pages

    def __repr__(self):
        return f"<Document {tag_at(self, 0) if self.count else 'without a root'}, {len(self.raw)} bytes>"

    def __copy__(self):
        return self

    def __deepcopy__(self, memo):
        return self

    def __reduce__(self):
        return (
            restore,
            (
                self.raw,
                self.code_pages,
                self.page,
                self.base,
                self.head.version,
                self.head.public_id,
                -1 if self.head.public_id else self.head.reference,
                self.head.charset,
                self.head.end,
                self.string_table,
                bool(self.found),
            ),
        )


forbid_new(Document, no_new_document)


cdef Document make_document(
    bytes raw,
    object pages,
    _Names names,
    const header *head,
    int page,
    uint64_t base,
    scanner *s,
    int keep,
    object reading,
):
    cdef Document self = Document.__new__(Document)
    self.tape = scanner_take(s, keep)
    if self.tape == NULL:
        raise MemoryError
    self.count = s.count
    self.raw = raw
    self.found = ()
    self.code_pages = pages
    self.reading = reading
    self.names = names
    self.data = <const uint8_t *>PyBytes_AS_STRING(raw)
    self.head = head[0]
    self.page = page
    self.base = base
    return self


cdef inline bint is_utf8(uint32_t charset) noexcept:
    # 0 is "unknown", which WBXML 1.3 section 5.6 leaves to the transport, and 3 is US-ASCII.
    return charset == 106 or charset == 0 or charset == 3


cdef int charset_width(const header *head) except -1:
    """How wide a NUL is in the header's character set, 0 for UTF-8. Raises DecodeError where it is not known."""
    if is_utf8(head.charset):
        return 0
    from .constructs import codec_of, width_of

    codec = codec_of(head.charset)
    if codec is None:
        raise decode_error(errors.BAD_CHARSET, head.charset_at, head.charset)
    return width_of(codec)


cdef object read_constructs(object pages, const header *head, bytes table, uint64_t base, bint wanted):
    """What constructs.py needs to know of a document, None for one that has nothing for it."""
    if not wanted and not table and is_utf8(head.charset):
        return None
    from .constructs import Reading

    return Reading(pages, head.charset, table, base)


cdef int check_constructs(object reading, bytes raw, const scanner *scanned, object limits) except -1:
    """Checks what the constructs that were scanned stand for. Raises DecodeError."""
    cdef const slot *s
    cdef uint32_t index
    cdef object most = limits.max_expanded, total = 0
    for index in range(scanned.count):
        s = scanned.tape + index
        if (s.kind >= S_PIECE_OTHER and index != scanned.within) or (s.code == W_LITERAL and s.kind < S_PIECE_TEXT):
            total += reading.check(s.kind, raw, s.offset, s.code)
            if total > most:
                raise decode_error(errors.TOO_EXPANDED, reading.base + s.offset, most)
    return 0


def _restore(
    bytes raw not None,
    pages,
    int page,
    base,
    version,
    public_id,
    reference,
    charset,
    end,
    bytes table not None,
    lenient,
):
    """The Document that was pickled; it was checked when it was decoded, so its limits need not be known."""
    cdef slot local[STACK_SLOTS]
    cdef scanner s
    cdef header head
    cdef const uint8_t *data = <const uint8_t *>PyBytes_AS_STRING(raw)
    cdef size_t size = PyBytes_GET_SIZE(raw)
    cdef int got
    limits = Limits(max_depth=1 << 30, max_elements=0xFFFF_FFFE, max_size=0xFFFF_FFFF, max_expanded=0xFFFF_FFFF)
    if lenient:
        return parse_any(raw, pages, limits)
    if page < 0:
        return parse(raw, pages, limits)
    if not size or size > 0xFFFF_FFFFu:
        raise decode_error(errors.TRUNCATED, base + size)
    if data[0] & W_TOKEN_MASK < W_LITERAL:
        raise decode_error(errors.NO_ROOT, base, data[0])
    memset(&head, 0, sizeof(head))
    head.version = version
    head.public_id = public_id
    head.reference = 0 if public_id else reference
    head.charset = charset
    head.charset_at = base
    head.end = end
    scanner_init(&s, local, STACK_SLOTS, page & 0xFFFF, 1 << 30, 0xFFFF_FFFEu)
    s.width = charset_width(&head)
    try:
        got = scan(&s, data, data + size)
        if got == FAILED:
            fail(&s.failed, base, limits)
        if got == MORE:
            raise decode_error(errors.TRUNCATED, base + size)
        reading = read_constructs(pages, &head, table, base, s.constructs)
        if s.constructs:
            check_constructs(reading, raw, &s, limits)
        return make_document(raw, pages, names_of(pages), &head, page, base, &s, 0, reading)
    finally:
        scanner_free(&s)


cdef Document parse(bytes raw, object pages, object limits):
    cdef slot local[STACK_SLOTS]
    cdef scanner s
    cdef header head
    cdef failure failed
    cdef const uint8_t *data = <const uint8_t *>PyBytes_AS_STRING(raw)
    cdef size_t size = PyBytes_GET_SIZE(raw)
    cdef uint64_t pos
    cdef uint32_t page = 0, attribute_page = 0
    cdef int got, width = 0
    cdef tuple prolog = (), epilog = ()
    cdef object reading = None
    if size > read_limit(limits, _MAX_SIZE, "max_size", _DEFAULT_SIZE):
        raise decode_error(errors.TOO_LARGE, limits.max_size, limits.max_size)
    got = read_header(data, size, &head, &failed)
    # An unknown character set is told before what is wrong behind it.
    if head.charset_at:
        width = charset_width(&head)
    if got == FAILED:
        fail(&failed, 0, limits)
    if got == MORE:
        raise decode_error(errors.TRUNCATED, size)
    if head.table > read_limit(limits, _MAX_SIZE, "max_size", _DEFAULT_SIZE):
        raise decode_error(errors.TOO_LARGE, head.end, limits.max_size)
    pos = <uint64_t>head.end + head.table
    if pos <= size and (head.table or width):
        reading = read_constructs(pages, &head, raw[head.end : head.end + head.table], 0, True)
        if not head.public_id:
            reading.string(head.reference, 1)
    while pos < size and (data[pos] == W_SWITCH_PAGE or data[pos] == W_PI):
        if data[pos] == W_PI:
            prolog, pos, attribute_page = instructions(raw, pages, &head, pos, attribute_page, limits, prolog)
            continue
        if pos + 1 >= size:
            break
        page = data[pos + 1]
        pos += 2
    if pos >= size or data[pos] == W_SWITCH_PAGE:
        raise decode_error(errors.TRUNCATED, size)
    if data[pos] & W_TOKEN_MASK < W_LITERAL:
        raise decode_error(errors.NO_ROOT, pos, data[pos])
    scanner_init(
        &s,
        local,
        STACK_SLOTS,
        page | attribute_page << 8,
        read_limit(limits, _MAX_DEPTH, "max_depth", _DEFAULT_DEPTH),
        read_limit(limits, _MAX_ELEMENTS, "max_elements", _DEFAULT_ELEMENTS),
    )
    s.pos = pos
    s.width = width
    try:
        if size < WORTH_RELEASING:
            got = scan(&s, data, data + size)
        else:
            with nogil:
                got = scan(&s, data, data + size)
        if got == MORE:
            raise decode_error(errors.TRUNCATED, size)
        if s.constructs:
            # What is wrong before is told before.
            if reading is None:
                reading = read_constructs(pages, &head, b"", 0, True)
            check_constructs(reading, raw, &s, limits)
        if got == FAILED:
            fail(&s.failed, 0, limits)
        pos = s.pos
        if pos < size and data[pos] == W_PI:
            epilog, pos, attribute_page = instructions(raw, pages, &head, pos, s.attribute_page, limits, epilog)
        if pos < size:
            raise decode_error(errors.AFTER_ROOT, pos, data[pos])
        if prolog or epilog:
            if reading is None:
                reading = read_constructs(pages, &head, b"", 0, True)
            reading.prolog = prolog
            reading.epilog = epilog
        return make_document(raw, pages, names_of(pages), &head, -1, 0, &s, 0, reading)
    finally:
        scanner_free(&s)


cdef Document parse_any(bytes raw, object pages, object limits):
    """The Document in any bytes."""
    try:
        return parse(raw, pages, limits)
    except DecodeError:
        from .lenient import read

        return read(_assemble, raw, pages, limits)


def _assemble(
    bytes raw not None,
    pages,
    version,
    public_id,
    reference,
    charset,
    end,
    reading not None,
    list codes not None,
    list kinds not None,
    list offsets not None,
    list lengths not None,
    list nexts not None,
    tuple problems not None,
):
    """The Document with this tape, which lenient.py has made."""
    cdef Document self = Document.__new__(Document)
    cdef Py_ssize_t count = len(codes), i
    cdef slot *s
    self.tape = <slot *>PyMem_RawMalloc((count + 1) * sizeof(slot))
    if self.tape == NULL:
        raise MemoryError
    for i in range(count):
        s = self.tape + i
        memset(s, 0, sizeof(slot))
        s.code = codes[i]
        s.kind = kinds[i]
        s.offset = offsets[i]
        s.length = lengths[i]
        s.next = nexts[i]
    self.count = count
    self.raw = raw
    self.found = problems
    self.code_pages = pages
    self.reading = reading
    self.names = names_of(pages)
    self.data = <const uint8_t *>PyBytes_AS_STRING(raw)
    memset(&self.head, 0, sizeof(self.head))
    self.head.version = version
    self.head.public_id = public_id
    self.head.reference = 0 if public_id else reference
    self.head.charset = charset
    self.head.end = end
    self.page = -1
    return self


cdef tuple instructions(
    bytes raw, object pages, const header *head, uint64_t pos, uint32_t page, object limits, tuple before
):
    """The processing instructions from ``pos`` on, behind those before, where they end, and the attribute page then."""
    cdef slot local[1]
    cdef scanner s
    cdef const uint8_t *data = <const uint8_t *>PyBytes_AS_STRING(raw)
    cdef size_t size = PyBytes_GET_SIZE(raw)
    cdef int got
    from .constructs import Reading

    reading = Reading(pages, head.charset, raw[head.end : head.end + head.table])
    scanner_init(&s, local, 1, page << 8, 1, 1)
    s.pos = pos
    s.width = charset_width(head)
    found = list(before)
    total = 0
    while s.pos < size and data[s.pos] == W_PI:
        pos, page = s.pos, s.attribute_page
        local[0].kind = S_INSTRUCTION
        local[0].offset = <uint32_t>pos
        s.within = 0
        s.started = 0
        s.pos += 1
        got = scan_attributes(&s, data, data + size)
        if got == FAILED:
            fail(&s.failed, 0, limits)
        if got == MORE:
            raise decode_error(errors.TRUNCATED, size)
        instruction = reading.instruction(raw, pos, page)
        found.append(instruction)
        total += len(instruction.value)
        if total > limits.max_expanded:
            raise decode_error(errors.TOO_EXPANDED, pos, limits.max_expanded)
    return tuple(found), s.pos, s.attribute_page


cdef bytes owned(object data):
    """The data as bytes: itself where it cannot change, else a copy."""
    if type(data) is bytes:
        return <bytes>data
    view = memoryview(data)
    whole = view.obj
    if type(whole) is bytes and view.contiguous and view.nbytes == len(whole):
        return <bytes>whole
    return <bytes>view.tobytes()


@cython.final
@cython.no_gc
@cython.freelist(64)
# Method descriptors are called without a frame in between; the signatures stand in the docstrings, where inspect looks.
@cython.binding(False)
@cython.embedsignature(True)
@cython.embedsignature.format("clinic")
cdef class Element:
    """An element of a Document: a view that makes Python objects only of what is asked for.

    It is a sequence of its child elements, and always true. Elements are equal where they are the same element of the
    same Document.
    """

    cdef Document doc
    cdef uint32_t index

    @property
    def document(self):
        """The Document that the element is part of."""
        return self.doc

    @property
    def tag(self):
        """The tag, such as "AirSync:SyncKey"."""
        return tag_at(self.doc, self.index)

    @property
    def offset(self):
        """The offset of the tag's byte in the document or, for a value of a Decoder, in the stream."""
        return self.doc.base + self.doc.tape[self.index].offset

    @property
    def text(self):
        """All text pieces joined (an inline "" gives ""), or None where there is none."""
        return element_text(self.doc, self.index)

    @property
    def data(self):
        """All opaque pieces joined, or None where there is none."""
        return element_data(self.doc, self.index)

    @property
    def view(self):
        """The opaque as a memoryview of the document's bytes, nothing copied; None unless there is exactly one."""
        cdef const slot *tape = self.doc.tape
        cdef const slot *s = tape + self.index
        cdef uint32_t child, found = NO_SLOT
        if s.kind == S_OPAQUE:
            return opaque_view(self.doc, self.index, 2)
        if s.kind == S_CONTAINER:
            child = self.index + 1
            while child < s.next:
                if tape[child].kind == S_PIECE_OPAQUE:
                    if found != NO_SLOT:
                        return None
                    found = child
                child = tape[child].next
            if found != NO_SLOT:
                return opaque_view(self.doc, found, 1)
        return None

    @property
    def pieces(self):
        """The content in document order: a str a text, a memoryview an opaque, an Element a child.

        An extension is a str too, an Extension. Processing instructions are left out: ``nodes`` has them.
        """
        return element_content(self.doc, self.index, False)

    @property
    def nodes(self):
        """The content as in ``pieces``, with the processing instructions."""
        return element_content(self.doc, self.index, True)

    @property
    def attrib(self):
        """The attributes by their names, as the code pages have them; bytes where the value is opaque.

        An unknown one is named "0x05" or "Page1:0x05". ActiveSync has none.
        """
        cdef const slot *s
        if self.doc.reading is None or self.index + 1 >= self.doc.tape[self.index].next:
            return {}
        s = self.doc.tape + self.index + 1
        if s.kind != S_ATTRIBUTES:
            return {}
        return self.doc.reading.attributes(self.doc.raw, s.offset, s.code)

    def find(self, path):
        """The first descendant at this path of exact tags ("AirSync:Collections/AirSync:Collection"), or None.

        Raises ValueError where a name is not a tag of the document's code pages.
        """
        cdef uint32_t found = first_at(self, path)
        if found == VIA_LITERALS:
            literals = at_literals(self, path)
            return literals[0] if literals else None
        return None if found == NO_SLOT else make_element(self.doc, found)

    def findtext(self, path, default=None):
        """The text of the first descendant at this path, "" where it has none, or ``default`` where it is not there.

        Raises ValueError where a name is not a tag of the document's code pages.
        """
        cdef uint32_t found = first_at(self, path)
        if found == NO_SLOT:
            return default
        if found == VIA_LITERALS:
            literals = at_literals(self, path)
            return (literals[0].text or "") if literals else default
        text = element_text(self.doc, found)
        return "" if text is None else text

    def findall(self, path):
        """All descendants at this path, in document order. Raises ValueError as find() does."""
        cdef list found = []
        return at_literals(self, path) if walk_path(self, path, found) == VIA_LITERALS else found

    def iter(self, tag=None):
        """The element itself and all its descendants in document order; only those with this tag, where one is given.

        Raises ValueError where the name is not a tag of the document's code pages.
        """
        cdef _Walk walk = _Walk.__new__(_Walk)
        named = tag is not None and ":" not in tag and self.doc.reading is not None
        walk.code = -1 if tag is None else W_LITERAL if named else self.doc.code_pages.lookup(tag).code
        walk.doc = self.doc
        walk.slot = self.index
        walk.end = self.doc.tape[self.index].next
        return (element for element in walk if element.tag == tag) if named else walk

    def __len__(self):
        cdef const slot *s = self.doc.tape + self.index
        return s.length if s.kind == S_CONTAINER else 0

    def __bool__(self):
        return True

    def __getitem__(self, index):
        cdef const slot *tape = self.doc.tape
        cdef const slot *s = tape + self.index
        cdef Py_ssize_t count = s.length if s.kind == S_CONTAINER else 0
        cdef Py_ssize_t wanted = PyNumber_AsSsize_t(index, NULL)
        cdef uint32_t child = self.index + 1
        if wanted < 0:
            wanted += count
        if not 0 <= wanted < count:
            raise IndexError(f"{tag_at(self.doc, self.index)} has {count} child elements, no index {index}")
        while True:
            if tape[child].kind < S_PIECE_TEXT:
                if not wanted:
                    return make_element(self.doc, child)
                wanted -= 1
            child = tape[child].next

    def __iter__(self):
        cdef _Children children = _Children.__new__(_Children)
        cdef const slot *s = self.doc.tape + self.index
        children.doc = self.doc
        children.slot = self.index + 1
        children.end = s.next if s.kind == S_CONTAINER else 0
        return children

    def __eq__(self, other):
        if not isinstance(other, Element):
            return NotImplemented
        return self.doc is (<Element>other).doc and self.index == (<Element>other).index

    def __hash__(self):
        return hash((<size_t><PyObject *>self.doc, self.index))

    def __repr__(self):
        return f"<Element {tag_at(self.doc, self.index)} at offset {self.offset}>"

    def __reduce__(self):
        raise TypeError("an Element cannot be pickled: pickle its Document, or encode() it")

    def __copy__(self):
        return self

    def __deepcopy__(self, memo):
        return self


forbid_new(Element, no_new_element)


cdef inline Element make_element(Document doc, uint32_t index):
    cdef Element self = Element.__new__(Element)
    self.doc = doc
    self.index = index
    return self


cdef inline object tag_at(Document doc, uint32_t index):
    cdef uint32_t code = doc.tape[index].code
    cdef PyObject *tag = doc.names.known(code)
    if code == W_LITERAL and doc.reading is not None:
        return doc.reading.tag(doc.raw, doc.tape[index].offset)
    return <object>tag if tag != NULL else doc.code_pages.tag(code)


cdef object at_literals(Element element, object path):
    """The descendants at a path with names that documents bring themselves. Raises ValueError where this one cannot."""
    if element.doc.reading is None:
        raise ValueError(f"{path!r} is not a tag of these code pages")
    from .constructs import walk

    return walk(element, path)


cdef list element_content(Document doc, uint32_t index, bint instructions):
    """The content of an element in document order, with or without processing instructions."""
    cdef const slot *s = doc.tape + index
    cdef uint32_t child, end
    cdef list content
    if s.kind == S_EMPTY:
        return []
    if s.kind == S_TEXT:
        return [text_at(doc, s, 2)]
    if s.kind == S_OPAQUE:
        return [opaque_view(doc, index, 2)]
    content = []
    child, end = index + 1, s.next
    while child < end:
        s = doc.tape + child
        if s.kind < S_PIECE_TEXT:
            content.append(make_element(doc, child))
        elif s.kind == S_PIECE_OPAQUE:
            content.append(opaque_view(doc, child, 1))
        elif s.kind <= S_PIECE_OTHER:
            content.append(text_at(doc, s, 1))
        elif s.kind == S_INSTRUCTION and instructions:
            content.append(doc.reading.instruction(doc.raw, s.offset, s.code))
        child = s.next
    return content


cdef inline object text_at(Document doc, const slot *s, int skip):
    if s.kind == S_PIECE_OTHER:
        return doc.reading.piece(doc.raw, s.offset)
    return make_text(doc.data + s.offset + skip, s.length, s.ascii)


cdef inline object opaque_bytes(Document doc, const slot *s, int skip):
    return PyBytes_FromStringAndSize(<const char *>opaque_start(doc.data + s.offset + skip), s.length)


cdef object opaque_view(Document doc, uint32_t index, int skip):
    cdef const slot *s = doc.tape + index
    cdef Py_ssize_t start = opaque_start(doc.data + s.offset + skip) - doc.data
    return PyMemoryView_FromObject(doc.raw)[start : start + <Py_ssize_t>s.length]


cdef object element_text(Document doc, uint32_t index):
    cdef const slot *tape = doc.tape
    cdef const slot *s = tape + index
    cdef uint32_t child
    cdef object text = None
    if s.kind == S_TEXT:
        return text_at(doc, s, 2)
    if s.kind == S_CONTAINER:
        child = index + 1
        pieces = []
        while child < s.next:
            if tape[child].kind == S_PIECE_TEXT or tape[child].kind == S_PIECE_OTHER:
                pieces.append(text_at(doc, tape + child, 1))
            child = tape[child].next
        if pieces:
            return "".join(pieces)
    return None


cdef object element_data(Document doc, uint32_t index):
    cdef const slot *tape = doc.tape
    cdef const slot *s = tape + index
    cdef uint32_t child
    if s.kind == S_OPAQUE:
        return opaque_bytes(doc, s, 2)
    if s.kind == S_CONTAINER:
        child = index + 1
        pieces = []
        while child < s.next:
            if tape[child].kind == S_PIECE_OPAQUE:
                pieces.append(opaque_view(doc, child, 1))
            child = tape[child].next
        if pieces:
            return b"".join(pieces)
    return None


cdef inline uint32_t first_child(const slot *tape, uint32_t index, uint32_t code) noexcept nogil:
    cdef uint32_t child = index + 1, end = tape[index].next
    if tape[index].kind == S_CONTAINER:
        while child < end:
            if tape[child].code == code and tape[child].kind < S_PIECE_TEXT:
                return child
            child = tape[child].next
    return NO_SLOT


cdef inline recent_path *recent_at(_Names names, object path) noexcept:
    """Where the path is if it was asked for lately."""
    cdef size_t place = <size_t><PyObject *>path
    return &names.recent[(place >> 4 ^ place >> 9) & 31]


cdef tuple codes_of(Document doc, object path):
    """The codes of a path; CodePages keeps those it has seen."""
    cdef recent_path *recent = recent_at(doc.names, path)
    cdef PyObject *old_path
    cdef PyObject *old_codes
    cdef tuple codes
    if HAS_GIL and recent.path == <PyObject *>path:
        return <tuple>recent.codes
    found = doc.names.paths.get(path)
    codes = <tuple>found if found is not None else doc.code_pages.path(path)
    if HAS_GIL and (type(path) is str or type(path) is Tag):
        Py_INCREF(path)
        Py_INCREF(codes)
        old_path, old_codes = recent.path, recent.codes
        recent.path, recent.codes, recent.code = <PyObject *>path, <PyObject *>codes, NO_CODE
        if PyTuple_GET_SIZE(codes) == 1 and codes[0] != LITERAL:
            recent.code = codes[0]
        Py_XDECREF(old_path)
        Py_XDECREF(old_codes)
    return codes


cdef uint32_t first_at(Element element, object path) except? 0xFFFFFFFF:
    """The slot of the first descendant at this path, NO_SLOT, or VIA_LITERALS where its names are not all tags."""
    cdef recent_path *recent = recent_at(element.doc.names, path)
    cdef uint32_t found = element.index, code
    cdef Py_ssize_t i
    cdef tuple codes
    if HAS_GIL and recent.path == <PyObject *>path and recent.code != NO_CODE:
        return first_child(element.doc.tape, found, recent.code)
    codes = codes_of(element.doc, path)
    # Most paths lead through the first element of each name; where one does not, all of them must be looked at.
    for i in range(PyTuple_GET_SIZE(codes)):
        code = <object>PyTuple_GET_ITEM(codes, i)
        if code == W_LITERAL:
            return VIA_LITERALS
        found = first_child(element.doc.tape, found, code)
        if found == NO_SLOT:
            return NO_SLOT if i + 1 == PyTuple_GET_SIZE(codes) == 1 else walk_path(element, path, None)
    return found


cdef struct level:
    uint32_t child, end


cdef uint32_t walk_path(Element element, object path, list found) except? 0xFFFFFFFF:
    """Appends all elements at this path to ``found``, or where that is None, returns the first one's slot.

    VIA_LITERALS, with nothing found, where names of the path are not all tags.
    """
    cdef Document doc = element.doc
    cdef tuple codes = codes_of(doc, path)
    cdef const slot *tape = doc.tape
    cdef const slot *s
    cdef size_t size = PyTuple_GET_SIZE(codes), depth = 0
    cdef level local[16]
    cdef uint32_t local_codes[16]
    cdef level *levels = local
    cdef uint32_t *wanted = local_codes
    cdef void *memory = NULL
    cdef uint32_t child
    cdef size_t i
    if size > 16:
        memory = PyMem_RawMalloc(size * (sizeof(level) + sizeof(uint32_t)))
        if memory == NULL:
            raise MemoryError
        levels = <level *>memory
        wanted = <uint32_t *>(levels + size)
    try:
        for i in range(size):
            wanted[i] = <object>PyTuple_GET_ITEM(codes, i)
            if wanted[i] == W_LITERAL:
                return VIA_LITERALS
        s = tape + element.index
        levels[0].child = element.index + 1
        levels[0].end = s.next if s.kind == S_CONTAINER else 0
        while True:
            child = levels[depth].child
            if child >= levels[depth].end:
                if depth == 0:
                    return NO_SLOT
                depth -= 1
                continue
            s = tape + child
            levels[depth].child = s.next
            if s.code != wanted[depth] or s.kind >= S_PIECE_TEXT:
                continue
            if depth + 1 == size:
                if found is None:
                    return child
                found.append(make_element(doc, child))
            elif s.kind == S_CONTAINER:
                depth += 1
                levels[depth].child = child + 1
                levels[depth].end = s.next
    finally:
        PyMem_RawFree(memory)


@cython.final
@cython.internal
@cython.no_gc
cdef class _Children:
    """Iterator over the child elements of an element."""

    cdef Document doc
    cdef uint32_t slot, end

    def __iter__(self):
        return self

    @cython.critical_section
    def __next__(self):
        cdef uint32_t child = self.slot
        while child < self.end:
            self.slot = self.doc.tape[child].next
            if self.doc.tape[child].kind < S_PIECE_TEXT:
                return make_element(self.doc, child)
            child = self.slot
        raise StopIteration


@cython.final
@cython.internal
@cython.no_gc
cdef class _Walk:
    """Iterator over an element and all its descendants."""

    cdef Document doc
    cdef uint32_t slot, end
    cdef int32_t code

    def __iter__(self):
        return self

    @cython.critical_section
    def __next__(self):
        cdef uint32_t index = self.slot
        cdef const slot *s
        while index < self.end:
            s = self.doc.tape + index
            if s.kind < S_PIECE_TEXT and (self.code < 0 or s.code == self.code):
                self.slot = index + 1
                return make_element(self.doc, index)
            index += 1
        self.slot = index
        raise StopIteration


cdef class Match:
    """A selected value of a Decoder: ``path`` as it was given, and ``value``, an Element or a Model instance.

    ``anchor`` is the stream offset of the element that the first name of the path matched: values with the same anchor
    come from the same one. ``path, value = match`` works.
    """

    cdef public object path
    cdef public object value
    cdef public object anchor

    __match_args__ = ("path", "value")

    def __init__(self, path, value, anchor=0):
        self.path = path
        self.value = value
        self.anchor = anchor

    def __iter__(self):
        return iter((self.path, self.value))

    def __eq__(self, other):
        if not isinstance(other, Match):
            return NotImplemented
        return self.path == (<Match>other).path and bool(self.value == (<Match>other).value)

    __hash__ = None

    def __repr__(self):
        return f"Match(path={self.path!r}, value={self.value!r}, anchor={self.anchor})"


@cython.final
@cython.internal
cdef class _Selection:
    """One selected path: its codes, innermost first, and the Plan for its values or where to write them, if any."""

    cdef object path
    cdef tuple codes
    cdef Plan plan
    cdef object target
    cdef uint16_t *wanted
    cdef size_t size

    def __cinit__(self, object path, tuple codes, Plan plan, object target):
        cdef size_t i
        self.path = path
        self.codes = codes[::-1]
        self.plan = plan
        self.target = target
        self.size = len(codes)
        self.wanted = <uint16_t *>PyMem_RawMalloc(self.size * sizeof(uint16_t))
        if self.wanted == NULL:
            raise MemoryError
        for i in range(self.size):
            self.wanted[i] = self.codes[i]

    def __dealloc__(self):
        PyMem_RawFree(self.wanted)


cdef struct open_tag:
    uint64_t offset
    uint32_t code


cdef class Decoder:
    """Decodes a document while it arrives.

    ``select`` names what is wanted: paths of tags, or a mapping from paths to Model classes (None: Elements). A path
    such as "AirSync:Commands/AirSync:Add" matches elements whose tag and parents end so. Where two paths match the same
    element, the longer one has it. Of everything else the structure is checked, and it is dropped.

    A path may also be mapped to a binary file, or anything else with a write(), or to a function without arguments that
    opens one for each element: the text (as UTF-8) and opaque data that stand in the element itself are written as they
    arrive, and the value of the Match is the file.

    Memory is bounded by the largest selected value, which ``limits`` apply to, and the string table. Raises ValueError
    for a path that could only match inside of what another one selects, or that holds a name which is no tag of the
    code pages.
    """

    cdef object pages
    cdef _Names names
    cdef object limits
    cdef uint64_t max_depth, max_size, max_elements
    cdef list selections  # the longest first
    cdef dict literals  # the codes that stand for selected names which documents bring themselves
    cdef uint8_t selects[8192]  # a bit for each code that a selection ends with
    cdef uint8_t *buffer  # what came and is not done with
    cdef size_t filled, room
    cdef uint64_t base  # stream offset of the buffer's first byte
    cdef int phase  # 0 header, 1 before the root, 2 within it, 3 behind it
    cdef header head
    cdef bytes table
    cdef object reading  # for what is not selected
    cdef int width
    cdef uint32_t page, attribute_page
    cdef int within  # S_ATTRIBUTES or S_INSTRUCTION while these have not ended
    cdef bint started, closing
    cdef open_tag *stack
    cdef size_t depth, stack_room
    cdef uint64_t skip  # bytes still to come of an opaque that nobody selected
    cdef bint within_text  # that nobody selected
    cdef utf8_state text
    cdef object reader  # of a text that is in another character set
    cdef uint64_t text_offset
    cdef bint scanning  # while a selected element is incomplete
    cdef scanner scan
    cdef uint32_t scan_page
    cdef _Selection selected
    cdef uint64_t anchor
    cdef object target  # what the open element's content is written to
    cdef size_t target_depth
    cdef object failed
    cdef bint busy

    def __cinit__(self, select, *, pages=None, limits=DEFAULT):
        cdef _Selection selection
        cdef uint32_t code
        self.pages = pages or _ACTIVESYNC
        self.names = names_of(self.pages)
        self.limits = limits
        self.max_depth = read_limit(limits, _MAX_DEPTH, "max_depth", _DEFAULT_DEPTH)
        self.max_size = read_limit(limits, _MAX_SIZE, "max_size", _DEFAULT_SIZE)
        self.max_elements = read_limit(limits, _MAX_ELEMENTS, "max_elements", _DEFAULT_ELEMENTS)
        self.literals = {}
        self.selections = selections_of(select, self.pages, self.literals)
        for selection in self.selections:
            code = selection.wanted[0]
            self.selects[code >> 3] |= <uint8_t>(1 << (code & 7))
        self.head.version = 3
        self.head.public_id = 1
        self.head.charset = 106
        self.table = b""

    def __dealloc__(self):
        PyMem_RawFree(self.buffer)
        PyMem_RawFree(self.stack)
        scanner_free(&self.scan)

    def feed(self, chunk):
        """The values whose ends came with this chunk, in order.

        Raises DecodeError where the bytes are not a document; values found before that point are returned first, and
        the error is raised by the next call.
        """
        cdef list found = []
        cdef const uint8_t *data
        cdef size_t size, used = 0
        cdef Py_buffer view
        with cython.critical_section(self):
            self.check_free()
            self.busy = True
        try:
            if type(chunk) is bytes and not self.filled:
                # Read where it is; only what must wait for more is copied.
                data = <const uint8_t *>PyBytes_AS_STRING(chunk)
                size = PyBytes_GET_SIZE(chunk)
            else:
                PyObject_GetBuffer(chunk, &view, PyBUF_SIMPLE)
                try:
                    self.keep(<const uint8_t *>view.buf, view.len)
                finally:
                    PyBuffer_Release(&view)
                data = self.buffer
                size = self.filled
            try:
                self.run(data, size, &used, found)
            except DecodeError as error:
                self.failed = error
                # Where the document ends for close(): no matter, since that raises the same error.
                self.filled = 0
                if not found:
                    raise
                return found
            self.base += used
            if data == self.buffer:
                self.filled -= used
                if used and self.filled:
                    memmove(self.buffer, self.buffer + used, self.filled)
            elif used < size:
                self.keep(data + used, size - used)
            if self.room > 1 << 20 and self.filled < self.room >> 3:
                self.fit()
        finally:
            with cython.critical_section(self):
                self.busy = False
        return found

    def close(self):
        """None where the document was whole. Raises TruncatedError where it was not, or the error that feed() met."""
        cdef bint whole
        cdef uint64_t end
        with cython.critical_section(self):
            self.check_free()
            whole = self.phase == 3 and not (self.within or self.within_text or self.skip or self.filled)
            end = self.base + self.filled
        if not whole:
            raise decode_error(errors.TRUNCATED, end)

    cdef int check_free(self) except -1:
        if self.failed is not None:
            raise self.failed
        if self.busy:
            raise RuntimeError("a Decoder serves one thread at a time")
        return 0

    cdef int keep(self, const uint8_t *data, size_t size) except -1:
        """Appends to the buffer."""
        cdef size_t need = self.filled + size
        cdef size_t room
        cdef void *memory
        if need > self.room:
            room = need + (self.filled if self.filled > 4096 else 4096)
            memory = PyMem_RawRealloc(self.buffer, room)
            if memory == NULL:
                raise MemoryError
            self.buffer = <uint8_t *>memory
            self.room = room
        if size:
            memcpy(self.buffer + self.filled, data, size)
        self.filled = need
        return 0

    cdef int fit(self) except -1:
        """Gives back what a large value needed."""
        cdef void *memory = PyMem_RawRealloc(self.buffer, self.filled + 4096)
        if memory != NULL:
            self.buffer = <uint8_t *>memory
            self.room = self.filled + 4096
        return 0

    cdef int run(self, const uint8_t *data, size_t size, size_t *used, list found) except -1:
        """Leaves in ``used`` how many of the bytes are done with; the others wait for more."""
        cdef size_t pos = 0
        cdef uint64_t base = self.base, step
        cdef const uint8_t *p
        cdef uint32_t token, length, code
        cdef int got, started
        if self.phase == 0:
            pos = self.begin(data, size)
            if not pos:
                return 0
        while True:
            if self.scanning:
                used[0] = pos
                if not self.go_on(data, size, &pos, found):
                    return 0
            if self.skip:
                step = size - pos
                if step > self.skip:
                    step = self.skip
                if step and self.writing():
                    self.target.write(PyBytes_FromStringAndSize(<const char *>(data + pos), step))
                self.skip -= step
                pos += step
            used[0] = pos
            if pos >= size:
                return 0
            if self.within_text:
                if not self.pass_text(data, size, &pos):
                    used[0] = pos
                    return 0
                continue
            token = data[pos]
            started = self.started
            if self.within:
                started = attribute_started(token, started, self.within == S_INSTRUCTION)
                if started < 0:
                    raise decode_error(errors.BAD_ATTRIBUTE, base + pos, token)
                if token == W_END:
                    self.within = 0
                    pos += 1
                    if self.closing:
                        self.closing = False
                        self.close_tag(found)
                    continue
            elif self.phase == 3:
                if token != W_PI:
                    raise decode_error(errors.AFTER_ROOT, base + pos, token)
            elif token & W_TOKEN_MASK >= W_LITERAL:
                code = self.page << 6 | token & W_TOKEN_MASK
                p = data + pos + 1
                if token & W_TOKEN_MASK == W_LITERAL:
                    got = read_integer(&p, data + size, &length)
                    if got == FAILED:
                        raise decode_error(errors.BAD_INTEGER, base + pos)
                    if got == MORE:
                        return 0
                    code = self.literals.get(self.pieces().string(length, base + pos), LITERAL)
                self.start(token, code, base + pos, found)
                if not self.scanning:
                    pos = p - data
                continue
            elif token == W_END and self.phase == 2:
                pos += 1
                self.close_tag(found)
                continue
            elif self.phase == 1 and token != W_SWITCH_PAGE and token != W_PI:
                raise decode_error(errors.NO_ROOT, base + pos, token)
            if token == W_STR_I or W_EXT_I <= token < W_PI:
                self.within_text = True
                memset(&self.text, 0, sizeof(self.text))
                self.text_offset = base + pos
                if self.width:
                    from .constructs import Reader

                    self.reader = Reader(self.head.charset)
                pos += 1
            elif token == W_OPAQUE:
                p = data + pos + 1
                got = read_integer(&p, data + size, &length)
                if got == FAILED:
                    raise decode_error(errors.BAD_INTEGER, base + pos)
                if got == MORE:
                    return 0
                self.skip = length
                pos = p - data
            elif token == W_PI:
                self.within = S_INSTRUCTION
                started = False
                pos += 1
            else:
                got = short_end(data + pos, data + size, &p)
                if got == FAILED:
                    raise decode_error(errors.BAD_INTEGER, base + pos)
                if got == MORE:
                    return 0
                if token == W_SWITCH_PAGE:
                    if self.within:
                        self.attribute_page = data[pos + 1]
                    else:
                        self.page = data[pos + 1]
                elif not self.within:
                    piece = self.pieces().piece_at(data[pos : p - data], base + pos)
                    if self.writing():
                        self.target.write(piece.encode())
                pos = p - data
            self.started = started

    cdef size_t begin(self, const uint8_t *data, size_t size) except? 0:
        """Where the body starts, 0 where the bytes end before that."""
        cdef failure failed
        cdef header head
        cdef int got = read_header(data, size, &head, &failed)
        cdef uint64_t end
        cdef int width = 0
        if head.charset_at:
            width = charset_width(&head)
        if got == FAILED:
            fail(&failed, 0, self.limits)
        if got == MORE:
            return 0
        if head.table > self.max_size:
            raise decode_error(errors.TOO_LARGE, head.end, self.limits.max_size)
        end = <uint64_t>head.end + head.table
        if size < end:
            return 0
        self.head = head
        self.width = self.scan.width = width
        self.table = PyBytes_FromStringAndSize(<const char *>(data + head.end), head.table)
        if not head.public_id:
            self.pieces().string(head.reference, 1)
        self.phase = 1
        return end

    cdef object pieces(self):
        """What knows the string table."""
        if self.reading is None:
            self.reading = read_constructs(self.pages, &self.head, self.table, 0, True)
        return self.reading

    cdef inline bint writing(self) noexcept:
        return self.target is not None and self.depth == self.target_depth and not self.within

    cdef int pass_text(self, const uint8_t *data, size_t size, size_t *pos) except -1:
        """Whether the text that nobody selected ends; ``pos`` is moved as far as it is read."""
        cdef const uint8_t *start = data + pos[0]
        cdef const uint8_t *nul
        cdef int ascii, whole
        if self.width:
            nul = find_wide_nul(start, data + size, self.width, &whole)
            try:
                text = self.reader.decode(PyBytes_FromStringAndSize(<const char *>start, nul - start), whole)
            except UnicodeError:
                raise decode_error(errors.BAD_CHARSET_TEXT, self.text_offset, self.head.charset) from None
            if text and self.writing():
                self.target.write(text.encode())
        else:
            nul = find_nul(start, data + size, &ascii)
            whole = nul < data + size
            if (not ascii or self.text.lacks) and not utf8_continues(&self.text, start, nul):
                raise decode_error(errors.BAD_TEXT, self.text_offset)
            if whole and self.text.lacks:
                raise decode_error(errors.BAD_TEXT, self.text_offset)
            if nul > start and self.writing():
                self.target.write(PyBytes_FromStringAndSize(<const char *>start, nul - start))
        pos[0] = nul - data
        if whole:
            self.within_text = False
            pos[0] += self.width if self.width else 1
        return whole

    cdef int start(self, uint32_t token, uint32_t code, uint64_t offset, list found) except -1:
        """Takes note of a tag: as the start of a selected element, or of another one that is only passed through."""
        cdef size_t i, room
        cdef _Selection selection
        cdef void *memory
        if self.depth >= self.max_depth:
            raise decode_error(errors.TOO_DEEP, offset, self.limits.max_depth)
        self.phase = 2
        if self.selects[code >> 3] >> (code & 7) & 1 and self.target is None:
            for selection in self.selections:
                if selection.wanted[0] != code or selection.size - 1 > self.depth:
                    continue
                i = 1
                while i < selection.size and self.stack[self.depth - i].code == selection.wanted[i]:
                    i += 1
                if i == selection.size:
                    self.selected = selection
                    self.anchor = offset if i == 1 else self.stack[self.depth + 1 - i].offset
                    if selection.target is not None:
                        self.target = selection.target if hasattr(selection.target, "write") else selection.target()
                        self.target_depth = self.depth + 1
                        break
                    # The scanner's tape is kept from one value to the next.
                    self.scan_page = self.page | self.attribute_page << 8
                    scanner_restart(&self.scan, self.scan_page, self.depth, self.max_depth, self.max_elements)
                    self.scanning = True
                    return 0
        if self.depth == self.stack_room:
            room = self.stack_room * 2 if self.stack_room else 16
            memory = PyMem_RawRealloc(self.stack, room * sizeof(open_tag))
            if memory == NULL:
                raise MemoryError
            self.stack = <open_tag *>memory
            self.stack_room = room
        self.stack[self.depth].code = code
        self.stack[self.depth].offset = offset
        self.depth += 1
        if token & W_ATTRIBUTES:
            self.within = S_ATTRIBUTES
            self.started = False
            self.closing = not token & W_WITH_CONTENT
        elif not token & W_WITH_CONTENT:
            self.close_tag(found)
        return 0

    cdef int close_tag(self, list found) except -1:
        """Closes the element that was opened last."""
        if self.target is not None and self.depth == self.target_depth:
            found.append(Match(self.selected.path, self.target, self.anchor))
            self.target = None
        self.depth -= 1
        if not self.depth:
            self.phase = 3
        return 0

    cdef int go_on(self, const uint8_t *data, size_t size, size_t *pos, list found) except -1:
        """Whether the selected element that starts at ``pos`` is complete; ``pos`` is moved behind it then."""
        cdef uint64_t start = self.base + pos[0]
        cdef const uint8_t *origin = data + pos[0]
        cdef uint64_t reached = size - pos[0]
        cdef size_t window = reached if reached < 0xFFFF_FFFFu else 0xFFFF_FFFFu
        cdef Document doc
        cdef Match match
        cdef bytes raw
        cdef int got
        if window - self.scan.pos < WORTH_RELEASING:
            got = scan(&self.scan, origin, origin + window)
        else:
            with nogil:
                got = scan(&self.scan, origin, origin + window)
        if got == FAILED:
            if self.scan.constructs:
                reading = read_constructs(self.pages, &self.head, self.table, start, True)
                raw = PyBytes_FromStringAndSize(<const char *>origin, reached)
                check_constructs(reading, raw, &self.scan, self.limits)
            fail(&self.scan.failed, start, self.limits)
        if got == DONE:
            reached = self.scan.pos
        if reached > self.max_size:
            raise decode_error(errors.TOO_LARGE, start, self.limits.max_size)
        if got == MORE:
            return 0
        raw = PyBytes_FromStringAndSize(<const char *>origin, reached)
        reading = read_constructs(self.pages, &self.head, self.table, start, self.scan.constructs)
        if self.scan.constructs:
            check_constructs(reading, raw, &self.scan, self.limits)
        doc = make_document(raw, self.pages, self.names, &self.head, self.scan_page, start, &self.scan, 1, reading)
        if self.selected.plan is None:
            value = make_element(doc, 0)
        else:
            value = build(doc, 0, self.selected.plan, 0)
        match = <Match>Match.__new__(Match)
        match.path = self.selected.path
        match.value = value
        match.anchor = self.anchor
        found.append(match)
        self.page = self.scan.page
        self.attribute_page = self.scan.attribute_page
        self.scanning = False
        if not self.depth:
            self.phase = 3
        pos[0] += reached
        return 1


cdef list selections_of(object select, object pages, dict literals):
    """The selections, the longest first. Adds the names that are no tags to literals."""
    cdef _Selection one, other
    cdef list chosen = []
    if isinstance(select, str):
        select = (select,)
    models = select if hasattr(select, "keys") else dict.fromkeys(select)
    for path, wanted in models.items():
        target = plan = None
        if hasattr(wanted, "write") or (callable(wanted) and not isinstance(wanted, type)):
            target = wanted
        elif wanted is not None:
            plan = plan_of(wanted)
        codes = pages.path(path)
        if W_LITERAL in codes:
            if pages is _ACTIVESYNC:
                raise ValueError(f"{path!r} is not a tag of these code pages")
            codes = tuple([
                literals.setdefault(name, FIRST_LITERAL + len(literals)) if code == W_LITERAL else code
                for name, code in zip(path.split("/"), codes, strict=True)
            ])
        if len(literals) > 0x4000:
            raise ValueError("select has more names without a namespace than can be told apart")
        chosen.append(_Selection(path, codes, plan, target))
    if not chosen:
        raise ValueError("select names no path")
    for one in chosen:
        for other in chosen:
            for skip in range(1, len(other.codes)):
                if other.codes[skip : skip + len(one.codes)] == one.codes:
                    raise ValueError(f"{other.path!r} can only match inside of what {one.path!r} selects")
    return sorted(chosen, key=_selection_order)


def _selection_order(_Selection selection not None):
    return -<Py_ssize_t>selection.size


cdef struct opened:
    size_t above
    PyObject *tag


cdef class Writer:
    """Writes a document token by token: start(), text(), opaque() and end(), then finish().

    SWITCH_PAGE is written where the page changes, and a tag gets its content bit when content follows. ``version`` is
    that of WBXML, "1.0" to "1.3", ``charset`` the name of the character set, and ``public_id`` a number or a str, by
    default that of the code pages.
    """

    cdef object pages
    cdef object coding  # for what only constructs.py can write
    cdef sink out
    cdef uint64_t outer  # how many of the open elements are not this Writer's, which was lent what they stand in
    cdef uint8_t *first  # where the document starts to be written
    cdef opened *stack
    cdef size_t stack_room
    cdef bint done
    cdef bytes result

    def __cinit__(self, *, pages=None, version="1.3", charset="UTF-8", public_id=None):
        self.pages = pages or _ACTIVESYNC
        if version != "1.3" or charset != "UTF-8" or public_id is not None or self.pages.public_id != 1:
            self.coding = new_coding(self.pages, version, charset, public_id)
        self.first = <uint8_t *>PyMem_RawMalloc(STACK_BYTES)
        if self.first == NULL:
            raise MemoryError
        sink_init(&self.out, self.first, STACK_BYTES, _DEFAULT_DEPTH)

    def __dealloc__(self):
        self.forget(0)
        PyMem_RawFree(self.stack)
        PyMem_RawFree(self.first)
        Py_XDECREF(self.out.bytes)

    cdef int forget(self, uint64_t depth) noexcept:
        """Lets go of the tags of all elements that are nested deeper than this."""
        cdef uint64_t i
        if self.stack != NULL:
            for i in range(depth, self.out.depth - self.outer):
                Py_XDECREF(self.stack[i].tag)
        return 0

    @cython.critical_section
    def start(self, tag, attrib=None):
        """Opens an element, with attributes. A Tag of literal() is written with its name in the string table.

        Raises EncodeError for an unknown tag, a second root, or nesting without end.
        """
        cdef bint named = getattr(tag, "namespace", None) == ""
        cdef uint32_t code = W_LITERAL if named else tag_of(tag, self.pages).code
        cdef bytes named_by = b"", attributes = b""
        cdef opened *memory
        cdef size_t room
        cdef size_t depth
        if self.done and not self.out.depth:
            raise EncodeError(f"{tag}: a document has one root element")
        check_depth(&self.out, tag)
        if named:
            named_by = self.constructs().literal(tag)
        if attrib:
            attributes = self.constructs().attributes(attrib, tag)
        # Only now, since what ran in Python may have let others at this Writer.
        depth = self.out.depth - self.outer
        if depth == self.stack_room:
            room = self.stack_room * 2 if self.stack_room else 16
            memory = <opened *>PyMem_RawRealloc(self.stack, room * sizeof(opened))
            if memory == NULL:
                raise MemoryError
            self.stack = memory
            self.stack_room = room
        open_element(&self.out, code, &self.stack[depth].above)
        self.done = True
        Py_INCREF(tag)
        self.stack[depth].tag = <PyObject *>tag
        if attributes:
            self.out.start[self.out.top] |= W_ATTRIBUTES
        put_bytes(&self.out, named_by)
        put_bytes(&self.out, attributes)

    @cython.critical_section
    def text(self, text):
        """Writes an inline string into the open element. Raises EncodeError for a NUL or a lone surrogate."""
        self.check_open()
        tag = <object>self.stack[self.out.depth - self.outer - 1].tag
        if self.coding is not None:
            self.put(self.coding.text(text, tag))
            return
        if not isinstance(text, str):
            raise EncodeError(f"{tag}: expected a str, not {type(text).__name__}")
        if put_text(&self.out, text):
            refuse_text(text, tag)
        self.out.start[self.out.top] |= W_WITH_CONTENT

    @cython.critical_section
    def entity(self, code):
        """Writes a character by its number into the open element."""
        self.check_open()
        self.put(self.constructs().entity(code, <object>self.stack[self.out.depth - self.outer - 1].tag))

    @cython.critical_section
    def extension(self, extension):
        """Writes an Extension into the open element."""
        self.check_open()
        self.put(self.constructs().extension(extension, <object>self.stack[self.out.depth - self.outer - 1].tag))

    @cython.critical_section
    def instruction(self, target, value=""):
        """Writes a processing instruction, into the open element, before the root or behind it."""
        self.put(self.constructs().instruction(target, value))

    cdef int put(self, bytes data) except -1:
        put_bytes(&self.out, data)
        if self.out.depth:
            self.out.start[self.out.top] |= W_WITH_CONTENT
        return 0

    cdef object constructs(self):
        if self.coding is None:
            self.coding = new_coding(self.pages)
        return self.coding

    @cython.critical_section
    def opaque(self, data):
        """Writes opaque data into the open element."""
        self.check_open()
        write_opaque(&self.out, data, <object>self.stack[self.out.depth - self.outer - 1].tag)
        self.out.start[self.out.top] |= W_WITH_CONTENT

    @cython.critical_section
    def end(self):
        """Closes the element that was opened last."""
        cdef size_t depth
        self.check_open()
        close_element(&self.out, self.stack[self.out.depth - self.outer - 1].above)
        depth = self.out.depth - self.outer
        Py_DECREF(<object>self.stack[depth].tag)

    @cython.critical_section
    def copy(self, Element element not None):
        """Writes an Element of a Document with all that is in it. Raises EncodeError where other code pages name it."""
        cdef uint64_t depth
        cdef size_t top
        if element.doc.reading is not None or self.coding is not None:
            from .constructs import copy

            depth = self.out.depth
            top = self.out.top
            try:
                copy(self, element)
            except EncodeError:
                # What was opened here is not the caller's to close.
                self.forget(depth - self.outer)
                self.out.depth = depth
                self.out.top = top
                raise
            return
        code_in(element.doc, element.doc.tape + element.index, self.pages)
        if self.done and not self.out.depth:
            raise EncodeError(f"{tag_at(element.doc, element.index)}: a document has one root element")
        copy_element(&self.out, element.doc, element.index, self.pages)
        self.done = True

    @cython.critical_section
    def finish(self):
        """The document. Raises EncodeError where no root was written or an element is still open."""
        if self.out.depth:
            raise EncodeError(f"{<object>self.stack[self.out.depth - self.outer - 1].tag}: the element is still open")
        if not self.done:
            raise EncodeError("a document needs a root element")
        if self.result is None:
            self.result = sink_finish(&self.out)
            if self.coding is not None:
                self.result = self.coding.finish(self.result)
        return self.result

    cdef int check_open(self) except -1:
        if not self.out.depth:
            raise EncodeError("no element is open")
        return 0


cdef object new_coding(object pages, version="1.3", charset="UTF-8", public_id=None):
    from .constructs import Coding

    return Coding(pages, version, charset, public_id)


cdef object tag_of(object tag, object pages):
    known = pages.by_name.get(tag)
    if known is None:
        try:
            known = pages.lookup(tag)
        except ValueError as error:
            raise EncodeError(str(error)) from None
    return known


cdef inline int check_depth(sink *out, object tag) except -1:
    if out.depth >= out.max_depth:
        raise EncodeError(f"{tag}: elements are nested deeper than {DEFAULT.max_depth}")
    return 0


cdef int refuse_text(object text, object where) except -1:
    """Raises the error for a text that cannot be written; it is searched again here, for what and where."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise EncodeError(f"{where}: a lone surrogate at character {error.start} cannot be written") from None
    raise EncodeError(f"{where}: a NUL at character {text.index(chr(0))} cannot be written")


cdef int write_opaque(sink *out, object data, object where) except -1:
    cdef Py_buffer view
    if type(data) is bytes:
        if PyBytes_GET_SIZE(data) <= 0xFFFF_FFFF:
            return put_opaque(out, PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data))
    PyObject_GetBuffer(memoryview(data).cast("B"), &view, PyBUF_SIMPLE)
    try:
        if view.len > 0xFFFF_FFFF:
            raise EncodeError(f"{where}: {view.len} bytes do not fit an opaque, whose length has 32 bits")
        return put_opaque(out, view.buf, view.len)
    finally:
        PyBuffer_Release(&view)


cdef uint32_t code_in(Document doc, const slot *s, object pages) except? 0xFFFFFFFF:
    """The code of an element in these code pages, which may be others than its document's."""
    if doc.code_pages is pages and doc.names.exact and doc.names.known(s.code) != NULL:
        return s.code
    return tag_of(doc.code_pages.tag(s.code), pages).code


cdef struct open_copy:
    size_t above
    uint32_t end


cdef int copy_element(sink *out, Document doc, uint32_t index, object pages) except -1:
    """Writes an element with all that is in it."""
    cdef const slot *tape = doc.tape
    cdef const slot *s
    cdef uint32_t here = index, stop = tape[index].next, code
    cdef size_t room = 0, depth = 0, above = 0
    cdef size_t outer_top = out.top
    cdef uint64_t outer_depth = out.depth
    # Of each open container: the slot after it, and what close_element() wants.
    cdef open_copy *open = NULL
    cdef void *memory
    if doc.reading is not None:
        return copy_constructs(out, make_element(doc, index), pages)
    try:
        while here < stop:
            while depth and here >= open[depth - 1].end:
                depth -= 1
                close_element(out, open[depth].above)
            s = tape + here
            if s.kind == S_PIECE_TEXT:
                put_raw_text(out, doc.data + s.offset + 1, s.length)
                out.start[out.top] |= W_WITH_CONTENT
            elif s.kind == S_PIECE_OPAQUE:
                put_opaque(out, opaque_start(doc.data + s.offset + 1), s.length)
                out.start[out.top] |= W_WITH_CONTENT
            else:
                code = code_in(doc, s, pages)
                if out.depth >= out.max_depth:
                    check_depth(out, tag_at(doc, here))
                open_element(out, code, &above)
                if s.kind == S_CONTAINER:
                    if depth == room:
                        room = room * 2 if room else 16
                        memory = PyMem_RawRealloc(open, room * sizeof(open_copy))
                        if memory == NULL:
                            raise MemoryError
                        open = <open_copy *>memory
                    open[depth].end = s.next
                    open[depth].above = above
                    depth += 1
                else:
                    if s.kind == S_TEXT:
                        put_raw_text(out, doc.data + s.offset + 2, s.length)
                        out.start[out.top] |= W_WITH_CONTENT
                    elif s.kind == S_OPAQUE:
                        put_opaque(out, opaque_start(doc.data + s.offset + 2), s.length)
                        out.start[out.top] |= W_WITH_CONTENT
                    close_element(out, above)
            here += 1
        while depth:
            depth -= 1
            close_element(out, open[depth].above)
    except:
        # The Writer knows nothing of what was opened here.
        out.depth = outer_depth
        out.top = outer_top
        raise
    finally:
        PyMem_RawFree(open)
    return 0


cdef int copy_constructs(sink *out, Element element, object pages) except -1:
    """Writes an element that may have attributes and the like: by a Writer, which is lent what was written so far."""
    cdef Writer writer = Writer(pages=pages)
    cdef sink own = writer.out
    cdef size_t above = out.top
    if out.coding == NULL:
        coding = new_coding(pages)
        Py_INCREF(coding)
        out.coding = <PyObject *>coding
    writer.coding = <object>out.coding
    writer.out = out[0]
    writer.outer = out.depth
    writer.done = True
    from .constructs import copy

    try:
        copy(writer, element)
    finally:
        writer.forget(0)
        out[0] = writer.out
        writer.out = own
        out.top = above
        writer.outer = 0
    return 0


cdef bint is_exact(object tag) except -1:
    return ACTIVESYNC.by_name.get(tag) is tag


cdef class Plan:
    """A Model compiled for the kernels: which tag goes to which field, and how. Made by model.py."""

    cdef readonly object cls
    cdef readonly object tag
    cdef readonly str name
    cdef readonly tuple fields
    cdef plan_info info
    cdef size_t recurs  # whether an instance may hold one of the same Model: 0 not looked at yet, 1 no, 2 yes
    cdef plan_info **models  # those of all fields, one after another
    # Of each field; held here, since only the numbers fit into the table.
    cdef tuple names, tags, withins, plans, enums, pages

    def __cinit__(self, cls, tag):
        self.cls = cls
        self.tag = tag
        self.name = cls.__name__
        self.fields = ()
        self.info.plan = <PyObject *>self
        self.info.cls = <PyObject *>cls
        self.info.code = NO_CODE if tag is None else tag.code
        self.info.exact = tag is not None and is_exact(tag)

    def __dealloc__(self):
        PyMem_RawFree(self.info.fields)
        PyMem_RawFree(self.info.entries)
        PyMem_RawFree(self.info.places)
        PyMem_RawFree(self.models)

    def define(self, fields):
        """Takes the fields; apart from the constructor, so that Models can refer to each other.

        Raises ValueError where two fields want the same tag.
        """
        cdef plan_field *f
        cdef plan_entry *e
        cdef uint32_t place
        cdef plan_info *t = &self.info
        cdef plan_info **models
        cdef int number = 0, size
        if t.fields != NULL:
            raise ValueError(f"{self.name} is defined already")
        found = tuple(fields)
        entries = []
        for index, field in enumerate(found):
            if field.within is not None:
                pairs = [(field.within, -1)]
            elif field.kind == F_MODEL and field.many:
                pairs = [(plan.tag, place_) for place_, plan in enumerate(field.plans)]
            else:
                pairs = [(field.tag, -1)]
            for tag, alternative in pairs:
                assert tag is not None
                if tag.code in [entry[0] for entry in entries]:
                    raise ValueError(f"{self.name}.{field.name}: another field has the tag {tag}")
                entries.append((tag.code, index, alternative))
        if len(entries) > 0x3FFF:
            raise ValueError(f"{self.name} has too many fields")
        size = 8
        while size < 2 * len(entries):
            size *= 2
        t.fields = <plan_field *>PyMem_RawMalloc((len(found) + 1) * sizeof(plan_field))
        t.entries = <plan_entry *>PyMem_RawMalloc((len(entries) + 1) * sizeof(plan_entry))
        t.places = <uint16_t *>PyMem_RawMalloc(size * sizeof(uint16_t))
        if t.fields == NULL or t.entries == NULL or t.places == NULL:
            raise MemoryError
        memset(t.places, 0, size * sizeof(uint16_t))
        t.mask = size - 1
        for code, index, alternative in entries:
            e = t.entries + number
            e.code = code
            e.field = index
            e.alternative = alternative
            place = plan_place(e.code) & t.mask
            while t.places[place]:
                place = (place + 1) & t.mask
            number += 1
            t.places[place] = number
        self.names = tuple([field.name for field in found])
        self.tags = tuple([field.tag for field in found])
        self.withins = tuple([field.within for field in found])
        self.plans = tuple([_plans(field.plans) for field in found])
        self.enums = tuple([dict(field.enum) for field in found])
        self.pages = tuple([_dict(field.pages) for field in found])  # not copied: model.py fills them in at the end
        t.unknown_at = member_offset(self.cls, "unknown")
        t.problems_at = member_offset(self.cls, "problems")
        t.plain = is_plain_class(self.cls) and t.unknown_at >= 0 and t.problems_at >= 0
        self.models = models = <plan_info **>PyMem_RawMalloc(
            (sum([len(plans) for plans in self.plans]) + 1) * sizeof(plan_info *)
        )
        if models == NULL:
            raise MemoryError
        number = 0
        for field in found:
            f = t.fields + number
            f.kind = field.kind
            f.many = field.many
            f.optional = field.optional
            f.compact = field.compact
            f.code = NO_CODE if field.tag is None else field.tag.code
            f.exact = field.tag is not None and is_exact(field.tag)
            f.binary = field.tag is not None and field.tag.binary
            f.within = NO_CODE if field.within is None else field.within.code
            f.page = <uint8_t>(f.code >> 6)
            f.head[0] = <uint8_t>(f.code & W_TOKEN_MASK | W_WITH_CONTENT)
            f.head[1] = W_STR_I
            f.within_exact = field.within is not None and is_exact(field.within)
            f.leaf = NO_LEAF
            if f.kind == F_MODEL:
                if field.within is None or f.within_exact:
                    f.leaf = F_MODEL
            elif f.exact and not f.many:
                f.leaf = f.kind
            f.versions = sum([1 << place_ for place_, version in enumerate(VERSIONS) if version in field.versions])
            f.offset = member_offset(self.cls, field.name)
            if f.offset < 0:
                t.plain = False
            if f.kind == F_DATETIME:
                need_datetime()
            if f.within != NO_CODE:
                t.wraps = True
            f.models = models
            f.model_count = len(self.plans[number])
            for plan in self.plans[number]:
                models[0] = &(<Plan>plan).info
                models += 1
            number += 1
        # Behind the last field stands one that is none, at which put_plain_model() stops without counting.
        memset(t.fields + number, 0, sizeof(plan_field))
        t.fields[number].leaf = NO_LEAF
        if not t.plain:
            for number in range(len(found)):
                t.fields[number].offset = number * sizeof(PyObject *)
        t.count = len(found)
        t.entry_count = len(entries)
        self.fields = found


def _plans(plans):
    for plan in plans:
        if not isinstance(plan, Plan):
            raise TypeError(f"a Plan of this kernel was expected, not {plan!r}")
    return tuple(plans)


def _dict(value):
    if type(value) is not dict:
        raise TypeError(f"a dict was expected, not {value!r}")
    return value


def plan_of(model):
    """The Plan of a Model class, compiled on first use. Raises TypeError for anything else."""
    plan = getattr(model, "__wbxml_plan__", None)
    if not isinstance(plan, Plan):
        raise TypeError(f"type must be a Model class, not {model!r}")
    return plan


# What does not go into a field: lists that are made when they are needed.
cdef struct notes:
    PyObject *unknown
    PyObject *problems


cdef int note(PyObject **where, object what) except -1:
    if where[0] == NULL:
        fresh = []
        Py_INCREF(fresh)
        where[0] = <PyObject *>fresh
    return PyList_Append(<object>where[0], what)


cdef inline object noted(PyObject *what):
    return () if what == NULL else tuple(<list>what)


cdef inline int store(PyObject **where, object value) except -1:
    Py_INCREF(value)
    where[0] = <PyObject *>value
    return 0


cdef bint may_hold_itself(Plan plan):
    """Whether an instance may hold, at whatever depth, one of the same Model, so that there may be a circle."""
    cdef Plan one
    seen = set()
    rest = [plan]
    while rest:
        one = rest.pop()
        for plans in one.plans:
            for inner in plans:
                if inner is plan:
                    return True
                if inner not in seen:
                    seen.add(inner)
                    rest.append(inner)
    return False


cdef object build(Document doc, uint32_t index, Plan plan, int depth):
    """An instance of the plan's Model from the element in slot ``index``."""
    cdef const slot *tape = doc.tape
    cdef const slot *s = tape + index
    cdef uint32_t child, end
    cdef plan_field *f
    cdef plan_entry *entry
    cdef PyObject **where
    cdef char *fields
    cdef int expected = 0, found
    cdef Plan alternative
    cdef notes n
    cdef object instance
    cdef size_t recurs
    if depth >= MODEL_DEPTH:
        raise LimitError(f"{plan.name} is nested deeper than {MODEL_DEPTH}", doc.base + s.offset)
    if plan.info.plain:
        instance = new_instance(plan.cls)
        fields = <char *><PyObject *>instance
    else:
        instance = PyList_New(plan.info.count)
        fields = list_items(instance)
    n.unknown = n.problems = NULL
    try:
        if s.kind == S_CONTAINER:
            child, end = index + 1, s.next
            while True:
                # Elements that need no more than their value are taken in C; this loop takes those where it stops.
                fill_fields(&plan.info, fields, doc.data, tape, &child, end, &expected)
                if child >= end:
                    break
                s = tape + child
                if s.kind >= S_PIECE_TEXT:
                    stray(doc, index, child, 1, &n)
                    child = s.next
                    continue
                found = plan_find(&plan.info, s.code, expected)
                if found < 0:
                    note(&n.unknown, make_element(doc, child))
                    child = s.next
                    continue
                entry = plan.info.entries + found
                f = plan.info.fields + entry.field
                where = <PyObject **>(fields + f.offset)
                expected = found + 1
                if f.many and f.within == NO_CODE:
                    expected = found
                    alternative = None
                    if entry.alternative >= 0:
                        alternative = <Plan>PyTuple_GET_ITEM(plans_of(plan, entry.field), entry.alternative)
                    value = read_value(doc, child, plan, entry.field, alternative, &n, depth)
                    if value is not None:
                        if where[0] == NULL:
                            store(where, [value])
                        else:
                            PyList_Append(<object>where[0], value)
                elif where[0] != NULL:
                    note(&n.unknown, make_element(doc, child))
                elif f.many:
                    store(where, read_list(doc, child, plan, entry.field, &n, depth))
                else:
                    store(where, read_value(doc, child, plan, entry.field, None, &n, depth))
                child = s.next
        else:
            stray(doc, index, index, 2, &n)
        fill_rest(&plan.info, fields)
        if plan.info.plain:
            store(<PyObject **>(fields + plan.info.unknown_at), noted(n.unknown))
            store(<PyObject **>(fields + plan.info.problems_at), noted(n.problems))
            recurs = get_hint(&plan.recurs)
            if not recurs:
                recurs = 2 if may_hold_itself(plan) else 1
                set_hint(&plan.recurs, recurs)
            if recurs == 1:
                leave_to_counting(<PyObject *>instance)
            return instance
        return assemble(plan, <list>instance, noted(n.unknown), noted(n.problems))
    finally:
        Py_XDECREF(n.unknown)
        Py_XDECREF(n.problems)


cdef inline tuple plans_of(Plan plan, int number):
    return <tuple>PyTuple_GET_ITEM(plan.plans, number)


cdef object assemble(Plan plan, list values, tuple unknown, tuple problems):
    """An instance of a class that has its own ways, made as Python code would."""
    cdef int number
    instance = object.__new__(plan.cls)
    for number in range(plan.info.count):
        setattr(instance, plan.names[number], values[number])
    instance.unknown = unknown
    instance.problems = problems
    return instance


_SPACE = " \t\r\n"


cdef int stray(Document doc, uint32_t index, uint32_t where, int skip, notes *n) except -1:
    """Tells of text or opaque in a slot that stands where the element ``index`` should hold elements only."""
    cdef const slot *s = doc.tape + where
    cdef const uint8_t *p
    cdef const uint8_t *end
    if s.kind == S_PIECE_OTHER:
        text = text_at(doc, s, skip)
        if text.strip(_SPACE):
            note(&n.problems, make_problem(doc, index, "elements", text))
    elif s.kind == S_TEXT or s.kind == S_PIECE_TEXT:
        p = doc.data + s.offset + skip
        end = p + s.length
        trim(&p, &end)
        if p < end:
            note(&n.problems, make_problem(doc, index, "elements", text_at(doc, s, skip)))
    elif s.kind == S_OPAQUE or s.kind == S_PIECE_OPAQUE:
        note(&n.problems, make_problem(doc, index, "elements", as_text(opaque_bytes(doc, s, skip))))
    elif s.kind == S_ATTRIBUTES:
        note(&n.problems, make_problem(doc, index, "no attributes", repr(make_element(doc, index).attrib)))
    return 0


cdef object make_problem(Document doc, uint32_t index, str expected, object value):
    return Problem(doc.base + doc.tape[index].offset, tag_at(doc, index), expected, value)


cdef object raw_value(Document doc, uint32_t index):
    """What stands in an element: text ("" where it is empty), bytes for an opaque that is no UTF-8, None: elements."""
    cdef const slot *s = doc.tape + index
    if s.kind == S_TEXT:
        return text_at(doc, s, 2)
    if s.kind == S_EMPTY:
        return ""
    if s.kind == S_OPAQUE:
        return as_text(opaque_bytes(doc, s, 2))
    if s.length:
        return None
    data = element_data(doc, index)
    text = element_text(doc, index)
    if data is None:
        return "" if text is None else text
    return as_text(data) if text is None else data


cdef object as_text(bytes data):
    cdef const uint8_t *p = <const uint8_t *>PyBytes_AS_STRING(data)
    if utf8_valid(p, p + PyBytes_GET_SIZE(data)):
        return PyUnicode_DecodeUTF8(<const char *>p, PyBytes_GET_SIZE(data), NULL)
    return data


cdef list read_list(Document doc, uint32_t index, Plan plan, int number, notes *n, int depth):
    """The values within the wrapper element in slot ``index``."""
    cdef const slot *tape = doc.tape
    cdef const slot *s = tape + index
    cdef uint32_t child, end
    cdef plan_field *f = plan.info.fields + number
    cdef tuple plans = plans_of(plan, number)
    cdef Py_ssize_t count = PyTuple_GET_SIZE(plans), i
    cdef list items = []
    cdef Plan chosen
    if s.kind != S_CONTAINER:
        stray(doc, index, index, 2, n)
        return items
    child, end = index + 1, s.next
    while child < end:
        s = tape + child
        if s.kind >= S_PIECE_TEXT:
            stray(doc, index, child, 1, n)
        else:
            chosen = None
            for i in range(count - 1, -1, -1):
                if (<Plan>PyTuple_GET_ITEM(plans, i)).info.code == s.code:
                    chosen = <Plan>PyTuple_GET_ITEM(plans, i)
                    break
            if chosen is None and s.code != f.code:
                note(&n.unknown, make_element(doc, child))
            else:
                value = read_value(doc, child, plan, number, chosen, n, depth)
                if value is not None:
                    items.append(value)
        child = s.next
    return items


cdef object read_value(Document doc, uint32_t index, Plan plan, int number, Plan chosen, notes *n, int depth):
    """The value of the element in slot ``index`` as the field wants it, or None where it does not fit."""
    cdef const slot *s = doc.tape + index
    cdef int kind = plan.info.fields[number].kind
    cdef const uint8_t *p
    cdef const uint8_t *end
    cdef bytes kept
    cdef object raw, value
    if kind == F_STR and s.kind == S_TEXT:
        return text_at(doc, s, 2)
    if kind == F_MODEL:
        return build(doc, index, choose(doc, index, plan, number) if chosen is None else chosen, depth + 1)
    if kind == F_FLAG:
        return True
    if kind == F_BYTES:
        if s.kind == S_OPAQUE:
            return opaque_bytes(doc, s, 2)
        if s.kind == S_CONTAINER and not s.length:
            raw = make_element(doc, index).data
            if raw is not None:
                return raw
    if s.kind == S_TEXT or s.kind == S_EMPTY:
        p = doc.data + s.offset + 2
        end = p + s.length
        if kind == F_STR:
            return ""
    else:
        raw = raw_value(doc, index)
        if type(raw) is not str:
            if raw is None:
                note(&n.unknown, make_element(doc, index))
            elif kind == F_BYTES:
                return raw
            note(&n.problems, make_problem(doc, index, expected_of(kind), raw))
            return None
        if kind == F_STR:
            return raw
        kept = (<str>raw).encode()
        p = <const uint8_t *>PyBytes_AS_STRING(kept)
        end = p + PyBytes_GET_SIZE(kept)
    value = convert(kind, p, end, <object>PyTuple_GET_ITEM(plan.enums, number))
    if value is None:
        note(&n.problems, make_problem(doc, index, expected_of(kind), raw_value(doc, index)))
    return value


cdef Plan choose(Document doc, uint32_t index, Plan plan, int number):
    """The Model for an element that may hold one of several: the first child whose code page has only one decides."""
    cdef tuple plans = plans_of(plan, number)
    cdef const slot *tape = doc.tape
    cdef uint32_t child = index + 1, end = tape[index].next
    if PyTuple_GET_SIZE(plans) > 1 and tape[index].kind == S_CONTAINER:
        while child < end:
            if tape[child].kind < S_PIECE_TEXT:
                found = (<dict>PyTuple_GET_ITEM(plan.pages, number)).get(tape[child].code >> 6)
                if found is not None:
                    return <Plan?>found
            child = tape[child].next
    return <Plan>PyTuple_GET_ITEM(plans, 0)


cdef object convert(int kind, const uint8_t *p, const uint8_t *end, object enum):
    """The value in a text, or None where there is none of that kind."""
    cdef long long integer
    cdef PyObject *made
    cdef int truth
    if kind == F_INT or kind == F_INT_ENUM:
        if not to_int(p, end, &integer):
            return None
        return integer if kind == F_INT else (<dict>enum).get(integer)
    if kind == F_BOOL:
        truth = to_bool(p, end)
        return None if truth < 0 else truth == 1
    if kind == F_DATETIME:
        made = to_datetime(p, end)
        if made == NULL:
            return None
        value = <object>made
        Py_DECREF(value)
        return value
    if kind == F_STR_ENUM:
        trim(&p, &end)
        return (<dict>enum).get(PyUnicode_DecodeUTF8(<const char *>p, end - p, NULL))
    text = PyUnicode_DecodeUTF8(<const char *>p, end - p, NULL)
    try:
        return a2b_base64(text.translate(_NO_SPACE), strict_mode=True)
    except ValueError:
        return None


_NO_SPACE = dict.fromkeys(map(ord, _SPACE))


cdef str expected_of(int kind):
    if kind == F_STR:
        return "text"
    if kind == F_INT:
        return "an integer"
    if kind == F_BOOL:
        return "a boolean"
    if kind == F_BYTES:
        return "opaque data or base64"
    if kind == F_DATETIME:
        return "a date and time"
    if kind == F_INT_ENUM:
        return "one of the known numbers"
    return "one of the known words"


cdef inline uint32_t resolve(sink *out, object tag, uint32_t code, bint exact) except? 0xFFFFFFFF:
    """The code of a tag in the code pages that are written, which are seldom others than its own."""
    if exact and out.own_pages:
        return code
    return tag_of(tag, <object>out.pages).code


cdef int write_field(sink *out, PyObject *plan_, PyObject *instance_, int number, int depth) except -1:
    """Writes a field that put_model() leaves alone; number -1 stands for the elements that the Model did not know."""
    cdef Plan plan = <Plan>plan_
    cdef object instance = <object>instance_, unknown, value, rest = None, item
    cdef plan_field *f
    cdef size_t above = 0
    cdef Element element
    if number < 0:
        for element in instance.unknown:
            if not plan.info.wraps or not is_wrapper(plan, parent_code(element)):
                copy_element(out, element.doc, element.index, <object>out.pages)
        return 0
    f = plan.info.fields + number
    name = <object>PyTuple_GET_ITEM(plan.names, number)
    value = getattr(instance, name)
    if f.within != NO_CODE:
        unknown = instance.unknown
        if unknown:
            # What stood undescribed within a wrapper goes back into it.
            rest = [element for element in unknown if parent_code(element) == f.within]
    if not rest and (value is None or (value is False and f.kind == F_FLAG)):
        return 0
    if f.many:
        if value is None:
            value = ()
        elif not isinstance(value, (list, tuple)):
            raise EncodeError(f"{plan.name}.{name}: expected a list, not {type(value).__name__}")
        if not value and not rest and (f.within == NO_CODE or not f.optional):
            return 0
    if out.version_bit and not f.versions & out.version_bit:
        what = plan.withins[number] or plan.tags[number] or (<Plan>plan.plans[number][0]).tag
        raise EncodeError(f"{plan.name}.{name}: {what} is not in version {<object>out.version}")
    if not f.many:
        return write_item(out, plan_, <PyObject *>value, number, depth)
    if f.within != NO_CODE:
        within = <object>PyTuple_GET_ITEM(plan.withins, number)
        code = resolve(out, within, f.within, f.within_exact)
        check_depth(out, within)
        open_element(out, code, &above)
    for item in value:
        write_item(out, plan_, <PyObject *>item, number, depth)
    if rest:
        for element in rest:
            copy_element(out, element.doc, element.index, <object>out.pages)
    if f.within != NO_CODE:
        close_element(out, above)
    return 0


cdef bint is_wrapper(Plan plan, uint32_t code) noexcept:
    cdef int number
    for number in range(plan.info.count):
        if plan.info.fields[number].within == code and code != NO_CODE:
            return True
    return False


cdef uint32_t parent_code(Element element) noexcept:
    """The code of the element's parent, or NO_CODE for a root."""
    cdef const slot *tape = element.doc.tape
    cdef uint32_t number = element.index
    while number:
        number -= 1
        if tape[number].kind == S_CONTAINER and tape[number].next > element.index:
            return tape[number].code
    return NO_CODE


cdef int write_model(sink *out, Plan plan, object value, int number, int depth) except -1:
    """Writes a Model instance that a field holds."""
    cdef plan_field *f = plan.info.fields + number
    cdef uint32_t code
    cdef Plan chosen
    for chosen in plans_of(plan, number):
        if type(value) is chosen.cls:
            break
    else:
        names = " or ".join([(<Plan>one).name for one in plans_of(plan, number)])
        raise EncodeError(f"{plan.name}.{plan.names[number]}: expected {names}, not {type(value).__name__}")
    if depth + 1 >= MODEL_DEPTH:
        raise EncodeError(f"{chosen.name} is nested deeper than {MODEL_DEPTH}")
    if f.many or f.code == NO_CODE:
        tag = chosen.tag
        code = resolve(out, tag, chosen.info.code, chosen.info.exact)
    else:
        tag = <object>PyTuple_GET_ITEM(plan.tags, number)
        code = resolve(out, tag, f.code, f.exact)
    check_depth(out, tag)
    return put_model(out, value, &chosen.info, code, depth + 1)


cdef int write_item(sink *out, PyObject *plan_, PyObject *value_, int number, int depth) except -1:
    """Writes a field's value, or one of them, that put_model() leaves alone."""
    cdef Plan plan = <Plan>plan_
    cdef object value = <object>value_
    cdef plan_field *f = plan.info.fields + number
    cdef int kind = f.kind, overflow
    cdef object tag
    cdef uint32_t code
    cdef char digits[24]
    cdef long long integer
    cdef size_t above
    if kind == F_MODEL:
        return write_model(out, plan, value, number, depth)
    tag = <object>PyTuple_GET_ITEM(plan.tags, number)
    code = resolve(out, tag, f.code, f.exact)
    check_depth(out, tag)
    if kind == F_STR or kind == F_STR_ENUM:
        if not isinstance(value, str):
            raise unfit(plan, number, "a str", value)
        if put_text_element(out, code, value):
            refuse_text(value, tag)
    elif kind == F_INT or kind == F_INT_ENUM:
        if not isinstance(value, int):
            raise unfit(plan, number, "an int", value)
        integer = PyLong_AsLongLongAndOverflow(value, &overflow)
        if overflow:
            put_text_element(out, code, int.__repr__(value))
        else:
            put_short_element(out, code, digits, int_text(digits, integer))
    elif kind == F_BOOL:
        if type(value) is not bool:
            raise unfit(plan, number, "a bool", value)
        put_short_element(out, code, b"1" if value else b"0", 1)
    elif kind == F_DATETIME:
        if not has_zone(value):
            raise unfit(plan, number, "a datetime with a time zone", value)
        value = in_utc(value)
        put_short_element(out, code, digits, datetime_text(digits, value, f.compact))
    elif kind == F_BYTES:
        if not isinstance(value, (bytes, bytearray, memoryview)):
            raise unfit(plan, number, "bytes", value)
        if f.binary:
            open_element(out, code, &above)
            write_opaque(out, value, tag)
            out.start[out.top] |= W_WITH_CONTENT
            close_element(out, above)
        else:
            put_text_element(out, code, b2a_base64(value, newline=False).decode())
    else:
        put_text_element(out, code, "")
    return 0


cdef object unfit(Plan plan, int number, str expected, object value):
    need_datetime()
    found = "a datetime without one" if PyDateTime_Check(value) else type(value).__name__
    return EncodeError(f"{plan.name}.{plan.names[number]}: expected {expected}, not {found}")


cdef object in_utc(object value):
    if is_utc(value):
        return value
    try:
        moved = value.astimezone(utc_zone())
    except OverflowError as error:
        raise EncodeError(f"{value!r} cannot be written in UTC") from error
    if not PyDateTime_Check(moved):
        raise TypeError(f"astimezone() gave a {type(moved).__name__}")
    return moved


def decode(data, *, type=None, pages=None, lenient=False, limits=DEFAULT):
    """The Document in ``data``, or with ``type`` an instance of that Model, without a tree in between.

    ``data`` is any bytes-like object or, with ``type``, also a Document or an Element. ``pages`` are the code pages,
    those of ActiveSync by default, and ``limits`` what the document may at most be. With ``lenient`` any bytes give a
    Document, whose ``problems`` say what is out of place and whose ``roots`` may be none or several.

    Raises DecodeError where the bytes are not a document (TruncatedError where they end too early, LimitError where it
    is beyond a limit) or, with ``type``, where its root is another one than the Model's.
    Source: WBXML 1.3 section 5; [MS-ASWBXML] section 2.1.
    """
    cdef Document doc
    cdef Plan plan
    cdef uint32_t index = 0
    if isinstance(data, Document) or isinstance(data, Element):
        if type is None:
            raise TypeError("a Document or Element is decoded already; give type= to make a Model of it")
        if isinstance(data, Element):
            doc = (<Element>data).doc
            index = (<Element>data).index
        else:
            doc = <Document>data
    else:
        if lenient:
            doc = parse_any(owned(data), pages or _ACTIVESYNC, limits)
        else:
            doc = parse(owned(data), pages or _ACTIVESYNC, limits)
        if type is None:
            return doc
    plan = plan_of(type)
    if not doc.count:
        raise decode_error(errors.TRUNCATED, len(doc.raw))
    if plan.info.code != NO_CODE and plan.info.code != doc.tape[index].code:
        raise DecodeError(
            f"expected {plan.tag}, found {tag_at(doc, index)}", doc.base + doc.tape[index].offset
        )
    return build(doc, index, plan, 0)


cdef object finished(sink *out, object pages):
    """The document that was written, as bytes."""
    written = sink_finish(out)
    if out.coding != NULL:
        return (<object>out.coding).finish(written)
    return written if out.own_pages or pages.public_id == 1 else new_coding(pages).finish(written)


cdef object encode_model(object obj, Plan plan, object pages, object version):
    """encode() of a Model instance."""
    cdef uint8_t local[STACK_BYTES]
    cdef sink out
    sink_init(&out, local, STACK_BYTES, _DEFAULT_DEPTH)
    out.pages = <PyObject *>pages
    out.own_pages = pages is _ACTIVESYNC
    out.version = <PyObject *>version
    if version is not None:
        if version not in VERSIONS:
            raise EncodeError(f"{version!r} is not a protocol version: {', '.join(VERSIONS)}")
        out.version_bit = 1 << <int>VERSIONS.index(version)
    out.write_field = write_field
    out.write_item = write_item
    out.likely = likely_size(&plan.info)
    try:
        put_model(&out, obj, &plan.info, resolve(&out, plan.tag, plan.info.code, plan.info.exact), 0)
        set_hint(&plan.info.written, out.size)
        return finished(&out, pages)
    finally:
        Py_XDECREF(out.bytes)
        Py_XDECREF(out.coding)


def encode(obj, *, version=None, pages=None, string_table=False):
    """The WBXML document for a Document, an Element, a Model instance or an ElementTree element.

    It is canonical: version 1.3, UTF-8, the public id of the code pages, SWITCH_PAGE only where the page changes, a
    content bit only where there is content, and no string table, but for names that the code pages do not have. With
    ``version`` ("14.1"), a Model field that this protocol version does not have is refused. ``pages`` are by default
    those that a Document was decoded by, else those of ActiveSync. With ``string_table``, text that stands there more
    than once goes into a string table where that makes the document shorter.

    Raises EncodeError for what cannot be written: a NUL or a lone surrogate in text, a value of another type than its
    field's, an unknown tag. Source: WBXML 1.3 section 5; [MS-ASWBXML] section 2.1.
    """
    cdef uint8_t local[STACK_BYTES]
    cdef sink out
    cdef Plan plan
    cdef Document doc = None
    cdef uint32_t index = 0
    cdef Writer writer
    if type(obj) is Document:
        doc = <Document>obj
    elif type(obj) is Element:
        doc = (<Element>obj).doc
        index = (<Element>obj).index
    if pages is None:
        pages = _ACTIVESYNC if doc is None else doc.code_pages
    if string_table:
        from .stringtable import compact

        return compact(encode(obj, version=version, pages=pages))
    if doc is None:
        found = type_lookup(type(obj), PLAN_NAME)
        if type(found) is not Plan:
            # A Plan that is not there yet is made by what stands in for it.
            found = getattr(type(obj), PLAN_NAME, None)
        if found is None:
            from .trees import write_tree

            writer = Writer(pages=pages)
            write_tree(writer, obj, pages=pages)
            return writer.finish()
        plan = <Plan?>found
        if plan.tag is None:
            raise EncodeError(f"{plan.name} has no tag of its own: encode what it is part of")
        return encode_model(obj, plan, pages, version)
    if doc is obj and doc.found:
        if len(doc.roots) > 1:
            raise EncodeError(f"a document has one root element, not {len(doc.roots)}")
        if not doc.count:
            raise EncodeError("a document needs a root element")
    if doc.reading is not None or pages.public_id != 1:
        from .constructs import copy, copy_document

        writer = Writer(pages=pages)
        if doc is obj:
            copy_document(writer, doc)
        else:
            copy(writer, obj)
        return writer.finish()
    sink_init(&out, local, STACK_BYTES, _DEFAULT_DEPTH)
    out.pages = <PyObject *>pages
    out.own_pages = pages is _ACTIVESYNC
    try:
        copy_element(&out, doc, index, pages)
        return finished(&out, pages)
    finally:
        Py_XDECREF(out.bytes)
        Py_XDECREF(out.coding)


# -- Where calls lead -------------------------------------------------------------------------------------------------
# Sorting the arguments of a call costs as much as decoding or encoding a tiny document does: the calls that are made all
# day are told from the others first. A function that is led here keeps its name, signature and docstring.

cdef fast_call whole_decode
cdef fast_method whole_findtext


cdef object decode_quickly(PyObject *callable, const_object *arguments, size_t count, PyObject *names):
    """decode(bytes), and whatever else by the whole of decode()."""
    if PyVectorcall_NARGS(count) == 1 and names == NULL and type(<object>arguments[0]) is bytes:
        return parse(<bytes>arguments[0], _ACTIVESYNC, _DEFAULT)
    return whole_decode(callable, arguments, count, names)


cdef object findtext_quickly(PyObject *self, const_object *arguments, Py_ssize_t count, PyObject *names):
    """element.findtext(path), and whatever else by the whole of findtext()."""
    cdef uint32_t found
    if count == 1 and names == NULL:
        found = first_at(<Element>self, <object>arguments[0])
        if found < VIA_LITERALS:
            text = element_text((<Element>self).doc, found)
            return "" if text is None else text
    return whole_findtext(self, arguments, count, names)


def _lead_calls(Plan plan not None):
    """Leads them, once; of the plan only its layout counts."""
    global whole_decode, whole_findtext
    whole_decode = lead_call(decode, decode_quickly)
    whole_findtext = lead_method(Element.__dict__["findtext"], findtext_quickly)
    quick.encode = lead_call(encode, encode_quickly)
    quick.plan_name = <PyObject *>PLAN_NAME
    quick.pages = <PyObject *>_ACTIVESYNC
    quick.plan_class = <PyObject *>Plan
    quick.info = <char *>&plan.info - <char *><PyObject *>plan
    quick.max_depth = _DEFAULT_DEPTH
    quick.write_field = write_field
    quick.write_item = write_item
    quick.finished = finished


_lead_calls(Plan(object, None))
