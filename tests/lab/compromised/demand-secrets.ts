/** That every planted credential is among the secrets of the checkpoint, at each place that has it. */
import assert from 'node:assert/strict';
import { findSecrets, type Secret, type SecretPlace } from '@stillframe/forensics';
import type { Read } from './demands.ts';
import { type CredentialKind, type PlantedText, type Truth, textOf } from './truth.ts';

/** Ids of detectors. What a kubeconfig lets in with is a token. */
const DETECTORS: Readonly<Record<CredentialKind, string>> = {
  'aws-access-key': 'aws-access-key-id',
  'aws-secret-key': 'aws-secret-access-key',
  'github-token': 'github-token',
  jwt: 'jwt',
  'private-key': 'private-key',
  kubeconfig: 'jwt',
  'url-password': 'url-password',
};

/** On the heap, in the environment and in files. */
export async function demandSecrets({ checkpoint }: Read, { credentials }: Truth): Promise<void> {
  const { secrets, omissions } = await findSecrets(checkpoint);
  assert.deepEqual(omissions, []);
  const demand = (text: PlantedText, where: string, at: (place: SecretPlace) => boolean) => {
    const found = secrets.filter((secret) => isIn(secret, text) && secret.places.some(at));
    assert.deepEqual(
      found.map(({ detector, doubt }) => [detector, doubt]),
      [[DETECTORS[text.kind], undefined]],
      `${text.kind} ${where}`,
    );
  };
  for (const { pid, address, ...text } of credentials.memory) {
    const from = BigInt(address);
    const to = from + BigInt(textOf(text).length);
    // A detector begins at the variable that a key is the value of, or at the key.
    const begins = from - 64n;
    demand(text, 'in memory', ({ reference }) => {
      return (
        reference.kind === 'memory' && reference.pid === pid && reference.address >= begins && reference.address < to
      );
    });
  }
  for (const { pid, ...text } of credentials.environment)
    demand(text, 'in the environment', (place) => place.where === 'environment' && place.pid === pid);
  for (const { path, ...text } of credentials.files)
    demand(text, 'in a file', ({ where, name }) => where === 'rootfs' && name === path);
}

/** Whether the secret is the text or a part of it, as the password of a URL is; lines may end otherwise. */
function isIn({ value }: Secret, text: PlantedText): boolean {
  const plain = (words: string) => words.replaceAll(/\s/g, '');
  return plain(textOf(text)).includes(plain(value));
}
