/** Images of a real node: credentials, use by containers, local archives, space, metrics. */
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type CriClient, openCriClient } from '@stillframe/cri/client';
import { execute } from '@stillframe/demo/stage';
import { needs } from '@stillframe/testkit';
import { type Door, openDoor } from './door.ts';
import { type Lab, openLab } from './lab.ts';

const { skip } = needs('checkpoint', 'docker-registry');

describe('images of a node', { skip }, () => {
  let lab: Lab;
  let cri: CriClient;
  let guarded: Door;
  before(async () => {
    lab = await openLab();
    const { socket } = await lab.stillframe.json<{ socket: string }>(['node', 'status']);
    cri = await openCriClient({ socket });
    guarded = await openDoor(lab.registry, 'ada:secret');
  });
  after(async () => {
    await guarded?.[Symbol.asyncDispose]();
    await cri?.[Symbol.asyncDispose]();
    await lab[Symbol.asyncDispose]();
  });

  const statusOf = async (image: string) => (await cri.image.imageStatus({ image: { image } })).image;

  test('a registry that wants a password gets it from the request, and nobody else’s', async () => {
    const image = { image: `${guarded.address}/busybox:v1` };
    await assert.rejects(cri.image.pullImage({ image }), { code: 'ERR_CRI_UNAUTHENTICATED' });
    const wrong = { username: 'ada', password: 'wrong' };
    await assert.rejects(cri.image.pullImage({ image, auth: wrong }), (error: Error) => !/wrong/.test(error.message));
    const auth = { auth: Buffer.from('ada:secret').toString('base64') };
    const { imageRef } = await cri.image.pullImage({ image, auth });
    assert.equal((await statusOf(imageRef))?.repoTags[0], image.image);
    await cri.image.removeImage({ image });
    assert.equal(await statusOf(imageRef), undefined);
    await assert.rejects(cri.image.pullImage({ image }), { code: 'ERR_CRI_UNAUTHENTICATED' });
  });

  test('an image that a container was made of stays until the container is gone', async () => {
    await lab.run('default/user/one', 'exec sleep 1000');
    const used = { image: lab.image };
    await assert.rejects(cri.image.removeImage({ image: used }), { code: 'ERR_CRI_FAILED_PRECONDITION' });
    const { imageFilesystems, containerFilesystems } = await cri.image.imageFsInfo({});
    assert.ok((imageFilesystems[0]?.usedBytes?.value ?? 0n) > 1_000_000n);
    assert.match(containerFilesystems[0]?.fsId?.mountpoint ?? '', /\/containers$/);
    await lab.stillframe.atNode(['rm', 'default/user']);
    await cri.image.removeImage({ image: used });
    assert.equal(await statusOf(lab.image), undefined);
    await cri.image.removeImage({ image: used });
  });

  test('what `docker save` writes is loaded under the name that is asked for', async () => {
    const path = await savedImage(join(lab.folder, 'saved'));
    const loaded = await lab.stillframe.json<{ names: string[] }>(
      ['image', 'load', path],
      ['--name', 'local.example/box:1'],
    );
    assert.deepEqual(loaded.names, ['local.example/box:1']);
    const [view] = (await cri.image.listImages({ filter: { image: { image: 'local.example/box:1' } } })).images;
    assert.equal(view?.username, 'nobody');
  });

  test('the node tells what it has done', async () => {
    const { status, body } = await lab.curl('/metrics', { method: 'GET' });
    assert.equal(status, 200);
    assert.match(body, /stillframe_cri_call_duration_seconds_count\{method="pullImage"\} \d/);
    assert.match(body, /stillframe_cri_call_errors_total\{method="pullImage",code="16"\} \d/);
    assert.match(body, /stillframe_containers\{state="running"\} 0/);
    assert.equal((await lab.curl('/metrics', { method: 'GET', credentials: false })).status, 401);
  });
});

/** A docker archive with one file. */
async function savedImage(folder: string): Promise<string> {
  await mkdir(folder);
  await writeFile(join(folder, 'hello'), 'hello');
  await execute(['tar', '--create', '--directory', folder, '--file', join(folder, 'layer.tar'), 'hello']);
  const { stdout } = await execute(['sha256sum', join(folder, 'layer.tar')]);
  const architecture = process.arch === 'x64' ? 'amd64' : process.arch;
  const rootfs = { type: 'layers', diff_ids: [`sha256:${stdout.slice(0, 64)}`] };
  const config = { os: 'linux', architecture, rootfs, config: { User: 'nobody' } };
  await writeFile(join(folder, 'config.json'), JSON.stringify(config));
  const row = { Config: 'config.json', Layers: ['layer.tar'], RepoTags: ['hello:1'] };
  await writeFile(join(folder, 'manifest.json'), JSON.stringify([row]));
  const path = join(folder, 'saved.tar');
  await execute([
    'tar',
    '--create',
    '--directory',
    folder,
    '--file',
    path,
    'manifest.json',
    'config.json',
    'layer.tar',
  ]);
  return path;
}
