/** A client of a kubelet's HTTPS API: a real one, ours, or either by way of an API server's node proxy. */
import { Agent, request } from 'node:https';
import { at, limits, listAt, systemCode, textAt } from '@stillframe/core';
import { archiveIn, failureOf, type KubeletAnswer, parsed } from './answer.ts';
import { clientError } from './errors.ts';

export interface KubeletClientOptions {
  /** `https://node:10250`; a path is kept, as of `…/api/v1/nodes/NODE:10250/proxy`. */
  url: string;
  /** PEM of the client certificate and its key. */
  cert?: string | undefined;
  key?: string | undefined;
  /** PEM of the authorities that may have signed the kubelet's certificate; those of the system by default. */
  ca?: string | undefined;
  /** Bearer token. */
  token?: string | undefined;
  /** Whether the kubelet's certificate is not checked: anybody in between can then read the token and forge the answer. */
  insecure?: boolean | undefined;
}

/** A container as a kubelet's API names it. */
export interface KubeletAddress {
  readonly kubeNamespace: string;
  readonly pod: string;
  readonly container: string;
}

export interface KubeletCallOptions {
  signal?: AbortSignal | undefined;
}

/** A container in a kubelet's list of pods, as far as the list says it. */
export interface KubeletContainer {
  readonly name: string;
  readonly image: string;
  readonly containerID: string;
  readonly state: 'running' | 'waiting' | 'terminated' | 'unknown';
}

export interface KubeletPod {
  readonly kubeNamespace: string;
  readonly name: string;
  readonly uid: string;
  readonly containers: readonly KubeletContainer[];
}

export interface KubeletClient extends AsyncDisposable {
  /**
   * Has a container captured; answers the archive's absolute path on the kubelet's machine. `timeout`: whole seconds; a kubelet
   * of Kubernetes raises fewer than 120 to 120. Throws ERR_KUBELET_*, or the reason of the signal, which the kubelet notices by the
   * connection that ends.
   */
  checkpoint(address: KubeletAddress, options: KubeletCallOptions & { timeout: number }): Promise<string>;
  /** All pods that the kubelet knows. Throws ERR_KUBELET_*. */
  pods(options?: KubeletCallOptions): Promise<readonly KubeletPod[]>;
  /** The same as the kubelet tells them, each a v1 Pod; nothing of them is checked. Throws ERR_KUBELET_*. */
  podDocuments(options?: KubeletCallOptions): Promise<readonly unknown[]>;
}

/** Seconds that a kubelet gives a runtime at least. */
export const LEAST_TIMEOUT = 120;
/** Seconds that an answer may come later than the runtime's time is over. */
const GRACE = 30;
const POD_LIST_SECONDS = 60;
/** Milliseconds, of any timer. */
const LONGEST_WAIT = 2 ** 31 - 1;
/** Bytes: a list of 500 pods with their whole specifications. */
const LARGEST_LIST = 64 << 20;

/** Throws ERR_KUBELET_URL, ERR_KUBELET_TOKEN; nothing is sent yet. */
export function openKubeletClient(options: KubeletClientOptions): KubeletClient {
  const base = baseOf(options.url);
  const { cert, key, ca, token, insecure } = options;
  if (token !== undefined && !/^[\x21-\x7e]+$/.test(token)) {
    throw clientError('ERR_KUBELET_TOKEN', 'the token is empty, or has characters that no header can carry');
  }
  const tls = { ...(cert ? { cert } : {}), ...(key ? { key } : {}), ...(ca ? { ca } : {}) };
  const agent = new Agent({ ...tls, rejectUnauthorized: insecure !== true, keepAlive: false });
  const call = (method: 'GET' | 'POST', path: string, how: { seconds: number; most: number } & KubeletCallOptions) =>
    ask({ agent, method, url: new URL(base + path), token, ...how });
  const podItems = async (signal: AbortSignal | undefined): Promise<readonly unknown[]> => {
    const answer = await call('GET', 'pods', { seconds: POD_LIST_SECONDS, most: LARGEST_LIST, signal });
    if (answer.status !== 200) throw failureOf(answer);
    return itemsOf(parsed(answer.body));
  };
  return {
    async checkpoint({ kubeNamespace, pod, container }, { timeout, signal }) {
      const names = [kubeNamespace, pod, container];
      // What no pod is called would be another path: `..` leads out of it, however it is escaped.
      const wrong = names.find((name) => /^\.{0,2}$/.test(name));
      if (wrong !== undefined) throw clientError('ERR_KUBELET_NOT_FOUND', `${JSON.stringify(wrong)} is no name`);
      const path = ['checkpoint', ...names].map(encodeURIComponent).join('/');
      const seconds = Math.max(timeout, LEAST_TIMEOUT) + GRACE;
      return archiveIn(await call('POST', `${path}?timeout=${timeout}`, { seconds, most: limits.json, signal }));
    },
    pods: async ({ signal } = {}) => podsIn(await podItems(signal)),
    podDocuments: ({ signal } = {}) => podItems(signal),
    async [Symbol.asyncDispose]() {
      agent.destroy();
    },
  };
}

