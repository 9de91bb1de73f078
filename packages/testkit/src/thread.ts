/** Work that is long for a test, in a thread of its own: there no hook of node:test on every promise makes it three times as slow. */
import { Worker } from 'node:worker_threads';

/**
 * Runs a module to its end in a thread, which finds `data` as `workerData` of node:worker_threads. Rejects with what the
 * module throws, and with an Error where the thread ends in another way than by its last line.
 */
export async function inThread(module: URL, data: unknown): Promise<void> {
  const worker = new Worker(module, { workerData: data });
  await new Promise<void>((resolve, reject) => {
    worker.once('error', reject);
    worker.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`the thread ended with ${code}`))));
  });
}
