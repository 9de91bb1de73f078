/** `stillframe image push`, `pull` and `copy`: an image from one place to another, and only what is not there yet. */
import { bytesText } from '@stillframe/core';
import { type CopyProgress, copyImage, encryptingReader } from '@stillframe/oci';
import type { Command } from 'commander';
import { outputOption } from './commands/command.ts';
import { renderFacts } from './display/facts.ts';
import { renderJson } from './display/json.ts';
import { showProgress } from './display/progress.ts';
import { CARRIED } from './image-evidence.ts';
import { IMAGE_HELP } from './image-help.ts';
import { copySignatures, openSigner, type SigningOptions, signedLine, withSigning } from './image-sign.ts';
import type { Io } from './io.ts';
import { readDecryptionKeys, readEncryptionKeys, seenThrough } from './key-files.ts';
import { type DecryptionOptions, type EncryptionOptions, withDecryptionKey, withEncryptionKey } from './key-options.ts';
import { type OpenLocation, openLocation, parseLocation } from './open-location.ts';
import { type PolicyOptions, resolveAllowed, withPolicy } from './signature-policy.ts';

interface CopyCommandOptions extends DecryptionOptions, EncryptionOptions, PolicyOptions, SigningOptions {
  output: string;
}

export function registerCopy(group: Command, io: Io, name: 'push' | 'pull' | 'copy', description: string): void {
  const command = group
    .command(name)
    .description(description)
    .argument('<from>', IMAGE_HELP)
    .argument('<to>', IMAGE_HELP);
  withSigning(withPolicy(withDecryptionKey(withEncryptionKey(command))))
    .addOption(outputOption('table', 'json'))
    .action(async (from: string, to: string, { output, ...options }: CopyCommandOptions) => {
      parseLocation(to);
      const signer = await openSigner(options, [to], io);
      await using source = await openLocation(from, io);
      const { reader, descriptor } = await seenBy(source, from, options, io);
      await using target = await openLocation(to, io, { create: true });
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
      await copySignatures(source.store, target.store, descriptor, io.signal);
      const signed = await signer?.(target.store, descriptor, to);
      const { bytes } = tally;
      if (output === 'json')
        io.out(renderJson('CopiedImage', 1, { from, to, digest: descriptor.digest, bytes, signed }));
      else io.out(`${to}\nmanifest  ${descriptor.digest}\n${textOf(bytes)}${signedLine(signed)}`);
    });
}

type CopyOptions = DecryptionOptions & EncryptionOptions & PolicyOptions;

/** The image at `source` as it is to be copied: decrypted, encrypted, both one after the other, or as it is. */
async function seenBy(source: OpenLocation, from: string, options: CopyOptions, io: Io) {
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
  readonly bytes = { copied: 0, mounted: 0, present: 0 };
  /** Bytes that went over, and of all that have to: what was there already would make the rate and the time left a guess. */
  sent = 0;
  total = 0;
  readonly #parts = new Map<string, number>();

  take({ descriptor, state, bytes, expected }: CopyProgress): void {
    const { digest, size } = descriptor;
    if (state !== 'advanced') this.bytes[state] += size;
    const moves = state === 'advanced' || state === 'copied';
    // A part that is sent again after a broken connection begins at its first byte.
    this.sent += (moves ? bytes : 0) - (this.#parts.get(digest) ?? 0);
    this.#parts.set(digest, moves ? bytes : 0);
    this.total = expected - this.bytes.present - this.bytes.mounted;
  }
}

function textOf({ copied, mounted, present }: { copied: number; mounted: number; present: number }): string {
  const there = [
    ...(present > 0 ? [`${bytesText(present)} there already`] : []),
    ...(mounted > 0 ? [`${bytesText(mounted)} taken over from a repository beside it`] : []),
  ];
  return renderFacts([['copied', [bytesText(copied), ...there].join('; ')]]);
}
