/** The kernel's version: what checkpointing needs of it, and where it needs a newer CRIU. */
import { release } from 'node:os';
import type { CheckResult, HostCheck } from './check.ts';

export const kernel: HostCheck = {
  id: 'kernel',
  title: 'Linux kernel',
  required: true,
  probe: async () => judgeKernel(process.platform, release()),
};

/** Judges a platform name of Node.js and a release as uname(2) gives it. */
export function judgeKernel(platform: string, version: string): CheckResult {
  if (platform !== 'linux') {
    return { status: 'missing', found: platform, remedy: 'checkpoints are made on Linux; reading them works here' };
  }
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(version) ?? [];
  if (major === undefined || minor === undefined) return { status: 'unknown', found: version };
  const number = Number(major) * 1000 + Number(minor);
  if (number >= 5009) return { status: 'ok', found: version };
  const remedy = 'a kernel of 5.9 or later has what CRIU needs in full (CAP_CHECKPOINT_RESTORE, clone3 with set_tid)';
  return { status: number >= 3011 ? 'limited' : 'broken', found: version, remedy };
}
