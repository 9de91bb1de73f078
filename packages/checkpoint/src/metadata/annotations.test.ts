import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type CheckpointFacts, decodeAnnotations, encodeAnnotations, encodePodAnnotations } from './annotations.ts';

const value = fc.option(fc.string({ minLength: 1, maxLength: 40 }), { nil: undefined });
const facts = fc
  .record({
    containerName: fc.string({ minLength: 1 }),
    engineName: fc.constantFrom('stillframe', 'cri-o', 'containerd', 'podman', undefined),
    engineVersion: value,
    podName: value,
    podID: value,
    podNamespace: value,
    podUID: value,
    rootfsImageName: value,
    rootfsImageUserRequested: value,
    rootfsImageSha: value,
    rootfsImageID: value,
    rawImageName: value,
    runtimeName: value,
    runtimeVersion: value,
    criuVersion: value,
    conmonVersion: value,
    hostArchitecture: value,
    hostKernel: value,
    cgroupVersion: value,
    distributionName: value,
    distributionVersion: value,
    stillframeVersion: value,
    recordedDigest: value,
    recordedName: value,
    sourceDigest: value,
    truePause: value,
  })
  .map((record) => Object.fromEntries(Object.entries(record).filter(([, item]) => item !== undefined)));

test('facts come back from the annotations as they went in', () => {
  fc.assert(
    fc.property(facts, (given) => {
      const known = given as unknown as CheckpointFacts;
      assert.deepEqual(decodeAnnotations(encodeAnnotations(known)), given);
    }),
  );
});

test('an image of ours carries the mark of every engine', () => {
  const annotations = encodeAnnotations({ containerName: 'counter', engineName: 'stillframe' });
  assert.equal(annotations['io.kubernetes.cri-o.annotations.checkpoint.name'], 'counter');
  assert.equal(annotations['org.criu.checkpoint.container.name'], 'counter');
  assert.equal(annotations['io.podman.annotations.checkpoint.name'], 'counter');
});

test('each engine’s own annotations are understood alone', () => {
  const crio = {
    'io.kubernetes.cri-o.annotations.checkpoint.name': 'a',
    'io.kubernetes.cri-o.annotations.checkpoint.cri-o.version': '1.37',
  };
  assert.deepEqual(decodeAnnotations(crio), { containerName: 'a', engineName: 'cri-o', engineVersion: '1.37' });
  const podman = {
    'io.podman.annotations.checkpoint.name': 'b',
    'io.podman.annotations.checkpoint.cgroups.version': 'v2',
  };
  assert.deepEqual(decodeAnnotations(podman), { containerName: 'b', cgroupVersion: 'v2' });
});

test('an image without a mark is no checkpoint image; an empty mark is one', () => {
  assert.equal(decodeAnnotations({ 'org.criu.checkpoint.engine.name': 'x' }), undefined);
  assert.equal(decodeAnnotations({ 'io.kubernetes.cri-o.annotations.checkpoint.name': '' })?.containerName, '');
});

test('any one family alone, as an engine writes it, gives back what it can say', () => {
  const families = ['org.criu.checkpoint.', 'io.kubernetes.cri-o.annotations.', 'io.podman.annotations.'];
  fc.assert(
    fc.property(facts, fc.constantFrom(...families), (given, family) => {
      const known = given as unknown as CheckpointFacts;
      const alone = Object.entries(encodeAnnotations(known)).filter(([key]) => key.startsWith(family));
      const read = decodeAnnotations(Object.fromEntries(alone));
      assert.equal(read?.containerName, known.containerName);
      for (const [fact, value] of Object.entries(read ?? {})) assert.equal(value, given[fact], fact);
      // The shared family leaves out nothing but what only Stillframe says.
      const own = ['stillframeVersion', 'recordedDigest', 'recordedName', 'sourceDigest', 'truePause'];
      if (family !== families[0]) return;
      assert.deepEqual(read, Object.fromEntries(Object.entries(given).filter(([fact]) => !own.includes(fact))));
    }),
  );
});

test('an index over a pod’s containers says what they share, and is no checkpoint itself', () => {
  const pod = { podName: 'web', podNamespace: 'default', engineName: 'stillframe' };
  const annotations = encodePodAnnotations([
    { ...pod, containerName: 'a', recordedDigest: 'sha256:1' },
    { ...pod, containerName: 'a', recordedDigest: 'sha256:1', truePause: '5' },
  ]);
  assert.deepEqual(annotations, {
    'org.criu.checkpoint.engine.name': 'stillframe',
    'org.criu.checkpoint.pod.name': 'web',
    'org.criu.checkpoint.pod.namespace': 'default',
  });
  assert.equal(decodeAnnotations(annotations), undefined);
});
