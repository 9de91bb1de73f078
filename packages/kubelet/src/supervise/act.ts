/** Asking a container something from outside: exec, HTTP, TCP, gRPC; for probes and hooks. */
import { request as http } from 'node:http';
import { request as https } from 'node:https';
import { connect, isIPv6 } from 'node:net';
import { isCode, messageOf } from '@stillframe/core';
import type { CriClient } from '@stillframe/cri/client';
import type { Hook, HttpGet, Probe } from '../manifest/action-schema.ts';
import { askHealth } from './grpc-health.ts';

/** The container that is asked. */
export interface Asked {
  readonly cri: CriClient;
  readonly containerID: string;
  /** Where its ports are. */
  readonly ip: string;
  /** Numbers of named ports. */
  readonly ports: ReadonlyMap<string, number>;
  readonly signal: AbortSignal;
}

export interface Outcome {
  readonly success: boolean;
  /** What it said, for logs; hostile text. */
  readonly words: string;
}

type Action = Pick<Probe, 'exec' | 'httpGet' | 'tcpSocket' | 'grpc'> & Pick<Hook, 'sleep'>;

/** Bytes of an answer that are told. */
const WORDS = 256;

/** Never throws but for the signal's reason: whatever goes wrong is a failure. */
export async function act(action: Action, seconds: number, asked: Asked): Promise<Outcome> {
  const signal = AbortSignal.any([asked.signal, AbortSignal.timeout(seconds * 1000)]);
  try {
    if (action.exec) return await execute(action.exec.command, seconds, asked);
    if (action.httpGet) return await get(action.httpGet, asked, signal);
    if (action.tcpSocket) return await knock(action.tcpSocket, asked, signal);
    if (action.grpc) return await askHealth({ ip: asked.ip, ...action.grpc }, seconds * 1000, signal);
    if (action.sleep) return await sleep(action.sleep.seconds, signal);
    return { success: true, words: '' };
  } catch (error) {
    asked.signal.throwIfAborted();
    return { success: false, words: signal.aborted ? `no answer in ${seconds} s` : messageOf(error) };
  }
}

async function execute(cmd: readonly string[], seconds: number, { cri, containerID, signal }: Asked): Promise<Outcome> {
  try {
    const request = { containerId: containerID, cmd: [...cmd], timeout: BigInt(seconds) };
    // The runtime ends the process at its own time-out; the call may take a little longer.
    const answer = await cri.runtime.execSync(request, { signal, timeoutMs: seconds * 1000 + 2000 });
    const words = Buffer.concat([answer.stdout, answer.stderr]).toString('utf8', 0, WORDS).trim();
    return { success: answer.exitCode === 0, words: words || `exit code ${answer.exitCode}` };
  } catch (error) {
    if (!isCode(error, 'ERR_CRI_DEADLINE_EXCEEDED')) throw error;
    return { success: false, words: `no end in ${seconds} s` };
  }
}

function portOf(port: number | string, ports: ReadonlyMap<string, number>): number {
  return typeof port === 'number' ? port : (ports.get(port) ?? 0);
}

/** As a kubelet: any status from 200 to 399 is good; a certificate proves nothing here and is not looked at. */
function get(action: HttpGet, asked: Asked, signal: AbortSignal): Promise<Outcome> {
  const headers = new Map<string, string[]>();
  for (const { name, value } of action.httpHeaders ?? []) headers.set(name, [...(headers.get(name) ?? []), value]);
  const given = [...headers.keys()].map((name) => name.toLowerCase());
  if (!given.includes('user-agent')) headers.set('User-Agent', ['kube-probe/1.34']);
  if (!given.includes('accept')) headers.set('Accept', ['*/*']);
  const host = action.host || asked.ip;
  const options = {
    host,
    port: portOf(action.port, asked.ports),
    path: action.path.startsWith('/') ? action.path : `/${action.path}`,
    headers: Object.fromEntries(headers),
    agent: false as const,
    signal,
  };
  return new Promise((resolve, reject) => {
    const send = action.scheme === 'HTTPS' ? https : http;
    const sent = send({ ...options, ...(action.scheme === 'HTTPS' ? { rejectUnauthorized: false } : {}) });
    sent.once('response', (response) => {
      const status = response.statusCode ?? 0;
      // Only the status counts; a body may be of any size.
      response.destroy();
      resolve({ success: status >= 200 && status < 400, words: `HTTP status ${status}` });
    });
    sent.on('error', reject);
    sent.end();
  });
}

function knock(action: NonNullable<Probe['tcpSocket']>, { ip, ports }: Asked, signal: AbortSignal): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const host = action.host || ip;
    const socket = connect({ host, port: portOf(action.port, ports), family: isIPv6(host) ? 6 : 4, signal });
    socket.once('connect', () => {
      socket.destroy();
      resolve({ success: true, words: '' });
    });
    socket.once('error', reject);
  });
}

function sleep(seconds: number, signal: AbortSignal): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve({ success: true, words: '' }), seconds * 1000);
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        reject(signal.reason);
      },
      { once: true },
    );
  });
}
