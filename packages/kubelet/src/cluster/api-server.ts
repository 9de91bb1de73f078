/** Questions to the API server of a cluster: one JSON document posted, one answered. */
import { readFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { messageOf } from '@stillframe/core';
import { kubeletError } from '../errors.ts';
import { type ClusterAccess, type Pem, readKubeconfig } from './kubeconfig.ts';

/** Milliseconds for one question. */
const TIME = 10_000;
/** Bytes of an answer. */
const ANSWER_LIMIT = 1 << 20;

/** Asks a cluster's API server. */
export interface ApiServer {
  /** Posts `body` to `path` and gives the parsed answer. Throws ERR_KUBELET_CLUSTER. */
  post(path: string, body: unknown): Promise<unknown>;
}

/** The API server that a kubeconfig names. The file is read at each question: kubelets renew theirs. */
export function apiServerOf(kubeconfig: string): ApiServer {
  return {
    async post(path, body) {
      try {
        return await post(await readKubeconfig(kubeconfig), path, JSON.stringify(body));
      } catch (cause) {
        const reason = messageOf(cause);
        throw kubeletError('ERR_KUBELET_CLUSTER', `the API server was asked ${path} and failed: ${reason}`, { cause });
      }
    },
  };
}

async function post(access: ClusterAccess, path: string, body: string): Promise<unknown> {
  const [ca, cert, key] = await Promise.all([access.authority, access.certificate, access.key].map(readPem));
  const token =
    access.token && ('file' in access.token ? await readFile(access.token.file, 'utf8') : access.token.value);
  const call = request(`${access.server}${path}`, {
    method: 'POST',
    agent: false,
    ca,
    cert,
    key,
    rejectUnauthorized: !access.insecure,
    ...(access.serverName === undefined ? {} : { servername: access.serverName }),
    signal: AbortSignal.timeout(TIME),
    headers: {
      'content-type': 'application/json',
      accept: 'application/json',
      'content-length': Buffer.byteLength(body),
      ...(token === undefined ? {} : { authorization: `Bearer ${token.trim()}` }),
    },
  });
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    call.once('response', resolve);
    call.once('error', reject);
  });
  call.end(body);
  const response = await answered;
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) {
    text += String(chunk);
    if (text.length > ANSWER_LIMIT) throw new Error(`the answer is longer than ${ANSWER_LIMIT} bytes`);
  }
  const { statusCode = 0 } = response;
  if (statusCode < 200 || statusCode > 299) throw new Error(`it answered ${statusCode}`);
  return JSON.parse(text);
}

async function readPem(pem: Pem | undefined): Promise<string | undefined> {
  if (pem === undefined) return undefined;
  return 'file' in pem ? readFile(pem.file, 'utf8') : pem.pem;
}
