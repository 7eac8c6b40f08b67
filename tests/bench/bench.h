#pragma once

#include "engine/engine.h"

/* What the parts of layerwise-bench share: the clock, medians, and the one table that all figures
 * go to. Every figure is a median of repeated short spells; where figures are compared with one
 * another, their spells alternate, so that a machine that is disturbed disturbs all of them. */

G_BEGIN_DECLS

typedef struct {
  gboolean brief;     /* a smoke test: spells of a few milliseconds */
  double   spell;     /* seconds of one spell */
  guint    rounds;    /* spells of each figure, at most BENCH_MAX_ROUNDS */
  int      n_threads; /* what "all threads" means here */
} BenchOptions;

#define BENCH_MAX_ROUNDS 99

double      bench_now              (void); /* seconds, to the nanosecond */
double      bench_median           (guint n, double *values); /* sorts them; NAN of none */

/* --- The table --- */

typedef struct _BenchReport BenchReport;

typedef struct {
  const char *name;
  int         threads;      /* 0: does not apply */
  double      value;
  const char *unit;
  double      share;        /* of the multiply-add limit, 0 to 1; 0: does not apply */
  double      microseconds; /* of one run; 0: does not apply */
} BenchRow;

/* With `json`, nothing is printed but one object when the report is freed. */
BenchReport *bench_report_new      (gboolean json);
void         bench_report_free     (BenchReport *report);
void         bench_report_section  (BenchReport *report, const char *title);
void         bench_report_row      (BenchReport *report, const BenchRow *row);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BenchReport, bench_report_free)

/* --- The machine (machine.c) --- */

/* Floating-point operations a second of multiply-adds that need nothing but registers, on all of the
 * device's threads: the best run in this many seconds. What kernels are measured by. */
double      bench_peak             (LwDevice *device, double seconds);
/* Bytes a second: read from and written to memory while copying a block far larger than any cache;
 * only read, while adding one up. Medians. */
double      bench_copy_bandwidth   (LwDevice *device, const BenchOptions *options);
double      bench_read_bandwidth   (LwDevice *device, const BenchOptions *options);
void        bench_machine          (BenchReport *report, const BenchOptions *options, LwDevice *one,
                                    LwDevice *all);

/* --- Kernels (kernels.c) --- */

/* Every kernel of one instruction set, on one core. */
void        bench_kernels          (BenchReport *report, const BenchOptions *options,
                                    const LwKernels *kernels);

/* --- Workloads (workloads.c) --- */

/* Multiplications and additions of the matrix products in a training step or a prediction, for one
 * image of this height and width: every layer with weights costs its forward pass, as much again for
 * its weights' gradient, and all but the first again for its input's. */
double      bench_training_cost    (LwModelSpec *model, int height, int width);
double      bench_inference_cost   (LwModelSpec *model, int height, int width);

/* Images trained in a second, in steps through LwTraining as the command line takes them. */
double      bench_training_speed   (LwTraining *training, double seconds);
/* Images evaluated in a second, the whole of the test set at a time. */
double      bench_evaluation_speed (LwState *state, LwDevice *device, LwImages *images, double seconds);
/* Microseconds from one image to its ten probabilities, as the digit pad asks: the median. */
double      bench_latency          (LwState *state, LwDevice *device, LwImages *images, double seconds);

LwTraining *bench_training_new     (LwDevice *device, const char *preset, LwImages *images);
/* After a few steps of training. */
LwState    *bench_state_new        (LwDevice *device, const char *preset, LwImages *images);

/* Training, evaluation, latency and steady allocations of the presets. */
void        bench_workloads        (BenchReport *report, const BenchOptions *options, LwDevice *one,
                                    LwDevice *all, LwImages *images);
/* The most memory that `layerwise-cli train --preset tiny-cnn` ever held. To be called before this
 * process holds much itself: a child's record begins with its parent's. */
void        bench_peak_memory      (BenchReport *report, const BenchOptions *options, const char *cli);

/* --- Scale (scale.c, plot.c) --- */

/* Sides of a series: one thread, all threads. */
typedef enum { BENCH_ONE, BENCH_ALL, BENCH_N_SIDES } BenchSide;

typedef struct {
  double x;                      /* what grows */
  double cost;                   /* floating-point operations of a step (bench_training_cost ()) */
  double bytes;                  /* of a step's input and activations */
  double weights;                /* bytes of the largest layer's weights */
  double limit[BENCH_N_SIDES];   /* seconds of `cost` at the multiply-add limit */
  double seconds[BENCH_N_SIDES]; /* of a step, the median */
} BenchPoint;

typedef struct {
  const char *title;
  const char *axis;
  guint       n_sides; /* 1: there is only BENCH_ONE */
  guint       n;
  BenchPoint  points[16];
} BenchSeries;

/* Times steps against batch size, image size, channels, depth and threads; prints a table with local
 * slopes and draws directory/scale.png. */
gboolean    bench_scale            (const BenchOptions *options, LwDevice *one, LwDevice *all,
                                    const char *directory, GError **error);
/* One log-log panel for each series: the time of a step, and of its arithmetic at the limit. */
gboolean    bench_plot             (const char *path, const BenchSeries *series, guint n,
                                    int n_threads, GError **error);

G_END_DECLS
