// Every bound in Turret, in one place, unit last. SPEC.md lists the ones a second implementer needs;
// test/tidy.test.ts holds the two together.

/** Largest DATA payload. */
export const DATA_BYTES_MAX = 65_536;
/** Largest JSON control payload (CALL, END, STATUS …). */
export const CONTROL_BYTES_MAX = 262_144;
/** Largest REGISTER payload. */
export const REGISTER_BYTES_MAX = 1_048_576;
/** Largest payload of any frame before the connection is authenticated. */
export const UNAUTHENTICATED_BYTES_MAX = 4_096;
/** Nesting allowed in a JSON control payload. */
export const JSON_DEPTH_MAX = 32;
/** Initial credit per stream and channel. */
export const WINDOW_BYTES = 524_288;
/** Largest credit a peer may hold. */
export const CREDIT_BYTES_MAX = 2_147_483_647;
/** Concurrent streams per connection. */
export const CONNECTION_STREAMS_MAX = 128;
/** Connections per session, authenticated. */
export const SESSION_CONNECTIONS_MAX = 256;
/** Connections that have not finished the handshake. */
export const UNAUTHENTICATED_CONNECTIONS_MAX = 64;
/** Time to finish the handshake. */
export const HANDSHAKE_MS_MAX = 5_000;
/** Delay before a failed AUTH is answered. */
export const AUTH_FAILURE_DELAY_MS = 250;

/** Words in one command line. */
export const ARGV_ITEMS_MAX = 512;
/** Bytes in one command line, all words together. */
export const ARGV_BYTES_MAX = 131_072;
/** Bytes in one word of a command line. */
export const ARGV_WORD_BYTES_MAX = 8_192;
/** Params in one capability. */
export const PARAMS_MAX = 256;
/** Capabilities one call may need. */
export const CAPABILITIES_MAX = 16;
/** Facts one call may be asked for, and the bytes of each. */
export const FACTS_MAX = 16;
export const FACT_BYTES_MAX = 8_192;
/** Files one call may name. */
export const FILES_MAX = 64;
/** Entries in one tree of files carried by value. */
export const FILE_ENTRIES_MAX = 100_000;
/** Bytes of one path carried by value. */
export const FILE_PATH_BYTES_MAX = 4_096;

/** Time a repeater has to resolve a request. */
export const RESOLVE_MS_MAX = 10_000;
/** Time a repeater has to start and register. */
export const REPEATER_START_MS_MAX = 10_000;
/** Time a call may run when nothing else is configured, and the most that can be configured. */
export const CALL_MS_DEFAULT = 3_600_000;
export const CALL_MS_MAX = 43_200_000;
/** Time between CANCEL and the repeater's END. */
export const CANCEL_GRACE_MS = 5_000;
/** Second ^C within this time cancels instead of signalling. */
export const INTERRUPT_TWICE_MS = 2_000;
/** Repeater crashes within a minute that open the circuit. */
export const REPEATER_CRASHES_MAX = 5;
/** What is kept of all a repeater says on stderr. */
export const REPEATER_LOG_BYTES_MAX = 2_097_152;
/**
 * A broker that is there and does not answer within this time is stuck. One that died is known at once, by its socket; this
 * is for a machine on which two hundred calls begin together.
 */
export const BROKER_ANSWER_MS_MAX = 10_000;

/** Steps from the session's token to one that was handed on, children of one token at a time, and all that a broker remembers of a session or agent. */
export const TOKEN_DEPTH_MAX = 4;
export const TOKEN_CHILDREN_MAX = 64;
export const SESSION_TOKENS_MAX = 1_024;
/** What is signed to hand on a token, and the alternatives in it. */
export const DELEGATION_BYTES_MAX = 16_384;
/** Agents of one server, and the life of their tokens. */
export const AGENTS_MAX = 256;
export const AGENT_TOKEN_MS_MAX = 31_622_400_000;
/** Time the calls of a server that stops have to end. */
export const DRAIN_MS_MAX = 10_000;
export const GRANTS_MAX = 32;
/** A token is valid no longer than this, even when the agent runs on. */
export const TOKEN_MS_MAX = 43_200_000;
/** Socket paths longer than this do not fit `sun_path` everywhere (macOS 104, Linux 108, both with NUL). */
export const SOCKET_PATH_BYTES_MAX = 103;

/** Largest turret.yaml. */
export const CONFIG_BYTES_MAX = 262_144;
/** Rules in one policy, and conditions in one rule. */
export const RULES_MAX = 20_000;
export const RULE_CONDITIONS_MAX = 32;
/** Longest pattern. */
export const PATTERN_BYTES_MAX = 1_024;

/** Longest audit line. Longer values are cut before they are hashed, and the cut is recorded. */
export const AUDIT_LINE_BYTES_MAX = 65_536;
/** Records between two checkpoints, and time between them. */
export const CHECKPOINT_RECORDS = 64;
export const CHECKPOINT_MS = 10_000;

