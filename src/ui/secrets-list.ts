// The tables of `turret secrets list` and `turret secrets slot list`.

import type { Slot } from '../vault/document.js';
import type { Colors } from './colors.js';
import { tableLines } from './table.js';

export interface ListedVault {
  file: string;
  /** Absent when there is none yet. */
  generation?: number;
  /** It was opened, and every secret in it. */
  verified: boolean;
  secrets: { name: string; changed: string; from?: string }[];
}
export type ListedSlot = Pick<Slot, 'id' | 'kind' | 'created'>;

export function vaultLines({ generation, verified, secrets }: ListedVault, colors: Colors): string[] {
  if (generation === undefined) return ['there is no vault yet; turret secrets set NAME makes one'];
  const rows = secrets.map(({ name, changed, from }) => [name, day(changed), from ?? 'typed or stdin']);
  return [
    ...(rows.length === 0
      ? ['the vault is empty']
      : tableLines(['NAME', 'CHANGED', 'FROM'], rows, colors.bold)),
    ...(verified ? ['', 'all of it is whole'] : []),
  ];
}

export function slotLines(slots: readonly ListedSlot[], colors: Colors): string[] {
  const rows = slots.map(({ id, kind, created }) => [`${id}`, kind, day(created)]);
  return tableLines(['SLOT', 'OPENS WITH', 'ADDED'], rows, colors.bold);
}

function day(date: string): string {
  return date.slice(0, 10);
}
