export { RegistryClient, type RegistryOptions } from './client.ts';
export {
  type AuthFileOptions,
  authFileCredentials,
  type CredentialStore,
  type Credentials,
  type CredentialsProvider,
  noCredentials,
} from './credentials.ts';
export { RegistryRepository } from './repository.ts';
export { defaultRetry, type RetryPolicy } from './retry.ts';
