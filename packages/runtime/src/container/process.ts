/** What a container runs: image configuration and request put together (Kubernetes' rules for command and args). */
import { constants } from 'node:fs';
import { lstat, open } from 'node:fs/promises';
import { join } from 'node:path';
import type { ImageConfig } from '@stillframe/oci';
import { runtimeError } from '../errors.ts';
import type { ContainerRequest } from './request.ts';
import type { SpecFacts } from './spec.ts';

const DEFAULT_PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Arguments, environment, folder and user. Throws ERR_CONTAINER_INVALID where there is nothing to run. */
export async function processOf(
  request: ContainerRequest,
  image: ImageConfig['config'],
  rootfs: string,
): Promise<Pick<SpecFacts, 'args' | 'env' | 'cwd' | 'user'>> {
  // A command of the request replaces the image's entrypoint and its default arguments alike.
  const command = request.command.length > 0 ? request.command : (image?.Entrypoint ?? []);
  const defaults = request.command.length > 0 ? [] : (image?.Cmd ?? []);
  const args = [...command, ...(request.args.length > 0 ? request.args : defaults)];
  if (args.length === 0) {
    throw runtimeError('ERR_CONTAINER_INVALID', 'neither the request nor the image names a command', {
      hint: 'give a command',
    });
  }
  return {
    args,
    env: environmentOf(image?.Env ?? [], request.env),
    cwd: request.workingDir || image?.WorkingDir || '/',
    user: await userOf(request, image?.User ?? '', rootfs),
  };
}

/** The image's variables, overridden by the request's; PATH is always there. */
export function environmentOf(image: readonly string[], request: ContainerRequest['env']): string[] {
  const variables = new Map<string, string>();
  for (const text of [DEFAULT_PATH, ...image, ...request.map(({ key, value }) => `${key}=${value}`)]) {
    const equals = text.indexOf('=');
    variables.set(equals < 0 ? text : text.slice(0, equals), text);
  }
  return [...variables.values()];
}

async function userOf(request: ContainerRequest, imageUser: string, rootfs: string): Promise<SpecFacts['user']> {
  const { runAsUser, runAsGroup, runAsUsername, supplementalGroups } = request.security;
  const [imageName = '', imageGroup = ''] = imageUser.split(':');
  const wanted = runAsUser === undefined ? (runAsUsername ?? (imageName || '0')) : String(runAsUser);
  const user = await accountOf(rootfs, 'passwd', wanted);
  const group = runAsUser === undefined && imageGroup ? (await accountOf(rootfs, 'group', imageGroup)).id : user.group;
  const gid = runAsGroup ?? group;
  const merged = request.security.strictGroups ? [] : await groupsOf(rootfs, user.name);
  // The group itself is among them: a file may deny it what it gives to others (CVE-2022-36109).
  const additionalGids = [...new Set([gid, ...supplementalGroups, ...merged])];
  return { uid: user.id, gid, additionalGids };
}

/** Groups in which the image's /etc/group lists the user by name. */
async function groupsOf(rootfs: string, name: string | undefined): Promise<number[]> {
  if (name === undefined) return [];
  const lines = (await readInside(rootfs, 'group')).split('\n').map((line) => line.split(':'));
  const own = lines.filter(([, , , members = '']) => members.trim().split(',').includes(name));
  return own.flatMap(([, , id]) => idOf(id) ?? []);
}

/** A numeric id or a name of the container's own account file; the file belongs to the image and is not trusted. */
async function accountOf(rootfs: string, file: 'passwd' | 'group', wanted: string) {
  const lines = (await readInside(rootfs, file)).split('\n').map((line) => line.split(':'));
  const numeric = /^\d+$/.test(wanted);
  const found = lines.find((fields) => (numeric ? fields[2] === wanted : fields[0] === wanted));
  if (!found && !numeric) {
    throw runtimeError('ERR_CONTAINER_INVALID', `the image's /etc/${file} knows no ${JSON.stringify(wanted)}`);
  }
  const id = idOf(numeric ? wanted : found?.[2]);
  const group = file === 'passwd' ? idOf(found ? found[3] : '0') : id;
  if (id === undefined || group === undefined) {
    throw runtimeError(
      'ERR_CONTAINER_INVALID',
      `the image's /etc/${file} has no valid ids for ${JSON.stringify(wanted)}`,
    );
  }
  return { id, group, name: found?.[0] };
}

/** Digits alone: Number() makes 0, which is root, of an empty field. */
function idOf(field: string | undefined): number | undefined {
  const id = /^\d{1,10}$/.test(field ?? '') ? Number(field) : 2 ** 32;
  return id < 2 ** 32 ? id : undefined;
}

/** Bytes read of an account file. */
const ACCOUNT_FILE_LIMIT = 1 << 20;

async function readInside(rootfs: string, file: string): Promise<string> {
  const folder = join(rootfs, 'etc');
  const stat = await lstat(folder).catch(() => undefined);
  // A link here would lead out of the container's root.
  if (!stat?.isDirectory()) return '';
  try {
    await using handle = await open(
      join(folder, file),
      constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK,
    );
    const found = await handle.stat();
    if (!found.isFile()) return '';
    const bytes = Buffer.alloc(ACCOUNT_FILE_LIMIT);
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, 0);
    const text = bytes.toString('utf8', 0, bytesRead);
    // The bound may cut a line in two, and half an id is another id.
    return found.size > bytesRead ? text.slice(0, text.lastIndexOf('\n') + 1) : text;
  } catch {
    // Without an account file only numeric ids can be used, which the caller says.
    return '';
  }
}
