// What the agents of these tests print (test/fixtures/faults/steps.sh): one line per step, `name code milliseconds`.

export type Steps = Partial<Record<string, { code: number; ms: number }>>;

export function stepsOf(stdout: string): Steps {
  return Object.fromEntries(
    stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => {
        const [name = '', code, ms] = line.split(' ');
        return [name, { code: Number(code), ms: Number(ms) }];
      }),
  );
}

/** `say 125, other 0`. */
export function codesOf(steps: Steps): string {
  return Object.entries(steps)
    .map(([name, step]) => `${name} ${step?.code}`)
    .join(', ');
}

/** One claim per step whose exit code is known beforehand. */
export function codeClaims(steps: Steps, codes: Record<string, number>): Record<string, boolean> {
  return Object.fromEntries(
    Object.entries(codes).map(([name, code]) => [`${name} ends with ${code}`, steps[name]?.code === code]),
  );
}
