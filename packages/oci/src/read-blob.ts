/** A small blob as a whole. */
import type { BlobReader, ContentOptions } from './content.ts';
import type { Descriptor } from './descriptor.ts';
import { ociError } from './errors.ts';

/** The verified bytes. Throws ERR_OCI_DOCUMENT_TOO_LARGE over `limit` bytes, and what BlobReader.stream throws. */
export async function readBlob(
  store: Pick<BlobReader, 'stream'>,
  descriptor: Descriptor,
  { limit, ...options }: ContentOptions & { limit: number },
): Promise<Uint8Array> {
  const { digest, size } = descriptor;
  if (size > limit)
    throw ociError('ERR_OCI_DOCUMENT_TOO_LARGE', `blob ${digest} has ${size} bytes, at most ${limit} are read`);
  const parts: Uint8Array[] = [];
  for await (const chunk of store.stream(descriptor, options)) parts.push(chunk);
  return Buffer.concat(parts);
}
