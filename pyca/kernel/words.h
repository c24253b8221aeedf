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
    void (*rows)(const uint16_t *const *, size_t, int32_t *, int64_t *, int64_t *, uint16_t *, uint16_t *);
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

#define ROWS_U16(NAME, TARGET, V, BLOCK, LOAD, STORE, XOR, ADD, PAIRS, ABOVE, BELOW, MIN, MAX, ONES, ALL) \
    __attribute__((target(TARGET))) static void NAME( \
        const uint16_t *const *row, size_t n, int32_t *restrict columns, int64_t *restrict profile, \
        int64_t *restrict sums, uint16_t *low, uint16_t *high) \
    { \
        const V half = ALL((short)HALF), one = ONES(1); \
        V least = ALL((short)(*low ^ HALF)), most = ALL((short)(*high ^ HALF)); \
        V of[4] = {ALL(0), ALL(0), ALL(0), ALL(0)}; \
        size_t i = 0; \
        for (; i + BLOCK <= n; i += BLOCK) { \
            V a = XOR(LOAD((const void *)(row[0] + i)), half), b = XOR(LOAD((const void *)(row[1] + i)), half); \
            V c = XOR(LOAD((const void *)(row[2] + i)), half), d = XOR(LOAD((const void *)(row[3] + i)), half); \
            V above = ADD(PAIRS(ABOVE(a, b), one), PAIRS(ABOVE(c, d), one)); \
            V below = ADD(PAIRS(BELOW(a, b), one), PAIRS(BELOW(c, d), one)); \
            STORE((void *)(columns + i), ADD(LOAD((const void *)(columns + i)), above)); \
            STORE((void *)(columns + i + BLOCK / 2), ADD(LOAD((const void *)(columns + i + BLOCK / 2)), below)); \
            of[0] = ADD(of[0], PAIRS(a, one)); \
            of[1] = ADD(of[1], PAIRS(b, one)); \
            of[2] = ADD(of[2], PAIRS(c, one)); \
            of[3] = ADD(of[3], PAIRS(d, one)); \
            least = MIN(least, MIN(MIN(a, b), MIN(c, d))); \
            most = MAX(most, MAX(MAX(a, b), MAX(c, d))); \
        } \
        uint16_t found[2][BLOCK]; \
        int32_t parts[BLOCK / 2]; \
        STORE((void *)found[0], XOR(least, half)); \
        STORE((void *)found[1], XOR(most, half)); \
        for (size_t k = 0; k < BLOCK; k++) { \
            *low = found[0][k] < *low ? found[0][k] : *low; \
            *high = found[1][k] > *high ? found[1][k] : *high; \
        } \
        for (size_t which = 0; which < 4; which++) { \
            STORE((void *)parts, of[which]); \
            sums[which] += (int64_t)i * HALF; \
            for (size_t k = 0; k < BLOCK / 2; k++) \
                sums[which] += parts[k]; \
            single_u16(row[which] + i, n - i, profile + i, sums + which, low, high); \
        } \
    }

ROWS_U16(rows_of_512, "avx512f,avx512bw", __m512i, 32, _mm512_loadu_si512, _mm512_storeu_si512, _mm512_xor_si512,
         _mm512_add_epi32, _mm512_madd_epi16, _mm512_unpacklo_epi16, _mm512_unpackhi_epi16, _mm512_min_epi16,
         _mm512_max_epi16, _mm512_set1_epi16, _mm512_set1_epi16)
ROWS_U16(rows_of_256, "avx2", __m256i, 16, _mm256_loadu_si256, _mm256_storeu_si256, _mm256_xor_si256,
         _mm256_add_epi32, _mm256_madd_epi16, _mm256_unpacklo_epi16, _mm256_unpackhi_epi16, _mm256_min_epi16,
         _mm256_max_epi16, _mm256_set1_epi16, _mm256_set1_epi16)
ROWS_U16(rows_of_128, "sse2", __m128i, 8, _mm_loadu_si128, _mm_storeu_si128, _mm_xor_si128,
         _mm_add_epi32, _mm_madd_epi16, _mm_unpacklo_epi16, _mm_unpackhi_epi16, _mm_min_epi16,
         _mm_max_epi16, _mm_set1_epi16, _mm_set1_epi16)

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
