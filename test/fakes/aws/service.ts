import type { AwsState } from './state.js';
import type { AwsProtocol } from './wire.js';
import type { Xml } from './xml.js';

export type Json = { readonly [name: string]: unknown };

/** One verified call, its members already read from whichever protocol carried them. */
export interface ServiceCall {
  readonly protocol: AwsProtocol;
  readonly region: string;
  /** `Action` form members ("Filter.1.Name"), for query and ec2. */
  readonly form: ReadonlyMap<string, readonly string[]>;
  /** Body members for the JSON and CBOR protocols; query members for REST. */
  readonly json: Json;
  readonly keyId: string;
  readonly state: AwsState;
}

export type ServiceOperation = (call: ServiceCall) => Xml | Json;

export interface AwsService {
  /** Labels, one of which a true Host of this service contains: `monitoring` for CloudWatch. */
  readonly hosts: readonly string[];
  readonly protocol: AwsProtocol;
  readonly namespace: string;
  readonly operations: Readonly<Record<string, ServiceOperation>>;
  /** REST services name their operation by method and path. */
  readonly routes?: readonly (readonly [method: string, path: RegExp, operation: string])[];
}

/** First form value. */
export const formValue = (call: ServiceCall, name: string): string | undefined => call.form.get(name)?.[0];

/** `Name.1`, `Name.2` … in order, with or without `.member`. */
export function formList(call: ServiceCall, name: string): string[] {
  const found: string[] = [];
  for (let at = 1; ; at += 1) {
    const value = formValue(call, `${name}.${at}`) ?? formValue(call, `${name}.member.${at}`);
    if (value === undefined) return found;
    found.push(value);
  }
}

export const isJson = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A member that must be an object; an empty one when it is not. */
export const member = (value: unknown): Json => (isJson(value) ? value : {});

/** The strings of a list; none when it is no list. */
export const texts = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];

export const text = (value: unknown): string => (typeof value === 'string' ? value : '');
