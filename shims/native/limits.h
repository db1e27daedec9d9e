// The bounds of src/protocol/limits.ts and SPEC.md that this program keeps. test/unit/shim/limits.test.ts holds the two together.
#ifndef TURRET_LIMITS_H
#define TURRET_LIMITS_H

#define DATA_BYTES_MAX 65536
#define CONTROL_BYTES_MAX 262144
#define REGISTER_BYTES_MAX 1048576
#define UNAUTHENTICATED_BYTES_MAX 4096
#define JSON_DEPTH_MAX 32
#define WINDOW_BYTES 524288
#define CREDIT_BYTES_MAX 2147483647
#define HANDSHAKE_MS_MAX 5000
#define BROKER_ANSWER_MS_MAX 10000
#define INTERRUPT_TWICE_MS 2000
#define PARAMS_MAX 256
#define FACTS_MAX 16
#define FACT_BYTES_MAX 8192
#define FILES_MAX 64
#define FILE_ENTRIES_MAX 100000
#define FILE_HEADER_BYTES_MAX 32768
#define FILE_PATH_BYTES_MAX 4096
#define HANDOFF_PLACE_BYTES 8
#define HANDOFF_NAME_BYTES 22

#endif
