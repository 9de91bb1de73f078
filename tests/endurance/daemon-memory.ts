/** What the daemon holds once all that can be freed is freed: its own inspector is asked to collect garbage first. */
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

/** The signal opens the inspector once; it says where, and stays open. */
async function inspectorUrl(pid: number, log: string): Promise<string> {
  const said = async () => /^Debugger listening on (ws:\S+)$/m.exec(await readFile(log, 'utf8'))?.[1];
  if ((await said()) === undefined) process.kill(pid, 'SIGUSR1');
  for (const deadline = Date.now() + 10_000; Date.now() < deadline; await delay(50)) {
    const url = await said();
    if (url !== undefined) return url;
  }
  throw new Error(`no inspector was opened by ${pid}`);
}

const kibibytes = (bytes: number) => Math.round(bytes / 1024);
