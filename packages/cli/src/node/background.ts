/** The node as a process of its own: started, and ended by other commands. */
import { type ChildProcess, spawn } from 'node:child_process';
import { open, stat } from 'node:fs/promises';
import type { NodePaths } from '@stillframe/runtime/place';
import { cliError } from '../usage.ts';
import { type NodeEndpoints, readEndpoints } from './endpoints.ts';
import { makeNodeFolders, nodeLogPath } from './folders.ts';
import { pause, runningNode, servingNode } from './running.ts';

/** Milliseconds until a started node must serve. */
const READY = 30_000;
/** Milliseconds that another node, which was quicker, may take to say who it is. */
const OTHER = 5_000;
/** Bytes of the log that are looked at for last words. */
const LAST = 16 << 10;

export interface StartedNode {
  endpoints: NodeEndpoints;
  /** False where another start was quicker: its node serves. */
  fresh: boolean;
}

/**
 * Starts `node up --foreground` detached and waits until it serves. Where another node takes the folders meanwhile, that
 * one is waited for. Throws ERR_NODE_START with the last words of a node that failed; folders that were made are gone then.
 */
export async function startInBackground(paths: NodePaths, argv: readonly string[]): Promise<StartedNode> {
  const folders = await makeNodeFolders(paths);
  const logPath = nodeLogPath(paths);
  const before = (await stat(logPath).catch(() => undefined))?.size ?? 0;
  const child = await spawnNode(logPath, argv);
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  for (const deadline = Date.now() + READY; Date.now() < deadline && child.exitCode === null; ) {
    const endpoints = await readEndpoints(paths.state);
    if (endpoints && endpoints.pid === child.pid) return { endpoints, fresh: true };
    if (child.signalCode !== null || child.pid === undefined) break;
    await pause();
  }
  if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
  await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, OTHER).unref())]);
  const words = await lastWords(logPath, before);
  if (words.includes('[ERR_NODE_BUSY]')) {
    const endpoints =
      (await servingNode(paths, OTHER)) ?? ((await runningNode(paths)) && (await servingNode(paths, READY)));
    if (endpoints) return { endpoints, fresh: false };
  }
  await folders.remove();
  if (words.includes('[ERR_NODE_BUSY]')) {
    const [fact = ''] = words.split('  [');
    throw cliError('ERR_NODE_START', `the node did not start: ${fact}`, {
      hint: 'every node needs a root and a state folder of its own',
    });
  }
  const log = await stat(logPath).catch(() => undefined);
  throw cliError('ERR_NODE_START', `the node did not start: ${words}`, {
    hint: `${log ? `its log is ${logPath}; ` : ''}\`stillframe doctor\` says what this host lacks`,
  });
}

async function spawnNode(logPath: string, argv: readonly string[]): Promise<ChildProcess> {
  await using log = await open(logPath, 'a', 0o600);
  const stdio = ['ignore', log.fd, log.fd] as const;
  const child = spawn(process.execPath, argv, { detached: true, stdio: [...stdio], cwd: '/' });
  child.unref();
  return child;
}

/** What this start wrote at the end of its log: the error as any command tells it, else its last lines. */
async function lastWords(logPath: string, from: number): Promise<string> {
  await using log = await open(logPath, 'r');
  const { size } = await log.stat();
  const begin = Math.max(from, size - LAST);
  const bytes = Buffer.alloc(Math.max(0, size - begin));
  const { bytesRead } = await log.read(bytes, 0, bytes.length, begin);
  const lines = bytes.toString('utf8', 0, bytesRead).trimEnd().split('\n');
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
  for (const deadline = Date.now() + timeout; Date.now() < deadline; await pause()) {
    if ((await runningNode(paths)) !== pid) return true;
  }
  throw cliError('ERR_NODE_START', `the node with pid ${pid} does not end; work may still be under way`);
}
