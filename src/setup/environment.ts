/** Variables of the user, as values where their names are looked at. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Whether a variable is there and not empty. */
export function has(env: Environment, name: string): boolean {
  return (env[name] ?? '') !== '';
}
