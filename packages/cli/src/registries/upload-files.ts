/** Uploads that were cut, as small files in the user's state folder, so that the same push goes on later. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { orAbsent, systemCode } from '@stillframe/core';
import { writeTextAtomically } from '@stillframe/core/file';
import type { UploadKey, UploadLedger, UploadNote, UploadPlace } from '@stillframe/oci';

/** Milliseconds: docker's registry removes sessions of this age, and others earlier. */
const EXPIRY = 7 * 24 * 3600_000;
/** Bytes of a file that is read. */
const LONGEST = 64 << 10;

/**
 * A file is `KEY.HOLDER.json`, mode 0600: a session's URL is enough to write to the session. It is taken over by renaming it,
 * which one process alone can do, from a holder that is gone. Undefined where nothing says where state belongs.
 */
export function fileLedger(env: Readonly<Record<string, string | undefined>>): UploadLedger | undefined {
  const { XDG_STATE_HOME: state, HOME: home } = env;
  const base = state && isAbsolute(state) ? state : home && join(home, '.local', 'state');
  if (!base) return undefined;
  const folder = join(base, 'stillframe', 'uploads');
  return {
    async open(key) {
      try {
        await mkdir(folder, { recursive: true, mode: 0o700 });
        await sweep(folder);
        return await take(folder, key);
      } catch (error) {
        // A full disk or a home that may not be written is no reason not to push.
        if (systemCode(error) !== undefined) return undefined;
        throw error;
      }
    },
  };
}

async function take(folder: string, key: UploadKey): Promise<UploadNote> {
  const name = nameOf(key);
  const own = join(folder, `${name}.${await holder()}.json`);
  let left: UploadPlace | undefined;
  for (const file of await notesOf(folder, name)) {
    if (left !== undefined || (await isHeld(file)) || !(await renamed(join(folder, file), own))) continue;
    left = placeIn(await readFile(own, 'utf8'), key);
    if (!left) await rm(own, { force: true });
  }
  let noting = true;
  return {
    left,
    async keep({ url, offset }) {
      if (!noting) return;
      const text = `${JSON.stringify({ kind: 'Upload', schemaVersion: 1, ...keyOf(key), offset, url })}\n`;
      try {
        await writeTextAtomically(own, text);
      } catch {
        noting = false;
        // What stands there still is older than the session: a registry would drop that at the question.
        await rm(own, { force: true }).catch(() => undefined);
      }
    },
    forget: () => rm(own, { force: true }).catch(() => undefined),
    [Symbol.asyncDispose]: async () => undefined,
  };
}

function keyOf({ registry, repository, digest, size }: UploadKey): UploadKey {
  return { registry, repository, digest, size };
}

function nameOf(key: UploadKey): string {
  return createHash('sha256')
    .update(JSON.stringify(keyOf(key)))
    .digest('hex')
    .slice(0, 32);
}

/** Undefined for what is not of this upload. */
function placeIn(text: string, key: UploadKey): UploadPlace | undefined {
  if (text.length > LONGEST) return undefined;
  try {
    const { kind, schemaVersion, url, offset, ...rest } = JSON.parse(text) ?? {};
    const same = kind === 'Upload' && schemaVersion === 1 && JSON.stringify(rest) === JSON.stringify(keyOf(key));
    const sound = typeof url === 'string' && Number.isSafeInteger(offset) && offset >= 0 && offset <= key.size;
    return same && sound ? { url, offset } : undefined;
  } catch {
    return undefined;
  }
}

/** Notes of one upload, the newest first. */
async function notesOf(folder: string, name: string): Promise<string[]> {
  const found = (await readdir(folder)).filter((file) => file.startsWith(`${name}.`) && file.endsWith('.json'));
  const ages = await Promise.all(found.map(async (file) => ({ file, at: await changedAt(join(folder, file)) })));
  return ages.toSorted((a, b) => b.at - a.at).map(({ file }) => file);
}

async function sweep(folder: string): Promise<void> {
  for (const file of await readdir(folder)) {
    const path = join(folder, file);
    const at = await changedAt(path);
    if (at > 0 && Date.now() - at > EXPIRY) await rm(path, { force: true });
  }
}

/** Milliseconds since 1970; 0 for what is gone meanwhile. */
async function changedAt(path: string): Promise<number> {
  return (await stat(path).catch(() => undefined))?.mtimeMs ?? 0;
}

async function renamed(from: string, to: string): Promise<boolean> {
  // Where it is not there, another process was faster.
  const done = rename(from, to).then(() => true);
  return (await orAbsent(done, 'ENOENT')) ?? false;
}

/** This process, told apart from one that had its number before; and this upload, of several in it. */
async function holder(): Promise<string> {
  return `${process.pid}-${(await startOf(process.pid)) ?? 0}-${randomBytes(4).toString('hex')}`;
}

async function isHeld(file: string): Promise<boolean> {
  const [pid = 0, start] = (file.split('.')[1] ?? '').split('-').map(Number);
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  const now = await startOf(pid);
  if (now !== undefined || process.platform === 'linux') return now === start;
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return systemCode(error) === 'EPERM';
  }
}

/** When a process started, in ticks since boot; undefined where it does not run or the system does not say (proc_pid_stat(5)). */
async function startOf(pid: number): Promise<number | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const [state = '', ...rest] = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const start = Number(rest[18]);
  // One that ended and that nobody has waited for writes nothing any more.
  return Number.isSafeInteger(start) && !/[ZX]/.test(state) ? start : undefined;
}
