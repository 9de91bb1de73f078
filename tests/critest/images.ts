/**
 * The images that critest asks for, made here and put into a local registry. `npx node tests/critest/images.ts FILE` serves
 * them until it is ended and writes the registry's address to FILE.
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bytesSource, digestOf } from '@stillframe/core';
import { execute } from '@stillframe/demo/stage';
import {
  type BuildLayer,
  buildImage,
  type ExecutionConfig,
  mediaTypes,
  putImage,
  RegistryClient,
} from '@stillframe/oci';
import { startRegistry } from '@stillframe/testkit';
import { layAccounts, layBusybox, layProgram } from './image-tree.ts';

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };
const architecture = ARCHITECTURES[process.arch] ?? process.arch;

const PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** A layer above busybox, by name. */
type Extra = 'webserver' | 'effective-uid' | 'groups';

interface Row {
  /** Repository below the registry, without the host that critest writes: a mirror rule leads every host here. */
  repository: string;
  tags: readonly string[];
  extra?: Extra;
  config?: ExecutionConfig;
}

const STAGING = 'k8s-staging-cri-tools';

/** THE table of images. The one that critest pins by digest cannot be made. */
const ROWS: readonly Row[] = [
  { repository: 'e2e-test-images/busybox', tags: ['1.29-2'] },
  webserver('e2e-test-images/nginx', ['1.14-2'], '80'),
  webserver('e2e-test-images/httpd', ['2.4.39-4'], '80'),
  webserver(`${STAGING}/hostnet-nginx-${architecture}`, ['latest'], '12003'),
  {
    repository: 'e2e-test-images/nonewprivs',
    tags: ['1.3'],
    extra: 'effective-uid',
    config: { Entrypoint: ['/usr/bin/effective-uid'] },
  },
  { repository: `${STAGING}/test-image-user-uid`, tags: ['latest'], config: { User: '1002' } },
  { repository: `${STAGING}/test-image-user-username`, tags: ['latest'], config: { User: 'www-data' } },
  { repository: `${STAGING}/test-image-user-uid-group`, tags: ['latest'], config: { User: '1003:1004' } },
  { repository: `${STAGING}/test-image-user-username-group`, tags: ['latest'], config: { User: 'www-data:1004' } },
  { repository: `${STAGING}/test-image-predefined-group`, tags: ['latest'], extra: 'groups', config: { User: '1000' } },
  { repository: `${STAGING}/test-image-latest`, tags: ['latest'] },
  { repository: `${STAGING}/test-image-digest`, tags: ['latest'] },
  { repository: `${STAGING}/test-image-tag`, tags: ['test', 'all'] },
  { repository: `${STAGING}/test-image-1`, tags: ['latest'] },
  { repository: `${STAGING}/test-image-2`, tags: ['latest'] },
  { repository: `${STAGING}/test-image-3`, tags: ['latest'] },
  { repository: `${STAGING}/test-image-tags`, tags: ['1', '2', '3'] },
  { repository: 'pause', tags: ['3.9', '3.10', '3.10.1'] },
];

function webserver(repository: string, tags: readonly string[], port: string): Row {
  return { repository, tags, extra: 'webserver', config: { Entrypoint: ['nginx'], Cmd: [port] } };
}

/** Builds every image into the registry at `address`. Needs a static busybox, tar and a C compiler. */
export async function pushImages(address: string): Promise<void> {
  const work = await mkdtemp('/var/tmp/stillframe-critest-images-');
  try {
    await using client = new RegistryClient(address);
    const base = await layerOf(work, 'busybox', layBusybox);
    const extras: Record<Extra, TarLayer> = {
      webserver: await layerOf(work, 'webserver', (tree) => layProgram('webserver.c', join(tree, 'usr/bin/nginx'))),
      'effective-uid': await layerOf(work, 'effective-uid', (tree) =>
        layProgram('effective-uid.c', join(tree, 'usr/bin/effective-uid'), 0o4755),
      ),
      groups: await layerOf(work, 'groups', (tree) =>
        layAccounts(
          tree,
          'default-user:x:1000:1000::/home:/bin/sh\n',
          'default-user:x:1000:\ngroup-defined-in-image:x:50000:default-user\n',
        ),
      ),
    };
    for (const row of ROWS) await pushRow(client, row, [base, ...(row.extra ? [extras[row.extra]] : [])]);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

interface TarLayer extends BuildLayer {
  bytes: Uint8Array;
}

async function pushRow(client: RegistryClient, row: Row, layers: readonly TarLayer[]): Promise<void> {
  const store = client.repository(row.repository);
  for (const { descriptor, bytes } of layers) await store.push(descriptor, bytesSource(bytes));
  const image = buildImage({
    layers,
    platform: { os: 'linux', architecture },
    // The label makes each repository's image another one, as critest expects.
    config: { Env: [PATH], Cmd: ['sh'], Labels: { repository: row.repository }, ...row.config },
  });
  for (const tag of row.tags) await putImage(store, image, { tag });
}

/** A plain tar of what `lay` puts into a folder; fixed owner, order and time, so that equal content is one layer. */
async function layerOf(work: string, name: string, lay: (tree: string) => Promise<void>): Promise<TarLayer> {
  const tree = join(work, name);
  await mkdir(tree);
  await lay(tree);
  const path = join(work, `${name}.tar`);
  await execute([
    ...['tar', '--create', '--file', path, '--directory', tree, '--owner=0', '--group=0', '--numeric-owner'],
    ...['--sort=name', '--mtime=@0', '.'],
  ]);
  const bytes = await readFile(path);
  const descriptor = { mediaType: mediaTypes.layer, digest: digestOf(bytes), size: bytes.length };
  return { descriptor, diffID: descriptor.digest, bytes };
}

if (import.meta.main) {
  const [target = ''] = process.argv.slice(2);
  await using registry = await startRegistry();
  await pushImages(registry.address);
  await writeFile(target, registry.address);
  const timer = setInterval(() => undefined, 60_000);
  await new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, resolve);
  });
  clearInterval(timer);
  await rm(target, { force: true });
}
