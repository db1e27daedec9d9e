/** XML text that is already escaped. */
export class Xml {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

export type XmlValue = string | number | boolean | Xml | undefined | readonly XmlValue[];

function render(value: XmlValue): string {
  if (value === undefined) return '';
  if (value instanceof Xml) return value.text;
  if (typeof value === 'object') return value.map(render).join('');
  return String(value)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll('\r', '&#13;');
}

/** A template literal whose values are escaped unless they are Xml already; undefined is nothing. */
export function xml(strings: TemplateStringsArray, ...values: readonly XmlValue[]): Xml {
  return new Xml(String.raw({ raw: strings }, ...values.map(render)));
}

/** An XML document as bytes on the wire. */
export const document = (root: Xml): string => `<?xml version="1.0" encoding="UTF-8"?>\n${root.text}`;

/** Text of every `<tag>` in a request document, for the two small documents S3 clients send. */
export function textsOf(source: string, tag: string): string[] {
  return [...source.matchAll(new RegExp(`<${tag}>([^<]*)</${tag}>`, 'g'))].map(([, text]) =>
    (text ?? '').replace(/&(?:#(\d+)|#x([0-9a-fA-F]+)|amp|lt|gt|quot|apos);/g, (entity, decimal, hex) => {
      if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
      if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
      return { '&amp;': '&', '&lt;': '<', '&gt;': '>', '&quot;': '"', '&apos;': "'" }[entity] ?? entity;
    }),
  );
}
