import { imageInfo, imageView } from './image-view.ts';
import { required } from './invalid.ts';
import type { ImageRpc } from './rpc.ts';

/** An image that is not here is an answer without one, not an error (CRI). */
export const imageStatus: ImageRpc<'imageStatus'> =
  (node) =>
  async ({ image, verbose }, { signal }) => {
    const { images } = node.context;
    const found = images.find(required(image?.image, 'image'));
    if (!found) return {};
    const info = verbose ? imageInfo(found, await images.config(found, { signal })) : {};
    return { image: imageView(found, images.isPinned(found)), info };
  };
