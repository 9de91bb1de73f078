/** PullImage (CRI v1): from a registry, or from an image layout or docker archive of this machine. */
import type { PullOptions } from '@stillframe/runtime';
import { IMAGE_NAME_ANNOTATION } from '../client/extensions.ts';
import type { AuthConfig } from '../proto.ts';
import { invalidRequest, required } from './invalid.ts';
import type { ImageRpc } from './rpc.ts';

export const pullImage: ImageRpc<'pullImage'> =
  (node) =>
  async ({ image, auth }, { signal }) => {
    const reference = required(image?.image, 'image');
    const options = { signal, credentials: credentialsOf(auth), name: image?.annotations[IMAGE_NAME_ANNOTATION] };
    return { imageRef: (await node.pullImage(reference, options)).id };
  };

/** A token counts more than a name. Throws ERR_CRI_REQUEST_INVALID, which never quotes a secret. */
export function credentialsOf(auth: AuthConfig | undefined): PullOptions['credentials'] {
  if (!auth) return undefined;
  if (auth.registryToken !== '') return { kind: 'registry-token', token: auth.registryToken };
  if (auth.identityToken !== '') return { kind: 'identity-token', token: auth.identityToken };
  if (auth.username !== '' || auth.password !== '') {
    return { kind: 'password', username: auth.username, password: auth.password };
  }
  if (auth.auth === '') return undefined;
  const text = Buffer.from(auth.auth, 'base64').toString();
  const colon = text.indexOf(':');
  if (colon <= 0) throw invalidRequest('attribute "auth.auth" is not base64 of name:password');
  // docker pads the password with NUL.
  return { kind: 'password', username: text.slice(0, colon), password: text.slice(colon + 1).replace(/\0+$/, '') };
}
