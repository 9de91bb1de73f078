/** A core file of a real process of several threads, read by gdb with nothing but the container's own files. */
import assert from 'node:assert/strict';
import { copyFile, mkdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { openCheckpoint } from '@stillframe/checkpoint';
import { execute } from '@stillframe/demo/stage';
import { needs } from '@stillframe/testkit';
import { type Lab, openLab } from './lab.ts';
import { waitForLine } from './log-lines.ts';

const PROGRAM = join(import.meta.dirname, 'programs/threads.c');

describe('a core file', needs('checkpoint', 'docker-registry', 'gcc', 'gdb'), () => {
  let lab: Lab;
  let archive: string;
  let core: string;
  /** What the container sees at its root, as far as the program needs it; its paths do not exist on this machine. */
  let sysroot: string;
  let tids: number[];

  before(async () => {
    lab = await openLab();
    sysroot = join(lab.folder, 'sysroot');
    await mkdir(join(sysroot, 'program'), { recursive: true });
    await build(join(sysroot, 'program'));
    const mount = ['--mount', `${join(sysroot, 'program')}:/program`];
    const log = await lab.run('default/threads/program', 'exec /program/threads', mount);
    await waitForLine(log, 'ready', 10);
    archive = (await lab.stillframe.json<{ archive: string }>(['checkpoint', 'default/threads/program'])).archive;
    await using checkpoint = await openCheckpoint(archive);
    tids = [];
    for await (const { threads } of checkpoint.images.entries('pstree')) tids.push(...threads);
    core = join(lab.folder, 'threads.core');
    await lab.stillframe.read(['core', archive, '--pid', String(tids[0]), '--out', core]);
  });
  after(() => lab[Symbol.asyncDispose]());

  const gdb = (...commands: string[]) => runGdb(sysroot, join(sysroot, 'program/threads'), core, commands);

  test('is its owner’s alone', async () => {
    assert.equal((await stat(core)).mode & 0o777, 0o600);
  });

  test('shows every thread, the main one first', async () => {
    const seen = [...(await gdb('info threads')).matchAll(/^\*? *\d+ .*?LWP (\d+)/gm)].map(([, lwp]) => Number(lwp));
    assert.equal(tids.length, 3);
    assert.deepEqual(seen, tids);
  });

  test('shows the calls that led to where each thread was, through the C library too', async () => {
    const stacks = (await gdb('thread apply all -ascending backtrace')).split(/^Thread /m).slice(1);
    const calls = stacks.map((stack) => [...stack.matchAll(/^#\d+ .*?(\w+) \(.*?\)/gm)].map(([, name]) => name));
    assert.deepEqual(calls[0]?.slice(-2), ['wait_for', 'main'], stacks[0]);
    const below = calls[1] ?? [];
    assert.deepEqual(
      below.filter((name) => name === 'sleep_below' || name === 'sleeper'),
      ['sleep_below', 'sleep_below', 'sleep_below', 'sleep_below', 'sleeper'],
      stacks[1],
    );
    assert.match(below[0] ?? '', /pause$/, stacks[1]);
    assert.deepEqual(calls[2]?.slice(0, 2), ['hold_registers', 'spinner'], stacks[2]);
  });

  test('shows data: a global, and what it leads to on the heap', async () => {
    const said = await gdb('print answer', 'print first->text', 'print first->next->text', 'print first->next->next');
    assert.match(said, /\$1 = 42\n\$2 = "and behind it".*\n\$3 = "on the heap".*\n\$4 = \(struct kept \*\) 0x0/);
  });

  test('shows the registers that the images have, and those a thread held in the middle of its work', async () => {
    await using checkpoint = await openCheckpoint(archive);
    for (const [index, tid] of tids.entries()) {
      const image = await checkpoint.images.single('core', tid);
      const registers = image?.threadInfo?.gpregs ?? {
        ip: image?.tiAarch64?.gpregs?.pc,
        sp: image?.tiAarch64?.gpregs?.sp,
      };
      const said = await gdb(`thread ${index + 1}`, 'printf "%lx %lx\\n", $pc, $sp');
      assert.equal(said.trimEnd().split('\n').at(-1), `${registers.ip?.toString(16)} ${registers.sp?.toString(16)}`);
    }
    if (process.arch !== 'x64') return;
    const wide = / avx /.test(await readFile('/proc/cpuinfo', 'utf8'));
    const said = await gdb('thread 3', 'output/x $r12', wide ? 'output/x $ymm12.v4_int64' : 'output/x $xmm12.v2_int64');
    const words = ['0x1111222233334444', '0x5555666677778888', '0x9999aaaabbbbcccc', '0xddddeeeeffff0000'];
    assert.ok(said.endsWith(`${words[0]}{${words.slice(0, wide ? 4 : 2).join(', ')}}`), said);
  });

  test('knows the libraries, the program and the auxiliary vector of the process', async () => {
    const said = await gdb('info sharedlibrary', 'info auxv', 'info proc mappings', 'print $_siginfo.si_signo');
    assert.ok(said.includes(join(sysroot, 'program/libc.so.6')), said);
    assert.match(said, /AT_EXECFN .* "\/program\/threads"/);
    assert.match(said, /0x0 +\/program\/threads/);
    assert.match(said, /\$1 = 0/);
  });

  test('says of code that was not captured that it is not there, where no file is given', async () => {
    const said = await runGdb(join(lab.folder, 'nothing'), undefined, core, ['x/i $pc', 'x/xg $sp']);
    assert.match(said, /Cannot access memory at address/);
    assert.match(said, /0x[0-9a-f]+:\t0x[0-9a-f]{16}$/m);
  });
});

/** Builds the program so that it finds its C library beside itself, and puts that there. */
async function build(folder: string): Promise<void> {
  const program = join(folder, 'threads');
  const places = ['-Wl,--dynamic-linker=/program/ld.so', '-Wl,-rpath,/program'];
  await execute(['gcc', '-g', '-O1', '-pthread', ...places, '-o', program, PROGRAM]);
  const { stdout } = await execute(['ldd', program]);
  for (const [, name = '', path = ''] of stdout.matchAll(/^\s*(\S+) => (\/\S+)/gm)) {
    await copyFile(path, join(folder, name === '/program/ld.so' ? 'ld.so' : name));
  }
}

/** What gdb says, last of it the answers. It finds files of the container under `sysroot` and nowhere else. */
async function runGdb(sysroot: string, program: string | undefined, core: string, commands: string[]): Promise<string> {
  const settings = [
    `set sysroot ${sysroot}`,
    'set debuginfod enabled off',
    'set width 0',
    'set height 0',
    'set style enabled off',
  ];
  const before = settings.flatMap((line) => ['-iex', line]);
  const asked = commands.flatMap((line) => ['-ex', line]);
  const { stdout, stderr } = await execute([
    'gdb',
    '-batch',
    '-nx',
    ...before,
    '-core',
    core,
    ...asked,
    ...(program ? [program] : []),
  ]);
  return `${stderr}\n${stdout}`;
}
