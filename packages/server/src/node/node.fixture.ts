/** A node that does nothing and notes what it was asked to, and a desk over it. */
import { openCheckpoint } from '@stillframe/checkpoint';
import { errorTable } from '@stillframe/core';
import { type Asked, type AtDesk, atDesk, FIXTURE } from '../desk.fixture.ts';
import type { LiveNode, Watch } from './live-node.ts';
import { fakeTerminal } from './terminal.fixture.ts';

const nodeError = errorTable({
  ERR_FAKE_CRIU: { kind: 'failed-precondition', hint: 'read dump.log' },
  ERR_FAKE_REFERENCE: { kind: 'invalid-argument' },
});

export interface Fake {
  readonly node: LiveNode;
  /** What was done, in order. */
  readonly done: string[];
  /** Ends the capture that is under way. */
  readonly end: PromiseWithResolvers<'well' | 'badly'>;
}

export async function useFake(use: (fake: Fake) => Promise<void>, isOwn = true): Promise<void> {
  await using checkpoint = await openCheckpoint(FIXTURE);
  const done: string[] = [];
  const end = Promise.withResolvers<'well' | 'badly'>();
  const until = (watch: Watch) =>
    new Promise<never>((_resolve, reject) =>
      watch.signal.addEventListener('abort', () => reject(watch.signal.reason as Error)),
    );
  const container = { name: 'app', image: 'busybox', memory: 4096 };
  const node: LiveNode = {
    ...{ runtime: 'stillframe 1', socket: '/run/cri.sock', isOwn, canSign: false },
    pods: async () => [
      {
        ...{ sandbox: 'b0', kubeNamespace: 'default', name: 'web', ready: true, isOurs: false },
        containers: [
          { ...container, id: 'c1', state: 'running' },
          { ...container, id: 'c2', state: 'exited' },
        ],
      },
      {
        ...{ sandbox: 'b1', kubeNamespace: 'default', name: 'web-copy-1', ready: true, isOurs: true },
        containers: [
          { ...container, id: 'c4', state: 'running' },
          { ...container, id: 'c5', state: 'exited' },
        ],
      },
    ],
    async capture(id, { mostPause }, watch) {
      done.push(`capture ${id} ${mostPause}`);
      watch.told('freezing');
      if ((await Promise.race([end.promise, until(watch)])) === 'badly')
        throw nodeError('ERR_FAKE_CRIU', 'CRIU\u202e failed');
      const input = { name: 'fresh.tar', checkpoint, what: '/fresh.tar' };
      return { input, archive: '/fresh.tar', bytes: 7, pause: 81_200, pauseAtMost: null, dump: null };
    },
    async restore(what, { sinkhole, scrubTokens }) {
      done.push(`restore ${what} ${sinkhole} ${scrubTokens}`);
      const facts = { clamped: ['memory'], altered: [], packets: null };
      return [{ address: 'default/web-copy-1/app', container: 'c3', sandbox: 'b1', ...facts }];
    },
    registryTarget(reference) {
      if (!reference.includes('.')) throw nodeError('ERR_FAKE_REFERENCE', 'it names no registry');
      return `${reference}:latest`;
    },
    async push(what, { reference, sign }, watch) {
      done.push(`push ${what} ${reference} ${sign}`);
      watch.told('pushing', { done: 1, total: 7 });
      return { reference, digest: 'sha256:aa', layer: 'sha256:bb', bytes: 7, evidence: 'none', signed: null };
    },
    async terminal(id, { columns, rows }) {
      done.push(`terminal ${id} ${columns}x${rows}`);
      return fakeTerminal(done);
    },
    log: async (id) => ({ lines: [`${id} says`, 'x'.repeat(9000)], isCut: false }),
    async remove(sandbox) {
      done.push(`remove ${sandbox}`);
    },
  };
  await use({ node, done, end });
}

/** A desk with the fake, and what its page asks with its session. */
export function atNode(
  use: (
    of: Fake & {
      desk: AtDesk;
      get: AtDesk['ask'];
      post: (name: string, body: string, asked?: Asked) => ReturnType<AtDesk['ask']>;
    },
  ) => Promise<void>,
  isOwn?: boolean,
): Promise<void> {
  return useFake(
    (fake) =>
      atDesk(
        async (desk) => {
          const get = await desk.enter();
          const headers = { origin: `http://127.0.0.1:${desk.port}` };
          const post = (name: string, body: string, asked: Asked = {}) =>
            get(`/api/desk/${name}`, { method: 'POST', body, headers, ...asked });
          await use({ ...fake, desk, get, post });
        },
        { node: fake.node },
      ),
    isOwn,
  );
}
