// The program's own name has no tool behind it: called by it, it shows that it works on this machine.
#ifndef TURRET_SELF_TEST_H
#define TURRET_SELF_TEST_H

#define SELF_TEST_NAME "turret-shim"

/** Vectors of SPEC.md. Prints its name and version and returns 0, or returns 1. */
int self_test(void);

#endif
