/** For tests alone: the API over the fake runtime, in a folder of its own. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openTemporaryFolder } from '@stillframe/core/file';
import { type CriClient, openCriClient } from '@stillframe/cri/client';
import { listenOnSocket } from '@stillframe/cri/grpc';
import { curlWith, fake, runtime } from './fake-runtime.ts';
import type { KubeletApiOptions } from './options.ts';
import { type KubeletApi, startKubeletApi } from './server.ts';

export interface FakeApi extends AsyncDisposable {
  readonly folder: string;
  readonly checkpoints: string;
  readonly cri: CriClient;
  readonly api: KubeletApi;
  readonly origin: string;
  curl(path: string, ...more: string[]): ReturnType<typeof curlWith>;
}

/** Starts everything; `options` may depend on the folder. */
export async function openFakeApi(
  options: (folder: string) => Partial<KubeletApiOptions> | Promise<Partial<KubeletApiOptions>> = () => ({}),
  services = [fake],
): Promise<FakeApi> {
  Object.assign(runtime, { requests: [], rolledBack: 0, mostBusy: 0, capture: async () => undefined });
  Object.assign(runtime, { streams: '', streamRequests: [], running: true, logPath: '' });
  const folder = await openTemporaryFolder(tmpdir());
  const checkpoints = join(folder.path, 'checkpoints');
  const socket = await listenOnSocket(join(folder.path, 'cri.sock'), services);
  const cri = await openCriClient({ socket: join(folder.path, 'cri.sock') });
  const api = await startKubeletApi({
    criClient: cri,
    pkiFolder: join(folder.path, 'pki'),
    checkpointsFolder: checkpoints,
    port: 0,
    nodeName: 'node-1',
    ...(await options(folder.path)),
  });
  const origin = `https://localhost:${api.address.port}`;
  return {
    folder: folder.path,
    checkpoints,
    cri,
    api,
    origin,
    curl: (path, ...more) => curlWith(api.pki, `${origin}${path}`, more),
    async [Symbol.asyncDispose]() {
      await api[Symbol.asyncDispose]();
      await cri[Symbol.asyncDispose]();
      await socket[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}
