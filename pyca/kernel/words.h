/* Rows of unsigned 16 bits on x86-64, as most cameras have them, by hand: no compiler finds this.
 *
 * There is an instruction that multiplies pairs of signed 16 bits and adds the two products, in 32 bits. With ones to
 * multiply by it adds neighbours of one row, and of two rows that were interleaved it adds what stands one above
 * the other. So pixels are made signed first, by taking half of the range off, and at the end that is added again.
 */

#include <immintrin.h>

#define HALF 32768

/* Columns are summed in the order in which interleaving leaves them: of each block the first four of all eights, then the
 * last four. */
static inline size_t place_of(size_t column, size_t block)
{
    size_t within = column % block, eight = within / 8, of_eight = within % 8;
    return column - within + (of_eight / 4) * (block / 2) + eight * 4 + of_eight % 4;
}

/* The widest that this processor has. */
static struct {
    void (*rows)(const struct rows *, uint16_t, size_t, int32_t *, int64_t *, int64_t *, uint16_t *, uint16_t *);
    size_t block; /* columns at a time */
} words;

#define rows_u16 words.rows

static void flush_u16(int32_t *restrict columns, size_t n, size_t fours, int64_t *restrict profile)
{
    const size_t block = words.block;
    int64_t taken_off = (int64_t)fours * 4 * HALF;
    size_t whole = n / block * block;
    for (size_t i = 0; i < whole; i++)
        profile[i] += columns[place_of(i, block)] + taken_off;
    memset(columns, 0, whole * sizeof *columns);
}

#define TARGET "avx512f,avx512bw"
#define V __m512i
#define BLOCK 32
#define OP(name) _mm512_##name
#define BITS(name) _mm512_##name##_si512
#define KEEP(v, least) _mm512_maskz_mov_epi16(_mm512_cmpge_epu16_mask(v, least), v)
#define WIDE(name) name##_of_512
#include "vectors.h"

#define TARGET "avx2"
#define V __m256i
#define BLOCK 16
#define OP(name) _mm256_##name
#define BITS(name) _mm256_##name##_si256
#define KEEP(v, least) _mm256_and_si256(v, _mm256_cmpeq_epi16(_mm256_max_epu16(v, least), v))
#define WIDE(name) name##_of_256
#include "vectors.h"

#define TARGET "sse2"
#define V __m128i
#define BLOCK 8
#define OP(name) _mm_##name
#define BITS(name) _mm_##name##_si128
#define KEEP(v, least) _mm_and_si128(v, _mm_cmpeq_epi16(_mm_subs_epu16(least, v), _mm_setzero_si128()))
#define WIDE(name) name##_of_128
#include "vectors.h"

static void choose_words(void)
{
    __builtin_cpu_init();
    words.rows = rows_of_128;
    words.block = 8;
    if (__builtin_cpu_supports("avx2")) {
        words.rows = rows_of_256;
        words.block = 16;
    }
    if (__builtin_cpu_supports("avx512bw")) {
        words.rows = rows_of_512;
        words.block = 32;
    }
}
