/** Real programs in containers for the corpus: a database, a JavaScript engine and an interpreter with threads. */
import { copyFile, mkdir, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type ContainerProgram, type DumpedContainer, dumpContainer } from './runc-dump.ts';

const PROGRAMS = join(import.meta.dirname, 'programs');

/**
 * What the programs make of hexadecimal digits while they run, so that no script and no argument holds the text itself:
 * it is in memory because a value is.
 */
export function programValue(thing: string): string {
  return `corpus:${thing}:${'0123456789'.repeat(4)}`;
}

/** The same as the digits that a program is given. */
function digits(thing: string): string {
  return Buffer.from(programValue(thing)).toString('hex');
}

const PATH = 'PATH=/usr/bin:/bin';
/** The programs of this machine, where they lie together. */
const USR = { '/usr': '/usr' };

/** redis-server with one key, and a client that listens to a channel. `folder`: an empty one. */
export function dumpRedis(folder: string): Promise<DumpedContainer> {
  return dumpContainer(folder, { ...script('redis.sh', '/bin/sh'), environment: [PATH, `VALUE=${digits('redis')}`] });
}

/** This Node.js with a string and a buffer. As under any engine it has no io_uring, whose rings CRIU cannot dump. */
export function dumpNode(folder: string): Promise<DumpedContainer> {
  const { fill, args } = script('node.mjs', '/node/node');
  const environment = [PATH, `STRING=${digits('node-string')}`, `BUFFER=${digits('node-buffer')}`];
  return dumpContainer(folder, {
    fill,
    args,
    environment,
    hostFolders: { ...USR, '/node': dirname(process.execPath) },
    refused: ['io_uring_setup'],
  });
}

/** python3 with a bytes object and two threads of names of their own. */
export function dumpPython(folder: string): Promise<DumpedContainer> {
  return dumpContainer(folder, {
    ...script('threads.py', '/usr/bin/python3'),
    environment: [PATH, `BYTES=${digits('python-bytes')}`],
  });
}

/** A script that an interpreter runs in a root filesystem whose programs are those of this machine. */
function script(name: string, interpreter: string): Pick<ContainerProgram, 'fill' | 'args' | 'hostFolders'> {
  return {
    async fill(tree) {
      for (const folder of ['etc', 'proc', 'sys', 'dev', 'tmp', 'usr', 'node']) await mkdir(join(tree, folder));
      for (const folder of ['bin', 'lib', 'lib64']) await symlink(`usr/${folder}`, join(tree, folder));
      await copyFile(join(PROGRAMS, name), join(tree, 'etc', name));
    },
    args: [interpreter, `/etc/${name}`],
    hostFolders: USR,
  };
}
