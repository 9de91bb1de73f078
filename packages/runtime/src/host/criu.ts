/** CRIU: its version, what `criu check` says about this kernel, and what memory tracking it has. */
import { run } from '../process/run.ts';
import type { CheckResult, HostCheck, HostContext } from './check.ts';

/** Older ones fail on sockets with kernels since 6.16, or at their start on newer ones. */
const ADVISED: readonly [number, number] = [4, 2];
const REMEDY = '`node setup/setup.mjs` brings a private CRIU 4.2 or later; or name one in STILLFRAME_CRIU';

export const criu: HostCheck = {
  id: 'criu',
  title: 'CRIU',
  required: true,
  async probe(context) {
    if (!context.criu) return { status: 'missing', found: 'no criu in PATH and no private copy', remedy: REMEDY };
    const version = await ask(context, context.criu.path, '--version');
    const check = await ask(context, context.criu.path, 'check');
    return judgeCriu(context.criu.path, version.text, check.code, check.text);
  },
};

/** Judges what `criu --version` said and how `criu check` ended and what it said. */
export function judgeCriu(path: string, version: string, code: number | null, said: string): CheckResult {
  const [, number = 'unknown', major, minor] = /Version:\s*((\d+)\.(\d+)\S*)/.exec(version) ?? [];
  const found = `${number} (${path})`;
  if (code !== 0) {
    return {
      status: 'broken',
      found: `${found}: ${reasonLines(said).join('; ') || `ended with ${code}`}`,
      remedy: REMEDY,
    };
  }
  const recent = Number(major) > ADVISED[0] || (Number(major) === ADVISED[0] && Number(minor) >= ADVISED[1]);
  if (!recent) return { status: 'limited', found: `${found}: older than ${ADVISED.join('.')}`, remedy: REMEDY };
  return { status: 'ok', found };
}

/** The messages of the error lines of `criu check`, without source positions, at most four. */
function reasonLines(said: string): string[] {
  const messages = said.split('\n').map((line) => /^(?:\(\S+\)\s*)?Error \([^)]*\):\s*(.+)$/.exec(line)?.[1]?.trim());
  return messages.filter((message) => message !== undefined).slice(0, 4);
}

export const softDirty: HostCheck = {
  id: 'soft-dirty',
  title: 'tracking of changed memory',
  required: false,
  async probe(context) {
    if (!context.criu) return { status: 'unknown', found: 'no CRIU to ask' };
    const { code } = await ask(context, context.criu.path, 'check', '--feature', 'mem_dirty_track');
    if (code === 0) return { status: 'ok', found: 'supported' };
    return {
      status: 'limited',
      found: 'this kernel does not track changed pages (CONFIG_MEM_SOFT_DIRTY)',
      remedy: 'whole checkpoints work; incremental ones and pre-dumps need another kernel',
    };
  },
};

async function ask(context: HostContext, ...argv: string[]): Promise<{ code: number | null; text: string }> {
  const { code, stdout, stderr } = await run(argv, { env: context.env, signal: context.signal });
  return { code, text: `${stdout}${stderr}` };
}