function baseOf(text: string): string {
  const url = URL.parse(text);
  if (url?.protocol !== 'https:' || url.search !== '' || url.hash !== '' || `${url.username}${url.password}` !== '') {
    const shown = JSON.stringify(text.replace(/\/\/[^/]*@/, '//…@'));
    throw clientError('ERR_KUBELET_URL', `${shown} is no address of a kubelet`);
  }
  return url.href.endsWith('/') ? url.href : `${url.href}/`;
}

interface Question extends KubeletCallOptions {
  agent: Agent;
  method: 'GET' | 'POST';
  url: URL;
  token: string | undefined;
  /** Until the whole answer is there. */
  seconds: number;
  /** Bytes of the answer. */
  most: number;
}

function ask({ agent, method, url, token, seconds, most, signal }: Question): Promise<KubeletAnswer> {
  // Timers take no more; what is no number is none at all.
  const limit = AbortSignal.timeout(Math.min(Math.ceil(seconds * 1000) || 0, LONGEST_WAIT));
  const either = signal ? AbortSignal.any([signal, limit]) : limit;
  return new Promise((resolve, reject) => {
    const fail = (cause: unknown) => {
      if (signal?.aborted) reject(signal.reason);
      else if (limit.aborted) reject(clientError('ERR_KUBELET_TIMEOUT', `no answer from ${url.host} in ${seconds} s`));
      else reject(failureToReach(url, cause));
    };
    const headers = { accept: 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) };
    const sent = request(url, { agent, method, headers, signal: either }, (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size <= most) chunks.push(chunk);
        else response.destroy(clientError('ERR_KUBELET_ANSWER', `the answer is larger than ${most} bytes`));
      });
      response.on('error', fail);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') }),
      );
    });
    sent.on('error', fail);
    // Node.js ends a connection that changes its protocol unasked without an error.
    sent.on('upgrade', (_response, socket) => {
      socket.destroy();
      reject(clientError('ERR_KUBELET_ANSWER', `${url.host} changes the protocol unasked`));
    });
    sent.on('close', () => fail(new Error('the connection ended')));
    sent.end();
  });
}

function failureToReach(url: URL, cause: unknown): unknown {
  const code = systemCode(cause);
  if (code?.startsWith('ERR_KUBELET_')) return cause;
  const reason = cause instanceof Error ? cause.message : String(cause);
  if (code !== undefined && /CERT|SIGNED|ISSUER|ALTNAME|UNABLE_TO|EPROTO|ERR_SSL/.test(code)) {
    const refused = /alert|EPROTO|ERR_SSL/.test(`${code} ${reason}`);
    const name = refused ? 'ERR_KUBELET_UNREACHABLE' : 'ERR_KUBELET_UNTRUSTED';
    return clientError(name, `no secure connection to ${url.host}: ${reason}`, { cause });
  }
  return clientError('ERR_KUBELET_UNREACHABLE', `${url.host} does not answer: ${reason}`, { cause });
}

function itemsOf(list: Readonly<Record<string, unknown>>): readonly unknown[] {
  const items = list['items'];
  if (items === null) return [];
  if (!Array.isArray(items)) throw clientError('ERR_KUBELET_ANSWER', 'the answer is no list of pods');
  return items;
}

function podsIn(items: readonly unknown[]): KubeletPod[] {
  return items.map((item) => ({
    kubeNamespace: textAt(item, 'metadata', 'namespace'),
    name: textAt(item, 'metadata', 'name'),
    uid: textAt(item, 'metadata', 'uid'),
    containers: containersOf(item),
  }));
}

function containersOf(pod: unknown): KubeletContainer[] {
  const declared = listAt(pod, 'spec', 'containers');
  const known = new Map(listAt(pod, 'status', 'containerStatuses').map((each) => [textAt(each, 'name'), each]));
  return declared.map((each) => {
    const name = textAt(each, 'name');
    const status = known.get(name);
    const state = at(status, 'state');
    const kind = (['running', 'waiting', 'terminated'] as const).find((each) => at(state, each) !== undefined);
    const image = textAt(each, 'image');
    return {
      name,
      image,
      containerID: textAt(status, 'containerID').replace(/^.*:\/\//, ''),
      state: kind ?? 'unknown',
    };
  });
}
