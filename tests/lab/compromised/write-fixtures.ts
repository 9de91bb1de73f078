/**
 * Makes packages/forensics/fixtures anew: the archives of both containers and the truth about the first. Run as root on a
 * machine with runc, conmon, CRIU, docker-registry and gcc: `npx node tests/lab/compromised/write-fixtures.ts`.
 */
import { chmod, copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { release } from 'node:os';
import { join } from 'node:path';
import { execute, Stillframe } from '@stillframe/demo/stage';
import { openStage } from './stage.ts';

const FIXTURES = join(import.meta.dirname, '../../../packages/forensics/fixtures');
/** Folder of a lab, in paths and cgroups of the archive. */
const LAB = /stillframe-lab-\w{6}/g;
/** What this kernel calls itself, in the log of the dump, and where it was built, in the vDSO. */
const KERNEL = new RegExp(`(/[\\w./+-]*)?${release().replaceAll('.', '\\.')}`, 'g');

/** Overwrites what is of this run and machine alone by words of the same length. No header of a tar holds any of it. */
async function neutralise(archive: string): Promise<void> {
  const text = (await readFile(archive)).toString('latin1');
  const [number = ''] = /^[\d.]+/.exec(release()) ?? [];
  const plain = text
    .replace(LAB, 'stillframe-lab-000000')
    .replace(KERNEL, (found) => (found.startsWith('/') ? '/kernel' : number).padEnd(found.length, '-'));
  await writeFile(archive, Buffer.from(plain, 'latin1'));
}

// An interrupt ends a program that is awaited, or nothing: either way the node is taken down before this one ends.
process.on('SIGINT', () => process.stdout.write('the node is taken down first\n'));
await mkdir(FIXTURES, { recursive: true });
await using stage = await openStage();
const program = new Stillframe(FIXTURES);
const names = ['compromised', 'clean'] as const;
for (const name of names) {
  await neutralise(stage[name]);
  const { size } = await program.read<{ size: number }>(['convert', stage[name], `${stage[name]}.zst`, '--zstd=19']);
  process.stdout.write(`${name}: ${size} bytes\n`);
}
// Last, so that the three of one run stay together.
for (const name of names) {
  const target = join(FIXTURES, `${name}.tar.zst`);
  await copyFile(`${stage[name]}.zst`, target);
  await chmod(target, 0o644);
}
await writeFile(join(FIXTURES, 'compromised.truth.json'), `${JSON.stringify(stage.truth, undefined, 2)}\n`);
// What biome would make of it.
await execute(['npx', 'biome', 'format', '--write', join(FIXTURES, 'compromised.truth.json')]);
