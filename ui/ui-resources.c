#include "ui/ui-resources.h"

#include "lw-ui-resources.h"

void
lw_ui_resources_ensure (void)
{
  /* It registers itself once the linker has been made to keep it. */
  lw_ui_get_resource ();
}
