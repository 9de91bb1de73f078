/** Images that a dump must have by what its other images say: without them a table would be short, and nobody would know. */
import { fileNameOf, type ImageSet, type KindName, type SignalOptions } from '@stillframe/criu-image';
import type { Process } from './process/process-tree.ts';

/** Faults told; a forged set lacks as many images as it likes. */
const TOLD = 200;
/** Open files of dumps before CRIU 3.0, which has one image for all of them. */
const FILES: readonly KindName[] = ['files', 'reg-files', 'inetsk', 'unixsk', 'pipes', 'tty', 'ext-files'];

/**
 * Notes an error for each image that is missing: of every process `core` and, where it had not ended, `mm`, `pagemap`, `fs`
 * and the table of its fds; of every thread `core`; `files`, `cgroup` and the mounts where processes refer to them. What a
 * process had is not judged where its core image is missing.
 */
export async function reportMissingImages(
  images: ImageSet,
  processes: readonly Process[],
  options: SignalOptions = {},
): Promise<void> {
  let told = 0;
  const demand = (kind: KindName, id: number | undefined, what: string) => {
    if (images.source(kind, id) !== undefined) return;
    told += 1;
    const message = `the image is missing: ${what}`;
    if (told <= TOLD) images.report({ id: 'image-missing', severity: 'error', source: fileNameOf(kind, id), message });
  };
  let hasFiles = FILES.some((kind) => images.source(kind) !== undefined);
  let hasGroups = images.source('cgroup') !== undefined;
  const dumper = (await images.single('inventory', undefined, options))?.rootIds;
  for (const { pid, state, threads } of processes) {
    options.signal?.throwIfAborted();
    demand('core', pid, `what process ${pid} is`);
    if (state !== 'alive' && state !== 'stopped') continue;
    for (const { tid } of threads) if (tid !== pid) demand('core', tid, `thread ${tid} of process ${pid}`);
    demand('mm', pid, `the mappings of process ${pid}`);
    demand('pagemap', pid, `what was captured of the memory of process ${pid}`);
    demand('fs', pid, `working folder and root of process ${pid}`);
    const ids = (await images.single('ids', pid, options)) ?? (await images.single('core', pid, options))?.ids;
    if (ids?.filesId !== undefined) demand('fdinfo', ids.filesId, `the open files of process ${pid}`);
    if (ids?.mntNsId && ids.mntNsId !== dumper?.mntNsId)
      demand('mountpoints', ids.mntNsId, `the mounts of process ${pid}`);
    if (!hasGroups && (await hasCgroupSet(images, pid, options))) {
      hasGroups = true;
      demand('cgroup', undefined, `the control groups of process ${pid}`);
    }
    if (!hasFiles && ids?.filesId !== undefined) {
      hasFiles = true;
      demand('files', undefined, 'what the open files are');
    }
  }
}

async function hasCgroupSet(images: ImageSet, pid: number, options: SignalOptions): Promise<boolean> {
  const core = await images.single('core', pid, options);
  return (core?.tc?.cgSet || core?.threadCore?.cgSet || 0) !== 0;
}