/** Request body the injectors hold in memory because its hash must be signed. */
export const INJECTOR_BODY_BYTES_MAX = 104_857_600;
/** Request head the injectors accept. */
export const INJECTOR_HEADER_BYTES_MAX = 65_536;
/** Age of the dummy signature an injector accepts. */
export const INJECTOR_SIGNATURE_AGE_MS_MAX = 300_000;
/** Requests one approved call may send. */
export const INJECTOR_REQUESTS_MAX = 1_000_000;

/** Time an injector keeps a connection upstream that nobody uses. One that the other end is just closing fails a call. */
export const INJECTOR_IDLE_MS_MAX = 2_000;

/** One header in a stream of files: a path of FILE_PATH_BYTES_MAX fits, however it is escaped. */
export const FILE_HEADER_BYTES_MAX = 32_768;
/** Other matching rules that a decision names. */
export const DECISION_OTHERS_MAX = 16;

/** PING to a repeater, and how many unanswered ones mean it is gone. */
export const PING_MS = 15_000;
export const PING_MISSES_MAX = 2;
/** Actions one repeater may register. */
export const ACTIONS_MAX = 4_096;
/** Time a session has to end its calls and repeaters when the agent is gone. */
export const CLOSE_MS_MAX = 2_000;
/** Time a read-only record may wait for its fdatasync, so that many share one. */
export const AUDIT_GROUP_COMMIT_MS = 5;
/** Findings a verifier keeps, and calls without an end it lists; it counts the rest. */
export const AUDIT_FINDINGS_MAX = 1_000;
/** GraphQL request the gh injector reads to check it, tokens of one document, and addresses it remembers per call. */
export const INJECTOR_GRAPHQL_BYTES_MAX = 4_194_304;
export const GRAPHQL_TOKENS_MAX = 20_000;
export const INJECTOR_HANDED_OUT_MAX = 100_000;
/** Time a CLI has to say its version, or to hand over a stored credential. */
export const CLI_ANSWER_MS_MAX = 8_000;

/** Time a sandbox has to run `true`. */
export const PROBE_MS_MAX = 5_000;
/** One line of a repeater that speaks JSON lines, its end included. */
export const LINE_BYTES_MAX = 262_144;
/** What is read of another program's credential file, to find names in it. */
export const CREDENTIAL_FILE_BYTES_MAX = 1_048_576;
/** Time an escape attempt of `turret doctor` may take to connect, and all of them together. */
export const ATTEMPT_CONNECT_MS_MAX = 300;
export const ATTEMPTS_MS_MAX = 10_000;
/** Secrets one repeater looks for in what it sends; a renewed one pushes out the oldest. */
export const REDACTED_SECRETS_MAX = 64;
/** Time bytes that may be the beginning of a secret wait for the rest of it, and how many go out after it. More wait for the end. */
export const REDACTION_HOLD_MS_MAX = 100;
export const REDACTION_EARLY_BYTES_MAX = 3;
/** Silence after the end of a program that ends its output, although something it started still holds it open. */
export const ORPHAN_OUTPUT_MS = 100;
/** Output of a probe or of the doctor's attempts. */
export const CAPTURED_BYTES_MAX = 1_048_576;

/** The vault's file, and the secrets and ways to open it that it holds. */
export const VAULT_BYTES_MAX = 16_777_216;
export const VAULT_ITEMS_MAX = 1_000;
export const VAULT_SLOTS_MAX = 16;
/** One secret. */
export const SECRET_BYTES_MAX = 65_536;
/** A passphrase one chooses, and what is read of one that is typed. */
export const PASSPHRASE_CHARACTERS_MIN = 8;
export const TYPED_BYTES_MAX = 65_536;
/** Memory that a vault's file may ask scrypt to take. */
export const SCRYPT_BYTES_MAX = 1_073_741_824;
/** Time a program has to say a secret; it may ask its owner to unlock something. */
export const SECRET_COMMAND_MS_MAX = 120_000;

