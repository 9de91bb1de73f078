export { RegistryClient } from './client.ts';
export {
  authFileCredentials,
  type CredentialStore,
  type Credentials,
  type CredentialsProvider,
} from './credentials.ts';
export type { Certificates } from './http.ts';
export type { Trust } from './origin.ts';
export { RegistryRepository } from './repository.ts';
export type { UploadKey, UploadLedger, UploadNote, UploadPlace } from './upload-ledger.ts';
