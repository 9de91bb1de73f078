/** A node as the desk sees one: two containers of a pod, an archive that is a fixture, a copy that writes lines. */
import type { Checkpoint } from '@stillframe/checkpoint';
import { errorTable } from '@stillframe/core';
import type { LiveNode } from '@stillframe/server';
import { fakeShell } from './shell.fixture.ts';

const nodeError = errorTable({
  ERR_FAKE_PAUSE: { kind: 'failed-precondition', hint: 'allow a longer pause' },
  ERR_FAKE_REFERENCE: { kind: 'invalid-argument', hint: 'write it in full' },
});

/** What the fake waits for. */
export type Stage = 'written' | 'pushed' | 'line';

const COPY = 'default/web-copy-1/app';

export interface FakeNode {
  readonly node: LiveNode;
  readonly more: (stage: Stage) => void;
  /** What was typed into terminals. */
  readonly heard: readonly string[];
}

/** `name`: of its container, its image and its log, where these are to be others. `more`: lets the archive be written, or another line be in each log. */
export function fakeNode(checkpoint: Checkpoint, name = 'app'): FakeNode {
  const written = Promise.withResolvers<void>();
  const pushed = Promise.withResolvers<void>();
  const lines = [name === 'app' ? 'line 1' : name];
  const heard: string[] = [];
  let hasCopy = false;
  const container = {
    name,
    image: name === 'app' ? 'docker.io/library/redis:7' : name,
    memory: 4 << 20,
    state: 'running' as const,
  };
  const pod = { kubeNamespace: 'default', ready: true };
  const node: LiveNode = {
    ...{ runtime: 'stillframe 0.1.0', socket: '/run/stillframe/cri.sock', isOwn: true, canSign: true },
    pods: async () => [
      {
        ...{ ...pod, sandbox: 'b0', name: 'web', isOurs: false },
        containers: [
          { ...container, id: 'c1' },
          { ...container, id: 'c2', name: 'setup', state: 'exited', memory: null },
        ],
      },
      ...(hasCopy
        ? [{ ...pod, sandbox: 'b1', name: 'web-copy-1', isOurs: true, containers: [{ ...container, id: 'c3' }] }]
        : []),
    ],
    async capture(_id, { mostPause }, { signal, told }) {
      if (mostPause !== '') throw nodeError('ERR_FAKE_PAUSE', 'it would stand still for 40 ms');
      told('freezing, dumping and writing the archive');
      await written.promise;
      signal.throwIfAborted();
      return {
        input: { name: 'fresh.tar', checkpoint, what: '/var/lib/stillframe/checkpoints/fresh.tar' },
        ...{ archive: '/var/lib/stillframe/checkpoints/fresh.tar', bytes: 5 << 20 },
        ...{ pause: 81_200, pauseAtMost: null, dump: 40_100 },
      };
    },
    async restore(_what, { sinkhole }) {
      hasCopy = true;
      const packets = sinkhole ? '/var/log/pods/traffic.pcap' : null;
      return [{ address: COPY, container: 'c3', sandbox: 'b1', clamped: ['memory limited'], altered: [], packets }];
    },
    registryTarget(reference) {
      if (!reference.includes('.')) throw nodeError('ERR_FAKE_REFERENCE', `"${reference}" names no registry`);
      return reference;
    },
    async push(_what, { reference, sign }, { told }) {
      told('pushing', { done: 3 << 20, total: 5 << 20 });
      await pushed.promise;
      const digests = { digest: `sha256:${'4b'.repeat(32)}`, layer: `sha256:${'1c'.repeat(32)}` };
      const evidence = 'the layer is what was recorded at the capture';
      return { ...{ reference, ...digests, bytes: 5 << 20, evidence, signed: sign ? reference : null } };
    },
    terminal: async () => fakeShell(heard),
    log: async () => ({ lines, isCut: false }),
    async remove() {
      hasCopy = false;
    },
  };
  const more = (stage: Stage) => {
    if (stage === 'written') written.resolve();
    else if (stage === 'pushed') pushed.resolve();
    else lines.push(`line ${lines.length + 1}`);
  };
  return { node, more, heard };
}
