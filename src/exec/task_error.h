/* What a failure of a task that writes is called. SPARK FileFormatWriter.executeTask. */
#ifndef WEIR_EXEC_TASK_ERROR_H
#define WEIR_EXEC_TASK_ERROR_H
#include "plan/plan.h"

/* rc, with ctx->err: of the plan's rows, or of their writing to the folder at path. A failure that
 * Spark would have met in a task becomes TASK_WRITE_FAILED around it; one in a constant, in rows
 * that are literals or before a shuffle, and a row that breaks a rule of a Delta table, stay what
 * they are. */
weir_rc weir_task_failed(weir_ctx *, const weir_plan *, const char *path, weir_rc rc);
#endif
