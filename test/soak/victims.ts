// Whom the soak kills, how often, and how `turret run` ends of it.

export const NAMES = ['shim', 'program', 'repeater', 'agent', 'broker', 'supervisor', 'sandbox'] as const;
export type Victim = (typeof NAMES)[number];

interface Kind {
  weight: number;
  is: (command: string) => boolean;
  /** How `turret run` may end when this ends a session of one agent; nothing when it does not. */
  run: readonly (number | string)[];
}

export const VICTIMS: Record<Victim, Kind> = {
  shim: { weight: 12, is: (command) => /^(?:aws|gh|turret) /.test(command), run: [] },
  program: {
    weight: 12,
    is: (command) =>
      /^\S*python3 \S*(?:\/aws |\/zygote\.py$)|^\/\S*\/gh |^\S*(setpriv|sh) .*box\.sh |^cat$/.test(command),
    run: [],
  },
  repeater: { weight: 4, is: (command) => /\/repeaters\/\w+\/main\.js$/.test(command), run: [] },
  agent: { weight: 4, is: (command) => /^\S*node agent\.mjs /.test(command), run: [137] },
  // The agent gives up, or is told to end before that; 125: the session had not begun.
  broker: { weight: 2, is: (command) => command.endsWith('/broker/main.cjs'), run: [9, 0, 125] },
  supervisor: { weight: 2, is: (command) => command === 'supervisor', run: ['SIGKILL'] },
  sandbox: { weight: 1, is: (command) => /^\S*bwrap .*agent\.mjs /.test(command), run: [137] },
};

/** Without its broker an agent has nobody to ask and gives up; agents of a steady squad are replaced. */
export function endsASession(victim: Victim, isSteady: boolean): boolean {
  return VICTIMS[victim].run.length > 0 && !(isSteady && victim === 'agent');
}
