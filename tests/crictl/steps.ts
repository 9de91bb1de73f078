/** THE table of steps, in their order: a verb of crictl each, and what its output must show. */
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { execute } from '@stillframe/demo/stage';
import type { Crictl } from './crictl.ts';

type Step = (crictl: Crictl) => Promise<string>;
const LISTENER = 'nc -l -p 8080 -e echo hello from the pod';

export const steps: Readonly<Record<string, Step>> = {
  version: async (c) => has(await c.say('version'), /RuntimeApiVersion:\s+v1/),
  info: async (c) => {
    const said = await c.json<{ status: { conditions: { type: string; status: boolean }[] } }>('info');
    for (const { type, status } of said.status.conditions) assert.ok(status, type);
    return said.status.conditions.map(({ type }) => type).join(', ');
  },
  pull: async (c) => has(await c.say('pull', c.lab.image), /up to date/),
  images: async (c) => has(await c.say('images'), /busybox\s+v1/),
  runp: async (c) => {
    c.ids.pod = await c.say('runp', await c.podFile('web'));
    return c.ids.pod.slice(0, 13);
  },
  create: async (c) => {
    const files = [await c.containerFile('counter', c.lab.image), await c.podFile('web')];
    c.ids.container = await c.say('create', c.ids.pod, ...files);
    return c.ids.container.slice(0, 13);
  },
  start: (c) => c.say('start', c.ids.container),
  ps: async (c) => has(await c.say('ps'), /Running\s+counter/),
  pods: async (c) => has(await c.say('pods'), /Ready\s+web\s+default/),
  inspect: async (c) => {
    const { status } = await c.json<{ status: { state: string; logPath: string } }>('inspect', c.ids.container);
    assert.equal(status.state, 'CONTAINER_RUNNING');
    return status.state;
  },
  inspectp: async (c) => {
    const { status } = await c.json<{ status: { state: string; network: { ip: string } } }>('inspectp', c.ids.pod);
    assert.equal(status.state, 'SANDBOX_READY');
    return status.network.ip;
  },
  'logs -f': async (c) => {
    const following = c.start('logs', '-f', c.ids.container);
    await delay(1500);
    following.kill('SIGKILL');
    return has(following.text(), /count 1\n(.*\n)*count 8/).slice(0, 7);
  },
  ...overBoth('exec -s', async (c) => has(await c.say('exec', '-s', c.ids.container, 'echo', 'hello'), /^hello$/)),
  ...overBoth('exec -it', async (c, transport) =>
    has(await c.onTerminal('tty\nexit\n', 'exec', ...transport, '-it', c.ids.container, 'sh'), /\/dev\/pts\/\d+/),
  ),
  ...overBoth('exec with exit code', async (c, transport) => {
    const failed = await c.say('exec', ...transport, c.ids.container, 'sh', '-c', 'exit 3').catch((e: Error) => e);
    assert.ok(failed instanceof Error, 'it does not fail');
    return has(failed.message, /3/).slice(-60);
  }),
  ...overBoth('attach', async (c, transport) =>
    has(await c.piped('', /count \d+\n/, 'attach', ...transport, c.ids.container), /count \d+/).slice(0, 9),
  ),
  ...overBoth('port-forward', forwarded),
  stats: async (c) => has(await c.say('stats', c.ids.container), /counter/),
  statsp: async (c) => has(await c.say('statsp', c.ids.pod), /web/),
  update: async (c) => {
    await c.say('update', '--memory', String(64 << 20), c.ids.container);
    return has(await c.say('inspect', c.ids.container), /"limit"\s*:\s*67108864|"memoryLimitInBytes"\s*:\s*"?67108864/);
  },
  events: async (c) => {
    const watching = c.start('events');
    await delay(700);
    const id = await c.say('create', c.ids.pod, await c.containerFile('brief', c.lab.image), await c.podFile('web'));
    await c.say('start', id);
    await c.say('rm', '-f', id);
    await delay(700);
    watching.kill('SIGKILL');
    return has(watching.text(), /CONTAINER_STARTED_EVENT/);
  },
  'checkpoint --export': (c) => c.say('checkpoint', `--export=${c.path('counter.tar')}`, c.ids.container),
  'checkpoint of nothing fails': async (c) => {
    const failed = await c.say('checkpoint', `--export=${c.path('x.tar')}`, 'ffff').catch((e: Error) => e);
    assert.ok(failed instanceof Error, 'it does not fail');
    return has(failed.message, /not.?found|no container/i).slice(-60);
  },
  'checkpoint to a relative path fails': async (c) => {
    const failed = await c.say('checkpoint', '--export=x.tar', c.ids.container).catch((e: Error) => e);
    assert.ok(failed instanceof Error, 'it does not fail');
    return has(failed.message, /absolute/).slice(-60);
  },
  'checkpoint over an archive fails': async (c) => {
    const again = c.say('checkpoint', `--export=${c.path('counter.tar')}`, c.ids.container);
    const failed = await again.catch((e: Error) => e);
    assert.ok(failed instanceof Error, 'it does not fail');
    return has(failed.message, /exists|overwritten/).slice(-60);
  },
  'create from that export': async (c) => {
    c.ids.copyPod = await c.say('runp', await c.podFile('copy'));
    const files = [await c.containerFile('counter', c.path('counter.tar'), true), await c.podFile('copy')];
    c.ids.copy = await c.say('create', c.ids.copyPod, ...files);
    await c.say('start', c.ids.copy);
    await delay(500);
    const numbers = [...(await c.say('logs', c.ids.copy)).matchAll(/count (\d+)/g)].map(([, n]) => Number(n));
    assert.deepEqual(
      numbers,
      numbers.map((_n, i) => i + 1),
    );
    return `at ${numbers.at(-1)}`;
  },
  stop: async (c) => {
    for (const id of [c.ids.copy, c.ids.container]) await c.say('stop', '--timeout', '2', id);
    return has(await c.say('ps', '-a'), /Exited\s+counter/);
  },
  rm: async (c) => (await c.say('rm', c.ids.copy, c.ids.container)).split('\n').length.toString(),
  stopp: async (c) => has(await c.say('stopp', c.ids.copyPod, c.ids.pod), /Stopped sandbox/),
  rmp: async (c) => has(await c.say('rmp', c.ids.copyPod, c.ids.pod), /Removed sandbox/),
  rmi: async (c) => has(await c.say('rmi', c.lab.image), /Deleted/),
  'nothing is left': async (c) => {
    assert.equal(await c.say('pods', '-q'), '');
    assert.equal(await c.say('ps', '-aq'), '');
    return 'no pod, no container';
  },
};

function overBoth(name: string, step: (c: Crictl, transport: string[]) => Promise<string>): Record<string, Step> {
  return Object.fromEntries(
    ['spdy', 'websocket'].map((transport) => [`${name} (${transport})`, (c) => step(c, ['--transport', transport])]),
  );
}

async function forwarded(c: Crictl, transport: string[]): Promise<string> {
  const listening = c.start('exec', c.ids.container, 'sh', '-c', LISTENER);
  const forwarding = c.start('port-forward', ...transport, c.ids.pod, '0:8080');
  try {
    let port = '';
    for (const deadline = Date.now() + 10_000; port === '' && Date.now() < deadline; await delay(50)) {
      port = /127\.0\.0\.1:(\d+)/.exec(forwarding.text())?.[1] ?? '';
    }
    assert.notEqual(port, '', forwarding.text());
    const { stdout } = await execute(['sh', '-c', `socat -T3 - TCP:127.0.0.1:${port} </dev/null`]);
    return has(stdout.trim(), /hello from the pod/);
  } finally {
    listening.kill('SIGKILL');
    forwarding.kill('SIGKILL');
  }
}

/** The text, where it matches; else an error that shows it. */
function has(text: string, wanted: RegExp): string {
  assert.match(text, wanted);
  return text.split('\n').at(-1) ?? '';
}
