import { imageView } from './image-view.ts';
import type { ImageRpc } from './rpc.ts';

export const listImages: ImageRpc<'listImages'> =
  (node) =>
  async ({ filter }) => {
    const { images } = node.context;
    const wanted = filter?.image?.image;
    const found = wanted ? [images.find(wanted)].filter((image) => image !== undefined) : images.list();
    return { images: found.map((image) => imageView(image, images.isPinned(image))) };
  };
