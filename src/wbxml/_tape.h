/* The hot parts of the compiled kernel: scanning bytes into a tape, checking UTF-8, making str objects, reading numbers
 * and dates, and writing. _kernel.pyx includes it, and nothing else does.
 *
 * Functions that touch no Python object may run without the GIL; they report a code, and _kernel.pyx raises. Nothing
 * here reads outside of the bytes that it was given, and nothing is allocated by a number that came over the wire.
 */

#ifndef WBXML_TAPE_H
#define WBXML_TAPE_H

#include <Python.h>
#include <datetime.h>
#include <stdint.h>
#include <string.h>
#include <structmember.h>

#include "_block.h"

#if defined(__GNUC__) || defined(__clang__)
#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)
#define NOT_INLINE __attribute__((noinline))
#else
#define LIKELY(x) (x)
#define UNLIKELY(x) (x)
#define NOT_INLINE
#endif

/* Without a GIL another thread may change an instance, a list or a class while it is read, so that the ways that lean on
 * what the GIL holds still are left out. They can be left out with a GIL, too: so the tests run what is left. */
#if defined(Py_GIL_DISABLED) && !defined(WBXML_NO_GIL)
#define WBXML_NO_GIL
#endif

/* A number that threads share, each of which may compute it anew: which of them wrote it last is all the same. */
static inline size_t get_hint(const size_t *hint)
{
#if defined(__GNUC__) || defined(__clang__)
    return __atomic_load_n(hint, __ATOMIC_RELAXED);
#else
    return *(const volatile size_t *)hint;
#endif
}

static inline void set_hint(size_t *hint, size_t value)
{
#if defined(__GNUC__) || defined(__clang__)
    __atomic_store_n(hint, value, __ATOMIC_RELAXED);
#else
    *(volatile size_t *)hint = value;
#endif
}

/* Tokens of WBXML 1.3 section 7.1. */
enum {
    W_SWITCH_PAGE = 0x00,
    W_END = 0x01,
    W_ENTITY = 0x02,
    W_STR_I = 0x03,
    W_LITERAL = 0x04,
    W_EXT_I = 0x40, /* to 0x42 */
    W_PI = 0x43,
    W_EXT_T = 0x80, /* to 0x82 */
    W_STR_T = 0x83,
    W_OPAQUE = 0xC3,
    W_TOKEN_MASK = 0x3F,
    W_WITH_CONTENT = 0x40,
    W_ATTRIBUTES = 0x80
};

/* The numbers of errors.py: a change there is a change here. NO_MEMORY is ours alone. */
enum {
    E_TRUNCATED = 1,
    E_BAD_VERSION = 2,
    E_BAD_INTEGER = 3,
    E_BAD_PUBLIC_ID = 4,
    E_BAD_TOKEN = 7,
    E_BAD_TEXT = 8,
    E_NO_ROOT = 9,
    E_AFTER_ROOT = 10,
    E_TOO_DEEP = 11,
    E_TOO_MANY = 12,
    E_TOO_LARGE = 13,
    E_BAD_ATTRIBUTE = 14,
    E_NO_MEMORY = 100
};

enum { MORE = 0, DONE = 1, FAILED = 2 };

/* What went wrong, at which offset, and the byte or number that the words of the error name. */
typedef struct {
    int code;
    uint64_t at;
    uint32_t detail;
} failure;

/* -- Text ---------------------------------------------------------------------------------------------------------- */

/* True where [p, end) is ASCII. */
static inline int is_ascii(const uint8_t *p, const uint8_t *end)
{
    uint64_t word;
    for (; end - p >= 8; p += 8) {
        memcpy(&word, p, 8);
        if (word & 0x8080808080808080u)
            return 0;
    }
    for (; p < end; p++)
        if (*p & 0x80)
            return 0;
    return 1;
}

/* The first NUL in [p, end), or end where there is none; *ascii says whether all bytes before it are ASCII.
 * One pass for both: texts are short, and a call of memchr costs as much as the whole of a typical one. */
static inline const uint8_t *find_nul(const uint8_t *p, const uint8_t *end, int *ascii)
{
#ifdef WBXML_BLOCKS
    const block zero = block_zero();
    unsigned high = 0, nul, top, blocks = 0;
    while (end - p >= 16) {
        block a = block_load(p);
        nul = block_bits(block_equal_8(a, zero));
        top = block_bits(a);
        if (nul) {
            *ascii = !(high | (top & ((nul & (0u - nul)) - 1)));
            return p + lowest_bit(nul);
        }
        high |= top;
        p += 16;
        if (++blocks == 4) {
            /* A long text: 64 bytes a turn, which is as fast as memchr and needs no second pass for ASCII. */
            block all = zero;
            while (end - p >= 64) {
                block b, c, d, low;
                a = block_load(p);
                b = block_load(p + 16);
                c = block_load(p + 32);
                d = block_load(p + 48);
                low = block_least_8(block_least_8(a, b), block_least_8(c, d));
                if (block_bits(block_equal_8(low, zero)))
                    break;
                all = block_or(all, block_or(block_or(a, b), block_or(c, d)));
                p += 64;
            }
            high |= block_bits(all);
        }
    }
    for (; p < end && *p; p++)
        high |= *p & 0x80u;
    *ascii = !high;
    return p;
#else
    const uint8_t *nul = end > p ? (const uint8_t *)memchr(p, 0, (size_t)(end - p)) : NULL;
    if (nul == NULL)
        nul = end;
    *ascii = is_ascii(p, nul);
    return nul;
#endif
}

/* How long the character at p is in UTF-8 (RFC 3629: no surrogates, no long forms), which is not ASCII; 0 where there is
 * none. Looks at no byte behind one that does not go on with it, and so not beyond a NUL. */
static inline unsigned utf8_sequence(const uint8_t *p)
{
    const unsigned byte = *p;
    if (byte < 0xE0)
        return byte < 0xC2 || (p[1] & 0xC0) != 0x80 ? 0 : 2;
    if (byte < 0xF0)
        return (p[1] & 0xC0) != 0x80 || (p[2] & 0xC0) != 0x80 || (byte == 0xE0 && p[1] < 0xA0)
                       || (byte == 0xED && p[1] > 0x9F)
                   ? 0
                   : 3;
    return byte > 0xF4 || (p[1] & 0xC0) != 0x80 || (p[2] & 0xC0) != 0x80 || (p[3] & 0xC0) != 0x80
                   || (byte == 0xF0 && p[1] < 0x90) || (byte == 0xF4 && p[1] > 0x8F)
               ? 0
               : 4;
}

/* A UTF-8 sequence that is not yet complete: how many bytes it lacks, and between what the next one must be. */
typedef struct {
    uint8_t lacks, low, high;
    uint8_t surrogate; /* the first byte was 0xED, so the second one says whether it is a surrogate */
} utf8_state;

/* Takes one byte more; false where it does not go on with UTF-8. Half a surrogate is refused with its third byte only,
 * which is when Python's decoder refuses it: what comes in small chunks must fail with the same one. */
static inline int utf8_next(utf8_state *state, unsigned byte)
{
    if (state->lacks) {
        if (byte < state->low || byte > state->high)
            return 0;
        state->low = 0x80;
        state->high = 0xBF;
        if (state->surrogate && byte > 0x9F)
            state->low = 0xFF;
        state->surrogate = 0;
        state->lacks--;
    } else if (byte >= 0x80) {
        if (byte < 0xC2 || byte > 0xF4)
            return 0;
        state->lacks = byte < 0xE0 ? 1 : byte < 0xF0 ? 2 : 3;
        state->low = byte == 0xE0 ? 0xA0 : byte == 0xF0 ? 0x90 : 0x80;
        state->high = byte == 0xF4 ? 0x8F : 0xBF;
        state->surrogate = byte == 0xED;
    }
    return 1;
}

/* True where [p, end) goes on with UTF-8 from where the state is (RFC 3629: no surrogates, no long forms). The state is
 * left as it is at the end; a text is whole where it lacks nothing then. */
static NOT_INLINE int utf8_continues(utf8_state *state, const uint8_t *p, const uint8_t *end)
{
    while (p < end && state->lacks)
        if (!utf8_next(state, *p++))
            return 0;
    while (p < end) {
#ifdef WBXML_BLOCKS
        while (end - p >= 16) {
            unsigned top = block_bits(block_load(p));
            if (top) {
                p += lowest_bit(top);
                break;
            }
            p += 16;
        }
#else
        uint64_t word;
        for (; end - p >= 8; p += 8) {
            memcpy(&word, p, 8);
            if (word & 0x8080808080808080u)
                break;
        }
#endif
        while (p < end && *p < 0x80)
            p++;
        /* Sequences follow one another in most scripts, so stay with them. */
        while (end - p >= 4 && *p >= 0x80) {
            const unsigned size = utf8_sequence(p);
            if (!size)
                return 0;
            p += size;
        }
        if (end - p < 4) {
            while (p < end)
                if (!utf8_next(state, *p++))
                    return 0;
        }
    }
    return 1;
}

static inline int utf8_valid(const uint8_t *p, const uint8_t *end)
{
    utf8_state state = {0, 0, 0, 0};
    return utf8_continues(&state, p, end) && !state.lacks;
}

/* True where the text from p to the NUL at `nul` is UTF-8, byte by byte. The NUL ends any sequence that is cut off, so
 * there is no need to count bytes. */
static int utf8_by_bytes(const uint8_t *p, const uint8_t *nul)
{
    while (p < nul) {
        const unsigned size = *p < 0x80 ? 1 : utf8_sequence(p);
        if (!size)
            return 0;
        p += size;
    }
    return 1;
}

/* The same; up to `end` there are bytes to read, and blocks may reach beyond the NUL. 16 bytes a turn, without a branch
 * for each character: in bits, what should be a continuation byte, by the first bytes before it, is compared with what
 * is one. What a second byte may be after E0, ED, F0 and F4 is compared apart. */
static NOT_INLINE int utf8_to_nul(const uint8_t *p, const uint8_t *nul, const uint8_t *end)
{
#ifdef WBXML_BLOCKS
    unsigned due = 0; /* continuation bytes that are due at the start of the block */
    while (p < nul && end - p >= 17) {
        const block v = block_load(p);
        const unsigned top = block_bits(v);
        /* The block up to the NUL, and that too: no sequence may go on there. */
        const unsigned within = nul - p < 16 ? (2u << (nul - p)) - 1 : 0xFFFF;
        if ((top & within) | due) {
            const block next = block_load(p + 1);
            const block three = block_of_8(0xE0), four = block_of_8(0xF0);
            const unsigned goes_on = block_bits(block_less_8(v, block_of_8(0xC0)));
            const unsigned long_3 = block_bits(block_equal_8(block_and(v, three), three));
            const unsigned long_4 = block_bits(block_equal_8(block_and(v, four), four));
            block wrong = block_equal_8(block_and(v, block_of_8(0xFE)), block_of_8(0xC0));
            unsigned wanted = due | (top & ~goes_on) << 1 | long_3 << 2 | long_4 << 3;
            wrong = block_or(wrong, block_equal_8(block_most_8(v, block_of_8(0xF5)), v));
            wrong = block_or(wrong, block_and(block_equal_8(v, three), block_less_8(next, block_of_8(0xA0))));
            wrong = block_or(wrong, block_and(block_equal_8(v, block_of_8(0xED)), block_less_8(block_of_8(0x9F), next)));
            wrong = block_or(wrong, block_and(block_equal_8(v, four), block_less_8(next, block_of_8(0x90))));
            wrong = block_or(wrong, block_and(block_equal_8(v, block_of_8(0xF4)), block_less_8(block_of_8(0x8F), next)));
            if (((wanted ^ goes_on) | block_bits(wrong)) & within)
                return 0;
            due = wanted >> 16;
        }
        p += 16;
    }
    if (p > nul)
        return 1;
    /* Back to where the sequence began that is not complete. */
    if (due)
        do
            p--;
        while ((*p & 0xC0) == 0x80);
#else
    (void)end;
#endif
    return utf8_by_bytes(p, nul);
}

/* -- Scanning ------------------------------------------------------------------------------------------------------ */

/* Kinds of slot. An element is of one of the first four; a piece is a text or opaque that stands in a container.
 * Of the kinds from S_PIECE_OTHER on, constructs.py knows what they stand for. The code of the last two is the code page
 * in which their attributes start, and their length that of the bytes; an element with attributes is a container. */
