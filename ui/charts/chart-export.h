#pragma once

#include "ui/charts/chart-model.h"

/* Pictures of charts for papers and slides: what is in view, drawn by lw_chart_draw() on white whatever
 * the window looks like, with a title, a legend of all the runs, and axis titles. No widgets. */

G_BEGIN_DECLS

typedef enum {
  LW_PICTURE_PNG, /* two pixels for one */
  LW_PICTURE_SVG,
  LW_PICTURE_PDF, /* one page of the picture's size */
  LW_N_PICTURE_TYPES,
} LwPictureType;

typedef struct _LwPicture LwPicture;

/* The model's charts of n metrics, one above the other, in the part of the x axis that is in view.
 * `title` is UTF-8 or NULL. Drawn from the model when it is rendered: in the thread of the model. */
LwPicture       *lw_picture_new          (LwChartModel        *model,
                                          const LwChartMetric *metrics,
                                          guint                n_metrics,
                                          const char          *title) G_GNUC_WARN_UNUSED_RESULT;
void             lw_picture_free         (LwPicture *picture);

/* In pixels at scale 1. */
void             lw_picture_get_size     (const LwPicture *picture,
                                          int             *width,
                                          int             *height);

/* As pixels, two for one, CAIRO_FORMAT_ARGB32 without any transparency. Never NULL; out of memory it has an error status. */
cairo_surface_t *lw_picture_to_surface   (const LwPicture *picture) G_GNUC_WARN_UNUSED_RESULT;

/* As a file's content; NULL and one sentence when it could not be made. SVG and PDF name the picture and
 * its charts in words as well, since their text is drawn as outlines. */
GBytes          *lw_picture_to_bytes     (const LwPicture *picture,
                                          LwPictureType    type,
                                          GError         **error) G_GNUC_WARN_UNUSED_RESULT;

/* The type that a file's name asks for by its ending; FALSE when it is none of them. */
gboolean         lw_picture_type_of_path (const char    *path,
                                          LwPictureType *type);

/* "png", "svg", "pdf" */
const char      *lw_picture_type_ending  (LwPictureType type);

/* Writes the content so that an old file stays as it is until the new one is whole. In any thread. FALSE
 * and one sentence otherwise. */
gboolean         lw_picture_write        (const char *path,
                                          GBytes     *content,
                                          GError    **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LwPicture, lw_picture_free)

G_END_DECLS
