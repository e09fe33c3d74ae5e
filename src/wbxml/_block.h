/* Sixteen bytes at a time, on the processors that the kernel has this for: x86 with SSE2 and ARM with NEON, which all
 * 64-bit ones have. WBXML_BLOCKS says whether it is there; what uses it has a plain path beside it. Each operation is
 * one instruction on x86, and one to six on ARM.
 *
 * A block is 16 lanes of 8 bits or 8 of 16; lanes are unsigned where not said otherwise. A comparison gives all bits or
 * none in each lane.
 */

#ifndef WBXML_BLOCK_H
#define WBXML_BLOCK_H

#include <stdint.h>

/* WBXML_PLAIN leaves it out, so that the plain path can be tested anywhere. */
#if defined(WBXML_PLAIN)
#elif defined(__SSE2__) || defined(_M_X64) || (defined(_M_IX86_FP) && _M_IX86_FP >= 2)

#define WBXML_BLOCKS "SSE2"
#include <emmintrin.h>

typedef __m128i block;

static inline block block_load(const void *from) { return _mm_loadu_si128((const __m128i *)from); }
static inline void block_store(void *to, block v) { _mm_storeu_si128((__m128i *)to, v); }
static inline block block_zero(void) { return _mm_setzero_si128(); }
static inline block block_of_8(uint8_t value) { return _mm_set1_epi8((char)value); }
static inline block block_of_16(uint16_t value) { return _mm_set1_epi16((short)value); }
static inline block block_or(block a, block b) { return _mm_or_si128(a, b); }
static inline block block_and(block a, block b) { return _mm_and_si128(a, b); }
static inline block block_and_not(block a, block b) { return _mm_andnot_si128(b, a); } /* a where b is not */
static inline block block_equal_8(block a, block b) { return _mm_cmpeq_epi8(a, b); }
static inline block block_equal_16(block a, block b) { return _mm_cmpeq_epi16(a, b); }
static inline block block_less_8(block a, block b) { return _mm_cmplt_epi8(a, b); } /* signed, as the next two are */
static inline block block_less_16(block a, block b) { return _mm_cmplt_epi16(a, b); }
static inline block block_least_8(block a, block b) { return _mm_min_epu8(a, b); }
static inline block block_most_8(block a, block b) { return _mm_max_epu8(a, b); }
static inline block block_subtract_8(block a, block b) { return _mm_sub_epi8(a, b); }

/* The highest bit of each of the 16 bytes; the first one's is the lowest. */
static inline unsigned block_bits(block v) { return (unsigned)_mm_movemask_epi8(v); }

/* The sum of the 16 bytes. */
static inline unsigned block_sum(block v)
{
    uint64_t halves[2];
    block_store(halves, _mm_sad_epu8(v, _mm_setzero_si128()));
    return (unsigned)(halves[0] + halves[1]);
}

/* The first or the last 8 bytes, 16 bits each; the first or the last 4 of 16 bits, 32 bits each. */
static inline block block_first_8(block v) { return _mm_unpacklo_epi8(v, _mm_setzero_si128()); }
static inline block block_last_8(block v) { return _mm_unpackhi_epi8(v, _mm_setzero_si128()); }
static inline block block_first_16(block v) { return _mm_unpacklo_epi16(v, _mm_setzero_si128()); }
static inline block block_last_16(block v) { return _mm_unpackhi_epi16(v, _mm_setzero_si128()); }

/* Stores 8 bytes: the lanes of 16 bits, which must be below 0x80. */
static inline void block_store_narrow(void *to, block v) { _mm_storel_epi64((__m128i *)to, _mm_packus_epi16(v, v)); }

/* Two blocks of 4 signed numbers of 32 bits as one of 16 bits; what does not fit becomes the nearest that does. */
static inline block block_narrow_32(block a, block b) { return _mm_packs_epi32(a, b); }

/* These two count in bits; the number of bits or of the lane must be a constant. */
#define block_shift_left_16(v, count) _mm_slli_epi16(v, count)
#define block_shift_right_16(v, count) _mm_srli_epi16(v, count)
#define block_lane_16(v, lane) ((uint16_t)_mm_extract_epi16(v, lane))