enum {
    S_EMPTY,
    S_TEXT,
    S_OPAQUE,
    S_CONTAINER,
    S_PIECE_TEXT,
    S_PIECE_OPAQUE,
    S_PIECE_OTHER,
    S_ATTRIBUTES,
    S_INSTRUCTION
};

#define NO_SLOT 0xFFFFFFFFu
#define NO_CODE 0xFFFFFFFFu

/* One entry of the tape. The offset is that of the tag's byte or, for a piece, of its token; the length that of the
 * text or opaque, or the number of child elements; next is the slot after the last one of this element. While a
 * container is open, next is the slot of the container around it: so the tape is its own stack. */
typedef struct {
    uint32_t offset, length, next;
    uint16_t code; /* page * 64 + token */
    uint8_t kind;
    uint8_t ascii;
} slot;

/* Scans one element into a tape; stops where the bytes end, and goes on when there are more. */
typedef struct {
    slot *tape;
    size_t room;
    uint64_t max_elements, max_depth, depth;
    size_t pos;      /* of the next token, counted from the element's first byte */
    size_t searched; /* no NUL from pos up to here: so a text that comes in many chunks is searched once */
    uint32_t count, open, page;
    uint32_t within;         /* the slot of the attributes or the instruction that has not ended yet, or NO_SLOT */
    uint32_t attribute_page;
    uint8_t width;      /* of a NUL in a character set that is not UTF-8, 0 for UTF-8 */
    uint8_t constructs; /* whether there is a slot that constructs.py must look at */
    uint8_t started;    /* whether an attribute has started in the slot `within` */
    uint8_t closing;    /* whether the element around that slot ends with it */
    int owned;          /* whether the tape is on the heap and ours to free */
    failure failed;
} scanner;

/* `page` is the code page of tags, and 256 times that of attributes more. */
static void scanner_init(scanner *s, slot *tape, size_t room, uint32_t page, uint64_t max_depth, uint64_t max_elements)
{
    memset(s, 0, sizeof *s);
    s->tape = tape;
    s->room = room;
    s->page = page & 0xFF;
    s->attribute_page = page >> 8;
    s->open = s->within = NO_SLOT;
    s->max_depth = max_depth;
    s->max_elements = max_elements;
}

/* Makes the scanner ready for another element; its tape is used again. */
static void scanner_restart(scanner *s, uint32_t page, uint64_t depth, uint64_t max_depth, uint64_t max_elements)
{
    slot *tape = s->tape;
    size_t room = s->room;
    int owned = s->owned;
    uint8_t width = s->width;
    scanner_init(s, tape, room, page, max_depth, max_elements);
    s->depth = depth;
    s->owned = owned;
    s->width = width;
}

static void scanner_free(scanner *s)
{
    if (s->owned)
        PyMem_RawFree(s->tape);
    s->tape = NULL;
    s->room = 0;
    s->owned = 0;
}

/* Makes the tape larger: to what it will need if the rest is like the part that was scanned, but at least twice and at
 * most eight times what it was. PyMem_Raw* may be called without the GIL, and tracemalloc sees it. */
static NOT_INLINE int scanner_grow(scanner *s, uint32_t count, size_t scanned, size_t size)
{
    double likely = 1.1 * (double)count * (double)size / (double)(scanned + 1);
    size_t least = s->room < 512 ? 1024 : s->room * 2;
    size_t room = likely < (double)least ? least : likely > 4.0 * (double)least ? least * 4 : (size_t)likely;
    slot *tape;
    if (room > (size_t)PY_SSIZE_T_MAX / sizeof(slot))
        return 0;
    if (s->owned) {
        tape = (slot *)PyMem_RawRealloc(s->tape, room * sizeof(slot));
    } else {
        tape = (slot *)PyMem_RawMalloc(room * sizeof(slot));
        if (tape != NULL && count)
            memcpy(tape, s->tape, count * sizeof(slot));
    }
    if (tape == NULL)
        return 0;
    s->tape = tape;
    s->room = room;
    s->owned = 1;
    return 1;
}

/* The tape as a block of its very size, for the caller to free; NULL where there is no memory. The scanner's own may be
 * handed over for that where `keep` is 0. */
static slot *scanner_take(scanner *s, int keep)
{
    size_t size = s->count * sizeof(slot);
    slot *tape;
    if (s->owned && !keep) {
        tape = s->tape;
        s->tape = NULL;
        s->owned = 0;
        if (s->count < s->room) {
            slot *fitting = (slot *)PyMem_RawRealloc(tape, size);
            if (fitting != NULL)
                tape = fitting;
        }
        return tape;
    }
    tape = (slot *)PyMem_RawMalloc(size);
    if (tape != NULL)
        memcpy(tape, s->tape, size);
    return tape;
}

/* Reads the mb_u_int32 at *p and moves *p behind it: DONE, MORE or FAILED (WBXML 1.3 section 5.1). */
static inline int read_integer(const uint8_t **p, const uint8_t *end, uint32_t *value)
{
    const uint8_t *q = *p;
    uint64_t sum = 0;
    int count;
    for (count = 0; count < 5; count++) {
        if (q >= end)
            return MORE;
        sum = sum << 7 | (*q & 0x7Fu);
        if (*q++ < 0x80) {
            if (sum > 0xFFFFFFFFu)
                return FAILED;
            *value = (uint32_t)sum;
            *p = q;
            return DONE;
        }
    }
    return FAILED;
}

/* Where the first NUL of `width` bytes is, a multiple of them behind `from`; where there is none, how far that is known,
 * and *whole is 0 then. */
static const uint8_t *find_wide_nul(const uint8_t *from, const uint8_t *end, size_t width, int *whole)
{
    const uint8_t *p = from;
    *whole = 1;
    if (width == 1) {
        p = end > from ? (const uint8_t *)memchr(from, 0, (size_t)(end - from)) : NULL;
        *whole = p != NULL;
        return p != NULL ? p : end;
    }
    for (; (size_t)(end - p) >= width; p += width)
        if (!p[0] && !p[1] && (width == 2 || (!p[2] && !p[3])))
            return p;
    *whole = 0;
    return p;
}

/* Where the token at p ends that has no more than a number with it, and is no tag: DONE, MORE or FAILED. */
static int short_end(const uint8_t *p, const uint8_t *end, const uint8_t **after)
{
    const unsigned token = *p;
    uint32_t number;
    *after = p + 1;
    if (token == W_SWITCH_PAGE) {
        *after = p + 2;
        return end - p > 1 ? DONE : MORE;
    }
    if (token == W_ENTITY || token == W_STR_T || token == W_LITERAL || (token >= W_EXT_T && token < W_STR_T))
        return read_integer(after, end, &number);
    return DONE;
}

/* Where the token at p ends that is no tag: DONE, MORE or FAILED, and that for its number. */
static int delimit(scanner *s, const uint8_t *origin, const uint8_t *p, const uint8_t *end, const uint8_t **after)
{
    const unsigned token = *p;
    uint32_t length;
    int got;
    if (token == W_STR_I || (token >= W_EXT_I && token < W_PI)) {
        const size_t width = s->width ? s->width : 1;
        const uint8_t *from = s->searched > (size_t)(p + 1 - origin) ? origin + s->searched : p + 1;
        const uint8_t *nul = find_wide_nul(from, end, width, &got);
        if (!got) {
            s->searched = (size_t)(nul - origin);
            return MORE;
        }
        *after = nul + width;
        return DONE;
    }
    if (token == W_OPAQUE) {
        *after = p + 1;
        got = read_integer(after, end, &length);
        if (got != DONE)
            return got;
        if ((size_t)(end - *after) < length)
            return MORE;
        *after += length;
        return DONE;
    }
    return short_end(p, end, after);
}

/* Whether an attribute has started, with this token at the latest; -1 where the token has no place. */
static inline int attribute_started(unsigned token, int started, int instruction)
{
    if ((token & W_TOKEN_MASK) > W_LITERAL || token == W_LITERAL) {
        if (token >= 0x80 ? started : !(started && instruction))
            return 1;
    } else if (token == W_SWITCH_PAGE || (started && token != W_PI && (token & W_TOKEN_MASK) != W_LITERAL)) {
        return started;
    }
    return -1;
}

/* Goes on with the attributes, or the instruction, of the slot `within`: DONE behind their END, MORE or FAILED. */
static NOT_INLINE int scan_attributes(scanner *s, const uint8_t *origin, const uint8_t *end)
{
    const uint8_t *p = origin + s->pos, *after;
    slot *list = s->tape + s->within;
    int result = MORE, got, started;
    while (p < end) {
        const unsigned token = *p;
        started = attribute_started(token, s->started, list->kind == S_INSTRUCTION);
        if (started < 0) {
            s->failed.code = E_BAD_ATTRIBUTE;
            s->failed.at = (uint64_t)(p - origin);
            s->failed.detail = token;
            result = FAILED;
            break;
        }
        if (token == W_END) {
            p++;
            list->length = (uint32_t)(p - origin) - list->offset;
            s->within = NO_SLOT;
            result = DONE;
            break;
        }
        got = delimit(s, origin, p, end, &after);
        if (got != DONE) {
            s->failed.code = E_BAD_INTEGER;
            s->failed.at = (uint64_t)(p - origin);
            s->failed.detail = 0;
            result = got;
            break;
        }
        if (token == W_SWITCH_PAGE)
            s->attribute_page = p[1];
        s->started = (uint8_t)started;
        p = after;
    }
    s->pos = (size_t)(p - origin);
    return result;
}

#define FAIL(what, where, number)                                                                                     \
    do {                                                                                                              \
        s->failed.code = (what);                                                                                      \
        s->failed.at = (uint64_t)((where) - origin);                                                                  \
        s->failed.detail = (uint32_t)(number);                                                                        \
        result = FAILED;                                                                                              \
        goto out;                                                                                                     \
    } while (0)

/* The slot of an element as the two words that it is, which are quicker to store than its six fields. */
static inline void put_slot(slot *to, uint32_t offset, uint32_t length, uint32_t next, uint32_t code, unsigned kind,
                            unsigned ascii)
{
    slot made;
    made.offset = offset;
    made.length = length;
    made.next = next;
    made.code = (uint16_t)code;
    made.kind = (uint8_t)kind;
    made.ascii = (uint8_t)ascii;
    *to = made;
}

/* Goes on with the element that starts at `origin`: DONE at its end, MORE where the bytes end first, FAILED. There must
 * be less than 4 GB from origin to end, and the first byte must be a tag. */
