/** The files of critest's images: Debian's static busybox, and small stand-ins for what else the specs call. */
import { chmod, copyFile, link, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execute } from '@stillframe/demo/stage';

/** Programs that Debian's busybox lacks, as scripts. */
const SCRIPTS: Readonly<Record<string, string>> = {
  // critest looks for the id of a segment in the output, nothing else.
  ipcs: '#!/bin/sh\nexec cat /proc/sysvipc/shm\n',
  pgrep: '#!/bin/sh\nexec pidof "$1"\n',
};

const PASSWD = `root:x:0:0:root:/root:/bin/sh
www-data:x:33:33:www-data:/var/www:/bin/false
nobody:x:65534:65534:nobody:/home:/bin/false
`;
const GROUP = `root:x:0:
www-data:x:33:
users:x:100:
nobody:x:65534:
`;

/** Lays the tree of every image but the one with its own groups. `busybox`: a static one. */
export async function layBusybox(tree: string, busybox = '/bin/busybox'): Promise<void> {
  for (const folder of ['bin', 'dev', 'etc', 'home', 'proc', 'root', 'sys', 'tmp', 'usr/bin', 'var/lib', 'var/run']) {
    await mkdir(join(tree, folder), { recursive: true });
  }
  await chmod(join(tree, 'tmp'), 0o1777);
  const program = join(tree, 'bin', 'busybox');
  await copyFile(busybox, program);
  await chmod(program, 0o755);
  const { stdout } = await execute([busybox, '--list']);
  // Hard links: a spec masks /bin/ls, and through a symbolic link that would mask the shell, too.
  for (const applet of stdout.split('\n')) {
    if (!['', 'busybox', 'sh'].includes(applet)) await link(program, join(tree, 'bin', applet));
  }
  await layShell(program, join(tree, 'bin', 'sh'));
  for (const [name, text] of Object.entries(SCRIPTS)) await writeExecutable(join(tree, 'bin', name), text);
  await layAccounts(tree);
}

/**
 * The spec that masks /bin/ls wants a shell that calls it, but Debian's busybox runs its own. In the copy that is the
 * shell, `ls` goes by another name that keeps the table of applets sorted.
 */
async function layShell(busybox: string, target: string): Promise<void> {
  const bytes = await readFile(busybox);
  const at = bytes.indexOf('\0ls\0ls', 0, 'latin1');
  if (at < 0) throw new Error(`${busybox} has no table of applets with ls in it`);
  bytes.write('lr', at + 1, 'latin1');
  await writeFile(target, bytes);
  await chmod(target, 0o755);
}

/** Lays the account files, with `users` and `groups` (lines) beside those of every image. */
export async function layAccounts(tree: string, users = '', groups = ''): Promise<void> {
  await mkdir(join(tree, 'etc'), { recursive: true });
  await writeFile(join(tree, 'etc', 'passwd'), PASSWD + users);
  await writeFile(join(tree, 'etc', 'group'), GROUP + groups);
}

/** Compiles `source` of the folder `programs` statically to `path` with the host's C compiler. */
export async function layProgram(source: string, path: string, mode = 0o755): Promise<void> {
  const code = fileURLToPath(new URL(`programs/${source}`, import.meta.url));
  await mkdir(join(path, '..'), { recursive: true });
  await execute(['cc', '-static', '-Os', '-s', '-o', path, code]);
  await chmod(path, mode);
}

async function writeExecutable(path: string, text: string): Promise<void> {
  await writeFile(path, text);
  await chmod(path, 0o755);
}
