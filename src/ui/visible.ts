// Text that somebody else wrote, made safe to print: one escaper, the log's own.

export { escapeForeign as visible } from '../audit/escape.js';