static int scan(scanner *s, const uint8_t *origin, const uint8_t *end)
{
    const uint8_t *p = origin + s->pos;
    slot *tape = s->tape;
    uint32_t count = s->count, open = s->open, page = s->page << 6;
    uint64_t depth = s->depth;
    const uint64_t max_depth = s->max_depth;
    /* One comparison for both the tape's end and the limit. */
    uint64_t bound = s->room < s->max_elements ? s->room : s->max_elements;
    int result = MORE, ascii, got;
    unsigned list;
    const uint8_t *nul, *after, *from;
#ifdef WBXML_BLOCKS
    const block zero = block_zero();
    /* Up to here a tag, STR_I, 15 bytes, NUL and END are there to be read. */
    const uint8_t *near_end = end - origin > 19 && !s->width ? end - 19 : origin;
#endif

    if (UNLIKELY(s->within != NO_SLOT))
        goto in_list;
    while (p < end) {
        unsigned token = *p;
#ifdef WBXML_BLOCKS
        /* What most elements are, a short text within another element, with as few branches as can be. */
        if (LIKELY(p < near_end && (uint16_t)((token | p[1] << 8) - (W_STR_I << 8 | 0x45)) <= 0x7F - 0x45
                   && open != NO_SLOT && count < bound && depth < max_depth)) {
            const block text = block_load(p + 2);
            const unsigned found = block_bits(block_equal_8(text, zero));
            if (LIKELY(found)) {
                const unsigned length = lowest_bit(found);
                if (LIKELY(p[length + 3] == W_END)) {
                    const unsigned top = block_bits(text) & ((found & (0u - found)) - 1);
                    if (UNLIKELY(top) && !utf8_to_nul(p + 2, p + 2 + length, end))
                        FAIL(E_BAD_TEXT, p + 1, 0);
                    put_slot(tape + count, (uint32_t)(p - origin), length, count + 1, page | (token & W_TOKEN_MASK),
                             S_TEXT, !top);
                    count++;
                    tape[open].length++;
                    p += length + 4;
                    continue;
                }
            }
        }
#endif
        if (LIKELY((token & W_TOKEN_MASK) > 4)) {
            unsigned kind = S_EMPTY, flag = 0;
            uint32_t length = 0;
            if (UNLIKELY(depth >= max_depth))
                FAIL(E_TOO_DEEP, p, 0);
            if (UNLIKELY(count >= bound)) {
                if (count >= s->max_elements)
                    FAIL(E_TOO_MANY, p, 0);
                if (!scanner_grow(s, count, (size_t)(p - origin), (size_t)(end - origin)))
                    FAIL(E_NO_MEMORY, p, 0);
                tape = s->tape;
                bound = s->room < s->max_elements ? s->room : s->max_elements;
            }
            after = p + 1;
            if (UNLIKELY(token & W_ATTRIBUTES)) {
                kind = S_CONTAINER;
            } else if (token & W_WITH_CONTENT) {
                if (UNLIKELY(after >= end))
                    goto out;
                if (*after == W_STR_I && LIKELY(!s->width)) {
                    int resumed = s->searched > (size_t)(p + 2 - origin);
                    nul = find_nul(resumed ? origin + s->searched : p + 2, end, &ascii);
                    if (UNLIKELY(nul + 1 >= end)) {
                        s->searched = (size_t)(nul - origin);
                        goto out;
                    }
                    if (LIKELY(nul[1] == W_END)) {
                        if (UNLIKELY(resumed))
                            ascii = is_ascii(p + 2, nul);
                        if (UNLIKELY(!ascii) && !utf8_to_nul(p + 2, nul, end))
                            FAIL(E_BAD_TEXT, p + 1, 0);
                        kind = S_TEXT;
                        flag = (unsigned)ascii;
                        length = (uint32_t)(nul - p - 2);
                        after = nul + 2;
                    } else {
                        kind = S_CONTAINER;
                    }
                } else if (*after > 4 && *after != W_OPAQUE) {
                    kind = S_CONTAINER;
                } else if (*after == W_OPAQUE) {
                    from = p + 2;
                    got = read_integer(&from, end, &length);
                    if (UNLIKELY(got != DONE)) {
                        if (got == FAILED)
                            FAIL(E_BAD_INTEGER, p + 1, 0);
                        goto out;
                    }
                    if ((size_t)(end - from) <= length)
                        goto out;
                    if (from[length] == W_END) {
                        kind = S_OPAQUE;
                        after = from + length + 1;
                    } else {
                        kind = S_CONTAINER;
                        length = 0;
                    }
                } else if (*after == W_END) {
                    after = p + 2;
                } else {
                    kind = S_CONTAINER;
                }
            }
            if (open != NO_SLOT)
                tape[open].length++;
            put_slot(tape + count, (uint32_t)(p - origin), length, kind == S_CONTAINER ? open : count + 1,
                     page | (token & W_TOKEN_MASK), kind, flag);
            p = after;
            if (kind == S_CONTAINER) {
                open = count;
                depth++;
            } else if (UNLIKELY(open == NO_SLOT)) {
                count++;
                result = DONE;
                goto out;
            }
            count++;
            if (UNLIKELY(token & W_ATTRIBUTES)) {
                list = S_ATTRIBUTES;
                s->closing = !(token & W_WITH_CONTENT);
                goto new_list;
            }
        } else if (LIKELY(token == W_END)) {
            uint32_t above;
            if (UNLIKELY(open == NO_SLOT))
                FAIL(E_BAD_TOKEN, p, token);
            p++;
            above = tape[open].next;
            tape[open].next = count;
            open = above;
            depth--;
            if (open == NO_SLOT) {
                result = DONE;
                goto out;
            }
        } else if (token == W_SWITCH_PAGE) {
            if (UNLIKELY(p + 1 >= end))
                goto out;
            page = (uint32_t)p[1] << 6;
            p += 2;
        } else if ((token == W_STR_I && !s->width) || token == W_OPAQUE) {
            uint32_t length;
            if (UNLIKELY(count >= bound)) {
                if (count >= s->max_elements)
                    FAIL(E_TOO_MANY, p, 0);
                if (!scanner_grow(s, count, (size_t)(p - origin), (size_t)(end - origin)))
                    FAIL(E_NO_MEMORY, p, 0);
                tape = s->tape;
                bound = s->room < s->max_elements ? s->room : s->max_elements;
            }
            if (token == W_STR_I) {
                int resumed = s->searched > (size_t)(p + 1 - origin);
                nul = find_nul(resumed ? origin + s->searched : p + 1, end, &ascii);
                if (nul >= end) {
                    s->searched = (size_t)(end - origin);
                    goto out;
                }
                if (resumed)
                    ascii = is_ascii(p + 1, nul);
                if (!ascii && !utf8_to_nul(p + 1, nul, end))
                    FAIL(E_BAD_TEXT, p, 0);
                length = (uint32_t)(nul - p - 1);
                after = nul + 1;
            } else {
                ascii = 0;
                from = p + 1;
                got = read_integer(&from, end, &length);
                if (got != DONE) {
                    if (got == FAILED)
                        FAIL(E_BAD_INTEGER, p, 0);
                    goto out;
                }
                if ((size_t)(end - from) < length)
                    goto out;
                after = from + length;
            }
            put_slot(tape + count, (uint32_t)(p - origin), length, count + 1, 0,
                     token == W_STR_I ? S_PIECE_TEXT : S_PIECE_OPAQUE, (unsigned)ascii);
            count++;
            p = after;
        } else if (token == W_PI) {
            list = S_INSTRUCTION;
            goto new_list;
        } else {
            /* A literal, or a piece that constructs.py knows. */
            const int element = (token & W_TOKEN_MASK) == W_LITERAL;
            if (element && depth >= max_depth)
                FAIL(E_TOO_DEEP, p, 0);
            if (UNLIKELY(count >= bound)) {
                if (count >= s->max_elements)
                    FAIL(E_TOO_MANY, p, 0);
                if (!scanner_grow(s, count, (size_t)(p - origin), (size_t)(end - origin)))
                    FAIL(E_NO_MEMORY, p, 0);
                tape = s->tape;
                bound = s->room < s->max_elements ? s->room : s->max_elements;
            }
            if (element) {
                uint32_t place;
                after = p + 1;
                got = read_integer(&after, end, &place);
            } else {
                got = delimit(s, origin, p, end, &after);
            }
            if (got == FAILED)
                FAIL(E_BAD_INTEGER, p, 0);
            if (got == MORE)
                goto out;
            s->constructs = 1;
            if (!element) {
                put_slot(tape + count, (uint32_t)(p - origin), (uint32_t)(after - p), count + 1, 0, S_PIECE_OTHER, 0);
                count++;
                p = after;
                continue;
            }
            if (open != NO_SLOT)
                tape[open].length++;
            if (token & ~(unsigned)W_TOKEN_MASK) {
                put_slot(tape + count, (uint32_t)(p - origin), 0, open, W_LITERAL, S_CONTAINER, 0);
                open = count;
                depth++;
            } else {
                put_slot(tape + count, (uint32_t)(p - origin), 0, count + 1, W_LITERAL, S_EMPTY, 0);
            }
            count++;
            p = after;
            if (token & W_ATTRIBUTES) {
                list = S_ATTRIBUTES;
                s->closing = !(token & W_WITH_CONTENT);
                goto new_list;
            }
            if (open == NO_SLOT) {
                result = DONE;
                goto out;
            }
        }
        continue;
    new_list:
        if (UNLIKELY(count >= bound)) {
            if (count >= s->max_elements)
                FAIL(E_TOO_MANY, p, 0);
            if (!scanner_grow(s, count, (size_t)(p - origin), (size_t)(end - origin)))
                FAIL(E_NO_MEMORY, p, 0);
            tape = s->tape;
            bound = s->room < s->max_elements ? s->room : s->max_elements;
        }
        put_slot(tape + count, (uint32_t)(p - origin), 0, count + 1, s->attribute_page, list, 0);
        s->within = count++;
        s->started = 0;
        s->constructs = 1;
        p += list == S_INSTRUCTION;
    in_list:
        s->pos = (size_t)(p - origin);
        result = scan_attributes(s, origin, end);
        p = origin + s->pos;
        if (result != DONE)
            goto out;
        result = MORE;
        if (s->closing) {
            uint32_t above = tape[open].next;
            s->closing = 0;
            tape[open].next = count;
            open = above;
            depth--;
            if (open == NO_SLOT) {
                result = DONE;
                goto out;
            }
        }
    }
out:
    s->pos = (size_t)(p - origin);
    s->count = count;
    s->open = open;
    s->page = page >> 6;
    s->depth = depth;
    return result;
}

#undef FAIL

/* A document's header; `end` is where the string table starts. */
typedef struct { /* charset_at: where the character set stands, 0 as long as it was not read */
    uint32_t version, public_id, reference, charset, table;
    size_t end, charset_at;
} header;

/* Reads the header, up to but without the string table: DONE, MORE or FAILED (WBXML 1.3 section 5.4 to 5.8). */
static int read_header(const uint8_t *data, size_t size, header *h, failure *failed)
{
    const uint8_t *p = data + 1, *end = data + size;
    int got;
    memset(h, 0, sizeof *h);
    h->charset = 106;
    if (!size)
        return MORE;
    h->version = data[0];
    failed->detail = data[0];
    failed->at = 0;
    failed->code = E_BAD_VERSION;
    if (data[0] > 3)
        return FAILED;
    failed->code = E_BAD_INTEGER;
    failed->at = 1;
    failed->detail = 0;
    got = read_integer(&p, end, &h->public_id);
    if (got != DONE)
        return got;
    if (h->public_id == 0) {
        failed->at = (uint64_t)(p - data);
        got = read_integer(&p, end, &h->reference);
        if (got != DONE)
            return got;
    }
    if (h->version > 0) {
        const size_t at = (size_t)(p - data);
        failed->at = (uint64_t)at;
        got = read_integer(&p, end, &h->charset);
        if (got != DONE)
            return got;
        h->charset_at = at;
    }
    failed->at = (uint64_t)(p - data);
    got = read_integer(&p, end, &h->table);
    if (got != DONE)
        return got;
    if (h->public_id == 0 && h->reference >= h->table) {
        failed->code = E_BAD_PUBLIC_ID;
        failed->at = 1;
        return FAILED;
    }
    h->end = (size_t)(p - data);
    return DONE;
}

/* Where the bytes of the opaque start whose length field is at p; the scan has checked it. */
static inline const uint8_t *opaque_start(const uint8_t *p)
{
    while (*p & 0x80)
        p++;
    return p + 1;
}

/* -- Values -------------------------------------------------------------------------------------------------------- */

/* Decodes checked UTF-8 into a str's characters; inlined for each width, so that `kind` is a constant. */
static inline void take_characters(void *data, const int kind, size_t count, const uint8_t *p, const uint8_t *end)
{
    size_t i = 0;
    while (p < end) {
        uint32_t c = *p;
#ifdef WBXML_BLOCKS
        if (c < 0x80 && end - p >= 16 && count - i >= 16) {
            const block v = block_load(p);
            const unsigned top = block_bits(v);
            /* All 16 are stored where only the first are ASCII, too: what is wrong is then written over. */
            const unsigned run = top ? lowest_bit(top) : 16;
            if (kind == PyUnicode_1BYTE_KIND) {
                block_store((uint8_t *)data + i, v);
            } else {
                const block low = block_first_8(v), high = block_last_8(v);
                if (kind == PyUnicode_2BYTE_KIND) {
                    uint16_t *const to = (uint16_t *)data + i;
                    block_store(to, low);
                    block_store(to + 8, high);
                } else {
                    uint32_t *const to = (uint32_t *)data + i;
                    block_store(to, block_first_16(low));
                    block_store(to + 4, block_last_16(low));
                    block_store(to + 8, block_first_16(high));
                    block_store(to + 12, block_last_16(high));
                }
            }
            p += run;
            i += run;
            continue;
        }
#endif
        if (c < 0x80) {
            p += 1;
        } else if (c < 0xE0) {
            c = (c & 0x1F) << 6 | (p[1] & 0x3Fu);
            p += 2;
        } else if (c < 0xF0) {
            c = (c & 0x0F) << 12 | (p[1] & 0x3Fu) << 6 | (p[2] & 0x3Fu);
            p += 3;
        } else {
            c = (c & 0x07) << 18 | (p[1] & 0x3Fu) << 12 | (p[2] & 0x3Fu) << 6 | (p[3] & 0x3Fu);
            p += 4;
        }
        if (kind == PyUnicode_1BYTE_KIND)
            ((uint8_t *)data)[i] = (uint8_t)c;
        else if (kind == PyUnicode_2BYTE_KIND)
            ((uint16_t *)data)[i] = (uint16_t)c;
        else
            ((uint32_t *)data)[i] = c;
        i++;
    }
}

