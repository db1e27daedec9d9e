// What a tool would take from its surroundings, answered by name. Only what is on these lists is ever told: a broker or repeater that asks
// for more gets nothing, for an environment is where people keep their secrets. As src/client/gather-facts.ts.
#ifndef TURRET_FACTS_H
#define TURRET_FACTS_H

#include "json.h"
#include "limits.h"

/** One more than a call may carry: the broker says that itself. */
#define FACTS_KEPT_MAX (FACTS_MAX + 1)

struct facts {
  struct fact {
    char *name;
    /** NULL until it was looked for; "" where there is no answer, or none for others to know. */
    char *answer;
  } list[FACTS_KEPT_MAX];
  size_t count;
};
/** Adds the names of a list of END; what is no name of a fact is left out. Returns how many texts the list holds. */
size_t facts_ask(struct facts *facts, const struct json *json, const struct json_value *names);
/** Answers what is asked. `signals` is for a signal meanwhile, which ends this process. */
void facts_gather(struct facts *facts, int signals);
/** `,"facts":{…}`, or nothing. */
void facts_add(struct bytes *to, const struct facts *facts);

#endif
