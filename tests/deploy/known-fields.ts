/** Whether the API of Kubernetes has every field that a manifest sets, with that kind of value: by the models of its own client. */
import * as kubernetes from '@kubernetes/client-node';
import { record } from './privileges.ts';

interface Attribute {
  readonly baseName: string;
  /** `string`, `Array<V1Container>`, `{ [key: string]: string; }`, `V1PodSpec`. */
  readonly type: string;
}

/** Classes of the client by name; of those each model has a table of its attributes. */
const MODELS: Readonly<Record<string, unknown>> = { ...kubernetes };
/** Texts or numbers, which the client does not tell apart by a model. */
const ANY = new Set(['any', 'object', 'IntOrString', 'Quantity', 'Date', 'V1MicroTime']);

/** Faults of an object, each with its path; none for one that the API takes as far as its fields go. */
export function fieldFaults(object: Readonly<Record<string, unknown>>): string[] {
  const version = String(object['apiVersion']).split('/').at(-1) ?? '';
  const name = version.charAt(0).toUpperCase() + version.slice(1) + String(object['kind']);
  const where = `${object['kind']}/${record(object['metadata'])['name']}`;
  return attributesOf(name) ? faultsAt(object, name, where) : [`${where}: there is no ${name}`];
}

function faultsAt(value: unknown, type: string, where: string): string[] {
  const item = /^Array<(.+)>$/.exec(type)?.[1];
  if (item !== undefined) {
    if (!Array.isArray(value)) return [`${where} is no list`];
    return value.flatMap((each, index) => faultsAt(each, item, `${where}[${index}]`));
  }
  const inner = /^\{ \[key: string\]: (.+); \}$/.exec(type)?.[1];
  if (inner !== undefined)
    return Object.entries(record(value)).flatMap(([key, each]) => faultsAt(each, inner, `${where}.${key}`));
  const attributes = attributesOf(type);
  if (attributes) {
    return Object.entries(record(value)).flatMap(([key, each]) => {
      const found = attributes.find(({ baseName }) => baseName === key);
      return found ? faultsAt(each, found.type, `${where}.${key}`) : [`${where}.${key}: there is no such field`];
    });
  }
  return ANY.has(type) || typeof value === type ? [] : [`${where} is no ${type}`];
}

function attributesOf(name: string): readonly Attribute[] | undefined {
  const model = MODELS[name] as { getAttributeTypeMap?: () => readonly Attribute[] } | undefined;
  return model?.getAttributeTypeMap?.();
}