/* A str of checked UTF-8 that is not ASCII. That it is checked is what makes this quicker than CPython's own decoder:
 * the largest first byte tells how wide the str must be, and each character is then taken as it stands. */
static NOT_INLINE PyObject *make_wide_text(const uint8_t *p, size_t size)
{
    const uint8_t *q = p, *end = p + size;
    size_t count = 0;
    uint8_t most = 0;
    PyObject *text;
#ifdef WBXML_BLOCKS
    if (size >= 16) {
        const block zero = block_zero();
        block largest = zero;
        uint8_t lanes[16];
        int i;
        while (end - q >= 16) {
            /* Signed, the bytes that go on with a character are those below -64. Each lane counts up to 255 of them. */
            block inner = zero;
            for (i = 0; i < 255 && end - q >= 16; i++, q += 16) {
                const block v = block_load(q);
                largest = block_most_8(largest, v);
                inner = block_subtract_8(inner, block_less_8(v, block_of_8(0xC0)));
            }
            count += (size_t)i * 16 - block_sum(inner);
        }
        block_store(lanes, largest);
        for (i = 0; i < 16; i++)
            most = lanes[i] > most ? lanes[i] : most;
    }
#endif
    for (; q < end; q++) {
        count += (*q & 0xC0) != 0x80;
        most = *q > most ? *q : most;
    }
    text = PyUnicode_New((Py_ssize_t)count, most >= 0xF0 ? 0x10FFFF : most >= 0xC4 ? 0xFFFF : 0xFF);
    if (text == NULL)
        return NULL;
    if (most >= 0xF0)
        take_characters(PyUnicode_4BYTE_DATA(text), PyUnicode_4BYTE_KIND, count, p, end);
    else if (most >= 0xC4)
        take_characters(PyUnicode_2BYTE_DATA(text), PyUnicode_2BYTE_KIND, count, p, end);
    else
        take_characters(PyUnicode_1BYTE_DATA(text), PyUnicode_1BYTE_KIND, count, p, end);
    return text;
}

/* A str of checked UTF-8. CPython has one str for each Latin-1 character; other ASCII needs no decoder. */
static inline PyObject *make_text(const uint8_t *p, size_t size, int ascii)
{
    PyObject *text;
    if (size <= 2 && (size == 1 || !ascii))
        return PyUnicode_DecodeUTF8((const char *)p, (Py_ssize_t)size, NULL);
    if (!ascii)
        return make_wide_text(p, size);
    text = PyUnicode_New((Py_ssize_t)size, 127);
    if (text != NULL)
        memcpy(PyUnicode_1BYTE_DATA(text), p, size);
    return text;
}

/* Moves both ends to leave out white space as XML has it. */
static inline void trim(const uint8_t **p, const uint8_t **end)
{
    while (*p < *end && (**p == ' ' || **p == '\t' || **p == '\r' || **p == '\n'))
        ++*p;
    while (*p < *end && ((*end)[-1] == ' ' || (*end)[-1] == '\t' || (*end)[-1] == '\r' || (*end)[-1] == '\n'))
        --*end;
}

static inline int digits(const uint8_t *p, int count, int *value)
{
    int sum = 0;
    while (count--) {
        unsigned digit = *p++ - (unsigned)'0';
        if (digit > 9)
            return 0;
        sum = sum * 10 + (int)digit;
    }
    *value = sum;
    return 1;
}

/* True where the text is a decimal number of at most 18 digits. */
static inline int to_int(const uint8_t *p, const uint8_t *end, long long *value)
{
    long long sum = 0;
    int minus = 0;
    trim(&p, &end);
    if (p < end && (*p == '-' || *p == '+'))
        minus = *p++ == '-';
    if (end - p < 1 || end - p > 18)
        return 0;
    for (; p < end; p++) {
        unsigned digit = *p - (unsigned)'0';
        if (digit > 9)
            return 0;
        sum = sum * 10 + (long long)digit;
    }
    *value = minus ? -sum : sum;
    return 1;
}

/* 1 or 0 for a boolean, -1 for what is none. An empty element is true: [MS-ASDTYPE] section 2.1, R6. */
static inline int to_bool(const uint8_t *p, const uint8_t *end)
{
    trim(&p, &end);
    switch (end - p) {
    case 0:
        return 1;
    case 1:
        return *p == '1' ? 1 : *p == '0' ? 0 : -1;
    case 4:
        return memcmp(p, "true", 4) ? -1 : 1;
    case 5:
        return memcmp(p, "false", 5) ? -1 : 0;
    }
    return -1;
}

/* The datetime in the text, NULL without an error where it is none. Both spellings are read whatever the element calls
 * for, since servers mix them: [MS-ASDTYPE] sections 2.3 and 2.7.5. */
static PyObject *to_datetime(const uint8_t *p, const uint8_t *end)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int year, month, day, hour = 0, minute = 0, second = 0, fraction = 0, dash, colon, count, digit;
    trim(&p, &end);
    if (end - p < 8 || !digits(p, 4, &year))
        return NULL;
    p += 4;
    dash = *p == '-';
    p += dash;
    if (end - p < 4 + dash || !digits(p, 2, &month))
        return NULL;
    p += 2;
    if (dash && *p++ != '-')
        return NULL;
    if (!digits(p, 2, &day))
        return NULL;
    p += 2;
    if (p < end && *p == 'T') {
        p++;
        if (end - p < 6 || !digits(p, 2, &hour))
            return NULL;
        p += 2;
        colon = *p == ':';
        p += colon;
        if (end - p < 4 + colon || !digits(p, 2, &minute))
            return NULL;
        p += 2;
        if (colon && *p++ != ':')
            return NULL;
        if (!digits(p, 2, &second))
            return NULL;
        p += 2;
        if (p < end && *p == '.') {
            p++;
            for (count = 0; p < end && (unsigned)(digit = *p - '0') <= 9; p++, count++)
                if (count < 6)
                    fraction = fraction * 10 + digit;
            if (count < 1 || count > 9)
                return NULL;
            for (; count < 6; count++)
                fraction *= 10;
        }
    }
    if (p < end && *p == 'Z')
        p++;
    if (p < end)
        return NULL;
    if (year < 1 || month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || second > 59)
        return NULL;
    if (day > days[month - 1] && !(month == 2 && day == 29 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)))
        return NULL;
    return PyDateTimeAPI->DateTime_FromDateAndTime(year, month, day, hour, minute, second, fraction,
                                                   PyDateTimeAPI->TimeZone_UTC, PyDateTimeAPI->DateTimeType);
}

/* -- Objects ------------------------------------------------------------------------------------------------------- */

/* Where the instances of a class keep this attribute, or -1 where it is not a plain slot of the class. */
static Py_ssize_t member_offset(PyObject *cls, PyObject *name)
{
    Py_ssize_t offset = -1;
    PyObject *found = PyObject_GetAttr(cls, name);
    if (found == NULL) {
        PyErr_Clear();
        return -1;
    }
    if (Py_IS_TYPE(found, &PyMemberDescr_Type)
        && PyType_IsSubtype((PyTypeObject *)cls, PyDescr_TYPE((PyDescrObject *)found))) {
        PyMemberDef *member = ((PyMemberDescrObject *)found)->d_member;
        if (member->type == T_OBJECT_EX && !(member->flags & READONLY))
            offset = member->offset;
    }
    Py_DECREF(found);
    return offset;
}

/* True where object.__new__ and plain stores are what making an instance of the class comes to: all its bases are
 * written in Python, and none of them has its own way of setting attributes. */
static int is_plain_class(PyObject *cls)
{
    PyTypeObject *type = (PyTypeObject *)cls;
    if (type->tp_setattro != PyObject_GenericSetAttr || type->tp_alloc != PyType_GenericAlloc || type->tp_itemsize
        || PyType_HasFeature(type, Py_TPFLAGS_IS_ABSTRACT))
        return 0;
    for (; type != NULL && type != &PyBaseObject_Type; type = type->tp_base)
        if (!PyType_HasFeature(type, Py_TPFLAGS_HEAPTYPE))
            return 0;
    return 1;
}

/* A new reference to what stands in an instance's slot, NULL without an error where nothing does. */
static inline PyObject *read_member(PyObject *instance, Py_ssize_t offset)
{
#ifdef WBXML_NO_GIL
    /* Another thread may replace it between the read and the count: leave this to the descriptor. */
    (void)instance;
    (void)offset;
    return NULL;
#else
    PyObject *value = *(PyObject **)((char *)instance + offset);
    Py_XINCREF(value);
    return value;
#endif
}

/* What the class or one of its bases has under this name, as it stands there, or None: getattr() of a class looks into
 * the class of classes, too, and costs three times as much. */
static inline PyObject *type_lookup(PyObject *cls, PyObject *name)
{
#ifdef WBXML_NO_GIL
    (void)cls;
    (void)name;
    return Py_NewRef(Py_None);
#else
    PyObject *found = _PyType_Lookup((PyTypeObject *)cls, name);
    return Py_NewRef(found != NULL ? found : Py_None);
#endif
}

/* Takes an instance that can be in no circle of references out of the garbage collector's sight, where it only costs
 * time: a seventh of all that building contacts takes. It is let go when its count of references says so. */
static inline void leave_to_counting(PyObject *instance)
{
#ifndef WBXML_NO_GIL
    PyObject_GC_UnTrack(instance);
#else
    (void)instance;
#endif
}

static inline PyObject *new_instance(PyObject *cls)
{
    return ((PyTypeObject *)cls)->tp_alloc((PyTypeObject *)cls, 0);
}

static inline char *list_items(PyObject *list)
{
    return (char *)((PyListObject *)list)->ob_item;
}

/* Keeps Python code from making instances: tp_new says so, while our own code calls the one that Cython wrote. */
static void forbid_new(PyObject *cls, newfunc says_no)
{
    ((PyTypeObject *)cls)->tp_new = says_no;
    ((PyTypeObject *)cls)->tp_vectorcall = NULL; /* newer Cython's way past tp_new */
    PyType_Modified((PyTypeObject *)cls);
}

static PyObject *no_new_document(PyTypeObject *cls, PyObject *args, PyObject *kwargs)
{
    (void)cls, (void)args, (void)kwargs;
    PyErr_SetString(PyExc_TypeError, "a Document is made by wbxml.decode()");
    return NULL;
}

static PyObject *no_new_element(PyTypeObject *cls, PyObject *args, PyObject *kwargs)
{
    (void)cls, (void)args, (void)kwargs;
    PyErr_SetString(PyExc_TypeError, "an Element is made by the Document that it is part of");
    return NULL;
}

/* The datetime module costs a millisecond to import, so it is only for Models that have dates. */
static int need_datetime(void)
{
    if (PyDateTimeAPI == NULL)
        PyDateTime_IMPORT;
    return PyDateTimeAPI == NULL ? -1 : 0;
}

/* How much of what is written stands on the stack, before there is a bytes object for it. */
#define STACK_BYTES 2048
#ifdef WBXML_NO_GIL
#define HAS_GIL 0
#else
#define HAS_GIL 1
#endif

/* -- Writing ------------------------------------------------------------------------------------------------------- */

/* The bytes of a document while it is written: first in memory of the caller's, then in the bytes object that becomes
 * the result. `top` is where the tag of the innermost open element stands, so that it can get its content bit. */
typedef struct sink sink;
struct sink {
    uint8_t *start;
    size_t size, room, top;
    size_t likely; /* how large the document may well become, 0 where nobody knows */
    PyObject *bytes;
    PyObject *coding; /* what constructs.py needs to finish the document, or NULL; ours to let go */
    uint64_t depth, max_depth;
    uint32_t page;
    /* For Models: the version as a bit of plan_field.versions, or 0; whether the code pages are ActiveSync's, so that
     * tags have the codes that their Plans know; both as objects, borrowed; and what writes the odd field or item. */
    uint32_t version_bit;
    int own_pages;
    PyObject *version, *pages;
    int (*write_field)(sink *o, PyObject *plan, PyObject *instance, int number, int depth);
    int (*write_item)(sink *o, PyObject *plan, PyObject *item, int number, int depth);
};

