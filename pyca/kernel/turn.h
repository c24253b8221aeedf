/* An image turned about its middle, each pixel made of the four around the place that it comes from: once for each type
 * of pixel, see pass.h. */

#ifndef PIECE
#define PIECE 128 /* pixels that are made together: places, loads and mixing are loops of their own, of which two vectorise */
#endif

static inline T FN(rounded)(double value)
{
    if ((T)0.5 != 0) /* of fractions */
        return (T)value;
    return (T)(value < 0 ? value - 0.5 : value + 0.5);
}

CLONES static void FN(turn)(const struct turn *task)
{
    const double c = task->cosine, s = task->sine;
    const double bottom = (double)(task->height - 1), right = (double)(task->width - 1);
    /* Where the first pixel comes from. */
    const double first_y = bottom / 2 - (c * bottom + s * right) / 2, first_x = right / 2 - (c * right - s * bottom) / 2;
    /* The last row has none below it: the one above it and the whole weight stand for that. The same for columns. */
    const double last_y = task->height > 1 ? bottom - 1 : 0, last_x = task->width > 1 ? right - 1 : 0;
    const ptrdiff_t below = task->height > 1 ? task->stride : 0, beside = task->width > 1 ? 1 : 0;
    const T fill = FN(rounded)(task->fill);
    double down[PIECE], over[PIECE];
    int32_t above[PIECE], left[PIECE];
    T corner[4][PIECE];
    for (size_t row = 0; row < task->height; row++) {
        T *restrict to = (T *)task->to + row * task->width;
        const double from_y = first_y + (double)row * c, from_x = first_x - (double)row * s;
#define INSIDE(x) (from_y + (double)(x) * s >= 0 && from_y + (double)(x) * s <= bottom && \
                   from_x + (double)(x) * c >= 0 && from_x + (double)(x) * c <= right)
        size_t begin = 0, end = task->width;
        while (begin < end && !INSIDE(begin))
            to[begin++] = fill;
        while (end > begin && !INSIDE(end - 1))
            to[--end] = fill;
#undef INSIDE
        for (; begin < end; begin += PIECE) {
            const int32_t n = (int32_t)(end - begin < PIECE ? end - begin : PIECE), start = (int32_t)begin;
            for (int32_t i = 0; i < n; i++) {
                const double y = from_y + (double)(start + i) * s, x = from_x + (double)(start + i) * c;
                above[i] = (int32_t)(y < last_y ? y : last_y);
                left[i] = (int32_t)(x < last_x ? x : last_x);
                down[i] = y - above[i];
                over[i] = x - left[i];
            }
            for (int32_t i = 0; i < n; i++) {
                const T *one = (const T *)(task->image + above[i] * task->stride) + left[i];
                const T *other = (const T *)((const char *)one + below);
                corner[0][i] = one[0];
                corner[1][i] = one[beside];
                corner[2][i] = other[0];
                corner[3][i] = other[beside];
            }
            for (int32_t i = 0; i < n; i++) {
                const double upper = (double)corner[0][i] * (1 - over[i]) + (double)corner[1][i] * over[i];
                const double lower = (double)corner[2][i] * (1 - over[i]) + (double)corner[3][i] * over[i];
                to[begin + (size_t)i] = FN(rounded)(upper * (1 - down[i]) + lower * down[i]);
            }
        }
    }
}
