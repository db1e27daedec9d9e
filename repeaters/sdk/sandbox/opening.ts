// A real CLI that is not shut in: why, and how whoever started the session gets to know. The repeater says it on stderr
// when it starts, before it has read a byte of an agent's; the supervisor finds it there.

/** Why it is not shut in, and what to do about it. */
export interface Opening {
  why: string;
  hint: string;
}

/** As `sandbox:` of a repeater says: where this machine can, always, never. */
export const SANDBOX_MODES = ['auto', 'required', 'off'] as const;
export type SandboxMode = (typeof SANDBOX_MODES)[number];

const PREFIX = 'turret: the real ';

/** One line. */
export function openingLine(tool: string, { why }: Opening, mode: SandboxMode): string {
  const what = mode === 'required' ? 'is not run, because it cannot be shut in' : 'runs without a sandbox';
  return `${PREFIX}${tool} ${what}: ${why}\n`;
}

/** @returns what such a line says after `turret: `, when there is a whole one in this text */
export function openingIn(said: string): string | undefined {
  const lines = said.split('\n').slice(0, -1);
  return lines.find((line) => line.startsWith(PREFIX))?.slice('turret: '.length);
}