static void sink_init(sink *o, uint8_t *memory, size_t room, uint64_t max_depth)
{
    /* Field by field: what memset() comes to here costs a tenth of all that a tiny document takes. */
    o->start = memory;
    o->size = 4;
    o->room = room;
    o->top = o->likely = 0;
    o->bytes = o->coding = NULL;
    o->depth = 0;
    o->max_depth = max_depth;
    o->page = o->version_bit = 0;
    o->own_pages = 0;
    o->version = o->pages = NULL;
    o->write_field = NULL;
    o->write_item = NULL;
    memcpy(memory, "\x03\x01\x6a\x00", 4);
}

static NOT_INLINE int sink_grow(sink *o, size_t more)
{
    size_t need, room;
    if (o->start == NULL || more > (size_t)PY_SSIZE_T_MAX / 2 - o->size) {
        PyErr_NoMemory();
        return -1;
    }
    need = o->size + more;
    /* A value that outweighs all before it is likely to be the last big one: doubling would only waste memory. */
    room = more > o->size ? need + need / 32 + 64 : need + o->size;
    if (more <= o->size && room < o->likely)
        room = o->likely;
    if (o->bytes == NULL) {
        o->bytes = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)room);
        if (o->bytes == NULL)
            return -1;
        memcpy(PyBytes_AS_STRING(o->bytes), o->start, o->size);
    } else if (_PyBytes_Resize(&o->bytes, (Py_ssize_t)room) < 0) {
        o->start = NULL; /* nothing is left, and nothing may be written any more */
        o->room = o->size = 0;
        return -1;
    }
    o->start = (uint8_t *)PyBytes_AS_STRING(o->bytes);
    o->room = room;
    return 0;
}

static inline int reserve(sink *o, size_t more)
{
    return LIKELY(o->room - o->size >= more) ? 0 : sink_grow(o, more);
}

/* What was written, as bytes; the sink is empty then. */
static PyObject *sink_finish(sink *o)
{
    PyObject *bytes = o->bytes;
    if (bytes == NULL)
        return PyBytes_FromStringAndSize((const char *)o->start, (Py_ssize_t)o->size);
    o->bytes = NULL;
    if (o->room != o->size && _PyBytes_Resize(&bytes, (Py_ssize_t)o->size) < 0)
        return NULL;
    return bytes;
}

/* Writes a tag, for which 3 bytes must be reserved, into the open element. */
static inline void put_tag(sink *o, uint32_t code, unsigned content)
{
    uint8_t *at = o->start + o->size;
    if (o->depth)
        o->start[o->top] |= W_WITH_CONTENT;
    if (code >> 6 != o->page && LIKELY(code != W_LITERAL)) {
        o->page = code >> 6;
        *at++ = W_SWITCH_PAGE;
        *at++ = (uint8_t)o->page;
    }
    *at++ = (uint8_t)((code & W_TOKEN_MASK) | content);
    o->size = (size_t)(at - o->start);
}

/* Opens an element; what is to be given to close_element() is left in *above. */
static inline int open_element(sink *o, uint32_t code, size_t *above)
{
    if (reserve(o, 3) < 0)
        return -1;
    put_tag(o, code, 0);
    *above = o->top;
    o->top = o->size - 1;
    o->depth++;
    return 0;
}

static inline int close_element(sink *o, size_t above)
{
    if (UNLIKELY(o->start == NULL)) {
        PyErr_NoMemory();
        return -1;
    }
    if (o->start[o->top] & W_WITH_CONTENT) {
        if (reserve(o, 1) < 0)
            return -1;
        o->start[o->size++] = W_END;
    }
    o->top = above;
    o->depth--;
    return 0;
}

/* Copies ASCII; false where a NUL is in it. */
static inline int copy_without_nul(uint8_t *to, const uint8_t *from, size_t size)
{
    size_t i = 0;
#ifdef WBXML_BLOCKS
    if (size >= 16) {
        const block zero = block_zero();
        block found = zero, a, b;
        for (; size - i >= 32; i += 32) {
            a = block_load(from + i);
            b = block_load(from + i + 16);
            found = block_or(found, block_equal_8(block_least_8(a, b), zero));
            block_store(to + i, a);
            block_store(to + i + 16, b);
        }
        if (size - i >= 16) {
            a = block_load(from + i);
            found = block_or(found, block_equal_8(a, zero));
            block_store(to + i, a);
        }
        /* The last 16 bytes, some of them for the second time. */
        a = block_load(from + size - 16);
        found = block_or(found, block_equal_8(a, zero));
        block_store(to + size - 16, a);
        return !block_bits(found);
    }
#else
    if (size >= 16) {
        memcpy(to, from, size);
        return memchr(from, 0, size) == NULL;
    }
#endif
    if (size >= 8) {
        uint64_t a, b;
        memcpy(&a, from, 8);
        memcpy(&b, from + size - 8, 8);
        memcpy(to, &a, 8);
        memcpy(to + size - 8, &b, 8);
        return !(((a - 0x0101010101010101u) & ~a) & 0x8080808080808080u)
               && !(((b - 0x0101010101010101u) & ~b) & 0x8080808080808080u);
    }
    if (size >= 4) {
        uint32_t a, b;
        memcpy(&a, from, 4);
        memcpy(&b, from + size - 4, 4);
        memcpy(to, &a, 4);
        memcpy(to + size - 4, &b, 4);
        return !(((a - 0x01010101u) & ~a) & 0x80808080u) && !(((b - 0x01010101u) & ~b) & 0x80808080u);
    }
    for (; i < size; i++) {
        if (!from[i])
            return 0;
        to[i] = from[i];
    }
    return 1;
}

/* The UTF-8 of a character at `to`, and where it ends; NULL for a NUL or a lone surrogate. */
static inline uint8_t *put_character(uint8_t *to, uint32_t c)
{
    if (c < 0x80) {
        if (!c)
            return NULL;
        *to++ = (uint8_t)c;
    } else if (c < 0x800) {
        *to++ = (uint8_t)(0xC0 | c >> 6);
        *to++ = (uint8_t)(0x80 | (c & 0x3F));
    } else if (c < 0x10000) {
        if (c >= 0xD800 && c < 0xE000)
            return NULL;
        *to++ = (uint8_t)(0xE0 | c >> 12);
        *to++ = (uint8_t)(0x80 | (c >> 6 & 0x3F));
        *to++ = (uint8_t)(0x80 | (c & 0x3F));
    } else {
        *to++ = (uint8_t)(0xF0 | c >> 18);
        *to++ = (uint8_t)(0x80 | (c >> 12 & 0x3F));
        *to++ = (uint8_t)(0x80 | (c >> 6 & 0x3F));
        *to++ = (uint8_t)(0x80 | (c & 0x3F));
    }
    return to;
}

/* Text that is not ASCII, by the width of its characters. Each writes UTF-8 at `to`, where there must be room for the
 * most that `size` characters can take, and returns where it ends; NULL for a NUL or a lone surrogate among them. */

static uint8_t *put_latin1(uint8_t *to, const uint8_t *from, size_t size)
{
    const uint8_t *const end = from + size;
    unsigned ok = 1;
#ifdef WBXML_BLOCKS
    const block zero = block_zero();
    block found = zero;
    /* 16 characters a turn, which begin where they would begin whatever is in them: what a turn reads then waits for
     * no other. All are stored, and all again, further on, behind each that takes two bytes. The first of those is
     * written whether there is one or not, then behind the 16, where the next turn writes: in most languages there are
     * none or one in a turn, and to tell which would often be mispredicted. */
    while (end - from >= 34) {
        const block v = block_load(from);
        unsigned wide = block_bits(v);
        unsigned at = lowest_bit(wide | 0x10000);
        found = block_or(found, block_equal_8(v, zero));
        block_store(to, v);
        to[at] = (uint8_t)(0xC0 | from[at] >> 6);
        to[at + 1] = (uint8_t)(0x80 | (from[at] & 0x3F));
        block_store(to + at + 2, block_load(from + at + 1));
        to += wide != 0;
        for (wide &= wide - 1; UNLIKELY(wide); wide &= wide - 1) {
            at = lowest_bit(wide);
            to[at] = (uint8_t)(0xC0 | from[at] >> 6);
            to[at + 1] = (uint8_t)(0x80 | (from[at] & 0x3F));
            to++;
            block_store(to + at + 1, block_load(from + at + 1));
        }
        from += 16;
        to += 16;
    }
    ok = !block_bits(found);
#endif
    for (; end - from >= 8; from += 8) {
        uint64_t word;
        int i;
        memcpy(&word, from, 8);
        if (!(word & 0x8080808080808080u)) {
            ok &= !((word - 0x0101010101010101u) & 0x8080808080808080u);
            memcpy(to, &word, 8);
            to += 8;
            continue;
        }
        /* Without a branch for what a name may have anywhere. */
        for (i = 0; i < 8; i++) {
            const unsigned c = from[i], wide = c >> 7;
            ok &= c != 0;
            to[0] = (uint8_t)(wide ? 0xC0 | c >> 6 : c);
            to[wide] = (uint8_t)(wide ? 0x80 | (c & 0x3F) : c);
            to += 1 + wide;
        }
    }
    for (; from != end; from++) {
        const unsigned c = *from, wide = c >> 7;
        ok &= c != 0;
        to[0] = (uint8_t)(wide ? 0xC0 | c >> 6 : c);
        to[wide] = (uint8_t)(wide ? 0x80 | (c & 0x3F) : c);
        to += 1 + wide;
    }
    return ok ? to : NULL;
}

#ifdef WBXML_BLOCKS
/* One or two bytes of a character, which stand in a lane of `pairs`; the mask has two bits a lane. */
#define PUT_PAIR(lane)                                                                                                \
    do {                                                                                                              \
        const uint16_t pair = block_lane_16(pairs, lane);                                               \
        memcpy(to, &pair, 2);                                                                                         \
        to += 2 - (one >> (2 * lane) & 1);                                                                            \
    } while (0)
#endif

static uint8_t *put_ucs2(uint8_t *to, const uint16_t *from, size_t size)
{
    const uint16_t *const end = from + size;
#ifdef WBXML_BLOCKS
    const block zero = block_zero(), above_ascii = block_of_16(0xFF80), high = block_of_16(0xF800);
    block bad = zero;
    /* 8 characters a turn, as above. */
    for (; end - from >= 8; from += 8) {
        const block v = block_load(from);
        const block is_one = block_equal_16(block_and(v, above_ascii), zero), top = block_and(v, high);
        const unsigned one = block_bits(is_one);
        bad = block_or(bad, block_equal_16(v, zero));
        if (one == 0xFFFF) {
            block_store_narrow(to, v);
            to += 8;
        } else if (block_bits(block_equal_16(top, zero)) == 0xFFFF) {
            const block lead = block_or(block_shift_right_16(v, 6), block_of_16(0xC0));
            const block rest = block_or(block_shift_left_16(block_and(v, block_of_16(0x3F)), 8),
                                              block_of_16(0x8000));
            const block two = block_or(lead, rest);
            const block pairs = block_or(block_and(is_one, v), block_and_not(two, is_one));
            PUT_PAIR(0);
            PUT_PAIR(1);
            PUT_PAIR(2);
            PUT_PAIR(3);
            PUT_PAIR(4);
            PUT_PAIR(5);
            PUT_PAIR(6);
            PUT_PAIR(7);
        } else {
            int i;
            bad = block_or(bad, block_equal_16(top, block_of_16(0xD800)));
            for (i = 0; i < 8; i++) {
                const unsigned c = from[i];
                if (LIKELY(c >= 0x800)) {
                    to[0] = (uint8_t)(0xE0 | c >> 12);
                    to[1] = (uint8_t)(0x80 | (c >> 6 & 0x3F));
                    to[2] = (uint8_t)(0x80 | (c & 0x3F));
                    to += 3;
                } else if (c < 0x80) {
                    *to++ = (uint8_t)c;
                } else {
                    *to++ = (uint8_t)(0xC0 | c >> 6);
                    *to++ = (uint8_t)(0x80 | (c & 0x3F));
                }
            }
        }
    }
    if (block_bits(bad))
        return NULL;
#endif
    while (from != end) {
        to = put_character(to, *from++);
        if (to == NULL)
            return NULL;
    }
    return to;
}

