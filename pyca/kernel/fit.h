/* The fit of offset + amplitude · exp(-(x - mean)² / 2σ²) by Levenberg and Marquardt's method, with the exact derivatives.
 *
 * All that one step needs are sums over the profile: they are found in one pass, so that a step costs little more than
 * the exponentials. */

#define PARAMETERS 4
#define MOST_STEPS 100
#define SMALL_STEP 1e-8

enum { OFFSET, AMPLITUDE, MEAN, SIGMA };

struct sums {
    double e, ez, ezz, ee, eez, eezz, eezzz, eezzzz; /* of the exponential e and the distance z, in σ */
    double r, re, rez, rezz, rr;                     /* of the rest r that is not explained */
};

/* exp(t) for -700 ≤ t ≤ 0, by a series around the next power of two. No branch and no call, so that a compiler makes
 * it for several numbers at once. */
static inline double exponential(double t)
{
    int32_t n = (int32_t)(t * 1.4426950408889634 - 0.5);
    double r = t - n * 0.6931471805599453;
    double p = 1.0 / 479001600;
    p = p * r + 1.0 / 39916800;
    p = p * r + 1.0 / 3628800;
    p = p * r + 1.0 / 362880;
    p = p * r + 1.0 / 40320;
    p = p * r + 1.0 / 5040;
    p = p * r + 1.0 / 720;
    p = p * r + 1.0 / 120;
    p = p * r + 1.0 / 24;
    p = p * r + 1.0 / 6;
    p = p * r + 0.5;
    p = p * r + 1.0;
    p = p * r + 1.0;
    uint64_t bits;
    memcpy(&bits, &p, sizeof bits);
    bits += (uint64_t)(int64_t)n << 52;
    memcpy(&p, &bits, sizeof bits);
    return p;
}

/* Distances z from the mean, in σ, and the exponentials e, of a block of points. Loops of their own, which a compiler
 * makes for several points at once; t is no number where z is none. */
#define POINTS 256

static inline void distances(const float *restrict x, size_t n, double mean, double per, double *restrict z, double *restrict e)
{
    for (size_t i = 0; i < n; i++) {
        double t = (x[i] - mean) * per;
        z[i] = t;
        t *= -0.5 * t;
        e[i] = t > -700.0 ? t : -700.0;
    }
    for (size_t i = 0; i < n; i++)
        e[i] = exponential(e[i]);
}

CLONES static void draw(const float *restrict x, size_t n, const double *p, float *restrict y)
{
    double z[POINTS], e[POINTS];
    for (size_t left = 0; left < n; left += POINTS) {
        size_t m = n - left < POINTS ? n - left : POINTS;
        distances(x + left, m, p[MEAN], 1.0 / p[SIGMA], z, e);
        for (size_t i = 0; i < m; i++)
            y[left + i] = (float)(p[OFFSET] + p[AMPLITUDE] * e[i]);
    }
}

CLONES static void sum_up(const float *restrict x, const float *restrict y, size_t n, const double *p, struct sums *found)
{
    double distance[POINTS], exponentials[POINTS], offset = p[OFFSET], amplitude = p[AMPLITUDE];
    double e_ = 0, ez = 0, ezz = 0, ee = 0, eez = 0, eezz = 0, eezzz = 0, eezzzz = 0;
    double r_ = 0, re = 0, rez = 0, rezz = 0, rr = 0;
    for (size_t left = 0; left < n; left += POINTS) {
        size_t m = n - left < POINTS ? n - left : POINTS;
        distances(x + left, m, p[MEAN], 1.0 / p[SIGMA], distance, exponentials);
        for (size_t i = 0; i < m; i++) {
            double z = distance[i], e = exponentials[i];
            double r = y[left + i] - (offset + amplitude * e);
            double a = e * z, b = a * z;
            e_ += e;
            ez += a;
            ezz += b;
            ee += e * e;
            eez += e * a;
            eezz += a * a;
            eezzz += a * b;
            eezzzz += b * b;
            r_ += r;
            re += r * e;
            rez += r * a;
            rezz += r * b;
            rr += r * r;
        }
    }
    *found = (struct sums){e_, ez, ezz, ee, eez, eezz, eezzz, eezzzz, r_, re, rez, rezz, rr};
}

/* Solves a symmetric, positive system of equations in place; returns 0 where it is neither. */
static int solve(double a[PARAMETERS][PARAMETERS], double *b)
{
    for (int i = 0; i < PARAMETERS; i++) {
        for (int j = 0; j <= i; j++) {
            double s = a[i][j];
            for (int k = 0; k < j; k++)
                s -= a[i][k] * a[j][k];
            if (i == j) {
                if (!(s > 0.0))
                    return 0;
                a[i][i] = sqrt(s);
            } else {
                a[i][j] = s / a[j][j];
            }
        }
    }
    for (int i = 0; i < PARAMETERS; i++) {
        for (int k = 0; k < i; k++)
            b[i] -= a[i][k] * b[k];
        b[i] /= a[i][i];
    }
    for (int i = PARAMETERS - 1; i >= 0; i--) {
        for (int k = i + 1; k < PARAMETERS; k++)
            b[i] -= a[k][i] * b[k];
        b[i] /= a[i][i];
    }
    return 1;
}

