/** Names as Kubernetes allows them (DNS-1123 and kin), for schemas. */
import { isDnsLabel, isDnsSubdomain } from '../checkpoint/names.ts';
import { matching, textMap } from './reader.ts';

const RULE = 'lower-case letters, digits and hyphens';

export const dnsLabel = matching(`a DNS label (${RULE}, at most 63)`, isDnsLabel);
export const dnsSubdomain = matching(`a DNS subdomain (${RULE}, dots, at most 253)`, isDnsSubdomain);

const QUALIFIED = /^[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/;

/** `[prefix/]name`, as keys of labels and annotations are. */
export function isQualifiedName(key: string): boolean {
  const parts = key.split('/');
  const name = parts.at(-1) ?? '';
  return parts.length <= 2 && QUALIFIED.test(name) && (parts.length === 1 || isDnsSubdomain(parts[0] ?? ''));
}

export const annotations = textMap(isQualifiedName, 'a qualified name');
export const labels = textMap(isQualifiedName, 'a qualified name');

/** A variable's name: any printable ASCII but `=`. */
export const variableName = matching('the name of a variable', (name) => /^[\x20-\x3c\x3e-\x7e]{1,256}$/.test(name));

/** A key of a ConfigMap or Secret: the name of a file, so never `.` or one that begins with `..`. */
export function isConfigKey(key: string): boolean {
  return /^[-._a-zA-Z0-9]{1,253}$/.test(key) && key !== '.' && !key.startsWith('..');
}
export const configKey = matching('a key of letters, digits, `-`, `_` and `.`', isConfigKey);

/** A path that leads nowhere but down. */
function isInnerPath(path: string): boolean {
  return path !== '' && path.length <= 4096 && !path.startsWith('/') && !/\0|(?:^|\/)\.\.(?:\/|$)/.test(path);
}
export const innerPath = matching('a relative path without `..`', isInnerPath);
/** The same within a volume of files, whose own names begin with `..`. */
export const filePath = matching(
  'a relative path that does not begin with `..`',
  (path) => isInnerPath(path) && !path.startsWith('..') && !path.endsWith('/'),
);

/** A port by number or by the name that a container gives it. */
export const portName = matching('a name of at most 15 lower-case letters, digits and hyphens', (name) =>
  /^(?=.*[a-z])[a-z0-9](?:[a-z0-9-]{0,13}[a-z0-9])?$/.test(name),
);
