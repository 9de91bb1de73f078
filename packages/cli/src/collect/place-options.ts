/** Where a collector is told to put archives, and how they are encrypted for it. */
import type { Command } from 'commander';
import { Option } from 'commander';
import { openSigner } from '../image/sign.ts';
import type { Io } from '../io.ts';
import { readEncryptionKeys } from '../key-files.ts';
import { type EncryptionOptions, withEncryptionKey } from '../key-options.ts';
import { parseLocation } from '../open-location.ts';
import { type RegistryFlags, withRegistry } from '../registries/flags.ts';
import { cliError } from '../usage.ts';
import type { Destination } from './destination.ts';
import { registryDestination } from './to-registry.ts';

/** What commander gives for `withPlace`. */
export interface PlaceOptions extends EncryptionOptions, RegistryFlags {
  to: string;
  nodeName?: string;
  signKey?: string;
}

/** `--to`, and what goes with the destinations that there are. */
export function withPlace(command: Command): Command {
  command
    .requiredOption('--to <destination>', 'REGISTRY/REPOSITORY, or s3://BUCKET[/PREFIX]')
    .addOption(
      new Option('--node-name <name>', 'what this node is called, in evidence and annotations').env(
        'STILLFRAME_NODE_NAME',
      ),
    );
  return withRegistry(withEncryptionKey(command));
}

/** Everything that can be wrong with the words is seen before anything is done. Throws ERR_USAGE_ARGUMENT, ERR_OCI_KEY_INVALID, … */
export async function openDestination(options: PlaceOptions, io: Io): Promise<Destination> {
  const { to, nodeName: node } = options;
  const location = parseLocation(to);
  if (location.kind === 'layout') {
    throw cliError('ERR_USAGE_ARGUMENT', '--to takes a registry or an object store, no folder', {
      hint: 'what is on the same machine goes with it; `stillframe image build` makes a layout',
    });
  }
  const { reference } = location;
  return registryDestination({
    reference,
    recipients: await readEncryptionKeys(options.encryptionKey ?? [], io),
    signer: await openSigner(options.signKey === undefined ? {} : { signKey: options.signKey }, [to], io),
    ...{ node, flags: options, io },
  });
}
