/** What plugins are told, in which order, and what comes of their answers; over a real socket. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { openTestNode, until } from './fixture.ts';
import { connectPlugin } from './plugin/connect.ts';
import { Event } from './proto.ts';

const pod = { id: 'p', name: 'pod', namespace: 'default' };
const container = { id: 'c', podSandboxId: 'p', name: 'web', env: ['A=1', 'B=2'] };

test('a plugin learns of the runtime, of what is there, and then of what happens', async () => {
  const told: unknown[] = [];
  await using node = await openTestNode({ state: async () => ({ pods: [pod], containers: [container] }) });
  await using _plugin = await node.join('10', {
    configure: ({ runtimeName, runtimeVersion, requestTimeout }) => {
      told.push([runtimeName, runtimeVersion, requestTimeout]);
      return {};
    },
    synchronize: ({ pods, containers }) => {
      told.push([pods.map(({ name }) => name), containers.map(({ env }) => env)]);
      return {};
    },
    runPodSandbox: (request) => {
      told.push(request.pod?.name);
      return {};
    },
  });
  await node.plugins.tell(Event.RUN_POD_SANDBOX, { ...pod, name: 'next' });
  assert.deepEqual(told, [['stillframe', '1.2.3', 300n], [['pod'], [['A=1', 'B=2']]], 'next']);
});

test('plugins are called by index, hear only what they asked for, and see what those before have made', async () => {
  const order: string[] = [];
  await using node = await openTestNode();
  await using _late = await node.join('20', {
    createContainer: ({ container: seen }) => {
      order.push(`20 ${seen?.env.join(' ')}`);
      return { adjust: { env: [{ key: 'C', value: '3' }] } };
    },
  });
  const only = [Event.CREATE_CONTAINER];
  await using _early = await node.join(
    '05',
    {
      createContainer: () => {
        order.push('05');
        return { adjust: { env: [{ key: 'A', value: 'new' }, { key: '-B' }] } };
      },
      runPodSandbox: () => {
        order.push('05 must not hear this');
        return {};
      },
    },
    only,
  );
  await node.plugins.tell(Event.RUN_POD_SANDBOX, pod);
  const { adjust } = await node.plugins.createContainer(pod, container);
  assert.deepEqual(order, ['05', '20 A=new']);
  assert.deepEqual(
    adjust.env.map(({ key, value }) => [key, value]),
    [
      ['-B', ''],
      ['A', 'new'],
      ['C', '3'],
    ],
  );
});

test('a refusal ends what it is about, in the words of the plugin', async () => {
  await using node = await openTestNode();
  const refuse = () => {
    throw new Error('no room \u001b[31m here');
  };
  await using _plugin = await node.join('00', { createContainer: refuse, runPodSandbox: refuse });
  const words = /NRI plugin 00-test refused CreateContainer: no room \\x1b\[31m here/;
  await assert.rejects(node.plugins.createContainer(pod, container), { code: 'ERR_NRI_REFUSED', message: words });
  await assert.rejects(node.plugins.tell(Event.RUN_POD_SANDBOX, pod), { code: 'ERR_NRI_REFUSED' });
  assert.deepEqual(node.plugins.names, ['00-test'], 'it stays');
});

test('two plugins that set the same are told apart, and the container is not made', async () => {
  await using node = await openTestNode();
  const sets = (value: string) => ({ createContainer: () => ({ adjust: { env: [{ key: 'SAME', value }] } }) });
  await using _one = await node.join('01', sets('1'));
  await using _other = await node.join('02', sets('2'));
  await assert.rejects(node.plugins.createContainer(pod, container), {
    code: 'ERR_NRI_CONFLICT',
    message: 'the NRI plugins 01-test and 02-test both set Env SAME',
  });
});

test('a plugin that does not answer is closed, and what it held up goes on', async () => {
  await using node = await openTestNode({}, 200);
  await using hanging = await node.join('00', { createContainer: () => new Promise(() => undefined) });
  await using _good = await node.join('01', { createContainer: () => ({ adjust: { args: ['true'] } }) });
  const { adjust } = await node.plugins.createContainer(pod, container);
  assert.deepEqual(adjust.args, ['true']);
  await hanging.closed;
  await until(() => node.plugins.names.join() === '01-test');
  assert.ok(node.logged.some((line) => /error NRI plugin closed.*00-test.*no answer within 200 ms/.test(line)));
});

test('a plugin that dies in the middle of a call is gone, and what it held up goes on', async () => {
  await using node = await openTestNode({}, 60_000);
  const plugin = await node.join('00', {
    createContainer: async () => {
      await plugin[Symbol.asyncDispose]();
      return {};
    },
  });
  const from = performance.now();
  await node.plugins.createContainer(pod, container);
  assert.ok(performance.now() - from < 30_000);
  assert.deepEqual(node.plugins.names, []);
});

test('an older plugin is told by StateChange; one without that has nothing to say', async () => {
  const heard: number[] = [];
  await using node = await openTestNode();
  await using _old = await node.join('00', {
    stateChange: ({ event }) => {
      heard.push(event);
      return {};
    },
  });
  await using _bare = await node.join('01', {}, [Event.RUN_POD_SANDBOX, Event.UPDATE_POD_SANDBOX]);
  await node.plugins.tell(Event.RUN_POD_SANDBOX, pod);
  await node.plugins.updatePod(pod, undefined, { cpu: { shares: { value: 2n } } });
  assert.deepEqual(heard, [Event.RUN_POD_SANDBOX]);
});

test('a validator sees what all want together, and who; its no, or its silence, ends it', async () => {
  let answer: () => { reject?: boolean; reason?: string } = () => ({});
  await using node = await openTestNode();
  await using _one = await node.join('01', {
    createContainer: () => ({ adjust: { env: [{ key: 'X', value: '1' }] } }),
  });
  await using _validator = await node.join(
    '90',
    {
      validateContainerAdjustment: ({ container: pristine, adjust, owners, plugins }) => {
        assert.deepEqual(pristine?.env, ['A=1', 'B=2']);
        assert.deepEqual(adjust?.env[0]?.value, '1');
        assert.deepEqual(owners?.owners['c']?.compound[6]?.owners, { X: '01-test' });
        assert.deepEqual(
          plugins.map(({ index }) => index),
          ['01', '90'],
        );
        return answer();
      },
    },
    [Event.VALIDATE_CONTAINER_ADJUSTMENT],
  );
  await node.plugins.createContainer(pod, container);
  answer = () => ({ reject: true, reason: 'not X' });
  await assert.rejects(node.plugins.createContainer(pod, container), { code: 'ERR_NRI_REFUSED', message: /not X/ });
  answer = () => {
    throw new Error('broken');
  };
  await assert.rejects(node.plugins.createContainer(pod, container), { code: 'ERR_NRI_REFUSED' });
});

test('limits are changed by one plugin after the other; updates of others come with them', async () => {
  await using node = await openTestNode();
  const update = (containerId: string, shares: bigint) => ({
    containerId,
    linux: { resources: { cpu: { shares: { value: shares } } } },
  });
  await using _one = await node.join('01', { updateContainer: () => ({ update: [update('c', 7n), update('d', 8n)] }) });
  await using _two = await node.join('02', {
    updateContainer: ({ linuxResources }) => {
      assert.equal(linuxResources?.cpu?.shares?.value, 7n);
      assert.equal(linuxResources?.cpu?.quota?.value, 5n);
      return {};
    },
  });
  const asked = { cpu: { quota: { value: 5n } } };
  const { resources, updates } = await node.plugins.updateContainer(pod, container, asked);
  assert.deepEqual([resources.cpu?.quota?.value, resources.cpu?.shares?.value], [5n, 7n]);
  assert.deepEqual(
    updates.map(({ containerId, linux }) => [containerId, linux?.resources?.cpu?.shares?.value]),
    [['d', 8n]],
  );
});

test('a plugin changes and evicts of its own accord; what failed is told', async () => {
  const evicted: string[] = [];
  await using node = await openTestNode({
    update: async (updates, plugin) => {
      assert.equal(plugin, '03-test');
      return updates.filter(({ containerId }) => containerId === 'bad');
    },
    evict: (evictions) => void evicted.push(...evictions.map(({ containerId, reason }) => `${containerId} ${reason}`)),
  });
  await using plugin = await node.join('03', {});
  const failed = await plugin.updateContainers({
    update: [{ containerId: 'good' }, { containerId: 'bad' }],
    evict: [{ containerId: 'x', reason: 'full' }],
  });
  assert.deepEqual(
    failed.map(({ containerId }) => containerId),
    ['bad'],
  );
  assert.deepEqual(evicted, ['x full']);
});

test('nothing is lost while a plugin joins: it is in the state, or it is told', async () => {
  const there = new Set(['before']);
  const known = new Set<string>();
  const gate = Promise.withResolvers<void>();
  await using node = await openTestNode(
    { state: async () => ({ pods: [], containers: [...there].map((id) => ({ id })) }) },
    2000,
  );
  const make = async (id: string) => {
    using _inside = await node.plugins.enter();
    await node.plugins.createContainer(pod, { id });
    await delay(5);
    there.add(id);
  };
  const early = make('early');
  const joining = node.join('10', {
    synchronize: async ({ containers }) => {
      for (const { id } of containers) known.add(id);
      await gate.promise;
      return {};
    },
    createContainer: (request) => {
      known.add(request.container?.id ?? '');
      return {};
    },
  });
  await until(() => known.size > 0);
  const during = Promise.all(['x', 'y', 'z'].map(make));
  await delay(20);
  gate.resolve();
  await using _plugin = await joining;
  await Promise.all([early, during]);
  await make('after');
  assert.deepEqual([...known].sort(), [...there].sort());
});

test('names and indices that are none are refused', async () => {
  await using node = await openTestNode();
  const faults: [string, string, RegExp][] = [
    ['', '10', /is no name/],
    ['a/b', '10', /is no name/],
    ['good', '1', /is no index/],
    ['good', '1x', /is no index/],
  ];
  for (const [name, index, message] of faults) {
    await assert.rejects(connectPlugin(node.socket, { name, index }), message);
  }
  const unknown = [Event.LAST, Event.RUN_POD_SANDBOX];
  await using plugin = await connectPlugin(node.socket, { name: 'good', index: '10', events: unknown });
  await plugin.closed;
  await until(() => node.logged.some((line) => line.includes('events that are not known: 0x4000')));
});