static uint8_t *put_ucs4(uint8_t *to, const uint32_t *from, size_t size)
{
    const uint32_t *const end = from + size;
    while (from != end) {
#ifdef WBXML_BLOCKS
        /* One character beyond U+FFFF makes a whole page of ASCII as wide. */
        while (end - from >= 8) {
            const block a = block_load(from), b = block_load(from + 4);
            const block both = block_narrow_32(a, b);
            if (block_bits(block_or(block_less_16(block_of_16(0x7F), both),
                                               block_less_16(both, block_of_16(1)))))
                break;
            block_store_narrow(to, both);
            from += 8;
            to += 8;
        }
        if (from == end)
            break;
#endif
        to = put_character(to, *from++);
        if (to == NULL)
            return NULL;
    }
    return to;
}

/* How many bytes a character takes at most. */
static inline size_t most_bytes(int kind)
{
    return kind == PyUnicode_1BYTE_KIND ? 2 : kind == PyUnicode_2BYTE_KIND ? 3 : 4;
}

static NOT_INLINE uint8_t *put_wide(uint8_t *to, const void *data, int kind, size_t size)
{
    if (kind == PyUnicode_1BYTE_KIND)
        return put_latin1(to, (const uint8_t *)data, size);
    if (kind == PyUnicode_2BYTE_KIND)
        return put_ucs2(to, (const uint16_t *)data, size);
    return put_ucs4(to, (const uint32_t *)data, size);
}

/* Writes STR_I, the str and its NUL: 0, -1 with an exception, or 1 where the str holds what cannot be written, and then
 * nothing is written. There is room for one byte after it. The NUL test is part of the copy. */
static inline int put_text(sink *o, PyObject *text)
{
    size_t size;
    uint8_t *at;
#if PY_VERSION_HEX < 0x030C0000
    if (PyUnicode_READY(text) < 0)
        return -1;
#endif
    size = (size_t)PyUnicode_GET_LENGTH(text);
    if (LIKELY(PyUnicode_IS_ASCII(text))) {
        if (reserve(o, size + 3) < 0)
            return -1;
        at = o->start + o->size;
        *at++ = W_STR_I;
        if (UNLIKELY(!copy_without_nul(at, (const uint8_t *)PyUnicode_DATA(text), size)))
            return 1;
        at += size;
        *at++ = 0;
        o->size = (size_t)(at - o->start);
    } else {
        const int kind = (int)PyUnicode_KIND(text);
        const uint8_t *data = (const uint8_t *)PyUnicode_DATA(text);
        const size_t before = o->size;
        size_t done = 0, part;
        if (reserve(o, 1) < 0)
            return -1;
        o->start[o->size++] = W_STR_I;
        /* Part by part, so that room for the worst is never asked for in a large text. */
        for (; done < size; done += part) {
            part = size - done < 4096 ? size - done : 4096;
            if (reserve(o, part * most_bytes(kind) + 2) < 0)
                return -1;
            at = put_wide(o->start + o->size, data + done * (size_t)kind, kind, part);
            if (UNLIKELY(at == NULL)) {
                o->size = before;
                return 1;
            }
            o->size = (size_t)(at - o->start);
        }
        o->start[o->size++] = 0;
    }
    return 0;
}

/* An element with a text, and nothing but its tag where the text is empty; returns as put_text() does. */
static inline int put_text_element(sink *o, uint32_t code, PyObject *text)
{
    const size_t before = o->size;
    const uint32_t page = o->page;
    size_t size;
    int got = 1;
#if PY_VERSION_HEX < 0x030C0000
    if (PyUnicode_READY(text) < 0)
        return -1;
#endif
    size = (size_t)PyUnicode_GET_LENGTH(text);
    if (reserve(o, size + 7) < 0)
        return -1;
    if (UNLIKELY(size == 0)) {
        put_tag(o, code, 0);
        return 0;
    }
    put_tag(o, code, W_WITH_CONTENT);
    if (LIKELY(PyUnicode_IS_COMPACT_ASCII(text))) {
        uint8_t *at = o->start + o->size;
        *at++ = W_STR_I;
        if (LIKELY(copy_without_nul(at, (const uint8_t *)((PyASCIIObject *)text + 1), size))) {
            at[size] = 0;
            at[size + 1] = W_END;
            o->size += size + 3;
            return 0;
        }
    } else {
        got = put_text(o, text);
        if (LIKELY(got == 0)) {
            o->start[o->size++] = W_END;
            return 0;
        }
    }
    o->size = before;
    o->page = page;
    return got;
}

/* An element with a text that is known to be ASCII without a NUL. */
static inline int put_short_element(sink *o, uint32_t code, const char *text, size_t size)
{
    uint8_t *at;
    if (reserve(o, size + 6) < 0)
        return -1;
    put_tag(o, code, W_WITH_CONTENT);
    at = o->start + o->size;
    *at++ = W_STR_I;
    if (LIKELY(size == 1))
        *at = (uint8_t)*text;
    else
        memcpy(at, text, size);
    at[size] = 0;
    at[size + 1] = W_END;
    o->size += size + 3;
    return 0;
}

/* Checked text as it stands in a document: STR_I, the bytes, NUL. */
static int put_raw_text(sink *o, const uint8_t *text, size_t size)
{
    uint8_t *at;
    if (reserve(o, size + 2) < 0)
        return -1;
    at = o->start + o->size;
    *at++ = W_STR_I;
    memcpy(at, text, size);
    at[size] = 0;
    o->size += size + 2;
    return 0;
}

/* Bytes that constructs.py has made. */
static int put_bytes(sink *o, PyObject *bytes)
{
    const size_t size = (size_t)PyBytes_GET_SIZE(bytes);
    if (reserve(o, size) < 0)
        return -1;
    memcpy(o->start + o->size, PyBytes_AS_STRING(bytes), size);
    o->size += size;
    return 0;
}

/* OPAQUE, the length, which must fit 32 bits, and the bytes. */
static int put_opaque(sink *o, const void *data, size_t size)
{
    uint8_t *at;
    int shift = 28;
    if (reserve(o, size + 7) < 0) /* and an END may follow */
        return -1;
    at = o->start + o->size;
    *at++ = W_OPAQUE;
    while (shift && !(size >> shift))
        shift -= 7;
    for (; shift; shift -= 7)
        *at++ = (uint8_t)(0x80 | (size >> shift & 0x7F));
    *at++ = (uint8_t)(size & 0x7F);
    if (size)
        memcpy(at, data, size);
    o->size = (size_t)(at - o->start) + size;
    return 0;
}

/* The value of an int, false where it needs more than 64 bits. Small ones, as most are, are read without a call. */
static inline int as_integer(PyObject *value, long long *integer)
{
    int overflow;
#if PY_VERSION_HEX >= 0x030C0000
    if (LIKELY(PyUnstable_Long_IsCompact((PyLongObject *)value))) {
        *integer = PyUnstable_Long_CompactValue((PyLongObject *)value);
        return 1;
    }
#else
    if (LIKELY((size_t)Py_SIZE(value) <= 1)) {
        *integer = Py_SIZE(value) ? ((PyLongObject *)value)->ob_digit[0] : 0;
        return 1;
    }
#endif
    *integer = PyLong_AsLongLongAndOverflow(value, &overflow);
    return !overflow;
}

/* The decimal digits of a number, in 21 bytes; returns how many. */
static size_t int_text(char *to, long long value)
{
    char reversed[21];
    size_t count = 0, size = 0;
    unsigned long long rest = value < 0 ? 0ULL - (unsigned long long)value : (unsigned long long)value;
    if (rest < 1000 && value >= 0) {
        const unsigned small = (unsigned)rest;
        const size_t tens = small >= 10, hundreds = small >= 100;
        to[0] = (char)('0' + small / 100);
        to[hundreds] = (char)('0' + small / 10 % 10);
        to[hundreds + tens] = (char)('0' + small % 10);
        return 1 + tens + hundreds;
    }
    do {
        reversed[count++] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest);
    if (value < 0)
        to[size++] = '-';
    while (count)
        to[size++] = reversed[--count];
    return size;
}

/* From a table, since a date has seven of these. */
static inline char *put_two_digits(char *to, int value)
{
    static const char pairs[] = "00010203040506070809" "10111213141516171819" "20212223242526272829"
                                "30313233343536373839" "40414243444546474849" "50515253545556575859"
                                "60616263646566676869" "70717273747576777879" "80818283848586878889"
                                "90919293949596979899";
    memcpy(to, pairs + 2 * value, 2);
    return to + 2;
}

static inline PyObject *utc_zone(void)
{
    return Py_NewRef(PyDateTimeAPI->TimeZone_UTC);
}

/* True where the datetime is in UTC as it is. */
static inline int is_utc(PyObject *value)
{
    return PyDateTime_CheckExact(value) && PyDateTime_DATE_GET_TZINFO(value) == PyDateTimeAPI->TimeZone_UTC;
}

static inline int has_zone(PyObject *value)
{
    return PyDateTime_Check(value) && PyDateTime_DATE_GET_TZINFO(value) != Py_None;
}

/* A datetime in UTC as 2004-12-25T08:35:00.000Z or, compact, 20041225T083500Z, in 24 bytes; returns how many. */
static size_t datetime_text(char *to, PyObject *value, int compact)
{
    const int year = PyDateTime_GET_YEAR(value), millisecond = PyDateTime_DATE_GET_MICROSECOND(value) / 1000;
    char *at = put_two_digits(put_two_digits(to, year / 100), year % 100);
    if (!compact)
        *at++ = '-';
    at = put_two_digits(at, PyDateTime_GET_MONTH(value));
    if (!compact)
        *at++ = '-';
    at = put_two_digits(at, PyDateTime_GET_DAY(value));
    *at++ = 'T';
    at = put_two_digits(at, PyDateTime_DATE_GET_HOUR(value));
    if (!compact)
        *at++ = ':';
    at = put_two_digits(at, PyDateTime_DATE_GET_MINUTE(value));
    if (!compact)
        *at++ = ':';
    at = put_two_digits(at, PyDateTime_DATE_GET_SECOND(value));
    if (!compact) {
        *at++ = '.';
        *at++ = (char)('0' + millisecond / 100);
        at = put_two_digits(at, millisecond % 100);
    }
    *at++ = 'Z';
    return (size_t)(at - to);
}

/* -- Fields -------------------------------------------------------------------------------------------------------- */

/* Models may nest in themselves (a query within a query); the deepest sensible one is far below this. */
#define MODEL_DEPTH 100

/* Kinds of field, numbered as in _kernel_py.py. */
enum { F_STR, F_INT, F_BOOL, F_FLAG, F_BYTES, F_DATETIME, F_INT_ENUM, F_STR_ENUM, F_MODEL, NO_LEAF };

typedef struct plan_info plan_info;

typedef struct {
    Py_ssize_t offset;     /* of the value in an instance, or among the items of the list that stands in for one */
    plan_info **models;    /* what a field of Models may hold */
    uint32_t code, within; /* of the tags, or NO_CODE */
    uint32_t versions;     /* a bit for each of VERSIONS */
    uint16_t model_count;
    uint8_t kind, many, optional, compact, binary;
    uint8_t exact, within_exact; /* whether the tag is the one that ActiveSync's code pages have */
    uint8_t leaf, page, head[2]; /* for put_plain_model(): the kind, or NO_LEAF, the page, the tag and STR_I */
} plan_field;

typedef struct {
    uint32_t code;
    uint16_t field;
    int16_t alternative; /* which of the field's Models the tag stands for, or -1 */
} plan_entry;

/* The part of a Plan that is C; it stands in the Plan, which keeps alive what it points to. */
struct plan_info {
    PyObject *plan, *cls;
    plan_field *fields;
    plan_entry *entries;
    uint16_t *places; /* entry + 1 by a hash of its code, 0 where there is none */
    Py_ssize_t unknown_at, problems_at; /* offsets as in plan_field */
    size_t written;                     /* the size of the last document with this Model as its root */
    uint32_t mask, code;                /* code: of the Model's own tag, or NO_CODE */
    int count, entry_count;
    uint8_t exact, plain; /* plain: values are stored where they stand in an instance, past setattr() */
    uint8_t wraps;        /* whether a field has a wrapper */
};

