/** Values of findings and differences as one line. */

import { type Endpoint, endpointText } from '@stillframe/checkpoint';
import { isObject } from '@stillframe/core';

/** Plain words where it is a word or a list of them, an end of a connection as people write it, JSON for all else; bytes are told by how many they are. Raw text. */
export function valueText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'bigint') return `0x${value.toString(16)}`;
  if (Array.isArray(value) && value.every((each) => typeof each === 'string')) return value.join(' ');
  if (isEndpoint(value)) return endpointText(value);
  const text = JSON.stringify(value, (_, each) => {
    if (typeof each === 'bigint') return `0x${each.toString(16)}`;
    return each instanceof Uint8Array ? `${each.length} bytes` : each;
  });
  return text ?? '';
}

function isEndpoint(value: unknown): value is Endpoint {
  return isObject(value) && typeof value['address'] === 'string' && typeof value['port'] === 'number';
}
