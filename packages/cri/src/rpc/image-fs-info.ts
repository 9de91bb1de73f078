/** ImageFsInfo (CRI v1). */
import type { FolderUsage } from '@stillframe/runtime';
import type { ImageRpc } from './rpc.ts';

/** What images and writable layers take, at most ten seconds old. */
export const imageFsInfo: ImageRpc<'imageFsInfo'> = (node) => async () => {
  const { images, containers } = node.context.folders;
  const [ofImages, ofContainers] = await Promise.all([
    node.usage.usageOf(images, 'layers'),
    node.usage.usageOf(containers),
  ]);
  return {
    imageFilesystems: [usageView(images, ofImages)],
    containerFilesystems: [usageView(containers, ofContainers)],
  };
};

function usageView(mountpoint: string, { at, bytes, inodes }: FolderUsage) {
  return {
    timestamp: BigInt(at) * 1_000_000n,
    fsId: { mountpoint },
    usedBytes: { value: BigInt(bytes) },
    inodesUsed: { value: BigInt(inodes) },
  };
}
