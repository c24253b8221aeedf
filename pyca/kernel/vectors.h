/* Four rows of unsigned 16 bits, as words.h says it. Included once for each width of vectors, with
 *   TARGET      what a processor needs for them
 *   V, BLOCK    a vector, and how many pixels it holds
 *   OP(name), BITS(name)   an instruction for its numbers, and for all of its bits
 *   KEEP(v, least)         what is at least as high stays, the others become 0
 *   WIDE(name)  the name of a function for this width
 */

/* cleans and subtracts are known where this is called, and cost nothing. */
static inline __attribute__((target(TARGET), always_inline)) void WIDE(four)(
    const struct rows *rows, uint16_t threshold, size_t n, int32_t *restrict columns, int64_t *restrict profile,
    int64_t *restrict sums, uint16_t *low, uint16_t *high, const int cleans, const int subtracts)
{
    const V half = OP(set1_epi16)((short)HALF), one = OP(set1_epi16)(1), limit = OP(set1_epi16)((short)threshold);
    V least = OP(set1_epi16)((short)(*low ^ HALF)), most = OP(set1_epi16)((short)(*high ^ HALF));
    V of[4], row[4];
    for (size_t k = 0; k < 4; k++)
        of[k] = OP(set1_epi16)(0);
    size_t i = 0;
    for (; i + BLOCK <= n; i += BLOCK) {
        ask_for(rows, 2 * i);
        for (size_t k = 0; k < 4; k++) {
            V v = BITS(loadu)((const void *)((const uint16_t *)rows->from[k] + i));
            if (subtracts)
                v = OP(subs_epu16)(v, BITS(loadu)((const void *)((const uint16_t *)rows->under[k] + i)));
            if (cleans) {
                v = KEEP(v, limit);
                BITS(storeu)((void *)((uint16_t *)rows->to[k] + i), v);
            }
            row[k] = BITS(xor)(v, half);
            of[k] = OP(add_epi32)(of[k], OP(madd_epi16)(row[k], one));
            least = OP(min_epi16)(least, row[k]);
            most = OP(max_epi16)(most, row[k]);
        }
        V above = OP(add_epi32)(OP(madd_epi16)(OP(unpacklo_epi16)(row[0], row[1]), one),
                                OP(madd_epi16)(OP(unpacklo_epi16)(row[2], row[3]), one));
        V below = OP(add_epi32)(OP(madd_epi16)(OP(unpackhi_epi16)(row[0], row[1]), one),
                                OP(madd_epi16)(OP(unpackhi_epi16)(row[2], row[3]), one));
        void *here = columns + i, *there = columns + i + BLOCK / 2;
        BITS(storeu)(here, OP(add_epi32)(BITS(loadu)(here), above));
        BITS(storeu)(there, OP(add_epi32)(BITS(loadu)(there), below));
    }
    uint16_t lows[BLOCK], highs[BLOCK];
    int32_t parts[BLOCK / 2];
    BITS(storeu)((void *)lows, BITS(xor)(least, half));
    BITS(storeu)((void *)highs, BITS(xor)(most, half));
    for (size_t k = 0; k < BLOCK; k++) {
        *low = lows[k] < *low ? lows[k] : *low;
        *high = highs[k] > *high ? highs[k] : *high;
    }
    for (size_t k = 0; k < 4; k++) {
        const uint16_t *rest = (const uint16_t *)rows->from[k] + i;
        if (cleans) {
            uint16_t *own = (uint16_t *)rows->to[k] + i;
            clean_u16(rest, subtracts ? (const uint16_t *)rows->under[k] + i : NULL, threshold, own, n - i);
            rest = own;
        }
        BITS(storeu)((void *)parts, of[k]);
        sums[k] += (int64_t)i * HALF;
        for (size_t p = 0; p < BLOCK / 2; p++)
            sums[k] += parts[p];
        single_u16(rest, n - i, profile + i, sums + k, low, high);
    }
}

__attribute__((target(TARGET))) static void WIDE(rows)(
    const struct rows *rows, uint16_t threshold, size_t n, int32_t *restrict columns, int64_t *restrict profile,
    int64_t *restrict sums, uint16_t *low, uint16_t *high)
{
    if (!rows->to[0])
        WIDE(four)(rows, threshold, n, columns, profile, sums, low, high, 0, 0);
    else if (!rows->under[0])
        WIDE(four)(rows, threshold, n, columns, profile, sums, low, high, 1, 0);
    else
        WIDE(four)(rows, threshold, n, columns, profile, sums, low, high, 1, 1);
}

#undef TARGET
#undef V
#undef BLOCK
#undef OP
#undef BITS
#undef KEEP
#undef WIDE