#elif (defined(__ARM_NEON) && defined(__aarch64__) && !defined(__AARCH64EB__)) || defined(_M_ARM64)

#define WBXML_BLOCKS "NEON"
#include <arm_neon.h>

typedef uint8x16_t block;

#define BLOCK_16(v) vreinterpretq_u16_u8(v)
#define BLOCK_S8(v) vreinterpretq_s8_u8(v)
#define BLOCK_S16(v) vreinterpretq_s16_u8(v)
#define BLOCK_S32(v) vreinterpretq_s32_u8(v)
#define FROM_16(v) vreinterpretq_u8_u16(v)

static inline block block_load(const void *from) { return vld1q_u8((const uint8_t *)from); }
static inline void block_store(void *to, block v) { vst1q_u8((uint8_t *)to, v); }
static inline block block_zero(void) { return vdupq_n_u8(0); }
static inline block block_of_8(uint8_t value) { return vdupq_n_u8(value); }
static inline block block_of_16(uint16_t value) { return FROM_16(vdupq_n_u16(value)); }
static inline block block_or(block a, block b) { return vorrq_u8(a, b); }
static inline block block_and(block a, block b) { return vandq_u8(a, b); }
static inline block block_and_not(block a, block b) { return vbicq_u8(a, b); }
static inline block block_equal_8(block a, block b) { return vceqq_u8(a, b); }
static inline block block_equal_16(block a, block b) { return FROM_16(vceqq_u16(BLOCK_16(a), BLOCK_16(b))); }
static inline block block_less_8(block a, block b) { return vcltq_s8(BLOCK_S8(a), BLOCK_S8(b)); }
static inline block block_less_16(block a, block b) { return FROM_16(vcltq_s16(BLOCK_S16(a), BLOCK_S16(b))); }
static inline block block_least_8(block a, block b) { return vminq_u8(a, b); }
static inline block block_most_8(block a, block b) { return vmaxq_u8(a, b); }
static inline block block_subtract_8(block a, block b) { return vsubq_u8(a, b); }

static inline unsigned block_bits(block v)
{
    static const int8_t places[16] = {0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7};
    const uint8x16_t bits = vshlq_u8(vshrq_n_u8(v, 7), vld1q_s8(places));
    return vaddv_u8(vget_low_u8(bits)) | (unsigned)vaddv_u8(vget_high_u8(bits)) << 8;
}

static inline unsigned block_sum(block v) { return vaddlvq_u8(v); }
static inline block block_first_8(block v) { return FROM_16(vmovl_u8(vget_low_u8(v))); }
static inline block block_last_8(block v) { return FROM_16(vmovl_u8(vget_high_u8(v))); }
static inline block block_first_16(block v) { return vreinterpretq_u8_u32(vmovl_u16(vget_low_u16(BLOCK_16(v)))); }
static inline block block_last_16(block v) { return vreinterpretq_u8_u32(vmovl_u16(vget_high_u16(BLOCK_16(v)))); }
static inline void block_store_narrow(void *to, block v) { vst1_u8((uint8_t *)to, vmovn_u16(BLOCK_16(v))); }

static inline block block_narrow_32(block a, block b)
{
    return vreinterpretq_u8_s16(vcombine_s16(vqmovn_s32(BLOCK_S32(a)), vqmovn_s32(BLOCK_S32(b))));
}

#define block_shift_left_16(v, count) FROM_16(vshlq_n_u16(BLOCK_16(v), count))
#define block_shift_right_16(v, count) FROM_16(vshrq_n_u16(BLOCK_16(v), count))
#define block_lane_16(v, lane) vgetq_lane_u16(BLOCK_16(v), lane)

#endif

#ifdef WBXML_BLOCKS
#ifdef _MSC_VER
#include <intrin.h>
#endif

/* The number of the lowest bit that is set; one must be. */
static inline unsigned lowest_bit(unsigned mask)
{
#if defined(__GNUC__) || defined(__clang__)
    return (unsigned)__builtin_ctz(mask);
#elif defined(_MSC_VER)
    unsigned long index;
    _BitScanForward(&index, mask);
    return (unsigned)index;
#else
    unsigned index = 0;
    for (; !(mask & 1); mask >>= 1)
        index++;
    return index;
#endif
}
#endif

#endif
