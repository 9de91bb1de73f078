/**
 * A dump that had its network for itself and empty, as of podman without a network, makes CRIU create another one with
 * its loopback down. The copy of the image set is told instead that this namespace comes from outside, as dumps of pods
 * say themselves (CRIU's netns_entry.ext_key).
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DumpFacts } from './dump-facts.ts';

/** CRIU's common magic and that of a netns image (checkpoint-spec 7.1, 7.2). */
const MAGIC = [0x54564319, 0x55933752] as const;
/** Under this key the OCI runtime hands over the network of the specification. */
const KEY = 'extRootNetNS';

/** Changes `images`, the folder of the set that is laid ready, where the dump asks for a network of its own. */
export async function giveNetwork(images: string, { namespaces, netId }: DumpFacts): Promise<void> {
  if (namespaces.net !== 'own' || netId === undefined) return;
  // Field 8, a text; every other field is optional.
  const entry = Buffer.concat([Buffer.from([(8 << 3) | 2, KEY.length]), Buffer.from(KEY)]);
  const head = Buffer.alloc(12);
  head.writeUInt32LE(MAGIC[0], 0);
  head.writeUInt32LE(MAGIC[1], 4);
  head.writeUInt32LE(entry.length, 8);
  await writeFile(join(images, `netns-${netId}.img`), Buffer.concat([head, entry]), { mode: 0o600 });
}
