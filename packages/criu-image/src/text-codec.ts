/**
 * Importing this module sets the text codec of the protobuf library, so that it writes text as `readMessage` reads it.
 * Valid UTF-8 and fields that demand it (proto3, such as the CRI's) are read and written as ever.
 */
import { configureTextEncoding } from '@bufbuild/protobuf/wire';
import { decodeBytes, encodeBytes } from './byte-true-text.ts';

const strict = new TextDecoder('utf-8', { ignoreBOM: true, fatal: true });
const encoder = new TextEncoder();

configureTextEncoding({
  checkUtf8: (text) => text.isWellFormed(),
  decodeUtf8: (bytes, demanding) => (demanding ? strict.decode(bytes) : decodeBytes(bytes)),
  encodeUtf8: encodeBytes,
  encodeUtf8Into(text, target) {
    if (text.isWellFormed()) return encoder.encodeInto(text, target);
    const bytes = encodeBytes(text);
    target.set(bytes);
    return { written: bytes.length };
  },
});
