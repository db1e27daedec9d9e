// A description of what a file may contain, as data. Two readers: validate.ts checks a file with it, json-schema.ts makes
// the schema that editors use, so that the two cannot drift apart.

import type { JsonObject } from '../protocol/messages.js';
import type { MapNode, Place } from './yaml.js';

/** What a check of a single text has to say; undefined when it is fine. */
export type Complaint = { message: string; hint?: string } | undefined;

export interface TextShape {
  is: 'text';
  /** What it is, for messages: `a URL`. */
  what: string;
  check?: (text: string) => Complaint;
  /** What JSON Schema can say of it. */
  schema?: JsonObject;
}
export interface WordShape {
  is: 'word';
  words: readonly string[];
}
export interface NumberShape {
  is: 'number';
  integer: boolean;
  minimum?: number;
  maximum?: number;
}
export interface FlagShape {
  is: 'flag';
}
/** A text, a number, true or false. */
export interface ScalarShape {
  is: 'scalar';
}
export interface ListShape {
  is: 'list';
  of: Shape;
  min: number;
  max: number;
}
/** Keys that the user chooses. */
export interface TableShape {
  is: 'table';
  of: Shape;
  max: number;
  checkKey?: (key: string) => Complaint;
  /** Keys with a meaning of their own. */
  known?: Record<string, Shape>;
}
export interface Field {
  shape: Shape;
  /** One sentence for the schema. */
  about: string;
  required?: true;
}
/** Keys that we choose. */
export interface FieldsShape {
  is: 'fields';
  fields: Record<string, Field>;
  /** What no single field can say. */
  check?: (node: MapNode) => (Place & { message: string; hint?: string })[];
}
/** One of several, told apart by whether the file has a scalar, a list or a map there. */
export interface EitherShape {
  is: 'either';
  scalar?: Shape;
  list?: Shape;
  map?: Shape;
}
/** Any JSON, checked elsewhere. */
export interface AnyShape {
  is: 'any';
  check: (value: unknown) => Complaint;
}
export type Shape =
  | TextShape
  | WordShape
  | NumberShape
  | FlagShape
  | ScalarShape
  | ListShape
  | TableShape
  | FieldsShape
  | EitherShape
  | AnyShape;