/** Request to a model: held in memory, because what it asks for is compared with what was decided. All of them together. */
export const LLM_REQUEST_BYTES_MAX = 33_554_432;
export const LLM_REQUESTS_BYTES_MAX = 134_217_728;
/** One event, or one document, in which the usage of an answer is looked for. */
export const LLM_ANSWER_BYTES_MAX = 16_777_216;
/** Path and query of an http request, and all headers it may bring along. */
export const HTTP_PATH_BYTES_MAX = 8_192;
export const HTTP_QUERY_BYTES_MAX = 32_768;
export const HTTP_HEADERS_MAX = 64;
export const HTTP_HEADER_BYTES_MAX = 8_192;
/** A body that is not longer is sent with its length, a longer one in chunks. */
export const HTTP_BODY_HELD_BYTES_MAX = 262_144;
/** Request and answer of one http call. */
export const HTTP_REQUEST_BYTES_MAX = 5_368_709_120;
export const HTTP_ANSWER_BYTES_MAX = 2_147_483_648;
/** Head of an upstream's answer. */
export const HTTP_ANSWER_HEAD_BYTES_MAX = 65_536;
/** Time an upstream has to accept a connection, and to send the next bytes of its answer when nothing else is configured. */
export const HTTP_CONNECT_MS_MAX = 10_000;
export const HTTP_SILENCE_S_DEFAULT = 600;
/** Requests one http repeater performs at once, and one gateway passes on. */
export const HTTP_REQUESTS_MAX = 64;
/** Head of a request to the gateway, and time a client has to send it. */
export const GATEWAY_HEADER_BYTES_MAX = 65_536;
export const GATEWAY_HEADER_MS_MAX = 30_000;
/** What one process of a real CLI may write to in memory. Both CLIs start with less than 100 MiB. */
export const CLI_DATA_BYTES_MAX = 2_147_483_648;
/** Processes and threads of one call's real CLI. */
export const CLI_TASKS_MAX = 512;
/** One file a real CLI writes, and all that it prints in one call. */
export const CLI_FILE_BYTES_MAX = 274_877_906_944;
export const CLI_OUTPUT_BYTES_MAX = 274_877_906_944;
/** First words of a repeater in which it may say that its CLI is not shut in. */
export const OPENING_BYTES_MAX = 4_096;
/** Time a network of the real CLIs' own has to be there. */
export const CLI_NETWORK_MS_MAX = 5_000;
/** How often is looked whether a confined program is there to take a signal. */
export const CLI_START_POLL_MS = 5;
/** Time a zygote of a real CLI has to import it, and one of its forks to be shut in. */
export const CLI_ZYGOTE_MS_MAX = 20_000;
export const CLI_FORK_MS_MAX = 5_000;
/** Zygotes of a repeater's life, one after another, because it failed or its installation changed; then it does without. */
export const CLI_ZYGOTES_MAX = 4;
/** Time a sandbox that is made before its call has to be there, and then to take what it is to run. */
export const CLI_STANDBY_MS_MAX = 5_000;
/** After the end of a call, before a sandbox is made for the next one. */
export const CLI_STANDBY_DELAY_MS = 5;
/** Sandboxes made before their call, one after another, that did not come to wait; then it is done without. */
export const CLI_STANDBY_FAILURES_MAX = 4;
/** Arguments and environment of a call that such a sandbox takes. One argument of this size is what the kernel refuses. */
export const CLI_REQUEST_BYTES_MAX = 131_072;
/** What a zygote says of the installation it has imported, and what of its stderr is kept. */
export const CLI_ZYGOTE_SAID_BYTES_MAX = 65_536;
/** One SQL statement, and the values that go beside it. */
export const DB_SQL_BYTES_MAX = 65_536;
export const DB_VALUES_MAX = 1_000;
/** Rows and bytes of one result when nothing else is configured, and the most that can be. */
export const DB_ROWS_DEFAULT = 10_000;
export const DB_ROWS_MAX = 1_000_000_000;
export const DB_RESULT_BYTES_DEFAULT = 16_777_216;
export const DB_RESULT_BYTES_MAX = 274_877_906_944;
/** One row of a database, as its server or its file has it. */
export const DB_ROW_BYTES_MAX = 16_777_216;
/** Time a statement has when nothing else is configured, the most that can be, and what a server gets besides to say so itself. */
export const DB_STATEMENT_S_DEFAULT = 30;
export const DB_STATEMENT_S_MAX = 3_600;
export const DB_LAST_WORDS_MS_MAX = 1_000;
/** Time a database server has to accept a login, and a statement waits for somebody else's lock. */
export const DB_CONNECT_MS_MAX = 10_000;
export const DB_LOCK_MS_MAX = 5_000;
/** Statements one db repeater performs at once. */
export const DB_STATEMENTS_MAX = 8;
/** Semi-space of the broker's young generation: with V8's own 16 it holds 25 MB more and is no faster (20,000 calls, measured). */
export const BROKER_SEMI_SPACE_MIB = 2;
/** Output that is handed over: its repeater's directory, that and the name of its socket, secret of its caller, and the time in which that one has to come. */
export const HANDOFF_PLACE_BYTES = 8;
export const HANDOFF_NAME_BYTES = 22;
export const HANDOFF_TICKET_BYTES = 32;
export const HANDOFF_WAIT_MS_MAX = 10_000;
/** One read where memory is read into again and again. */
export const REREAD_BYTES = 262_144;
/** Such memory of programs' outputs, and of frames with much DATA, that is kept for the next ones. */
export const IDLE_OUTPUTS_MAX = 4;
export const IDLE_FRAMES_MAX = 16;
/** What V8 made of our own files, kept for the next start. */
export const COMPILED_BYTES_MAX = 33_554_432;