/* Finds the step from some parameters; returns 0 where there is none. */
static int step_from(const struct sums *s, const double *p, size_t n, double damping, double *step)
{
    double f = p[AMPLITUDE] / p[SIGMA], w = (double)n * (1.0 + damping), d = 1.0 + damping;
    double a[PARAMETERS][PARAMETERS] = {
        {w, 0, 0, 0},
        {s->e, s->ee * d, 0, 0},
        {f * s->ez, f * s->eez, f * f * s->eezz * d, 0},
        {f * s->ezz, f * s->eezz, f * f * s->eezzz, f * f * s->eezzzz * d},
    };
    step[OFFSET] = s->r;
    step[AMPLITUDE] = s->re;
    step[MEAN] = f * s->rez;
    step[SIGMA] = f * s->rezz;
    return solve(a, step);
}

static int is_small(const double *step, const double *p)
{
    double height = fabs(p[AMPLITUDE]) + fabs(p[OFFSET]), width = fabs(p[SIGMA]);
    return fabs(step[OFFSET]) <= SMALL_STEP * height && fabs(step[AMPLITUDE]) <= SMALL_STEP * height &&
           fabs(step[MEAN]) <= SMALL_STEP * width && fabs(step[SIGMA]) <= SMALL_STEP * width;
}

/* Improves parameters until that makes no difference any more. Returns 1 where that came about, and the sum of the
 * squares of what is not explained. */
static int improve(const float *x, const float *y, size_t n, double *p, double *unexplained)
{
    struct sums now, then;
    double damping = 1e-3;
    int done = 0;
    sum_up(x, y, n, p, &now);
    for (int turn = 0; turn < MOST_STEPS && !done; turn++) {
        double step[PARAMETERS], next[PARAMETERS];
        if (!step_from(&now, p, n, damping, step)) {
            if ((damping *= 10.0) > 1e12)
                break;
            continue;
        }
        for (int i = 0; i < PARAMETERS; i++)
            next[i] = p[i] + step[i];
        sum_up(x, y, n, next, &then);
        int small = is_small(step, p);
        if (then.rr <= now.rr) {
            done = small && damping <= 1e-2;
            memcpy(p, next, sizeof next);
            now = then;
            damping = damping > 1e-11 ? damping * 0.1 : damping;
        } else if (small) {
            done = 1; /* nothing is left but the last digits */
        } else if ((damping *= 10.0) > 1e12) {
            break;
        }
    }
    *unexplained = now.rr;
    return done;
}

#define FEWEST 5      /* points by which four parameters are more than met */
#define EXPLAINED 0.5 /* of a profile's variance, by a fit that is one beyond doubt */

/* Finds where a fit begins, and the variance times n; σ is negative on an axis that descends. */
static void start(const float *restrict x, const float *restrict y, size_t n, double *p, double *variance)
{
    float low = y[0], high = y[0];
    double whole = 0.0, area = 0.0, squares = 0.0;
    size_t top = 0;
    for (size_t i = 0; i < n; i++) {
        low = y[i] < low ? y[i] : low;
        high = y[i] > high ? y[i] : high;
        whole += y[i];
    }
    while (top < n - 1 && y[top] != high)
        top++;
    for (size_t i = 0; i < n; i++)
        squares += (y[i] - whole / (double)n) * (y[i] - whole / (double)n);
    for (size_t i = 1; i < n; i++)
        area += (((double)y[i] - low) + ((double)y[i - 1] - low)) * ((double)x[i] - x[i - 1]);
    p[OFFSET] = low;
    p[AMPLITUDE] = (double)high - low;
    p[MEAN] = x[top];
    p[SIGMA] = high > low ? area / 2.0 / (p[AMPLITUDE] * sqrt(2.0 * 3.14159265358979323846)) : 1.0;
    *variance = squares;
}

static int are_numbers(const double *p)
{
    return isfinite(p[OFFSET]) && isfinite(p[AMPLITUDE]) && isfinite(p[MEAN]) && isfinite(p[SIGMA]);
}

/* Finds where a fit begins and the parameters that fit; returns whether they do beyond doubt. n is not 0. */
static int search(const float *x, const float *y, size_t n, double *begin, double *found)
{
    double variance, unexplained, span = fabs((double)x[n - 1] - x[0]);
    start(x, y, n, begin, &variance);
    memcpy(found, begin, PARAMETERS * sizeof *found);
    if (n < FEWEST || begin[AMPLITUDE] == 0.0 || begin[SIGMA] == 0.0 || !are_numbers(begin))
        return 0;
    return improve(x, y, n, found, &unexplained) && are_numbers(found) && unexplained <= (1.0 - EXPLAINED) * variance &&
           fabs(found[SIGMA]) > 0.1 * span / (double)(n - 1) && fabs(found[SIGMA]) < 2.0 * span;
}
