/** `stillframe image push`, `pull` and `copy`: an image from one place to another, and only what is not there yet. */
import { bytesText } from '@stillframe/core';
import { type CopyProgress, copyImage, encryptingReader } from '@stillframe/oci';
import type { Command } from 'commander';
import { outputOption } from '../commands/command.ts';
import { renderFacts } from '../display/facts.ts';
import { renderJson } from '../display/json.ts';
import { showProgress } from '../display/progress.ts';
import type { Io } from '../io.ts';
import { readDecryptionKeys, readEncryptionKeys, seenThrough } from '../key-files.ts';
import {
  type DecryptionOptions,
  type EncryptionOptions,
  withDecryptionKey,
  withEncryptionKey,
} from '../key-options.ts';
import { type OpenSource, openLocation, openSource, parseLocation } from '../open-location.ts';
import { type RegistryFlags, withRegistry, withTwoRegistries } from '../registries/flags.ts';
import { type PolicyOptions, resolveAllowed, withPolicy } from '../signature-policy.ts';
import { CARRIED } from './evidence.ts';
import { IMAGE_HELP } from './help.ts';
import { copySignatures, openSigner, type SigningOptions, signedLine, withSigning } from './sign.ts';

/** `copy` has them for each side, the others once for both. */
interface CopyFlags extends DecryptionOptions, EncryptionOptions, PolicyOptions, SigningOptions, RegistryFlags {
  srcTlsVerify?: boolean;
  srcCertDir?: string;
  destTlsVerify?: boolean;
  destCertDir?: string;
}

function sidesOf({ srcTlsVerify, srcCertDir, destTlsVerify, destCertDir, ...both }: CopyFlags): RegistryFlags[] {
  const side = (tlsVerify: boolean | undefined, certDir: string | undefined): RegistryFlags => ({
    ...both,
    ...(tlsVerify === undefined ? {} : { tlsVerify }),
    ...(certDir === undefined ? {} : { certDir }),
  });
  return [side(srcTlsVerify, srcCertDir), side(destTlsVerify, destCertDir)];
}

export function registerCopy(group: Command, io: Io, name: 'push' | 'pull' | 'copy', description: string): void {
  const command = group
    .command(name)
    .description(description)
    .argument('<from>', IMAGE_HELP)
    .argument('<to>', IMAGE_HELP);
  withSigning(withPolicy(withDecryptionKey(withEncryptionKey(command))))
    .addOption(outputOption('table', 'json'))
    .action(async (from: string, to: string, { output, ...options }: CopyFlags & { output: string }) => {
      parseLocation(to);
      const [reading, writing] = sidesOf(options);
      const signer = await openSigner(options, [to], io);
      await using source = await openSource(from, io, reading);
      const { reader, descriptor } = await seenBy(source, from, options, io);
      await using target = await openLocation(to, io, { ...writing, create: true });
      const tally = new CopyTally();
      const copying = { tag: target.tag, referrers: true, signal: io.signal };
      {
        // Its line goes before the result comes.
        using progress = showProgress(io, name);
        const onProgress = (each: CopyProgress) => {
          tally.take(each);
          progress.update(tally.sent, tally.total);
        };
        await copyImage(reader, target.store, descriptor, { ...copying, onProgress });
      }
      await copySignatures(source.store, target.store, descriptor, io);
      const signed = await signer?.(target.store, descriptor, to);
      const { bytes } = tally;
      if (output === 'json')
        io.out(renderJson('CopiedImage', 1, { from, to, digest: descriptor.digest, bytes, signed }));
      else io.out(`${to}\nmanifest  ${descriptor.digest}\n${textOf(bytes)}${signedLine(signed)}`);
    });
  if (name === 'copy') withTwoRegistries(command);
  else withRegistry(command);
}

type CopyOptions = DecryptionOptions & EncryptionOptions & PolicyOptions;

/** The image at `source` as it is to be copied: decrypted, encrypted, both one after the other, or as it is. */
async function seenBy(source: OpenSource, from: string, options: CopyOptions, io: Io) {
  const { digest } = await resolveAllowed(source, from, options, io);
  const recipients = await readEncryptionKeys(options.encryptionKey ?? [], io);
  const keys = await readDecryptionKeys(options.decryptionKey ?? [], io);
  const plain = seenThrough(source.store, keys);
  using progress = showProgress(io, 'hashing');
  const onRead = progress.update;
  const reader = recipients.length === 0 ? plain : encryptingReader(plain, recipients, { carried: CARRIED, onRead });
  return { reader, descriptor: await reader.resolve(digest, { signal: io.signal }) };
}

/** What a copy has come to. */
export class CopyTally {
  /** By what became of it; manifests count as copied. */
  readonly bytes = { copied: 0, resumed: 0, mounted: 0, present: 0 };
  /** Bytes that went over, and of all that have to: what was there already would make the rate and the time left a guess. */
  sent = 0;
  total = 0;
  readonly #parts = new Map<string, { sent: number; resumed: number }>();

  take({ descriptor, state, bytes, expected, resumed = 0 }: CopyProgress): void {
    const { digest, size } = descriptor;
    const moves = state === 'advanced' || state === 'copied';
    if (state === 'copied') this.bytes.copied += size - resumed;
    else if (state !== 'advanced') this.bytes[state] += size;
    // A part that is sent again after a broken connection begins at its first byte, or where the registry stands.
    const before = this.#parts.get(digest) ?? { sent: 0, resumed: 0 };
    const now = moves ? { sent: bytes - resumed, resumed } : { sent: 0, resumed: 0 };
    this.#parts.set(digest, now);
    this.sent += now.sent - before.sent;
    this.bytes.resumed += now.resumed - before.resumed;
    this.total = expected - this.bytes.present - this.bytes.mounted - this.bytes.resumed;
  }
}

function textOf({ copied, resumed, mounted, present }: CopyTally['bytes']): string {
  const there = [
    ...(resumed > 0 ? [`${bytesText(resumed)} left there by an upload that was cut`] : []),
    ...(present > 0 ? [`${bytesText(present)} there already`] : []),
    ...(mounted > 0 ? [`${bytesText(mounted)} taken over from a repository beside it`] : []),
  ];
  return renderFacts([['copied', [bytesText(copied), ...there].join('; ')]]);
}
