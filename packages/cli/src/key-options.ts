/** The options by which keys are named, in the same words everywhere. */
import type { Command } from 'commander';
import { repeated } from './repeated.ts';

/** What commander gives for `withDecryptionKey`. */
export interface DecryptionOptions {
  decryptionKey?: string[];
}

/** What commander gives for `withEncryptionKey`. */
export interface EncryptionOptions {
  encryptionKey?: string[];
}

/** What commander gives for `withIdentity`. */
export interface IdentityOptions {
  identity?: string[];
}

/** `--decryption-key`, for images whose layers are encrypted. */
export function withDecryptionKey(command: Command): Command {
  return command.option(
    '--decryption-key <file>',
    'private key of an encrypted image, in PEM; one with a passphrase: FILE:file=PASSPHRASE_FILE or FILE:fd=NUMBER; repeat',
    repeated,
  );
}

/** `--encryption-key`, for images that are written. */
export function withEncryptionKey(command: Command): Command {
  return command.option(
    '--encryption-key <jwe:file>',
    'encrypt the layers for this public key or certificate, in PEM; repeat for several recipients',
    repeated,
  );
}

/** `--identity`, for archives that are sealed with age. */
export function withIdentity(command: Command): Command {
  return command.option(
    '--identity <file>',
    'identity of age that opens a sealed archive (FILE.age); repeat',
    repeated,
  );
}
