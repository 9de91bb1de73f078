/** `stillframe key`: keys that sign images and evidence. */
import { stat } from 'node:fs/promises';
import { writeTextAtomically } from '@stillframe/core/file';
import { makeSigningKey, publicPemOf, readSigningKey } from '@stillframe/evidence';
import { Option } from 'commander';
import { renderFacts } from '../display/facts.ts';
import { renderJson } from '../display/json.ts';
import { cliError } from '../usage.ts';
import { outputOption, type RegisterCommand } from './command.ts';

const TYPES = ['ecdsa', 'ed25519'] as const;

interface GenerateOptions {
  type: (typeof TYPES)[number];
  output: string;
}

export const key: RegisterCommand = (program, io) => {
  program
    .command('key')
    .description('Keys that sign images, evidence and records of scans (`scan --record`)')
    .command('generate')
    .description('Make a key pair: NAME.key, which only its owner may read, and NAME.pub, which others check with')
    .argument('[name]', 'path without its ending', 'stillframe')
    .addOption(
      new Option('--type <type>', 'ecdsa: on P-256, as cosign’s own; ed25519').choices(TYPES).default(TYPES[0]),
    )
    .addOption(outputOption('table', 'json'))
    .action(async (name: string, { type, output }: GenerateOptions) => {
      const [secret, open] = [`${name}.key`, `${name}.pub`];
      for (const path of [secret, open]) {
        if (await stat(path).catch(() => undefined)) throw cliError('ERR_KEY_EXISTS', `${path} exists already`);
      }
      const pem = makeSigningKey(type === 'ecdsa' ? 'p256' : type);
      const made = readSigningKey(pem);
      // The private one first: a public key whose other half is lost would be trusted for nothing.
      await writeTextAtomically(secret, pem, { replace: false });
      await writeTextAtomically(open, publicPemOf(made), { replace: false, mode: 0o644 });
      const { id } = made;
      const body = { privateKey: secret, publicKey: open, keyID: id, type };
      if (output === 'json') io.out(renderJson('KeyPair', 1, body));
      else
        io.out(
          renderFacts([
            ['private', secret],
            ['public', open],
            ['key id', id],
          ]),
        );
    });
};
