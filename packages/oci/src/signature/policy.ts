/** Which images are taken: containers-policy.json(5), as podman, skopeo, buildah and CRI-O read it. Pure; files are read elsewhere. */
import { isObject } from '@stillframe/core';
import { ociError } from '../errors.ts';
import { repeatedMember } from '../json.ts';
import { isReference } from '../reference.ts';

/** Whose name for the image counts. */
export type IdentityMatch =
  | { readonly type: 'matchExact' | 'matchRepoDigestOrExact' | 'matchRepository' }
  | { readonly type: 'exactReference'; readonly dockerReference: string }
  | { readonly type: 'exactRepository'; readonly dockerRepository: string }
  | { readonly type: 'remapIdentity'; readonly prefix: string; readonly signedPrefix: string };

/** Where a trusted key is: a file, or the PEM itself. */
export type KeyPlace = { readonly path: string } | { readonly pem: Uint8Array };

/** One thing that must hold; all of a scope's must. */
export type Requirement =
  | { readonly type: 'insecureAcceptAnything' | 'reject' }
  /** A type, or keys, that podman knows and that are not checked here: no image satisfies it. */
  | { readonly type: 'unsupported'; readonly what: string }
  | { readonly type: 'sigstoreSigned'; readonly keys: readonly KeyPlace[]; readonly identity: IdentityMatch };

export interface SignaturePolicy {
  readonly default: readonly Requirement[];
  /** By transport (`docker`, `oci`…), then by scope. */
  readonly transports: ReadonlyMap<string, ReadonlyMap<string, readonly Requirement[]>>;
}

/** Bytes of a policy file. */
export const MAX_POLICY = 4 << 20;
const KEY_MEMBERS = ['keyPath', 'keyPaths', 'keyData', 'keyDatas'];
const UNSUPPORTED_MEMBERS = [
  'fulcio',
  'pki',
  'rekorPublicKeyPath',
  'rekorPublicKeyPaths',
  'rekorPublicKeyData',
  'rekorPublicKeyDatas',
];

/** Reads a policy. As strict as peers: what is not known is refused, since it may have been meant to keep images out. */
export function parsePolicy(text: string, name: string): SignaturePolicy {
  if (text.length > MAX_POLICY) throw invalid(name, 'is larger than any sound one');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw ociError('ERR_OCI_POLICY_INVALID', `${name} is no JSON`, { cause });
  }
  const repeated = repeatedMember(text);
  if (repeated !== undefined) throw invalid(name, `has the member ${JSON.stringify(repeated)} twice in one object`);
  const policy = object(value, name, ['default', 'transports']);
  if (policy['default'] === undefined) throw invalid(name, 'has no member "default"');
  const transports = object(policy['transports'] ?? {}, `${name}: transports`);
  return {
    default: requirements(policy['default'], `${name}: default`),
    transports: new Map(
      Object.entries(transports).map(([transport, scopes]) => {
        const where = `${name}: transports.${transport}`;
        const rows = Object.entries(object(scopes, where));
        return [
          transport,
          new Map(
            rows.map(([scope, row]) => [scope, requirements(row, `${where}[${JSON.stringify(scope)}]`)] as const),
          ),
        ] as const;
      }),
    ),
  };
}

function requirements(value: unknown, where: string): Requirement[] {
  if (!Array.isArray(value) || value.length === 0) throw invalid(where, 'is no list with at least one requirement');
  return value.map((each: unknown, at) => requirement(each, `${where}[${at}]`));
}

function requirement(value: unknown, where: string): Requirement {
  const { type } = object(value, where);
  switch (type) {
    case 'insecureAcceptAnything':
    case 'reject':
      object(value, where, ['type']);
      return { type };
    case 'signedBy':
      return { type: 'unsupported', what: 'signedBy: signatures by GPG keys are not checked here' };
    case 'signedBaseLayer':
      return { type: 'unsupported', what: 'signedBaseLayer: no tool checks it' };
    case 'sigstoreSigned':
      return sigstoreSigned(value, where);
    default:
      throw invalid(where, `has the unknown type ${JSON.stringify(type)}`);
  }
}

function sigstoreSigned(value: unknown, where: string): Requirement {
  const row = object(value, where, ['type', 'signedIdentity', ...KEY_MEMBERS, ...UNSUPPORTED_MEMBERS]);
  const other = UNSUPPORTED_MEMBERS.find((name) => row[name] !== undefined);
  if (other !== undefined)
    return { type: 'unsupported', what: `sigstoreSigned with ${other}: only keys are checked here` };
  const named = KEY_MEMBERS.filter((name) => row[name] !== undefined);
  if (named.length !== 1) throw invalid(where, `needs exactly one of ${KEY_MEMBERS.join(', ')}`);
  const [member = ''] = named;
  const values: unknown = member.endsWith('s') ? row[member] : [row[member]];
  if (!Array.isArray(values) || values.length === 0 || !values.every((each) => typeof each === 'string'))
    throw invalid(`${where}.${member}`, 'is not made of texts');
  const keys = (values as string[]).map((text): KeyPlace => {
    if (member.startsWith('keyPath')) return { path: text };
    return { pem: new Uint8Array(Buffer.from(text, 'base64')) };
  });
  const identity = row['signedIdentity'];
  return {
    type: 'sigstoreSigned',
    keys,
    identity: identity === undefined ? { type: 'matchRepoDigestOrExact' } : match(identity, `${where}.signedIdentity`),
  };
}

function match(value: unknown, where: string): IdentityMatch {
  const { type } = object(value, where);
  const text = (row: Readonly<Record<string, unknown>>, name: string) => {
    const found = row[name];
    if (typeof found !== 'string' || found === '') throw invalid(`${where}.${name}`, 'is no text');
    return found;
  };
  switch (type) {
    case 'matchExact':
    case 'matchRepoDigestOrExact':
    case 'matchRepository':
      object(value, where, ['type']);
      return { type };
    case 'exactReference': {
      const dockerReference = text(object(value, where, ['type', 'dockerReference']), 'dockerReference');
      if (!isReference(dockerReference)) throw invalid(`${where}.dockerReference`, 'is no reference');
      return { type, dockerReference };
    }
    case 'exactRepository': {
      const dockerRepository = text(object(value, where, ['type', 'dockerRepository']), 'dockerRepository');
      if (!isReference(dockerRepository)) throw invalid(`${where}.dockerRepository`, 'is no repository');
      return { type, dockerRepository };
    }
    case 'remapIdentity': {
      const row = object(value, where, ['type', 'prefix', 'signedPrefix']);
      return { type, prefix: text(row, 'prefix'), signedPrefix: text(row, 'signedPrefix') };
    }
    default:
      throw invalid(where, `has the unknown type ${JSON.stringify(type)}`);
  }
}

/** An object; with `allowed` one that has no other members. */
function object(value: unknown, where: string, allowed?: readonly string[]): Readonly<Record<string, unknown>> {
  if (!isObject(value)) throw invalid(where, 'is no object');
  const strange = allowed && Object.keys(value).find((name) => !allowed.includes(name));
  if (strange !== undefined) throw invalid(where, `has the unknown member ${JSON.stringify(strange)}`);
  return value;
}

function invalid(where: string, fault: string) {
  return ociError('ERR_OCI_POLICY_INVALID', `${where} ${fault}`);
}
