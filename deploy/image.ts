#!/usr/bin/env node
/**
 * The image of Stillframe itself: Node.js with the libraries that it needs, the bundle of the command, and nothing else, no shell either.
 * `npx node deploy/image.ts LAYOUT [TAG]` puts it into an OCI layout; the same machine gives the same bytes.
 */
import { resolve } from 'node:path';
import { bytesSource, digestOf } from '@stillframe/core';
import { type BuildLayer, buildImage, Layout, mediaTypes, putImage } from '@stillframe/oci';
import { productFiles, systemFiles, type TreeFile, version } from './image-files.ts';
import { tarOf } from './image-tar.ts';

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

const [folder, tag = 'stillframe'] = process.argv.slice(2);
if (folder === undefined) throw new Error('name the layout: npx node deploy/image.ts LAYOUT [TAG]');
if (process.platform !== 'linux') throw new Error('an image is made of the programs of a Linux machine');

const layout = await Layout.create(resolve(folder));
// What changes with each version is above what does not.
const layers = [await layerOf(await systemFiles()), await layerOf(await productFiles())];
const image = buildImage({
  layers,
  platform: { os: 'linux', architecture: ARCHITECTURES[process.arch] ?? process.arch },
  config: {
    Entrypoint: ['/usr/bin/stillframe'],
    Env: ['PATH=/usr/bin', 'HOME=/tmp'],
    WorkingDir: '/',
    Labels: {
      'org.opencontainers.image.title': 'stillframe',
      'org.opencontainers.image.version': version,
      'org.opencontainers.image.licenses': 'Apache-2.0',
    },
  },
});
const { digest } = await putImage(layout, image, { tag });
process.stdout.write(`${digest}\n`);

async function layerOf(files: readonly TreeFile[]): Promise<BuildLayer> {
  const bytes = tarOf(files);
  const descriptor = { mediaType: mediaTypes.layer, digest: digestOf(bytes), size: bytes.length };
  await layout.push(descriptor, bytesSource(bytes));
  return { descriptor, diffID: descriptor.digest };
}