/* Documents of one kind are of a size: room for the last one saves that this one is copied again and again. */
static inline size_t likely_size(const plan_info *plan)
{
    const size_t size = get_hint(&plan->written);
    return size + size / 16;
}

static inline uint32_t plan_place(uint32_t code)
{
    return (code * 2654435761u) >> 16;
}

/* The entry for a tag, or -1. Elements mostly come in the order of the fields: so the expected one is tried first. */
static inline int plan_find(const plan_info *t, uint32_t code, int expected)
{
    uint32_t place;
    if (expected < t->entry_count && t->entries[expected].code == code)
        return expected;
    if (!t->entry_count)
        return -1;
    for (place = plan_place(code) & t->mask; t->places[place]; place = (place + 1) & t->mask)
        if (t->entries[t->places[place] - 1].code == code)
            return t->places[place] - 1;
    return -1;
}

/* Stores into `fields` (see plan_field.offset) the values of the elements from *child to `end` while each is for a
 * field that is still free and has just what the field wants. Leaves in *child the first that is not so (an unknown
 * one, a Model, a list, a value that does not fit), or the end. -1 with an exception. This is where building spends
 * its time, and most elements need no more. */
static int fill_fields(const plan_info *t, char *fields, const uint8_t *data, const slot *tape, uint32_t *child,
                       uint32_t end, int *expected)
{
    uint32_t at = *child;
    int next = *expected, result = 0;
    while (at < end) {
        const slot *s = tape + at;
        const plan_field *f;
        const uint8_t *p;
        PyObject **where, *value = NULL;
        int found, truth;
        long long integer;
        if (s->kind >= S_CONTAINER)
            break;
        found = plan_find(t, s->code, next);
        if (found < 0)
            break;
        f = t->fields + t->entries[found].field;
        where = (PyObject **)(fields + f->offset);
        if (f->many || *where != NULL)
            break;
        p = data + s->offset + 2;
        if (s->kind == S_TEXT) {
            if (f->kind == F_STR) {
                value = make_text(p, s->length, s->ascii);
            } else if (f->kind == F_INT) {
                if (!to_int(p, p + s->length, &integer))
                    break;
                value = PyLong_FromLongLong(integer);
            } else if (f->kind == F_BOOL) {
                truth = to_bool(p, p + s->length);
                if (truth < 0)
                    break;
                value = Py_NewRef(truth ? Py_True : Py_False);
            } else if (f->kind == F_DATETIME) {
                value = to_datetime(p, p + s->length);
                if (value == NULL && !PyErr_Occurred())
                    break;
            } else if (f->kind == F_FLAG) {
                value = Py_NewRef(Py_True);
            } else {
                break;
            }
        } else if (s->kind == S_EMPTY) {
            if (f->kind == F_STR)
                value = PyUnicode_New(0, 0);
            else if (f->kind == F_FLAG || f->kind == F_BOOL)
                value = Py_NewRef(Py_True);
            else
                break;
        } else if (f->kind == F_BYTES) {
            value = PyBytes_FromStringAndSize((const char *)opaque_start(p), (Py_ssize_t)s->length);
        } else {
            break;
        }
        if (value == NULL) {
            result = -1;
            break;
        }
        *where = value;
        next = found + 1;
        at++; /* no container, so the next slot is the next element */
    }
    *child = at;
    *expected = next;
    return result;
}

/* Gives the fields that are still free the value of an absent element. */
static int fill_rest(const plan_info *t, char *fields)
{
    int number;
    for (number = 0; number < t->count; number++) {
        const plan_field *f = t->fields + number;
        PyObject **where = (PyObject **)(fields + f->offset);
        if (*where != NULL)
            continue;
        if (f->many && !f->optional) {
            *where = PyList_New(0);
            if (*where == NULL)
                return -1;
        } else {
            *where = Py_NewRef(f->kind == F_FLAG && !f->many ? Py_False : Py_None);
        }
    }
    return 0;
}

/* Writes a value that is no Model as an element: 0, -1 with an exception, or 1 where it is not what the field wants,
 * and then nothing is written. */
static inline int put_scalar(sink *o, const plan_field *f, PyObject *value)
{
    char digits[24];
    int got = 1;
    long long integer;
    switch (f->kind) {
    case F_STR:
    case F_STR_ENUM:
        if (LIKELY(PyUnicode_Check(value)))
            got = put_text_element(o, f->code, value);
        break;
    case F_INT:
    case F_INT_ENUM:
        if (LIKELY(PyLong_Check(value)) && as_integer(value, &integer)) {
            digits[0] = (char)('0' + integer);
            got = put_short_element(o, f->code, digits,
                                    (unsigned long long)integer < 10 ? 1 : int_text(digits, integer));
        }
        break;
    case F_BOOL:
        if (LIKELY(PyBool_Check(value)))
            got = put_short_element(o, f->code, value == Py_True ? "1" : "0", 1);
        break;
    case F_FLAG:
        got = 0;
        if (value != Py_False || f->many) {
            got = reserve(o, 3);
            if (got == 0)
                put_tag(o, f->code, 0);
        }
        break;
    case F_DATETIME:
        if (is_utc(value))
            got = put_short_element(o, f->code, digits, datetime_text(digits, value, f->compact));
        break;
    case F_BYTES:
        if (f->binary && PyBytes_CheckExact(value) && (uint64_t)PyBytes_GET_SIZE(value) <= 0xFFFFFFFFu) {
            got = reserve(o, 4);
            if (got == 0) {
                put_tag(o, f->code, W_WITH_CONTENT);
                got = put_opaque(o, PyBytes_AS_STRING(value), (size_t)PyBytes_GET_SIZE(value));
            }
            if (got == 0)
                o->start[o->size++] = W_END;
        }
        break;
    }
    return got;
}

static int put_model(sink *o, PyObject *instance, const plan_info *plan, uint32_t code, int depth);

/* A field's value, or one of them; returns as put_scalar() does. */
static inline int put_value(sink *o, const plan_field *f, PyObject *value, int depth)
{
    int i;
    if (f->kind != F_MODEL)
        return LIKELY(f->exact) ? put_scalar(o, f, value) : 1;
    for (i = 0; i < f->model_count; i++) {
        const plan_info *model = f->models[i];
        if ((PyObject *)Py_TYPE(value) == model->cls) {
            if (f->many || f->code == NO_CODE)
                return model->exact ? put_model(o, value, model, model->code, depth + 1) : 1;
            return f->exact ? put_model(o, value, model, f->code, depth + 1) : 1;
        }
    }
    return 1;
}

/* A new reference to an item, NULL where there is none (any more). */
static inline PyObject *list_item(PyObject *list, Py_ssize_t i)
{
#ifdef WBXML_NO_GIL
    PyObject *item = PySequence_GetItem(list, i);
    if (item == NULL)
        PyErr_Clear();
    return item;
#else
    return i < PyList_GET_SIZE(list) ? Py_NewRef(PyList_GET_ITEM(list, i)) : NULL;
#endif
}

/* A list field, of which only what write_field() would not do otherwise is done here; returns as put_scalar() does. */
static inline int put_list(sink *o, const plan_info *plan, int number, PyObject *list, int depth)
{
    const plan_field *f = plan->fields + number;
    size_t above = 0;
    Py_ssize_t i;
    PyObject *item;
    int got = 0;
    if (!PyList_CheckExact(list))
        return 1;
    if (PyList_GET_SIZE(list) == 0 && (f->within == NO_CODE || !f->optional))
        return 0;
    if (o->version_bit && !(f->versions & o->version_bit))
        return 1;
    if (f->within != NO_CODE) {
        if (!f->within_exact)
            return 1;
        if (open_element(o, f->within, &above) < 0)
            return -1;
    }
    for (i = 0; (item = list_item(list, i)) != NULL; i++) {
        got = o->depth < o->max_depth ? put_value(o, f, item, depth) : 1;
        if (UNLIKELY(got > 0))
            got = o->write_item(o, plan->plan, item, number, depth);
        Py_DECREF(item);
        if (got < 0)
            return -1;
    }
    return f->within != NO_CODE ? close_element(o, above) : 0;
}

/* A field that is no simple value, or not one that put_plain_model() takes. `quick` says that the value stands at its
 * offset and may be written by what is here; else write_field() has a look at it. */
static inline int put_field(sink *o, PyObject *instance, const plan_info *plan, int number, int depth, int quick)
{
    const plan_field *f = plan->fields + number;
    int got = 1;
    if (LIKELY(quick && o->depth < o->max_depth)) {
        PyObject *value = read_member(instance, f->offset);
        if (value == Py_None)
            got = 0;
        else if (value == NULL)
            got = 1;
        else if (f->many)
            got = put_list(o, plan, number, value, depth);
        else if (!o->version_bit || f->versions & o->version_bit || (f->kind == F_FLAG && value == Py_False))
            got = put_value(o, f, value, depth);
        Py_XDECREF(value);
    }
    return LIKELY(got == 0) ? 0 : got < 0 ? -1 : o->write_field(o, plan->plan, instance, number, depth);
}

#ifndef WBXML_NO_GIL
/* Whether an instance is as nearly all are, so that put_plain_model() can write it: of this very class, since the
 * offsets are, with nothing undescribed, and its children within the depth that is allowed. */
static inline int is_plain(const sink *o, PyObject *instance, const plan_info *plan, int nesting, uint64_t depth)
{
    PyObject *unknown;
    if (!plan->plain || (PyObject *)Py_TYPE(instance) != plan->cls || nesting >= MODEL_DEPTH || depth + 2 > o->max_depth)
        return 0;
    unknown = *(PyObject **)((char *)instance + plan->unknown_at);
    return unknown != NULL && PyTuple_CheckExact(unknown) && PyTuple_GET_SIZE(unknown) == 0;
}

/* Room for what stands between the checks for it: SWITCH_PAGE, a tag, STR_I, a number or a date, NUL and some END. */
#define SPARE 48

/* Makes room for more than SPARE bytes; where it begins, or NULL with an exception. */
static uint8_t *make_room(sink *o)
{
    return reserve(o, 2 * SPARE) < 0 ? NULL : o->start + o->size;
}

/* Leaves to the sink what was handed in registers, for what works by way of it. */
static inline void settle(sink *o, const uint8_t *at, size_t top, uint64_t depth)
{
    o->size = (size_t)(at - o->start);
    o->top = top;
    o->depth = depth;
}

static uint8_t *put_plain_models(sink *o, uint8_t *at, PyObject *instance, const plan_info *plan, int number,
                                 int nesting, size_t top, uint64_t depth);

/* put_model() for an instance that is_plain(): writes it at `at`, where there is room for SPARE bytes, and returns where
 * it ends, with as much room; NULL with an exception. Each field is written here while it holds what most do: nothing, a
 * text, a number, a bool, a date, Models; put_field() has the others. The end of what is written is handed down and up
 * in a register, and `depth` too, since each step by way of the sink would wait for the one before to reach memory: a
 * quarter of the time of a tiny document. What stands here for simple values can run no Python code, so that these need
 * not be counted. */
