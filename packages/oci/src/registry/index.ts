export { RegistryClient, type RegistryOptions } from './client.ts';
export {
  type AuthFileOptions,
  authFileCredentials,
  type CredentialStore,
  type Credentials,
  type CredentialsProvider,
  noCredentials,
} from './credentials.ts';
export type { Certificates, SecureContext } from './http.ts';
export type { Trust } from './origin.ts';
export { RegistryRepository } from './repository.ts';
export { defaultRetry, type RetryPolicy } from './retry.ts';
export type { UploadKey, UploadLedger, UploadNote, UploadPlace } from './upload-ledger.ts';
