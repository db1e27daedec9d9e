// The end of a process that was a call, as its parent sees it; and the signals it gets before that.
#ifndef TURRET_ENDING_H
#define TURRET_ENDING_H

#include "json.h"

/** Without the file that was not finished. */
_Noreturn void end_with(int code);
/** By the signal itself, so that a shell sees 128+n and a loop in it stops on ^C. `name` is one of signal_known. */
_Noreturn void end_by_signal(const char *name);
/** The name when it is one a tool can have died of, without SIG; else NULL. */
const char *signal_known(const struct json_text *name);

/** What Node does at its start: every signal as it was for a process that nobody prepared. PIPE is told by the write. */
void signals_reset(void);
/** A descriptor with the signals that are for the tool, and changes of the terminal's size, from now on. */
int signals_begin(void);
/** The next one, without SIG, "WINCH" among them; NULL when there is none. */
const char *signals_next(int signals);

#endif
