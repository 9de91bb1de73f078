/** The node as a process of its own: started, found and ended by other commands. */
import { spawn } from 'node:child_process';
import { mkdir, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type NodePaths, ownerOf } from '@stillframe/runtime';
import { cliError } from '../usage.ts';
import { type NodeEndpoints, readEndpoints } from './endpoints.ts';
import { nodeLogPath } from './serve.ts';

/** Milliseconds until a started node must serve. */
const READY = 30_000;
const POLL = 50;

/** Pid of the node that works with these folders, or undefined. */
export function runningNode(paths: NodePaths): Promise<number | undefined> {
  return ownerOf(join(paths.state, 'node.pid'));
}

/** Starts `node up --foreground` detached and waits until it serves. Throws ERR_NODE_START with its last words. */
export async function startInBackground(paths: NodePaths, argv: readonly string[]): Promise<NodeEndpoints> {
  await mkdir(paths.root, { recursive: true, mode: 0o700 });
  const logPath = nodeLogPath(paths);
  await using log = await open(logPath, 'a', 0o600);
  const child = spawn(process.execPath, argv, {
    detached: true,
    stdio: ['ignore', log.fd, log.fd],
    cwd: '/',
  });
  let ended = false;
  child.once('exit', () => {
    ended = true;
  });
  child.unref();
  for (const deadline = Date.now() + READY; Date.now() < deadline && !ended; ) {
    const endpoints = await readEndpoints(paths.state);
    if (endpoints && endpoints.pid === child.pid) return endpoints;
    await new Promise((resolve) => setTimeout(resolve, POLL));
  }
  if (!ended) child.kill('SIGTERM');
  throw cliError('ERR_NODE_START', `the node did not start: ${await lastWords(logPath)}`, {
    hint: `its log is ${logPath}; \`stillframe doctor\` says what this host lacks`,
  });
}

async function lastWords(logPath: string): Promise<string> {
  const lines = (await readFile(logPath, 'utf8')).trimEnd().split('\n');
  const said = lines.findLastIndex((line) => line.startsWith('stillframe: '));
  // The failing node has told its error as any command does: the fact, and below it what to do.
  const words = said < 0 ? lines.slice(-3) : lines.slice(said, said + 3);
  return words.map((line) => line.replace(/^stillframe: /, '').trim()).join('; ');
}

/** Ends the node and waits for it; containers go on. False where none runs. */
export async function stopBackground(paths: NodePaths, timeout = 150_000): Promise<boolean> {
  const pid = await runningNode(paths);
  if (pid === undefined) return false;
  process.kill(pid, 'SIGTERM');
  for (const deadline = Date.now() + timeout; Date.now() < deadline; ) {
    if ((await runningNode(paths)) !== pid) return true;
    await new Promise((resolve) => setTimeout(resolve, POLL));
  }
  throw cliError('ERR_NODE_START', `the node with pid ${pid} does not end; work may still be under way`);
}
