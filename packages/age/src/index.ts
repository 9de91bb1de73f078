export { isAge } from './header.ts';
export {
  type AgeRecipient,
  type Identity,
  MAX_KEYS_FILE,
  parseIdentities,
  parseRecipient,
  parseRecipients,
} from './keys.ts';
export { openAge } from './open.ts';
export { sealAge } from './seal.ts';
