import { required } from './invalid.ts';
import type { ImageRpc } from './rpc.ts';

/** Takes the image with all its names; one that a container was made of is refused with FAILED_PRECONDITION. */
export const removeImage: ImageRpc<'removeImage'> =
  (node) =>
  async ({ image }) => {
    await node.removeImage(required(image?.image, 'image'));
    return {};
  };
