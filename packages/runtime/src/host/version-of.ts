/** A check whose whole question is whether a program is there and says its version. */
import { run } from '../process/run.ts';
import type { CheckResult, HostContext } from './check.ts';
import { findProgram } from './find-program.ts';

/** Runs `name --version`; `found` is its first line and its path. `remedy` is given where it is missing or fails. */
export async function versionOf(name: string, context: HostContext, remedy: string): Promise<CheckResult> {
  const path = findProgram(name, context.env);
  if (path === undefined) return { status: 'missing', found: `no ${name} in PATH`, remedy };
  const { code, stdout, stderr } = await run([path, '--version'], { env: context.env, signal: context.signal });
  const said = `${stdout}\n${stderr}`.trim().split('\n')[0] ?? '';
  if (code !== 0) return { status: 'broken', found: `${path}: ${said || `ended with ${code}`}`, remedy };
  return { status: 'ok', found: `${said} (${path})` };
}
