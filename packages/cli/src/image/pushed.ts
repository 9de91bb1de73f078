/** An archive as an image in a registry, for who asks on the desk: as `image build ARCHIVE REFERENCE` does it. */
import { stat } from 'node:fs/promises';
import { harmless } from '@stillframe/core';
import { formatReference, isEncryptedType } from '@stillframe/oci';
import type { PushedImage } from '@stillframe/server';
import type { Io } from '../io.ts';
import { parseLocation } from '../open-location.ts';
import type { RegistryFlags } from '../registries/flags.ts';
import { cliError } from '../usage.ts';
import { buildImages, evidenceText } from './make.ts';

/** The reference in full. Throws what parseLocation throws, and ERR_REFERENCE_INCOMPLETE for what is no registry. */
export function registryReference(text: string): string {
  const location = parseLocation(text);
  if (location.kind === 'registry') return formatReference(location.reference);
  throw cliError('ERR_REFERENCE_INCOMPLETE', `${JSON.stringify(text)} is a folder, no registry`, {
    hint: '`stillframe image build` puts images into folders',
  });
}

interface Pushing {
  /** Path of the archive. */
  readonly what: string;
  /** In full. */
  readonly reference: string;
  readonly options: RegistryFlags & { readonly signKey?: string | undefined };
  /** Called before anything is sent. */
  readonly checked: () => Promise<void>;
}

/** Throws ERR_USAGE_ARGUMENT for what is no file, and what buildImages throws. */
export async function pushImage({ what, reference, options, checked }: Pushing, io: Io): Promise<PushedImage> {
  const found = await stat(what).catch(() => undefined);
  if (!found?.isFile())
    throw cliError('ERR_USAGE_ARGUMENT', `${harmless(what)} is no archive in a file`, {
      hint: 'what is an image already is copied: `stillframe image copy`',
    });
  let pushed: PushedImage | undefined;
  const asked = { ...options, verify: true };
  await buildImages({ archives: [what], targets: [reference], options: asked }, io, {
    checked,
    built({ target, containers, signed }, [prepared]) {
      const [only] = containers;
      if (!only || !prepared) return;
      const { digest: layer, size: bytes, mediaType } = only.layer;
      const evidence = evidenceText(prepared, true, isEncryptedType(mediaType));
      pushed = { reference, digest: target.digest, layer, bytes, evidence, signed: signed?.identity ?? null };
    },
  });
  if (!pushed) throw new TypeError('an image of one archive has one container');
  return pushed;
}
