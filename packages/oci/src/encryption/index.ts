export { ChangedReader } from './changed-reader.ts';
export { decryptingReader, type KeyRing } from './decrypting.ts';
export { encryptingReader } from './encrypting.ts';
export { demandDecrypted, type Recipient, recipientsOf, recipientsText } from './jwe.ts';
export { type DecryptionKey, type EncryptionKey, MAX_KEY_FILE, parsePrivateKey, parsePublicKey } from './keys.ts';
export { isEncryptedType } from './media-types.ts';
