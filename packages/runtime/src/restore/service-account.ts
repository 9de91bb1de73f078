/** The files that Kubernetes gives a container to speak for its service account: marked ones take their place. */
import { constants } from 'node:fs';
import { lstat, mkdir, open, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { NodeContext } from '../context.ts';
import type { MountRequest, SandboxRecord } from '../store/records.ts';

/** Where they are mounted, `/var/run` being a link to `/run` in most images. */
const PLACES = ['/var/run/secrets/kubernetes.io/serviceaccount', '/run/secrets/kubernetes.io/serviceaccount'];
const FILES = ['token', 'ca.crt', 'namespace'];
const MARK = 'scrubbed by Stillframe: this copy has no service account\n';

/**
 * The mounts of a request with a folder of marked files wherever the dump or the request has the service account's; the
 * request need not declare those. `dumped`: destinations of the dump's bind mounts.
 */
export async function scrubMounts(
  context: NodeContext,
  sandbox: SandboxRecord,
  mounts: readonly MountRequest[],
  dumped: readonly string[],
): Promise<MountRequest[]> {
  const isPlace = (path: string) => PLACES.includes(path.replace(/\/+$/, ''));
  const others = mounts.filter(({ containerPath }) => !isPlace(containerPath));
  const places = [...new Set([...mounts.map(({ containerPath }) => containerPath), ...dumped])].filter(isPlace);
  if (places.length === 0) return others;
  const folder = join(context.folders.sandboxes, sandbox.id, 'service-account');
  await mkdir(folder, { recursive: true, mode: 0o755 });
  for (const name of FILES) await writeFile(join(folder, name), MARK, { mode: 0o644 });
  return [...others, ...places.map((containerPath) => ({ containerPath, hostPath: folder, readonly: true }))];
}

/**
 * Overwrites what lies at these places in a container's own layer, and says how many files that were. Sizes stay: CRIU
 * refuses an open file that has another one. No link is followed.
 */
export async function scrubLayer(upper: string): Promise<number> {
  let files = 0;
  for (const place of PLACES) {
    const folder = await folderAt(upper, place);
    if (folder !== undefined) files += await scrubFolder(folder);
  }
  return files;
}

/** The folder itself; undefined where the way leads through a link or anything else. */
async function folderAt(root: string, path: string): Promise<string | undefined> {
  let at = root;
  for (const part of path.split('/').filter(Boolean)) {
    at = join(at, part);
    if (!(await lstat(at).catch(() => undefined))?.isDirectory()) return undefined;
  }
  return at;
}

/** Kubernetes' own layout has the files in a folder beside links to them. */
async function scrubFolder(folder: string): Promise<number> {
  let files = 0;
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) files += await scrubFolder(path);
    if (!entry.isFile()) continue;
    await using file = await open(path, constants.O_WRONLY | constants.O_NOFOLLOW);
    const { size } = await file.stat();
    await file.writeFile(Buffer.alloc(Math.min(size, MARK.length), MARK));
    for (let at = MARK.length; at < size; at += FILL.length)
      await file.write(FILL, 0, Math.min(FILL.length, size - at), at);
    files += 1;
  }
  return files;
}

const FILL = Buffer.alloc(64 << 10, 'X');
