/* Sums over bands of rows, or of columns: once for each type of pixel, see pass.h. A band is what lies from one edge to
 * before another. */

/* Adds rows of pixels, up to FLUSH of them, to sums of columns; asks for the next four meanwhile. */
CLONES static void FN(add_rows)(const char *rows, ptrdiff_t stride, size_t count, size_t n, S *restrict columns)
{
    size_t k = 0;
    for (; k + 4 <= count; k += 4, rows += 4 * stride) {
        const T *restrict a = (const T *)rows, *restrict b = (const T *)(rows + stride);
        const T *restrict c = (const T *)(rows + 2 * stride), *restrict d = (const T *)(rows + 3 * stride);
        ptrdiff_t next = k + 8 <= count ? 4 * stride : 0;
        size_t i = 0;
        for (; i + LANES <= n; i += LANES) {
            for (const char *at = (const char *)(a + i); at < (const char *)(a + i + LANES); at += LINE)
                for (ptrdiff_t j = 0; j < 4; j++)
                    __builtin_prefetch(at + next + j * stride);
            for (size_t j = i; j < i + LANES; j++)
                columns[j] += (S)a[j] + (S)b[j] + (S)c[j] + (S)d[j];
        }
        for (; i < n; i++)
            columns[i] += (S)a[i] + (S)b[i] + (S)c[i] + (S)d[i];
    }
    for (; k < count; k++, rows += stride) {
        const T *restrict a = (const T *)rows;
        for (size_t i = 0; i < n; i++)
            columns[i] += a[i];
    }
}

static void FN(bands_of_rows)(const struct bands *task)
{
    S columns[CHUNK];
    for (size_t band = 0; band < task->count; band++) {
        P *sums = (P *)task->sums + band * task->width;
        size_t from = (size_t)task->edges[2 * band], to = (size_t)task->edges[2 * band + 1];
        for (size_t left = 0; left < task->width; left += CHUNK) {
            size_t n = task->width - left < CHUNK ? task->width - left : CHUNK;
            for (size_t top = from; top < to; top += FLUSH) {
                memset(columns, 0, n * sizeof *columns);
                const char *rows = task->image + (ptrdiff_t)top * task->stride + left * sizeof(T);
                FN(add_rows)(rows, task->stride, to - top < FLUSH ? to - top : FLUSH, n, columns);
                for (size_t i = 0; i < n; i++)
                    sums[left + i] += columns[i];
            }
        }
    }
}

CLONES static P FN(sum)(const T *row, size_t n)
{
    P whole = 0;
    for (size_t left = 0; left < n; left += FLUSH) {
        size_t end = n - left < FLUSH ? n : left + FLUSH;
        S part = 0;
        for (size_t i = left; i < end; i++)
            part += row[i];
        whole += part;
    }
    return whole;
}

static void FN(bands_of_columns)(const struct bands *task)
{
    P *sums = task->sums;
    for (size_t y = 0; y < task->height; y++) {
        const T *row = (const T *)(task->image + (ptrdiff_t)y * task->stride);
        for (size_t band = 0; band < task->count; band++) {
            const int64_t *edge = task->edges + 2 * band;
            sums[band * task->height + y] = FN(sum)(row + edge[0], (size_t)(edge[1] - edge[0]));
        }
    }
}
