/* One pass over an image: lowest and highest pixel, and the sums of all columns and rows; on its way an image
 * may be cleaned, which means that a background is subtracted and what is too dark becomes 0.
 *
 * Four rows are taken at a time, so that the sums of the columns are loaded and stored once for all of them. An
 * image that is cleaned is looked at while those four rows are still in the processor's fastest memory. The
 * next four are asked for meanwhile: a processor does not see by itself that these places belong together.
 *
 * Included once for each type of pixel, with
 *   T            the type of a pixel
 *   S            the type of the sums of columns, good for FLUSH pixels
 *   P            the type of the sums that are returned: int64_t or double
 *   LESS(p, b)   a pixel less its background, as far as T can tell it
 *   FN(name)     the name of a function for this type
 *   FIRST_LOW, FIRST_HIGH   what every pixel is at most and at least
 *   OWN_ROWS     a file in which rows() and flush() are written by hand, where there is one
 */

CLONES static void FN(clean)(const T *restrict from, const T *restrict background, T threshold, T *restrict to, size_t n)
{
    if (background) {
        for (size_t i = 0; i < n; i++) {
            T d = LESS(from[i], background[i]);
            to[i] = d < threshold ? 0 : d;
        }
    } else {
        for (size_t i = 0; i < n; i++)
            to[i] = from[i] < threshold ? 0 : from[i];
    }
}

/* Takes a piece of one row. */
static void FN(single)(const T *restrict row, size_t n, P *restrict profile, P *restrict sum, T *low, T *high)
{
    T least = *low, most = *high;
    P whole = 0;
    for (size_t i = 0; i < n; i++) {
        T p = row[i];
        profile[i] += p;
        whole += p;
        least = p < least ? p : least;
        most = p > most ? p : most;
    }
    *sum += whole;
    *low = least;
    *high = most;
}

#ifdef OWN_ROWS
#include OWN_ROWS
#else

/* Looks at four rows twice: for their sums, and for what is lowest and highest. That is kept in lanes: then each
 * comparison stands for itself, and one with what is no number is false and changes nothing, in whatever order. */
CLONES static void FN(sum_rows)(const struct rows *rows, const T *const *row, size_t n, S *restrict columns,
                                P *restrict profile, P *restrict sums, T *low, T *high)
{
    const T *restrict a = row[0], *restrict b = row[1], *restrict c = row[2], *restrict d = row[3];
    T least[LANES], most[LANES];
    S of_a = 0, of_b = 0, of_c = 0, of_d = 0; /* good for a row of a piece as well */
    size_t whole = n / LANES * LANES, end;
    for (size_t k = 0; k < LANES; k++) {
        least[k] = *low;
        most[k] = *high;
    }
    for (size_t begin = 0; begin < whole; begin = end) {
        end = whole - begin < SPAN ? whole : begin + SPAN;
        for (size_t i = begin; i < end; i++) {
            columns[i] += (S)a[i] + (S)b[i] + (S)c[i] + (S)d[i];
            of_a += a[i];
            of_b += b[i];
            of_c += c[i];
            of_d += d[i];
        }
        for (size_t i = begin; i < end; i += LANES) {
            for (size_t line = i * sizeof(T); line < (i + LANES) * sizeof(T); line += LINE)
                ask_for(rows, line);
            for (size_t k = 0; k < LANES; k++) {
                T p = a[i + k], q = b[i + k], r = c[i + k], s = d[i + k], l = least[k], m = most[k];
                l = p < l ? p : l;
                l = q < l ? q : l;
                l = r < l ? r : l;
                least[k] = s < l ? s : l;
                m = p > m ? p : m;
                m = q > m ? q : m;
                m = r > m ? r : m;
                most[k] = s > m ? s : m;
            }
        }
    }
    for (size_t k = 0; k < LANES; k++) {
        *low = least[k] < *low ? least[k] : *low;
        *high = most[k] > *high ? most[k] : *high;
    }
    sums[0] += of_a;
    sums[1] += of_b;
    sums[2] += of_c;
    sums[3] += of_d;
    for (size_t k = 0; k < 4; k++)
        FN(single)(row[k] + whole, n - whole, profile + whole, sums + k, low, high);
}

/* Takes four rows. */
static void FN(rows)(const struct rows *rows, T threshold, size_t n, S *restrict columns, P *restrict profile,
                     P *restrict sums, T *low, T *high)
{
    const T *row[4];
    for (size_t k = 0; k < 4; k++) {
        row[k] = rows->to[0] ? rows->to[k] : rows->from[k];
        if (rows->to[0])
            FN(clean)(rows->from[k], rows->under[k], threshold, rows->to[k], n);
    }
    FN(sum_rows)(rows, row, n, columns, profile, sums, low, high);
}

/* Adds what has been summed up to the sums that are returned, and begins anew. */
static void FN(flush)(S *restrict columns, size_t n, size_t fours, P *restrict profile)
{
    (void)fours;
    for (size_t i = 0; i < n; i++) {
        profile[i] += columns[i];
        columns[i] = 0;
    }
}

#endif

static void FN(pass)(const struct task *task)
{
    P *x = task->x_profile, *y = task->y_profile;
    T low = FIRST_LOW, high = FIRST_HIGH, threshold = (T)task->threshold;
    S columns[CHUNK] = {0};
    for (size_t left = 0; left < task->width; left += CHUNK) {
        size_t n = task->width - left < CHUNK ? task->width - left : CHUNK, fours = 0, top = 0;
        struct rows rows;
        for (; top + 4 <= task->height; top += 4) {
            rows_of(task, top, 4, left, sizeof(T), &rows);
            FN(rows)(&rows, threshold, n, columns, x + left, y + top, &low, &high);
            if (++fours * 4 >= FLUSH) {
                FN(flush)(columns, n, fours, x + left);
                fours = 0;
            }
        }
        FN(flush)(columns, n, fours, x + left);
        size_t rest = task->height - top;
        rows_of(task, top, rest, left, sizeof(T), &rows);
        for (size_t k = 0; k < rest; k++) {
            if (rows.to[k])
                FN(clean)(rows.from[k], rows.under[k], threshold, rows.to[k], n);
            FN(single)(rows.to[k] ? rows.to[k] : rows.from[k], n, x + left, y + top + k, &low, &high);
        }
    }
    *(T *)task->low = low;
    *(T *)task->high = high;
}
