// `turret audit list`.

import { clip, escapeForeign } from '../audit/escape.js';
import type { ListedSession } from '../platform/session-cache.js';
import { duration } from './audit-words.js';
import type { Colors } from './colors.js';
import { tableLines } from './table.js';

const NAME_CHARACTERS = 40;

export function listLines(sessions: readonly ListedSession[], colors: Colors): string[] {
  if (sessions.length === 0)
    return ['no session has been recorded yet: turret run -- <agent> makes the first one'];
  const rows = sessions.map((session) => [
    session.session.slice(0, 8),
    escapeForeign(session.started),
    duration(session.ms),
    String(session.allowed),
    String(session.denied),
    session.state === 'closed' ? `exit ${session.exit ?? 'unknown'}` : session.state,
    clip(escapeForeign(session.label || session.command), NAME_CHARACTERS),
  ]);
  return tableLines(['SESSION', 'STARTED', 'RAN', 'ALLOWED', 'DENIED', 'STATE', 'AGENT'], rows, colors.bold);
}
