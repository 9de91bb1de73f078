/**
 * What the daemon holds once all that can be freed is freed: its own inspector is asked to collect garbage first; and how
 * long its event loop was kept waiting.
 */
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

/** To be in `NODE_OPTIONS` of the daemon: the system then chooses the inspector's port. */
export const INSPECTOR_OPTION = '--inspect-port=0';

export interface HeldMemory {
  /** KiB of live objects. */
  heap: number;
  /** KiB outside of the heap that live objects hold: buffers. */
  outside: number;
  /** MiB of the whole process. */
  rss: number;
}

/** Asks a daemon that logs its standard error to `log`. Throws where it does not answer within 10 seconds. */
export async function heldMemory(pid: number, log: string): Promise<HeldMemory> {
  await using inspector = await openInspector(pid, log);
  // The second round frees what finalizers of the first let go.
  for (let round = 0; round < 2; round += 1) {
    await inspector.call('HeapProfiler.collectGarbage');
    await delay(200);
  }
  const expression = 'JSON.stringify(process.memoryUsage())';
  const { result } = (await inspector.call('Runtime.evaluate', { expression })) as { result: { value: string } };
  const { heapUsed, external, rss } = JSON.parse(result.value) as NodeJS.MemoryUsage;
  return { heap: kibibytes(heapUsed), outside: kibibytes(external), rss: Math.round(rss / 2 ** 20) };
}

/** Milliseconds by which turns of the event loop came late since `watchLoop` or the last look. */
export interface LoopDelay {
  p50: number;
  p99: number;
  max: number;
}

const WATCH = `(() => {
  const { monitorEventLoopDelay } = process.getBuiltinModule('node:perf_hooks');
  globalThis.loopDelay = monitorEventLoopDelay({ resolution: 10 });
  loopDelay.enable();
})()`;
/** The monitor counts the 10 ms that it sleeps itself. */
const LOOK = `(() => {
  const late = (nanoseconds) => Math.max(0, nanoseconds / 1e6 - 10);
  const seen = { p50: late(loopDelay.percentile(50)), p99: late(loopDelay.percentile(99)), max: late(loopDelay.max) };
  loopDelay.reset();
  return JSON.stringify(seen);
})()`;

/** Lets the daemon measure its event loop from now on. */
export async function watchLoop(pid: number, log: string): Promise<void> {
  await using inspector = await openInspector(pid, log);
  await inspector.call('Runtime.evaluate', { expression: WATCH });
}

/** What was measured since the last look, and begins anew. */
export async function loopDelay(pid: number, log: string): Promise<LoopDelay> {
  await using inspector = await openInspector(pid, log);
  const { result } = (await inspector.call('Runtime.evaluate', { expression: LOOK })) as { result: { value: string } };
  return JSON.parse(result.value) as LoopDelay;
}

interface Inspector extends AsyncDisposable {
  call(method: string, params?: object): Promise<unknown>;
}

async function openInspector(pid: number, log: string): Promise<Inspector> {
  const socket = new WebSocket(await inspectorUrl(pid, log));
  const signal = AbortSignal.timeout(10_000);
  const next = (event: 'open' | 'message' | 'close') =>
    new Promise<Event>((resolve, reject) => {
      socket.addEventListener(event, resolve, { once: true });
      socket.addEventListener('error', () => reject(new Error('the inspector hung up')), { once: true });
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
  await next('open');
  let id = 0;
  return {
    async call(method, params = {}) {
      id += 1;
      socket.send(JSON.stringify({ id, method, params }));
      for (;;) {
        const { data } = (await next('message')) as Event & { data: string };
        const answer = JSON.parse(data) as { id?: number; result?: unknown };
        if (answer.id === id) return answer.result;
      }
    },
    async [Symbol.asyncDispose]() {
      const closed = next('close');
      socket.close();
      await closed;
    },
  };
}

/** Where the inspector of each daemon was opened. */
const opened = new Map<number, string>();

/** The signal opens the inspector once; it says where in a log that earlier daemons wrote to as well, and stays open. */
async function inspectorUrl(pid: number, log: string): Promise<string> {
  const known = opened.get(pid);
  if (known !== undefined) return known;
  const said = async () => [...(await readFile(log, 'utf8')).matchAll(/^Debugger listening on (ws:\S+)$/gm)];
  const before = (await said()).length;
  process.kill(pid, 'SIGUSR1');
  for (const deadline = Date.now() + 10_000; Date.now() < deadline; await delay(50)) {
    const url = (await said())[before]?.[1];
    if (url === undefined) continue;
    opened.set(pid, url);
    return url;
  }
  throw new Error(`no inspector was opened by ${pid}`);
}

const kibibytes = (bytes: number) => Math.round(bytes / 1024);
