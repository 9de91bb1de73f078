import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseManifest } from '../manifest/documents.ts';
import type { ActualContainer, ActualPod } from './actual.ts';
import { type Judge, planPod } from './plan.ts';

function podOf(restartPolicy: string, init: object[], names: readonly string[]) {
  const containers = names.map((name) => ({ name, image: 'i' }));
  const spec = { restartPolicy, initContainers: init, containers };
  const document = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, spec };
  return parseManifest(JSON.stringify(document), 'm').pods[0]?.pod ?? assert.fail();
}

/** `name:state[:exit code[:attempt[:sandbox]]]` each, the newest first; sandboxes by number, `-` for one that has ended. */
function actualOf(sandboxes: string, ...containers: string[]): ActualPod {
  return {
    uid: 'u',
    name: 'p',
    namespace: 'default',
    sandboxes: sandboxes.split(' ').map((each) => {
      const attempt = Number(each.replace('-', ''));
      return { id: `s${attempt}`, state: each.startsWith('-') ? 1 : 0, metadata: { attempt } };
    }) as unknown as ActualPod['sandboxes'],
    containers: containers.map((each) => {
      const [name = '', state = '', exitCode = '0', attempt = '0', sandbox = '0'] = each.split(':');
      const facts = { exitCode: Number(exitCode), attempt: Number(attempt), sandboxID: `s${sandbox}`, finishedAt: 1 };
      return { id: each, name, state, ...facts } as ActualContainer;
    }),
  };
}

const CALM: Judge = { condemned: () => undefined, started: () => true, wait: () => 0 };

/** What is done, in few words. */
function told(pod: ReturnType<typeof podOf>, actual: ActualPod | undefined, judge: Partial<Judge> = {}): string {
  const { sandbox, stops, starts, waits, outcome } = planPod(pod, actual, { ...CALM, ...judge });
  return [
    ...(sandbox === undefined ? [] : [`sandbox ${sandbox}`]),
    ...stops.map(({ container }) => `stop ${container.name}`),
    ...starts.map(({ container, attempt }) => `start ${container.name} ${attempt}`),
    ...[...waits.keys()].map((name) => `wait ${name}`),
    ...(outcome ? [outcome] : []),
  ].join(', ');
}

test('first the sandbox, then initial containers one after the other, then all others', () => {
  const pod = podOf(
    'Always',
    [
      { name: 'i', image: 'i' },
      { name: 'j', image: 'i' },
    ],
    ['a', 'b'],
  );
  assert.equal(told(pod, undefined), 'sandbox 0');
  assert.equal(told(pod, actualOf('0')), 'start i 0');
  assert.equal(told(pod, actualOf('0', 'i:running')), '');
  assert.equal(told(pod, actualOf('0', 'i:exited:1')), 'start i 1');
  assert.equal(told(pod, actualOf('0', 'i:exited')), 'start j 0');
  assert.equal(told(pod, actualOf('0', 'i:exited', 'j:exited')), 'start a 0, start b 0');
  assert.equal(told(pod, actualOf('0', 'i:exited', 'j:exited', 'a:running')), 'start b 0');
  assert.equal(
    told(pod, actualOf('0', 'a:running', 'b:exited:0:4')),
    'start b 5',
    'initial ones are not looked for again',
  );
});

test('a sidecar is waited for until it has started, kept running, and ends with the others', () => {
  const pod = podOf('Never', [{ name: 's', image: 'i', restartPolicy: 'Always' }], ['a']);
  assert.equal(told(pod, actualOf('0')), 'start s 0');
  assert.equal(told(pod, actualOf('0', 's:running'), { started: () => false }), '');
  assert.equal(told(pod, actualOf('0', 's:running')), 'start a 0');
  assert.equal(told(pod, actualOf('0', 's:exited:1', 'a:running')), 'start s 1');
  assert.equal(told(pod, actualOf('0', 's:running', 'a:exited')), 'stop s, Succeeded');
});

test('what has ended begins again as the policy says, and not before its time', () => {
  const ended = (code: number) => actualOf('0', `a:exited:${code}`);
  assert.equal(told(podOf('Always', [], ['a']), ended(0)), 'start a 1');
  assert.equal(told(podOf('OnFailure', [], ['a']), ended(1)), 'start a 1');
  assert.equal(told(podOf('OnFailure', [], ['a']), ended(0)), 'Succeeded');
  assert.equal(told(podOf('Never', [], ['a']), ended(0)), 'Succeeded');
  assert.equal(told(podOf('Never', [], ['a']), ended(1)), 'Failed');
  assert.equal(told(podOf('Never', [], ['a', 'b']), actualOf('0', 'a:exited:1', 'b:running')), '');
  assert.equal(told(podOf('Always', [], ['a']), ended(0), { wait: () => 5000 }), 'wait a');
  assert.equal(told(podOf('Never', [{ name: 'i', image: 'i' }], ['a']), actualOf('0', 'i:exited:1')), 'Failed');
});

test('a condemned container is stopped; one that was made and never started is made anew', () => {
  const pod = podOf('Always', [], ['a']);
  assert.equal(told(pod, actualOf('0', 'a:running'), { condemned: () => 'ill' }), 'stop a');
  assert.equal(told(pod, actualOf('0', 'a:created:0:2')), 'start a 3');
});

test('a sandbox that has ended is made anew, and all of the pod with it', () => {
  const pod = podOf('Always', [{ name: 'i', image: 'i' }], ['a']);
  const before = actualOf('-0', 'a:running', 'i:exited');
  assert.equal(told(pod, before), 'sandbox 1, stop a');
  assert.equal(told(pod, actualOf('1 -0', 'a:exited:137', 'i:exited')), 'start i 1');
  assert.equal(told(pod, actualOf('1 -0', 'i:exited:0:1:1', 'a:exited:137')), 'start a 1');
  assert.equal(told(podOf('Never', [], ['a']), actualOf('-0', 'a:exited:137')), 'Failed');
});
