/** Documents that volumes and variables take their texts from (core/v1 ConfigMap, Secret). */
import { metadata } from './pod-schema.ts';
import { mapOf, matching, needed, oneOf, shape, text, textMap, without } from './reader.ts';
import { isConfigKey } from './words.ts';

const KEY = 'a key of letters, digits, `-`, `_` and `.`';
const base64 = matching('base64', (value) => /^[A-Za-z0-9+/\s]*={0,2}\s*$/.test(value));
const texts = textMap(isConfigKey, KEY);
const encoded = mapOf(base64, isConfigKey, KEY);

export const configMap = shape({
  apiVersion: needed(oneOf('v1')),
  kind: needed(oneOf('ConfigMap')),
  metadata: needed(metadata),
  data: texts,
  binaryData: encoded,
  immutable: without,
});

export const secret = shape({
  apiVersion: needed(oneOf('v1')),
  kind: needed(oneOf('Secret')),
  metadata: needed(metadata),
  data: encoded,
  stringData: texts,
  type: text,
  immutable: without,
});