static uint8_t *put_plain_model(sink *o, uint8_t *at, PyObject *instance, const plan_info *plan, uint32_t code,
                                int nesting, uint64_t depth)
{
    const plan_field *f = plan->fields;
    uint8_t *end;
    uint8_t page = (uint8_t)(code >> 6);
    size_t top;
    if (page != o->page) {
        *at++ = W_SWITCH_PAGE;
        *at++ = page;
    }
    top = (size_t)(at - o->start);
    *at++ = (uint8_t)(code & W_TOKEN_MASK);
    for (;;) {
        end = o->start + o->room - SPARE;
        for (;; f++) {
            PyObject *value = *(PyObject **)((char *)instance + f->offset);
            uint8_t *to = at;
            size_t size;
            long long integer;
            if (value == Py_None)
                continue;
            if (UNLIKELY(at > end))
                break;
            if (UNLIKELY(value == NULL))
                break;
            if (f->page != page) {
                *to++ = W_SWITCH_PAGE;
                *to++ = f->page;
            }
            memcpy(to, f->head, 2);
            to += 2;
            /* Texts are most of all: for them, one test costs less than the jump by a table. */
            if (LIKELY(f->leaf == F_STR)) {
                if (UNLIKELY(!PyUnicode_CheckExact(value)))
                    break;
                size = (size_t)((PyASCIIObject *)value)->length;
                if (LIKELY(PyUnicode_IS_COMPACT_ASCII(value))) {
                    /* The empty str is an empty element: it is as if it were too long. */
                    if (UNLIKELY(size - 1 >= (size_t)(end - at)))
                        break;
                    if (UNLIKELY(!copy_without_nul(to, (const uint8_t *)((PyASCIIObject *)value + 1), size)))
                        break;
                } else {
                    const uint8_t *after;
                    if (UNLIKELY(!PyUnicode_IS_COMPACT(value) || size > ((size_t)(end - at)) / 4))
                        break;
                    after = put_wide(to, (PyCompactUnicodeObject *)value + 1, (int)PyUnicode_KIND(value), size);
                    if (UNLIKELY(after == NULL))
                        break;
                    size = (size_t)(after - to);
                }
                to[size] = 0;
                to[size + 1] = W_END;
                at = to + size + 2;
                page = f->page;
                continue;
            }
            switch (f->leaf) {
            case F_INT:
            case F_INT_ENUM:
                if (UNLIKELY(!PyLong_Check(value) || !as_integer(value, &integer)))
                    goto out;
                *to = (uint8_t)('0' + integer);
                size = (unsigned long long)integer < 10 ? 1 : int_text((char *)to, integer);
                break;
            case F_BYTES:
                size = PyBytes_CheckExact(value) ? (size_t)PyBytes_GET_SIZE(value) : 128;
                if (UNLIKELY(!f->binary || size >= 128 || size > (size_t)(end - at)))
                    goto out;
                to[-1] = W_OPAQUE;
                *to = (uint8_t)size;
                memcpy(to + 1, PyBytes_AS_STRING(value), size);
                to[size + 1] = W_END;
                at = to + size + 2;
                page = f->page;
                continue;
            case F_BOOL:
                if (UNLIKELY(!PyBool_Check(value)))
                    goto out;
                *to = value == Py_True ? '1' : '0';
                size = 1;
                break;
            case F_FLAG:
                if (value == Py_False)
                    continue;
                to[-2] = f->head[0] & W_TOKEN_MASK;
                at = to - 1;
                page = f->page;
                continue;
            case F_DATETIME:
                if (UNLIKELY(!is_utc(value)))
                    goto out;
                size = datetime_text((char *)to, value, f->compact);
                break;
            default:
                goto out;
            }
            to[size] = 0;
            to[size + 1] = W_END;
            at = to + size + 2;
            page = f->page;
        }
    out:
        o->page = page;
        if (UNLIKELY(at > end)) {
            settle(o, at, top, depth + 1);
            at = make_room(o);
            if (at == NULL)
                return NULL;
            continue;
        }
        if (f == plan->fields + plan->count)
            break;
        if (LIKELY(f->leaf == F_MODEL)) {
            at = put_plain_models(o, at, instance, plan, (int)(f - plan->fields), nesting, top, depth + 1);
            if (at == NULL)
                return NULL;
        } else {
            settle(o, at, top, depth + 1);
            if (put_field(o, instance, plan, (int)(f - plan->fields), nesting, 1) < 0)
                return NULL;
            at = make_room(o);
            if (at == NULL)
                return NULL;
        }
        page = (uint8_t)o->page;
        f++;
    }
    if ((size_t)(at - o->start) != top + 1) {
        o->start[top] |= W_WITH_CONTENT;
        *at++ = W_END;
    }
    return at;
}

/* What put_plain_model() calls for a field with a Model or a list of them; `top` and `depth` are of the element that the
 * field stands in. */
static uint8_t *put_plain_models(sink *o, uint8_t *at, PyObject *instance, const plan_info *plan, int number,
                                 int nesting, size_t top, uint64_t depth)
{
    const plan_field *const f = plan->fields + number;
    PyObject *const value = *(PyObject **)((char *)instance + f->offset);
    PyObject *item = value;
    const plan_info *model;
    Py_ssize_t i = 0;
    int which, own, got;
    const int many = f->many, wrapped = many && f->within != NO_CODE;
    if (many) {
        if (UNLIKELY(!PyList_CheckExact(value)))
            goto odd;
        if (PyList_GET_SIZE(value) == 0 && !(wrapped && f->optional))
            return at;
    }
    /* What stands further down can run Python code, which may let go of anything. */
    Py_INCREF(value);
    if (wrapped) {
        if (f->within >> 6 != o->page) {
            o->page = f->within >> 6;
            *at++ = W_SWITCH_PAGE;
            *at++ = (uint8_t)o->page;
        }
        top = (size_t)(at - o->start);
        *at++ = (uint8_t)(f->within & W_TOKEN_MASK);
        depth++;
    }
    for (; !many || i < PyList_GET_SIZE(value); i++) {
        if (many)
            item = PyList_GET_ITEM(value, i);
        for (which = 0; which < f->model_count && f->models[which]->cls != (PyObject *)Py_TYPE(item); which++)
            ;
        if (which == f->model_count)
            goto odd_item;
        model = f->models[which];
        own = many || f->code == NO_CODE;
        if (UNLIKELY(!(own ? model->exact : f->exact) || !is_plain(o, item, model, nesting + 1, depth)))
            goto odd_item;
        Py_INCREF(item);
        at = put_plain_model(o, at, item, model, own ? model->code : f->code, nesting + 1, depth);
        Py_DECREF(item);
        if (at == NULL)
            goto failed;
        if (!many)
            break;
        continue;
    odd_item:
        if (!many) {
            Py_DECREF(value);
            goto odd;
        }
        settle(o, at, top, depth);
        Py_INCREF(item);
        got = depth < o->max_depth ? put_value(o, f, item, nesting) : 1;
        if (got > 0)
            got = o->write_item(o, plan->plan, item, number, nesting);
        Py_DECREF(item);
        if (got < 0)
            goto failed;
        at = make_room(o);
        if (at == NULL)
            goto failed;
    }
    Py_DECREF(value);
    if (wrapped && (size_t)(at - o->start) != top + 1) {
        o->start[top] |= W_WITH_CONTENT;
        *at++ = W_END;
    }
    return at;
odd:
    settle(o, at, top, depth);
    return put_field(o, instance, plan, number, nesting, 1) < 0 ? NULL : make_room(o);
failed:
    Py_DECREF(value);
    return NULL;
}

/* put_plain_model() for an instance that stands in what was written by way of the sink; 0, or -1 with an exception. */
static inline int put_plain_root(sink *o, PyObject *instance, const plan_info *plan, uint32_t code, int nesting)
{
    const size_t top = o->top;
    const uint64_t depth = o->depth;
    uint8_t *at = make_room(o);
    if (at == NULL)
        return -1;
    if (depth)
        o->start[top] |= W_WITH_CONTENT;
    at = put_plain_model(o, at, instance, plan, code, nesting, depth);
    if (at == NULL)
        return -1;
    settle(o, at, top, depth);
    return 0;
}
#endif

/* An instance of the plan's Model as an element; returns as put_scalar() does. Most values are just as they should be,
 * and are written here; for what is not so, a field or an item, write_field() and write_item() are called. */
static int put_model(sink *o, PyObject *instance, const plan_info *plan, uint32_t code, int depth)
{
    size_t above;
    int number, got, has_unknown = 1;
    /* The offsets are those of this very class. */
    const int quick = plan->plain && o->own_pages && (PyObject *)Py_TYPE(instance) == plan->cls;
    if (UNLIKELY(depth >= MODEL_DEPTH || o->depth >= o->max_depth))
        return 1;
#ifndef WBXML_NO_GIL
    if (LIKELY(o->own_pages && !o->version_bit && is_plain(o, instance, plan, depth, o->depth)))
        return put_plain_root(o, instance, plan, code, depth);
#endif
    if (quick) {
        PyObject *unknown = read_member(instance, plan->unknown_at);
        if (unknown != NULL) {
            has_unknown = !(PyTuple_CheckExact(unknown) && PyTuple_GET_SIZE(unknown) == 0);
            Py_DECREF(unknown);
        }
    }
    if (open_element(o, code, &above) < 0)
        return -1;
    for (number = 0; number < plan->count; number++) {
        /* What is unknown may have stood in a wrapper. */
        got = put_field(o, instance, plan, number, depth,
                        quick && !(has_unknown && plan->fields[number].within != NO_CODE));
        if (UNLIKELY(got < 0))
            return -1;
    }
    if (has_unknown && o->write_field(o, plan->plan, instance, -1, depth) < 0)
        return -1;
    return close_element(o, above);
}

/* -- encode() of a Model instance ---------------------------------------------------------------------------------- */

/* What encode_quickly() needs of the kernel, set when that is loaded. */
static struct quick_calls {
    vectorcallfunc encode; /* the whole of encode() */
    PyObject *plan_name, *pages;
    PyObject *plan_class;
    size_t info; /* where the plan_info stands in a Plan */
    uint64_t max_depth;
    int (*write_field)(sink *o, PyObject *plan, PyObject *instance, int number, int depth);
    int (*write_item)(sink *o, PyObject *plan, PyObject *item, int number, int depth);
    PyObject *(*finished)(sink *o, PyObject *pages);
} quick;

/* encode(model) without options, and whatever else by the whole of encode(): calls of encode() lead here. Arguments that
 * need no sorting and a Plan that needs no counting are a third of the time of a tiny document. */
static PyObject *encode_quickly(PyObject *callable, PyObject *const *arguments, size_t count, PyObject *names)
{
#ifndef WBXML_NO_GIL
    if (LIKELY(PyVectorcall_NARGS(count) == 1 && names == NULL)) {
        PyObject *const model = arguments[0];
        PyObject *const plan = _PyType_Lookup(Py_TYPE(model), quick.plan_name);
        if (plan != NULL && (PyObject *)Py_TYPE(plan) == quick.plan_class) {
            plan_info *const info = (plan_info *)((char *)plan + quick.info);
            if (info->exact && info->code != NO_CODE) {
                uint8_t local[STACK_BYTES];
                PyObject *result = NULL;
                sink o;
                sink_init(&o, local, sizeof local, quick.max_depth);
                o.pages = quick.pages;
                o.own_pages = 1;
                o.version = Py_None;
                o.write_field = quick.write_field;
                o.write_item = quick.write_item;
                o.likely = likely_size(info);
                Py_INCREF(plan); /* odd fields run Python code, which may do anything to the class */
                if ((LIKELY(is_plain(&o, model, info, 0, 0)) ? put_plain_root(&o, model, info, info->code, 0)
                                                             : put_model(&o, model, info, info->code, 0))
                    == 0) {
                    set_hint(&info->written, o.size);
                    result = LIKELY(o.coding == NULL) ? sink_finish(&o) : quick.finished(&o, quick.pages);
                }
                Py_DECREF(plan);
                Py_XDECREF(o.bytes);
                Py_XDECREF(o.coding);
                return result;
            }
        }
    }
#endif
    return quick.encode(callable, arguments, count, names);
}

/* -- Where calls lead ---------------------------------------------------------------------------------------------- */

typedef PyObject *(*fast_call)(PyObject *callable, PyObject *const *arguments, size_t count, PyObject *names);
typedef PyObject *(*fast_method)(PyObject *self, PyObject *const *arguments, Py_ssize_t count, PyObject *names);

/* Leads the calls of a function to another; returns where they led before, which takes them in any form. */
static fast_call lead_call(PyObject *function, fast_call quick)
{
    const fast_call before = PyVectorcall_Function(function);
    if (before == NULL)
        return PyObject_Vectorcall;
    *(fast_call *)((char *)function + Py_TYPE(function)->tp_vectorcall_offset) = quick;
    return before;
}

/* The same for a method, given as its descriptor; NULL where calls of it look otherwise, and then it is left alone. */
static fast_method lead_method(PyObject *descriptor, fast_method quick)
{
    PyMethodDef *method;
    fast_method before;
    if (Py_TYPE(descriptor) != &PyMethodDescr_Type)
        return NULL;
    method = ((PyMethodDescrObject *)descriptor)->d_method;
    if (method->ml_flags != (METH_FASTCALL | METH_KEYWORDS))
        return NULL;
    before = (fast_method)(void (*)(void))method->ml_meth;
    method->ml_meth = (PyCFunction)(void (*)(void))quick;
    return before;
}

#endif
