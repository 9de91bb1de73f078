/** Where a collector is told to put archives, and how they are encrypted for it. */

import { harmless } from '@stillframe/core';
import type { S3Place } from '@stillframe/s3';
import type { Command } from 'commander';
import { Option } from 'commander';
import { openSigner } from '../image/sign.ts';
import type { Io } from '../io.ts';
import { readEncryptionKeys, readRecipients } from '../key-files.ts';
import { type EncryptionOptions, withEncryptionKey } from '../key-options.ts';
import { durationOf } from '../numbers.ts';
import { parseLocation } from '../open-location.ts';
import { type RegistryFlags, withRegistry } from '../registries/flags.ts';
import { repeated } from '../repeated.ts';
import { cliError } from '../usage.ts';
import type { Destination } from './destination.ts';
import { s3Credentials } from './s3-credentials.ts';
import { registryDestination } from './to-registry.ts';
import { type S3DestinationOptions, s3Destination } from './to-s3.ts';

/** What commander gives for `withPlace`. */
export interface PlaceOptions extends EncryptionOptions, RegistryFlags {
  to: string;
  nodeName?: string;
  signKey?: string;
  recipient?: string[];
  recipientsFile?: string[];
  s3Endpoint?: string;
  s3Region: string;
  objectLock?: 'governance' | 'compliance';
  retain?: string;
}

const STORE = 'Object store:';
const S3 = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.{0,700}))?$/;

/** `--to`, and what goes with the destinations that there are. */
export function withPlace(command: Command): Command {
  command
    .requiredOption('--to <destination>', 'REGISTRY/REPOSITORY, or s3://BUCKET[/PREFIX]')
    .addOption(
      new Option('--node-name <name>', 'what this node is called, in evidence and annotations').env(
        'STILLFRAME_NODE_NAME',
      ),
    );
  const store = (flags: string, description: string) => new Option(flags, description).helpGroup(STORE);
  command
    .addOption(
      store('--s3-endpoint <url>', 'where the store is; buckets are paths below it').env('AWS_ENDPOINT_URL_S3'),
    )
    .addOption(
      store('--s3-region <name>', 'as the store wants it in signatures').env('AWS_REGION').default('us-east-1'),
    )
    .addOption(
      store('--object-lock <mode>', 'have the store refuse to remove what is pushed').choices([
        'governance',
        'compliance',
      ]),
    )
    .addOption(store('--retain <time>', 'for so long: 90d, 52w'))
    .addOption(store('-r, --recipient <age1…>', 'seal for the owner of this key; repeat').argParser(repeated))
    .addOption(
      store('-R, --recipients-file <file>', 'seal for the owners of these public keys, one a line; repeat').argParser(
        repeated,
      ),
    );
  return withRegistry(withEncryptionKey(command));
}

/** Everything that can be wrong with the words is seen before anything is done. Throws ERR_USAGE_ARGUMENT, ERR_OCI_KEY_INVALID, … */
export async function openDestination(options: PlaceOptions, io: Io): Promise<Destination> {
  const { to } = options;
  if (to.startsWith('s3:')) return s3Destination(await s3Options(options, io));
  for (const [name, value] of Object.entries(storeOnly(options)))
    if (value !== undefined) throw notFor(name, 'a registry', 'image layers are encrypted with --encryption-key');
  const location = parseLocation(to);
  if (location.kind === 'layout') {
    throw cliError('ERR_USAGE_ARGUMENT', '--to takes a registry or an object store, no folder', {
      hint: 'what is on the same machine goes with it; `stillframe image build` makes a layout',
    });
  }
  return registryDestination({
    reference: location.reference,
    recipients: await readEncryptionKeys(options.encryptionKey ?? [], io),
    signer: await openSigner(options.signKey === undefined ? {} : { signKey: options.signKey }, [to], io),
    ...{ node: options.nodeName, flags: options, io },
  });
}

function storeOnly({ recipient, recipientsFile, objectLock, retain }: PlaceOptions) {
  return {
    '--recipient': recipient,
    '--recipients-file': recipientsFile,
    '--object-lock': objectLock,
    '--retain': retain,
  };
}

function notFor(option: string, what: string, hint: string) {
  return cliError('ERR_USAGE_ARGUMENT', `${option} is not for ${what}`, { hint });
}

async function s3Options(options: PlaceOptions, io: Io): Promise<S3DestinationOptions> {
  const { to, nodeName: node, s3Region: region } = options;
  const [, bucket, prefix = ''] = S3.exec(to) ?? [];
  if (bucket === undefined || /^\/|\/\/|[^\x21-\x7e]/.test(prefix))
    throw cliError('ERR_USAGE_ARGUMENT', `--to takes s3://BUCKET[/PREFIX], not ${harmless(JSON.stringify(to))}`);
  if (options.encryptionKey)
    throw notFor('--encryption-key', 'an object store', 'archives are sealed with --recipient');
  const credentials = s3Credentials(io);
  await credentials();
  const place: S3Place = { endpoint: endpointOf(options), region, bucket, credentials };
  return {
    ...{ place, prefix: prefix.replace(/\/$/, ''), node },
    recipients: await readRecipients(options, io),
    lock: lockOf(options),
  };
}

/** Memory with all its secrets goes through no network in the open unless somebody says so. */
function endpointOf({ s3Endpoint: text = '', tlsVerify }: PlaceOptions): URL {
  const url = URL.parse(text);
  if (!url || !/^https?:$/.test(url.protocol) || url.username !== '' || url.search !== '')
    throw cliError(
      'ERR_USAGE_ARGUMENT',
      `--s3-endpoint takes a URL such as https://s3.example, not ${JSON.stringify(text)}`,
    );
  const loopback = /^(?:127\.\d+\.\d+\.\d+|localhost|\[::1\])$/.test(url.hostname);
  if (url.protocol === 'http:' && !loopback && tlsVerify !== false)
    throw cliError('ERR_USAGE_ARGUMENT', 'an object store without TLS is taken only with --tls-verify=false', {
      hint: 'everything that the containers had in memory would go through the network in the open, unless it is sealed',
    });
  if (url.protocol === 'https:' && tlsVerify === false)
    throw notFor('--tls-verify=false', 'a store with TLS', 'NODE_EXTRA_CA_CERTS names a file of certificates to trust');
  return url;
}

function lockOf({ objectLock: mode, retain }: PlaceOptions): S3DestinationOptions['lock'] {
  if ((mode === undefined) !== (retain === undefined))
    throw cliError('ERR_USAGE_ARGUMENT', '--object-lock and --retain go together: how, and for how long');
  if (mode === undefined || retain === undefined) return undefined;
  return { mode: mode === 'compliance' ? 'COMPLIANCE' : 'GOVERNANCE', retain: durationOf(retain, '--retain') };
}
